"""Markdown and reStructuredText: the blocks of Python in them as one program, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bnlint.files.documents import Block, Chunk, Document, assembled, matched, replaced, split
from bnlint.files.magics import masked, parses

_FENCE = re.compile(r"(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w+-]*)")
_PYTHON = frozenset({"python", "py", "python3", "py3", "pycon3", "ipython", "ipython3"})
_DIRECTIVE = re.compile(
    r"(?P<indent>[ \t]*)\.\.[ \t]+(?:code-block|sourcecode|code|testcode|ipython)::"
    r"[ \t]*(?P<language>[\w+-]*)"
)
_OPTION = re.compile(r"[ \t]+:[\w-]+:")


def read(raw: str, *, restructured: bool) -> tuple[str, Document]:
    """Return the program of a page, and the page as it was read.

    What is no Python (an excerpt with dots, a session with prompts) is passed over: a page is
    there for people to read.
    """
    lines = split(raw)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    find = _directives if restructured else _fences
    blocks = []
    for first, last, indent in find(lines):
        own = lines[first:last]
        text = "".join(line[indent:] if line.strip() else line.lstrip(" \t") for line in own)
        code = masked(text)
        if text.strip() and parses(code):
            chunks = tuple(Chunk(lines[i], starts[i], starts[i + 1]) for i in range(first, last))
            blocks.append(Block(text, code, chunks, True, 0, 0, first, indent))
    return assembled(raw, blocks)


def _fences(lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the first line, the line after the last, and the indentation of fenced blocks."""
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        number += 1
        if opened is None:
            continue
        first = number
        closing = re.compile(rf"[ \t>]*{opened['fence'][0]}{{{len(opened['fence'])},}}[ \t]*$")
        while number < len(lines) and not closing.match(lines[number].rstrip("\r\n")):
            number += 1
        indent = len(opened["indent"])
        own = [line for line in lines[first:number] if line.strip()]
        is_even = all(line[:indent].strip(" \t>") == "" for line in own)
        if opened["language"].lower() in _PYTHON and number < len(lines) and is_even:
            yield first, number, indent
        number += 1


def _directives(lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the same of the code blocks of reStructuredText."""
    for number, line in enumerate(lines):
        opened = _DIRECTIVE.match(line)
        if opened is None or (opened["language"].lower() or "python") not in _PYTHON:
            continue
        first = number + 1
        while first < len(lines) and (not lines[first].strip() or _OPTION.match(lines[first])):
            first += 1
        if first == len(lines):
            continue
        indent = len(lines[first]) - len(lines[first].lstrip())
        if indent <= len(opened["indent"]):
            continue
        last = first
        for index in range(first, len(lines)):
            text = lines[index]
            if text.strip():
                if len(text) - len(text.lstrip()) < indent:
                    break
                last = index + 1
        yield first, last, indent


def written(document: Document, sources: list[str]) -> str:
    """Return the page with these sources in its blocks."""
    changes: list[tuple[int, int, str]] = []
    for block, source in zip(document.blocks, sources, strict=True):
        old, new = split(block.text), split(source)
        for kind, start, end, new_start, new_end in matched(old, new).get_opcodes():
            if kind != "equal":
                chunks = block.chunks
                at = chunks[start].start if start < len(chunks) else chunks[-1].end
                stop = chunks[end - 1].end if end > start else at
                full = next(chunk.text for chunk in chunks if chunk.text.strip())
                lead = full[: block.indent]
                added = new[new_start:new_end]
                text = "".join(lead + line if line.strip() else line for line in added)
                changes.append((at, stop, text))
    return replaced(document.raw, changes)
