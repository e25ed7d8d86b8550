"""Values that layers of several files take: one finding, where the value is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bnlint.cli import check
from bnlint.cli.main import main
from bnlint.semantics.project import users

USE = "import torch.nn as nn\nfrom settings import MOMENTUM\n\n"
ONE = f"{USE}a = nn.BatchNorm2d(8, momentum=MOMENTUM)\n"
TWO = f"{ONE}b = nn.BatchNorm2d(8, momentum=MOMENTUM)\n"
NET = (
    USE
    + """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, momentum=MOMENTUM)
"""
)
OWN = """\
import torch.nn as nn

M = 0.99
a = nn.BatchNorm2d(8, momentum=M)
b = nn.BatchNorm2d(8, momentum=M)
"""

Run = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"pyproject.toml": "", "settings.py": "MOMENTUM = 0.99\n"})
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def findings(*arguments: str) -> list[tuple[str, str]]:
        """Return place and message of what is found in the folder, or in the files named."""
        main(["--output-format", "json", "-q", *(arguments or (".",))])
        return [
            (
                f"{Path(found['filename']).name}:{found['location']['row']} {found['code']}",
                found["message"],
            )
            for found in json.loads(capsys.readouterr().out)
        ]

    return findings


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


#: The files beside ``settings.py``, and what stands at the end of the message of the one finding.
SHARED = {
    "a layer in each of two files": (
        {"b.py": ONE, "c.py": ONE}, "; 2 layers take it, in 2 files, the first at b.py:4",
    ),
    "several layers in each": (
        {"b.py": ONE, "c.py": TWO}, "; 3 layers take it, in 2 files, the first at b.py:4",
    ),
    "all layers in one file": ({"c.py": TWO}, "; 2 layers take it, the first at c.py:4"),
    "by the module": (
        {"b.py": ONE,
         "c.py": "import torch.nn as nn\nimport settings\n\n"
                 "a = nn.BatchNorm2d(8, momentum=settings.MOMENTUM)\n"},
        "; 2 layers take it, in 2 files, the first at b.py:4",
    ),
    "by another file": (
        {"b.py": ONE, "names.py": "from settings import *\n",
         "c.py": ONE.replace("from settings", "from names")},
        "; 2 layers take it, in 2 files, the first at b.py:4",
    ),
    "in models": (
        {"b.py": NET, "c.py": NET},
        "; 2 layers take it, in 2 files, the first at b.py:7",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "end"), SHARED.values(), ids=SHARED.keys())
def test_one_finding_where_the_value_is_written(
    folder: Path, run: Run, files: Mapping[str, str], end: str
) -> None:
    write(folder, files)
    ((place, message),) = run()
    assert place == "settings.py:1 BN101"
    assert message.startswith("momentum=0.99 of BatchNorm2d is the weight of the new batch")
    assert message.endswith(end)
    assert message.count("take it") == 1


def test_what_is_said_of_lines_of_a_file_stays_in_it(folder: Path, run: Run) -> None:
    """Both sides of a port stand in each file: one finding, which names the line of the other."""
    both = (
        "import torch.nn as nn\nfrom tensorflow.keras import layers\nfrom settings import EPS\n\n"
        "a = layers.BatchNormalization()\nb = nn.BatchNorm2d(8, eps=EPS)\n"
    )
    write(folder, {"settings.py": "EPS = 1e-5\n", "b.py": both, "c.py": both})
    ((place, message),) = run("--select", "BN103", ".")
    assert place == "b.py:6 BN103"
    assert "line 5" in message
    assert message.endswith("; 2 layers take it, in 2 files")


def test_at_the_first_use_where_a_fix_has_moved_the_value(folder: Path, run: Run) -> None:
    settings = "x = 1  # bnlint: ignore[BN101]\nMOMENTUM = 0.99\n"
    write(folder, {"settings.py": settings, "b.py": ONE, "c.py": ONE})
    assert [place for place, _ in run("--fix", ".")] == ["b.py:4 BN101"]
    assert (folder / "settings.py").read_text() == "x = 1\nMOMENTUM = 0.99\n"
    assert [place for place, _ in run()] == ["settings.py:2 BN101"]


def test_a_notebook_is_named_without_a_row(folder: Path, run: Run) -> None:
    """The rows of its program are none that a reader finds in it."""
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
         "source": part}
        for part in (USE, ONE.removeprefix(USE))
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write(folder, {"a.ipynb": json.dumps(notebook), "b.py": ONE})
    ((place, message),) = run()
    assert place == "settings.py:1 BN101"
    assert message.endswith("; 2 layers take it, in 2 files, the first at a.ipynb")


def test_layers_of_the_file_itself_count(folder: Path, run: Run) -> None:
    own = "import torch.nn as nn\n\nMOMENTUM = 0.99\nbn = nn.BatchNorm2d(8, momentum=MOMENTUM)\n"
    write(folder, {"settings.py": own, "b.py": ONE, "c.py": ONE})
    ((place, message),) = run()
    assert place == "settings.py:3 BN101"
    assert "; 3 layers take it, in 3 files" in message


def test_a_constant_of_a_class(folder: Path, run: Run) -> None:
    use = "import torch.nn as nn\nfrom settings import Norm\n\n"
    use += "bn = nn.BatchNorm2d(8, momentum=Norm.momentum)\n"
    settings = "class Norm:\n    eps = 1e-5\n    momentum = 0.99\n"
    write(folder, {"settings.py": settings, "b.py": use, "c.py": use})
    assert [place for place, _ in run()] == ["settings.py:3 BN101"]


def test_a_partial_is_reported_once(folder: Path, run: Run) -> None:
    use = "from settings import Norm\n\nbn = Norm(8)\n"
    norm = "import torch.nn as nn\nfrom functools import partial\n\n"
    norm += "Norm = partial(nn.BatchNorm2d, momentum=0.99)\n"
    write(folder, {"settings.py": norm, "b.py": use, "c.py": use})
    assert [place for place, _ in run()] == ["settings.py:4 BN101"]


def test_at_the_first_use_where_the_file_is_not_named(folder: Path, run: Run) -> None:
    write(folder, {"b.py": ONE, "c.py": TWO})
    ((place, message),) = run("b.py", "c.py")
    assert place == "b.py:4 BN101"
    assert message.endswith("; 3 layers take it, in 2 files")


def test_at_the_first_use_where_the_rule_is_left_out_of_the_file(folder: Path, run: Run) -> None:
    write(folder, {"b.py": ONE, "c.py": ONE})
    (folder / "pyproject.toml").write_text(
        '[tool.bnlint.per-file-ignores]\n"settings.py" = ["BN101"]\n'
    )
    assert [place for place, _ in run()] == ["b.py:4 BN101"]


#: Files in which each finding stays where it is, and where.
APART = {
    "one layer": ({"b.py": ONE}, ["b.py:4 BN101"]),
    "numbers of their own": (
        {name: ONE.replace("=MOMENTUM", "=0.99") for name in ("b.py", "c.py")},
        ["b.py:4 BN101", "c.py:4 BN101"],
    ),
    "constants of their own": (
        {"b.py": OWN, "c.py": OWN},
        ["b.py:3 BN101", "c.py:3 BN101"],
    ),
    "two constants": (
        {"settings.py": "MOMENTUM = 0.99\nOTHER = 0.99\n", "b.py": ONE,
         "c.py": ONE.replace("MOMENTUM", "OTHER")},
        ["b.py:4 BN101", "c.py:4 BN101"],
    ),
    "a complement that is meant": (
        {"b.py": ONE, "c.py": ONE.replace("=MOMENTUM", "=1 - MOMENTUM")}, ["b.py:4 BN101"],
    ),
    "the value of a function": (
        {"settings.py": "def momentum():\n    m = 0.99\n    return m\n\n\nMOMENTUM = momentum()\n",
         "b.py": ONE, "c.py": ONE},
        ["b.py:4 BN101", "c.py:4 BN101"],
    ),
    "a value that is put into a table": (
        {"settings.py": "TABLE = {}\nTABLE.update(m=0.99)\n",
         "b.py": ONE.replace("=MOMENTUM", '=TABLE["m"]').replace("MOMENTUM", "TABLE"),
         "c.py": ONE.replace("=MOMENTUM", '=TABLE["m"]').replace("MOMENTUM", "TABLE")},
        ["b.py:4 BN101", "c.py:4 BN101"],
    ),
    "the default of a caller": (
        dict.fromkeys(
            ("b.py", "c.py"),
            f"{USE}def norm(m=MOMENTUM):\n    return nn.BatchNorm2d(8, momentum=m)\n",
        ),
        ["b.py:5 BN101", "c.py:5 BN101"],
    ),
    "a suppressed one does not count": (
        {"b.py": ONE, "c.py": ONE.rstrip("\n") + "  # bnlint: ignore[BN101] as trained\n"},
        ["b.py:4 BN101"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "places"), APART.values(), ids=APART.keys())
def test_findings_that_stay(
    folder: Path, run: Run, files: Mapping[str, str], places: list[str]
) -> None:
    write(folder, files)
    assert [place for place, _ in run()] == places


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("# bnlint: ignore[BN101] as trained", id="its code"),
        pytest.param("# bnlint: ignore[momentum-convention] as trained", id="its name"),
        pytest.param("# bnlint: ignore", id="everything"),
    ],
)
def test_a_comment_where_the_value_is_written_suppresses_it(
    folder: Path, run: Run, comment: str
) -> None:
    """For all layers that take it, whatever files are named; fixes leave it and them alone."""
    files = {"settings.py": f"MOMENTUM = 0.99  {comment}\n", "b.py": ONE, "c.py": TWO}
    write(folder, files)
    for arguments in ([], ["b.py", "c.py"], ["b.py"], ["settings.py"], ["-j", "2", "."]):
        assert run(*arguments) == []
    assert run("--fix", "--unsafe-fixes", ".") == []
    assert {name: (folder / name).read_text() for name in files} == files


#: A comment at a value that counts for others, and where they stand.
COMMENTED = {
    "alone on the line above": (
        {"settings.py": "# bnlint: ignore[BN101] as trained\nMOMENTUM = 0.99\n", "b.py": ONE}, [],
    ),
    "for the whole file": (
        {"settings.py": "# bnlint: ignore-file[BN101]\n\nMOMENTUM = 0.99\n", "b.py": ONE}, [],
    ),
    "the value is one of a class": (
        {"settings.py": "class N:\n    momentum = 0.99  # bnlint: ignore[BN101] why\n",
         "b.py": "import torch.nn as nn\nfrom settings import N\n\n"
                 "a = nn.BatchNorm2d(8, momentum=N.momentum)\n"},
        [],
    ),
    "a layer of the file itself takes it, too": (
        {"settings.py": "import torch.nn as nn\n\n"
                        "MOMENTUM = 0.99  # bnlint: ignore[BN101] why\n"
                        "a = nn.BatchNorm2d(8, momentum=MOMENTUM)\n",
         "b.py": ONE},
        [],
    ),
    "one layer of the file itself takes it": (
        {"b.py": "import torch.nn as nn\n\nM = 0.99  # bnlint: ignore[BN101] why\n"
                 "a = nn.BatchNorm2d(8, momentum=M)\n"},
        [],
    ),
    "about another rule, of which others may need it": (
        {"settings.py": "MOMENTUM = 0.99  # bnlint: ignore[BN106] why\n", "b.py": ONE},
        ["b.py:4 BN101"],
    ),
    "in the row of the value, but of the file that takes it": (
        {"b.py": ONE.replace("nn\n", "nn  # bnlint: ignore[BN101] why\n", 1)},
        ["b.py:1 BN901", "b.py:4 BN101"],
    ),
    "at another value, which nobody imports": (
        {"settings.py": "MOMENTUM = 0.99\nOTHER = 1  # bnlint: ignore[BN101] why\n", "b.py": ONE},
        ["b.py:4 BN101", "settings.py:2 BN901"],
    ),
    "behind the line above, which is another value's": (
        {"settings.py": "A = 1  # bnlint: ignore[BN101] why\nMOMENTUM = 0.99\n", "b.py": ONE},
        ["b.py:4 BN101", "settings.py:1 BN901"],
    ),
    "in a function of that name's file": (
        {"settings.py": "MOMENTUM = 0.99\n\n\ndef f():\n"
                        "    MOMENTUM = 1  # bnlint: ignore[BN101] why\n",
         "b.py": ONE},
        ["b.py:4 BN101", "settings.py:5 BN901"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "places"), COMMENTED.values(), ids=COMMENTED.keys())
def test_comments_where_values_are_written(
    folder: Path, run: Run, files: Mapping[str, str], places: list[str]
) -> None:
    write(folder, files)
    assert [place for place, _ in run()] == places


def test_a_comment_may_serve_in_a_project_of_too_many_files(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"settings.py": "OTHER = 1  # bnlint: ignore[BN101] why\n", "b.py": "x = 1\n"})
    assert [place for place, _ in run()] == ["settings.py:1 BN901"]
    monkeypatch.setattr(users, "_MAX_FILES", 1)
    assert run() == []


def test_fixes_change_what_takes_it(folder: Path, run: Run) -> None:
    write(folder, {"b.py": ONE, "c.py": TWO})
    assert run("--fix", "--unsafe-fixes", ".") == []
    assert (folder / "settings.py").read_text() == "MOMENTUM = 0.99\n"
    assert (folder / "b.py").read_text() == ONE.replace("=MOMENTUM", "=1 - MOMENTUM")
    assert (folder / "c.py").read_text() == TWO.replace("=MOMENTUM", "=1 - MOMENTUM")


@pytest.mark.parametrize(
    ("arguments", "flags"), [([], "--fix --unsafe-fixes"), (["--from", "keras"], "--fix")]
)
def test_the_advice_names_the_flags_that_do_it(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], flags: str
) -> None:
    write(folder, {"b.py": ONE, "c.py": ONE})
    main(["--output-format", "concise", "-q", *arguments, "."])
    assert f"; {flags} does so where layers take it" in capsys.readouterr().out


def test_the_line_of_the_value_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, {"b.py": ONE, "c.py": ONE})
    main(["--output-format", "full", "-q", "."])
    assert "1 | MOMENTUM = 0.99\n  |            ^^^^\n" in capsys.readouterr().out


def test_a_baseline_knows_each_use(folder: Path, run: Run) -> None:
    """So that one more file that takes the value is found, and no other."""
    write(folder, {"b.py": ONE, "c.py": ONE})
    assert main(["--baseline", "base.json", "--write-baseline", "."]) == 0
    assert run("--baseline", "base.json", ".") == []
    write(folder, {"d.py": ONE})
    assert [place for place, _ in run("--baseline", "base.json", ".")] == ["d.py:4 BN101"]


def test_what_is_remembered_rests_on_comments_elsewhere(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "CACHE_FROM", 1)
    monkeypatch.setenv("BNLINT_CACHE_DIR", str(folder / "cache"))
    comment = "MOMENTUM = 0.99  # bnlint: ignore[BN101] as trained\n"
    states: list[tuple[dict[str, str], list[str]]] = [
        ({"b.py": ONE, "c.py": ONE}, ["settings.py:1 BN101"]),
        ({"settings.py": comment}, []),
        ({"b.py": "x = 1\n"}, []),
        ({"c.py": "x = 1\n"}, ["settings.py:1 BN901"]),
        ({"c.py": ONE}, []),
        ({"settings.py": "MOMENTUM = 0.99\n"}, ["c.py:4 BN101"]),
    ]
    for files, places in states:
        write(folder, files)
        for _ in range(2):
            assert [place for place, _ in run()] == places
    assert list((folder / "cache").glob("bnlint-results-*"))
