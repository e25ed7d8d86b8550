"""Code frames: lines of a file with their numbers, a place in them marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bnlint.files.display import clean
from bnlint.files.source import Lines
from bnlint.finding import Span
from bnlint.output.text import Piece, cells, drop, take

Line = list[Piece]

#: Lines of a span that are shown; of a longer one the first six and the last three.
_MOST, _FIRST, _LAST = 12, 6, 3

#: How wide a frame is where the output is no terminal, and the least room for code in one.
WIDTH, _NARROWEST = 140, 20

#: Cells that stay in view before and after the marked place where a line has to be cut.
_BEFORE, _AFTER = 6, 12

_TAB = "    "
_GUTTER = "bold bright_blue"


class Frame(NamedTuple):
    """What to draw: a span of a text, marked with ``mark`` in the colour ``color``.

    ``context`` is the number of lines shown before and after it.
    """

    lines: Lines
    span: Span
    color: str
    mark: str = "^"
    context: int = 2


def draw(frame: Frame, width: int | None) -> tuple[int, list[Line]]:
    """Return how wide the line numbers are, and the lines of the frame.

    Of a span that does not lie in the text, what does is drawn.
    """
    frame = frame._replace(span=_inside(frame.lines, frame.span))
    span = frame.span
    first, last = _context(frame)
    gutter = len(str(last))
    room = max((width or WIDTH) - gutter - 3, _NARROWEST)
    if span.row == span.end_row:
        indent, shift, marked = "", *_one(frame, gutter, room)
    else:
        room -= 2
        indent, shift, marked = "  ", 0, list(_several(frame, gutter, room))

    def around(rows: range) -> Iterator[Line]:
        for row in rows:
            text = fit(shifted(shown(frame.lines.line(row)), shift), room)
            yield _numbered(gutter, row, (indent + text, ""))

    edge: Line = [(f"{'':{gutter}} |", _GUTTER)]
    before, after = range(first, span.row), range(span.end_row + 1, last + 1)
    return gutter, [edge, *around(before), *marked, *around(after), edge]


def _inside(lines: Lines, span: Span) -> Span:
    """Return the part of ``span`` that is there; one that ends before a line ends in the last."""
    count = len(lines.starts)
    row = min(max(span.row, 1), count)
    column = min(max(span.column, 1), len(lines.line(row)) + 1)
    end_row, end_column = min(max(span.end_row, row), count), span.end_column
    if end_row > row and end_column <= 1:
        end_row -= 1
        end_column = len(lines.line(end_row)) + 1
    end_column = min(end_column, len(lines.line(end_row)) + 1)
    if end_row == row:
        end_column = max(end_column, column)
    return span._replace(row=row, column=column, end_row=end_row, end_column=end_column)


def _context(frame: Frame) -> tuple[int, int]:
    """Return the first and the last row to show: no empty lines at either end."""
    lines, span = frame.lines, frame.span
    first = max(span.row - frame.context, 1)
    last = min(span.end_row + frame.context, len(lines.starts))
    while first < span.row and not lines.line(first).strip():
        first += 1
    while last > span.end_row and not lines.line(last).strip():
        last -= 1
    return first, last


def _one(frame: Frame, gutter: int, room: int) -> tuple[int, list[Line]]:
    """Return by how many cells lines are shifted to the left, and the marked line with its mark."""
    span = frame.span
    line = frame.lines.line(span.row)
    before = shown(line[: span.column - 1])
    marked = shown(line[span.column - 1 : span.end_column - 1])
    after = shown(line[span.end_column - 1 :])
    start = cells(before)
    end = start + max(cells(marked), 1)  # a mark below nothing takes up a cell, too
    shift = 0
    if end + bool(after) > room:
        shift = max(0, min(start - _BEFORE, end + min(cells(after), _AFTER) - room))
    before = shifted(before, shift)
    marked = fit(marked, room - cells(before))
    after = fit(after, room - cells(before) - cells(marked))
    under = frame.mark * max(cells(marked), 1)
    return shift, [
        _numbered(gutter, span.row, (before + marked + after, "")),
        _unnumbered(gutter, (" " * cells(before), ""), (under, frame.color)),
    ]


def _several(frame: Frame, gutter: int, room: int) -> Iterator[Line]:
    """Yield the lines of a span of several, with a bar at their left that shows where it goes."""
    lines, span, color = frame.lines, frame.span, frame.color
    rows = list(range(span.row, span.end_row + 1))
    hidden = rows[_FIRST:-_LAST] if len(rows) > _MOST else []
    for row in rows:
        text = (fit(shown(lines.line(row)), room), "")
        if row == span.row:
            start = lines.line(row)[: span.column - 1]
            if start.strip():
                yield _numbered(gutter, row, ("  ", ""), text)
                under = "_" * (min(cells(shown(start)), room - 1) + 1)
                yield _unnumbered(gutter, (" ", ""), (under + frame.mark, color))
            else:
                yield _numbered(gutter, row, ("/ ", color), text)
        elif row not in hidden:
            yield _numbered(gutter, row, ("| ", color), text)
        elif row == hidden[0]:
            yield [(f"{'...':<{gutter + 3}}", _GUTTER), ("|", color)]
    end = cells(shown(lines.line(span.end_row)[: span.end_column - 1]))
    yield _unnumbered(gutter, ("|" + "_" * max(min(end, room), 1) + frame.mark, color))


def _numbered(gutter: int, row: int, *pieces: Piece) -> Line:
    return [(f"{row:>{gutter}} |", _GUTTER), (" ", ""), *pieces]


def _unnumbered(gutter: int, *pieces: Piece) -> Line:
    return [(f"{'':{gutter}} |", _GUTTER), (" ", ""), *pieces]


def shown(text: str) -> str:
    """Return a piece of a line as it is shown: tabs as spaces, nothing that cannot be printed.

    Joiners of emoji and variation selectors go, since terminals do not agree on the width of what
    they make.
    """
    return clean(text.replace("\t", _TAB).replace("\u200d", "").replace("\ufe0f", ""))


def shifted(text: str, shift: int) -> str:
    """Return ``text`` without its first ``shift`` cells, with a sign that something is missing."""
    if shift <= 0:
        return text
    return f"…{drop(text, shift + 1)}" if text.strip() else ""


def fit(text: str, room: int) -> str:
    """Return ``text``, or as much of its start as fits, with a sign that something is missing."""
    if cells(text) <= room:
        return text
    return f"{take(text, room - 1)}…" if room > 0 else ""
