"""Files of every kind that a command line may name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from command_line import (
    FAULTY,
    FINDING,
    SUMMARY,
    UNPRIVILEGED,
    Run,
    bnlint,
    program,
    write,
)

posix = pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")


@pytest.mark.parametrize("command", ["check", "sites"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone.py", "gone.py: no such file or folder"),
        ("gone/", "gone: no such file or folder"),
        ("good.py/x.py", "good.py/x.py: no such file or folder"),
        ("", "an empty path names no file; is a variable not set?"),
    ],
)
def test_missing_path(tmp_path: Path, command: str, path: str, message: str) -> None:
    write(tmp_path, good="")
    assert bnlint(tmp_path, command, "good.py", path) == Run(2, "", f"bnlint: error: {message}\n")


@pytest.mark.parametrize("command", ["check", "sites"])
def test_folder_without_python(tmp_path: Path, command: str) -> None:
    write(tmp_path, **{"d__notes.txt": "BatchNorm2d"})
    warning = "no Python files to check in this folder\n"
    assert bnlint(tmp_path, command, "d") == Run(0, "", f"d: {warning}")
    assert bnlint(tmp_path, command) == Run(0, "", f".: {warning}")


def test_folder_that_is_gone(tmp_path: Path) -> None:
    script = (
        "import os, sys; folder = sys.argv.pop(); os.chdir(folder); os.rmdir(folder); "
        "from bnlint.cli.main import main; sys.exit(main())"
    )
    (tmp_path / "d").mkdir()
    run = program(tmp_path, "check", ".", str(tmp_path / "d"), before=["-c", script])
    assert run == Run(
        2,
        "",
        "bnlint: error: the current folder cannot be used: No such file or directory\n",
    )


IMPORT = b"import torch.nn as nn\n"
LAYER = b"bn = nn.BatchNorm2d(64, momentum=0.99)\n"


@pytest.mark.parametrize(
    ("content", "row", "column"),
    [
        pytest.param(b"# -*- coding: latin-1 -*-\n" + IMPORT + b"s = '\xff'; " + LAYER, 3, 43,
                     id="latin-1"),
        pytest.param("# coding: cp1251\n# Слой\n".encode("cp1251") + IMPORT + LAYER, 4, 34,
                     id="Windows Cyrillic"),
        pytest.param(b"#!/usr/bin/python\n# vim: set fileencoding=euc-jp :\n" + IMPORT
                     + "s = '日本'; ".encode("euc-jp") + LAYER, 4, 44, id="in the second line"),
        pytest.param(b"\xef\xbb\xbf" + IMPORT + LAYER, 2, 34, id="mark of UTF-8"),
        pytest.param(IMPORT + "s = '日本'; ".encode() + LAYER, 2, 44, id="columns of characters"),
        pytest.param(IMPORT.replace(b"\n", b"\r\n") + LAYER, 2, 34, id="line ends of Windows"),
        pytest.param(IMPORT.replace(b"\n", b"\r") + LAYER, 2, 34, id="line ends of old Macs"),
        pytest.param(IMPORT + b"\f" + LAYER.strip(), 2, 35, id="form feed, no line end"),
    ],
)  # fmt: skip
def test_encodings(tmp_path: Path, content: bytes, row: int, column: int) -> None:
    write(tmp_path, m=content)
    run = bnlint(tmp_path, "m.py")
    assert (run.code, run.out) == (1, f"m.py:{row}:{column}: {FINDING.partition(': ')[2]}\n")


UNREADABLE = [
    pytest.param(IMPORT + b"s = '\xff'\n" + LAYER, "2:6: BN900 not UTF-8: byte 0xff", id="UTF-8"),
    pytest.param(b"s = '\xff'\n", "1:6: BN900 not UTF-8: byte 0xff", id="nothing of interest"),
    pytest.param(b"# coding: klingon\n" + IMPORT + LAYER, "1:1: BN900 unknown encoding klingon",
                 id="unknown encoding"),
    pytest.param(b"# coding: klingon\n", "1:1: BN900 unknown encoding klingon",
                 id="unknown encoding, nothing of interest"),
    pytest.param(b"# coding: ascii\ns = '\xc3\xa4'\n", "2:6: BN900 not ascii, the encoding that "
                 "line 1 declares: byte 0xc3", id="not what is declared"),
    pytest.param(b"\xef\xbb\xbf# coding: latin-1\n", "1:1: BN900 starts with the UTF-8 mark but",
                 id="two encodings"),
    pytest.param((IMPORT + LAYER).decode().encode("utf-16"), "1:1: BN900 UTF-16 file",
                 id="UTF-16"),
    pytest.param(IMPORT + b"x = 1\0\n" + LAYER, "2:6: BN900 NUL byte at offset 27", id="NUL"),
    pytest.param(IMPORT + b"x = 1 1\n" + LAYER, "2:7: BN900 this is not valid Python:",
                 id="syntax error"),
    pytest.param(IMPORT + b"print 'loss', 1\n" + LAYER, "2:1: BN900 this is Python 2:",
                 id="Python 2"),
    pytest.param(IMPORT + b"try:\n    f()\nexcept IOError, e:\n    raise\n" + LAYER,
                 "4:8: BN900 this is Python 2:", id="Python 2, exceptions"),
    pytest.param(IMPORT + b"x = " + b"(" * 300 + b")" * 300 + b"\n" + LAYER,
                 "2:205: BN900 this is not valid Python: too many nested parentheses",
                 id="300 parentheses"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), UNREADABLE)
def test_unreadable_file_is_a_finding(tmp_path: Path, content: bytes, expected: str) -> None:
    """From a file as from standard input, and whatever other files are named with it."""
    write(tmp_path, m=content, other=FAULTY)
    run = bnlint(tmp_path, "m.py", "other.py")
    first, second = run.out.splitlines()
    assert (run.code, second) == (1, f"other.py:{FINDING}")
    assert first.startswith(f"m.py:{expected}".replace("BN900", "error: BN900"))
    assert bnlint(tmp_path, "-", "--stdin-filename", "m.py", stdin=content).out == f"{first}\n"


@pytest.mark.parametrize(
    ("content", "expected"), [case for case in UNREADABLE if "interest" not in str(case.id)]
)
def test_unreadable_file_is_told_by_sites(tmp_path: Path, content: bytes, expected: str) -> None:
    write(tmp_path, m=content, other=FAULTY)
    run = bnlint(tmp_path, "sites", "m.py", "other.py")
    assert run.code == 1
    assert [line.partition(":")[0] for line in run.out.splitlines()] == ["other.py"]
    (line,) = run.err.splitlines()
    assert line.startswith("m.py: ")
    assert expected.partition("BN900 ")[2] in line


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(IMPORT + b"x = " + b"+".join([b"1"] * 10_000) + b"\n" + LAYER, id="beside"),
        pytest.param(
            IMPORT + b"bn = nn.BatchNorm2d(64, momentum=0.99)\ny = "
            + b"+".join([b"bn.eps"] * 10_000) + b"\n", id="of a layer",
        ),
    ],
)  # fmt: skip
def test_ten_thousand_terms(tmp_path: Path, content: bytes) -> None:
    """Python 3.10 can read so long a sum, later versions say that they cannot; so does bnlint."""
    write(tmp_path, m=content, other=FAULTY)
    run = bnlint(tmp_path, "m.py", "other.py")
    first, second = run.out.splitlines()
    assert (run.code, second) == (1, f"other.py:{FINDING}")
    if sys.version_info >= (3, 11):
        assert first.startswith("m.py:1:1: error: BN900 expressions are nested too deeply")
        assert bnlint(tmp_path, "sites", "m.py").code == 1
    else:
        assert first.endswith(FINDING.partition(": ")[2])
        assert bnlint(tmp_path, "sites", "m.py").code == 0


#: What each version of Python read first, after 3.10.
NEWER = {
    (3, 11): "try:\n    pass\nexcept* ValueError:\n    pass\n",
    (3, 12): "type Shape = tuple[int, ...]\n",
    (3, 13): "def f[T = int](x: T) -> T: ...\n",
}
TOO_NEW = [
    pytest.param(version, code, id=f"Python {version[0]}.{version[1]}")
    for version, code in NEWER.items()
]


@pytest.mark.parametrize(("version", "code"), TOO_NEW)
def test_syntax_newer_than_the_interpreter(
    tmp_path: Path, version: tuple[int, int], code: str
) -> None:
    """What LibCST can read is no error of the file's."""
    write(tmp_path, m=code + FAULTY)
    run = bnlint(tmp_path, "m.py")
    assert run.code == 1
    if sys.version_info >= version:
        assert run.out.endswith(f": {FINDING.partition(': ')[2]}\n")
    else:
        assert "BN900 this needs a newer Python than 3." in run.out


