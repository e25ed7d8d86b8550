"""Findings that rest on other files: where they are reported, how often, and what a fix does."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnlint.cli.main import main
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

RULES = load_rules()

LAYERS = """\
import torch.nn as nn
from functools import partial

class Open(nn.BatchNorm2d):
    def __init__(self, n, momentum=0.99):
        super().__init__(n, momentum=momentum)

class Fixed(nn.BatchNorm2d):
    def __init__(self, n):
        super().__init__(n, momentum=0.99)

Norm = partial(nn.BatchNorm2d, momentum=0.99)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "settings.py").write_text("MOMENTUM = 0.99\nFINE = 0.01\n")
    (tmp_path / "layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def findings(folder: Path, text: str) -> list[str]:
    """Return row, column and code of what is found in a file of the folder with this text."""
    options = Options(frozenset(rule.code for rule in RULES), folder=str(folder))
    result = check(text.encode(), "net.py", RULES, options)
    assert result.problems == ()
    return [f"{f.span.row}:{f.span.column} {f.code}" for f in result.findings]


HEAD = "import torch.nn as nn\nfrom layers import Fixed, Norm, Open\nimport settings\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param(
            "bn = nn.BatchNorm2d(8, momentum=settings.MOMENTUM)", ["4:33 BN101"], id="use"
        ),
        pytest.param("bn = nn.BatchNorm2d(8, momentum=settings.FINE)", [], id="fine"),
        pytest.param("bn = nn.BatchNorm2d(8, momentum=1 - settings.MOMENTUM)", [], id="complement"),
        pytest.param("bn = Open(8)", [], id="default of a class: reported where it stands"),
        pytest.param("bn = Open(8, momentum=0.9)", ["4:23 BN101"], id="given to a class"),
        pytest.param(
            "bn = Open(8, momentum=settings.MOMENTUM)",
            ["4:23 BN101"],
            id="a constant of one file, given to a class of another",
        ),
        pytest.param("bn = Open(8, momentum=settings.FINE)", [], id="a fine one"),
        pytest.param(
            "def main(args):\n    settings.MOMENTUM = args.m\n"
            "    return nn.BatchNorm2d(8, momentum=settings.MOMENTUM)",
            [],
            id="a constant that this file sets",
        ),
        pytest.param("bn = Open(8, momentum=0.1)", [], id="fine, given to a class"),
        pytest.param("bn = Fixed(8)", [], id="decided by a class: reported where it stands"),
        pytest.param("a = Norm(8)\nb = Norm(8)", ["4:5 BN101"], id="partial: once"),
        pytest.param("a = Norm(8, momentum=0.1)", [], id="partial, overridden"),
    ],
)
def test_where_it_is_reported(folder: Path, code: str, found: list[str]) -> None:
    assert findings(folder, f"{HEAD}{code}\n") == found


def test_a_class_or_partial_is_reported_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        (folder / f"{name}.py").write_text(f"{HEAD}bn = Open(8)\nbn = Fixed(8)\n")
    assert main(["--output-format", "concise", "."]) == 1
    rows = [line.split(" error: BN101")[0] for line in capsys.readouterr().out.splitlines()]
    assert rows == ["layers.py:5:36:", "layers.py:10:38:", "layers.py:12:41:"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nn.BatchNorm2d(8, momentum=settings.MOMENTUM)",
         "nn.BatchNorm2d(8, momentum=1 - settings.MOMENTUM)"),
        ("Open(8, momentum=0.9)", "Open(8, momentum=0.1)"),
        ("Open(8, momentum=settings.MOMENTUM)", "Open(8, momentum=1 - settings.MOMENTUM)"),
    ],
)  # fmt: skip
def test_fix_at_the_use(folder: Path, before: str, after: str) -> None:
    """The other file stays as it is: others may count on it."""
    (folder / "net.py").write_text(f"{HEAD}bn = {before}\n")
    assert main(["--fix", "--unsafe-fixes", "-q", "net.py"]) == 0
    assert (folder / "net.py").read_text() == f"{HEAD}bn = {after}\n"
    assert (folder / "settings.py").read_text() == "MOMENTUM = 0.99\nFINE = 0.01\n"


def test_standard_input_stands_where_its_name_says(folder: Path) -> None:
    text = f"{HEAD}bn = nn.BatchNorm2d(8, momentum=settings.MOMENTUM)\n"
    done = subprocess.run(
        [sys.executable, "-m", "bnlint", "-", "--stdin-filename", "net.py"],
        cwd=folder, input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("net.py:4:33: error: BN101 ")


def test_text_without_a_file_has_no_project(folder: Path) -> None:
    text = f"{HEAD}bn = nn.BatchNorm2d(8, momentum=settings.MOMENTUM)\n"
    result = check(text.encode(), "net.py", RULES, Options(frozenset({"BN101"})))
    assert result.findings == ()


def test_changed_file_is_read_again(folder: Path) -> None:
    """As an editor does that keeps one process."""
    text = f"{HEAD}bn = nn.BatchNorm2d(8, momentum=settings.MOMENTUM)\n"
    assert findings(folder, text) == ["4:33 BN101"]
    (folder / "settings.py").write_text("MOMENTUM = 0.125\n")
    assert findings(folder, text) == []
    (folder / "settings.py").unlink()
    assert findings(folder, text) == []


def test_output_depends_on_nothing_but_the_files(folder: Path) -> None:
    """Not on the order of names, the number of processes or the seed of hashes."""
    rng = random.Random(5)
    names = [f"m{i}" for i in range(60)]
    for name in names:
        imports = "".join(f"from {other} import *\n" for other in rng.sample(names, 3))
        module = rng.choice(names)
        text = (
            f"import torch.nn as nn\nimport {module} as other\n{imports}from layers import Open\n"
            "try:\n    from settings import MOMENTUM as M\nexcept ImportError:\n"
            f"    from {module} import M\n"
            f"N = {rng.choice(['0.9', 'other.M', 'M', '0.1'])}\n"
            "a = nn.BatchNorm2d(8, momentum=M)\nb = Open(8, momentum=other.N)\n"
            "c = Open(8, momentum=N)\n" + "# fill\n" * 1200
        )
        (folder / f"{name}.py").write_text(text)
    outputs = set()
    for seed, processes in ((0, 1), (1, 2), (2, 2)):
        rng.shuffle(names)
        done = subprocess.run(
            [sys.executable, "-m", "bnlint", f"-j{processes}", *(f"{name}.py" for name in names)],
            cwd=folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )  # fmt: skip
        assert done.returncode == 1
        outputs.add((done.stdout, done.stderr))
    ((out, _),) = outputs
    assert "BN101" in out
