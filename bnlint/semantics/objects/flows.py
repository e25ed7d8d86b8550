"""Where in a file what a variable or attribute holds may turn up again, in the text alone.

It flows into variables, parameters, keywords, attributes, and out of functions that return it. The
result errs on the side of too much.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import ClassRef, Evaluate
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework, returns_itself
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TypeGuard

#: Functions whose result is, or holds, what they are given.
_CARRYING = frozenset(
    {
        "partial", "getattr", "dict", "list", "tuple", "cast", "copy", "deepcopy", "zip",
        "enumerate",
    }
)  # fmt: skip


#: Methods of dictionaries that give what these hold, or a copy of them.
GIVES_OUT = frozenset({"get", "pop", "setdefault", "copy"})


class Carrier(NamedTuple):
    """What may stand for an object: a variable of ``scope``, or an attribute, of whatever object.

    A maker gives an object where it is called.
    """

    name: str
    scope: ast.AST | None
    is_maker: bool


# Carriers that stand for many: no identifiers. They keep the graph as large as the file.
#: What methods call the object they belong to, in all classes that are no models.
_RECEIVERS = "(self)"
#: After the name of a function: all its parameters. Before a name: all parameters called so.
_PARAMETERS, _KEYWORD = "(...)", "(...) "


def carrier_of(
    ev: Evaluate, module: Module, node: ast.AST, *, is_maker: bool = False
) -> Carrier | None:
    """Return the variable or attribute that ``node`` is, if it is one."""
    if isinstance(node, ast.Attribute):
        return Carrier(node.attr, None, is_maker)
    if isinstance(node, ast.Name):
        return Carrier(node.id, scope_of(ev, module, node).node, is_maker)
    return None


def is_getattr(node: ast.expr) -> TypeGuard[ast.Call]:
    """Tell whether ``node`` is ``getattr(...)`` of something."""
    return isinstance(node, ast.Call) and last_name(node.func) == "getattr" and bool(node.args)


_SCOPES: Memo[ast.Name, Scope] = Memo()


def scope_of(ev: Evaluate, module: Module, name: ast.Name) -> Scope:
    """Return the scope whose variable ``name`` is: the file, if no other binds it."""
    known = _SCOPES.of(ev)
    if name not in known:
        inner = scope = ev.scope(module, module.scope_node(name))
        while scope.parent is not None:
            if name.id in scope.bindings and (scope is inner or not scope.is_class):
                break
            scope = scope.parent
        known[name] = scope
    return known[name]


_LOADS: Memo[tuple[Module, str], dict[ast.AST, list[ast.Name]]] = Memo()


def loads(ev: Evaluate, module: Module, name: str) -> dict[ast.AST, list[ast.Name]]:
    """Return where the variables called ``name`` are used, by what opens their scope."""
    known = _LOADS.of(ev)
    if (module, name) not in known:
        found = known[module, name] = {}
        for use in module.uses.of(name):
            if isinstance(use, ast.Name) and isinstance(use.ctx, ast.Load):
                found.setdefault(scope_of(ev, module, use).node, []).append(use)
    return known[module, name]


_MODELS: Memo[ast.ClassDef, bool] = Memo()


def in_model(ev: Evaluate, module: Module, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in a class of models: what is made there belongs to a model."""
    owner = module.enclosing_class(node)
    if owner is None:
        return False
    known = _MODELS.of(ev)
    if owner not in known:
        known[owner] = class_framework(ev, ClassRef(module, owner)) is not None
    return known[owner]


