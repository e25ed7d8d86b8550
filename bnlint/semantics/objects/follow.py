"""Follows an object through variables, attributes, functions and files, and notes its uses.

Within the file whose object it is, a function is followed once for all of its calls. A function of
another file and a method are followed anew for each call, since their other callers hand them other
objects; the steps that led there are noted with each use.
"""

from __future__ import annotations

import ast

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.names.scopes import Binding
from bnlint.semantics.objects import holders, passing
from bnlint.semantics.objects.events import (
    CALL,
    ESCAPE,
    LOOKED_AT,
    METHOD,
    PART,
    READ,
    RESULT,
    SOME,
    WHOLE,
    WRITE,
    CallSite,
    Use,
)
from bnlint.semantics.objects.factories import Factory, own_returns, sees_through
from bnlint.semantics.objects.walk import Owner, Variable, Walk, What
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import is_method
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.domain import FunctionRef

_MAX_FOLLOWED = 24

#: Functions that are entered one out of another at most, and those entered in all.
_MAX_STEPS = 6
_MAX_ENTERED = 60


class Follower:
    """Follows the object in one file, or in the one ``function`` that the steps ``via`` lead to."""

    def __init__(
        self,
        walk: Walk,
        module: Module,
        via: tuple[CallSite, ...] = (),
        function: ast.FunctionDef | ast.AsyncFunctionDef | None = None,
        chain: tuple[ast.AST, ...] = (),
    ) -> None:
        self.walk = walk
        self.ev = walk.ev
        self.module = module
        self.via = via
        self.function = function
        self.chain = chain
        self.me: tuple[str, Owner] | None = None
        self.holders: dict[Variable, list[Binding]] = {}
        self.done: set[tuple[ast.AST, What]] = set()
        self.returned_by: set[ast.AST] = set()
        #: The statements that return it out of ``function``, by its position in a tuple.
        self.out: dict[int, set[ast.AST]] = {}

    def start(self, made: ast.Call) -> None:
        """Begin with the object that the call ``made`` gives."""
        self.use(made, WHOLE)

    def start_in(self, factory: Factory, made: ast.expr, position: int) -> None:
        """Begin in the function of another file that makes the object when ``made`` calls it."""
        self.enter_factory(factory, made, position)
        self.came_out(made, position)

    # ------------------------------------------------------------------ notes

    def note(self, kind: str, node: ast.expr, name: str = "") -> None:
        """Note a use."""
        self.walk.uses.append(Use(kind, node, self.module, name, self.via))

    def escape(self, why: str, node: ast.expr) -> None:
        """Note that the view ends at ``node``."""
        if self.via:
            why = f"{why} ({self.module.path})"
        self.walk.escapes = self.walk.escapes or why
        self.note(ESCAPE, node, why)

    # ------------------------------------------------------------------ variables

    def hold(self, name: str, target: ast.AST, statement: ast.AST, what: What) -> None:
        """Note that ``statement`` binds ``name``, as written at ``target``, to the object."""
        owner = self.owner(name, target) or self.module.tree
        bindings = self.ev.scope(self.module, owner).bindings.get(name, ())
        held = self.holders.setdefault(Variable(name, owner, what), [])
        held += [b for b in bindings if b.statement is statement and b not in held]
        if isinstance(owner, ast.Module) and what != SOME and what != RESULT:
            if self.function is not None:  # any function there may take it
                self.walk.escapes = self.walk.escapes or f"{name} is global in {self.module.path}"
            elif self.is_exported(name):
                self.walk.escapes = self.walk.escapes or f"{name} is exported"

    def follow_variables(self) -> None:
        """Note the uses of all variables that hold the object; new ones may turn up on the way."""
        found = True
        while found:
            found = False
            if len(self.holders) > _MAX_FOLLOWED:
                why = "it is passed around too much to follow"
                self.walk.escapes = self.walk.escapes or why
                return
            for variable in list(self.holders):
                for node in self.module.uses.of(variable.name):
                    if (node, variable.what) not in self.done and self.holds(variable, node):
                        self.done.add((node, variable.what))
                        self.use(node, variable.what)
                        found = True
        for variable, held in self.holders.items():
            rebound = bool(held) and self.is_rebound_further_in(variable)
            for node in self.module.uses.of(variable.name):
                if (node, variable.what) not in self.done:
                    continue
                if rebound or self.may_be_another(variable, node):
                    self.escape(f"line {node.lineno} may use another object", node)

    def holds(self, variable: Variable, node: ast.expr) -> bool:
        """Tell whether ``node`` is the variable, where it may hold the object."""
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            return False
        if self.owner(variable.name, node) is not variable.scope:
            return False
        held = self.holders[variable]
        return not held or any(binding in held for binding in self.reaching(variable, node))

    def may_be_another(self, variable: Variable, node: ast.expr) -> bool:
        """Tell whether another object may stand in the variable where it is used."""
        held = self.holders[variable]
        others = [b for b in self.reaching(variable, node) if b not in held]
        return not all(
            b.kind == "assign" and isinstance(b.value, ast.Constant) and b.value.value is None
            for b in others
        )

    def is_rebound_further_in(self, variable: Variable) -> bool:
        """Tell whether a function binds the variable by way of ``global`` or ``nonlocal``."""
        return any(
            isinstance(node, ast.Name)
            and not isinstance(node.ctx, ast.Load)
            and variable.name in self.ev.scope(self.module, self.module.scope_node(node)).outer
            for node in self.module.uses.of(variable.name)
        )

    def reaching(self, variable: Variable, node: ast.AST) -> list[Binding]:
        """Return the bindings of the variable that may hold where ``node`` uses it."""
        scope = self.ev.scope(self.module, variable.scope)
        inner = self.module.scope_node(node)
        while isinstance(inner, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if inner is variable.scope:
                break
            inner = self.module.scope_node(inner)
        if inner is not variable.scope:  # a function further in may run at any time
            return list(scope.bindings.get(variable.name, ()))
        return [reach.binding for reach in reaching(scope, variable.name, node)]

    def owner(self, name: str, node: ast.AST) -> ast.AST | None:
        """Return the scope in which ``name``, used at ``node``, is bound."""
        scope = self.ev.scope(self.module, self.module.scope_node(node))
        nested = False
        while True:
            if name in scope.bindings and not (scope.is_class and nested):
                return scope.node
            if scope.parent is None:
                return None
            scope, nested = scope.parent, True

    def is_exported(self, name: str) -> bool:
        """Tell whether ``__all__`` of the file names the variable."""
        return any(
            isinstance(node, ast.Constant) and node.value == name
            for statement in self.module.tree.body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "__all__"
            for node in ast.walk(statement.value)
        )

    # ------------------------------------------------------------------ uses

    def use(self, node: ast.expr, what: What) -> None:
        """Note what is done with the value of ``node``."""
        parent = self.module.parents[node]
        if isinstance(what, Owner):
            holders.use(self, node, what)
        elif isinstance(parent, ast.Attribute):
            self.attribute(parent, what)
        elif isinstance(parent, ast.Call) and parent.func is node:
            if what == WHOLE:
                self.note(CALL, parent)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            self.use(parent, RESULT if what == RESULT else SOME)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            self.assigned(parent, node, what)
        elif isinstance(parent, (ast.For, ast.comprehension)) and what != WHOLE:
            self.looped(parent, node, what)
        elif what == RESULT:
            return
        elif isinstance(parent, ast.Call):
            passing.passed(self, node, parent, what)
        elif isinstance(parent, ast.keyword):
            call = self.module.parents[parent]
            if isinstance(call, ast.Call):
                passing.passed(self, node, call, what)
        elif self.is_returned(node) and what == WHOLE:
            self.returned(node)
        elif isinstance(parent, (ast.IfExp, ast.BoolOp)) and isinstance(
            self.module.parents[parent], ast.Expr
        ):
            return  # model.train() if training else model.eval()
        elif not isinstance(parent, (*LOOKED_AT, *((ast.BinOp,) if what == SOME else ()))):
            self.escape(f"line {node.lineno} hands it on", node)

    def attribute(self, attribute: ast.Attribute, what: str) -> None:
        """Note what is done with an attribute, or by a method."""
        name = attribute.attr
        parent = self.module.parents[attribute]
        words = self.ev.frameworks.word
        if not isinstance(attribute.ctx, ast.Load):
            self.note(WRITE, attribute, name)
        elif isinstance(parent, ast.Call) and parent.func is attribute:
            self.note(METHOD if what == WHOLE else PART, parent, name)
            if name in words("keeps") or name in self.walk.switches:
                self.use(parent, what)  # model.to(device) is the model
            elif name not in words("weights_attributes"):
                self.use(parent, RESULT)
        else:
            self.note(READ if what == WHOLE else PART, attribute, name)
            if name not in words("weights_attributes"):
                self.use(attribute, RESULT if what == RESULT else SOME)

    def assigned(
        self, statement: ast.Assign | ast.AnnAssign | ast.NamedExpr, node: ast.expr, what: What
    ) -> None:
        """Follow what is assigned."""
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if isinstance(statement, ast.NamedExpr):
            self.use(statement, what)
        for target in targets:
            if isinstance(target, ast.Name):
                self.hold(target.id, target, self.module.statement(statement), what)
            elif what != RESULT and not (what == WHOLE and holders.keeps(self, target)):
                self.escape(f"line {node.lineno} stores it", node)

    def looped(self, loop: ast.For | ast.comprehension, node: ast.expr, what: str) -> None:
        """Follow what a loop runs over."""
        if loop.iter is not node:
            return
        statement: ast.AST = loop
        if isinstance(loop, ast.comprehension):
            statement = self.module.parents[loop]
        for target in ast.walk(loop.target):
            if isinstance(target, ast.Name):
                self.hold(target.id, target, statement, what)

    # ------------------------------------------------------------------ returns

    def is_returned(self, node: ast.expr) -> bool:
        """Tell whether ``node`` is returned, by itself or, to another file, in a tuple."""
        parent = self.module.parents[node]
        if isinstance(parent, ast.Tuple) and self.function is not None:
            parent = self.module.parents[parent]
        return isinstance(parent, ast.Return)

    def returned(self, node: ast.expr) -> None:
        """Follow the object out of a function, to where it is called."""
        statement = self.module.statement(node)
        function = self.module.enclosing_function(node)
        if self.function is not None:
            if function is not self.function:
                self.escape(f"line {node.lineno} returns it", node)
                return
            held = self.module.parents[node]
            position = held.elts.index(node) if isinstance(held, ast.Tuple) else -1
            self.out.setdefault(position, set()).add(statement)
        elif (
            not isinstance(function, ast.FunctionDef)
            or is_method(self.module, function)
            or not sees_through(self.ev, self.module, function)
        ):
            self.escape(f"line {node.lineno} returns it", node)
        elif function not in self.returned_by:
            self.returned_by.add(function)
            found = callers(self.ev, self.module, function)
            if not found:
                self.escape(f"line {node.lineno} returns it", node)
            for call, _ in found:
                self.use(call, WHOLE)

    def came_out(self, node: ast.expr, position: int) -> None:
        """Follow the object that ``node`` gives, as the element at ``position`` if it is one."""
        if position < 0:
            self.use(node, WHOLE)
            return
        parent = self.module.parents[node]
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        if (
            isinstance(target, (ast.Tuple, ast.List))
            and len(target.elts) > position
            and all(isinstance(element, ast.Name) for element in target.elts)
        ):
            name = target.elts[position]
            assert isinstance(name, ast.Name)
            self.hold(name.id, name, parent, WHOLE)
        elif not isinstance(parent, ast.Expr):
            self.escape(f"line {node.lineno} takes it in a tuple", node)

    # ------------------------------------------------------------------ functions

    def enter(
        self,
        function: FunctionRef,
        at: ast.expr,
        names: list[str],
        what: What,
        given: ast.expr | None = None,
        me: tuple[str, Owner] | None = None,
    ) -> None:
        """Follow the object into a function that ``at`` calls, where it is called ``names``.

        ``me`` is the name of the parameter, if any, that is an owner of the object.
        """
        there = self.inside(function, at, given)
        if there is None:
            return
        there.me = me
        body = function.node.body
        assert isinstance(body, list)
        for name in names:
            there.hold(name, body[0], function.node, what)
        there.follow_variables()
        if me is not None:
            there.hold(me[0], body[0], function.node, me[1])
            holders.enter_bases(there)
            there.follow_variables()
        for position, statements in sorted(there.out.items()):
            if statements == set(own_returns(function.module, function.node)):
                self.came_out(at, position)
            else:
                self.escape(f"line {at.lineno} may give it back", at)

    def enter_factory(self, factory: Factory, at: ast.expr, position: int) -> None:
        """Follow the object from where a function makes it to where the function returns it."""
        there = self.inside(factory.function, at, None)
        if there is None:
            return
        for origin in factory.origins(position):
            assert origin.node is not None  # it is no parameter
            if origin.factory is not None:
                there.start_in(origin.factory, origin.node, origin.position)
            else:
                there.use(origin.node, WHOLE)
        there.follow_variables()
        if there.out.keys() - {position}:
            self.escape(f"line {at.lineno} makes it more than once", at)

    def inside(
        self, function: FunctionRef, at: ast.expr, given: ast.expr | None
    ) -> Follower | None:
        """Return a follower for ``function``, called at ``at``; ``None`` where the view ends."""
        node = function.node
        self.walk.entered += 1
        if isinstance(node, ast.Lambda) or not sees_through(self.ev, function.module, node):
            self.escape(f"line {at.lineno} passes it to a decorated function or a lambda", at)
        elif len(self.via) >= _MAX_STEPS or self.walk.entered > _MAX_ENTERED:
            self.walk.escapes = self.walk.escapes or "it is passed on too far to follow"
        elif node in self.chain:
            self.escape(f"line {at.lineno} passes it in a circle", at)
        else:
            via = (*self.via, CallSite(self.module, at, given))
            return Follower(self.walk, function.module, via, node, (*self.chain, node))
        return None
