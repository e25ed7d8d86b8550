"""A comment that talks to bnlint and says nothing it understands.

What it does
------------
Reports a ``# bnlint:`` comment that is malformed, that names a rule there is not, or that names a
reference file (``port-of``) that does not exist.

Why it matters
--------------
A suppression with a typing error suppresses nothing, and a reference that is not found is not
compared with.

Example
-------
Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64)  # bnlint: ignore[BN999]

Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64)  # bnlint: skip

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[momentum-convention] on purpose

Fix
---
None.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from bnlint.config.options import is_installed
from bnlint.engine.directives import IGNORE, IGNORE_FILE, MALFORMED, PORT_OF, Directive
from bnlint.finding import Finding
from bnlint.rule import Context, Rule

RULE = Rule("BN902", "invalid-directive", "warning")


def check_directives(
    directives: Sequence[Directive],
    used: Mapping[int, set[str]],
    known: Mapping[str, str],
    running: frozenset[str],
    context: Context,
) -> Iterator[Finding]:
    """Report directives that cannot be understood or followed."""
    for directive in directives:
        if directive.kind == MALFORMED:
            yield context.report(RULE, directive.span, f"invalid directive: {directive.text}")
        elif directive.kind in (IGNORE, IGNORE_FILE):
            for selector in directive.selectors:
                if selector.upper() not in known and selector not in known.values():
                    yield context.report(
                        RULE,
                        directive.span,
                        f"invalid directive: there is no rule {selector}",
                        help="'bnlint rules' lists the codes and names",
                    )
        elif directive.kind == PORT_OF and not _exists(directive.text, context):
            yield context.report(
                RULE,
                directive.span,
                f"invalid directive: the reference {directive.text} does not exist",
                help="give the path from the folder of this file",
            )


def _exists(target: str, context: Context) -> bool:
    """Tell whether there is the file that is named; of an installed model, the run says it."""
    if context.folder is None or is_installed(target):
        return True
    return os.path.isfile(os.path.join(context.folder, target.partition("::")[0]))
