"""Which bindings of a name reach a use of it.

A structured forward analysis over the blocks of one scope: branches join, ``if x is None`` narrows,
loops may run again, a ``try`` may stop anywhere. Only statements that bind the name, or that hold
the use, are looked into.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import takewhile

from bnlint.semantics.names.scopes import Binding, Scope
from bnlint.startup.typed import NamedTuple

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))  # which Python 3.10 does not have

#: Of more bindings than this, any may reach a use.
MAX_BINDINGS = 100

#: Decides a test where its value is known, else returns ``None``.
Decide = Callable[[ast.expr], "bool | None"]


class Reaching(NamedTuple):
    """A binding that reaches a use.

    ``narrowed`` is ``not-none`` where a test on the way rules ``None`` out, ``none`` where it
    leaves nothing else. ``before`` holds what reached an augmented assignment.
    """

    binding: Binding
    narrowed: str = ""
    before: State = ()


#: The bindings that may hold at one place.
State = tuple[Reaching, ...]


class _Found(Exception):  # not an error: it carries the state at the use upwards
    def __init__(self, state: State) -> None:
        self.state = state


def reaching(scope: Scope, name: str, use: ast.AST | None, decide: Decide | None = None) -> State:
    """Return the bindings of ``name`` in ``scope`` that can reach ``use``.

    ``use`` is a node in the same scope, or ``None`` for the end of the scope. ``decide`` may
    settle the tests of branches. The result is in source order, without repetitions, and empty
    if no binding reaches.
    """
    bindings = scope.bindings.get(name, ())
    if not bindings:
        return ()
    if len(bindings) == 1 and not _conditional(scope, name, use):
        return (Reaching(bindings[0]),)
    if len(bindings) > MAX_BINDINGS:
        if name not in scope.unfollowed:
            scope.unfollowed[name] = tuple(Reaching(binding) for binding in bindings)
        return scope.unfollowed[name]
    return _Analysis(scope, name, bindings, use, decide).run()


def assigned(scope: Scope, name: str, use: ast.AST | None) -> ast.expr | None:
    """Return what ``name`` was given where ``use`` is, if it is one thing on all ways there."""
    match reaching(scope, name, use):
        case (Reaching(binding=Binding(kind="assign", value=ast.expr() as value)),):
            return value
    return None


def _conditional(scope: Scope, name: str, use: ast.AST | None) -> bool:
    """Tell whether a lone binding needs the analysis: a parameter that a test may narrow."""
    if use is None or scope.bindings[name][0].kind != "param":
        return False
    return scope.module.is_tested(name)


class _Analysis:
    def __init__(
        self,
        scope: Scope,
        name: str,
        bindings: list[Binding] | tuple[Binding, ...],
        use: ast.AST | None,
        decide: Decide | None,
    ) -> None:
        self.name = name
        self.node = scope.node
        self.module = scope.module
        self.decide = decide
        self.owned: dict[ast.AST, list[Binding]] = {}
        self.start: State = ()
        for binding in bindings:
            if binding.statement is scope.node:  # a parameter, or what a comprehension runs over
                self.start += (Reaching(binding),)
                continue
            for node in self.up_from(binding.statement):
                self.owned.setdefault(node, []).append(binding)
        self.use = use
        self.path = set() if use is None else set(self.up_from(use))
        self.all = tuple(Reaching(binding) for binding in bindings)

    def up_from(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield ``node`` and what is around it within the scope."""
        yield node
        yield from takewhile(lambda around: around is not self.node, self.module.ancestors(node))

    def run(self) -> State:
        body = getattr(self.node, "body", None)
        if not isinstance(body, list):
            return self.start
        try:
            end = self.block(body, self.start)
        except _Found as found:
            return unique(found.state)
        # A use that the walk did not meet (in a nested scope, say), or a scope that never ends
        # normally: every binding may be the one.
        if end is None or self.use is not None:
            return unique(self.all)
        return unique(end)

    def block(self, block: list[ast.stmt], state: State | None) -> State | None:
        for statement in block:
            if state is None:
                return None  # no use is met further on: any binding may be the one there
            if statement in self.path or statement in self.owned:
                state = self.statement(statement, state)
            else:
                state = self.passed(statement, state)
        return state

    def statement(self, statement: ast.stmt, state: State) -> State | None:
        state = unique((*state, *self.made_by(statement, "walrus")))
        if isinstance(statement, ast.If):
            return self.branches(statement, state)
        if isinstance(statement, _LOOPS):
            return self.loop(statement, state)
        if isinstance(statement, _TRIES):
            return self.attempt(statement, state)
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            self.header(state, *statement.items)
            state = self.bound(statement, state)
            return self.block(statement.body, state)
        if isinstance(statement, ast.Match):
            self.header(state, statement.subject)
            inner = unique((*state, *self.bound(statement, state)))
            ends = [self.block(case.body, inner) for case in statement.cases]
            return _join(state, *ends)
        if statement in self.path:
            raise _Found(state)
        return self.bound(statement, state)

    def header(self, state: State, *parts: ast.AST) -> None:
        """Stop here if the use is in the head of a compound statement."""
        if any(part in self.path for part in parts):
            raise _Found(state)

    def bound(self, statement: ast.AST, state: State) -> State:
        """Return the state after the bindings made by ``statement`` itself."""
        here = self.made_by(statement, "")
        return tuple(r._replace(before=state) if r.binding.kind == "aug" else r for r in here) or (
            state
        )

    def made_by(self, statement: ast.AST, kind: str) -> State:
        """Return the bindings that ``statement`` itself makes: by ``:=``, or in other ways."""
        return tuple(
            Reaching(b)
            for b in self.owned.get(statement, ())
            if b.statement is statement and (b.kind == "walrus") is (kind == "walrus")
        )

    def branches(self, statement: ast.If, state: State) -> State | None:
        self.header(state, statement.test)
        # A use within a branch is asked about as run: whether it is run is another question.
        decide = None if statement in self.path else self.decide
        decided = decide(statement.test) if decide else None
        taken = self.narrow(state, statement.test, holds=True) if decided is not False else None
        other = self.narrow(state, statement.test, holds=False) if decided is not True else None
        return _join(self.block(statement.body, taken), self.block(statement.orelse, other))

    def loop(self, statement: ast.For | ast.AsyncFor | ast.While, state: State) -> State | None:
        again = tuple(Reaching(b) for b in self.owned.get(statement, ()))
        after = unique((*state, *again))
        if isinstance(statement, ast.While):
            self.header(after, statement.test)
        else:
            self.header(state, statement.iter)  # once, before the first time
        self.block(statement.body, self.bound(statement, after))
        return self.block(statement.orelse, after)

    def attempt(self, statement: ast.Try, state: State) -> State | None:
        end = self.block(statement.body, state)
        inside = tuple(
            Reaching(b)
            for b in self.owned.get(statement, ())
            if any(b in self.owned.get(s, ()) for s in statement.body)
        )
        interrupted = unique((*state, *inside))
        handled = [self.block(h.body, self.bound(h, interrupted)) for h in statement.handlers]
        joined = _join(self.block(statement.orelse, end), *handled)
        if statement.finalbody:
            return self.block(statement.finalbody, _join(joined, interrupted))
        return joined

    def narrow(self, state: State, test: ast.expr, *, holds: bool) -> State:
        narrowed = says_of(test, self.name, holds=holds)
        return tuple(r._replace(narrowed=narrowed) for r in state) if narrowed else state

    def passed(self, statement: ast.stmt, state: State) -> State | None:
        """Return the state after a statement that neither binds the name nor holds the use."""
        if isinstance(statement, _ENDS):
            return None
        if isinstance(statement, ast.Assert):
            return self.narrow(state, statement.test, holds=True)
        if isinstance(statement, ast.If) and isinstance(statement.body[-1], _ENDS):
            return self.narrow(state, statement.test, holds=False)
        return state


