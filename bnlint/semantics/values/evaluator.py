"""The static evaluator: what an expression may be, worked out on demand without running anything.

Agreement with Python is the first rule; where Python's answer depends on something that is not in
view, the answer is :class:`~bnlint.semantics.values.domain.Unknown` with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import calls, expressions, members, predicates
from bnlint.semantics.values.budget import TOO_LARGE, Budget
from bnlint.semantics.values.domain import (
    MAX_CANDIDATES,
    TOO_MANY,
    Argument,
    Candidate,
    ClassRef,
    Constant,
    Dictionary,
    Env,
    FunctionRef,
    Imports,
    Instance,
    ModuleRef,
    Partial,
    Record,
    Sequence,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)
from bnlint.semantics.values.environments import Environments
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from bnlint.frameworks.tables import Frameworks

#: Steps after which one question is given up.
MAX_WORK = 10_000

#: Steps that all questions about one file may take together, beside one for each character of it:
#: files of 30 packages take far less.
MAX_WORK_IN_FILE = 300_000

#: Of a question that was given up, an expression that took so many steps is not looked into again.
_NOT_AGAIN = MAX_WORK // 2

_NEVER = 1 << 30


class Evaluator:
    """Evaluates expressions of the modules of one project; remembers what it has worked out.

    ``asks_users`` tells whether what other files give counts too, where a function is called
    there. It costs more, and is asked for only where something hangs on it (:attr:`wide`).
    """

    def __init__(
        self,
        project: Imports,
        frameworks: Frameworks,
        *,
        budget: Budget,
        asks_users: bool = False,
    ) -> None:
        self.project = project
        self.budget = budget
        self.frameworks = frameworks
        self.asks_users = asks_users
        self._wide: Evaluator | None = None
        self._memo: dict[ast.expr, ValueSet] = {}
        self._environments = Environments()
        self._scopes: dict[ast.AST, Scope] = {}
        self.memos: dict[Memo[Any, Any], dict[Any, Any]] = {}
        self._active: dict[object, int] = {}
        self._lowest = _NEVER
        self._work = 0
        self._limit = MAX_WORK
        #: The steps of all questions so far.
        self.steps = 0

    # ------------------------------------------------------------------ entry points

    @property
    def wide(self) -> Evaluator:
        """The evaluator of the same modules that takes callers in other files into account."""
        if self.asks_users:
            return self
        if self._wide is None:
            self._wide = Evaluator(
                self.project, self.frameworks, asks_users=True, budget=self.budget
            )
            self._wide._scopes = self._scopes
        return self._wide

    def forget(self) -> None:
        """Drop what has been worked out, the only circle that holds the trees.

        So they are freed at once, and the collector, which took a tenth of a run, has no work.
        """
        if self._wide is not None:
            self._wide.forget()
            self._wide = None
        self._environments = Environments()
        self._memo.clear()
        self._scopes.clear()
        self.memos.clear()

    def evaluate(self, module: Module, node: ast.expr, env: Env | None = None) -> ValueSet:
        """Return what ``node`` may be; never empty, never raises."""
        memo = self._memo
        if env is not None:
            memo = self._environments.values(env)
        known = memo.get(node)
        if known is not None:
            return known
        if type(node) is ast.Constant:
            memo[node] = known = expressions.constant(self, module, node, env)
            return known
        with self.guard((node, id(env))) as entered:
            if not entered:
                return unknown("its value depends on itself", module, node)
            if not self.budget.spend():
                self._lowest = 0
                return unknown(TOO_LARGE, module, node)
            before = self._work
            self._work += 1
            self.steps += 1
            if self._work > self._limit:
                self._lowest = 0  # nothing of what rests on this is kept
                return unknown("it takes too many steps to work out", module, node)
            try:
                values = _unique(expressions.expression(self, module, node, env))
            except RecursionError:
                values = unknown("it is nested too deeply", module, node)
            if len(values) > MAX_CANDIDATES:
                values = unknown(TOO_MANY, module, node)
            # A cycle that reaches further out has cut this answer short: it is not kept.
            if self.is_whole():
                memo[node] = values
            elif self._work > MAX_WORK and self._work - before >= _NOT_AGAIN:
                # The question was given up because of it.
                values = unknown("it takes too many steps to work out", module, node)
                memo[node] = values
        return values

    @contextmanager
    def within(self, steps: int) -> Iterator[None]:
        """Give a question up after so many steps."""
        before, self._limit = self._limit, min(steps, self._limit)
        try:
            yield
        finally:
            self._limit = before

    def is_whole(self) -> bool:
        """Tell whether what is being worked out rests on nothing that is itself unfinished."""
        return self._lowest >= len(self._active)

    @contextmanager
    def guard(self, key: object) -> Iterator[bool]:
        """Enter ``key``; yields ``False``, and notes the cycle, if it has been entered already."""
        depth = self._active.get(key)
        if depth is not None:
            self._lowest = min(self._lowest, depth)
            yield False
            return
        self._active[key] = len(self._active) + 1
        try:
            yield True
        finally:
            if self.is_whole():
                self._lowest = _NEVER
            del self._active[key]
            if not self._active:
                self._work = 0
                self._lowest = _NEVER
                self._environments.drop()

    def keeping(self, env: Env) -> AbstractContextManager[None]:
        """Remember what is worked out under ``env`` from one question to the next."""
        return self._environments.keeping(env)

    def construction(
        self, cls: ast.AST, call: ast.AST, outer: Env | None, make: Callable[[], Env]
    ) -> Env:
        """Return the environment of the constructor that ``call``, under ``outer``, runs."""
        return self._environments.construction(cls, call, outer, make, self.is_whole)

    def argument(self, argument: Argument) -> ValueSet:
        """Return what an argument may be."""
        values = argument.values
        if argument.node is not None:
            values = self.evaluate(argument.module, argument.node, argument.env)
        return presumed(values, argument.presumed)

    def returned(self, function: FunctionRef, node: ast.AST) -> ValueSet:
        """Return what a method without arguments (a property) returns."""
        return calls.returned(self, function, node)

    def scope(self, module: Module, node: ast.AST) -> Scope:
        """Return the scope that ``node`` (a function, class, module ...) opens."""
        found = self._scopes.get(node)
        if found is None:
            parent = None
            if not isinstance(node, ast.Module):
                parent = self.scope(module, module.scope_node(node))
            found = self._scopes[node] = Scope(module, node, parent)
        return found

    def decide(self, module: Module, env: Env | None) -> predicates.Tests:
        """Return what settles tests whose value is certain."""
        return predicates.Tests(self, module, env)

    def truth(self, value: Candidate) -> bool | None:
        """Return whether ``value`` is true, where that is known."""
        match value.object:
            case Constant(constant):
                return bool(constant)
            case Sequence(items, why) | Dictionary(items, why):
                return True if items else (None if why else False)
        return True if self.is_code(value.object) else None

    def is_code(self, found: object) -> bool:
        """Tell whether an object is a function, class or module, which is true and not None."""
        if isinstance(found, Symbol):
            return found.path.startswith("builtins.") or self.frameworks.knows(found.path)
        return isinstance(found, (FunctionRef, ClassRef, ModuleRef, Partial, Record))

    def member(self, base: Candidate, name: str, module: Module, node: ast.AST) -> ValueSet:
        """Return what attribute ``name`` of ``base`` may be."""
        return members.member(self, base, name, module, node)


def _unique(values: ValueSet) -> ValueSet:
    if len(values) < 2:
        return values
    seen: dict[object, Candidate] = {}
    for value in values:
        seen.setdefault(_identity(value), value)
    return tuple(seen.values())


def _identity(value: Candidate) -> object:
    found = value.object
    if isinstance(found, Constant):
        # repr tells 0.0 from -0.0 and 1 from True, and nan from nothing else.
        return (type(found.value), repr(found.value), bool(value.presumed))
    if isinstance(found, (Symbol, Unknown, ClassRef, ModuleRef)):
        return (found, bool(value.presumed))
    if isinstance(found, FunctionRef):
        return (found.node, value.node, id(found.env), bool(value.presumed))
    if isinstance(found, Instance):  # one call may make one of several things
        return (found.cls, value.node, id(found.env), bool(value.presumed))
    # What stands in one place may have been made in several calls, of different things.
    return id(found)
