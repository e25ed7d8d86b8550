"""Turns a momentum into that of the other convention: one minus itself.

A number is worked out in decimal, so that ``0.99`` becomes ``0.01`` and never
``0.010000000000000009``; anything else becomes ``1 - ...``.
"""

from __future__ import annotations

import libcst as cst

from bnlint.finding import ComplementValue, Edit
from bnlint.fixes.rewriting import Refused
from bnlint.semantics.syntax.concrete import expression
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.syntax.numbers import complement

INTENT = ComplementValue

#: What needs no parentheses after a minus sign.
_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)


def edits(intent: ComplementValue, module: Module) -> tuple[Edit, ...]:
    """Return the edit that writes the complement over the expression at ``target``."""
    start, end = intent.target.start, intent.target.end
    node = expression(module, intent.target)
    if node is None:
        raise Refused("the text there is no expression that LibCST can read")
    if isinstance(node, (cst.Float, cst.Integer)) and not node.lpar:
        return (Edit(start, end, complement(float(node.evaluated_value))),)
    text = module.text[start:end]
    if isinstance(node, _ATOMS) and "\n" not in text and "\r" not in text:
        return (Edit(start, start, "1 - "),)
    return (Edit(start, start, "1 - ("), Edit(end, end, ")"))
