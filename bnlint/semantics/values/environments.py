"""What was worked out under the arguments of calls, for as long as that may be asked again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bnlint.semantics.values.domain import Env, ValueSet


class _Entry:
    """An environment, what was worked out under it, and the environments of calls made in it.

    One that ``lasts`` is kept from one question to the next, with all that are nested in it.
    """

    def __init__(self, env: Env, *, lasts: bool) -> None:
        self.env = env
        self.lasts = lasts
        self.values: dict[ast.expr, ValueSet] = {}
        self.nested: dict[tuple[ast.AST, ast.AST], _Entry] = {}


class Environments:
    """The environments of one evaluator.

    Those of objects that a file makes by calls outside of functions last; others are dropped when
    the question in which they came up has been answered.
    """

    def __init__(self) -> None:
        # By the id of the environment, which the entry holds: no other takes it meanwhile.
        self._entries: dict[int, _Entry] = {}
        self._of_file: dict[tuple[ast.AST, ast.AST], _Entry] = {}
        self._passing: set[int] = set()

    def values(self, env: Env) -> dict[ast.expr, ValueSet]:
        """Return what was worked out under ``env``, to be added to."""
        entry = self._entries.get(id(env))
        return (entry or self._add(env, lasts=False)).values

    def construction(
        self,
        cls: ast.AST,
        call: ast.AST,
        outer: Env | None,
        make: Callable[[], Env],
        is_whole: Callable[[], bool],
    ) -> Env:
        """Return the environment of the constructor that ``call``, under ``outer``, runs.

        It is remembered if ``is_whole`` tells that it rests on nothing unfinished.
        """
        around = None if outer is None else self._entries.get(id(outer))
        if outer is not None and around is None:
            around = self._add(outer, lasts=False)
        nested = self._of_file if around is None else around.nested
        found = nested.get((cls, call))
        if found is None:
            env = make()
            if not is_whole():
                return env
            found = self._add(env, lasts=around is None or around.lasts)
            nested[cls, call] = found
        return found.env

    @contextmanager
    def keeping(self, env: Env) -> Iterator[None]:
        """Remember what is worked out under ``env`` from one question to the next."""
        entry = self._entries.get(id(env))
        if entry is not None and entry.lasts:
            yield
            return
        entry = self._add(env, lasts=True)
        try:
            yield
        finally:
            self._remove(entry)

    def drop(self) -> None:
        """Forget what does not last: a question has been answered."""
        for key in self._passing:
            self._entries.pop(key, None)
        self._passing.clear()

    def _add(self, env: Env, *, lasts: bool) -> _Entry:
        entry = self._entries[id(env)] = _Entry(env, lasts=lasts)
        if lasts:
            self._passing.discard(id(env))
        else:
            self._passing.add(id(env))
        return entry

    def _remove(self, entry: _Entry) -> None:
        self._entries.pop(id(entry.env), None)
        for inner in entry.nested.values():
            self._remove(inner)
