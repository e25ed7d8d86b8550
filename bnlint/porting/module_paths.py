"""What a framework calls the layers that a call makes, so that other tools can join on the names.

PyTorch, Paddle and MindSpore call a layer by the attributes and containers it is held in
(``layer1.0.bn1``), Keras by the name that it is given. A call may make many layers; ``*`` in a name
stands for what is not known of it, or differs from one to the other, dots included.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from bnlint.engine.facts import Facts
from bnlint.porting.totals import is_for_scripts
from bnlint.semantics.layers.parts import named
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import ClassRef, Constant, FunctionRef, Symbol

#: What stands for a part of a name that is not known.
ANY = "*"

#: More names than these are given as one, and no more holders than these lie above one another.
_MAX_NAMES, _MAX_DEPTH = 64, 40

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)

Paths = frozenset[str]
_NOWHERE: Paths = frozenset()
_TOP: Paths = frozenset({""})
_UNKNOWN: Paths = frozenset({ANY})


class ModulePaths:
    """The names of layers of one side of a comparison, whose files hold one another's classes."""

    def __init__(self, side: Sequence[Facts], part: str = "") -> None:
        self._side = {facts.module.path: facts for facts in side}
        tops = (named(facts.module, part) for facts in side) if part else ()
        self._top = next((top for top in tops if top is not None), None)
        self._active: set[ast.AST] = set()
        self._known: dict[ast.AST, Paths] = {}

    def of(self, site: Site) -> tuple[str, ...]:
        """Return the names of what ``site`` makes; nothing if its framework has no such names."""
        facts = self._side.get(site.module.path)
        kind = site.api.framework.names
        if facts is None or site.api.kind == "functional":
            return ()
        if kind == "layers":
            return tuple(sorted(_given_names(facts, site)))
        if kind != "attributes":
            return ()
        found = self._made(site.module, site.call, 0) or _TOP
        return tuple(sorted({_shortened(path) for path in found}))[:_MAX_NAMES]

    # ------------------------------------------------------------------ what a module is held by

    def _made(self, module: Module, node: ast.AST, depth: int) -> Paths:
        """Return the names of the module that ``node`` makes or is; nothing if none holds it."""
        if depth > _MAX_DEPTH:
            return _UNKNOWN
        if node in self._active:
            return _NOWHERE
        self._active.add(node)
        try:
            return self._held(module, node, module.parents[node], depth + 1)
        finally:
            self._active.discard(node)

    def _held(self, module: Module, node: ast.AST, parent: ast.AST, depth: int) -> Paths:
        if isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is node:
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return _union(self._bound(module, target, depth) for target in targets)
        if isinstance(parent, (ast.IfExp, ast.BoolOp, ast.NamedExpr)):
            return self._made(module, parent, depth)
        if isinstance(parent, ast.keyword):
            return self._given(module, node, module.parents[parent], depth)
        if isinstance(parent, ast.Call):
            return _NOWHERE if parent.func is node else self._given(module, node, parent, depth)
        if isinstance(parent, ast.Attribute):
            call = module.parents[parent]
            if isinstance(call, ast.Call) and self._means(module, "keeps", parent.attr):
                return self._made(module, call, depth)
            return _NOWHERE
        if isinstance(parent, ast.Return):
            return _union(self._made(*use, depth) or _TOP for use in self._calls(module, parent))
        if isinstance(parent, (ast.ListComp, ast.GeneratorExp)) and parent.elt is node:
            return self._in(module, parent, ANY, depth)
        if isinstance(parent, ast.DictComp) and parent.value is node:
            return self._in(module, parent, ANY, depth)
        if isinstance(parent, ast.Dict):
            return self._in(module, parent, _text(parent.keys[parent.values.index(node)]), depth)  # type: ignore[arg-type]
        if isinstance(parent, (ast.List, ast.Tuple)):
            return self._item(module, node, parent, depth)
        return _NOWHERE if isinstance(parent, ast.Expr) else _UNKNOWN

    def _item(
        self, module: Module, node: ast.AST, display: ast.List | ast.Tuple, depth: int
    ) -> Paths:
        """Return the names of an element of a list: by its place, or by the name beside it."""
        position = display.elts.index(node)  # type: ignore[arg-type]
        around = module.parents[display]
        if isinstance(display, ast.Tuple) and len(display.elts) == 2 and position == 1:
            name = _text(display.elts[0])
            if isinstance(around, (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)):
                return self._in(module, around, name, depth)
            if isinstance(around, ast.Call) and last_name(around.func) in _APPENDS:
                return self._in(module, around.args[-1], name, depth, around)
        is_open = any(isinstance(item, ast.Starred) for item in display.elts[:position])
        return self._in(module, display, ANY if is_open else str(position), depth)

    def _in(
        self, module: Module, node: ast.AST, part: str, depth: int, appended: ast.Call | None = None
    ) -> Paths:
        """Return the names of what is in the list or dictionary ``node``, there called ``part``.

        ``appended`` is the call that puts it into one instead.
        """
        if depth > _MAX_DEPTH or node in self._active:
            return _UNKNOWN if depth > _MAX_DEPTH else _NOWHERE
        self._active.add(node)
        depth += 1
        try:
            if appended is not None:
                return self._container(module, appended, part, depth)
            parent = module.parents[node]
            if isinstance(parent, ast.Starred):
                call = module.parents[parent]
                if not isinstance(call, ast.Call):
                    return _UNKNOWN
                alone = call.args == [parent] and part.isdigit()
                return self._inside(module, call, part if alone else ANY, depth)
            if isinstance(parent, ast.Call) and parent.func is not node:
                if last_name(parent.func) in _EXTENDS and isinstance(parent.func, ast.Attribute):
                    return self._container(module, parent, ANY, depth)
                if last_name(parent.func) in _COLLECTIONS:
                    return self._in(module, parent, part, depth)
                return self._inside(module, parent, part, depth)
            if isinstance(parent, (ast.Assign, ast.AnnAssign)):
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                part = part if not part.isdigit() else ANY
                return _union(
                    self._in(module, use, part, depth)
                    for target in targets
                    if isinstance(target, ast.Name)
                    for use in _uses(module, target)
                )
            if isinstance(parent, ast.AugAssign) and isinstance(parent.target, ast.Name):
                uses = _uses(module, parent.target)
                return _union(self._in(module, use, ANY, depth) for use in uses)
            if isinstance(parent, (ast.BinOp, ast.IfExp)):
                return self._in(module, parent, ANY, depth)
            if isinstance(parent, ast.Return):
                calls = self._calls(module, parent)
                return _union(self._in(*use, part, depth) for use in calls)
            return _NOWHERE if isinstance(parent, (ast.Expr, ast.Attribute)) else _UNKNOWN
        finally:
            self._active.discard(node)

    def _inside(self, module: Module, call: ast.Call, part: str, depth: int) -> Paths:
        """Return the names of ``part`` of the container that ``call`` makes."""
        for value in self._values(module, call.func):
            is_container = isinstance(value, Symbol) and any(
                self._means(module, word, value.path) for word in ("sequential", "layer_lists")
            )
            if is_container or isinstance(value, ClassRef):
                above = self._made(module, call, depth) or _TOP
                return _join(above, part if is_container else ANY)
        return _UNKNOWN

    def _container(self, module: Module, call: ast.Call, part: str, depth: int) -> Paths:
        """Return the names of what ``call`` puts into a list or container: ``layers.append(x)``."""
        assert isinstance(call.func, ast.Attribute)
        holder = call.func.value
        if isinstance(holder, ast.Attribute):  # self.layers.append(...)
            return _join(self._bound(module, holder, depth), part)
        if not isinstance(holder, ast.Name):
            return _UNKNOWN
        if holder.id == _receiver(module, call):  # self.add_module(...)
            return _join(self._class(module, module.enclosing_class(call), depth), part)
        made = list(_bindings(module, holder))
        if any(isinstance(value, ast.Call) for value in made):
            above = _union(
                self._made(module, value, depth) or _TOP
                for value in made
                if isinstance(value, ast.Call)
            )
            return _join(above, part)
        return _union(self._in(module, use, part, depth) for use in _uses(module, holder))

    def _given(self, module: Module, node: ast.AST, call: ast.AST, depth: int) -> Paths:
        """Return the names of what is an argument of ``call``."""
        assert isinstance(call, ast.Call)
        name = last_name(call.func)
        if isinstance(call.func, ast.Attribute) and name in (*_APPENDS, *_ADDS):
            first = call.args[0] if name in _ADDS and len(call.args) > 1 else None
            return self._container(module, call, _text(first), depth)
        if name == "setattr" and len(call.args) == 3 and call.args[2] is node:
            target = ast.Attribute(call.args[0], _text(call.args[1]), ast.Store())
            return self._attribute(module, target, call, depth)
        for value in self._values(module, call.func):
            if isinstance(value, Symbol) and self._means(module, "sequential", value.path):
                before = call.args[: call.args.index(node)] if node in call.args else [node]
                is_open = any(isinstance(a, ast.Starred) for a in before) or node not in call.args
                part = ANY if is_open else str(len(before))
                return _join(self._made(module, call, depth) or _TOP, part)
            if isinstance(value, ClassRef):
                return self._stored(module, node, call, value, depth)
        return _NOWHERE if isinstance(module.parents[call], ast.Expr) else _UNKNOWN

    def _stored(
        self, module: Module, node: ast.AST, call: ast.Call, cls: ClassRef, depth: int
    ) -> Paths:
        """Return the names of an argument of a class, which keeps it in an attribute."""
        above = self._made(module, call, depth) or _TOP
        for ancestor in lineage(self._evaluator(module), cls):
            init = next(
                (n for n in ancestor.node.body if getattr(n, "name", "") == "__init__"), None
            )
            if not isinstance(init, _Function):
                continue
            parameter = _parameter(init, node, call)
            for store in ancestor.module.stores:
                statement = ancestor.module.statement(store)
                if (
                    ancestor.module.enclosing_class(store) is ancestor.node
                    and isinstance(statement, ast.Assign)
                    and isinstance(statement.value, ast.Name)
                    and statement.value.id == parameter
                ):
                    return _join(above, store.attr)
            break
        return _join(above, ANY)

    def _bound(self, module: Module, target: ast.AST, depth: int) -> Paths:
        """Return the names of what is assigned to ``target``."""
        if isinstance(target, ast.Subscript):
            if isinstance(target.value, ast.Attribute):
                return _join(self._bound(module, target.value, depth), _text(target.slice))
            if isinstance(target.value, ast.Name):
                uses = _uses(module, target.value)
                part = _text(target.slice)
                return _union(self._in(module, use, part, depth) for use in uses)
        if isinstance(target, ast.Attribute):
            return self._attribute(module, target, target, depth)
        if isinstance(target, ast.Name):
            return _union(self._made(module, use, depth) for use in _uses(module, target))
        return _UNKNOWN

    def _attribute(self, module: Module, target: ast.Attribute, at: ast.AST, depth: int) -> Paths:
        """Return the names of what an attribute holds that is set at ``at``."""
        if not isinstance(target.value, ast.Name):
            return _UNKNOWN
        if target.value.id != _receiver(module, at):
            return _NOWHERE
        return _join(self._class(module, module.enclosing_class(at), depth), target.attr)

    def _class(self, module: Module, cls: ast.ClassDef | None, depth: int) -> Paths:
        """Return the names of the models of a class of the file; empty for the whole model."""
        if cls is None:
            return _UNKNOWN
        if cls is self._top:
            return _TOP
        if cls not in self._known:
            if cls in self._active:
                return _UNKNOWN
            self._active.add(cls)
            made = self._instances.get((module.path, cls.lineno), ())
            inner = [use for use in made if not any(map(is_for_scripts, use[0].ancestors(use[1])))]
            self._known[cls] = _union(self._made(*use, depth) or _TOP for use in inner) or _TOP
            self._active.discard(cls)
        return self._known[cls]

    # ------------------------------------------------------------------ where things are used

    @cached_property
    def _instances(self) -> dict[tuple[str, int], list[tuple[Module, ast.Call]]]:
        """The calls that make objects of each class, or of a class derived from it."""
        found: dict[tuple[str, int], list[tuple[Module, ast.Call]]] = {}
        for facts in self._side.values():
            for call in facts.module.calls:
                for value in self._values(facts.module, call.func):
                    for cls in self._classes(facts, value):
                        uses = found.setdefault((cls.module.path, cls.node.lineno), [])
                        if uses[-1:] != [(facts.module, call)]:
                            uses.append((facts.module, call))
        return found

    def _classes(self, facts: Facts, value: object) -> Iterator[ClassRef]:
        if isinstance(value, ClassRef):
            yield from lineage(facts.project.evaluator, value)

    def _calls(self, module: Module, node: ast.AST) -> list[tuple[Module, ast.Call]]:
        """Return the calls of the function around ``node``."""
        function = module.enclosing_function(node)
        if not isinstance(function, _Function):
            return []
        found: list[tuple[Module, ast.Call]] = []
        is_method = isinstance(module.parents[function], ast.ClassDef)
        for facts in self._side.values():
            for call in facts.module.calls_by_name.get(function.name, ()):
                if is_method:
                    is_it = facts.module is module and isinstance(call.func, ast.Attribute)
                else:
                    is_it = any(
                        isinstance(value, FunctionRef) and value.node.lineno == function.lineno
                        for value in self._values(facts.module, call.func)
                    )
                if is_it:
                    found.append((facts.module, call))
        return found

    def _evaluator(self, module: Module):  # type: ignore[no-untyped-def]
        return self._facts(module).project.evaluator

    def _facts(self, module: Module) -> Facts:
        return self._side[module.path]

    def _values(self, module: Module, node: ast.expr) -> list[object]:
        return [value.object for value in self._evaluator(module).evaluate(module, node)]

    def _means(self, module: Module, word: str, path: str) -> bool:
        return self._facts(module).project.frameworks.means(path, word) is not None


