"""Which classes and functions of its file a class or function uses, directly or not."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.index import Definition
from bnlint.semantics.syntax.module import DefinitionNode, Module


def within(module: Module, name: str, sites: Sequence[Site]) -> list[Site] | None:
    """Return the ``sites`` in the class or function ``name`` and in those that it uses.

    ``None`` if the file has no such class or function. A method is named ``Class.method``.
    """
    held = held_by(module, name)
    if not held:
        return None
    return [site for site in sites if not held.isdisjoint(module.ancestors(site.call))]


def held_by(module: Module, name: str) -> set[ast.AST]:
    """Return the class or function ``name`` with those that it uses; nothing if there is none."""
    return set(parts_of(module, name))


def parts_of(module: Module, name: str) -> list[ast.AST]:
    """Return what :func:`held_by` does, nearest first."""
    start = named(module, name)
    return made_of(module, start) if start is not None else []


def named(module: Module, name: str) -> Definition | None:
    """Return the class or function ``name`` of a file, if there is one."""
    definitions = {node.name: node for node in (*module.classes, *module.functions)}
    first, _, method = name.partition(".")
    start = definitions.get(first)
    if start is None or not method:
        return start
    return next((n for n in start.body if isinstance(n, DefinitionNode) and n.name == method), None)


def made_of(module: Module, start: ast.AST) -> list[ast.AST]:
    """Return ``start`` and the classes and functions of its file that it uses, near and far."""
    definitions = {node.name: node for node in (*module.classes, *module.functions)}
    reached = [start]
    for node in reached:
        for part in ast.walk(node):
            used = definitions.get(part.id) if isinstance(part, ast.Name) else None
            if used is not None and used not in reached:
                reached.append(used)
    return reached
