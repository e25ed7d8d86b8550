"""The LibCST node of a slice of a file: what findings are confirmed on and fixers rewrite.

Parsing just the slice keeps LibCST out of clean runs and makes its cost that of the findings.
"""

from __future__ import annotations

import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING

from bnlint.finding import Finding, Span
from bnlint.semantics.syntax.depth import is_deep
from bnlint.semantics.syntax.module import Module

if TYPE_CHECKING:
    import libcst as cst


def expression(module: Module, span: Span) -> cst.BaseExpression | None:
    """Return the expression at ``span``; ``None`` if the text there is not one expression.

    Line breaks that parentheses around the slice allow are accepted.
    """
    import libcst as cst

    text = module.text[span.start : span.end]
    if is_deep(text):
        return None
    for candidate in (text, f"({text})"):
        with suppress(Exception):  # not an expression: the caller is told by None
            return cst.parse_expression(candidate)
    return None


def statement(
    module: Module, span: Span
) -> cst.BaseCompoundStatement | cst.SimpleStatementLine | None:
    """Return the statement at ``span``; ``None`` if the text there is not one statement."""
    import libcst as cst

    text = " " * (span.column - 1) + module.text[span.start : span.end]
    if is_deep(text):
        return None
    try:
        return cst.parse_statement(textwrap.dedent(text))
    except Exception:
        return None


def confirmed(module: Module, finding: Finding) -> bool:
    """Tell whether the place of a finding is a whole expression, argument, statement or comment."""
    span = finding.span
    text = module.text[span.start : span.end]
    if not text or text.startswith("#") or is_deep(text):
        return bool(text)
    if expression(module, span) is not None or statement(module, span) is not None:
        return True
    import libcst as cst

    try:  # a keyword argument stands in a call
        call = cst.parse_expression(f"f({text})")
    except Exception:
        return False
    return isinstance(call, cst.Call) and len(call.args) == 1
