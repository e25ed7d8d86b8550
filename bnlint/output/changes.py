"""What a fix would change: the lines before and after it, as the lines of a diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from bnlint.files.source import Lines
from bnlint.finding import Edit
from bnlint.output.frame import WIDTH, Line, fit, shifted, shown
from bnlint.output.text import cells

_GUTTER = "bold bright_blue"
_REMOVED, _ADDED = "red", "green"
_NARROWEST = 20

#: Cells that stay in view before a change where lines have to be cut.
_BEFORE = 12


def changed(lines: Lines, edits: Iterable[Edit], width: int | None) -> list[Line]:
    """Return the lines that ``edits`` change: what goes after ``-``, what comes after ``+``."""
    old, new = lines, Lines(_applied(lines.text, edits))
    before, after = (_rows(side) for side in (old, new))
    found = list(_differences(before, after))
    if not found:
        return []
    gutter = len(str(max(row for row, _, _ in found)))
    room = max((width or WIDTH) - gutter - 3, _NARROWEST)
    edge: Line = [(f"{'':{gutter}} |", _GUTTER)]
    body: list[Line] = []
    texts = [shown(text) for _, _, text in found]
    shift = _shift(found, texts, room)
    for (row, sign, _), text in zip(found, texts, strict=True):
        style = _REMOVED if sign == "-" else _ADDED
        line = fit(shifted(text, shift), room)
        body.append([(f"{row:>{gutter}} ", _GUTTER), (f"{sign} {line}".rstrip(), style)])
    return [edge, *body, edge]


def _shift(found: Sequence[tuple[int, str, str]], texts: Sequence[str], room: int) -> int:
    """Return by how many cells lines that do not fit are shifted, so that the change is in view."""
    over = max(map(cells, texts)) - room
    before = [text for (_, sign, _), text in zip(found, texts, strict=True) if sign == "-"]
    after = [text for (_, sign, _), text in zip(found, texts, strict=True) if sign == "+"]
    same = [_same(old, new) for old, new in zip(before, after, strict=False)]  # as far as both go
    return max(0, min(over, min(same, default=0) - _BEFORE))


def _same(old: str, new: str) -> int:
    """Return how many cells two lines begin with alike."""
    index = 0
    while index < min(len(old), len(new)) and old[index] == new[index]:
        index += 1
    return cells(old[:index])


def _applied(text: str, edits: Iterable[Edit]) -> str:
    parts: list[str] = []
    position = 0
    for edit in sorted(edits):
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


def _rows(lines: Lines) -> list[str]:
    return [lines.line(row) for row in range(1, len(lines.starts) + 1)]


def _differences(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the row, the sign and the text of each line that differs."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1  # most of a file is the same, and need not be matched
    end = 0
    most = min(len(before), len(after)) - start
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from ((start + n + 1, "-", old[n]) for n in range(i, j))
            yield from ((start + n + 1, "+", new[n]) for n in range(k, m))
