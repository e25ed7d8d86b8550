"""Takes a keyword argument out of a call, with its comma and without any comment."""

from __future__ import annotations

import libcst as cst

from bnlint.finding import RemoveArgument
from bnlint.fixes.rewriting import Refused, keyword_index
from bnlint.fixes.rewriting import remove_argument as without

INTENT = RemoveArgument


def rewrite(call: cst.Call, intent: RemoveArgument) -> cst.Call:
    """Return ``call`` without the keyword argument ``name``."""
    index = keyword_index(call, intent.name)
    if index is None:
        raise Refused(f"the call has no argument {intent.name}")
    return without(call, index)
