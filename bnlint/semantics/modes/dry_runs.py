"""Runs of a model on made-up inputs: to see that it works, to learn a shape, to warm it up."""

from __future__ import annotations

import ast

from bnlint.semantics.hints.purposes import compares
from bnlint.semantics.objects.flows import scope_of
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Candidate, Evaluate, Instance, Symbol, Unknown

_MAX_DEPTH = 8


def is_made_up(ev: Evaluate, module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Tell whether a tensor is constant or random: what a framework fills, moved and cast or not.

    A tensor on a device that holds no values counts too, see :func:`may_be_empty`.
    """
    if isinstance(node, ast.Name) and _is_filled_in(ev, module, node):
        return False
    if depth > _MAX_DEPTH:
        return False
    if all(_is_filler(ev, value, depth) for value in ev.evaluate(module, node)):
        return True
    if isinstance(node, ast.BinOp):  # torch.rand(3) * 5
        return all(
            isinstance(side, ast.Constant) or is_made_up(ev, module, side, depth + 1)
            for side in (node.left, node.right)
        )
    # torch.zeros(1, 3).to(device): what the method is called on decides.
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and is_made_up(ev, module, node.func.value, depth + 1)
    )


def is_compared(ev: Evaluate, module: Module, result: ast.expr, depth: int = 0) -> bool:
    """Tell whether a result is held against another one: by a difference, or by ``allclose``.

    On whatever it was computed, that is no mere trial. A result less its own mean is none.
    """
    node = result
    while depth < _MAX_DEPTH:
        parent = module.parents[node]
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub):
            other = parent.right if parent.left is node else parent.left
            return not isinstance(other, ast.Constant) and not _names(other) & _names(node)
        if isinstance(parent, ast.Assign):
            return any(
                isinstance(use, ast.Name)
                and isinstance(use.ctx, ast.Load)
                and scope_of(ev, module, use).node is scope_of(ev, module, target).node
                and is_compared(ev, module, use, depth + 1)
                for target in parent.targets
                if isinstance(target, ast.Name)
                for use in module.uses.of(target.id)
            )
        if isinstance(parent, ast.Call) and compares(last_name(parent.func)):
            return True
        if not isinstance(parent, (ast.Attribute, ast.Call, ast.Subscript)):
            return False
        node = parent
    return False


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _is_filler(ev: Evaluate, value: Candidate, depth: int) -> bool:
    found = value.object
    if isinstance(found, Unknown):  # noise = torch.rand(3).to(device)
        return isinstance(value.node, ast.Attribute) and is_made_up(
            ev, value.module, value.node.value, depth + 1
        )
    if not isinstance(found, Instance) or not isinstance(found.cls, Symbol):
        return False
    if ev.frameworks.means(found.cls.path, "fillers") is not None:
        return True
    match found.call:
        case ast.Call(args=[held]) if ev.frameworks.has_root(found.cls.path):
            return is_made_up(ev, found.module, held, depth + 1)  # Variable(torch.rand(3))
    return False


def may_be_empty(ev: Evaluate, module: Module, node: ast.expr) -> bool:
    """Tell whether a made-up tensor may be on a device where it holds no values."""
    made = (value.node for value in ev.evaluate(module, node))
    return any(
        keyword.arg in ev.frameworks.word("device_arguments")
        and (
            not isinstance(keyword.value, ast.Constant)
            or keyword.value.value in ev.frameworks.word("empty_devices")
        )
        for whole in (node, *made)
        for call in ast.walk(whole)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
    )


def _is_filled_in(ev: Evaluate, module: Module, name: ast.Name) -> bool:
    """Tell whether something is put into a tensor later: ``batch[0] = image``, ``copy_(image)``."""
    scope = scope_of(ev, module, name).node
    for use in module.uses.of(name.id):
        if not isinstance(use, ast.Name) or scope_of(ev, module, use).node is not scope:
            continue  # another variable of this name
        outer: ast.AST = module.parents[use]
        while isinstance(outer, ast.Subscript):
            if not isinstance(outer.ctx, ast.Load):
                return True
            outer = module.parents[outer]
        if isinstance(outer, ast.Attribute) and outer.attr.endswith("_"):
            if outer.attr != "requires_grad_":
                return True
    return False
