"""What goes to which stream, and what happens where one is not there."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from command_line import (
    CLEAN,
    FAULTY,
    FINDING,
    SUMMARY,
    Run,
    bnlint,
    passed,
    program,
    shell,
    uncompared,
    write,
)

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")


def test_results_and_chatter_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    (tmp_path / "empty").mkdir()
    assert bnlint(tmp_path, "bad.py", "empty", "gone.py") == Run(
        2,
        f"bad.py:{FINDING}\n",
        f"empty: no Python files to check in this folder\n{SUMMARY}"
        "bnlint: error: gone.py: no such file or folder\n",
    )


def test_quiet_leaves_problems(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    (tmp_path / "empty").mkdir()
    run = bnlint(tmp_path, "-q", "bad.py", "empty", "gone.py")
    assert run == Run(2, f"bad.py:{FINDING}\n", "bnlint: error: gone.py: no such file or folder\n")


def test_something_is_always_said(tmp_path: Path) -> None:
    """To a program in one line, but for one that wants the fixed text alone."""
    write(tmp_path, good=CLEAN, other="import torch\n")
    assert program(tmp_path, "other.py") == Run(0, "", passed(1, 0))
    assert program(tmp_path, "good.py") == Run(0, "", uncompared(1))
    mindspore = ("--from", "mindspore")
    assert program(tmp_path, *mindspore, "good.py") == Run(0, "", passed(1, 1))
    assert program(tmp_path, *mindspore) == Run(0, "", passed(2, 1))
    assert program(tmp_path, *mindspore) == Run(0, "", passed(2, 1))  # and if it is remembered
    assert program(tmp_path, *mindspore, "-q") == Run(0, "", "")
    assert program(tmp_path, *mindspore, "--fix") == Run(0, "", "")


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param('reference = "none"\n', id="everything"),
        pytest.param('[[port]]\npaths = ["good.py"]\nreference = "none"\n', id="some files"),
    ],
)
def test_native_code_is_compared_with_nothing(tmp_path: Path, configuration: str) -> None:
    write(tmp_path, good=CLEAN, **{"bnlint.toml": configuration})
    assert program(tmp_path, "good.py") == Run(0, "", passed(1, 1))
    assert program(tmp_path, "--from", "slim", "good.py").code == 1


def test_json_is_all_there_is(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY, good=CLEAN)
    found = program(tmp_path, "--output-format", "json")
    assert (found.code, found.err) == (1, "")
    assert [f["filename"] for f in json.loads(found.out)] == ["bad.py"]
    assert program(tmp_path, "--output-format", "json", "good.py") == Run(0, "[]\n", "")


LONG = "import torch.nn as nn\n" + "bn = nn.BatchNorm2d(64, momentum=0.99)\n" * 2000


@posix
@pytest.mark.parametrize("command", ["", "--output-format json", "sites --output-format concise"])
def test_reader_that_leaves(tmp_path: Path, command: str) -> None:
    """Far more is written than a pipe holds."""
    write(tmp_path, long=LONG)
    run = shell(tmp_path, f"$bnlint {command} long.py | head -1")
    assert len(run.out.splitlines()) == 1
    assert run.err in (
        "",
        "Found 2000 errors in 1 file (2000 fixable with --fix --unsafe-fixes).\n",
    )


@posix
def test_reader_that_was_never_there(tmp_path: Path) -> None:
    """What is short is written only when the stream is flushed."""
    write(tmp_path, bad=FAULTY)
    run = shell(tmp_path, "{ sleep 0.2; $bnlint -q bad.py; } | true")
    assert run.err == ""


@posix
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("bad.py gone.py", 2, "gone.py: no such file or folder"),
        ("gone.py", 2, "gone.py: no such file or folder"),
        ("bad.py", 1, "Found 1 error in 1 file"),
        ("clean.py gone.py", 2, "gone.py: no such file or folder"),
        ("--fix --unsafe-fixes bad.py", 0, "Fixed 1 finding; none remains."),
        ("--diff bad.py", 1, "Found 1 error in 1 file"),
        ("--diff --output-format=full bad.py gone.py", 2, "gone.py: no such file or folder"),
        ("sites gone.py", 2, "gone.py: no such file or folder"),
        ("--no-such-option", 2, "unrecognized arguments: --no-such-option"),
        ("- < bad.py", 1, "Found 1 error in 1 file"),
    ],
)
@pytest.mark.parametrize("nowhere", ["a pipe that nobody reads", "/dev/full"])
def test_errors_that_nobody_reads(
    tmp_path: Path, command: str, code: int, says: str, nowhere: str
) -> None:
    """The code is what it is with a reader, and what was asked for is done and written."""
    if nowhere == "/dev/full" and not Path(nowhere).exists():
        pytest.skip("there is no such device here")
    write(tmp_path, bad=FAULTY, clean=CLEAN)
    expected = shell(tmp_path, f"$bnlint {command}")
    write(tmp_path, bad=FAULTY)
    if nowhere == "/dev/full":
        run = shell(tmp_path, f"$bnlint {command} 2> /dev/full")
    else:
        closed = "exec 3> >(:); wait $!; trap '' PIPE;"
        run = shell(tmp_path, f"{closed} $bnlint {command} 2>&3")
    assert (expected.code, expected.out) == (code, run.out)
    assert run.code == code
    assert says in expected.err


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "command",
    ["bad.py", "--show-files", "--show-settings", "rules", "explain BN103", "sites", "--help"],
)
def test_full_disk(tmp_path: Path, command: str) -> None:
    write(tmp_path, bad=FAULTY)
    run = shell(tmp_path, f"$bnlint {command} > /dev/full")
    assert (run.code, run.err.splitlines()[-1]) == (
        2,
        "bnlint: error: cannot write to standard output: No space left on device",
    )
    assert "Traceback" not in run.err
    assert "Exception" not in run.err


@posix
@pytest.mark.parametrize(
    ("command", "code", "err"),
    [
        pytest.param("bad.py >&-", 1, SUMMARY, id="output"),
        pytest.param("--show-files >&-", 0, "", id="output, of files"),
        pytest.param("bad.py gone.py 2>&-", 2, "", id="errors"),
        pytest.param(
            "- <&-", 2, "bnlint: error: '-' is given, but standard input is closed\n", id="input"
        ),
        pytest.param(
            "sites - <&-",
            2,
            "bnlint: error: '-' is given, but standard input is closed\n",
            id="input, for sites",
        ),
        pytest.param("bad.py <&-", 1, SUMMARY, id="input that is not asked for"),
    ],
)
def test_closed_stream(tmp_path: Path, command: str, code: int, err: str) -> None:
    write(tmp_path, bad=FAULTY)
    run = shell(tmp_path, f"$bnlint {command}")
    assert (run.code, run.err) == (code, err)


@pytest.mark.parametrize("option", ["--show-files", "--show-settings", "--quiet"])
def test_encoding_that_lacks_a_character(tmp_path: Path, option: str) -> None:
    write(tmp_path, ü=FAULTY, **{"bnlint.toml": 'extend-exclude = ["ö"]'})
    run = program(tmp_path, option, environment={"PYTHONIOENCODING": "ascii"})
    assert run.err == ""
    assert "\\xfc.py" in run.out or "\\xf6" in run.out


COLOUR = "\x1b["


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        pytest.param({}, False, id="a pipe"),
        pytest.param({"FORCE_COLOR": "1"}, True, id="asked for"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="refused"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": ""}, True, id="an empty NO_COLOR is none"),
        pytest.param({"FORCE_COLOR": ""}, False, id="an empty FORCE_COLOR is none"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ["bad.py", "--output-format", "full"],
        ["rules"],
        ["sites", "bad.py", "--output-format=table"],
    ],
)
def test_colour(
    tmp_path: Path, command: list[str], environment: dict[str, str], coloured: bool
) -> None:
    write(tmp_path, bad=FAULTY)
    assert (COLOUR in bnlint(tmp_path, *command, environment=environment).out) is coloured


def on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """Return what a run with all streams on a terminal shows."""
    import pty

    command = [sys.executable, "-m", "bnlint", *arguments]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        environment = {"PYTHONPATH": os.environ["BNLINT_ROOT"], "TERM": "xterm", **environment}
        os.execve(sys.executable, command, environment)
    shown = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # how a terminal says that its last user has gone
            break
        if not more:
            break
        shown += more
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


@posix
@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        pytest.param({}, True, id="capable"),
        pytest.param({"NO_COLOR": "1"}, False, id="refused"),
        pytest.param({"TERM": "dumb"}, False, id="incapable"),
    ],
)
def test_terminal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    coloured: bool,
) -> None:
    """A frame of code by default, and a word on what would give a reference."""
    monkeypatch.setenv("BNLINT_ROOT", str(Path(__file__).parents[2]))
    write(tmp_path, bad=FAULTY)
    shown = on_terminal(tmp_path, "bad.py", **environment)
    assert (COLOUR in shown) is coloured
    assert "--> bad.py:3:34\n" in re.sub(r"\x1b\[[\d;]*m", "", shown)
    words = "For a port, --from FAMILY"
    assert words in " ".join(shown.split())
    assert words in " ".join(on_terminal(tmp_path, "bad.py", CI="true", **environment).split())


@pytest.mark.parametrize("how", [(), ("-W", "error")])
@pytest.mark.parametrize("line", ['s = "\\d"', "s = 1if x else 2"])
def test_what_python_warns_of_in_code_that_is_read(
    tmp_path: Path, how: tuple[str, ...], line: str
) -> None:
    """It is no message of bnlint's, and no reason not to read the file."""
    write(tmp_path, net=f"x = 1\n{line}\n{FAULTY}")
    found = program(tmp_path, "check", "--no-cache", "net.py", before=(*how, "-m", "bnlint"))
    assert found.code == 1
    assert "BN101" in found.out
    assert "Warning" not in found.err
