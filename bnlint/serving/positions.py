"""Places of a text as the language server protocol counts them, in the units of the client."""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.files.source import Lines
from bnlint.finding import Edit
from bnlint.startup.typed import NamedTuple

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


class Place(NamedTuple):
    """A line and a character of it, both from 0; characters are units of an encoding."""

    line: int
    character: int


class Change(NamedTuple):
    """Put ``text`` between two places; without them, in place of everything."""

    start: Place | None
    end: Place | None
    text: str


class Positions:
    """The way from offsets in a text to places in units of ``encoding``, and back."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.encoding = encoding

    def place(self, offset: int) -> Place:
        """Return the place of an offset in code points."""
        row, column = self.lines.place(offset)
        return self.at(row, column)

    def at(self, row: int, column: int) -> Place:
        """Return the place of a 1-based row and column, which count code points."""
        before = self.lines.line(row)[: column - 1]
        return Place(row - 1, _units(before, self.encoding))

    def offset(self, place: Place) -> int:
        """Return the offset of a place; one beyond the end of its line is that end."""
        starts = self.lines.starts
        if place.line >= len(starts):
            return len(self.text)
        line = self.lines.line(place.line + 1)
        return starts[place.line] + _characters(line, place.character, self.encoding)


def _units(text: str, encoding: str) -> int:
    """Return how many units of ``encoding`` a text is long."""
    if text.isascii() or encoding == UTF32:
        return len(text)
    if encoding == UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def _characters(line: str, units: int, encoding: str) -> int:
    """Return how many characters of a line are in its first ``units``; none is cut in two."""
    if line.isascii() or encoding == UTF32:
        return min(units, len(line))
    seen = 0
    for number, character in enumerate(line):
        seen += _units(character, encoding)
        if seen > units:
            return number
    return len(line)


def changed(text: str, changes: Iterable[Change], encoding: str) -> str:
    """Return ``text`` after ``changes``, each of which is about the text that those before made."""
    for change in changes:
        if change.start is None or change.end is None:
            text = change.text
            continue
        positions = Positions(text, encoding)
        start, end = positions.offset(change.start), positions.offset(change.end)
        text = f"{text[:start]}{change.text}{text[max(start, end) :]}"
    return text


def difference(old: str, new: str) -> tuple[Edit, ...]:
    """Return the one edit that turns ``old`` into ``new``, as small as it can be; none if equal."""
    if old == new:
        return ()
    longest = min(len(old), len(new))
    start = next((i for i in range(longest) if old[i] != new[i]), longest)
    end = 0
    while end < longest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return (Edit(start, len(old) - end, new[start : len(new) - end]),)
