"""Notebooks, and Python on pages of Markdown and reStructuredText."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import CLEAN, FAULTY, bnlint, write
from notebooks import markdown, notebook

from bnlint.files.source import decode, encode

IMPORT = "import torch.nn as nn"
LAYER = "bn = nn.BatchNorm2d(64, momentum=0.99)"
SAID = (
    "BN101 momentum=0.99 of BatchNorm2d is the weight of the new batch in PyTorch: "
    "each step keeps 0.01 of the old running value; help: write momentum=0.01, which is what Keras "
    "calls 0.99"
)


def findings(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    run = bnlint(folder, *arguments, "--output-format", "json", "-q")
    return list(json.loads(run.out))


def test_a_finding_is_told_by_its_cell(tmp_path: Path) -> None:
    """Cells of every kind count, as they do where a notebook is shown."""
    write(tmp_path, **{"n.ipynb": notebook(markdown("# Port"), IMPORT, f"x = 1\n{LAYER}")})
    run = bnlint(tmp_path, "-q")
    assert (run.code, run.out) == (1, f"n.ipynb:cell 3:2:34: error: {SAID}\n")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        pytest.param("%matplotlib inline", "2:34", id="a magic"),
        pytest.param("!pip install \\\n  torch", "3:34", id="a command in two lines"),
        pytest.param("pip install torch", "2:34", id="a command without a sign"),
        pytest.param("files = !ls *.py", "2:34", id="what a command gives"),
        pytest.param("files = !ls \\\n  *.py", "3:34", id="what one in two lines gives"),
        pytest.param("x = 'a\\'('\n!ls", "3:34", id="a quote in text"),
        pytest.param("x = 1  # (\n!ls", "3:34", id="a bracket in a comment"),
        pytest.param("x = '\0'", "2:34", id="a character that Python takes nowhere"),
        pytest.param("#%% 1", "2:34", id="what looks like the mark of a cell"),
        pytest.param("?nn.BatchNorm2d", "2:34", id="help before"),
        pytest.param("nn.BatchNorm2d??", "2:34", id="help behind"),
        pytest.param("if nn:\n    !ls\nelse:\n    %cd ..", "5:34", id="the only line of a block"),
        pytest.param("%%time\n", "2:34", id="a cell that is timed"),
        pytest.param("x = (7\n% 2)\n!ls", "4:34", id="a remainder in brackets is no magic"),
        pytest.param('x = """\n!a ? %b\n"""\n!ls', "5:34", id="text is no magic"),
        pytest.param("x = 1 \\\n% 3\n!ls", "4:34", id="a remainder after a backslash is no magic"),
        pytest.param("await x", "2:34", id="await outside of functions"),
    ],
)
def test_magics_keep_what_stands_around_them(tmp_path: Path, line: str, place: str) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, f"{line.rstrip()}\n{LAYER}")})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 2:{place}: error: {SAID}\n"


def test_what_is_timed_with_options_is_checked(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, f"%timeit -n 3 -r 2 {LAYER}")})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 2:1:52: error: {SAID}\n"


def test_lines_may_end_as_on_old_machines(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, "x = 1\rx = 2", LAYER)})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 3:1:34: error: {SAID}\n"


def test_a_notebook_of_the_third_version(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": [f"{IMPORT}\n", LAYER], "language": "python"}
    content = {"nbformat": 3, "worksheets": [{"cells": [cell]}]}
    write(tmp_path, **{"n.ipynb": json.dumps(content)})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 1:2:34: error: {SAID}\n"


OLD = "#%% 2\na = 1\nb = 2"


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, "a = 1\nb = 2", id="the first line goes"),
        pytest.param(OLD, "#%% 2\nb = 2", id="a line in the middle goes"),
        pytest.param(OLD, "#%% 2\na = 1\n", id="the last line goes"),
        pytest.param(OLD, f"x = 0\n{OLD}", id="a line comes first"),
        pytest.param(OLD, "#%% 2\nx = 0\ny = 0\na = 1\nb = 2", id="lines come between"),
        pytest.param("b = 2", "a = 1\nb = 2", id="a line comes before the only one"),
    ],
)
def test_lines_come_and_go_as_jupyter_would_write_them(
    indent: int | None, listed: bool, old: str, new: str
) -> None:
    def made(text: str) -> bytes:
        return notebook(IMPORT, text, "c = 3", indent=indent, listed=listed)

    source = decode(made(old), "n.ipynb")
    assert encode(source, source.text) == made(old)
    assert encode(source, source.text.replace(old, new)) == made(new)


@pytest.mark.parametrize("indent", ["", "  "])
def test_lines_come_and_go_on_a_page(indent: str) -> None:
    def made(*lines: str) -> bytes:
        block = ["```python", *lines, "```"]
        return "".join(f"{indent}{line}\n" for line in block).encode()

    source = decode(made("a = 1", "b = 2"), "p.md")
    for new in (["x = 0", "a = 1", "b = 2"], ["a = 1", "x = 0", "b = 2"], ["b = 2"], ["a = 1"]):
        changed = source.text.replace("a = 1\nb = 2\n", "".join(f"{line}\n" for line in new))
        assert encode(source, changed) == made(*new)


def test_an_empty_string_at_the_end_stays(tmp_path: Path) -> None:
    content = notebook(f"{IMPORT}\n{LAYER}\n", indent=None)
    content = content.replace(b'0.99)\\n"', b'0.99)\\n", ""')
    assert b', ""]' in content
    write(tmp_path, **{"n.ipynb": content})
    bnlint(tmp_path, "--fix", "--unsafe-fixes")
    assert (tmp_path / "n.ipynb").read_bytes() == content.replace(b"0.99", b"0.01")


def test_what_is_timed_is_checked_and_fixed(tmp_path: Path) -> None:
    content = notebook(IMPORT, f"%time {LAYER}")
    write(tmp_path, **{"n.ipynb": content})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 2:1:40: error: {SAID}\n"
    bnlint(tmp_path, "--fix", "--unsafe-fixes")
    assert (tmp_path / "n.ipynb").read_bytes() == content.replace(b"0.99", b"0.01")


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(f"%%bash\n{LAYER}", id="another language"),
        pytest.param(f"%%writefile m.py\n{LAYER}", id="a file that is written"),
        pytest.param(f"# {LAYER}", id="a comment"),
        pytest.param({"cell_type": "raw", "source": LAYER}, id="a raw cell"),
        pytest.param(markdown(LAYER), id="a cell of prose"),
        pytest.param(
            {"source": LAYER, "metadata": {"vscode": {"languageId": "r"}}}, id="a cell in R"
        ),
        pytest.param("x = %time 3\ny = x", id="what a magic gives is not known"),
    ],
)
def test_what_is_no_python_is_passed_over(tmp_path: Path, cell: str | dict[str, Any]) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, cell)})
    assert bnlint(tmp_path, "-q") == (0, "", "")


def test_a_notebook_of_another_language_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, LAYER, language="julia")})
    assert bnlint(tmp_path, "-q") == (0, "", "")


def test_a_cell_that_is_no_python_costs_that_cell_only(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, "x = 1\ny = = 2", LAYER, "for", "print 3")})
    assert bnlint(tmp_path, "-q").out == (
        "n.ipynb:cell 2:2:5: error: BN900 this is not valid Python: invalid syntax "
        "(2 more cells are not read either)\n"
        f"n.ipynb:cell 3:1:34: error: {SAID}\n"
    )


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        (b"{", "1:2", "this is no notebook: Expecting property name"),
        (b'{"cells": [}', "1:12", "this is no notebook: Expecting value"),
        (b'{\n"a": 1}', "1:1", "this is no notebook: it has no cells"),
        (b'{"cells": 5}', "1:11", "this is no notebook: its cells are no list"),
        (b'{"a": ' + b"[" * 99999, "1:1", "this notebook is nested too deeply to be read"),
        (b"[]", "1:1", "this is no notebook: it holds no JSON object"),
        (b"", "1:1", "this is no notebook: it holds no JSON object"),
        (b'{"cells": []} x', "1:15", "this is no notebook: Extra data"),
        (b'{"cells": ["\xff"]}', "1:13", "not UTF-8: byte 0xff"),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, content: bytes, place: str, why: str) -> None:
    write(tmp_path, **{"n.ipynb": content})
    run = bnlint(tmp_path, "-q")
    assert run.code == 1
    assert run.out.startswith(f"n.ipynb:{place}: error: BN900 {why}")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b'"nbformat": ' + b"9" * 5000, id="more digits than int takes"),
        pytest.param(b'"nbformat": NaN', id="no number"),
        pytest.param(b'"metadata": [], "worksheets": [1, {"cells": []}]', id="other kinds"),
        pytest.param(b'"x": [1, {"cells": 5}]', id="cells of something else"),
    ],
)
def test_what_else_a_notebook_holds_does_not_matter(tmp_path: Path, more: bytes) -> None:
    content = notebook(f"{IMPORT}\n{LAYER}")
    write(tmp_path, **{"n.ipynb": content.replace(b"{", b"{" + more + b", ", 1)})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 1:2:34: error: {SAID}\n"


@pytest.mark.parametrize(
    "cell",
    ["1", "null", "[]", "{}", '{"cell_type": 3}', '{"cell_type": "code", "source": [1, {}]}'],
)
def test_what_is_no_cell_is_counted_and_passed_over(tmp_path: Path, cell: str) -> None:
    content = notebook(f"{IMPORT}\n{LAYER}", indent=None)
    content = content.replace(b'{"cells": [', b'{"cells": [' + cell.encode() + b", ")
    write(tmp_path, **{"n.ipynb": content})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 2:2:34: error: {SAID}\n"


@pytest.mark.parametrize("indent", [1, 4, None])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("escaped", [True, False])
def test_a_fix_changes_its_line_and_no_byte_more(
    tmp_path: Path, indent: int | None, listed: bool, escaped: bool
) -> None:
    def made(momentum: str) -> bytes:
        return notebook(
            "%pylab\n" + IMPORT,
            markdown("é"),
            f"!ls\ns = '日本'  # ü\nbn = nn.BatchNorm2d(64, momentum={momentum})\n%time s",
            indent=indent, listed=listed, escaped=escaped,
        )  # fmt: skip

    write(tmp_path, **{"n.ipynb": made("0.99")})
    run = bnlint(tmp_path, "--fix", "--unsafe-fixes")
    assert (run.code, run.out) == (0, "")
    assert (tmp_path / "n.ipynb").read_bytes() == made("0.01")


def test_what_is_fixed_is_a_notebook_still(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, f"%matplotlib inline\n{LAYER}\nx")})
    before = nbformat.read(tmp_path / "n.ipynb", 4)
    nbformat.validate(before)
    bnlint(tmp_path, "--fix", "--unsafe-fixes")
    after = nbformat.read(tmp_path / "n.ipynb", 4)
    nbformat.validate(after)
    assert "0.01" in after.cells[1].pop("source")
    assert before.cells[1].pop("source")
    assert after == before


INFERS = """\
import torch
import torch.nn as nn

