"""BN900: files that cannot be read, so that nothing is known of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import bnlint
from one_rule import run

#: A word that gets a file past the triage.
BN = b"BatchNorm2d"


@pytest.mark.parametrize(
    ("data", "row", "column", "says"),
    [
        pytest.param(b"x = '\xe9'\n", 1, 6, "not UTF-8: byte 0xe9 at offset 5", id="latin-1"),
        pytest.param(b"a\0b", 1, 2, "NUL byte", id="a NUL"),
        pytest.param("x = 1".encode("utf-16"), 1, 1, "UTF-16", id="UTF-16"),
        pytest.param(b"# coding: foo\n", 1, 1, "unknown encoding foo", id="an encoding unknown"),
        pytest.param(
            b"import torch.nn as nn\nprint 'BatchNorm2d'\n", 2, 1, "this is Python 2", id="print"
        ),
        pytest.param(
            b"try:\n    BatchNorm2d()\nexcept E, e:\n    pass\n", 3, 8, "this is Python 2",
            id="except with a comma",
        ),
        pytest.param(b"if BatchNorm2d <> 1: pass\n", 1, 16, "this is Python 2", id="<>"),
        pytest.param(b"x = (BatchNorm2d\n", 1, 5, "this is not valid Python: ", id="not closed"),
        pytest.param(
            b"def f():\nBatchNorm2d()\n", 2, 1, "this is not valid Python: ", id="not indented"
        ),
        pytest.param(b"with no_grad(): resnet18( x y\n", 1, 0, "not valid", id="runs a model"),
    ],
)  # fmt: skip
def test_hazard(data: bytes, row: int, column: int, says: str) -> None:
    (finding,) = run("BN900", data)
    assert says in finding.message
    assert finding.span.row == row
    if column:
        assert finding.span.column == column
    else:  # where releases of Python see a fault of this kind differs
        assert 1 <= finding.span.column <= len(data)
    assert (finding.severity, finding.confidence, finding.fix) == ("error", "high", None)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"import torch.nn as nn\nprint('BatchNorm2d')\n", id="Python 3"),
        pytest.param("# coding: latin-1\nx = 'é' # BatchNorm2d".encode("latin-1"), id="declared"),
        pytest.param(b"\xef\xbb\xbfx = 1  # BatchNorm2d\n", id="a byte order mark"),
        pytest.param(b"x = 1  # BatchNorm2d\r\ny = 2\r\n", id="CRLF"),
        pytest.param(b"x = 1 \x0c # BatchNorm2d\n", id="a form feed"),
        pytest.param(b"print 'hello'\n", id="Python 2 that has nothing to do with it"),
        pytest.param(b"x = (\n", id="broken, and has nothing to do with it"),
        pytest.param(b"# BatchNorm2d\n" + b"x = " + b"1 + " * 300 + b"1\n", id="a long sum"),
    ],
)
def test_clean(data: bytes) -> None:
    assert run("BN900", data) == []


def test_nesting_too_deep_to_read() -> None:
    data = BN + b" = " + b"[" * 5000 + b"]" * 5000 + b"\n"
    (finding,) = run("BN900", data)
    assert finding.message in (
        "this is nested too deeply to be read",
        "this is not valid Python: too many nested parentheses",
    )
    assert finding.span.row == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this version reads it")
def test_syntax_of_a_newer_python() -> None:
    (finding,) = run("BN900", BN + b" = 1\ntype X = int\n")
    assert "this needs a newer Python than" in finding.message


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this version reads it")
def test_newer_python_between_what_every_version_reads() -> None:
    other = b"\n\ndef f():\n    pass\n\n\n"
    newer = BN + b" = 1\n" + other + b"@deco\ndef g[T](x: T):\n    return x\n" + other
    (finding,) = run("BN900", newer)
    assert "this needs a newer Python than" in finding.message
    (finding,) = run("BN900", newer + b"def h(\n")
    assert "this is not valid Python" in finding.message


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"def f():\n", id="no body, told at the next definition"),
        pytest.param(b"x = f(\n", id="a call that is not closed"),
        pytest.param(b'x = """\n', id="a string that ends at the next one"),
        pytest.param(b"@deco\n\n\nx = 1\n", id="a decorator of nothing"),
    ],
)
def test_no_python_of_any_version(broken: bytes) -> None:
    other = b'\n\n\ndef f():\n    """It does."""\n\n\n'
    (finding,) = run("BN900", BN + b" = 1\n" + other + broken + other)
    assert "this is not valid Python" in finding.message


def test_a_file_that_cannot_be_read_gives_nothing_else(tmp_path: Path) -> None:
    """And that much even where other rules alone are asked for."""
    code = "import torch.nn as nn\nnn.BatchNorm2d(3, momentum=0.99\n"
    (tmp_path / "net.py").write_text(code)
    for options in ([], ["--select", "BN101"], ["--ignore", "BN1,BN2"]):
        ran = bnlint(tmp_path, "--output-format", "concise", "-q", *options)
        assert (ran.code, ran.out.count("\n")) == (1, 1)
        assert ran.out.startswith("net.py:2:15: error: BN900 this is not valid Python: ")
