"""Rows in columns where the terminal is wide enough for them, and else one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bnlint.output.report import Style
from bnlint.output.text import Piece, cells, paint, wrapped

#: The texts of a row's columns, clean.
Row = Sequence[str]

_GAP = "  "
_INDENT = 4
_LEAST_PROSE = 24  # cells; in a narrower column, or one narrower than a word, prose is unreadable
_NO_BREAK = "\xa0"  # stands for a space at which a line is not broken


class Column(NamedTuple):
    """A column, with its style in Rich's words.

    Where the columns do not fit, the ``title`` columns of a row become a headline, and the others
    stand below it, each after its heading unless it speaks for itself (``plain``). A title that is
    ``named`` stands in a line of its own, after its heading. The last column may be ``prose``,
    which is wrapped, and stands below the rest if there is no room beside it.
    """

    heading: str
    style: str = ""
    title: bool = False
    plain: bool = False
    prose: bool = False
    right: bool = False
    named: bool = False


def listing(
    columns: Sequence[Column], groups: Iterable[tuple[str, Sequence[Row]]], style: Style
) -> Iterator[str]:
    """Yield the lines of a table whose rows are in groups, each below its heading if it has one.

    The columns are aligned throughout; those that are empty in every row are left out. Without a
    width nothing is wrapped.
    """
    color, width = style.color, style.width
    groups = list(groups)
    rows = [row for _, group in groups for row in group]
    used = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    if not used:
        return
    columns = [columns[i] for i in used]
    widths = _widths(columns, [[row[i] for i in used] for row in rows], width)
    if widths:
        heads = [column._replace(style="bold", prose=False) for column in columns]
        yield from _line(heads[: len(widths)], [c.heading for c in columns], widths, color)
    for heading, group in groups:
        if heading:
            yield paint([(heading, "underline")], color)
        for row in group:
            texts = [row[i] for i in used]
            if widths:
                yield from _line(columns[: len(widths)], texts, widths, color)
                if len(widths) < len(columns):
                    indent = widths[0] + len(_GAP)
                    yield from _below(texts[-1], columns[-1].style, indent, width, color)
            else:
                yield from _block(columns, texts, width, color)


def _widths(columns: Sequence[Column], rows: list[Row], width: int | None) -> list[int]:
    """Return the widths of the columns that fit beside one another: all, all but prose, or none."""
    widths = [
        max([cells(column.heading), *(cells(row[i]) for row in rows)])
        for i, column in enumerate(columns)
    ]
    if width is None or not widths:
        return widths
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    if over > 0 and columns[-1].prose:
        prose = widths[-1] - over
        words = (word for row in rows for word in row[-1].split())
        if prose >= max([_LEAST_PROSE, *map(cells, words)]):
            return [*widths[:-1], prose]
        over -= widths.pop() + len(_GAP)
    return widths if over <= 0 else []


def _line(columns: Sequence[Column], texts: Row, widths: list[int], color: bool) -> Iterator[str]:
    """Yield a row of the table: one line, or several if its prose is wrapped."""
    pieces: list[Piece] = []
    for column, text, width in zip(columns, texts, widths, strict=False):  # prose may be left over
        if column.prose:
            break
        padding = " " * (width - cells(text))
        before, after = (padding, "") if column.right else ("", padding)
        pieces += [(before, ""), (text, column.style), (after + _GAP, "")]
    prose = wrapped(texts[len(widths) - 1], widths[-1]) if columns[-1].prose else [""]
    indent = " " * sum(cells(text) for text, _ in pieces)
    for i, line in enumerate(prose):
        yield paint([*(pieces if i == 0 else [(indent, "")]), (line, columns[-1].style)], color)


def _block(columns: Sequence[Column], texts: Row, width: int | None, color: bool) -> Iterator[str]:
    """Yield a row as a headline with the other columns below it."""
    title: list[Piece] = []
    body: list[str] = []
    indent = max([cells(column.heading) + len(_GAP) for column in columns if column.named] or [0])
    for column, text in zip(columns, texts, strict=True):
        if column.named and text:
            head, *rest = wrapped(text, width, indent, indent)
            yield paint([(column.heading.ljust(indent), "dim"), (head, column.style)], color)
            for line in rest:
                yield paint([(line, column.style)], color)
        elif column.title and text:
            title += [(_GAP if title else "", ""), (text, column.style)]
        elif text and not column.prose:
            item = text if column.plain else f"{column.heading} {text}"
            fits = width is None or cells(item) < width - _INDENT
            body.append(item.replace(" ", _NO_BREAK) if fits else item)
    if title:
        yield paint(title, color)
    yield from _below(", ".join(body), "", _INDENT, width, color)
    if columns[-1].prose:
        yield from _below(texts[-1], columns[-1].style, _INDENT, width, color)


def _below(text: str, style: str, indent: int, width: int | None, color: bool) -> Iterator[str]:
    """Yield ``text``, wrapped and indented, if there is any."""
    if text:
        head, *rest = wrapped(text, width, indent, indent)
        for line in (" " * indent + head, *rest):
            yield paint([(line.replace(_NO_BREAK, " "), style)], color)
