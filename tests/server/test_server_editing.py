"""What the language server shows while somebody types, asked by a real client."""

from __future__ import annotations

import json

import pytest
import pytest_lsp
from command_line import CLEAN, FAULTY
from editor import (
    CONFIG,
    Editor,
    actions,
    area,
    begin,
    change_document,
    codes,
    edited,
    open_document,
    until,
)
from lsprotocol import types

pytestmark = pytest.mark.asyncio(loop_scope="module")

PORT = """\
import torch.nn as nn
from tensorflow.keras import layers

reference = layers.BatchNormalization()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(64, momentum=0.99)
"""


@pytest_lsp.fixture(config=CONFIG, scope="module")
async def client(lsp: Editor, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("project").resolve()
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    await begin(lsp, folder)
    yield
    await lsp.shutdown_session()
    assert lsp._server is not None and lsp._server.returncode == 0


def opened(client: Editor, name: str, text: str) -> str:
    """Open a document of the project, which need not be on the disk."""
    uri = (client.folder / name).as_uri()
    open_document(client, uri, text)
    return uri


async def test_findings_have_what_editors_show(client: Editor) -> None:
    uri = opened(client, "port.py", PORT)
    found = await codes(client, uri, "BN101", "BN103")
    convention = next(one for one in found if one.code == "BN101")
    assert convention.severity == types.DiagnosticSeverity.Error
    assert convention.source == "bnlint"
    assert convention.range == area(9, 46, 9, 50)
    assert "help: write momentum=0.01" in convention.message
    eps = next(one for one in found if one.code == "BN103")
    (related,) = eps.related_information or ()
    assert related.location.uri == uri
    assert related.location.range.start == types.Position(3, 12)


async def test_each_version_is_checked_as_it_is(client: Editor) -> None:
    uri = opened(client, "typed.py", CLEAN)
    await codes(client, uri)
    assert "momentum=0.01" in CLEAN.splitlines()[2]
    end = CLEAN.splitlines()[2].index("0.01") + 2
    change_document(client, uri, 2, "99", (2, end, 2, end + 2))
    await codes(client, uri, "BN101")
    change_document(client, uri, 3, "01", (2, end, 2, end + 2))
    await codes(client, uri)


async def test_half_a_statement_hides_only_its_own_lines(client: Editor) -> None:
    uri = opened(client, "half.py", f"{FAULTY}x = 1\n")
    await codes(client, uri, "BN101")
    change_document(client, uri, 2, "# above\n", (0, 0, 0, 0))
    change_document(client, uri, 3, "x = (", (4, 0, 4, 5))
    found = await codes(client, uri, "BN101", "BN900")
    assert next(one for one in found if one.code == "BN101").range.start.line == 3
    assert await actions(client, uri, 3) == []
    change_document(client, uri, 4, "2)", (4, 5, 4, 5))
    await codes(client, uri, "BN101")


async def test_other_files_see_the_buffer(client: Editor) -> None:
    settings = opened(client, "settings.py", "MOMENTUM = 0.01\n")
    user = opened(
        client,
        "user.py",
        "import torch.nn as nn\nfrom settings import MOMENTUM\n\n"
        "bn = nn.BatchNorm2d(8, momentum=MOMENTUM)\n",
    )
    await codes(client, user)
    change_document(client, settings, 2, "0.99", (0, 11, 0, 15))
    await codes(client, user, "BN101")


async def test_what_is_closed_shows_nothing(client: Editor) -> None:
    uri = opened(client, "closed.py", FAULTY)
    await codes(client, uri, "BN101")
    client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    await codes(client, uri)


async def test_a_text_that_is_not_saved_anywhere(client: Editor) -> None:
    open_document(client, "untitled:Untitled-1", FAULTY)
    await codes(client, "untitled:Untitled-1", "BN101")


async def test_other_languages_are_left_alone(client: Editor) -> None:
    uri = (client.folder / "notes.txt").as_uri()
    open_document(client, uri, FAULTY, "plaintext")
    after = opened(client, "after.py", FAULTY)
    await codes(client, after, "BN101")
    assert uri not in client.diagnostics


async def test_hover_tells_a_layer_in_all_words(client: Editor) -> None:
    uri = opened(client, "hovered.py", FAULTY)
    await codes(client, uri, "BN101")
    found = await client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(2, 12))
    )
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    text = found.contents.value
    assert "eps `1e-05` (default)" in text
    assert "a step keeps 0.01 of the running value and takes 0.99 of the new" in text
    assert "mode `training`" in text
    assert "`keras.layers.BatchNormalization(momentum=0.01, epsilon=1e-05)`" in text
    assert "`paddle.nn.BatchNorm2D(64, momentum=0.01)`" in text
    nothing = await client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(0, 3))
    )
    assert nothing is None


async def test_fixes_say_whether_they_are_safe(client: Editor) -> None:
    uri = opened(client, "fixed.py", PORT)
    await codes(client, uri, "BN101", "BN103")
    found = await actions(client, uri, 9, "quickfix")
    safe = [action for action in found if action.is_preferred]
    assert [action.title for action in found if "(unsafe" in action.title]
    assert not [action for action in safe if "(unsafe" in action.title]
    momentum = next(action for action in found if "momentum=0.01" in action.title)
    text = edited(PORT, momentum, uri)
    assert text == PORT.replace("momentum=0.99", "momentum=0.01")
    assert [one.code for one in momentum.diagnostics or ()] == ["BN101"]


