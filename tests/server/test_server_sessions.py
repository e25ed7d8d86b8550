"""How sessions of the language server begin, what they are told, and how they end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_lsp
from command_line import FAULTY
from editor import (
    COMMAND,
    CONFIG,
    ENVIRONMENT,
    Editor,
    area,
    begin,
    change_document,
    codes,
    open_document,
    until,
)
from lsprotocol import types

pytestmark = pytest.mark.asyncio

#: Each encoding counts what stands before the place by another number.
WIDE = 'import torch.nn as nn\n\nname, bn = "\U0001f600\u00e9", nn.BatchNorm2d(64, momentum=0.99)\n'


@pytest_lsp.fixture(config=CONFIG)
async def client(lsp: Editor):
    yield
    await lsp.shutdown_session()


@pytest.mark.parametrize(
    ("encodings", "chosen", "character"),
    [
        pytest.param(None, "utf-16", 46, id="none is said"),
        pytest.param(["utf-8", "utf-16"], "utf-8", 49, id="bytes"),
        pytest.param(["utf-16", "utf-8"], "utf-16", 46, id="as the client prefers"),
        pytest.param(["utf-32"], "utf-32", 45, id="characters"),
    ],
)
async def test_places_are_counted_as_agreed(
    client: Editor,
    tmp_path: Path,
    encodings: list[str] | None,
    chosen: str,
    character: int,
) -> None:
    result = await begin(client, tmp_path, encodings=encodings)
    assert result.capabilities.position_encoding == chosen
    uri = (tmp_path / "m.py").as_uri()
    open_document(client, uri, WIDE)
    (found,) = await codes(client, uri, "BN101")
    assert found.range == area(2, character, 2, character + 4)
    change_document(client, uri, 2, "0.01", (2, character, 2, character + 4))
    await codes(client, uri)


@pytest.mark.parametrize("editor", ["neovim", "emacs"])
async def test_other_editors_are_served_too(client: Editor, tmp_path: Path, editor: str) -> None:
    await begin(client, tmp_path, editor=editor)
    uri = (tmp_path / "m.py").as_uri()
    open_document(client, uri, FAULTY)
    await codes(client, uri, "BN101")


@pytest.mark.parametrize("name", ["m.py", "nowhere", "no\0path"])
async def test_a_folder_that_is_none_keeps_nobody_from_working(
    client: Editor, tmp_path: Path, name: str
) -> None:
    uri = (tmp_path / "m.py").as_uri()
    (tmp_path / "m.py").write_text(FAULTY, encoding="utf-8")
    await begin(client, tmp_path / name)
    open_document(client, uri, FAULTY)
    await codes(client, uri, "BN101")


async def test_settings_of_the_editor(client: Editor, tmp_path: Path) -> None:
    sent = {"from": "Keras", "ignore": ["BN101"], "inlayHints": True, "tranlateTo": ["keras"]}
    await begin(client, tmp_path, options=sent)
    uri = (tmp_path / "m.py").as_uri()
    open_document(client, uri, FAULTY)
    await codes(client, uri, "BN103")
    await until(lambda: client.messages)
    assert [one.message for one in client.messages] == [
        "bnlint: unknown setting tranlateTo; did you mean translateTo?"
    ]
    question = types.InlayHintParams(types.TextDocumentIdentifier(uri), area(0, 0, 9, 0))
    hints = await client.text_document_inlay_hint_async(question)
    assert [(hint.label, hint.position.line) for hint in hints or ()] == [("decay 0.01", 2)]
    for settings in ({"bnlint": {"select": ["BN101"], "inlayHints": True}}, {"pylsp": {}}):
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
    await codes(client, uri, "BN101")
    assert await client.text_document_inlay_hint_async(question) == hints


async def test_configuration_is_read_again(client: Editor, tmp_path: Path) -> None:
    """As the editor tells that it changed on the disk; what is wrong in it is said."""
    await begin(client, tmp_path)
    uri = (tmp_path / "m.py").as_uri()
    open_document(client, uri, FAULTY)
    await codes(client, uri, "BN101")
    await until(lambda: client.registered)
    (registration,) = client.registered
    assert registration.method == "workspace/didChangeWatchedFiles"

    def configure(text: str) -> None:
        file = tmp_path / "pyproject.toml"
        file.write_text(text, encoding="utf-8")
        event = types.FileEvent(file.as_uri(), types.FileChangeType.Changed)
        client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    configure('[tool.bnlint]\nignore = ["BN101"]\n')
    await codes(client, uri)
    configure('[tool.bnlint]\nignroe = ["BN101"]\n')
    await until(lambda: client.messages)
    assert "did you mean ignore?" in client.messages[0].message
    configure("[tool.bnlint]\n")
    await codes(client, uri, "BN101")


async def test_files_beside_the_open_ones_are_read_again(client: Editor, tmp_path: Path) -> None:
    """On saving, where the editor watches no files."""
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "settings.py").write_text("M = 0.01\n", encoding="utf-8")
    await begin(client, tmp_path, editor="neovim")
    uri = (tmp_path / "m.py").as_uri()
    open_document(
        client,
        uri,
        "import torch.nn as nn\nfrom settings import M\n\nbn = nn.BatchNorm2d(8, momentum=M)\n",
    )
    await codes(client, uri)
    (tmp_path / "settings.py").write_text("M = 0.99\n", encoding="utf-8")
    client.text_document_did_save(
        types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    await codes(client, uri, "BN101")


async def test_what_is_closed_while_it_is_checked_shows_nothing(
    client: Editor, tmp_path: Path
) -> None:
    """And who asked about it meanwhile is told nothing, without a word of a crash."""
    await begin(client, tmp_path)
    uri, other = (tmp_path / "m.py").as_uri(), (tmp_path / "n.py").as_uri()
    open_document(client, uri, FAULTY)
    place = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(2, 12))
    asked = asyncio.create_task(client.text_document_hover_async(place))
    await asyncio.sleep(0.1)  # rules are loaded for longer than that
    client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    assert await asked is None
    open_document(client, other, FAULTY)
    await codes(client, other, "BN101")
    assert not client.diagnostics.get(uri)
    assert client.messages == []


async def test_a_baseline_holds_in_the_editor_too(client: Editor, tmp_path: Path) -> None:
    from command_line import bnlint, write

    write(tmp_path, pyproject__toml="")
    (tmp_path / "m.py").write_text(FAULTY, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.bnlint]\nbaseline = "known.json"\n')
    bnlint(tmp_path, "--write-baseline", "--baseline", "known.json", ".")
    await begin(client, tmp_path)
    uri = (tmp_path / "m.py").as_uri()
    open_document(client, uri, f"{FAULTY}\nother = nn.BatchNorm2d(8, momentum=0.999)\n")
    (found,) = await codes(client, uri, "BN101")
    assert found.range.start.line == 4


async def test_it_ends_with_its_client() -> None:
    """A client that goes without a word leaves nothing running, and nothing is printed."""
    done = subprocess.run(COMMAND, input=b"", env=ENVIRONMENT, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param("pygls", id="all of it"),
        pytest.param("pygls.lsp.server", id="what its first release lacks"),
    ],
)
async def test_what_is_missing_is_said_in_a_line(tmp_path: Path, missing: str) -> None:
    program = (
        f"import sys; sys.modules['{missing}'] = None; "
        "from bnlint.cli.main import main; sys.exit(main(['server']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "bnlint: error: 'bnlint server' needs pygls (2 or later); pip install 'bnlint[server]'\n"
    )
