"""Writes a statement before or after another, in the indentation of that one.

Where other statements share the line, the new one joins them with a semicolon. A statement of
several lines needs lines of its own.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect

from bnlint.finding import Edit, InsertStatement, Span
from bnlint.fixes.rewriting import Refused
from bnlint.semantics.syntax.module import Module, blocks

INTENT = InsertStatement

_NEWLINE = re.compile(r"\r\n?|\n")
_FOLLOWED = re.compile(r"[ \t]*;")


def edits(intent: InsertStatement, module: Module) -> tuple[Edit, ...]:
    """Return the edit that writes the statement ``text`` beside the one at ``anchor``."""
    anchor = intent.anchor
    node = _statement(module, anchor)
    row = min([anchor.row, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    starts = module.lines.starts
    indentation = module.text[starts[row - 1] : anchor.start]
    first = row < anchor.row or not (indentation.strip() or _continues(module, row))
    compound = hasattr(node, "body") or hasattr(node, "cases")
    several = "\n" in intent.text
    if intent.where == "before":
        if module.text.startswith("elif", anchor.start):
            raise Refused("the statement is a branch of another")
        if not first:
            if several:
                raise Refused("the statement shares its line with others")
            return (Edit(anchor.start, anchor.start, f"{intent.text}; "),)
        indent = indentation[: len(indentation) - len(indentation.lstrip())]
        place = starts[row - 1]
        return (Edit(place, place, _lines(intent, indent, module)),)
    shared = _FOLLOWED.match(module.text, anchor.end) or _continues(module, anchor.end_row + 1)
    if not first or (not compound and shared):
        if compound or several:
            raise Refused("the statement before shares its line with others")
        return (Edit(anchor.end, anchor.end, f"; {intent.text}"),)
    indent = indentation[: len(indentation) - len(indentation.lstrip())]
    if anchor.end_row < len(starts):
        place = starts[anchor.end_row]
        return (Edit(place, place, _lines(intent, indent, module)),)
    place = len(module.text)
    newline = _newline(module)
    return (Edit(place, place, newline + _lines(intent, indent, module).removesuffix(newline)),)


def _lines(intent: InsertStatement, indent: str, module: Module) -> str:
    """Return the statement as lines of its own, each with a line end."""
    newline = _newline(module)
    lines = intent.text.split("\n")
    return "".join(f"{indent}{line}{newline}" if line else newline for line in lines)


def _continues(module: Module, row: int) -> bool:
    """Tell whether a line goes on with what the line before it began, after a backslash."""
    return module.lines.line(row - 1).endswith("\\")


def _statement(module: Module, span: Span) -> ast.stmt:
    around: list[ast.AST] = [module.tree]
    while around:
        owner = around.pop()
        around += [*getattr(owner, "handlers", ()), *getattr(owner, "cases", ())]
        for block in blocks(owner):
            for index in range(bisect(block, span.row, key=_row) - 1, -1, -1):
                statement = block[index]
                if (statement.end_lineno or statement.lineno) < span.row:
                    break
                if module.span(statement) == span:
                    return statement
                around.append(statement)
    raise Refused("there is no statement at that place")


def _row(statement: ast.stmt) -> int:
    return statement.lineno


def _newline(module: Module) -> str:
    """Return the line end of the file, that of its first line."""
    found = _NEWLINE.search(module.text)
    return found[0] if found else "\n"
