"""Open documents of an editor: their texts, and the files that these stand in for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from bnlint.files.documents import NOTEBOOK
from bnlint.files.source import as_written
from bnlint.serving.positions import Change, changed
from bnlint.startup.typed import NamedTuple


class Document(NamedTuple):
    """A text that is open in an editor: by its address, at a version, in a language."""

    uri: str
    version: int
    text: str
    language: str


class Notebook(NamedTuple):
    """A notebook that is open in an editor.

    ``cells`` are the addresses of its cells in order, each with whether it holds code.
    """

    uri: str
    version: int
    cells: tuple[tuple[str, bool], ...]


class Documents:
    """All that is open in an editor which counts in units of ``encoding``."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.texts: dict[str, Document] = {}
        self.notebooks: dict[str, Notebook] = {}
        self.paths: dict[str, str] = {}

    def open(self, document: Document, path: str = "") -> None:
        """Take up a document that stands in for the file at ``path``, or is a cell of none."""
        self.texts[document.uri] = document
        if path:
            self.paths[document.uri] = path

    def open_notebook(self, notebook: Notebook, path: str) -> None:
        """Take up a notebook that stands in for the file at ``path``; cells are documents."""
        self.notebooks[notebook.uri] = notebook
        self.paths[notebook.uri] = path

    def change(self, uri: str, version: int, changes: Iterable[Change]) -> None:
        """Take over changes of a document."""
        known = self.texts[uri]
        text = changed(known.text, changes, self.encoding)
        self.texts[uri] = known._replace(version=version, text=text)

    def close(self, uri: str) -> str:
        """Forget a document or notebook; return the path of its file, empty for a cell."""
        notebook = self.notebooks.pop(uri, None)
        for cell, _ in notebook.cells if notebook is not None else ():
            self.texts.pop(cell, None)
        self.texts.pop(uri, None)
        return self.paths.pop(uri, "")

    def owner(self, uri: str) -> str:
        """Return the address of what a document belongs to: its notebook, or itself."""
        for notebook in self.notebooks.values():
            if any(uri == cell for cell, _ in notebook.cells):
                return notebook.uri
        return uri

    def version(self, uri: str) -> int:
        """Return the version of a document or notebook."""
        found = self.notebooks.get(uri) or self.texts[uri]
        return found.version

    def data(self, uri: str) -> bytes:
        """Return the bytes of the file that a document or notebook stands in for."""
        notebook = self.notebooks.get(uri)
        if notebook is None:
            return as_written(self.texts[uri].text)
        cells = [self._cell(uri, is_code) for uri, is_code in notebook.cells]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()

    def _cell(self, uri: str, is_code: bool) -> dict[str, object]:
        document = self.texts.get(uri)
        text = document.text if document is not None else ""
        is_python = is_code and document is not None and document.language == "python"
        kind = "code" if is_python else "raw"
        return {"cell_type": kind, "metadata": {}, "source": text}

    def parts(self, uri: str) -> Iterator[tuple[int, Document]]:
        """Yield the texts in which findings of a document are told, by the number of their cell."""
        notebook = self.notebooks.get(uri)
        if notebook is None:
            yield 0, self.texts[uri]
            return
        for number, (cell, _) in enumerate(notebook.cells, 1):
            if cell in self.texts:
                yield number, self.texts[cell]

    def is_raw_notebook(self, uri: str) -> bool:
        """Tell whether a document is the JSON of a notebook, and no notebook to the editor."""
        return uri not in self.notebooks and self.paths[uri].endswith(NOTEBOOK)