#: Methods of lists that take an element or many, and those that take a name and a module.
_APPENDS = ("append", "insert", "appendleft")
_EXTENDS = ("extend",)
_ADDS = ("add_module", "register_module", "add_sublayer", "insert_child_to_cell")
_COLLECTIONS = ("OrderedDict", "dict", "list", "tuple")


def _given_names(facts: Facts, site: Site) -> Iterable[str]:
    """Return the names that a call gives its layers, or what those have by themselves."""
    for keyword in site.call.keywords:
        if keyword.arg == "name":
            values = facts.project.evaluator.evaluate(site.module, keyword.value)
            texts = {v.object.value for v in values if isinstance(v.object, Constant)}
            if len(texts) == len(values) and all(isinstance(t, str) and t for t in texts):
                return {str(text) for text in texts}
            text = _text(keyword.value)
            return {text if text.strip(ANY) else ANY}
        if keyword.arg is None:
            return {ANY}
    name = site.api.id.rpartition(".")[2]
    return {_CAMEL.sub("_", name).lower() + ANY}


def _text(node: ast.AST | None) -> str:
    """Return what is written of a text, with ``*`` for the rest."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return _squeezed("".join(_text(part) for part in node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _squeezed(_text(node.left) + _text(node.right))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _squeezed(re.sub(r"%\w*[a-z]", ANY, _text(node.left)))
    if isinstance(node, ast.Call) and last_name(node.func) == "format":
        assert isinstance(node.func, ast.Attribute)
        return _squeezed(re.sub(r"\{[^}]*\}", ANY, _text(node.func.value)))
    return ANY


def _squeezed(text: str) -> str:
    return re.sub(r"\*+", ANY, text)


def _shortened(path: str) -> str:
    """Return a name with one star where several stood side by side."""
    return re.sub(r"\*(?:\.\*)+", ANY, path)


def _join(above: Paths, part: str) -> Paths:
    joined = frozenset(f"{path}.{part}" if path else part for path in above)
    return joined if len(joined) <= _MAX_NAMES else frozenset({f"{ANY}.{part}"})


def _union(found: Iterable[Paths]) -> Paths:
    return frozenset().union(*found)


def _receiver(module: Module, node: ast.AST) -> str:
    """Return what the method around ``node`` calls its object."""
    function = module.enclosing_function(node)
    while function is not None and not isinstance(module.parents[function], ast.ClassDef):
        function = module.enclosing_function(function)
    arguments = function.args if function is not None else None
    first = [*arguments.posonlyargs, *arguments.args][:1] if arguments is not None else []
    return first[0].arg if first else ""


def _uses(module: Module, name: ast.Name) -> Iterator[ast.Name]:
    """Yield where a variable is read, in the function around ``name``."""
    scope = module.scope_node(name)
    for use in module.uses.of(name.id):
        if isinstance(use, ast.Name) and isinstance(use.ctx, ast.Load):
            if scope in (module.scope_node(use), *module.ancestors(use)):
                yield use


def _bindings(module: Module, name: ast.Name) -> Iterator[ast.expr]:
    """Yield what is assigned to a variable in the function around ``name``."""
    scope = module.scope_node(name)
    for use in module.uses.of(name.id):
        statement = module.parents[use]
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            if statement.value is not use and module.scope_node(use) is scope:
                yield statement.value


def _parameter(
    init: ast.FunctionDef | ast.AsyncFunctionDef, node: ast.AST, call: ast.Call
) -> str | None:
    """Return the parameter of a constructor that ``node`` is given for."""
    for keyword in call.keywords:
        if keyword.value is node:
            return keyword.arg
    before = call.args[: call.args.index(node)] if node in call.args else []
    if node not in call.args or any(isinstance(a, ast.Starred) for a in before):
        return None
    positional = [*init.args.posonlyargs, *init.args.args][1:]
    return positional[len(before)].arg if len(before) < len(positional) else None
