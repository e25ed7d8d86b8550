"""Follows an object through all expressions that may be it, and notes what is done with it.

What the object is put into (a trainer, a list, a partial) holds it and is followed with it. The
view ends at every syntax that is not listed here: what may happen behind it is not known.

Within the file whose object it is, every function counts as it stands, for all of its callers. A
function of another file is entered anew for each call, under what it is given there; the steps that
led there are noted with each use.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.objects.aliases import (
    Alias,
    Aliases,
    aliases,
    aliases_in,
    is_model,
    key_of,
    objects_at,
)
from bnlint.semantics.objects.carried import made_by_calls
from bnlint.semantics.objects.decorators import sees_through
from bnlint.semantics.objects.events import (
    CALL,
    ESCAPE,
    EXPORT,
    LOOKED_AT,
    METHOD,
    PART,
    READ,
    RESULT,
    SOME,
    WHOLE,
    WRAP,
    WRITE,
    CallSite,
    Use,
)
from bnlint.semantics.objects.flows import Carrier
from bnlint.semantics.objects.holders import is_plain
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import (
    arguments_of,
    bind,
    has_decorator,
    merge,
    parameters_given,
)
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.classes import lineage, method
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    ClassRef,
    Dictionary,
    Env,
    Evaluate,
    FunctionRef,
    Instance,
    Object,
    Partial,
    Sequence,
    Symbol,
    Unknown,
)
from bnlint.semantics.values.modules import class_framework, returns_itself
from bnlint.semantics.values.parameters import parameter_values

#: Functions that are entered one out of another at most, and those entered in all.
_MAX_STEPS = 6
_MAX_ENTERED = 60

#: Steps of the evaluator that are taken for one object.
MAX_WORK = 60_000

#: Builtins that look at an object and change nothing, and those that put it into another.
_LOOK = frozenset(
    {"print", "len", "type", "id", "repr", "str", "isinstance", "hasattr", "dir", "int", "float"}
)
_HOLD = frozenset(
    {
        "builtins.dict", "builtins.list", "builtins.tuple", "functools.partial",
        "types.SimpleNamespace", "argparse.Namespace",
    }
)  # fmt: skip
_COPY = frozenset({"copy.copy", "copy.deepcopy"})

#: Methods of containers that neither give out what is in them nor put anything in.
_KEEPS_TO_ITSELF = frozenset({"keys", "index", "count", "clear", "append", "update", "copy"})

#: Vocabulary words for what takes parts of one model and makes another of them.
_COMBINES = ("sequential", "layer_lists", "functional_models", "modules")

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Trace:
    """What has been found out about one object, which one of the nodes ``made`` makes.

    ``holders`` are the nodes that make what holds it, ``attributes`` the names under which they do.
    ``known_as`` are the names under which other files can get at it.
    """

    def __init__(self, ev: Evaluate, main: Module, made: Collection[ast.AST]) -> None:
        self.ev = ev
        self.main = main
        self.made = frozenset(made)
        self.holders: dict[ast.AST, None] = {}
        self.attributes: set[str] = set()
        self.known_as: dict[str, bool] = {}
        self.uses: list[Use] = []
        self.escapes = ""
        self.entered = 0
        self.itself = returns_itself(ev)
        self.end = ev.steps + MAX_WORK


class Follower:
    """Follows the object in the whole file, or in one function that the steps ``via`` lead to."""

    def __init__(
        self,
        trace: Trace,
        module: Module,
        function: ast.AST | None = None,
        env: Env | None = None,
        via: tuple[CallSite, ...] = (),
        chain: tuple[ast.AST, ...] = (),
        found: Aliases | None = None,
    ) -> None:
        self.trace = trace
        self.ev = trace.ev
        self.module = module
        self.function = function
        self.env = env
        self.via = via
        self.chain = chain
        self.found = found if found is not None else aliases(self.ev, module)
        self.done: set[tuple[ast.expr, bool]] = set()
        self.parts: set[tuple[ast.expr, str]] = set()

    @property
    def is_home(self) -> bool:
        """Tell whether this is the file whose object it is, and no function that was entered."""
        return self.function is None

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

    def is_alias(self, node: ast.AST, *, whole: bool) -> bool:
        """Tell whether ``node`` may be the object, or, unless it is the ``whole``, a holder."""
        keys = self.trace.made if whole else (*self.trace.made, *self.trace.holders)
        return any(node in self.found.of.get(key, ()) for key in keys)

    def values(self, node: ast.expr) -> tuple[Candidate, ...]:
        """Return what ``node`` may be here."""
        return self.ev.evaluate(self.module, node, self.env)

    # ------------------------------------------------------------------ notes

    def note(self, kind: str, node: ast.expr, name: str = "") -> None:
        """Note a use; one in a lambda where the lambda is called."""
        function = self.module.enclosing_function(node)
        calls = list(self.calls_of(function)) if isinstance(function, ast.Lambda) else []
        for via in [(*self.via, CallSite(self.module, call)) for call in calls] or [self.via]:
            self.trace.uses.append(Use(kind, node, self.module, name, via))

    def calls_of(self, function: ast.Lambda) -> Iterator[ast.Call]:
        """Yield the calls of a lambda by the name that it is bound to."""
        statement = self.module.parents[function]
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in targets:
            for use in self.reached(target, statement) if isinstance(target, ast.Name) else ():
                call = self.module.parents[use]
                if isinstance(call, ast.Call) and call.func is use:
                    yield call

    def escape(self, why: str, node: ast.expr) -> None:
        """Note that the view ends at ``node``."""
        if self.via:
            why = f"{why} ({self.module.path})"
        self.trace.escapes = self.trace.escapes or why
        self.note(ESCAPE, node, why)

    def hand_on(self, node: ast.expr) -> None:
        """Note that the view ends where ``node`` is handed on in a way that is not followed."""
        self.escape(f"line {node.lineno} hands it on", node)

    # ------------------------------------------------------------------ the object itself

    def whole(self, node: ast.expr, alias: Alias) -> None:
        """Note what is done with the object where ``node`` may be it."""
        parent = self.module.parents[node]
        if alias.unsure:
            self.escape(f"line {node.lineno} may use another object", node)
        if isinstance(node, ast.Call) and node not in self.trace.made:
            self.made_by(node)
        if isinstance(parent, ast.Attribute):
            self.attribute(parent, WHOLE)
        elif isinstance(parent, ast.Call) and parent.func is node:
            self.note(CALL, parent)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            self.part(parent, SOME)
        else:
            self.flow(node, parent)

    def made_by(self, call: ast.Call) -> None:
        """Enter the function of another file that makes the object and gives it to ``call``."""
        arguments = (*call.args, *(keyword.value for keyword in call.keywords))
        if any(self.is_alias(argument, whole=False) for argument in arguments):
            return  # it is entered where it is passed
        for callee in self.values(call.func):
            found = callee.object
            if isinstance(found, FunctionRef) and not self.is_in_view(found):
                self.enter(found, call, arguments_of(self.ev, self.module, call, self.env))

    def is_in_view(self, function: FunctionRef) -> bool:
        """Tell whether the body of ``function`` is looked at anyway: it stands in the file."""
        if not self.is_home or function.module is not self.module:
            return False
        cls = self.module.enclosing_class(function.node)
        return cls is None or class_framework(self.ev, ClassRef(self.module, cls)) is None

    def attribute(self, attribute: ast.Attribute, what: str) -> None:
        """Note what is done with an attribute, or by a method."""
        name = attribute.attr
        parent = self.module.parents[attribute]
        weights = self.ev.frameworks.word("weights_attributes")
        if not isinstance(attribute.ctx, ast.Load):
            self.note(WRITE, attribute, name)
        elif isinstance(parent, ast.Call) and parent.func is attribute:
            self.note(METHOD if what == WHOLE else PART, parent, name)
            if name in self.trace.itself:
                if what != WHOLE:
                    self.part(parent, what)
                elif not self.is_alias(parent, whole=True):  # a method of its own may give anything
                    self.part(parent, SOME)
            elif name not in weights:
                self.part(parent, RESULT)
        else:
            self.note(READ if what == WHOLE else PART, attribute, name)
            if name not in weights:
                self.part(attribute, RESULT if what == RESULT else SOME)

    # ------------------------------------------------------------------ parts

    def part(self, node: ast.expr, what: str) -> None:
        """Note what is done with a part of the object, or with what a method of it gave."""
        if (node, what) in self.parts:
            return
        self.parts.add((node, what))
        parent = self.module.parents[node]
        if isinstance(parent, ast.Attribute):
            self.attribute(parent, what)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            self.part(parent, what)
        elif isinstance(parent, ast.Call) and parent.func is node:
            return
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in _targets(parent):
                if isinstance(target, ast.Name):
                    self.part_bound(target, parent, what)
                elif what != RESULT:
                    self.escape(f"line {node.lineno} stores it", node)
        elif isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node:
            loop = self.loop(parent)
            for name in ast.walk(parent.target):
                if isinstance(name, ast.Name):
                    self.part_bound(name, loop, what)
        elif what == RESULT:
            return
        elif isinstance(parent, (ast.Call, ast.keyword)):
            above = self.module.parents[parent]
            if isinstance(parent, ast.Call):
                self.part_passed(node, parent, what)
            elif isinstance(above, ast.Call):
                self.part_passed(node, above, what)
        elif not isinstance(parent, (*LOOKED_AT, ast.BinOp)):
            self.hand_on(node)

    def part_bound(self, target: ast.Name, statement: ast.AST, what: str) -> None:
        """Follow a part through the variable that ``statement`` binds it to."""
        for use in self.reached(target, statement):
            self.part(use, what)

    def part_passed(self, node: ast.expr, call: ast.Call, what: str) -> None:
        """Follow a part into a call."""
        frameworks = self.ev.frameworks
        for callee in self.values(call.func):
            found = callee.object
            if isinstance(found, Symbol):
                path = found.path
                if path.startswith("builtins."):
                    if path[9:] not in _LOOK:  # list(model.layers), enumerate(model.blocks)
                        self.part(call, what)
                    continue
                if frameworks.means(path, "wrappers"):
                    self.part(call, what)
                    continue
                if not any(frameworks.means(path, word) for word in _COMBINES):
                    if frameworks.has_root(path):  # Linear(model.fc.in_features, 10)
                        continue
            elif isinstance(found, FunctionRef) and not callee.presumed:
                if self.part_entered(found, call, node, what):
                    continue
            self.escape(f"line {node.lineno} passes it to {ast.unparse(call.func)}()", node)

    def part_entered(
        self, function: FunctionRef, call: ast.Call, node: ast.expr, what: str
    ) -> bool:
        """Follow a part into a function; tell whether that can be done."""
        names = parameters_given(self.ev, self.module, function, call, node)
        if isinstance(function.node, ast.Lambda) or not names:
            return False
        arguments = arguments_of(self.ev, self.module, call, self.env)
        with self.inside(function, call, arguments, node) as there:
            scope = self.ev.scope(function.module, function.node)
            if there is not None:
                for name in names:
                    for use in there.loads(name, scope):
                        bindings = [r.binding for r in reaching(scope, name, use)]
                        if any(binding.kind == "param" for binding in bindings):
                            there.part(use, what)
        return True

    # ------------------------------------------------------------------ names

    def scope_of(self, name: ast.Name) -> Scope:
        """Return the scope in which ``name`` is bound."""
        scope = self.ev.scope(self.module, self.module.scope_node(name))
        while scope.parent is not None and name.id not in scope.bindings:
            scope = scope.parent
        return scope

    def loads(self, name: str, scope: Scope) -> Iterator[ast.Name]:
        """Yield the uses of the variable ``name`` of ``scope``."""
        for use in self.module.uses.of(name):
            if isinstance(use, ast.Name) and isinstance(use.ctx, ast.Load):
                if self.scope_of(use).node is scope.node:
                    yield use

    def loop(self, loop: ast.For | ast.comprehension) -> ast.AST:
        """Return what binds the variables of a loop: the loop, or the comprehension it is in."""
        return self.module.parents[loop] if isinstance(loop, ast.comprehension) else loop

    def reached(self, target: ast.Name, statement: ast.AST) -> Iterator[ast.Name]:
        """Yield the uses of a variable that may see what ``statement`` binds it to."""
        scope = self.scope_of(target)
        held = {statement, self.module.statement(statement)}
        for use in self.loads(target.id, scope):
            inner = self.module.scope_node(use)
            while isinstance(inner, _COMPREHENSIONS) and inner is not scope.node:
                inner = self.module.scope_node(inner)
            bindings = list(scope.bindings.get(target.id, ()))
            if inner is scope.node:  # a function further in may run at any time
                bindings = [reach.binding for reach in reaching(scope, target.id, use)]
            if any(binding.statement in held for binding in bindings):
                yield use

    def bound(self, target: ast.Name, node: ast.expr, statement: ast.AST) -> None:
        """Check that what is bound to a name is found again wherever the name is used."""
        if isinstance(self.scope_of(target).node, ast.Module):
            if not self.is_home:
                self.escape(f"{target.id} is global in {self.module.path}", node)
            elif self.is_exported(target.id):
                self.escape(f"{target.id} is exported", node)
            self.trace.known_as[target.id] = True
        for use in self.reached(target, statement):
            if not self.is_alias(use, whole=False) and self.may_be_anything(use):
                if self.function is None or self.function in self.module.ancestors(use):
                    self.escape(f"line {use.lineno} may use it or another object", use)

    def may_be_anything(self, node: ast.expr) -> bool:
        """Tell whether it is not known what ``node`` is."""
        return any(isinstance(value.object, Unknown) for value in self.values(node))

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

    # ------------------------------------------------------------------ where it goes

    def flow(self, node: ast.expr, parent: ast.AST) -> None:
        """Follow the object, or what holds it, to where ``parent`` puts it."""
        above = self.module.parents.get(parent)
        whole = self.is_alias(node, whole=True)
        if isinstance(parent, ast.Call):
            self.passed(node, parent)
        elif isinstance(parent, ast.keyword) and isinstance(above, ast.Call):
            self.passed(node, above)
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
        for target in _targets(statement):
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
                if not isinstance(value.object, Dictionary) or self.is_global(value.node):
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

    def is_global(self, made: ast.AST) -> bool:
        """Tell whether what is made at ``made`` is a global of another file: all may get at it."""
        if made in self.trace.main.parents or made not in self.module.parents:
            return False
        return self.module.enclosing_function(made) is None

    def keeps(self, made: Instance) -> bool:
        """Follow an object of the project that keeps the object; tell whether it can be followed.

        Where it is ``self``, every object of the class may be it, and of the classes derived.
        """
        ev, cls = self.ev, made.cls
        assert isinstance(cls, ClassRef)
        if made.call is not None and self.is_global(made.call):
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
        if self.function is not None and function is self.function:
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
            self.escape(f"line {node.lineno} passes it to {ast.unparse(call.func)}()", node)

    def is_inspected(self, call: ast.Call) -> bool:
        """Tell whether ``call`` is of a method of an object out of view that only looks."""
        func = call.func
        if not isinstance(func, ast.Attribute):
            return False
        if func.attr not in self.ev.frameworks.word("inspecting_methods"):
            return False
        return all(isinstance(value.object, (Unknown, Symbol)) for value in self.values(func))

    def understood(self, path: str, call: ast.Call, *, whole: bool) -> bool:
        """Note what is done by something outside the project, if it is known to switch nothing."""
        frameworks = self.ev.frameworks
        if path.startswith("builtins.") and path[9:] in _LOOK:
            return True
        if path == "builtins.getattr":
            return not self.may_be_anything(call)
        if path in _COPY:
            return self.is_alias(call, whole=False)
        if path in _HOLD:
            if call in self.found.of:
                self.trace.holders.setdefault(call)
                return True
            return False
        if frameworks.means(path, "savers") or frameworks.means(path, "inspectors"):
            return True
        if not whole:
            return False
        if frameworks.means(path, "wrappers"):
            self.note(WRAP, call, path)
            return self.is_alias(call, whole=True)
        if frameworks.means(path, "exporters"):
            self.note(EXPORT, call, path)
            return True
        if frameworks.means(path, "gradients"):
            self.note(CALL, call)
            return True
        return frameworks.means(path, "loaders") is not None

    def is_given(self, function: FunctionRef, call: ast.Call, node: ast.expr) -> bool:
        """Tell whether a function of the file finds what it is given under its parameters."""
        definition = function.node
        assert not isinstance(definition, ast.Lambda)
        if not sees_through(self.ev, self.module, definition):
            return False
        names = parameters_given(self.ev, self.module, function, call, node)
        spec = definition.args
        by_name = {a.arg: a for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
        wanted = (*self.trace.made, *self.trace.holders)
        if not names:  # f(**settings)
            names = list(by_name)
            return any(self.arrives(definition, by_name[name], wanted) for name in names)
        return all(
            name in by_name and self.arrives(definition, by_name[name], wanted) for name in names
        )

    def arrives(self, function: ast.AST, parameter: ast.arg, wanted: Collection[ast.AST]) -> bool:
        """Tell whether a parameter of a function of the file may be one of ``wanted``."""
        values = parameter_values(self.ev, self.module, function, parameter, None)
        if any(key_of(value) in wanted for value in values):
            return True
        return any(  # a wrapper of it
            isinstance(value.object, Instance)
            and value.object.call is not None
            and any(value.object.call in self.found.of.get(key, ()) for key in self.trace.made)
            for value in values
        )

    def enter_given(self, function: FunctionRef, call: ast.Call, node: ast.expr) -> bool:
        """Enter a function that ``call`` gives the object to; tell whether it takes it."""
        names = parameters_given(self.ev, self.module, function, call, node)
        if not names and not any(
            isinstance(p, ast.keyword) and p.arg is None and p.value is node for p in call.keywords
        ):
            return False
        spec = function.node.args
        if any(a is not None and a.arg in names for a in (spec.vararg, spec.kwarg)):
            return False
        self.enter(function, call, arguments_of(self.ev, self.module, call, self.env), node)
        return True

    def construct(self, cls: ClassRef, call: ast.Call, node: ast.expr) -> bool:
        """Follow what a class of the project makes of the object; tell whether that can be done."""
        made = Instance(cls, self.module, call, self.env)
        if class_framework(self.ev, cls) is not None or not self.keeps(made):
            return False
        found = method(self.ev, cls, "__init__")
        if found is None:
            self.trace.attributes.update(_fields(self.ev, cls))
            return has_decorator(cls.node, "dataclass")
        init = FunctionRef(found[0].module, found[1], made)
        if self.is_in_view(init) and self.is_given(init, call, node):
            return True
        return self.enter_given(init, call, node)

    def enter(
        self,
        function: FunctionRef,
        at: ast.expr,
        arguments: Arguments,
        given: ast.expr | None = None,
    ) -> None:
        """Follow the object in a function that ``at`` calls."""
        with self.inside(function, at, arguments, given) as there:
            if there is not None:
                there.run()

    @contextmanager
    def inside(
        self,
        function: FunctionRef,
        at: ast.expr,
        arguments: Arguments,
        given: ast.expr | None = None,
    ) -> Iterator[Follower | None]:
        """Yield a follower for ``function``, called at ``at``; ``None`` where the view ends."""
        node, trace = function.node, self.trace
        trace.entered += 1
        if isinstance(node, ast.Lambda) or not sees_through(self.ev, function.module, node):
            self.escape(f"line {at.lineno} passes it to a decorated function or a lambda", at)
        elif has_decorator(node, "cache", "lru_cache"):
            self.escape(f"line {at.lineno} is given the same as all who ask", at)
        elif len(self.via) >= _MAX_STEPS or trace.entered > _MAX_ENTERED:
            trace.escapes = trace.escapes or "it is passed on too far to follow"
        elif node in self.chain:
            self.escape(f"line {at.lineno} passes it in a circle", at)
        else:
            outer = function.env if function.env is not None else self.env
            me = None
            if function.receiver is not None:
                me = Candidate(function.receiver, function.module, node)
            bound = bind(function.module, node, arguments, me)
            env = Env(bound, outer, (outer.depth if outer else 0) + 1)
            via = (*self.via, CallSite(self.module, at, given))
            seeds = self.seeds(function.module, node, bound, makes=given is None)
            with self.ev.environments.keeping(env):
                budget = trace.end - self.ev.steps
                found = aliases_in(self.ev, function.module, node, env, seeds, budget)
                if found.left:
                    self.escape(f"line {at.lineno} calls what is too long to follow", at)
                yield Follower(trace, function.module, node, env, via, (*self.chain, node), found)
            return
        yield None

    def seeds(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        bound: Mapping[tuple[ast.AST, str], Argument],
        *,
        makes: bool,
    ) -> Iterator[Carrier]:
        """Yield what the object, or what holds it, is known by in a function that is entered.

        ``makes`` tells that the function may make the object itself, or call what does.
        """
        for (owner, name), argument in bound.items():
            if owner is function and (argument.node is None or self.holds(argument.node)):
                yield Carrier(name, function, is_maker=False)
        for name in self.trace.attributes:
            yield Carrier(name, None, is_maker=False)
        inside = (part for part in ast.walk(function) if isinstance(part, ast.Call))
        yield from made_by_calls(
            self.ev, module, (call for call in inside if makes or call in self.trace.made)
        )

    def holds(self, node: ast.expr) -> bool:
        """Tell whether the object, or what holds it, is ``node`` or stands in it."""
        return any(self.is_alias(part, whole=False) for part in ast.walk(node))

    # ------------------------------------------------------------------ what holds it

    def holder(self, node: ast.expr, alias: Alias) -> None:
        """Note what is done with what holds the object where ``node`` may be that."""
        parent = self.module.parents[node]
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
        is_call = isinstance(parent, ast.Call) and parent.func is attribute
        given = parent if isinstance(parent, ast.Call) else attribute
        if not isinstance(attribute.ctx, ast.Load):
            if name in self.trace.attributes and not self.is_put_back(attribute, made):
                self.escape(f"self.{name} may hold another object", attribute)
            return
        if not isinstance(made, Instance):
            if not (is_call and (name in _KEEPS_TO_ITSELF or not self.may_be_anything(given))):
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
        elif isinstance(parent, ast.Call) and is_call:
            if not self.is_in_view(function):
                self.enter(function, parent, arguments_of(self.ev, self.module, parent, self.env))
        else:
            self.escape(f"line {attribute.lineno} hands on {name}() of what holds it", attribute)

    def is_put_back(self, target: ast.Attribute, holder: Object) -> bool:
        """Tell whether what is stored is the object itself, nothing, or another that is known."""
        statement = self.module.parents[target]
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.expr):
            return False
        if isinstance(value, ast.Constant) and value.value is None:
            return True
        if self.is_alias(value, whole=True):
            return True
        is_own = isinstance(holder, Instance) and getattr(holder.cls, "module", None) is self.module
        others = objects_at(self.ev, self.module, value, self.env)
        return self.is_home and is_own and all(is_model(self.ev, other) for other in others)

    def called(self, call: ast.Call, alias: Alias) -> None:
        """Note what happens where what holds the object is called."""
        made = alias.value.object
        if isinstance(made, Partial):
            for target in made.target:
                if isinstance(target.object, FunctionRef):
                    own = arguments_of(self.ev, self.module, call, self.env)
                    self.enter(target.object, call, merge(made.arguments, own))
                    continue
                self.escape(f"line {call.lineno} calls what holds it", call)
            return
        found = None
        if isinstance(made, Instance) and isinstance(made.cls, ClassRef):
            found = method(self.ev, made.cls, "__call__")
            if found is not None:
                function = FunctionRef(found[0].module, found[1], made)
                if not self.is_in_view(function):
                    own = arguments_of(self.ev, self.module, call, self.env)
                    self.enter(function, call, own)
                return
        self.escape(f"line {call.lineno} calls what holds it", call)


def _place(node: ast.expr) -> tuple[int, int, int, int]:
    """Return a key that sorts expressions by where they begin, then those inside others first."""
    return (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)


def _targets(statement: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def _fields(ev: Evaluate, cls: ClassRef) -> Iterator[str]:
    """Yield the names of the fields of a dataclass."""
    for ancestor in lineage(ev, cls):
        for statement in ancestor.node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id
