"""Puts one expression in the place of another."""

from __future__ import annotations

from bnlint.finding import Edit, ReplaceValue
from bnlint.fixes.rewriting import Refused, comments, parse_value
from bnlint.semantics.syntax.concrete import expression
from bnlint.semantics.syntax.module import Module

INTENT = ReplaceValue


def edits(intent: ReplaceValue, module: Module) -> tuple[Edit, ...]:
    """Return the edit that writes ``value`` over the expression at ``target``."""
    node = expression(module, intent.target)
    if node is None:
        raise Refused("the text there is no expression that LibCST can read")
    if comments(node):
        raise Refused("a comment stands inside the value")
    parse_value(intent.value)
    return (Edit(intent.target.start, intent.target.end, intent.value),)
