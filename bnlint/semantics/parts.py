"""What one class or function of a file is made of: itself, and what it names, near and far."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from bnlint.semantics.module import Module
from bnlint.semantics.sites import Site


def within(module: Module, name: str, sites: Sequence[Site]) -> list[Site] | None:
    """Return the ``sites`` in the class or function ``name`` and in those that it uses.

    ``None`` if the file has no such class or function. A method is named ``Class.method``.
    """
    definitions = {node.name: node for node in (*module.classes, *module.functions)}
    first, _, method = name.partition(".")
    start: ast.AST | None = definitions.get(first)
    if start is not None and method:
        start = next(
            (n for n in ast.walk(start) if getattr(n, "name", "") == method and n is not start),
            None,
        )
    if start is None:
        return None
    reached: list[ast.AST] = [start]
    for node in reached:
        for part in ast.walk(node):
            used = definitions.get(part.id) if isinstance(part, ast.Name) else None
            if used is not None and used not in reached:
                reached.append(used)
    held = set(reached)
    return [site for site in sites if any(around in held for around in module.ancestors(site.call))]
