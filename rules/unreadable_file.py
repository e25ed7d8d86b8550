"""A file that cannot be read, so that nothing is known of it.

What it does
------------
Reports a file that cannot be decoded (always), and one that is not valid Python where it mentions
batch normalisation or calls that switch modes. Python 2, and syntax newer than the interpreter
that runs bnlint, are named as such. The encoding may be declared as PEP 263 has it.

Why it matters
--------------
A linter that passes over what it cannot read reports a clean result that means nothing.

Example
-------
Hazard:

    import torch.nn as nn
    print "BatchNorm2d in Python 2"

Clean:

    import torch.nn as nn
    print("BatchNorm2d in Python 3")

Fix
---
None.

References
----------
PEP 263, "Defining Python Source Code Encodings".
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.facts import Failure
from bnlint.finding import Finding, Span
from bnlint.rule import Rule

RULE = Rule("BN900", "unreadable-file", "error", always=True)


def check_unreadable(failure: Failure) -> Iterator[Finding]:
    """Report a file that could not be read or parsed."""
    span = Span(failure.row, failure.column, failure.row, failure.column, 0, 0)
    yield Finding(
        RULE.code,
        RULE.name,
        RULE.severity,
        RULE.confidence,
        failure.path,
        span,
        failure.message,
    )
