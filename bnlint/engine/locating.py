"""Findings told by the places of the document that their program stands in: a notebook, a page.

All that checks, fixes and remembers findings works on the program; who shows them asks here first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bnlint.engine.result import Result
from bnlint.files.documents import DOCUMENTS, Block, Document
from bnlint.files.source import Lines, Unreadable, decode
from bnlint.files.tree import DISK
from bnlint.finding import Edit, Finding, Fix, Reference, Span
from bnlint.startup.patterns import lazy

_LINE = lazy(r"\bline (\d+)")


def located(result: Result) -> Result:
    """Return ``result`` with its findings, and what is said of them, in places of the document."""
    if result.document is None and not any(_names_document(f) for f in result.findings):
        return result
    places = Places(result.path, result.text or "", result.document)
    return result._replace(
        findings=tuple(map(places.finding, result.findings)),
        notices=tuple(places.said(notice) for notice in result.notices),
    )


def _names_document(finding: Finding) -> bool:
    reference = finding.reference
    return reference is not None and (reference.path or "").endswith(DOCUMENTS)


def texts_of(results: Iterable[Result]) -> dict[str, str]:
    """Return the texts of ``results`` by the location that is printed of findings in them."""
    texts: dict[str, str] = {}
    for result in results:
        document = result.document
        if document is None:
            if result.text is not None:
                texts[result.path] = result.text
            continue
        texts[result.path] = document.raw
        for block in document.blocks:
            if block.number:
                texts[f"{result.path}:cell {block.number}"] = block.text
    return texts


class Places:
    """The places of one document, told by those of its program.

    ``document`` is ``None`` for a plain file, whose places are its own.
    """

    def __init__(self, path: str, program: str, document: Document | None) -> None:
        self.path = path
        self.document = document
        self.lines = Lines(program)
        self._others: dict[str, Document | None] = {path: document}

    def place(self, row: int, column: int = 1) -> tuple[int, int, int]:
        """Return the cell (0: none), the row in it and the column of a place of the program."""
        return _placed(self.document, row, column)

    def finding(self, finding: Finding) -> Finding:
        """Return a finding of the program as one of the document."""
        span, cell, line = self._span(finding.span)

        def said(text: str) -> str:
            return self.said(text, cell)

        fix = finding.fix
        return finding._replace(
            span=span,
            cell=cell,
            line=line,
            message=said(finding.message),
            help=said(finding.help),
            fix=None if fix is None else self._fix(fix, said),
            reference=self._reference(finding.reference),
        )

    def _span(self, span: Span) -> tuple[Span, int, int]:
        """Return a span in its cell, or on its page; the number of the cell, and the raw line."""
        if self.document is None or not self.document.blocks:
            return span, 0, 0
        block = self.document.block_at(span.row)
        cell, row, column = self.place(span.row, span.column)
        _, end_row, end_column = self.place(span.end_row, span.end_column)
        if end_row < row:  # it ends where its block does
            end_row, end_column = row, column
        start, end = self._offset(block, span.start), self._offset(block, span.end)
        moved = Span(row, column, end_row, end_column, start, end)
        line = self.document.line_of(block, span.row - block.row + 1)
        return moved, cell, line if cell else 0

    def _offset(self, block: Block, offset: int) -> int:
        """Return an offset into the program as one into the text of a cell, or into the page."""
        if block.number:
            return offset - self.lines.starts[block.row - 1]
        row, column = self.lines.place(offset)
        within = min(max(row - block.row, 0), len(block.chunks))
        if within == len(block.chunks):
            return block.chunks[-1].end
        chunk = block.chunks[within]
        return chunk.start + (block.indent if chunk.text.strip() else 0) + column - 1

    def _fix(self, fix: Fix, said: Callable[[str], str]) -> Fix:
        edits = fix.edits
        document = self.document
        if document is not None and document.blocks:
            moved = []
            for edit in edits:
                block = document.block_at(self.lines.place(edit.start)[0])
                start, end = self._offset(block, edit.start), self._offset(block, edit.end)
                text = _indented(edit.text, block)
                moved.append(Edit(start, end, text, block.number))
            edits = tuple(moved)
        return fix._replace(message=said(fix.message), reason=said(fix.reason), edits=edits)

    def _reference(self, reference: Reference | None) -> Reference | None:
        if reference is None or reference.path is None or not reference.path.endswith(DOCUMENTS):
            return reference
        document = self._of(reference.path)
        cell, row, column = _placed(document, reference.row, reference.column)
        return reference._replace(row=row, column=column, cell=cell)

    def _of(self, path: str) -> Document | None:
        if path not in self._others:
            try:
                self._others[path] = decode(DISK.read(path), path).document
            except (OSError, Unreadable):
                self._others[path] = None
        return self._others[path]

    def said(self, text: str, cell: int = 0) -> str:
        """Return what is said with each line it names as one of the document.

        Of lines in the same ``cell`` as the finding, the cell is not told.
        """
        if self.document is None or not self.document.blocks:
            return text

        def line(match: re.Match[str]) -> str:
            there, row, _ = self.place(int(match[1]))
            return f"line {row} of cell {there}" if there not in (0, cell) else f"line {row}"

        def place(match: re.Match[str]) -> str:
            there, row, _ = self.place(int(match[1]))
            return f"{self.path}:{f'cell {there}:' if there else ''}{row}"

        return re.sub(rf"{re.escape(self.path)}:(\d+)", place, _LINE.sub(line, text))


def _placed(document: Document | None, row: int, column: int) -> tuple[int, int, int]:
    if document is None or not document.blocks:
        return 0, row, column
    block = document.block_at(row)
    within = max(row - block.row + 1, 1)
    if block.number:
        return block.number, within, column
    return 0, block.line + within, column + block.indent


def _indented(text: str, block: Block) -> str:
    """Return what is put into a block as it is written in the document."""
    if not block.indent:
        return text
    lead = next(chunk.text[: block.indent] for chunk in block.chunks if chunk.text.strip())
    return text.replace("\n", f"\n{lead}")
