"""Which of many words a text holds, found in one pass however many they are.

To look for each word by itself reads the text once for each: with the words of all tables, that
took a sixth of a run on a large project.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

#: The lower-case letters: a name that goes on with one is another name.
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")


class Found(NamedTuple):
    """The words that a text holds.

    ``anywhere`` are all of them, ``beginning`` those before which no letter, digit or underscore
    stands at one place at least, ``ending`` those after which no lower-case letter does.
    """

    anywhere: frozenset[str]
    beginning: frozenset[str]
    ending: frozenset[str]


class Words:
    """A set of words that is looked for in texts."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(words))
        self._search: AhoCorasick | None = None
        self.found_in = lru_cache(maxsize=4)(self._found_in)

    def _found_in(self, text: str) -> Found:
        """Return which of the words stand in ``text``; the last texts are remembered."""
        anywhere, beginning, ending = set(), set(), set()
        for which, start, end in self._matches(text):
            word = self._words[which]
            anywhere.add(word)
            if not start or not (text[start - 1].isalnum() or text[start - 1] == "_"):
                beginning.add(word)
            if text[end : end + 1] not in _LETTERS:
                ending.add(word)
        return Found(frozenset(anywhere), frozenset(beginning), frozenset(ending))

    def _matches(self, text: str) -> list[tuple[int, int, int]]:
        """Return which words match from where to where, those that overlap included."""
        if self._search is None:
            from ahocorasick_rs import AhoCorasick, Implementation

            self._search = AhoCorasick(self._words, implementation=Implementation.DFA)
        try:
            return self._search.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # half a character, which an escape of some encodings may give
            plain = text.encode("utf-8", "replace").decode()
            return self._search.find_matches_as_indexes(plain, overlapping=True)
