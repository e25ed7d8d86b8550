"""Jupyter notebooks: the code cells as one program, and back with the smallest change of the JSON.

The JSON is not written anew: the place of each string of a cell's source is known, and only those
strings change that hold a changed line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from bnlint.files.documents import Block, Chunk, Document, Flaw, assembled, matched, replaced, split
from bnlint.files.magics import blank, masked, parses

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=float)  # int takes no number of thousands of digits

#: Names of languages of kernels that run Python.
_PYTHON = re.compile(r"i?python(?:\d[\d.]*)?|sage|xpython|pyodide", re.IGNORECASE)


class NotebookError(ValueError):
    """A notebook that is none: what is wrong with it, and at which offset of its text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.offset = message, offset


def read(raw: str) -> tuple[str, Document]:
    """Return the program of a notebook, and the notebook as it was read.

    Raises:
        NotebookError: it is not valid JSON, or no notebook.
    """
    try:
        cells, language = _walk(raw)
    except json.JSONDecodeError as error:
        raise NotebookError(f"this is no notebook: {error.msg}", error.pos) from None
    except (RecursionError, MemoryError):
        raise NotebookError("this notebook is nested too deeply to be read", 0) from None
    if language and not _PYTHON.fullmatch(language):
        return assembled(raw, ())
    blocks = [
        Block(text, masked(text), chunks, listed, number)
        for number, kind, text, chunks, listed in cells
        if kind == "code" and text.strip()
    ]
    program, document = assembled(raw, blocks)
    if parses(program):
        return program, document
    broken = [block for block in blocks if not parses(block.code)]
    blocks = [b._replace(code=blank(b.text)) if b in broken else b for b in blocks]
    program, document = assembled(raw, blocks)
    at = {block.number: block.row for block in document.blocks}
    flaws = tuple(Flaw(at[block.number], block.code) for block in broken)
    return program, document._replace(flaws=flaws)


_Cell = tuple[int, str, str, tuple[Chunk, ...], bool]


def _walk(raw: str) -> tuple[list[_Cell], str]:
    """Return the cells of a notebook, with the places of their sources, and its language."""
    cells: list[_Cell] = []
    language = ""

    def cell_list(at: int) -> int:
        if raw[at : at + 1] != "[":
            raise NotebookError("this is no notebook: its cells are no list", at)
        return _array(raw, at, lambda start: one_cell(start))

    def sheets(at: int) -> int:  # of the third version of the format
        return _array(raw, at, lambda start: _object(raw, start, {"cells": cell_list}))

    def one_cell(at: int) -> int:
        found: dict[str, Any] = {}

        def source(start: int) -> int:
            chunks, listed, end = _source(raw, start)
            found["source"] = (chunks, listed)
            return end

        def keep(name: str) -> Callable[[int], int]:
            def reader(start: int) -> int:
                found[name], end = _value(raw, start)
                return end

            return reader

        end = _object(
            raw, at,
            {"source": source, "input": source, "cell_type": keep("kind"),
             "metadata": keep("metadata")},
        )  # fmt: skip
        chunks, listed = found.get("source", ((), False))
        number = len(cells) + 1
        kind = str(found.get("kind", ""))
        metadata = found.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("vscode"), dict):
            kind = kind if metadata["vscode"].get("languageId", "python") == "python" else "other"
        cells.append((number, kind, "".join(chunk.text for chunk in chunks), chunks, listed))
        return end

    def metadata(at: int) -> int:
        nonlocal language
        value, end = _value(raw, at)
        if isinstance(value, dict):
            for part, key in (("language_info", "name"), ("kernelspec", "language")):
                if isinstance(value.get(part), dict) and not language:
                    language = str(value[part].get(key) or "")
        return end

    start = _skip(raw, 0)
    if raw[start : start + 1] != "{":
        raise NotebookError("this is no notebook: it holds no JSON object", start)
    seen: dict[str, Callable[[int], int]] = {
        "cells": cell_list, "worksheets": sheets, "metadata": metadata,
    }  # fmt: skip
    names: set[str] = set()
    end = _skip(raw, _object(raw, start, seen, names))
    if end != len(raw):
        raise json.JSONDecodeError("Extra data", raw, end)
    if names.isdisjoint(("cells", "worksheets")):
        raise NotebookError("this is no notebook: it has no cells", start)
    return cells, language


