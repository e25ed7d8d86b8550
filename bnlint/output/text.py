"""Text for terminals: what is safe to print, how wide it is, how it is wrapped and coloured."""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.files.display import clean

#: A piece of a line: its text, and a style in Rich's words (``bold red``), empty for none.
Piece = tuple[str, str]


def cells(text: str) -> int:
    """Return how many cells of a terminal ``text`` takes; it must be clean."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def take(text: str, room: int) -> str:
    """Return as much of the start of ``text`` as fits into ``room`` cells."""
    if text.isascii():
        return text[: max(room, 0)]
    return text[: _index(text, room)]


def drop(text: str, room: int) -> str:
    """Return ``text`` without its first ``room`` cells; half a wide character becomes a space."""
    if text.isascii():
        return text[max(room, 0) :]
    index = _index(text, room)
    missing = room - cells(text[:index])
    return " " + text[index + 1 :] if missing > 0 and index < len(text) else text[index:]


def _index(text: str, room: int) -> int:
    """Return how many characters fit into ``room`` cells, those of no width with the one before."""
    from rich.cells import get_character_cell_size

    used = 0
    for index, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > room:
            return index
    return len(text)


def wrapped(text: str, width: int | None, first: int = 0, indent: int = 0) -> list[str]:
    """Return ``text`` in lines of at most ``width`` cells, broken at spaces where there are any.

    The first line stands after ``first`` cells of something else, the others after ``indent``
    spaces, which are part of them; a word that is longer than a line is cut up. Without a width
    there is one line.
    """
    if width is None or first + cells(text) <= width:
        return [text]
    if width - indent < 16:
        indent = 0
    lines: list[str] = []
    line, room = "", width - first
    for word in text.split(" "):
        if not word:
            continue
        joined = f"{line} {word}" if line else word
        if cells(joined) <= room:
            line = joined
            continue
        if line or first:
            lines.append(line)
            first = 0
        room = max(width - indent, 1)
        while cells(word) > room:
            part = take(word, room) or word[0]
            lines.append(part)
            word = word[len(part) :]  # a word longer than a line is cut up
        line = word
    lines.append(line)
    return [lines[0], *(" " * indent + rest for rest in lines[1:])]


def paint(pieces: Iterable[Piece], color: bool) -> str:
    """Return a line, with the codes for its colours if ``color``, without spaces at its end."""
    if not color:
        return "".join(text for text, _ in pieces).rstrip(" ")
    from rich.color import ColorSystem
    from rich.style import Style

    return "".join(
        Style.parse(style).render(text, color_system=ColorSystem.STANDARD) if style else text
        for text, style in pieces
    ).rstrip(" ")


def literal(value: object) -> str:
    """Return a constant as source text writes it, at most 60 characters of it."""
    try:
        text = clean(repr(value))
    except ValueError:  # Python does not write numbers of thousands of digits in decimal
        return "a very long number"
    return text if len(text) <= 60 else f"{text[:59]}…"
