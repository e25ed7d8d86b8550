"""A client of the language server as editors are, and what its tests ask of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, "-m", "bnlint", "server", "--stdio"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
#: Seconds after which a test takes it that nothing comes any more.
PATIENCE = 30


class Editor(LanguageClient):
    """An editor with a folder open, and what the server asked it to watch."""

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        self.folder = Path()
        self.registered: list[types.Registration] = []
        register_lsp_features(self)

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            self.registered += params.registrations


CONFIG = ClientServerConfig(COMMAND, Editor, ENVIRONMENT)


async def begin(
    client: Editor,
    folder: Path,
    *,
    editor: str = "visual-studio-code",
    encodings: Sequence[str] | None = None,
    options: object = None,
) -> types.InitializeResult:
    """Start a session as an editor does that has opened ``folder``."""
    client.folder = folder
    capabilities = client_capabilities(editor)
    if encodings is not None:
        kinds = [types.PositionEncodingKind(name) for name in encodings]
        capabilities.general = types.GeneralClientCapabilities(position_encodings=kinds)
    return await client.initialize_session(
        types.InitializeParams(
            capabilities,
            root_uri=folder.as_uri(),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name)],
            initialization_options=options,
        )
    )


def open_document(client: Editor, uri: str, text: str, language: str = "python") -> None:
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text))
    )


def change_document(
    client: Editor,
    uri: str,
    version: int,
    text: str,
    where: tuple[int, int, int, int] | None = None,
) -> None:
    """Change a piece of a document, or all of it."""
    change: types.TextDocumentContentChangeEvent
    if where is None:
        change = types.TextDocumentContentChangeWholeDocument(text)
    else:
        change = types.TextDocumentContentChangePartial(area(*where), text)
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version, uri), [change]
        )
    )


def area(line: int, character: int, end_line: int, end_character: int) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(end_line, end_character))


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    for _ in range(PATIENCE * 50):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing came")


async def codes(client: Editor, uri: str, *expected: str) -> list[types.Diagnostic]:
    """Wait until these are the codes that are shown in a document, and return what is."""

    def there() -> list[str] | None:
        found = client.diagnostics.get(uri)
        return None if found is None else sorted(str(one.code) for one in found)

    try:
        await until(lambda: there() == sorted(expected))
    except AssertionError:
        raise AssertionError(f"{there()} instead of {sorted(expected)}") from None
    return sorted(client.diagnostics[uri], key=lambda one: (one.range.start.line, str(one.code)))


async def actions(client: Editor, uri: str, line: int, *only: str) -> list[types.CodeAction]:
    found = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(uri),
            area(line, 20, line, 20),
            types.CodeActionContext([], only=[*only] or None),
        )
    )
    return [action for action in found or () if isinstance(action, types.CodeAction)]


def edited(text: str, action: types.CodeAction, uri: str) -> str:
    """Return a text (of characters that all encodings count alike) after an action on it."""
    assert action.edit is not None
    edits: list[types.TextEdit] = []
    for changed in action.edit.document_changes or ():
        assert isinstance(changed, types.TextDocumentEdit)
        if changed.text_document.uri == uri:
            edits += [edit for edit in changed.edits if isinstance(edit, types.TextEdit)]
    edits += (action.edit.changes or {}).get(uri, [])
    assert edits
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(position: types.Position) -> int:
        return starts[position.line] + position.character

    for edit in sorted(edits, key=lambda one: offset(one.range.start), reverse=True):
        start, end = offset(edit.range.start), offset(edit.range.end)
        text = f"{text[:start]}{edit.new_text}{text[end:]}"
    return text
