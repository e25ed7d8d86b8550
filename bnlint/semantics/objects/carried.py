"""Which variables and attributes of a file may stand for a model, hold one, or make one.

To ask the evaluator of every expression of a file would cost more than all else together. Instead
the names that can matter are found by following, in the text, where models flow: into variables,
parameters, keywords, attributes, and functions that return them. The result errs on the side of
too many; the evaluator decides.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Container, Hashable, Iterable, Iterator

from bnlint.semantics.objects.flows import (
    GIVES_OUT,
    Carrier,
    FlowGraph,
    carrier_of,
    in_model,
    is_getattr,
    reached,
    scope_of,
)
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.calls import invoke
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    ClassRef,
    Constant,
    Evaluate,
    FunctionRef,
    Instance,
    Partial,
    Sequence,
    Symbol,
    ValueSet,
    unknown,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import model_framework, returns_itself

_PARTS = (
    ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Tuple, ast.List, ast.Dict, ast.Starred, ast.Subscript,
)  # fmt: skip


#: Steps of the evaluator after which a function is taken to make no model.
_MAX_STEPS = 2_000

#: What an argument may be that tells a function which model to make.
_TELLING = (ClassRef, FunctionRef, Symbol, Constant)


class Carriers:
    """What may stand for a model in one file, or make one."""

    def __init__(self, ev: Evaluate, module: Module, found: Collection[Carrier]) -> None:
        self.ev = ev
        self.module = module
        self.found = found

    def __bool__(self) -> bool:
        return bool(self.found)

    def hold(self, node: ast.expr, *, is_maker: bool = False) -> bool:
        """Tell whether the variable or attribute ``node`` is among them."""
        carrier = carrier_of(self.ev, self.module, node, is_maker=is_maker)
        return carrier in self.found

    def may_be(self, node: ast.expr) -> bool:
        """Tell whether ``node`` may be, or hold, a model: by what it is made of."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self.hold(node)
        if isinstance(node, ast.Call):
            func = node.func
            if self.hold(func, is_maker=True):
                return True
            if isinstance(func, ast.Attribute) and func.attr in returns_itself(self.ev):
                return self.may_be(func.value)
            if isinstance(func, ast.Attribute) and func.attr in GIVES_OUT:
                if self.may_be(func.value):
                    return True
            if is_getattr(func):
                return self.hold(func.args[0], is_maker=True)
            if isinstance(func, (ast.Subscript, ast.Call)):
                return self.may_be(func)
            return any(
                self.may_be(argument)
                for argument in (*node.args, *(keyword.value for keyword in node.keywords))
            )
        if isinstance(node, ast.Subscript):
            inner = node.value
            if self.hold(inner, is_maker=True) or isinstance(inner, ast.Dict):
                return True
            return self.may_be(inner)
        return isinstance(node, _PARTS) and any(
            self.may_be(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)
        )


def carriers(ev: Evaluate, module: Module) -> Carriers:
    """Return what ``module`` gets at a model by, if it does anything with it.

    A model that is only made and given to whoever calls is no business of the file.
    """
    known = {cls.name for cls in module.classes}
    for statement in module.imports:
        known.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    named = [
        (call, maker) for call in _calls(ev, module, known) for maker in _makers(ev, module, call)
    ]
    graph = _graph(ev, module)
    graph.add(maker for _, maker in named)
    used = graph.used()
    seeds: set[Carrier] = set()
    seen: dict[str, bool] = {}
    for call, maker in named:
        if maker in seeds or maker not in used:
            continue
        text = dotted(call.func)
        if text not in seen or text.partition(".")[0] not in known:
            seen[text] = _may_make(ev, module, call, known)
        if seen[text]:
            seeds.add(maker)
    return Carriers(ev, module, reached(seeds, graph.flows))


def carried_from(ev: Evaluate, module: Module, seeds: Iterable[Carrier]) -> Carriers:
    """Return what ``module`` gets by at what ``seeds`` hold or make."""
    graph, start = _graph(ev, module), list(seeds)
    graph.add(start)
    return Carriers(ev, module, reached(start, graph.flows))


def made_by_calls(ev: Evaluate, module: Module, calls: Iterable[ast.Call]) -> Iterator[Carrier]:
    """Yield what is called by ``calls``."""
    for call in calls:
        yield from _makers(ev, module, call)


_GRAPHS: Memo[Module, FlowGraph] = Memo()


def _graph(ev: Evaluate, module: Module) -> FlowGraph:
    known = _GRAPHS.of(ev)
    if module not in known:
        known[module] = FlowGraph(ev, module)
    return known[module]