async def test_a_suppression_is_one_that_holds(client: Editor) -> None:
    uri = opened(client, "suppressed.py", FAULTY)
    await codes(client, uri, "BN101")
    found = await actions(client, uri, 2, "quickfix")
    action = next(one for one in found if "suppress BN101" in one.title)
    text = edited(FAULTY, action, uri)
    assert text.splitlines()[2].endswith("  # bnlint: ignore[BN101]")
    change_document(client, uri, 2, text)
    await codes(client, uri)


async def test_all_safe_fixes_at_once(client: Editor) -> None:
    text = FAULTY.replace("# ", "").replace("\n\n", "\n\n# bnlint: ignore[BN106] not any more\n", 1)
    text = text.replace("0.99", "0.01")
    uri = opened(client, "all.py", text)
    (unused,) = await codes(client, uri, "BN901")
    assert list(unused.tags or ()) == [types.DiagnosticTag.Unnecessary]
    (action,) = await actions(client, uri, 2, "source.fixAll")
    assert action.kind == "source.fixAll.bnlint"
    resolved = await client.code_action_resolve_async(action)
    fixed = edited(text, resolved, uri)
    assert "ignore" not in fixed
    change_document(client, uri, 2, fixed)
    await codes(client, uri)


async def test_a_layer_is_translated_where_it_stands(client: Editor) -> None:
    text = FAULTY.replace("0.99", "MOMENTUM").replace("\n\n", "\n\nMOMENTUM = 0.01\n", 1)
    uri = opened(client, "translated.py", text)
    await codes(client, uri)
    found = await actions(client, uri, 3, "refactor.rewrite")
    action = next(one for one in found if one.title == "bnlint: translate to Keras")
    new = edited(text, action, uri).splitlines()
    line = "bn = keras.layers.BatchNormalization(momentum=1 - MOMENTUM, epsilon=1e-05)"
    assert new[-1] == line
    assert all(one.startswith("# ") for one in new[3:-1])
    assert await actions(client, uri, 0, "refactor.rewrite") == []


async def test_no_hints_unless_they_are_wanted(client: Editor) -> None:
    uri = opened(client, "plain.py", FAULTY)
    await codes(client, uri, "BN101")
    question = types.InlayHintParams(types.TextDocumentIdentifier(uri), area(0, 0, 9, 0))
    assert not await client.text_document_inlay_hint_async(question)


NOTEBOOK = ("# Notes", "import torch.nn as nn\n%matplotlib inline", FAULTY.splitlines()[2])


async def test_cells_of_a_notebook_are_one_program(client: Editor) -> None:
    uri = (client.folder / "nb.ipynb").as_uri()
    cells = [f"vscode-notebook-cell:{client.folder}/nb.ipynb#{number}" for number in range(3)]
    kinds = [types.NotebookCellKind.Markup, *[types.NotebookCellKind.Code] * 2]
    client.notebook_document_did_open(
        types.DidOpenNotebookDocumentParams(
            types.NotebookDocument(
                uri,
                "jupyter-notebook",
                1,
                [types.NotebookCell(kind, cell) for kind, cell in zip(kinds, cells, strict=True)],
            ),
            [
                types.TextDocumentItem(cell, "python" if number else "markdown", 1, text)
                for number, (cell, text) in enumerate(zip(cells, NOTEBOOK, strict=True))
            ],
        )
    )
    (found,) = await codes(client, cells[2], "BN101")
    assert found.range == area(0, 33, 0, 37)
    action = next(
        one for one in await actions(client, cells[2], 0, "quickfix") if "0.01" in one.title
    )
    assert edited(NOTEBOOK[2], action, cells[2]) == NOTEBOOK[2].replace("0.99", "0.01")
    client.notebook_document_did_change(
        types.DidChangeNotebookDocumentParams(
            types.VersionedNotebookDocumentIdentifier(2, uri),
            types.NotebookDocumentChangeEvent(
                cells=types.NotebookDocumentCellChanges(
                    text_content=[
                        types.NotebookDocumentCellContentChanges(
                            types.VersionedTextDocumentIdentifier(2, cells[2]),
                            [types.TextDocumentContentChangePartial(area(0, 35, 0, 37), "01")],
                        )
                    ]
                )
            ),
        )
    )
    await codes(client, cells[2])


async def test_the_json_of_a_notebook_shows_lines(client: Editor) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": FAULTY}]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=1)
    uri = (client.folder / "raw.ipynb").as_uri()
    open_document(client, uri, text, "json")
    (found,) = await codes(client, uri, "BN101")
    assert text.splitlines()[found.range.start.line].strip().startswith('"source"')
    assert found.message.startswith("cell 1, line 3: ")


async def test_nothing_is_shown_of_what_is_excluded(client: Editor) -> None:
    excluded = opened(client, "build/made.py", FAULTY)
    after = opened(client, "made.py", FAULTY)
    await codes(client, after, "BN101")
    await until(lambda: excluded in client.diagnostics)
    assert not client.diagnostics[excluded]