def test_five_megabytes(tmp_path: Path) -> None:
    block = "def f(x):\n    return {x: 'a text of some length that makes the file large'}\n"
    content = "import torch.nn as nn\n" + block * (5_000_000 // len(block)) + LAYER.decode()
    write(tmp_path, m=content)
    row = content.count("\n")
    assert bnlint(tmp_path, "m.py").out == f"m.py:{row}:34: {FINDING.partition(': ')[2]}\n"


def test_five_megabytes_in_a_line(tmp_path: Path) -> None:
    """The frame shows the place, and not the line."""
    write(tmp_path, m=IMPORT + b"s = '" + b"x" * 5_000_000 + b"'; " + LAYER)
    run = bnlint(tmp_path, "--output-format", "full", "m.py")
    assert "--> m.py:2:5000042\n" in run.out
    assert "nn.BatchNorm2d(64, momentum=0.99)" in run.out
    assert len(run.out) < 2000


@posix
def test_broken_symlink(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    (tmp_path / "link.py").symlink_to("gone")
    named = bnlint(tmp_path, "link.py")
    assert named == Run(2, "", "bnlint: error: link.py: broken symbolic link\n")
    assert bnlint(tmp_path) == Run(
        1, f"bad.py:{FINDING}\n", f"link.py: skipped: broken symbolic link\n{SUMMARY}"
    )


@posix
def test_symlink_loops(tmp_path: Path) -> None:
    write(tmp_path, d__bad=FAULTY)
    (tmp_path / "d" / "loop").symlink_to(".")
    (tmp_path / "d" / "up").symlink_to("..")
    assert bnlint(tmp_path, "d") == Run(1, f"d/bad.py:{FINDING}\n", SUMMARY)
    assert bnlint(tmp_path, "d/loop").out == f"d/loop/bad.py:{FINDING}\n"
    (tmp_path / "a.py").symlink_to("b.py")
    (tmp_path / "b.py").symlink_to("a.py")
    named = bnlint(tmp_path, "a.py")
    assert (named.code, named.out) == (2, "")
    assert named.err.startswith("bnlint: error: a.py: cannot be read: Too many levels")


@posix
def test_file_that_two_paths_lead_to(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    (tmp_path / "link.py").symlink_to("bad.py")
    assert bnlint(tmp_path, "link.py", ".", "bad.py") == Run(1, f"bad.py:{FINDING}\n", SUMMARY)
    assert bnlint(tmp_path, "link.py") == Run(1, f"link.py:{FINDING}\n", SUMMARY)


@posix
@pytest.mark.parametrize(
    ("closed", "arguments", "expected"),
    [
        pytest.param("m.py", ["m.py"], "m.py: cannot be read: Permission denied", id="file"),
        pytest.param("m.py", ["."], "m.py: cannot be read: Permission denied", id="file in folder"),
        pytest.param("d", ["d"], "d: cannot be read: Permission denied", id="folder"),
        pytest.param("d", ["."], "d: cannot be read: Permission denied", id="folder in folder"),
        pytest.param("d", ["d/n.py"], "d/n.py: cannot be read: Permission denied", id="file in it"),
        pytest.param("bnlint.toml", ["."], "bnlint.toml: cannot be read: Permission denied",
                     id="configuration"),
    ],
)  # fmt: skip
def test_no_permission(tmp_path: Path, closed: str, arguments: list[str], expected: str) -> None:
    write(tmp_path, m=FAULTY, d__n=FAULTY, **{"bnlint.toml": ""})
    (tmp_path / closed).chmod(0)
    try:
        done = program(tmp_path, "-j1", *arguments, before=["-c", UNPRIVILEGED])
    finally:
        (tmp_path / closed).chmod(0o755)
    assert done.code == 2, done.err
    errors = [line for line in done.err.splitlines(True) if line not in SUMMARY]
    assert errors == [f"bnlint: error: {expected}\n"]
