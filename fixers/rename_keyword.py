"""Calls a keyword argument by another name, its value unchanged."""

from __future__ import annotations

import libcst as cst

from bnlint.finding import RenameKeyword
from bnlint.fixes.rewriting import Refused, keyword_index, replace_argument

INTENT = RenameKeyword


def rewrite(call: cst.Call, intent: RenameKeyword) -> cst.Call:
    """Return ``call`` with the keyword ``old`` called ``new``."""
    index = keyword_index(call, intent.old)
    if index is None:
        raise Refused(f"the call has no argument {intent.old}")
    if keyword_index(call, intent.new) is not None:
        raise Refused(f"the call has an argument {intent.new} already")
    argument = call.args[index].with_changes(keyword=cst.Name(intent.new))
    return replace_argument(call, index, argument)
