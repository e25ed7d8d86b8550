"""One place in which an object is looked for: a file, or a function that is entered.

It knows which expressions may be the object, or what holds it, and where names go.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.objects.aliases import Aliases, aliases
from bnlint.semantics.objects.events import ESCAPE, CallSite, Use
from bnlint.semantics.objects.flows import in_model, loads, scope_of
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import (
    Candidate,
    Env,
    Evaluate,
    FunctionRef,
    Unknown,
)
from bnlint.semantics.values.modules import returns_itself
from bnlint.semantics.values.predicates import is_dead

#: Steps of the evaluator that are taken for one object.
MAX_WORK = 60_000

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
        self.is_lost = False
        self.outside: dict[str, None] = {}
        self.entered = 0
        self.itself = returns_itself(ev)
        self.end = ev.steps + MAX_WORK


class View:
    """The whole file, or one function that the steps ``via`` lead to."""

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
        self.entered: set[ast.Call] = set()
        self.within = False

    @property
    def is_home(self) -> bool:
        """Tell whether this is the file whose object it is, and no function that was entered."""
        return self.function is None

    def is_alias(self, node: ast.AST, *, whole: bool) -> bool:
        """Tell whether ``node`` may be the object, or, unless it is the ``whole``, a holder."""
        keys = self.trace.made if whole else (*self.trace.made, *self.trace.holders)
        return any(node in self.found.of.get(key, ()) for key in keys)

    def values(self, node: ast.expr) -> tuple[Candidate, ...]:
        """Return what ``node`` may be here."""
        return self.ev.evaluate(self.module, node, self.env)

    # ------------------------------------------------------------------ notes

    def note(self, kind: str, node: ast.expr, name: str = "") -> None:
        """Note a use; one in a lambda where the lambda is called.

        What the function that was entered does not come to, by what it is given, is none.
        """
        if self.env is not None and kind != ESCAPE:
            if is_dead(self.ev, self.module, node, self.env):
                return
        function = self.module.enclosing_function(node)
        calls = list(self.calls_of(function)) if isinstance(function, ast.Lambda) else []
        for via in [(*self.via, CallSite(self.module, call)) for call in calls] or [self.via]:
            self.trace.uses.append(Use(kind, node, self.module, name, via, self.within))

    def calls_of(self, function: ast.Lambda) -> Iterator[ast.Call]:
        """Yield the calls of a lambda by the name that it is bound to."""
        statement = self.module.parents[function]
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in targets:
            for use in self.reached(target, statement) if isinstance(target, ast.Name) else ():
                call = self.module.parents[use]
                if isinstance(call, ast.Call) and call.func is use:
                    yield call

    def escape(self, why: str, node: ast.expr, outside: str = "") -> None:
        """Note that the view ends at ``node``: there, or in the function ``outside`` the project.

        What such a function does is not known, but little of what is outside switches modes.
        """
        if outside:
            self.trace.outside[outside] = None
        else:
            self.trace.is_lost = True
        if self.via:
            why = f"{why} ({self.module.path})"
        self.trace.escapes = self.trace.escapes or why
        self.note(ESCAPE, node, why)

    def hand_on(self, node: ast.expr) -> None:
        """Note that the view ends where ``node`` is handed on in a way that is not followed."""
        self.escape(f"line {node.lineno} hands it on", node)

    def is_in_view(self, function: FunctionRef) -> bool:
        """Tell whether the body of ``function`` is looked at anyway: it stands in the file."""
        if not self.is_home or function.module is not self.module:
            return False
        return not in_model(self.ev, self.module, function.node)

    # ------------------------------------------------------------------ names

    def loop(self, loop: ast.For | ast.comprehension) -> ast.AST:
        """Return what binds the variables of a loop: the loop, or the comprehension it is in."""
        return self.module.parents[loop] if isinstance(loop, ast.comprehension) else loop

    def reached(self, target: ast.Name, statement: ast.AST) -> Iterator[ast.Name]:
        """Yield the uses of a variable that may see what ``statement`` binds it to."""
        scope = scope_of(self.ev, self.module, target)
        held = {statement, self.module.statement(statement)}
        for use in loads(self.ev, self.module, target.id).get(scope.node, ()):
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
        if isinstance(scope_of(self.ev, self.module, target).node, ast.Module):
            if not self.is_home:
                self.escape(f"{target.id} is global in {self.module.path}", node)
            elif self.is_exported(target.id):
                self.escape(f"{target.id} is exported", node)
            self.trace.known_as[target.id] = True
        for use in self.reached(target, statement):
            if not self.is_alias(use, whole=False) and self.may_be_anything(use):
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