def build():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
"""
RUNS = """\
net = build()
net.load_state_dict(torch.load("w.pt"))
with torch.no_grad():
    print(net(torch.load("x.pt")))"""


def test_a_statement_is_inserted_into_the_cell_it_belongs_to(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(INFERS, RUNS)})
    (found,) = findings(tmp_path)
    assert (found["code"], found["cell"], found["location"]["row"]) == ("BN201", 2, 4)
    (edit,) = found["fix"]["edits"]
    assert (edit["cell"], edit["location"]) == (2, {"row": 3, "column": 1})
    assert bnlint(tmp_path, "--fix", "--unsafe-fixes").code == 0
    fixed = RUNS.replace("with torch", "net.eval()\nwith torch")
    assert (tmp_path / "n.ipynb").read_bytes() == notebook(INFERS, fixed)


def test_a_message_names_the_cell_of_another_line(tmp_path: Path) -> None:
    keras = "from tensorflow.keras import layers\n\nbn = layers.BatchNormalization()"
    torch = "import torch.nn as nn\nbn = nn.BatchNorm2d(64)"
    write(tmp_path, **{"n.ipynb": notebook(keras, torch)})
    found = next(f for f in findings(tmp_path) if f["code"] == "BN103")
    assert "(line 3 of cell 1)" in found["message"]
    assert (found["reference"]["cell"], found["reference"]["location"]["row"]) == (1, 3)
    full = bnlint(tmp_path, "--output-format", "full").out
    assert "--> n.ipynb:cell 1:3:6" in full
    assert "3 | bn = layers.BatchNormalization()" in full


def test_the_cell_is_shown_as_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, f"%matplotlib inline\n{LAYER}")})
    full = bnlint(tmp_path, "--output-format", "full").out
    assert "1 | %matplotlib inline\n2 | bn = nn" in full
    assert IMPORT not in full


def test_an_annotation_stands_at_the_line_of_the_file(tmp_path: Path) -> None:
    """What annotates files shows the JSON of a notebook."""
    content = notebook(IMPORT, f"x = 1\n{LAYER}")
    write(tmp_path, **{"n.ipynb": content})
    lines = content.decode().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "0.99" in text)
    out = bnlint(tmp_path, "--output-format", "github", "-q").out
    assert f"file=n.ipynb,line={line}::n.ipynb:cell 2:2:34: BN101 " in out


def test_suppressions_and_baselines(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, LAYER), "m.ipynb": notebook(IMPORT, LAYER)})
    assert bnlint(tmp_path, "n.ipynb", "--add-ignore", "as in Keras").code == 0
    assert (tmp_path / "n.ipynb").read_bytes() == notebook(
        IMPORT, f"{LAYER}  # bnlint: ignore[BN101] as in Keras"
    )
    assert bnlint(tmp_path, "--baseline", "b.json", "--write-baseline").code == 0
    (entry,) = json.loads((tmp_path / "b.json").read_text())["findings"]
    assert (entry["path"], entry["statement"]) == ("m.ipynb", LAYER)
    assert bnlint(tmp_path, "--baseline", "b.json").code == 0


def test_a_comment_does_not_reach_into_the_next_cell(tmp_path: Path) -> None:
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, "# bnlint: ignore[BN101]", LAYER)})
    assert SAID in bnlint(tmp_path, "-q").out


def test_standard_input_and_differences(tmp_path: Path) -> None:
    content = notebook(IMPORT, LAYER)
    run = bnlint(tmp_path, "-", "--stdin-filename", "n.ipynb", "-q", stdin=content)
    assert run.out == f"n.ipynb:cell 2:1:34: error: {SAID}\n"
    run = bnlint(
        tmp_path, "-", "--stdin-filename", "n.ipynb", "--diff", "--unsafe-fixes", stdin=content
    )
    changed = [line for line in run.out.splitlines() if line[:1] in "+-"]
    assert changed[2:] == [
        f'-    "{LAYER}"', f'+    "{LAYER.replace("0.99", "0.01")}"'
    ]  # fmt: skip


def test_sites_and_comparisons_name_cells(tmp_path: Path) -> None:
    keras = "from tensorflow.keras import layers\nbn = layers.BatchNormalization(name='bn')"
    write(tmp_path, **{"n.ipynb": notebook(IMPORT, "bn = nn.BatchNorm2d(8)"), "ref.py": keras})
    assert bnlint(tmp_path, "sites", "n.ipynb").out.startswith("n.ipynb:cell 2:1:6: torch.nn.")
    run = bnlint(tmp_path, "compare", "ref.py", "n.ipynb")
    assert "n.ipynb:cell 2:1 bn" in run.out
    assert "\nn.ipynb:cell 2:1:6: error: BN103 " in run.out
    assert bnlint(tmp_path, "compare", "ref.py", "n.ipynb", "--fix").code == 0
    assert b"eps=0.001" in (tmp_path / "n.ipynb").read_bytes()


def test_files_of_the_project_are_followed(tmp_path: Path) -> None:
    layers = "import torch.nn as nn\n\nclass Norm(nn.BatchNorm2d):\n    pass\n"
    cells = "from layers import Norm", "bn = Norm(8, momentum=0.99)"
    write(tmp_path, layers=layers, **{"n.ipynb": notebook(*cells)})
    assert bnlint(tmp_path, "-q").out == f"n.ipynb:cell 2:1:23: error: {SAID}\n"


# ---------------------------------------------------------------------------------- pages

PAGE = f"""\
# Port

