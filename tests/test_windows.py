"""Paths, drives and line ends of Windows, walked on any system."""

from __future__ import annotations

import ntpath
import types
from pathlib import Path
from unittest import mock

import pytest
from command_line import FAULTY, bnlint, write
from notebooks import notebook

from bnlint.config import globs, reader
from bnlint.engine.layout import TOPS
from bnlint.files import display
from bnlint.files.display import displayed
from bnlint.finding import Edit
from bnlint.fixes.edits import applied

#: What the module os has of paths on Windows.
WINDOWS = types.SimpleNamespace(path=ntpath, sep="\\", getcwd=lambda: "C:\\code\\port")


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [
        ("src\\model.py", "C:/code", "C:/code/src/model.py"),
        ("..\\ref\\model.py", "C:/code/port", "C:/code/ref/model.py"),
        (".\\src/./a.py", "C:/code", "C:/code/src/a.py"),
        ("D:\\other\\a.py", "C:/code", "D:/other/a.py"),
        ("d:/other/a.py", "C:/code", "d:/other/a.py"),
        ("\\\\server\\share\\a.py", "C:/code", "//server/share/a.py"),
        ("", "C:\\code", "C:/code"),
        (".", "C:\\", "C:/"),
    ],
)
def test_paths_become_absolute(path: str, folder: str, expected: str) -> None:
    """With the drive they name, and forward slashes throughout."""
    with mock.patch.object(reader, "os", WINDOWS):
        assert reader.absolute(path, folder) == expected


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        ("C:/code/src/a.py", "C:/code", "src/a.py"),
        ("C:/code", "C:/code", "."),
        ("C:/a.py", "C:/", "a.py"),
        ("D:/code/src/a.py", "C:/code", "D:/code/src/a.py"),
        ("C:/codeshop/a.py", "C:/code", "C:/codeshop/a.py"),
        ("//server/share/a.py", "//server/share", "a.py"),
    ],
)
def test_paths_are_shown(path: str, cwd: str, expected: str) -> None:
    """Relative to the current folder, and whole on another drive."""
    assert displayed(path, cwd) == expected


def test_the_current_folder() -> None:
    with mock.patch.object(display, "os", WINDOWS):
        assert display.current() == "C:/code/port"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("src/**", "C:/code/src/a.py", True),
        ("src/**", "D:/code/src/a.py", False),
        ("*.py", "C:/code/deep/er/a.py", True),
        ("C:/code/src/*.py", "C:/code/src/a.py", True),
    ],
)
def test_globs_on_drives(pattern: str, path: str, matches: bool) -> None:
    found = globs.compiled((pattern,), "C:/code").match(path, path.rpartition("/")[2])
    assert bool(found) is matches


def test_no_name_of_a_top_is_a_path() -> None:
    assert not any("/" in name or "\\" in name for name in TOPS)


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_fixes_keep_line_ends(tmp_path: Path, newline: str) -> None:
    text = FAULTY.replace("\n", newline)
    write(tmp_path, bad=text.encode())
    assert bnlint(tmp_path, "--fix", "--unsafe-fixes").code == 0
    assert (tmp_path / "bad.py").read_bytes() == text.replace("0.99", "0.01").encode()


def test_inserted_lines_end_as_the_others(tmp_path: Path) -> None:
    text = (
        "import torch\nimport torch.nn as nn\n\n"
        "net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))\n"
        'net.load_state_dict(torch.load("w.pt"))\n'
        'with torch.no_grad():\n    print(net(torch.load("x.pt")))\n'
    ).replace("\n", "\r\n")
    write(tmp_path, bad=text.encode())
    assert bnlint(tmp_path, "--fix", "--unsafe-fixes").code == 0
    fixed = (tmp_path / "bad.py").read_bytes()
    assert b"net.eval()\r\n" in fixed
    assert fixed.count(b"\n") == fixed.count(b"\r\n")


def test_a_notebook_with_line_ends_of_windows(tmp_path: Path) -> None:
    """Git may have checked it out so: those of the JSON, not those in its strings."""
    content = notebook("import torch.nn as nn", "x = 1\nbn = nn.BatchNorm2d(8, momentum=0.99)\nx")
    content = content.replace(b"\n", b"\r\n")
    write(tmp_path, **{"n.ipynb": content})
    assert bnlint(tmp_path, "-q").out.startswith("n.ipynb:cell 2:2:33: ")
    bnlint(tmp_path, "--fix", "--unsafe-fixes")
    assert (tmp_path / "n.ipynb").read_bytes() == content.replace(b"0.99", b"0.01")


def test_configuration_with_line_ends_of_windows(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY, **{"bnlint.toml": b'ignore = ["BN101"]\r\nfrom = "torch"\r\n'})
    assert bnlint(tmp_path, "-q").code == 0


def test_edits_across_line_ends() -> None:
    assert applied("a\r\nb\r\n", [Edit(3, 4, "c")]).new == "a\r\nc\r\n"
