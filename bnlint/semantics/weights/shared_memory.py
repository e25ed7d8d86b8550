"""Arrays that share the memory of a model's running statistics, and are changed in place."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import assigned
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
    if _MOVES.search(module.text) is None:
        return
    arrays = Arrays(ev, module, sites)
    for statement in ast.walk(module.tree):
        match statement:
            case ast.AugAssign(ast.Name() as name, ast.Add() | ast.Sub(), added):
                if "eps" not in module.source(added).lower():
                    continue
                value = _bound(ev, module, name)
                slot = arrays.slot(value) if isinstance(value, ast.Call) else None
                if slot is None or slot.kind != VARIANCE or not _is_of_model(ev, module, slot):
                    continue
                if _shares(ev, module, value, slot, shares):
                    yield statement, slot


def _bound(ev: Evaluate, module: Module, name: ast.Name) -> ast.expr | None:
    return assigned(ev.scope(module, module.scope_node(name)), name.id, name)


def _shares(
    ev: Evaluate, module: Module, value: ast.expr | None, slot: Slot, shares: Collection[str]
) -> bool:
    """Tell whether all on the way from an array to ``value`` leaves its numbers where they are.

    Methods and attributes such as ``data`` may do, and names do.
    """
    while value is not slot.node:
        match value:
            case ast.Name():
                value = _bound(ev, module, value)
            case ast.Call(ast.Attribute(held, name)) | ast.Attribute(held, name) if name in shares:
                value = held
            case _:
                return False
    return True


def _is_of_model(ev: Evaluate, module: Module, slot: Slot) -> bool:
    """Tell whether an array is a layer's own: its attribute, or in what a model gives to save."""
    match slot.node:
        case ast.Subscript(holder) | ast.Call(ast.Attribute(holder)):
            given = _bound(ev, module, holder) if isinstance(holder, ast.Name) else holder
            names = catalogue().names("gives_states")
            return isinstance(given, ast.Call) and last_name(given.func) in names
    return isinstance(slot.node, ast.Attribute)
