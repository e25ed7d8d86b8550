"""Which of many words a text holds, found in one pass however many they are.

To look for each word by itself reads the text once for each: with the words of all tables, that
took a sixth of a run on a large project.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

#: The lower-case letters: a name that goes on with one is another name.
_LETTERS = frozenset(bytes([letter]) for letter in b"abcdefghijklmnopqrstuvwxyz")

#: How many bytes a character has at most.
_LONGEST = 4


class Found(NamedTuple):
    """The words that a text holds.

    ``anywhere`` are all of them, ``beginning`` those before which no letter, digit or underscore
    stands at one place at least, ``ending`` those after which no lower-case letter does.
    """

    anywhere: frozenset[str]
    beginning: frozenset[str]
    ending: frozenset[str]


class Words:
    """A set of words that is looked for in texts.

    Where they stand ``apart`` from one another, and no text has one that begins within another,
    fewer than 64 of them are found in a fifth of the time.
    """

    def __init__(self, words: Iterable[str], *, apart: bool = False) -> None:
        self.words = frozenset(words)
        self._words = sorted(self.words)
        self._apart = apart
        self._search: BytesAhoCorasick | None = None
        self.found_in = lru_cache(maxsize=4)(self._found_in)

    def held_in(self, data: bytes) -> frozenset[str]:
        """Return which of the words stand in ``data``, the bytes of a text."""
        return frozenset([self._words[which] for which in {m[0] for m in self._matches(data)}])

    def _found_in(self, text: str) -> Found:
        """Return which of the words stand in ``text``; the last texts are remembered."""
        data = text.encode("utf-8", "replace")  # half a character, as some encodings give, is none
        anywhere, beginning, ending = set(), set(), set()
        for which, start, end in self._matches(data):
            word = self._words[which]
            anywhere.add(word)
            if word not in beginning and not _continues(data, start):
                beginning.add(word)
            if word not in ending and data[end : end + 1] not in _LETTERS:
                ending.add(word)
        return Found(frozenset(anywhere), frozenset(beginning), frozenset(ending))

    def _matches(self, data: bytes) -> list[tuple[int, int, int]]:
        """Return which words match from where to where, those that overlap included.

        In bytes nothing has to count characters, which takes as long as the search itself.
        """
        if self._search is None:
            from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

            words = [word.encode() for word in self._words]
            kind = MatchKind.LeftmostLongest if self._apart else MatchKind.Standard
            self._search = BytesAhoCorasick(words, kind, implementation=Implementation.DFA)
        return self._search.find_matches_as_indexes(data, overlapping=not self._apart)


def _continues(data: bytes, at: int) -> bool:
    """Tell whether a letter, a digit or an underscore ends before ``at``."""
    if not at:
        return False
    before = data[max(0, at - _LONGEST) : at].decode("utf-8", "ignore")[-1:]
    return before.isalnum() or before == "_"
