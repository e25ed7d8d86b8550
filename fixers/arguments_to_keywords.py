"""Writes positional arguments as keywords, with other values where the order was misread."""

from __future__ import annotations

import libcst as cst

from bnlint.finding import ArgumentsToKeywords
from bnlint.fixes.rewriting import Refused, as_keyword, parse_value

INTENT = ArgumentsToKeywords


def rewrite(call: cst.Call, intent: ArgumentsToKeywords) -> cst.Call:
    """Return ``call`` with the arguments at the given positions as keywords."""
    args = list(call.args)
    wanted = {position: (name, value) for position, name, value in intent.arguments}
    positional = [i for i, a in enumerate(args) if a.keyword is None and a.star != "**"]
    if any(args[i].star for i in positional):
        raise Refused("the arguments are splatted")
    if not wanted or max(wanted) >= len(positional):
        raise Refused("the call has fewer positional arguments")
    if set(range(min(wanted), len(positional))) != set(wanted):
        raise Refused("a positional argument would follow a keyword")
    for position, (name, value) in wanted.items():
        index = positional[position]
        new = parse_value(value) if value is not None else None
        args[index] = as_keyword(call, args[index], name, new)
    names = [argument.keyword.value for argument in args if argument.keyword is not None]
    if len(set(names)) < len(names):
        raise Refused("the call has one of these keywords already")
    return call.with_changes(args=args)
