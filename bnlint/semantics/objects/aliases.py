"""Which expressions of a file, or of a function that is entered, may be which object.

An object is known by the node that makes it: a call, a display, or the class of a ``self`` whose
construction is not in view. What an expression may be, the evaluator decides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.objects.carried import Carriers, carried_from, carriers
from bnlint.semantics.objects.flows import Carrier, in_model, scope_of
from bnlint.semantics.objects.holders import models_in
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    Instance,
    Partial,
    Record,
    Sequence,
    Symbol,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework, is_wrapper, model_framework
from bnlint.startup.typed import NamedTuple

#: Expressions that may be an object which something else makes, or that make one.
_EXPRESSIONS = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.IfExp, ast.BoolOp, ast.NamedExpr,
    ast.Tuple, ast.List, ast.Dict,
)  # fmt: skip

#: Models within models are seen this far.
_MAX_WITHIN = 4

#: Functions that copy what they are given.
COPIES = frozenset({"copy.copy", "copy.deepcopy"})

#: A function in which more expressions may be an object is not entered.
_MAX_EXPRESSIONS = 200

#: Steps of the evaluator that are taken for one file.
_MAX_STEPS_IN_FILE = 200_000


class Alias(NamedTuple):
    """What an expression may be, and whether it may be something else that is no such object.

    With ``within`` it is a model that runs the object as a part, and what is done with that model
    is done with the object too.
    """

    value: Candidate
    unsure: bool
    within: bool = False


class Aliases(NamedTuple):
    """The expressions of one file or function, by the object that they may be.

    ``instances`` are the nodes that make objects of each class of the project. ``left`` are
    expressions that were not asked about, since too much had been: where there are any, others
    may be missing too.
    """

    of: dict[ast.AST, dict[ast.expr, Alias]]
    instances: dict[ast.AST, set[ast.AST]]
    left: list[ast.expr]


_IN_FILE: Memo[Module, Aliases] = Memo()


def aliases(ev: Evaluate, module: Module) -> Aliases:
    """Return the aliases in the whole file of the models that it makes and acts on.

    What stands in the classes of models is no business of a file: layers of a model belong to it.
    """
    known = _IN_FILE.of(ev)
    if module not in known:
        found = carriers(ev, module)
        nodes = _expressions(ev, module, module.tree, found)
        known[module] = _among(ev, module, nodes, None, _MAX_STEPS_IN_FILE)
    return known[module]


def aliases_in(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    env: Env | None,
    seeds: Iterable[Carrier],
    budget: int,
) -> Aliases:
    """Return the aliases in ``function`` under ``env`` of what ``seeds`` stand for.

    ``budget`` is the number of steps of the evaluator that may be taken for it.
    """
    found = None if in_model(ev, module, function) else carried_from(ev, module, seeds)
    nodes = list(_expressions(ev, module, function, found))
    if len(nodes) > _MAX_EXPRESSIONS:
        return Aliases({}, {}, nodes)
    return _among(ev, module, nodes, env, budget)


def _among(
    ev: Evaluate, module: Module, nodes: Iterable[ast.expr], env: Env | None, budget: int
) -> Aliases:
    found = Aliases({}, {}, [])
    end = ev.steps + budget
    for node in nodes:
        if ev.steps > end:
            found.left.append(node)
            return found
        for key, alias in aliases_at(ev, module, node, env):
            if not alias.within or node not in found.of.get(key, ()):
                found.of.setdefault(key, {})[node] = alias
            made = alias.value.object
            if isinstance(made, Instance) and isinstance(made.cls, ClassRef):
                for ancestor in lineage(ev, made.cls):
                    found.instances.setdefault(ancestor.node, set()).add(key)
    return found


def _expressions(
    ev: Evaluate,
    module: Module,
    around: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef,
    known: Carriers | None,
) -> Iterator[ast.expr]:
    """Yield the expressions in ``around`` that may be a model, or hold one, by their names."""
    if known is not None and not known:
        return
    stack: list[ast.AST] = [*around.body]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.ClassDef) and class_framework(ev, ClassRef(module, node)):
            continue
        if isinstance(node, _EXPRESSIONS):
            if not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
                if known is None or known.may_be(node):
                    yield node
        stack += ast.iter_child_nodes(node)


def objects_at(ev: Evaluate, module: Module, node: ast.expr, env: Env | None) -> list[Candidate]:
    """Return what ``node`` may be, seen through wrappers."""
    return list(_unwrapped(ev, module, node, env, set()))


def _unwrapped(
    ev: Evaluate, module: Module, node: ast.expr, env: Env | None, seen: set[ast.AST]
) -> Iterator[Candidate]:
    """Yield what ``node`` may be; of a wrapper, what it is given, of each that is met once."""
    for value in ev.evaluate(module, node, env):
        made = value.object
        if isinstance(made, Instance) and made.call is not None and is_wrapper(ev, value):
            if made.call.args:
                if made.call not in seen:
                    seen.add(made.call)
                    yield from _unwrapped(ev, made.module, made.call.args[0], made.env, seen)
                continue
        yield value


def aliases_at(
    ev: Evaluate, module: Module, node: ast.expr, env: Env | None
) -> Iterator[tuple[ast.AST, Alias]]:
    """Yield what ``node`` may be, and what it is made of, by the nodes that make these."""
    values = objects_at(ev, module, node, env)
    unsure = not all(
        is_model(ev, value) or value.object == Constant(None) or is_loaded(ev, value)
        for value in values
    )
    for value in values:
        key = key_of(value)
        if key is not None:
            yield key, Alias(value, unsure)
    for value in values if len(values) == 1 else ():
        for part in _within(ev, value, 0):
            key = key_of(part)
            if key is not None and is_model(ev, part):
                yield key, Alias(part, unsure, within=True)


def _within(ev: Evaluate, value: Candidate, depth: int) -> Iterator[Candidate]:
    """Yield the models that a model is made of, near and far."""
    made = value.object
    if not isinstance(made, Instance) or depth > _MAX_WITHIN:
        return
    for node in models_in(ev, made):
        for part in objects_at(ev, made.module, node, made.env):
            yield part
            yield from _within(ev, part, depth + 1)


def is_copy(ev: Evaluate, module: Module, node: ast.expr) -> bool:
    """Tell whether ``node`` is a copy of what it may be: made there, or bound to its name."""
    if isinstance(node, ast.Call):
        return any(
            isinstance(value.object, Symbol) and value.object.path in COPIES
            for value in ev.evaluate(module, node.func)
        )
    if not isinstance(node, ast.Name):
        return False
    scope = scope_of(ev, module, node)
    use = node if module.scope_node(node) is scope.node else None
    return any(
        isinstance(reach.binding.value, ast.Call) and is_copy(ev, module, reach.binding.value)
        for reach in reaching(scope, node.id, use)
    )


def key_of(value: Candidate) -> ast.AST | None:
    """Return the node by which an object is known, ``None`` for what is none that is followed."""
    made = value.object
    if isinstance(made, Instance):
        # What no call makes that is in view is an object of a class of the project.
        return made.call or getattr(made.cls, "node", None)
    return value.node if isinstance(made, (Sequence, Dictionary, Record, Partial)) else None


def is_loaded(ev: Evaluate, value: Candidate) -> bool:
    """Tell whether a loader gives an object: in what is a model then, its mode is as it was saved.

    Nothing is said of that one; what is true of another that may stand in its place remains true.
    """
    made = value.object
    return (
        isinstance(made, Instance)
        and isinstance(made.cls, Symbol)
        and ev.frameworks.means(made.cls.path, "loaders") is not None
    )


def is_model(ev: Evaluate, value: Candidate) -> bool:
    """Tell whether an object is a model or a layer, and not what wraps one."""
    return model_framework(ev, value) is not None and not is_wrapper(ev, value)
