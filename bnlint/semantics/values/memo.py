"""Answers that an evaluator remembers for a file, or a resolver for a run."""

from __future__ import annotations

from bnlint.startup.typed import TYPE_CHECKING, Generic, Protocol

if TYPE_CHECKING:
    from typing import Any, TypeVar

    K = TypeVar("K")
    V = TypeVar("V")
else:
    K, V = "K", "V"


class Remembers(Protocol):
    """What holds remembered answers: an evaluator, which drops them, or a run's resolver."""

    memos: dict[Memo[Any, Any], dict[Any, Any]]


class Memo(Generic[K, V]):
    """The answers to one question, by what was asked about.

    A module that remembers something makes one at its top level, with the types of its keys and
    answers. The answers themselves lie with whoever is asked (:class:`Remembers`), so that they are
    dropped together with the trees they speak of.
    """

    def of(self, holder: Remembers) -> dict[K, V]:
        """Return the answers that ``holder`` remembers, to be looked up and added to."""
        found: dict[K, V] | None = holder.memos.get(self)
        if found is None:
            found = holder.memos[self] = {}
        return found
