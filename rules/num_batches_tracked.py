"""The number of batches of a layer, renamed to one of its weights.

What it does
------------
Reports name maps that give ``num_batches_tracked`` of PyTorch the name of an array of another
framework, or one of its arrays the name of this.

Why it matters
--------------
It is a count, a single number, and no other framework has it. With a momentum the layer never
reads it.

Example
-------
Hazard:

    NAMES = {
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
        "num_batches_tracked": "gamma",
    }

Clean:

    NAMES = {
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }

Fix
---
None. Delete the entry.

Numbers
-------
Measured: with ``momentum=None`` the count weighs each batch; with a number, the running statistics
after a step are the same for a count of 0 and of 1000.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.weights.kinds import COUNTER, kind_of
from bnlint.semantics.weights.transfers import renamings

RULE = Rule("BN407", "num-batches-tracked", "info", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report counts that are renamed to weights."""
    for names in renamings(context.module):
        for renamed in names:
            kinds = [kind_of(renamed.old), kind_of(renamed.new)]
            if renamed.crosses and COUNTER in kinds:
                yield context.report(
                    RULE,
                    renamed.node,
                    f"{renamed.old} is renamed to {renamed.new}: the number of batches is a single "
                    "number, which other frameworks do not have",
                    help="leave it out",
                )
