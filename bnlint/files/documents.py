"""Documents that hold a program in pieces: notebooks, and pages with blocks of code.

The program of a document is the text of its pieces, each below a comment of its own, so that it can
be read, checked and fixed as any other. What a finding is told by is where its piece stands in the
document; see :mod:`bnlint.engine.locating`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from difflib import SequenceMatcher

#: What the names of documents end with.
NOTEBOOK = ".ipynb"
PAGES = (".md", ".rst")
DOCUMENTS = (NOTEBOOK, *PAGES)

#: What the names of files that hold Python end with.
HOLDS_CODE = (".py", ".pyi", *DOCUMENTS)

_NEWLINE = lazy(r"(?<=\n)|(?<=\r)(?!\n)")


class Chunk(NamedTuple):
    """A piece of source text as a document writes it: from ``start`` to ``end`` of its raw text."""

    text: str
    start: int
    end: int


class Block(NamedTuple):
    """A code cell of a notebook, or a block of code of a page.

    ``text`` is its source, ``code`` the same with what is no Python masked, character for
    character. ``chunks`` are the strings or lines that the document writes it as; ``listed`` tells
    that there is a list of them. ``number`` is that of the cell, counted from 1 over cells of every
    kind; a page has none (0). ``row`` is the first row of the code in the program, ``line`` the one
    before it in the document, and ``indent`` what each of its lines is indented by there.
    """

    text: str
    code: str
    chunks: tuple[Chunk, ...]
    listed: bool = False
    number: int = 0
    row: int = 0
    line: int = 0
    indent: int = 0


class Flaw(NamedTuple):
    """A block that is no Python, which is masked: its first row in the program, and its code."""

    row: int
    code: str


class Document(NamedTuple):
    """A document as it was read: its raw text, the blocks of its program, and what marks them."""

    raw: str
    blocks: tuple[Block, ...]
    mark: str
    flaws: tuple[Flaw, ...] = ()

    @property
    def around(self) -> tuple[str, ...]:
        """All of the raw text but the source of the blocks."""
        chunks = [chunk for block in self.blocks for chunk in block.chunks]
        ends = [0, *(chunk.end for chunk in chunks)]
        starts = [*(chunk.start for chunk in chunks), len(self.raw)]
        between = (self.raw[a:b].strip(" \t\r\n,") for a, b in zip(ends, starts, strict=True))
        return tuple(filter(None, between))

    def block_at(self, row: int) -> Block:
        """Return the block that the row of the program stands in."""
        index = bisect_right([block.row - 1 for block in self.blocks], row) - 1
        return self.blocks[max(index, 0)]

    def line_of(self, block: Block, row: int) -> int:
        """Return the line of the document in which a row of a block of it stands."""
        if not block.number:
            return block.line + row
        chunk = block.chunks[min(row, len(block.chunks)) - 1] if block.chunks else None
        return self.raw.count("\n", 0, chunk.start) + 1 if chunk is not None else 1


def assembled(raw: str, blocks: Sequence[Block]) -> tuple[str, Document]:
    """Return the program that ``blocks`` make up, and the document they were found in."""
    mark = "#%%"
    while any(mark in block.code for block in blocks):
        mark += "%"
    parts: list[str] = []
    placed: list[Block] = []
    row = 1
    for number, block in enumerate(blocks, 1):
        code = block.code if block.code.endswith(("\n", "\r")) else f"{block.code}\n"
        parts += [f"{mark} {number}\n", code]
        placed.append(block._replace(row=row + 1))
        row += 1 + len(split(code))
    return "".join(parts), Document(raw, tuple(placed), mark)


def pieces(document: Document, program: str) -> list[str] | None:
    """Return the new source of each block of a changed program; ``None`` if they are not all there.

    What was masked is as it was.

    Raises:
        ValueError: a line is changed that holds something masked.
    """
    parts = re.split(rf"^{re.escape(document.mark)} \d+\n", program, flags=re.MULTILINE)
    if len(parts) != len(document.blocks) + 1 or parts[0]:
        return None
    return [
        _unmasked(block, _as_ended(block, part))
        for block, part in zip(document.blocks, parts[1:], strict=True)
    ]


def _as_ended(block: Block, code: str) -> str:
    """Return ``code`` without the line end that the program has put after the block."""
    return code if block.code.endswith(("\n", "\r")) else code.removesuffix("\n")


def _unmasked(block: Block, code: str) -> str:
    if block.text == block.code:
        return code
    text, masked, new = split(block.text), split(block.code), split(code)
    lines: list[str] = []
    for kind, start, end, new_start, new_end in matched(masked, new).get_opcodes():
        if kind == "equal":
            lines += text[start:end]
            continue
        changed = new[new_start:new_end]
        for index in range(start, end):
            if text[index] == masked[index]:
                continue
            hidden = _hidden(text[index], masked[index])
            place = index - start
            if place >= len(changed) or not changed[place].startswith(masked[index][:hidden]):
                raise ValueError("a line with a magic command would change")
            changed[place] = text[index][:hidden] + changed[place][hidden:]
        lines += changed
    return "".join(lines)


def _hidden(text: str, masked: str) -> int:
    """Return how many characters of a line stand before those that are not masked."""
    same = 0
    while same < len(text) and text[-1 - same] == masked[-1 - same]:
        same += 1
    return len(text) - same


def matched(old: Sequence[str], new: Sequence[str]) -> SequenceMatcher[str]:
    """Return what says which of two lists of lines are the same."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, old, new, autojunk=False)


def split(text: str) -> list[str]:
    """Return the lines of ``text`` with their ends, as Python's parser has them."""
    return [line for line in _NEWLINE.split(text) if line]


def replaced(raw: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """Return ``raw`` with other text in the place of some of its pieces."""
    parts: list[str] = []
    position = 0
    for start, end, text in changes:
        parts += [raw[position:start], text]
        position = end
    return "".join([*parts, raw[position:]])
