"""A language server over standard input and output, for editors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from bnlint import __version__
from bnlint.serving import questions
from bnlint.serving.client_settings import ClientSettings, client_settings
from bnlint.serving.documents import Document, Notebook
from bnlint.serving.positions import Change, Place
from bnlint.serving.session import Session

#: The files that count beside the open ones: code, and what configures bnlint.
_WATCHED = "**/{*.py,*.pyi,*.ipynb,pyproject.toml,bnlint.toml,.bnlint.toml,.gitignore}"


def serve() -> None:
    """Serve a client over standard input and output until it ends that."""
    # What goes wrong is told to the client in one line.
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False
    # The client closes the one output that it reads, and nothing else may write to it.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    with contextlib.redirect_stdout(sys.stderr):
        made().start_io(stdout=output)


def made() -> LanguageServer:
    """Return the server, ready to be started."""
    notebooks = types.NotebookDocumentFilterWithNotebook(notebook="jupyter-notebook")
    server = LanguageServer(
        "bnlint",
        __version__,
        notebook_document_sync=types.NotebookDocumentSyncOptions([notebooks], save=True),
        max_workers=2,
    )
    session = Session(server)
    _register_life(session)
    _register_documents(session)
    _register_notebooks(session)
    _register_questions(session)
    return server


def _register_life(session: Session) -> None:
    """Have the server begin, and take up what is set anew."""
    server, documents = session.server, session.documents

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        folders = [folder.uri for folder in params.workspace_folders or ()]
        root = uris.to_fs_path(folders[0] if folders else params.root_uri or "")
        if root:
            with contextlib.suppress(OSError, ValueError):  # it is not there, or not to be entered
                os.chdir(root)  # what paths are shown, and taken in settings, relative to
        encoding = server.workspace.position_encoding or types.PositionEncodingKind.Utf16
        documents.encoding = str(getattr(encoding, "value", encoding))
        session.configure(client_settings(params.initialization_options) or ClientSettings())

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        session.begin(asyncio.get_running_loop())
        capabilities = server.client_capabilities.workspace
        watching = capabilities.did_change_watched_files if capabilities is not None else None
        if watching is None or not watching.dynamic_registration:
            return
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        watchers = [types.FileSystemWatcher(_WATCHED)]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = types.Registration("bnlint-files", method, options)
        with contextlib.suppress(Exception):  # of a client that says it can, and cannot
            await server.client_register_capability_async(types.RegistrationParams([registration]))
            session.is_watched = True

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        settings = client_settings(params.settings)
        if settings is not None:
            session.configure(settings)
        session.want_all()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        opened = set(documents.paths.values())
        saved = types.FileChangeType.Changed  # of what is open, its buffer counts
        if any(c.type != saved or session.path_of(c.uri) not in opened for c in params.changes):
            session.disk_changed()


def _register_documents(session: Session) -> None:
    """Have the server follow what is typed."""
    server, documents = session.server, session.documents

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        documents.open(_document(item), session.path_of(item.uri))
        session.edited(item.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        item = params.text_document
        if item.uri in documents.texts:
            documents.change(item.uri, item.version, _changes(params.content_changes))
            session.edited(item.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:
        session.saved()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.closed(params.text_document.uri)


def _register_notebooks(session: Session) -> None:
    """Have the server follow what is typed in notebooks."""
    server, documents = session.server, session.documents

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenNotebookDocumentParams) -> None:
        found = params.notebook_document
        for item in params.cell_text_documents:
            documents.open(_document(item))
        notebook = Notebook(found.uri, found.version, _cells(found.cells))
        documents.open_notebook(notebook, session.path_of(found.uri))
        session.edited(found.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeNotebookDocumentParams) -> None:
        uri, change = params.notebook_document.uri, params.change.cells
        notebook = documents.notebooks.get(uri)
        if notebook is None:
            return
        cells = list(notebook.cells)
        if change is not None and change.structure is not None:
            for item in change.structure.did_open or ():
                documents.open(_document(item))
            array = change.structure.array
            cells[array.start : array.start + array.delete_count] = _cells(array.cells or ())
            for gone in change.structure.did_close or ():
                documents.texts.pop(gone.uri, None)
                session.publish(gone.uri, None, [])
        for text in (change.text_content if change is not None else None) or ():
            cell = text.document
            if cell.uri in documents.texts:
                documents.change(cell.uri, cell.version, _changes(text.changes))
        version = params.notebook_document.version
        documents.notebooks[uri] = Notebook(uri, version, tuple(cells))
        session.edited(uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveNotebookDocumentParams) -> None:
        session.saved()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseNotebookDocumentParams) -> None:
        session.closed(params.notebook_document.uri)


def _register_questions(session: Session) -> None:
    """Have the server answer what an editor asks."""
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await session.answer(questions.hover(session, params), None)

    kinds = [types.CodeActionKind.QuickFix, questions.FIX_ALL, questions.TRANSLATE]

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds, resolve_provider=True)
    )
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await session.answer(questions.actions(session, params), [])

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolved(action: types.CodeAction) -> types.CodeAction:
        return await session.answer(questions.resolved(session, action), action)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        return await session.answer(questions.hints(session, params), [])


def _document(item: types.TextDocumentItem) -> Document:
    return Document(item.uri, item.version, item.text, str(item.language_id))


def _cells(cells: Iterable[types.NotebookCell]) -> tuple[tuple[str, bool], ...]:
    return tuple((cell.document, cell.kind == types.NotebookCellKind.Code) for cell in cells)


def _changes(found: Sequence[types.TextDocumentContentChangeEvent]) -> Iterator[Change]:
    for change in found:
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = change.range.start, change.range.end
            yield Change(
                Place(start.line, start.character), Place(end.line, end.character), change.text
            )
        else:
            yield Change(None, None, change.text)