def says_of(test: ast.expr, name: str, *, holds: bool) -> str:
    """Return what ``test``, holding or not, says of ``name``: ``none``, ``not-none`` or nothing."""
    if isinstance(test, ast.Name) and test.id == name:
        return "not-none" if holds else ""  # what is false need not be None
    if isinstance(test, ast.UnaryOp):
        return says_of(test.operand, name, holds=not holds)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And if holds else ast.Or):
        return next((s for t in test.values if (s := says_of(t, name, holds=holds))), "")
    match test:
        case ast.Compare(ast.Name(left), [op], [ast.Constant(None)]) if left == name:
            if isinstance(op, (ast.Is, ast.Eq)):
                return "none" if holds else "not-none"
            if isinstance(op, (ast.IsNot, ast.NotEq)):
                return "not-none" if holds else "none"
    return ""


def _join(*states: State | None) -> State | None:
    alive = [state for state in states if state is not None]
    return unique(tuple(reach for state in alive for reach in state)) if alive else None


def unique(state: State) -> State:
    """Drop repetitions, and narrowed bindings that reach unnarrowed as well."""
    whole = {id(r.binding) for r in state if not r.narrowed}
    seen: dict[tuple[int, str], Reaching] = {}
    for reach in state:
        if reach.narrowed and id(reach.binding) in whole:
            continue
        seen.setdefault((id(reach.binding), reach.narrowed), reach)
    return tuple(seen.values())
