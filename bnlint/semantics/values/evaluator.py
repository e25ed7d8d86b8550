"""The static evaluator: what an expression may be, worked out on demand without running anything.

Agreement with Python is the first rule; where Python's answer depends on something that is not in
view, the answer is :class:`~bnlint.semantics.values.domain.Unknown` with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from bnlint.semantics.names.flow import says_of
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import arithmetic, calls, containers, lookup, members, predicates
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
        asks_users: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self.project = project
        self.budget = budget or Budget(MAX_WORK_IN_FILE)
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
        self._environments.forget()
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
            memo[node] = known = self._constant(module, node, env)
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
                values = _unique(self._dispatch(module, node, env))
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
        if argument.presumed:
            values = tuple(v._replace(presumed=v.presumed or argument.presumed) for v in values)
        return values

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
        return True if self._is_code(value.object) else None

    def _is_code(self, found: object) -> bool:
        """Tell whether an object is a function, class or module, which is true and not None."""
        if isinstance(found, Symbol):
            return found.path.startswith("builtins.") or self.frameworks.knows(found.path)
        return isinstance(found, (FunctionRef, ClassRef, ModuleRef, Partial, Record))

    # ------------------------------------------------------------------ expressions

    def _dispatch(self, module: Module, node: ast.expr, env: Env | None) -> ValueSet:
        method = _METHODS.get(type(node))
        if method is None:
            return unknown(f"{type(node).__name__} expressions are not followed", module, node)
        return method(self, module, node, env)

    def _constant(self, module: Module, node: ast.Constant, _: Env | None) -> ValueSet:
        if not arithmetic.is_affordable(node.value):
            return unknown("the number is too large", module, node)
        return (Candidate(Constant(node.value), module, node),)

    def _name(self, module: Module, node: ast.Name, env: Env | None) -> ValueSet:
        return lookup.lookup(self, module, node.id, node, env)

    def _attribute(self, module: Module, node: ast.Attribute, env: Env | None) -> ValueSet:
        found: ValueSet = ()
        bases = self.evaluate(module, node.value, env)
        # What is None has no such attribute: where it is read, the object is one of the others.
        kept = tuple(b for b in bases if b.object != Constant(None))
        if any(not isinstance(b.object, Unknown) for b in kept):
            bases = kept
        for base in bases:
            found += self.member(base, node.attr, module, node)
        return found

    def member(self, base: Candidate, name: str, module: Module, node: ast.AST) -> ValueSet:
        """Return what attribute ``name`` of ``base`` may be."""
        return members.member(self, base, name, module, node)

    def _binary(self, module: Module, node: ast.BinOp, env: Env | None) -> ValueSet:
        # Long sums nest to the left, thousands deep: walk down the spine instead of recursing.
        spine: list[ast.BinOp] = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        left = self.evaluate(module, spine[-1].left, env)
        for step in reversed(spine):
            right = self.evaluate(module, step.right, env)
            joined: ValueSet = ()
            if isinstance(step.op, ast.BitOr):
                joined = containers.union(left, right, module, step)
            left = joined or self.combine(
                module, step, (left, right), lambda a, b, op=step.op: arithmetic.binary(op, a, b)
            )
        return left

    def _unary(self, module: Module, node: ast.UnaryOp, env: Env | None) -> ValueSet:
        operand = self.evaluate(module, node.operand, env)
        return self.combine(
            module,
            node,
            (operand,),
            lambda a: arithmetic.unary(node.op, a),
            computed=not isinstance(node.operand, ast.Constant),
        )

    def _compare(self, module: Module, node: ast.Compare, env: Env | None) -> ValueSet:
        parts = [self.evaluate(module, part, env) for part in (node.left, *node.comparators)]
        if len(parts) == 2 and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            # A function or class is not None; any other comparison of one is left open.
            answer = Constant(isinstance(node.ops[0], ast.IsNot))
            if len(parts[0]) == 1 and len(parts[1]) == 1 and parts[1][0].object == Constant(None):
                if self._is_code(parts[0][0].object):
                    return (Candidate(answer, module, node, parts[0][0].presumed, True),)

        def chain(*operands: object) -> object:
            result: object = True
            for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
                result = arithmetic.compare(op, left, right)
                if not result:
                    break
            return result

        return self.combine(module, node, tuple(parts), chain)

    def combine(
        self,
        module: Module,
        node: ast.expr,
        parts: tuple[ValueSet, ...],
        compute: Callable[..., object],
        *,
        computed: bool = True,
    ) -> ValueSet:
        """Apply ``compute`` to every combination of candidates of ``parts``."""
        combinations: list[tuple[Candidate, ...]] = [()]
        for values in parts:
            combinations = [(*c, v) for c in combinations for v in values]
            if len(combinations) > MAX_CANDIDATES:
                return unknown(TOO_MANY, module, node)
        found: list[Candidate] = []
        for combination in combinations:
            missing = next((v for v in combination if not isinstance(v.object, Constant)), None)
            if missing is not None:
                why = (
                    missing.object.reason if isinstance(missing.object, Unknown) else "not a number"
                )
                found.append(Candidate(Unknown(why), module, node))
                continue
            presumed = next((v.presumed for v in combination if v.presumed), "")
            operands = [v.object.value for v in combination]  # type: ignore[union-attr]
            try:
                result = compute(*operands)
            except arithmetic.NoValue:
                found.append(Candidate(Unknown("it cannot be computed"), module, node))
                continue
            found.append(Candidate(Constant(result), module, node, presumed, computed))
        return tuple(found)

    def _boolean(self, module: Module, node: ast.BoolOp, env: Env | None) -> ValueSet:
        stops_at = isinstance(node.op, ast.Or)
        found: ValueSet = ()
        why = ""  # what it rests on that evaluation gets past the parts so far
        for index, part in enumerate(node.values):
            values = presumed(self.evaluate(module, part, env), why)
            if index == len(node.values) - 1:
                return found + values
            goes_on = False
            for value in values:
                answer = self.truth(value)
                if answer is None or answer is stops_at:
                    found += (value,)
                if answer is not stops_at or value.presumed:
                    goes_on = True
                    why = why or value.presumed
            if not goes_on:
                break
        return found

    def _conditional(self, module: Module, node: ast.IfExp, env: Env | None) -> ValueSet:
        decide = self.decide(module, env)
        answer = decide(node.test)
        found: ValueSet = ()
        dropped = decide.rests_on
        for part, holds in ((node.body, True), (node.orelse, False)):
            if answer is not None and answer is not holds:
                continue
            values = self.evaluate(module, part, env)
            if (
                isinstance(part, ast.Name)
                and says_of(node.test, part.id, holds=holds) == "not-none"
            ):
                kept = tuple(v for v in values if v.object != Constant(None))
                dropped = dropped or next((v.presumed for v in values if v not in kept), "")
                values = kept
            found += values
        return presumed(found, dropped) or unknown("None is ruled out", module, node)

    def _sequence(self, module: Module, node: ast.Tuple | ast.List, env: Env | None) -> ValueSet:
        return containers.sequence(module, node, env)

    def _dictionary(self, module: Module, node: ast.Dict, env: Env | None) -> ValueSet:
        return containers.dictionary(self, module, node, env)

    def _subscript(self, module: Module, node: ast.Subscript, env: Env | None) -> ValueSet:
        if isinstance(node.slice, ast.Slice):
            return unknown("a part of something is not followed", module, node)
        keys = self.evaluate(module, node.slice, env)
        key = keys[0].object if len(keys) == 1 else None
        found: ValueSet = ()
        for base in self.evaluate(module, node.value, env):
            if isinstance(base.object, Unknown):
                found += (base,)
            elif isinstance(base.object, Symbol) and base.object.path.endswith(".__dict__"):
                found += self._of_module(base, key, module, node)
            elif isinstance(base.object, (Dictionary, Sequence)):
                picked = containers.pick(self, base.object, key, module, node)
                found += presumed(picked, base.presumed or keys[0].presumed)
            else:
                found += unknown(containers.unlisted(self, base), module, node)
        return found

    def _of_module(self, base: Candidate, key: object, module: Module, node: ast.expr) -> ValueSet:
        """Return what ``module.__dict__[key]`` is."""
        assert isinstance(base.object, Symbol)
        if not isinstance(key, Constant) or not isinstance(key.value, str):
            return unknown("something of a module under an unknown name", module, node)
        path = f"{base.object.path.removesuffix('.__dict__')}.{key.value}"
        return (base._replace(object=Symbol(path), module=module, node=node),)

    def _lambda(self, module: Module, node: ast.Lambda, env: Env | None) -> ValueSet:
        return (Candidate(FunctionRef(module, node, None, env), module, node),)

    def _walrus(self, module: Module, node: ast.NamedExpr, env: Env | None) -> ValueSet:
        return self.evaluate(module, node.value, env)

    def _call(self, module: Module, node: ast.Call, env: Env | None) -> ValueSet:
        return calls.call_values(self, module, node, env)

    def _joined(self, module: Module, node: ast.JoinedStr, env: Env | None) -> ValueSet:
        parts: list[ValueSet] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None or part.conversion != -1:
                    return unknown("a formatted string", module, node)
                part = part.value
            parts.append(self.evaluate(module, part, env))
        return self.combine(module, node, tuple(parts), lambda *a: "".join(map(str, a)))


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


_METHODS: dict[type, Callable[..., ValueSet]] = {
    ast.Constant: Evaluator._constant,
    ast.Name: Evaluator._name,
    ast.Attribute: Evaluator._attribute,
    ast.BinOp: Evaluator._binary,
    ast.UnaryOp: Evaluator._unary,
    ast.Compare: Evaluator._compare,
    ast.BoolOp: Evaluator._boolean,
    ast.IfExp: Evaluator._conditional,
    ast.Tuple: Evaluator._sequence,
    ast.List: Evaluator._sequence,
    ast.Dict: Evaluator._dictionary,
    ast.Subscript: Evaluator._subscript,
    ast.Lambda: Evaluator._lambda,
    ast.NamedExpr: Evaluator._walrus,
    ast.Call: Evaluator._call,
    ast.JoinedStr: Evaluator._joined,
}