class FlowGraph:
    """Where what each carrier of a file holds, or gives, flows to, as far as was asked.

    ``acted_on`` are the carriers with which the file does something: other than to hand it on.
    """

    def __init__(self, ev: Evaluate, module: Module) -> None:
        self.ev = ev
        self.module = module
        self.flows: dict[Carrier, dict[Carrier, None]] = {}
        self.acted_on: set[Carrier] = set()
        self.by_scope: dict[str, dict[ast.AST | None, list[ast.expr]]] = {}
        self.functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self.by_parameter: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for function in module.functions:
            self.functions.setdefault(function.name, []).append(function)
            for name in _names(function.args):
                self.by_parameter.setdefault(name, []).append(function)
        self.classes: dict[str, list[ast.ClassDef]] = {}
        for cls in module.classes:
            self.classes.setdefault(cls.name, []).append(cls)
        self.written = {
            *ev.frameworks.word("weights_attributes"),
            *(f.modes.attribute for f in ev.frameworks.frameworks.values()),
            *(row.name for f in ev.frameworks.frameworks.values() for row in f.modes.freezes),
        }

    def add(self, seeds: Iterable[Carrier]) -> None:
        """Add all that is reached from ``seeds``."""
        queue = list(seeds)
        while queue:
            carrier = queue.pop()
            if carrier in self.flows:
                continue
            found = self.flows[carrier] = {}
            found.update(dict.fromkeys(self.behind(carrier)))
            for use in self.uses(carrier):
                for further in self.flows_to(use, is_maker=carrier.is_maker):
                    if further is None:
                        self.acted_on.add(carrier)
                    else:
                        found[further] = None
            queue += found

    def uses(self, carrier: Carrier) -> list[ast.expr]:
        """Return the expressions that are ``carrier``, outside of classes of models."""
        known = self.by_scope.get(carrier.name)
        if known is None:
            known = self.by_scope[carrier.name] = {}
            for use in self.module.uses.of(carrier.name):
                if not in_model(self.ev, self.module, use):
                    scope = None
                    if isinstance(use, ast.Name):
                        scope = scope_of(self.ev, self.module, use).node
                    known.setdefault(scope, []).append(use)
        return known.get(carrier.scope, [])

    def used(self) -> set[Carrier]:
        """Return the carriers of what the file, sooner or later, does something with."""
        back: dict[Carrier, list[Carrier]] = {}
        for carrier, found in self.flows.items():
            for further in found:
                back.setdefault(further, []).append(carrier)
        return reached(self.acted_on, back)

    # ------------------------------------------------------------------ one use

    def flows_to(self, use: ast.expr, *, is_maker: bool) -> Iterator[Carrier | None]:
        """Yield the carriers under which what ``use`` is, or makes, may be found again.

        ``None`` stands for something that is done with it here.
        """
        child: ast.AST = use
        for parent in self.module.ancestors(use):
            if isinstance(parent, ast.Attribute):
                if not is_maker and self.is_acted_on(parent):
                    yield None
                if parent.attr in GIVES_OUT:
                    child = parent
                    continue
                is_end = parent.attr in self.ev.frameworks.word("graph_ends")
                if not is_end and parent.attr not in returns_itself(self.ev):
                    return
            elif isinstance(parent, ast.Call):
                if child is parent.func:
                    if isinstance(child, ast.Attribute) and child.attr in GIVES_OUT:
                        child = parent  # models.get("a")
                        continue
                    if isinstance(child, ast.Attribute) and child.attr in returns_itself(self.ev):
                        pass  # model.to(device)
                    elif not is_maker:
                        yield None
                        return
                    is_maker = False
                else:
                    if not is_maker:
                        yield None
                    yield from self.parameters(parent, child, is_maker=is_maker)
                    if not self.carries(parent):
                        return
            elif isinstance(parent, ast.keyword):
                if parent.arg:
                    yield Carrier(parent.arg, None, is_maker)
            elif isinstance(parent, ast.Lambda):
                is_maker = True
            elif isinstance(parent, ast.arguments):
                function = self.module.parents[parent]
                for argument in _names(parent):
                    yield Carrier(argument, function, is_maker)
                return
            elif isinstance(parent, (ast.Return, ast.Yield)):
                yield from self.given_by(parent)
                return
            elif isinstance(parent, ast.ClassDef):
                yield from self.definition(parent, is_maker=is_maker)
            elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For)):
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                if child not in targets:
                    for target in targets:
                        yield from self.stored(target, is_maker=is_maker)
            elif isinstance(parent, ast.comprehension):
                if child is parent.iter:
                    yield from self.stored(parent.target, is_maker=is_maker)
                return
            if isinstance(parent, ast.stmt):
                return
            child = parent

    def is_acted_on(self, attribute: ast.Attribute) -> bool:
        """Tell whether something is done with ``attribute``: it is called, gone through, or set.

        What is read or set and has nothing to do with modes does not count.
        """
        outer: ast.AST = attribute
        while isinstance(outer, (ast.Attribute, ast.Subscript)):
            inner, outer = outer, self.module.parents[outer]
            if not isinstance(inner.ctx, ast.Load):
                return isinstance(inner, ast.Subscript) or inner.attr in self.written
        if isinstance(outer, ast.Call):
            return outer.func is inner
        return isinstance(outer, (ast.For, ast.comprehension))

    def carries(self, call: ast.Call) -> bool:
        """Tell whether what a call gives may be, or hold, what it is given."""
        name = last_name(call.func)
        return (
            name in _CARRYING
            or name[:1].isupper()
            or any(path.rpartition(".")[2] == name for path in self.ev.frameworks.word("wrappers"))
        )

    # ------------------------------------------------------------------ carriers

    def definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, *, is_maker: bool
    ) -> Iterator[Carrier]:
        """Yield the names by which a function or class is called."""
        scope = self.module.scope_node(node)
        yield Carrier(node.name, scope, is_maker)
        if isinstance(scope, ast.ClassDef):
            yield Carrier(node.name, None, is_maker)

    def given_by(self, statement: ast.AST) -> Iterator[Carrier]:
        """Yield what gives what ``statement`` returns: a call of the function, or a property."""
        function = self.module.enclosing_function(statement)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from self.definition(function, is_maker=True)
            for decorator in function.decorator_list:
                if last_name(decorator) in ("property", "cached_property"):
                    yield Carrier(function.name, None, is_maker=False)

    def stored(self, target: ast.expr, *, is_maker: bool) -> Iterator[Carrier]:
        """Yield what holds a value that is stored in ``target``."""
        for part in ast.walk(target):
            carrier = carrier_of(self.ev, self.module, part, is_maker=is_maker)
            if carrier is None:
                continue
            yield carrier
            if isinstance(carrier.scope, ast.ClassDef):
                yield carrier._replace(scope=None)
            if not isinstance(part, ast.Attribute):
                continue
            holder = carrier_of(self.ev, self.module, part.value)
            if holder is not None:
                yield holder
            owner = self.module.enclosing_class(part)
            if owner is not None:  # its objects hold it
                yield from self.definition(owner, is_maker=True)
                yield Carrier(_RECEIVERS, None, is_maker=False)

    def receivers(self) -> Iterator[Carrier]:
        """Yield what methods call the object they belong to, in classes that are no models."""
        for cls in self.module.classes:
            if class_framework(self.ev, ClassRef(self.module, cls)) is None:
                for item in cls.body:
                    if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
                        for name in list(_names(item.args))[:1]:
                            yield Carrier(name, item, is_maker=False)

    def parameters(self, call: ast.Call, given: ast.AST, *, is_maker: bool) -> Iterator[Carrier]:
        """Yield the parameters in which an argument may land, of the functions of the file."""
        name = last_name(call.func)
        if name in self.functions or name in self.classes:
            yield Carrier(f"{name}{_PARAMETERS}", None, is_maker)
        elif name[:1].isupper():
            yield from self.kept_by(call, is_maker=is_maker)
        if isinstance(given, ast.keyword) and given.arg in self.by_parameter:
            yield Carrier(f"{_KEYWORD}{given.arg}", None, is_maker)

    def behind(self, carrier: Carrier) -> Iterator[Carrier]:
        """Yield what ``carrier`` stands for, if for many."""
        name, is_maker = carrier.name, carrier.is_maker
        if name == _RECEIVERS:
            yield from self.receivers()
        elif name.startswith(_KEYWORD):
            name = name.removeprefix(_KEYWORD)
            for function in self.by_parameter[name]:
                yield Carrier(name, function, is_maker)
        elif name.endswith(_PARAMETERS):
            name = name.removesuffix(_PARAMETERS)
            for function in self.functions.get(name, ()):
                yield from self.taken_by(function, is_maker=is_maker)
            for node in self.classes.get(name, ()):
                for cls in lineage(self.ev, ClassRef(self.module, node)):
                    yield from self.kept_in(cls, is_maker=is_maker)

    def taken_by(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, *, is_maker: bool
    ) -> Iterator[Carrier]:
        """Yield the parameters of a function."""
        for argument in _names(function.args):
            yield Carrier(argument, function, is_maker)

    def kept_in(self, cls: ClassRef, *, is_maker: bool) -> Iterator[Carrier]:
        """Yield under what an object of a class has what it is given, by what ``cls`` says of it.

        Of a class of the file these are the parameters of its constructor, and what it declares; of
        another all the attributes that it sets.
        """
        if cls.module is not self.module:
            for part in ast.walk(cls.node):
                if isinstance(part, ast.AnnAssign):
                    yield Carrier(last_name(part.target), None, is_maker)
                elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    yield Carrier(part.attr, None, is_maker)
            return
        for item in cls.node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                yield from self.taken_by(item, is_maker=is_maker)
            elif isinstance(item, ast.AnnAssign):  # a dataclass
                yield Carrier(last_name(item.target), None, is_maker)

    def kept_by(self, call: ast.Call, *, is_maker: bool) -> Iterator[Carrier]:
        """Yield the attributes in which an object of a class of another file may keep something."""
        for value in self.ev.evaluate(self.module, call.func):
            if isinstance(value.object, ClassRef):
                for cls in lineage(self.ev, value.object):
                    yield from self.kept_in(cls, is_maker=is_maker)


def _names(spec: ast.arguments) -> list[str]:
    return [argument.arg for argument in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def reached(start: Iterable[Carrier], flows: Mapping[Carrier, Iterable[Carrier]]) -> set[Carrier]:
    """Return the carriers that are reached from ``start`` by ``flows``."""
    queue = list(start)
    found = set(queue)
    while queue:
        for further in flows.get(queue.pop(), ()):
            if further not in found:
                found.add(further)
                queue.append(further)
    return found
