"""Functions of the project that make a model and return it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.names.scopes import Binding
from bnlint.semantics.objects.models import is_wrapper, model_framework, returns_itself
from bnlint.semantics.syntax.module import FunctionNode, Module
from bnlint.semantics.values.arguments import arguments_of, bind, has_decorator, is_method
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Instance,
    Symbol,
    ValueSet,
)
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import NamedTuple

#: Packages whose decorators call the function as it is.
_PLAIN_ROOTS = frozenset({"builtins", "contextlib", "functools", "typing"})


class Origin(NamedTuple):
    """Where a function makes what it returns: the call ``node``, and what it may make.

    The call is of a class, or of another ``factory`` (the model is the element at ``position`` of
    what that returns). ``parameter`` names one that is returned instead.
    """

    node: ast.Call | None
    models: ValueSet
    factory: Factory | None = None
    position: int = -1
    parameter: str = ""


class Factory(NamedTuple):
    """A function that makes models.

    ``made`` pairs positions in the tuple that it returns, or -1, with the origins of what is there.
    """

    function: FunctionRef
    made: tuple[tuple[int, tuple[Origin, ...]], ...]

    def origins(self, position: int) -> tuple[Origin, ...]:
        """Return where the function makes what it returns at ``position``."""
        return dict(self.made).get(position, ())

    def models(self, position: int) -> ValueSet:
        """Return what the model at ``position`` may be."""
        return tuple(m for origin in self.origins(position) for m in origin.models)


def factory_of(ev: Evaluate, module: Module, call: ast.Call) -> Factory | None:
    """Return the function that ``call`` calls, if every way through it makes and returns a model.

    Where it returns a tuple, an element of it may be one.
    """
    callees = ev.evaluate(module, call.func)
    function = callees[0].object
    if len(callees) != 1 or callees[0].presumed or not isinstance(function, FunctionRef):
        return None
    made = tuple(
        (position, origins)
        for position, origins in _returned(ev, function)
        if all(not origin.parameter for origin in origins)
    )
    return Factory(function, made) if made else None


_RETURNED: Memo[ast.AST, tuple[tuple[int, tuple[Origin, ...]], ...]] = Memo()


def _returned(ev: Evaluate, function: FunctionRef) -> tuple[tuple[int, tuple[Origin, ...]], ...]:
    """Return what is known of the values that a function returns, by their positions in a tuple."""
    node = function.node
    known = _RETURNED.of(ev)
    if node not in known:
        known[node] = ()  # a function that calls itself makes nothing that is known
        if (
            isinstance(node, ast.FunctionDef)
            and not is_method(function.module, node)
            and not has_decorator(node, "cache", "lru_cache")  # each caller is given the same one
            and sees_through(ev, function.module, node)
        ):
            known[node] = tuple(_by_position(ev, function.module, node))
    return known[node]


def _by_position(
    ev: Evaluate, module: Module, node: ast.FunctionDef
) -> Iterator[tuple[int, tuple[Origin, ...]]]:
    if any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) and module.enclosing_function(part) is node
        for part in ast.walk(node)
    ):
        return
    values = [statement.value for statement in own_returns(module, node)]
    tuples = [value.elts for value in values if isinstance(value, ast.Tuple)]
    columns: list[tuple[int, list[ast.expr | None]]] = [(-1, list(values))]
    if tuples:
        if len(tuples) < len(values) or len({len(row) for row in tuples}) > 1:
            return
        columns = [(i, [row[i] for row in tuples]) for i in range(len(tuples[0]))]
    for position, column in columns:
        found: list[Origin] = []
        for value in column:
            origins = _Trace(ev, module).of(value) if value is not None else None
            if origins is None:
                break
            found += [origin for origin in origins if origin not in found]
        else:
            if found:
                yield position, tuple(found)


class _Trace:
    """Follows a value in one function back to the calls that make it."""

    def __init__(self, ev: Evaluate, module: Module) -> None:
        self.ev = ev
        self.module = module
        self.seen: set[ast.AST] = set()

    def of(self, node: ast.expr) -> list[Origin] | None:
        """Return the origins of ``node``; ``None`` if not all of them are known."""
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.IfExp):
            return self.all([node.body, node.orelse])
        if isinstance(node, ast.Call):
            return self.call(node, -1)
        return None

    def all(self, nodes: list[ast.expr]) -> list[Origin] | None:
        found: list[Origin] = []
        for node in nodes:
            origins = self.of(node)
            if origins is None:
                return None
            found += origins
        return found

    def name(self, node: ast.Name) -> list[Origin] | None:
        scope = self.ev.scope(self.module, self.module.scope_node(node))
        if not isinstance(scope.node, FunctionNode):
            return None
        found: list[Origin] = []
        reached = reaching(scope, node.id, node)
        for reach in reached:
            origins = self.binding(reach.binding)
            if origins is None:
                return None
            found += origins
        return found if reached else None

    def binding(self, binding: Binding) -> list[Origin] | None:
        if binding.statement in self.seen and binding.kind != "param":
            return []
        self.seen.add(binding.statement)
        if binding.kind == "param":
            return [Origin(None, (), parameter=binding.name)]
        if binding.kind == "assign" and isinstance(binding.value, ast.expr):
            return self.of(binding.value)
        if binding.kind == "unpack" and isinstance(binding.value, ast.Call):
            if len(binding.path) == 1:
                return self.call(binding.value, binding.path[0])
        return None

    def call(self, call: ast.Call, position: int) -> list[Origin] | None:
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in returns_itself(self.ev):
            origins = self.of(func.value)
            if origins is not None or isinstance(func.value, (ast.Name, ast.Call)):
                return origins
        if position < 0:
            models = self.made_by_class(call)
            if models:
                return [Origin(call, models)]
            wrapped = self.wrapped(call)
            if wrapped is not None:
                return self.of(wrapped)
        return self.by_function(call, position)

    def made_by_class(self, call: ast.Call) -> ValueSet:
        """Return what a call of a class, or of one of several, makes; nothing if no model."""
        found: ValueSet = ()
        chosen = isinstance(call.func, ast.Subscript)  # {"a": NetA, "b": NetB}[name]()
        for callee in self.ev.evaluate(self.module, call.func):
            if not isinstance(callee.object, (ClassRef, Symbol)):
                return ()
            made = Candidate(Instance(callee.object, self.module, call), self.module, call)
            if callee.presumed and not chosen:
                return ()
            if model_framework(self.ev, made) is None or is_wrapper(self.ev, made):
                return ()
            found += (made,)
        return found

    def wrapped(self, call: ast.Call) -> ast.expr | None:
        """Return the model that a call only wraps, if it does."""
        for callee in self.ev.evaluate(self.module, call.func):
            found = callee.object
            if isinstance(found, Symbol) and self.ev.frameworks.means(found.path, "wrappers"):
                return call.args[0] if call.args else None
        return None

    def by_function(self, call: ast.Call, position: int) -> list[Origin] | None:
        """Return the origins of what a function of the project makes, or gives back."""
        callees = self.ev.evaluate(self.module, call.func)
        function = callees[0].object
        if len(callees) != 1 or callees[0].presumed or not isinstance(function, FunctionRef):
            return None
        origins = dict(_returned(self.ev, function)).get(position)
        if not origins:
            return None
        made = tuple(o for o in origins if not o.parameter)
        if len(made) == len(origins):
            factory = Factory(function, ((position, made),))
            models = tuple(m for origin in made for m in origin.models)
            return [Origin(call, models, factory, position)]
        if made:
            return None
        arguments = arguments_of(self.ev, self.module, call, None)
        bound = bind(function.module, function.node, arguments, None)
        given = [bound[(function.node, o.parameter)] for o in origins]
        nodes = [a.node for a in given if a.node is not None and a.module is self.module]
        return self.all(nodes) if len(nodes) == len(given) else None


def own_returns(module: Module, function: ast.AST) -> list[ast.Return]:
    """Return the statements with which ``function`` returns a value, in source order."""
    found = [
        part
        for part in ast.walk(function)
        if isinstance(part, ast.Return)
        and part.value is not None
        and module.enclosing_function(part) is function
    ]
    return sorted(found, key=lambda statement: statement.lineno)


def sees_through(
    ev: Evaluate, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> bool:
    """Tell whether the decorators of a function leave modes alone."""
    return all(
        _leaves_modes(ev, ev.evaluate(module, d.func if isinstance(d, ast.Call) else d))
        for d in function.decorator_list
    )


def _leaves_modes(ev: Evaluate, decorator: ValueSet) -> bool:
    switches = {
        method
        for framework in ev.frameworks.frameworks.values()
        for method, _ in (*framework.modes.to_inference, *framework.modes.to_training)
    }
    for candidate in decorator:
        found = candidate.object
        if isinstance(found, Symbol):
            root = found.path.partition(".")[0]
            if root not in _PLAIN_ROOTS and not ev.frameworks.has_root(found.path):
                return False
        elif isinstance(found, FunctionRef):
            for part in ast.walk(found.node):
                if isinstance(part, ast.Attribute) and part.attr in switches:
                    return False
                if isinstance(part, ast.Call) and any(
                    isinstance(called.object, FunctionRef)
                    for called in ev.evaluate(found.module, part.func)
                ):
                    return False  # what that does is not looked at
        else:
            return False
    return True
