"""What becomes of an object that is an argument of a call."""

from __future__ import annotations

import ast

from bnlint.semantics.objects import holders
from bnlint.semantics.objects.events import CALL, EXPORT, PART, WHOLE, WRAP
from bnlint.semantics.objects.factories import sees_through
from bnlint.semantics.objects.walk import Follows
from bnlint.semantics.values.arguments import parameters_given
from bnlint.semantics.values.domain import ClassRef, FunctionRef, Symbol

#: Builtins that look at an object and change nothing.
_HARMLESS = frozenset(
    {"print", "len", "type", "id", "repr", "str", "isinstance", "hasattr", "dir", "int", "float"}
)

#: Vocabulary words for what takes parts of one model and makes another of them.
_COMBINES = ("sequential", "layer_lists", "functional_models", "modules")


def passed(follower: Follows, node: ast.expr, call: ast.Call, what: str) -> None:
    """Follow the object into a call: a wrapper, code of the project, or out of view."""
    ev, module = follower.ev, follower.module
    own = holders.own_method(follower, call)
    for callee in (own,) if own is not None else ev.evaluate(module, call.func):
        found = callee.object
        if isinstance(found, Symbol) and _understood(follower, found.path, call, what):
            continue
        if isinstance(found, FunctionRef):
            if follower.function is None and found.module is module and found.receiver is None:
                _into(follower, found, call, node, what)
                continue
            if not callee.presumed and _enter(follower, found, call, node, what):
                continue
        elif isinstance(found, ClassRef) and not callee.presumed and what == WHOLE:
            if holders.construct(follower, found, call, node):
                continue
        follower.escape(f"line {node.lineno} passes it to {ast.unparse(call.func)}()", node)


def _understood(follower: Follows, path: str, call: ast.Call, what: str) -> bool:
    """Note what is done by something outside the project, if it is known to switch nothing."""
    frameworks = follower.ev.frameworks
    is_part = what != WHOLE
    if path.startswith("builtins."):
        if path[9:] in _HARMLESS:
            return True
        if is_part:  # list(model.layers), enumerate(model.blocks)
            follower.use(call, what)
        return is_part
    if frameworks.means(path, "wrappers"):
        follower.note(WRAP, call, path)
        follower.use(call, what)
        return True
    if frameworks.means(path, "exporters"):
        follower.note(PART if is_part else EXPORT, call, path)
        return True
    if frameworks.means(path, "loaders") or frameworks.means(path, "savers"):
        return True
    if frameworks.means(path, "gradients"):
        follower.note(CALL, call)
        return True
    if not is_part or any(frameworks.means(path, word) for word in _COMBINES):
        return False
    return frameworks.has_root(path)  # Linear(model.fc.in_features, 10)


def _into(
    follower: Follows, function: FunctionRef, call: ast.Call, node: ast.expr, what: str
) -> None:
    """Follow the object into a function of the file whose object it is."""
    definition = function.node
    if isinstance(definition, ast.Lambda):
        follower.escape(f"line {node.lineno} passes it to a lambda", node)
        return
    if not sees_through(follower.ev, follower.module, definition):
        follower.escape(f"line {node.lineno} passes it to a decorated function", node)
        return
    names = parameters_given(follower.ev, follower.module, function, call, node)
    if not names:
        follower.escape(f"line {node.lineno} passes it on in a container", node)
    for name in names:
        follower.hold(name, definition.body[0], definition, what)


def _enter(
    follower: Follows, function: FunctionRef, call: ast.Call, node: ast.expr, what: str
) -> bool:
    """Follow the object into a function of another file, or into a method."""
    receiver = function.receiver
    if (
        receiver is not None
        and receiver.call is None
        and holders.own_method(follower, call) is None
    ):
        return False  # a derived class may have another method
    names = parameters_given(follower.ev, follower.module, function, call, node)
    if not names:
        return False
    me = holders.receiver_of(follower, function, call)
    follower.enter(function, call, names, what, node, me)
    return True
