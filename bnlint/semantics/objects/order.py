"""Which of two places in a file runs after the other."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import FunctionNode, Module
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.domain import Evaluate

LOOPS = (ast.For, ast.AsyncFor, ast.While)

#: Calls are followed upwards this far.
_MAX_CALLS = 3


def running_in(module: Module, node: ast.AST) -> ast.AST:
    """Return the function around ``node``, or the module itself."""
    return module.enclosing_function(node) or module.tree


def is_after(node: ast.expr, other: ast.expr) -> bool:
    """Tell whether ``node`` stands after ``other`` in the text."""
    return (node.lineno, node.col_offset) > (other.lineno, other.col_offset)


def common_loop(module: Module, node: ast.AST, other: ast.AST) -> ast.AST | None:
    """Return the innermost loop around both nodes, within one function."""
    if running_in(module, node) is not running_in(module, other):
        return None
    loops = [around for around in module.ancestors(other) if isinstance(around, LOOPS)]
    end = running_in(module, node)
    for around in module.ancestors(node):
        if around is end:
            return None
        if around in loops:
            return around
    return None


def places_in(
    ev: Evaluate, module: Module, loop: ast.AST, node: ast.expr, depth: int = 0
) -> list[ast.expr]:
    """Return what runs ``node`` in ``loop``: the node itself, or calls of the function it is in."""
    if loop in module.ancestors(node) and running_in(module, node) is running_in(module, loop):
        return [node]
    function = running_in(module, node)
    if depth > _MAX_CALLS or not isinstance(function, FunctionNode):
        return []
    return [
        place
        for call, _ in callers(ev, module, function)
        for place in places_in(ev, module, loop, call, depth + 1)
    ]


def are_exclusive(module: Module, node: ast.AST, other: ast.AST) -> bool:
    """Tell whether two nodes stand in different branches of one ``if``."""
    mine, theirs = ({n, *module.ancestors(n)} for n in (node, other))
    for around in module.ancestors(node):
        if isinstance(around, ast.If) and around in theirs:
            first, second = (any(s in side for s in around.body) for side in (mine, theirs))
            if first is not second:
                return True
    return False


def calls_later(
    ev: Evaluate, module: Module, node: ast.expr, function: ast.AST, depth: int = 0
) -> bool:
    """Tell whether the function around ``node`` runs ``function`` after it, directly or not."""
    if depth > _MAX_CALLS or not isinstance(function, FunctionNode):
        return False
    start = running_in(module, node)
    for call, _ in callers(ev, module, function):
        around = running_in(module, call)
        if around is start:
            if is_after(call, node):
                return True
        elif around is not function and calls_later(ev, module, node, around, depth + 1):
            return True
    return False


def may_precede(ev: Evaluate, module: Module, node: ast.expr, other: ast.expr) -> bool:
    """Tell whether ``node`` may run before ``other`` does for the first time.

    Two nodes are compared in the functions that run both of them, directly or not. What a file
    does outside of functions comes before what is in functions that nothing there calls.
    """
    mine, theirs = _places(ev, module, node), _places(ev, module, other)
    shared = mine.keys() & theirs.keys()
    if not shared:
        return module.tree not in theirs
    for around in shared:
        first = min(theirs[around], key=lambda end: (end.lineno, end.col_offset))
        if any(place is not first and not is_after(place, first) for place in mine[around]):
            return True  # one call that leads to both tells nothing: what it runs does
    return False


def _places(
    ev: Evaluate, module: Module, node: ast.expr, depth: int = 0
) -> dict[ast.AST, list[ast.expr]]:
    """Return what runs ``node``, by the function that it stands in: itself, and calls of that."""
    around = running_in(module, node)
    found = {around: [node]}
    if depth <= _MAX_CALLS and isinstance(around, FunctionNode):
        for call, _ in callers(ev, module, around):
            for outer, places in _places(ev, module, call, depth + 1).items():
                found.setdefault(outer, []).extend(places)
    return found
