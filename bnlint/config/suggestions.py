"""What may have been meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable

#: A word of more characters is no misspelt name.
_LONG = 60


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes the nearest of the ``known`` words, if any."""
    from difflib import get_close_matches

    if len(word) > _LONG:
        return ""
    words = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), list(words), 1)
    if near and word[-1:].isdigit() and not _is_neighbour(word.lower(), near[0]):
        return ""  # all codes of rules are alike, and another number is another rule
    return f"; did you mean {words[near[0]]}?" if near else ""


def _is_neighbour(word: str, other: str) -> bool:
    """Tell whether one word is the other with a letter added, left out, changed or moved by one."""
    if sorted(word) == sorted(other):
        return True
    short, long = sorted((word, other), key=len)
    if len(long) == len(short):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return any(short == long[:i] + long[i + 1 :] for i in range(len(long)))


def suggested(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes the nearest of the ``known`` words, or all."""
    words = sorted(known)
    return suggestion(word, words) or f"; accepted are {', '.join(words)}"
