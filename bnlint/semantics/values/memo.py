"""Answers that an evaluator remembers for a file, or a resolver for a run."""

from __future__ import annotations

from bnlint.startup.typed import TYPE_CHECKING, Generic, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
else:
    K, V = "K", "V"


#: What answers rest on beside where files lie: on anything that stands in any file, on what files
#: import, or on the file alone that is asked about.
TEXTS, IMPORTS, ONE_FILE = "texts", "imports", "one file"


class Remembers(Protocol):
    """What holds remembered answers: an evaluator, which drops them, or a run's resolver."""

    memos: dict[Memo[Any, Any], dict[Any, Any]]


class Memo(Generic[K, V]):
    """The answers to one question, by what was asked about.

    A module that remembers something makes one at its top level, with the types of its keys and
    answers. The answers themselves lie with whoever is asked (:class:`Remembers`), so that they are
    dropped together with the trees they speak of. ``rests_on`` tells which of them may be wrong
    once the text of a file has changed; where it is :data:`ONE_FILE`, the keys are files.
    """

    def __init__(self, rests_on: str = TEXTS) -> None:
        self.rests_on = rests_on

    def of(self, holder: Remembers) -> dict[K, V]:
        """Return the answers that ``holder`` remembers, to be looked up and added to."""
        found: dict[K, V] | None = holder.memos.get(self)
        if found is None:
            found = holder.memos[self] = {}
        return found

    def once(self, holder: Remembers, key: K, answer: Callable[[], V]) -> V:
        """Return what ``holder`` remembers of ``key``, which is found out the first time."""
        known = self.of(holder)
        if key not in known:
            known[key] = answer()
        return known[key]
