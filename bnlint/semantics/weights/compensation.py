"""Weights that are moved from one eps to another, so that layers may go on dividing by their own.

A converter can add the difference of two eps to each variance, or scale gamma by the quotient of
both roots. Layers that it fills compute what those of the reference do with an eps of their own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from bnlint.semantics.layers.external_writes import may_reach
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.project.resolver import Grounds
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.memo import Memo

#: What any such code has in its text: two eps in one line, with a minus or a quotient between them.
_TEXT = r"(?i)(?:eps|\de-?\d)[^\n#]{0,60}[-/][^\n#]{0,60}(?:eps|\de-?\d)"

#: What the variance that is meant has in its name, as it may be written.
_VARIANCES = ("var", "Var", "VAR")

#: No framework has a larger eps by default.
_MAX_EPS = 0.01

_Statements = list[tuple[Module, ast.stmt]]

_MAKING_UP: Memo[str, tuple[_Statements, Grounds]] = Memo()


def makes_up_for_eps(project: Project, site: Site) -> bool:
    """Tell whether code that may fill ``site`` moves its weights from one eps to another."""
    resolver, file = project.resolver, site.module.file
    if resolver is None:
        return any(True for _ in _statements(site.module))

    def making_up() -> _Statements:
        files = resolver.sources.search(file, _TEXT, _VARIANCES)
        modules = map(resolver.sources.module, files)
        return [(m, s) for m in modules if m is not None for s in _statements(m)]

    found = resolver.remembered(_MAKING_UP, resolver.sources.root(file), making_up)
    return any(may_reach(resolver, module, statement, file) for module, statement in found)


def _statements(module: Module) -> Iterator[ast.stmt]:
    """Yield the statements that move a variance, or gamma, from one eps to another."""
    for node in _at_rows(module.tree, _rows(module.text)):
        if not isinstance(node, ast.BinOp):
            continue
        statement = module.statement(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            if not any(map(_is_variance, ast.walk(statement))):
                continue
            terms = [(sign, part) for sign, part in _terms(node, 1) if _is_eps(part)]
            if {sign for sign, _ in terms} != {1, -1}:
                continue
            found = [part for _, part in terms]
        elif isinstance(node.op, ast.Div):
            found = [eps for side in (node.left, node.right) for eps in _guards(side)]
        else:
            continue
        if len({ast.unparse(part) for part in found}) == 2:
            yield statement


def _rows(text: str) -> list[int]:
    """Return the rows in which two eps stand with a minus or a quotient between them."""
    return [text.count("\n", 0, found.start()) + 1 for found in re.finditer(_TEXT, text)]


def _at_rows(node: ast.AST, rows: Sequence[int]) -> Iterator[ast.AST]:
    """Yield the nodes below ``node`` that reach into one of ``rows``."""
    for child in ast.iter_child_nodes(node):
        start, end = getattr(child, "lineno", 0), getattr(child, "end_lineno", 0)
        if not start or any(start <= row <= end for row in rows):
            yield child
            yield from _at_rows(child, rows)


def _terms(node: ast.expr, sign: int) -> Iterator[tuple[int, ast.expr]]:
    """Yield what is added (1) and taken away (-1) in a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from _terms(node.left, sign)
        yield from _terms(node.right, -sign if isinstance(node.op, ast.Sub) else sign)
    else:
        yield sign, node


def _guards(side: ast.expr) -> Iterator[ast.expr]:
    """Yield what is added to variances in ``side`` as an eps is."""
    for part in ast.walk(side):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            for variance, eps in ((part.left, part.right), (part.right, part.left)):
                if _is_eps(eps) and any(map(_is_variance, ast.walk(variance))):
                    yield eps


def _is_eps(node: ast.expr) -> bool:
    match node:
        case ast.Constant(float(number)):
            return 0 < number <= _MAX_EPS
        case ast.Name(name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(name)):
            return "eps" in str(name).lower()
    return False


def _is_variance(node: ast.AST) -> bool:
    match node:
        case ast.Constant(str(name)) | ast.Name(name) | ast.Attribute(attr=name):
            return "var" in name.lower()
    return False