def _calls(ev: Evaluate, module: Module, known: Container[str]) -> Iterator[ast.Call]:
    """Yield the calls that may make a model, by how they are written.

    ``known`` are the names of classes and imports. What a model makes belongs to it.
    """
    for call in module.calls:
        text = dotted(call.func)
        if text and text.partition(".")[0] not in known:
            if not ("*" in known or last_name(call.func)[:1].isupper()):
                continue
        elif not text and not (isinstance(call.func, ast.Subscript) or is_getattr(call.func)):
            continue
        if not in_model(ev, module, call):
            yield call


def _makers(ev: Evaluate, module: Module, call: ast.Call) -> Iterator[Carrier]:
    """Yield what is called: of ``table[key]()`` and ``getattr(nets, name)()``, table and nets."""
    func = call.func
    while isinstance(func, ast.Subscript) or is_getattr(func):
        func = func.value if isinstance(func, ast.Subscript) else func.args[0]
    found = carrier_of(ev, module, func, is_maker=True)
    if found is not None:
        yield found


def _may_make(ev: Evaluate, module: Module, call: ast.Call, known: Container[str]) -> bool:
    for value in ev.evaluate(module, call.func):
        made = value.object
        if isinstance(made, (ClassRef, Symbol)):
            instance = Candidate(Instance(made, module, call), module, call)
            if model_framework(ev, instance) is not None:
                return True
            if isinstance(made, Symbol) and ev.frameworks.means(made.path, "makes_by_name"):
                values = ev.evaluate(module, call)
                return any(model_framework(ev, value) is not None for value in values)
        elif isinstance(made, FunctionRef) and made.module is not module:
            if _gives_model(ev, made, _plain(ev, module, call, known), call):
                return True
        elif isinstance(made, Partial):
            return True
    return False


_GIVES_MODEL: Memo[tuple[ast.AST, Hashable], bool] = Memo()


def _gives_model(ev: Evaluate, function: FunctionRef, given: Arguments, call: ast.Call) -> bool:
    """Tell whether a function may give a model where it is called with the arguments ``given``."""
    known = _GIVES_MODEL.of(ev)
    named = tuple((name, _told(given.keywords[name])) for name in sorted(given.keywords))
    key = (function.node, (tuple(map(_told, given.positional)), named))
    if key not in known:
        with ev.within(_MAX_STEPS), ev.guard((_gives_model, function.node)):
            values = _given(ev, invoke(ev, function, given, None, call))
            known[key] = any(model_framework(ev, value) is not None for value in values)
    return known[key]


def _told(argument: Argument) -> Hashable:
    """Return what an argument tells about what a function makes."""
    return tuple(
        (type(value.object).__name__, getattr(value.object, "node", value.object))
        for value in argument.values
    )


def _plain(ev: Evaluate, module: Module, call: ast.Call, known: Container[str]) -> Arguments:
    """Return the arguments of ``call``: those that are definitions or constants.

    What a function makes is told by the classes and names that it is given. What is computed from
    objects that other calls give costs much and tells nothing.
    """

    def argument(node: ast.expr) -> Argument:
        values = unknown("it was not asked what it is", module, node)
        if _may_tell(ev, module, node, known):
            found = ev.evaluate(module, node)
            if all(isinstance(value.object, _TELLING) for value in found):
                values = found
        return Argument(None, module, values=values)

    return Arguments(
        tuple(argument(node) for node in call.args),
        {keyword.arg: argument(keyword.value) for keyword in call.keywords if keyword.arg},
        "unpacked" if any(isinstance(node, ast.Starred) for node in call.args) else "",
        "unpacked" if any(keyword.arg is None for keyword in call.keywords) else "",
    )


def _may_tell(ev: Evaluate, module: Module, node: ast.expr, known: Container[str]) -> bool:
    """Tell at little cost whether an argument may be a definition or a constant."""
    if isinstance(node, ast.Constant) or dotted(node).partition(".")[0] in known:
        return True
    if not isinstance(node, ast.Name):
        return False
    return any(
        binding.kind == "function"
        or isinstance(binding.value, (ast.Constant, ast.Name, ast.Attribute, ast.IfExp))
        for binding in scope_of(ev, module, node).bindings.get(node.id, ())
    )


def _given(ev: Evaluate, values: ValueSet) -> Iterator[Candidate]:
    """Yield what a call gives; of a tuple, its elements."""
    for value in values:
        if isinstance(value.object, Sequence):
            for item in value.object.items:
                yield from ev.argument(item)
        else:
            yield value
