"""Where a layer is applied, and what names a file has for functions of a framework."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate, Instance
from bnlint.semantics.values.memo import Memo


def application(ev: Evaluate, module: Module, call: ast.Call) -> ast.expr | None:
    """Return what the layer made by ``call`` is applied to, if that is in one place in view."""
    found = [use.args[0] for use in applications(ev, module, call) if len(use.args) == 1]
    return found[0] if len(found) == 1 and not isinstance(found[0], ast.Starred) else None


def applications(ev: Evaluate, module: Module, call: ast.Call) -> list[ast.Call]:
    """Return the calls of the layer that ``call`` makes, by the name it is stored under."""
    parent = module.parents.get(call)
    if isinstance(parent, ast.Call) and parent.func is call:  # Layer(...)(x)
        return [parent]
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return applications_of(ev, module, name).get(call, [])


_APPLICATIONS: Memo[tuple[Module, str], dict[ast.Call | None, list[ast.Call]]] = Memo()


def applications_of(
    ev: Evaluate, module: Module, name: str
) -> dict[ast.Call | None, list[ast.Call]]:
    """Return where what is called ``name`` is called, by the calls that made it.

    Under ``None`` are the calls of what was made elsewhere.
    """
    known, key = _APPLICATIONS.of(ev), (module, name)
    if key not in known:
        found: dict[ast.Call | None, list[ast.Call]] = {}
        for use in module.calls_by_name.get(name, ()):
            held = (c.object for c in ev.evaluate(module, use.func))
            for call in {o.call for o in held if isinstance(o, Instance)}:
                found.setdefault(call, []).append(use)
        known[key] = found
    return known[key]


def imported_as(module: Module, paths: Iterable[str]) -> str:
    """Return how the file can name one of the import ``paths``, the shortest way; else nothing."""
    found: list[str] = []
    for statement in module.imports:
        start = ""
        if isinstance(statement, ast.ImportFrom):
            if statement.level:
                continue
            start = f"{statement.module}."
        for alias in statement.names:
            full = start + alias.name
            name = alias.asname or alias.name
            if isinstance(statement, ast.Import) and not alias.asname:
                full = name = alias.name.partition(".")[0]
            found += [
                name + path[len(full) :]
                for path in paths
                if path == full or path.startswith(f"{full}.")
            ]
    return min(found, key=lambda text: (len(text), text), default="")
