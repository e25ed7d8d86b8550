"""What identifies a rule: what selectors choose from, known before any rule is imported."""

from __future__ import annotations

from bnlint.frameworks.records import BATCH
from bnlint.startup.typed import NamedTuple


class Rule(NamedTuple):
    """What identifies a rule. The documentation is the docstring of its module.

    ``default`` tells whether the rule runs unless deselected. Of several findings about one
    argument of one layer, the one with the lowest ``precedence`` is kept. ``needs_reference``
    tells a rule that compares: without a reference it cannot report anything. ``always`` tells one
    that runs whatever is selected, unless it is ignored by its own code or name. ``norms`` are the
    kinds of normalisation that the rule speaks of.
    """

    code: str
    name: str
    severity: str
    confidence: str = "high"
    default: bool = True
    precedence: int = 100
    needs_reference: bool = False
    always: bool = False
    norms: tuple[str, ...] = (BATCH,)
