"""Layers that other files of the project build for a file, by way of what it imports."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bnlint.semantics.layers.parts import made_of, parts_of
from bnlint.semantics.layers.sites import Site, sites_in
from bnlint.semantics.project.project import Project
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import ClassRef, FunctionRef


def sites_of_imports(project: Project, module: Module) -> Iterator[Site]:
    """Yield the layers that classes and functions of other files build, which ``module`` names."""
    return _behind(project, module, [module.tree])


#: More files than these are not looked at for the layers that stand beside a file.
_MOST_USERS, _MOST_FILES, _MOST_HOLDERS = 8, 400, 6


def sites_beside(project: Project, module: Module, pattern: str) -> Iterator[Site]:
    """Yield the layers of files that some file of the project imports together with ``module``.

    However far the imports lead. The text of a file with such layers matches ``pattern``.
    """
    resolver = project.resolver
    if resolver is None:
        return
    holders = set(resolver.sources.search(module.file, pattern)) - {module.file}
    stem = module.name.rpartition(".")[2]
    name = re.escape(stem)
    importing = rf"\bimport\b.*\b{name}\b|\b{name} import\b"
    mentioning = resolver.sources.search(module.file, importing, (stem,))
    found: dict[str, None] = {}
    for user in mentioning[:_MOST_USERS]:
        behind = imported_by(resolver, user)
        if module.file in behind:
            found |= dict.fromkeys(sorted(holders & behind))
    for file in [*found][:_MOST_HOLDERS]:
        other = resolver.sources.module(file)
        if other is not None:
            yield from sites_in(project.evaluator, other)


def imported_by(resolver: Resolver, file: str) -> set[str]:
    """Return the files that the imports of ``file`` lead to, however far, and itself."""
    seen, queue = {file}, [file]
    while queue and len(seen) < _MOST_FILES:
        fresh = set(resolver.imported(queue.pop())) - seen
        seen |= fresh
        queue += sorted(fresh)
    return seen


def built_by_imports(project: Project, module: Module, part: str = "") -> dict[str, int]:
    """Return the other files that build layers for ``module``, or a part of it: how many each.

    Followed are the classes and functions that it names itself, and what these use in their own
    file. Files are given by their absolute path; layers are counted by their place in the source.
    """
    nodes = parts_of(module, part) if part else [module.tree]
    return dict(Counter(site.module.file for site in _behind(project, module, nodes)))


def _behind(project: Project, module: Module, nodes: Sequence[ast.AST]) -> Iterator[Site]:
    """Yield the layers that classes and functions of other files build, which ``nodes`` name."""
    reached: dict[Module, set[ast.AST]] = {}
    for node in nodes:
        for other, definition in _imported(project, module, node):
            if definition not in (held := reached.setdefault(other, set())):
                held.update(made_of(other, definition))
    for other, held in reached.items():
        for site in sites_in(project.evaluator, other):
            if not held.isdisjoint(other.ancestors(site.call)):
                yield site


def _imported(
    project: Project, module: Module, node: ast.AST
) -> Iterator[tuple[Module, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the classes and functions of other files that ``node`` names."""
    names = {
        (alias.asname or alias.name).partition(".")[0]
        for statement in module.imports
        for alias in statement.names
    }
    named: dict[str, ast.expr] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in names:
            outer: ast.expr = part
            while isinstance(above := module.parents[outer], ast.Attribute):
                outer = above
            named.setdefault(ast.unparse(outer), outer)
    for outer in named.values():
        for candidate in project.evaluator.evaluate(module, outer):
            match candidate.object:
                case ClassRef(other, definition) | FunctionRef(
                    other, ast.FunctionDef() as definition
                ) if other is not module:
                    yield other, definition
