"""Diffs: what ``patch -p1`` and ``git apply`` make of them, and their colours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bnlint.output.diff import name_of, unified

OLD = b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"

#: Contents before and after.
CHANGES = {
    "one line": (OLD, OLD.replace(b"c\n", b"C\n")),
    "two hunks": (OLD * 3, OLD.replace(b"a", b"A") + OLD + OLD.replace(b"j", b"J")),
    "lines added": (OLD, OLD.replace(b"c\n", b"c\nx\ny\n")),
    "lines removed": (OLD, OLD.replace(b"c\nd\n", b"")),
    "no last line end": (b"a\nb", b"a\nB"),
    "line end added": (b"a\nb", b"a\nb\n"),
    "line end removed": (b"a\nb\n", b"a\nb"),
    "no last line end, changed above": (b"a\nb\nc", b"A\nb\nc"),
    "CRLF": (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    "mixed line ends": (b"a\r\nb\nc\rd\n", b"a\r\nB\nc\rd\n"),
    "lone CR": (b"a\rb\rc\r", b"a\rB\rc\r"),
    "form feed and line separators": (
        b"a\x0c\nb\xe2\x80\xa8x\nc\x85\n",
        b"a\x0c\nB\xe2\x80\xa8x\nc\x85\n",
    ),
    "latin-1": (b"# coding: latin-1\n\xe4\nx\n", b"# coding: latin-1\n\xe4\ny\n"),
    "UTF-8 mark": (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfA\nb\n"),
    "lines that look like heads": (b"-- a\n++ b\n@@ c\n", b"-- a\n++ B\n@@ c\n"),
    "first line": (OLD, b"x\n" + OLD),
    "only line": (b"a", b"b"),
}

NAMES = [
    "f.py",
    "d/e/f.py",
    "with space.py",
    "d d/ f.py",
    "ünï-😀.py",
    "a'b.py",
    'a"b.py',
    "a\\b.py",
    "a\tb.py",
    "a\nb.py",
    "a\x7f\x01.py",
    "-f.py",
    "a\udcffb.py",
    'ü "b.py',
]


def run(folder: Path, diff: bytes, *command: str) -> None:
    result = subprocess.run(
        command, cwd=folder, input=diff, capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def check(folder: Path, tool: str, name: str, before: bytes, after: bytes) -> None:
    if shutil.which(tool) is None:
        assert "CI" not in os.environ, f"there is no {tool}, which must be there in CI"
        pytest.skip(f"there is no {tool} here")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before)
    diff = b"".join(unified(name, before, after))
    if tool == "git":
        run(folder, diff, "git", "-c", "core.autocrlf=false", "apply")
    else:
        run(folder, diff, "patch", "-p1", "--binary", "--fuzz=0")
    assert path.read_bytes() == after


@pytest.mark.parametrize("tool", ["patch", "git"])
@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_contents(tmp_path: Path, tool: str, before: bytes, after: bytes) -> None:
    check(tmp_path, tool, "f.py", before, after)


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be")
@pytest.mark.parametrize("tool", ["patch", "git"])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names(tmp_path: Path, tool: str, name: str) -> None:
    check(tmp_path, tool, name, OLD, OLD.replace(b"e", b"E"))


@pytest.mark.parametrize("tool", ["patch", "git"])
def test_several_files(tmp_path: Path, tool: str) -> None:
    names = ["a.py", "b b.py", "c.py"]
    diff = b""
    for name, (before, after) in zip(names, list(CHANGES.values())[3:6], strict=True):
        (tmp_path / name).write_bytes(before)
        diff += b"".join(unified(name, before, after))
    run(tmp_path, diff, *(["git", "apply"] if tool == "git" else ["patch", "-p1", "--binary"]))
    for name, (_, after) in zip(names, list(CHANGES.values())[3:6], strict=True):
        assert (tmp_path / name).read_bytes() == after


def test_text() -> None:
    assert b"".join(unified("d/f.py", b"a\nb\nc", b"a\nB\nc")) == (
        b"--- a/d/f.py\n+++ b/d/f.py\n"
        b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n"
    )


def test_nothing_changed() -> None:
    assert list(unified("f.py", OLD, OLD)) == []


def test_colours() -> None:
    text = b"".join(unified("f.py", b"--- x\nb\n", b"--- x\nB\n", color=True))
    assert text == (
        b"\x1b[1m--- a/f.py\x1b[0m\n\x1b[1m+++ b/f.py\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n"
        b" --- x\n\x1b[31m-b\x1b[0m\n\x1b[32m+B\x1b[0m\n"
    )


def test_plain_names_are_not_quoted() -> None:
    assert name_of("a", "ü.py") == "a/ü.py".encode()
    assert name_of("a", "b c.py") == b"a/b c.py\t"
