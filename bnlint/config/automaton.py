"""Many patterns held against a text at once, in time that grows in step with the text alone.

Patterns come with the linted project, and a matcher that backtracks can be made to hang: a name of
sixty characters is enough for ``*a*a*a*a*a*a*b``. Here the patterns are one nondeterministic finite
automaton, of which a deterministic one is built as far as texts ask for it: each character is
looked at once, whatever the patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

#: What a step takes: one character, or whatever passes a test.
Taken = str | Callable[[str], object]

#: More deterministic states than this are forgotten, and built again where they are needed.
_MOST = 4000


def anything(_character: str) -> bool:
    """Take any character."""
    return True


def within_name(character: str) -> bool:
    """Take any character that a name may have: no slash, and no NUL."""
    return character not in "/\0"


def one_of(
    single: Collection[str], ranges: Collection[tuple[str, str]], *, negated: bool
) -> Callable[[str], bool]:
    """Return the test of what brackets take: characters and ranges of them, or none of these."""

    def taken(character: str) -> bool:
        found = character in single or any(low <= character <= high for low, high in ranges)
        return found is not negated

    return taken


class Automaton:
    """Steps between numbered states; 0 is the first. Patterns are added, then texts are matched."""

    def __init__(self) -> None:
        self._steps: list[list[tuple[Taken, int]]] = [[]]
        self._free: list[list[int]] = [[]]
        self._pattern: dict[int, int] = {}  # the states in which a pattern is at its end
        self._known: dict[tuple[int, ...], _State] = {}
        self._first: _State | None = None

    def state(self, *, after: Iterable[int] = ()) -> int:
        """Return a new state, which is reached from those it comes ``after`` without a step."""
        new = len(self._steps)
        self._steps.append([])
        self._free.append([])
        for other in after:
            self._free[other].append(new)
        return new

    def join(self, start: int, end: int) -> None:
        """Let ``end`` be reached from ``start`` without a step."""
        self._free[start].append(end)

    def step(self, start: int, taken: Taken) -> int:
        """Return a new state that is reached from ``start`` by one character."""
        new = self.state()
        self._steps[start].append((taken, new))
        return new

    def loop(self, start: int, taken: Taken) -> int:
        """Return a new state that is reached from ``start`` by any number of characters."""
        new = self.state(after=(start,))
        self._steps[new].append((taken, new))
        return new

    def accept(self, state: int, pattern: int) -> None:
        """Let ``state`` be the end of the pattern of this number."""
        self._pattern[state] = pattern

    def last(self, text: str) -> int | None:
        """Return the highest number of a pattern that is the whole ``text``; ``None`` for none."""
        if self._first is None:
            self._first = self._state(self._closed((0,)))
        state = self._first
        for character in text:
            following = state.following.get(character)
            if following is None:
                following = self._following(state, character)
            state = following
            if not state.of:
                return None
        return state.pattern

    def _following(self, state: _State, character: str) -> _State:
        reached = self._closed(
            [
                target
                for number in state.of
                for taken, target in self._steps[number]
                if (taken == character if isinstance(taken, str) else taken(character))
            ]
        )
        if len(self._known) >= _MOST and reached not in self._known:
            for known in self._known.values():
                known.following.clear()
            self._known.clear()
        found = state.following[character] = self._state(reached)
        return found

    def _closed(self, reached: Iterable[int]) -> tuple[int, ...]:
        """Return ``reached`` and what is reached from it without a step, in order."""
        found = set(reached)
        pending = list(found)
        while pending:
            for target in self._free[pending.pop()]:
                if target not in found:
                    found.add(target)
                    pending.append(target)
        # the others do nothing but lead here
        return tuple(sorted(s for s in found if self._steps[s] or s in self._pattern))

    def _state(self, of: tuple[int, ...]) -> _State:
        found = self._known.get(of)
        if found is None:
            ends = [self._pattern[number] for number in of if number in self._pattern]
            found = self._known[of] = _State(of, max(ends, default=None))
        return found


class _State:
    """A deterministic state: the states it stands for, and what follows by each character seen."""

    __slots__ = ("following", "of", "pattern")

    def __init__(self, of: tuple[int, ...], pattern: int | None) -> None:
        self.of = of
        self.pattern = pattern
        self.following: dict[str, _State] = {}