def _skip(raw: str, at: int) -> int:
    match = _SPACE.match(raw, at)
    return match.end() if match else at


def _value(raw: str, at: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(raw, at)


def _object(
    raw: str, at: int, readers: dict[str, Callable[[int], int]], names: set[str] | None = None
) -> int:
    """Read an object, the values of some keys by ``readers``; return where it ends."""
    if raw[at : at + 1] != "{":
        return _value(raw, at)[1]
    at = _skip(raw, at + 1)
    if raw[at : at + 1] == "}":
        return at + 1
    while True:
        if raw[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name", raw, at)
        name, at = _value(raw, at)
        if names is not None:
            names.add(name)
        at = _skip(raw, at)
        if raw[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", raw, at)
        at = _skip(raw, at + 1)
        at = readers[name](at) if name in readers else _value(raw, at)[1]
        at = _skip(raw, at)
        if raw[at : at + 1] == "}":
            return at + 1
        at = _next(raw, at)


def _array(raw: str, at: int, reader: Callable[[int], int]) -> int:
    """Read an array, each item by ``reader``; return where it ends."""
    if raw[at : at + 1] != "[":
        return _value(raw, at)[1]
    at = _skip(raw, at + 1)
    if raw[at : at + 1] == "]":
        return at + 1
    while True:
        at = _skip(raw, reader(at))
        if raw[at : at + 1] == "]":
            return at + 1
        at = _next(raw, at)


def _next(raw: str, at: int) -> int:
    if raw[at : at + 1] != ",":
        raise json.JSONDecodeError("Expecting ',' delimiter", raw, at)
    return _skip(raw, at + 1)


def _source(raw: str, at: int) -> tuple[tuple[Chunk, ...], bool, int]:
    """Read the source of a cell: a string, or a list of strings."""
    if raw[at : at + 1] == '"':
        text, end = _value(raw, at)
        return (Chunk(text, at, end),), False, end
    chunks: list[Chunk] = []

    def item(start: int) -> int:
        value, end = _value(raw, start)
        if isinstance(value, str) and value:  # an empty one, as some write last, stays as it is
            chunks.append(Chunk(value, start, end))
        return end

    return_to = _array(raw, at, item)
    return tuple(chunks), True, return_to


def written(document: Document, sources: list[str]) -> str:
    """Return the JSON of a notebook whose cells have these sources."""
    escaped = document.raw.isascii() and "\\u" in document.raw

    def dumped(text: str) -> str:
        return json.dumps(text, ensure_ascii=escaped)

    changes: list[tuple[int, int, str]] = []
    for block, source in zip(document.blocks, sources, strict=True):
        if source == block.text:
            continue
        if block.listed:
            changes += _listed(document.raw, block.chunks, split(source), dumped)
        else:
            (chunk,) = block.chunks
            changes.append((chunk.start, chunk.end, dumped(source)))
    return replaced(document.raw, changes)


def _listed(
    raw: str, chunks: tuple[Chunk, ...], lines: list[str], dumped: Callable[[str], str]
) -> Iterator[tuple[int, int, str]]:
    """Yield the changes that turn a list of strings into one of ``lines``."""
    first, last = chunks[0], chunks[-1]
    between = raw[first.end : chunks[1].start] if len(chunks) > 1 else ""
    if not between:
        opened = raw.rindex("[", 0, first.start)
        between = f",{raw[opened + 1 : first.start] or ' '}"
    old = [chunk.text for chunk in chunks]
    for kind, start, end, new_start, new_end in matched(old, lines).get_opcodes():
        new = [dumped(line) for line in lines[new_start:new_end]]
        if kind == "replace":
            yield chunks[start].start, chunks[end - 1].end, between.join(new)
        elif kind == "delete":
            if end < len(chunks):
                yield chunks[start].start, chunks[end].start, ""
            else:
                yield (chunks[start - 1].end if start else first.start), last.end, ""
        elif kind == "insert" and start:
            at = chunks[start - 1].end
            yield at, at, "".join(between + line for line in new)
        elif kind == "insert":
            yield first.start, first.start, "".join(line + between for line in new)
