"""Which of two places in a file runs after the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.syntax.module import FunctionNode, Module
from bnlint.semantics.values.arguments import arguments_of, bind, is_method
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.domain import Env, Evaluate
from bnlint.semantics.values.predicates import is_dead
from bnlint.startup.typed import NamedTuple

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


class Way(NamedTuple):
    """What runs a node in some part of a file: itself or a call, and what is given on the way.

    ``env`` holds what the functions in between are called with; of methods, nothing is noted.
    """

    place: ast.expr
    env: Env | None = None


def places_in(ev: Evaluate, module: Module, around: ast.AST, node: ast.expr) -> list[ast.expr]:
    """Return what runs ``node`` in ``around``: the node itself, or calls of its function."""
    return [way.place for way in ways_in(ev, module, around, node)]


def ways_in(ev: Evaluate, module: Module, around: ast.AST, node: ast.expr) -> list[Way]:
    """Return what runs ``node`` in ``around``: a loop, a function, or what is outside of all.

    A call counts only if what it is given lets the function come to the node: in a function that
    is told whether to train, ``train()`` and ``eval()`` are run by different calls.
    """
    return list(_ways(ev, module, around, node, ()))


def _ways(
    ev: Evaluate, module: Module, around: ast.AST, node: ast.expr, inner: tuple[ast.expr, ...]
) -> Iterator[Way]:
    """Yield the ways to ``node``, and from there on to what runs it: ``inner``, outermost first."""
    function = running_in(module, node)
    home = around if isinstance(around, (*FunctionNode, ast.Module)) else running_in(module, around)
    if function is home and (home is around or around in module.ancestors(node)):
        way = _entered(ev, module, node, inner)
        if way is not None:
            yield way
        return
    if len(inner) > _MAX_CALLS or not isinstance(function, FunctionNode):
        return
    for call, _ in callers(ev, module, function):
        yield from _ways(ev, module, around, call, (node, *inner))


def _entered(
    ev: Evaluate, module: Module, place: ast.expr, inner: tuple[ast.expr, ...]
) -> Way | None:
    """Return the way from ``place`` through ``inner``, unless what is given there closes it."""
    call, env = place, None
    for node in inner:
        function = running_in(module, node)
        assert isinstance(function, FunctionNode) and isinstance(call, ast.Call)
        if is_method(module, function):
            env = None
        else:
            arguments = arguments_of(ev, module, call, env)
            env = Env(bind(module, function, arguments, None), env, env.depth + 1 if env else 1)
            if is_dead(ev, module, node, env):
                return None
        call = node
    return Way(place, env)


def is_left_out(ev: Evaluate, module: Module, node: ast.AST | None) -> bool:
    """Tell whether a test is known to keep the file from coming to ``node``, whoever calls there.

    What the functions on the way are given counts, from outside of all functions on.
    """
    # No test of this file stands around a node of another one.
    return isinstance(node, ast.expr) and _is_closed(ev, module, node, ())


def _is_closed(ev: Evaluate, module: Module, node: ast.expr, inner: tuple[ast.expr, ...]) -> bool:
    function = running_in(module, node)
    calls: list[ast.Call] = []
    if isinstance(function, FunctionNode) and len(inner) <= _MAX_CALLS:
        calls = [call for call, _ in callers(ev, module, function)]
    if calls:
        return all(_is_closed(ev, module, call, (node, *inner)) for call in calls)
    if isinstance(function, FunctionNode) and not inner:
        return False  # whoever imports it may call it
    return is_dead(ev, module, node, None) or _entered(ev, module, node, inner) is None


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
        elif calls_later(ev, module, node, around, depth + 1):
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
