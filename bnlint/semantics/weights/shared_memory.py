"""Arrays that share the memory of a model's running statistics, and are changed in place."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.weights.kinds import VARIANCE
from bnlint.semantics.weights.sources import Arrays, Slot
from bnlint.startup.patterns import lazy

#: What any such code has in a line of its text.
_MOVES = lazy(r"(?i)[-+]=[^\n]*eps")


def moved_in_place(
    ev: Evaluate, module: Module, sites: Collection[Site]
) -> Iterator[tuple[ast.AugAssign, Slot]]:
    """Yield where an eps is added in place to a running variance that a model goes on using.

    The array was taken from the model, or from what it gives to be saved, by a method that copies
    nothing: with it, the layer's own variance changes.
    """
    shares = catalogue().names("shares_memory")
    if _MOVES.search(module.text) is None or not any(n in module.calls_by_name for n in shares):
        return
    arrays = Arrays(ev, module, sites)
    for statement in ast.walk(module.tree):
        if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
            continue
        if not isinstance(statement.op, (ast.Add, ast.Sub)) or not _is_of_eps(statement.value):
            continue
        value = _bound(ev, module, statement.target)
        if value is None or not _shares(value, shares):
            continue
        slot = arrays.slot(value)
        if slot is not None and slot.kind == VARIANCE and _is_of_model(ev, module, slot):
            yield statement, slot


def _is_of_eps(value: ast.expr) -> bool:
    return any("eps" in last_name(n).lower() for n in ast.walk(value) if isinstance(n, ast.expr))


def _bound(ev: Evaluate, module: Module, name: ast.Name) -> ast.expr | None:
    """Return what a variable was given where ``name`` is, if it is one thing on all ways there."""
    states = reaching(ev.scope(module, module.scope_node(name)), name.id, name)
    if len(states) != 1 or states[0].binding.kind != "assign":
        return None
    value = states[0].binding.value
    return value if isinstance(value, ast.expr) else None


def _shares(value: ast.expr, shares: Collection[str]) -> bool:
    """Tell whether each method of a chain, the last one to an array, leaves values where they are.

    An attribute such as ``data`` does too.
    """
    if not isinstance(value, ast.Call):
        return False
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr not in shares:
            return False
        value = value.func.value
        if isinstance(value, ast.Attribute) and value.attr in shares:
            value = value.value
    return not isinstance(value, ast.Call)


def _is_of_model(ev: Evaluate, module: Module, slot: Slot) -> bool:
    """Tell whether an array is a layer's own: its attribute, or in what a model gives to save."""
    node = slot.node
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    if isinstance(node, ast.Attribute):
        return True
    if not isinstance(node, ast.Subscript):
        return False
    holder: ast.expr | None = node.value
    if isinstance(holder, ast.Name):
        holder = _bound(ev, module, holder)
    return isinstance(holder, ast.Call) and last_name(holder.func) in catalogue().names(
        "gives_states"
    )
