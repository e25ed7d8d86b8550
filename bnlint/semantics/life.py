"""The life of an object in one file: everything that is done with it from where it is made.

A mode rule may speak only where the whole life is in view. A life is in view if every use of the
object, of the variables that hold it, of the parameters it is passed to and of the functions that
return it is of a kind that is understood; one use that is not (stored in a container, passed to
code elsewhere) ends the view.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.calling import arguments_of, bind, is_method
from bnlint.semantics.flow import reaching
from bnlint.semantics.module import Module
from bnlint.semantics.objects import Candidates, Evaluate, FunctionRef, Symbol
from bnlint.semantics.parameters import callers
from bnlint.semantics.scopes import Binding
from bnlint.typed import NamedTuple

CALL, METHOD, PART, READ, WRITE, WRAP, EXPORT, ESCAPE = (
    "call", "method", "part", "read", "write", "wrap", "export", "escape",
)  # fmt: skip

#: What is followed: the object, a part of it (``model.layer1``), or what a method of it gave,
#: which is followed only to see what is called on it.
_WHOLE, _PART, _RESULT = "whole", "part", "result"

_MAX_FOLLOWED = 24

#: Files through which an object is handed on at most.
_MAX_FILES = 3

#: Nodes that only look at an object.
_LOOKED_AT = (
    ast.Expr, ast.Compare, ast.Assert, ast.Delete, ast.FormattedValue, ast.If, ast.While,
    ast.UnaryOp,
)  # fmt: skip

#: Builtins that look at an object and change nothing.
_HARMLESS = frozenset(
    {"print", "len", "type", "id", "repr", "str", "isinstance", "hasattr", "dir", "int", "float"}
)

#: Vocabulary words for what takes parts of one model and makes another of them.
_COMBINES = ("sequential", "layer_lists", "functional_models", "modules")


class Use(NamedTuple):
    """One thing done with an object.

    ``kind`` is ``call`` (``model(x)``), ``method`` (``model.name(...)``), ``part`` (attribute or
    method ``name`` of a part of it), ``read`` and ``write`` (an attribute ``name``), ``wrap``
    (given to the wrapper whose import path is ``name``), ``export`` (given to the exporter whose
    import path is ``name``) or ``escape``. ``node`` is the call, attribute or expression.
    """

    kind: str
    node: ast.expr
    name: str = ""


class Life(NamedTuple):
    """The uses of an object in source order, and why some may be missing (empty: none are)."""

    uses: tuple[Use, ...]
    escapes: str = ""

    def methods(self, *names: str) -> Iterator[Use]:
        """Yield the calls of methods called one of ``names``."""
        for use in self.uses:
            if use.kind == METHOD and use.name in names:
                yield use


def life_of(ev: Evaluate, module: Module, made: ast.Call) -> Life:
    """Return the life of the object that the call ``made`` makes."""
    key = ("life", made)
    if key not in ev.kept:
        follower = _Follower(ev, module)
        follower.use(made, _WHOLE)
        follower.follow_variables()
        uses = sorted(follower.uses, key=lambda use: (use.node.lineno, use.node.col_offset))
        ev.kept[key] = Life(tuple(uses), follower.escapes)
    found: Life = ev.kept[key]
    return found


class _Variable(NamedTuple):
    """A name in a scope that holds the object, or what comes of it."""

    name: str
    scope: ast.AST
    what: str


class _Follower:
    def __init__(self, ev: Evaluate, module: Module) -> None:
        self.ev = ev
        self.module = module
        self.uses: list[Use] = []
        self.escapes = ""
        self.holders: dict[_Variable, list[Binding]] = {}
        self.done: set[tuple[ast.AST, str]] = set()
        self.returned_by: set[ast.AST] = set()
        self.depth = 0
        self.switches = {
            method
            for framework in ev.frameworks.frameworks.values()
            for method, _ in (*framework.modes.to_inference, *framework.modes.to_training)
        }

    def escape(self, why: str, node: ast.expr) -> None:
        self.escapes = self.escapes or why
        self.uses.append(Use(ESCAPE, node, why))

    # ------------------------------------------------------------------ variables

    def hold(self, name: str, target: ast.AST, statement: ast.AST, what: str) -> None:
        """Note that ``statement`` binds ``name``, as written at ``target``, to the object."""
        owner = self.owner(name, target) or self.module.tree
        bindings = self.ev.scope(self.module, owner).bindings.get(name, ())
        held = self.holders.setdefault(_Variable(name, owner, what), [])
        held += [b for b in bindings if b.statement is statement and b not in held]
        if isinstance(owner, ast.Module) and what == _WHOLE and self.is_exported(name):
            self.escapes = self.escapes or f"{name} is exported"

    def follow_variables(self) -> None:
        """Note the uses of all variables that hold the object; new ones may turn up on the way."""
        found = True
        while found:
            found = False
            if len(self.holders) > _MAX_FOLLOWED:
                self.escapes = self.escapes or "it is passed around too much to follow"
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

    def holds(self, variable: _Variable, node: ast.expr) -> bool:
        """Tell whether ``node`` is the variable, where it may hold the object."""
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            return False
        if self.owner(variable.name, node) is not variable.scope:
            return False
        held = self.holders[variable]
        return not held or any(binding in held for binding in self.reaching(variable, node))

    def may_be_another(self, variable: _Variable, node: ast.expr) -> bool:
        """Tell whether another object may stand in the variable where it is used."""
        held = self.holders[variable]
        others = [b for b in self.reaching(variable, node) if b not in held]
        return not all(
            b.kind == "assign" and isinstance(b.value, ast.Constant) and b.value.value is None
            for b in others
        )

    def is_rebound_further_in(self, variable: _Variable) -> bool:
        """Tell whether a function binds the variable by way of ``global`` or ``nonlocal``."""
        return any(
            isinstance(node, ast.Name)
            and not isinstance(node.ctx, ast.Load)
            and variable.name in self.ev.scope(self.module, self.module.scope_node(node)).outer
            for node in self.module.uses.of(variable.name)
        )

    def reaching(self, variable: _Variable, node: ast.AST) -> list[Binding]:
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
        return any(
            isinstance(node, ast.Constant) and node.value == name
            for statement in self.module.tree.body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id == "__all__"
            for node in ast.walk(statement.value)
        )

    # ------------------------------------------------------------------ uses

    def use(self, node: ast.expr, what: str) -> None:
        """Note what is done with the value of ``node``."""
        parent = self.module.parents[node]
        if isinstance(parent, ast.Attribute):
            self.attribute(parent, what)
        elif isinstance(parent, ast.Call) and parent.func is node:
            if what == _WHOLE:
                self.uses.append(Use(CALL, parent))
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            self.use(parent, _RESULT if what == _RESULT else _PART)
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            self.assigned(parent, node, what)
        elif isinstance(parent, (ast.For, ast.comprehension)) and what != _WHOLE:
            self.looped(parent, node, what)
        elif what == _RESULT:
            return
        elif isinstance(parent, ast.Call):
            self.passed(node, parent, what)
        elif isinstance(parent, ast.keyword):
            call = self.module.parents[parent]
            if isinstance(call, ast.Call):
                self.passed(node, call, what)
        elif isinstance(parent, ast.Return) and what == _WHOLE:
            self.returned(parent, node)
        elif isinstance(parent, (ast.IfExp, ast.BoolOp)) and isinstance(
            self.module.parents[parent], ast.Expr
        ):
            return  # model.train() if training else model.eval()
        elif not isinstance(parent, (*_LOOKED_AT, *((ast.BinOp,) if what == _PART else ()))):
            self.escape(f"line {node.lineno} hands it on", node)

    def attribute(self, attribute: ast.Attribute, what: str) -> None:
        name = attribute.attr
        parent = self.module.parents[attribute]
        words = self.ev.frameworks.word
        if not isinstance(attribute.ctx, ast.Load):
            self.uses.append(Use(WRITE, attribute, name))
        elif isinstance(parent, ast.Call) and parent.func is attribute:
            self.uses.append(Use(METHOD if what == _WHOLE else PART, parent, name))
            if name in words("keeps") or name in self.switches:
                self.use(parent, what)  # model.to(device) is the model
            elif name not in words("weights_attributes"):
                self.use(parent, _RESULT)
        else:
            self.uses.append(Use(READ if what == _WHOLE else PART, attribute, name))
            if name not in words("weights_attributes"):
                self.use(attribute, _RESULT if what == _RESULT else _PART)

    def assigned(self, statement: ast.AST, node: ast.expr, what: str) -> None:
        targets = getattr(statement, "targets", None) or [statement.target]  # type: ignore[attr-defined]
        if isinstance(statement, ast.NamedExpr):
            self.use(statement, what)
        for target in targets:
            if isinstance(target, ast.Name):
                self.hold(target.id, target, self.module.statement(statement), what)
            elif what != _RESULT:
                self.escape(f"line {node.lineno} stores it", node)

    def looped(self, loop: ast.For | ast.comprehension, node: ast.expr, what: str) -> None:
        if loop.iter is not node:
            return
        statement: ast.AST = loop
        if isinstance(loop, ast.comprehension):
            statement = self.module.parents[loop]
        for target in ast.walk(loop.target):
            if isinstance(target, ast.Name):
                self.hold(target.id, target, statement, what)

    def returned(self, statement: ast.Return, node: ast.expr) -> None:
        """Follow the object out of a function of the file, to where it is called."""
        function = self.module.enclosing_function(statement)
        if (
            not isinstance(function, ast.FunctionDef)
            or is_method(self.module, function)
            or not self.sees_through(function)
        ):
            self.escape(f"line {node.lineno} returns it", node)
        elif function not in self.returned_by:
            self.returned_by.add(function)
            found = callers(self.ev, self.module, function)
            if not found:
                self.escape(f"line {node.lineno} returns it", node)
            for call, _ in found:
                self.use(call, _WHOLE)

    # ------------------------------------------------------------------ arguments

    def passed(self, node: ast.expr, call: ast.Call, what: str) -> None:
        """Follow the object into a call: a wrapper, a function of the file, or out of view."""
        for callee in self.ev.evaluate(self.module, call.func):
            found = callee.object
            if isinstance(found, Symbol) and self.understood(found.path, call, what):
                continue
            if isinstance(found, FunctionRef):
                if found.module is self.module:
                    self.into(found, call, node, what)
                    continue
                if self.is_left_alone_by(found, call, node, what):
                    continue
            self.escape(f"line {node.lineno} passes it to {ast.unparse(call.func)}()", node)

    def understood(self, path: str, call: ast.Call, what: str) -> bool:
        """Note what is done by something outside the file, if it is known to switch nothing."""
        frameworks = self.ev.frameworks
        if path.startswith("builtins."):
            if path[9:] in _HARMLESS:
                return True
            if what == _PART:  # list(model.layers), enumerate(model.blocks)
                self.use(call, _PART)
            return what == _PART
        if frameworks.means(path, "wrappers"):
            self.uses.append(Use(WRAP, call, path))
            self.use(call, what)
            return True
        if frameworks.means(path, "exporters"):
            self.uses.append(Use(EXPORT if what == _WHOLE else PART, call, path))
            return True
        if frameworks.means(path, "loaders") or frameworks.means(path, "savers"):
            return True
        if frameworks.means(path, "gradients"):
            self.uses.append(Use(CALL, call))
            return True
        if what != _PART or any(frameworks.means(path, word) for word in _COMBINES):
            return False
        return frameworks.has_root(path)  # Linear(model.fc.in_features, 10)

    def into(self, function: FunctionRef, call: ast.Call, node: ast.expr, what: str) -> None:
        definition = function.node
        if isinstance(definition, ast.Lambda) or function.receiver is not None:
            self.escape(f"line {node.lineno} passes it to a method or lambda", node)
            return
        if not self.sees_through(definition):
            self.escape(f"line {node.lineno} passes it to a decorated function", node)
            return
        bound = bind(self.module, definition, arguments_of(self.ev, self.module, call, None), None)
        names = [name for (_, name), argument in bound.items() if argument.node is node]
        if not names:
            self.escape(f"line {node.lineno} passes it on in a container", node)
        for name in names:
            self.hold(name, definition.body[0], definition, what)

    def is_left_alone_by(
        self, function: FunctionRef, call: ast.Call, node: ast.expr, what: str
    ) -> bool:
        """Tell whether a function of another file only looks at the object it is given.

        One that runs it, switches it or keeps it ends the view.
        """
        definition = function.node
        if isinstance(definition, ast.Lambda) or function.receiver is not None:
            return False
        there = _Follower(self.ev, function.module)
        bound = bind(
            function.module, definition, arguments_of(self.ev, self.module, call, None), None
        )
        names = [name for (_, name), argument in bound.items() if argument.node is node]
        if not names or self.depth >= _MAX_FILES or not there.sees_through(definition):
            return False
        there.depth = self.depth + 1
        for name in names:
            there.hold(name, definition.body[0], definition, what)
        there.follow_variables()
        return not there.escapes and all(there.is_look(use) for use in there.uses)

    def is_look(self, use: Use) -> bool:
        """Tell whether a use only looks at the object, or gives it weights."""
        if use.name in self.switches:
            return False
        if use.kind == METHOD:
            words = ("weights_attributes", "load_methods", "keeps")
            return any(use.name in self.ev.frameworks.word(word) for word in words)
        return use.kind in (READ, PART)

    def sees_through(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether the decorators of a function leave modes alone."""
        return all(
            self.leaves_modes(
                self.ev.evaluate(self.module, d.func if isinstance(d, ast.Call) else d)
            )
            for d in function.decorator_list
        )

    def leaves_modes(self, decorator: Candidates) -> bool:
        for candidate in decorator:
            found = candidate.object
            if isinstance(found, Symbol):
                root = found.path.partition(".")[0]
                if root not in _PLAIN_ROOTS and not self.ev.frameworks.has_root(found.path):
                    return False
            elif isinstance(found, FunctionRef):
                if any(
                    isinstance(part, ast.Attribute) and part.attr in self.switches
                    for part in ast.walk(found.node)
                ):
                    return False
            else:
                return False
        return True


#: Packages whose decorators call the function as it is.
_PLAIN_ROOTS = frozenset({"builtins", "contextlib", "functools", "typing"})
