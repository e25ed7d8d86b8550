"""Follows an object through all expressions that may be it, and notes what is done with it.

What the object is put into (a trainer, a list, a partial) holds it and is followed with it. The
view ends at every syntax that is not listed here: what may happen behind it is not known.

Within the file whose object it is, every function counts as it stands, for all of its callers. A
function of another file is entered anew for each call, under what it is given there; the steps that
led there are noted with each use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.objects.aliases import Alias, is_model, key_of, objects_at
from bnlint.semantics.objects.decorators import sees_through
from bnlint.semantics.objects.events import CALL, LOOKED_AT, SOME, WHOLE
from bnlint.semantics.objects.flows import scope_of
from bnlint.semantics.objects.holders import is_plain
from bnlint.semantics.objects.parts import targets
from bnlint.semantics.objects.understood import Understanding
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of, has_decorator, merge
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.classes import lineage, method
from bnlint.semantics.values.domain import (
    Arguments,
    Candidate,
    ClassRef,
    Dictionary,
    Evaluate,
    FunctionRef,
    Instance,
    Object,
    Partial,
    Sequence,
    Symbol,
)

#: Methods of containers that neither give out what is in them nor put anything in.
_KEEPS_TO_ITSELF = frozenset({"keys", "index", "count", "clear", "append", "update"})


class Follower(Understanding):
    """Follows the object in the whole file, or in one function that is entered."""

    def run(self) -> None:
        """Note what is done with the object; what holds it may turn up on the way."""
        if self.found.left and self.is_home:
            self.escape("there is too much to follow", self.found.left[0])
        while True:
            new = [
                (node, key in self.trace.made, alias)
                for key in (*self.trace.made, *self.trace.holders)
                for node, alias in self.found.of.get(key, {}).items()
                if (node, key in self.trace.made) not in self.done
            ]
            if not new:
                return
            self.done.update((node, whole) for node, whole, _ in new)
            new.sort(key=lambda entry: _place(entry[0]))
            for node, whole, alias in new:
                if whole:
                    self.whole(node, alias)
                else:
                    self.holder(node, alias)

    # ------------------------------------------------------------------ the object itself

    def whole(self, node: ast.expr, alias: Alias) -> None:
        """Note what is done with the object where ``node`` may be it."""
        parent = self.module.parents[node]
        self.within = alias.within
        if alias.unsure:
            self.escape(f"line {node.lineno} may use another object", node)
        for call in self.givers(node):
            if call not in self.trace.made and call not in self.entered:
                self.entered.add(call)
                self.made_by(call)
        if isinstance(parent, ast.Attribute):
            self.attribute(parent, WHOLE)
        elif isinstance(parent, ast.Call) and parent.func is node:
            self.note(CALL, parent)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            self.part(parent, SOME)
        else:
            self.flow(node, parent)

    # ------------------------------------------------------------------ where it goes

    def flow(self, node: ast.expr, parent: ast.AST) -> None:
        """Follow the object, or what holds it, to where ``parent`` puts it."""
        above = self.module.parents.get(parent)
        whole = self.is_alias(node, whole=True)
        call = above if isinstance(parent, ast.keyword) else parent
        if isinstance(call, ast.Call):
            self.passed(node, call)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            self.stored(parent, node, whole=whole)
        elif isinstance(parent, (ast.Tuple, ast.List)) or (
            isinstance(parent, ast.Dict) and node not in parent.keys
        ):
            self.hold(parent, node)
        elif isinstance(parent, ast.Return):
            self.returned(node, parent)
        elif isinstance(parent, (ast.IfExp, ast.BoolOp)):
            is_test = isinstance(parent, ast.IfExp) and parent.test is node
            if not (is_test or self.is_alias(parent, whole=False) or isinstance(above, ast.Expr)):
                self.hand_on(node)
        elif not isinstance(parent, LOOKED_AT):
            self.hand_on(node)

    def givers(self, node: ast.expr) -> Iterator[ast.Call]:
        """Yield the calls that give ``node``, whole or as one of several things."""
        if isinstance(node, ast.Name):
            scope = scope_of(self.ev, self.module, node)
            bindings = list(scope.bindings.get(node.id, ()))
            if self.module.scope_node(node) is scope.node:
                bindings = [reach.binding for reach in reaching(scope, node.id, node)]
            for binding in bindings:
                if isinstance(binding.value, ast.Call):
                    yield binding.value
        while isinstance(node, ast.Subscript):
            node = node.value
        if isinstance(node, ast.Call):
            yield node

    def hold(self, container: ast.expr, node: ast.expr) -> None:
        """Follow what holds the object: a display, or a call of something that keeps it."""
        if container in self.found.of:
            self.trace.holders.setdefault(container)
        else:
            self.hand_on(node)

    def stored(
        self, statement: ast.Assign | ast.AnnAssign | ast.NamedExpr, node: ast.expr, *, whole: bool
    ) -> None:
        """Follow what is assigned."""
        for target in targets(statement):
            if isinstance(target, ast.Name):
                self.bound(target, node, statement)
            elif isinstance(target, (ast.Tuple, ast.List)) and not whole:
                self.unpacked(target, node, statement)
            elif not self.kept(target):
                self.escape(f"line {node.lineno} stores it", node)

    def unpacked(self, target: ast.expr, node: ast.expr, statement: ast.AST) -> None:
        """Check that what is taken out of a container is found again under its names."""
        for part in ast.walk(target):
            if isinstance(part, ast.Name):
                self.bound(part, node, statement)
            elif isinstance(part, (ast.Attribute, ast.Subscript, ast.Starred)):
                self.escape(f"line {node.lineno} stores it", node)

    def kept(self, target: ast.expr) -> bool:
        """Tell whether the object is put into something that can be followed, and follow that."""
        if isinstance(target, ast.Subscript):
            found = self.values(target.value)
            for value in found:
                if not isinstance(value.object, Dictionary):
                    return False
                if self.is_global(value.module, value.node):
                    return False
                self.trace.holders.setdefault(value.node)
            return True
        if not isinstance(target, ast.Attribute):
            return False
        for value in self.values(target.value):
            made = value.object
            if not isinstance(made, Instance) or not isinstance(made.cls, ClassRef):
                return False
            if not self.keeps(made):
                return False
        self.trace.attributes.add(target.attr)
        return True

    def is_global(self, module: Module, made: ast.AST) -> bool:
        """Tell whether what is made at ``made`` is a global of another file: all may get at it."""
        return module is not self.trace.main and module.enclosing_function(made) is None

    def keeps(self, made: Instance) -> bool:
        """Follow an object of the project that keeps the object; tell whether it can be followed.

        Where it is ``self``, every object of the class may be it, and of the classes derived.
        """
        ev, cls = self.ev, made.cls
        assert isinstance(cls, ClassRef)
        if made.call is not None and self.is_global(made.module, made.call):
            return False
        key = key_of(Candidate(made, self.module, cls.node))
        classes = [
            ClassRef(cls.module, node) for node in cls.module.classes if node is not cls.node
        ]
        derived = [c for c in classes if c.node.bases and cls in lineage(ev, c)]
        if not all(is_plain(ev, one) for one in (cls, *derived)):
            return False
        assert key is not None
        self.trace.holders.setdefault(key)
        for one in (*lineage(ev, cls), *derived):
            self.trace.holders.setdefault(one.node)
            self.trace.known_as.setdefault(one.node.name, False)
        if made.call is None:
            for other in self.found.instances.get(cls.node, ()):
                self.trace.holders.setdefault(other)
        return True

    def returned(self, node: ast.expr, statement: ast.Return) -> None:
        """Follow the object out of a function, to where it is called."""
        function = self.module.enclosing_function(statement)
        if function is self.function:
            return  # what the call gives is an alias where it was entered
        if not isinstance(function, ast.FunctionDef) or not sees_through(
            self.ev, self.module, function
        ):
            self.escape(f"line {node.lineno} returns it", node)
            return
        if has_decorator(function, "property", "cached_property"):
            return
        if has_decorator(function, "cache", "lru_cache"):
            self.escape(f"line {node.lineno} returns it to all who ask", node)
        found = callers(self.ev, self.module, function)
        if not found:
            self.escape(f"line {node.lineno} returns it", node)
        for call, _ in found:
            if not self.is_alias(call, whole=False) and self.may_be_anything(call):
                if not isinstance(self.module.parents[call], ast.Expr):
                    self.escape(f"line {call.lineno} takes it", node)

    # ------------------------------------------------------------------ calls

    def passed(self, node: ast.expr, call: ast.Call) -> None:
        """Follow the object, or what holds it, into a call."""
        whole = self.is_alias(node, whole=True)
        if self.is_inspected(call):
            return
        for callee in self.values(call.func):
            found = callee.object
            if isinstance(found, Symbol) and self.understood(found.path, call, whole=whole):
                continue
            if isinstance(found, FunctionRef) and not isinstance(found.node, ast.Lambda):
                if self.is_in_view(found):
                    if self.is_given(found, call, node):
                        continue
                if callee.presumed and not self.is_home:
                    pass
                elif found.receiver is None or found.receiver.call is not None or self.chain:
                    if self.enter_given(found, call, node):
                        continue
            if isinstance(found, ClassRef) and not callee.presumed:
                if self.construct(found, call, node):
                    continue
            name = ast.unparse(call.func)
            outside = name if whole and self.is_outside(call, callee) else ""
            self.escape(f"line {node.lineno} passes it to {name}()", node, outside)

    def construct(self, cls: ClassRef, call: ast.Call, node: ast.expr) -> bool:
        """Follow what a class of the project makes of the object; tell whether that can be done."""
        made = Instance(cls, self.module, call, self.env)
        if not self.keeps(made):
            return False
        found = method(self.ev, cls, "__init__")
        if found is None:
            self.trace.attributes.update(_fields(self.ev, cls))
            return has_decorator(cls.node, "dataclass")
        init = FunctionRef(found[0].module, found[1], made)
        if self.is_in_view(init) and self.is_given(init, call, node):
            return True
        return self.enter_given(init, call, node)

    # ------------------------------------------------------------------ what holds it

    def holder(self, node: ast.expr, alias: Alias) -> None:
        """Note what is done with what holds the object where ``node`` may be that."""
        parent = self.module.parents[node]
        self.within = False
        if isinstance(parent, ast.Attribute):
            self.of_holder(parent, alias)
        elif isinstance(parent, ast.Call) and parent.func is node:
            self.called(parent, alias)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            if isinstance(parent.ctx, ast.Load) and self.may_be_anything(parent):
                self.escape(f"line {node.lineno} takes something out of what holds it", node)
        elif isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node:
            if not isinstance(alias.value.object, Sequence) or alias.value.object.open:
                self.escape(f"line {node.lineno} goes through what holds it", node)
            else:
                self.unpacked(parent.target, node, self.loop(parent))
        else:
            self.flow(node, parent)

    def of_holder(self, attribute: ast.Attribute, alias: Alias) -> None:
        """Note what is done with an attribute of what holds the object."""
        name, parent = attribute.attr, self.module.parents[attribute]
        made = alias.value.object
        call = parent if isinstance(parent, ast.Call) and parent.func is attribute else None
        if not isinstance(attribute.ctx, ast.Load):
            if name in self.trace.attributes and not self.is_put_back(attribute, made):
                self.escape(f"self.{name} may hold another object", attribute)
            return
        if not isinstance(made, Instance):
            keeps = name in _KEEPS_TO_ITSELF
            if call is None or not (keeps or not self.may_be_anything(call)):
                self.escape(f"line {attribute.lineno} takes {name} of what holds it", attribute)
            return
        if not isinstance(made.cls, ClassRef):
            if self.may_be_anything(attribute):
                self.escape(f"line {attribute.lineno} takes {name} of what holds it", attribute)
            return
        found = method(self.ev, made.cls, name)
        if found is None:
            if name.startswith("__") or (
                name in self.trace.attributes and self.may_be_anything(attribute)
            ):
                self.escape(f"line {attribute.lineno} takes {name} of what holds it", attribute)
            return
        if has_decorator(found[1], "staticmethod", "classmethod"):
            return
        function = FunctionRef(found[0].module, found[1], made)
        if has_decorator(found[1], "property", "cached_property"):
            if not self.is_in_view(function):
                self.enter(function, attribute, Arguments((), {}))
        elif call is not None:
            if not self.is_in_view(function):
                self.enter(function, call, arguments_of(self.ev, self.module, call, self.env))
        else:
            self.escape(f"line {attribute.lineno} hands on {name}() of what holds it", attribute)

    def is_put_back(self, target: ast.Attribute, holder: Object) -> bool:
        """Tell whether what is stored is the object itself, no model, or another that is known."""
        statement = self.module.parents[target]
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return False
        if isinstance(value, ast.Constant) or self.is_alias(value, whole=True):
            return True
        is_own = getattr(getattr(holder, "cls", None), "module", None) is self.module
        others = objects_at(self.ev, self.module, value, self.env)
        return self.is_home and is_own and all(is_model(self.ev, other) for other in others)

    def called(self, call: ast.Call, alias: Alias) -> None:
        """Note what happens where what holds the object is called."""
        made = alias.value.object
        if isinstance(made, Partial):
            if isinstance(made.target.object, FunctionRef):
                own = arguments_of(self.ev, self.module, call, self.env)
                self.enter(made.target.object, call, merge(made.arguments, own))
            else:
                self.escape(f"line {call.lineno} calls what holds it", call)
            return
        cls = getattr(made, "cls", None)
        if isinstance(cls, ClassRef) and isinstance(made, Instance):
            found = method(self.ev, cls, "__call__")
            if found is not None:
                function = FunctionRef(found[0].module, found[1], made)
                if not self.is_in_view(function):
                    own = arguments_of(self.ev, self.module, call, self.env)
                    self.enter(function, call, own)
                return
        self.escape(f"line {call.lineno} calls what holds it", call)


def _place(node: ast.expr) -> tuple[int | None, ...]:
    """Return a key that sorts expressions by where they begin, then those inside others first."""
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _fields(ev: Evaluate, cls: ClassRef) -> Iterator[str]:
    """Yield the names of the fields of a dataclass."""
    for ancestor in lineage(ev, cls):
        for statement in ancestor.node.body:
            if isinstance(statement, ast.AnnAssign):
                yield last_name(statement.target)