- Write

  ```python
  {IMPORT}

  {LAYER}
  ```

```sh
{LAYER}
```

```python
{LAYER} ...
```
"""
RESTRUCTURED = f"""\
Port
====

.. code-block:: python
   :linenos:

   {IMPORT}

   {LAYER}

.. code-block:: sh

   {LAYER}

Words.
"""


@pytest.mark.parametrize(
    ("name", "page", "place"),
    [("p.md", PAGE, "8:36"), ("p.rst", RESTRUCTURED, "9:37")],
)
def test_python_on_pages(tmp_path: Path, name: str, page: str, place: str) -> None:
    """Blocks that are no Python are passed over; places are those of the page."""
    write(tmp_path, **{name: page, "good.py": CLEAN})
    assert bnlint(tmp_path, "-q") == (0, "", "")
    run = bnlint(tmp_path, "--include-docs", "-q")
    assert run.out == f"{name}:{place}: error: {SAID}\n"
    bnlint(tmp_path, "--include-docs", "--fix", "--unsafe-fixes")
    assert (tmp_path / name).read_text() == page.replace("0.99", "0.01", 1)


def test_the_configuration_can_include_pages(tmp_path: Path) -> None:
    write(tmp_path, **{"p.md": f"```py\n{FAULTY}```\n", "bnlint.toml": "include-docs = true"})
    assert bnlint(tmp_path, "-q").code == 1
