"""Gives a call a keyword argument, or another value to one that it has."""

from __future__ import annotations

import libcst as cst

from bnlint.finding import SetKeyword
from bnlint.fixes.rewriting import (
    add_keyword,
    keyword_index,
    parse_value,
    replace_argument,
    with_value,
)

INTENT = SetKeyword


def rewrite(call: cst.Call, intent: SetKeyword) -> cst.Call:
    """Return ``call`` with ``name=value``, after its other arguments if it is new."""
    value = parse_value(intent.value)
    index = keyword_index(call, intent.name)
    if index is None:
        return add_keyword(call, intent.name, value)
    return replace_argument(call, index, with_value(call.args[index], value))
