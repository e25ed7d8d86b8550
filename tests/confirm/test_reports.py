"""What --confirm shows of experiments, and what it exits with."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import CLEAN, FAULTY, FINDING, SUMMARY, Run, bnlint, program, uncompared, write
from made_up import TORCH, Interpreter, confirmed

from bnlint.cli.terminal import Progress
from bnlint.confirm import verdicts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")

NUMBER = r"(\d\.\de-\d\d|\d+(\.\d+)?)"

#: The first thing in an image of this kind.
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def both(made_up: Interpreter) -> list[str]:
    """Return options that give both sides the made-up PyTorch, and no Keras."""
    torch = made_up.having("torch", torch=TORCH)
    return [p for name in ("torch", "keras") for p in ("--interpreter", f"{name}={torch}")]


def test_line_in_full(tmp_path: Path, both: list[str]) -> None:
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm", "--output-format", "full", *both)
    *_, line, note, _ = found.out.split("\n")[:-1]
    assert re.fullmatch(
        r"confirmed on cpu: max \|difference\| of the running statistics 98 -> "
        rf"{NUMBER} with the fix, of the reference's largest value "
        r"\(torch 0\.1 against bnlint's own computation for Keras "
        rf"\(\w+ is not installed for \S+\); rounding makes {NUMBER}\)",
        line,
    )
    assert note == (
        "note: PyTorch keeps the unbiased variance, Keras the biased: a factor n/(n-1), "
        "left out here"
    )
    assert (found.code, found.err) == (1, f"Experiments: 1 confirmed.\n{SUMMARY}")


def test_object_in_json(tmp_path: Path, both: list[str]) -> None:
    """A new batch weighs 0.99 instead of 0.01: 98 times too much is what is too much."""
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm", "--output-format", "json", *both)
    [finding] = json.loads(found.out)
    told = finding["confirmation"]
    assert list(told) == [
        "verdict", "about", "before", "after", "floor", "device", "port", "reference", "reason",
        "remainder", "others",
    ]  # fmt: skip
    assert told["before"] == pytest.approx(0.99 / 0.01 - 1, rel=1e-3)
    assert 0 <= told["after"] < 5 * told["floor"] < 1e-4
    assert (told["verdict"], told["device"], told["others"]) == ("confirmed", "cpu", [])
    assert (told["port"], told["reason"]) == ("torch 0.1", None)
    plain = bnlint(tmp_path, "--output-format", "json")
    assert json.loads(plain.out) == [{**finding, "confirmation": None}]


def test_table(tmp_path: Path, both: list[str]) -> None:
    """It goes beside the results, which stay what they are."""
    write(tmp_path, bad=FAULTY, worse=FAULTY.replace("0.99", "0.999").replace("64", "4"))
    found = bnlint(tmp_path, "--confirm-report", "--output-format", "json", *both)
    assert [f["filename"] for f in json.loads(found.out)] == ["bad.py", "worse.py"]
    heading, *rows, last = found.err.splitlines()
    assert heading.split() == ["place", "code", "verdict", "now", "fixed", "floor", "ran"]
    first, second = (row for row in rows if "BN101" in row)  # a row may take more lines
    assert first.split()[:4] == ["bad.py:3", "BN101", "confirmed", "98"]
    assert second.split()[:4] == ["worse.py:3", "BN101", "confirmed", "998"]
    assert "cpu: torch 0.1 against bnlint's own computation for Keras" in first
    assert last == "Experiments: 2 confirmed."


def test_table_says_why(tmp_path: Path, both: list[str]) -> None:
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm-report", *both, environment={"TROUBLE": "1/0"})
    assert "not run" in found.err
    assert "cpu: PyTorch: ZeroDivisionError: division by zero" in found.err


@pytest.mark.parametrize("name", ["concise", "grouped", "github"])
def test_formats_of_one_line(tmp_path: Path, both: list[str], name: str) -> None:
    """What other programs read is as without --confirm."""
    write(tmp_path, bad=FAULTY)
    plain = bnlint(tmp_path, "--output-format", name)
    found = bnlint(tmp_path, "--confirm", "--output-format", name, *both)
    assert (found.code, found.out) == (plain.code, plain.out)
    assert found.err == f"Experiments: 1 confirmed.\n{plain.err}"


class TestRefuted:
    """What no experiment can refute by itself: the measure is moved for these."""

    @pytest.fixture(autouse=True)
    def _nothing_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verdicts, "GONE", 1e12)

    def test_is_shown(self, tmp_path: Path, both: list[str]) -> None:
        write(tmp_path, bad=FAULTY)
        found = bnlint(tmp_path, "--confirm", *both)
        assert found == Run(1, f"bad.py:{FINDING}\n", f"Experiments: 1 refuted.\n{SUMMARY}")

    def test_is_left_out(self, tmp_path: Path, both: list[str]) -> None:
        """It is counted all the same, and the exit code is that of what remains."""
        write(tmp_path, bad=FAULTY)
        found = bnlint(tmp_path, "--only-confirmed", *both)
        assert found == Run(0, "", f"Experiments: 1 refuted.\n{uncompared(1)}")


@pytest.mark.parametrize("trouble", ["", "1/0"])
def test_what_is_not_refuted_stays(tmp_path: Path, both: list[str], trouble: str) -> None:
    """--only-confirmed drops what an experiment spoke against, not what none could be run for."""
    write(tmp_path, bad=FAULTY, unread="import torch.nn as nn\nnn.BatchNorm2d(4\n")
    found = bnlint(tmp_path, "--only-confirmed", "-q", *both, environment={"TROUBLE": trouble})
    assert [line.split()[2] for line in found.out.splitlines()] == ["BN101", "BN900"]
    assert (found.code, found.err) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["bad.py"], 1, id="findings"),
        pytest.param(["--exit-zero", "bad.py"], 0, id="asked for"),
        pytest.param(["good.py"], 0, id="none"),
        pytest.param(["bad.py", "gone.py"], 2, id="a problem too"),
        pytest.param(["--fix", "--unsafe-fixes", "bad.py"], 0, id="all fixed"),
        pytest.param(["--diff", "--unsafe-fixes", "bad.py"], 1, id="a difference"),
    ],
)
def test_exit_code(tmp_path: Path, both: list[str], arguments: list[str], code: int) -> None:
    write(tmp_path, bad=FAULTY, good=CLEAN)
    assert bnlint(tmp_path, "--confirm", *both, *arguments).code == code


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--fix", "--unsafe-fixes"], True, id="fixed"),
        pytest.param(["--diff", "--unsafe-fixes"], True, id="would be fixed"),
        pytest.param(["--fix", "--unsafe-fixes", "-q"], False, id="quiet"),
        pytest.param(["--fix"], False, id="nothing was fixed"),
    ],
)
def test_what_is_fixed_is_not_tried(
    tmp_path: Path, both: list[str], arguments: list[str], told: bool
) -> None:
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm", *both, *arguments)
    notice = "--confirm tried what remains; without --fix or --diff it tries what they fix too\n"
    assert (notice in found.err) is told


def test_progress_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """To start a framework takes longer than an experiment."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for at_once in (True, False):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress(1, "confirming", "findings", at_once=at_once) as bar:
            bar.advance(0)
        assert ("0/1" in terminal.getvalue()) is at_once


def test_standard_input(tmp_path: Path, both: list[str]) -> None:
    options = ["-", "--stdin-filename", "src/model.py", "--output-format", "json"]
    found = bnlint(tmp_path, "--confirm", *both, *options, stdin=FAULTY.encode())
    [finding] = json.loads(found.out)
    assert (finding["filename"], finding["confirmation"]["verdict"]) == (
        "src/model.py",
        "confirmed",
    )


@pytest.mark.parametrize(
    "option", ["--device=cpu", "--interpreter=torch=python", "--confirm-timeout=3"]
)
def test_options_that_need_confirm(tmp_path: Path, option: str) -> None:
    write(tmp_path, bad=FAULTY)
    name = option.partition("=")[0]
    error = f"bnlint: error: {name} is about experiments: it needs --confirm\n"
    assert bnlint(tmp_path, option) == Run(2, "", error)


@pytest.mark.parametrize(
    "timeout", ["0", "-1", "x", "1,0", "1,x", "nan", "inf", "1e9", "", "1,2,3"]
)
def test_timeout_that_is_none(tmp_path: Path, timeout: str) -> None:
    found = bnlint(tmp_path, "--confirm", f"--confirm-timeout={timeout}")
    assert (found.code, found.out) == (2, "")
    assert f"expected SECONDS or SECONDS,TOTAL, found {timeout!r}" in found.err


def test_same_settings_are_run_once(tmp_path: Path, both: list[str]) -> None:
    """Of 500 findings of three settings, three layers and three fixed ones reach the worker."""
    momenta = (0.99, 0.999, 0.9)
    lines = [f"    nn.BatchNorm2d({c}, momentum={momenta[c % 3]}),\n" for c in range(1, 501)]
    write(tmp_path, bad="import torch.nn as nn\n\nlayers = [\n" + "".join(lines) + "]\n")
    log = tmp_path / "built"
    found = bnlint(
        tmp_path, "--confirm", "--output-format", "json", *both, environment={"BUILT": str(log)}
    )
    findings = json.loads(found.out)
    assert [f["confirmation"]["verdict"] for f in findings] == ["confirmed"] * 500
    built = log.read_text().splitlines()
    assert len(built) == len(set(built)) == 6


def test_picture(tmp_path: Path, both: list[str]) -> None:
    """Statistics and outputs: three panels, on two rows."""
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm-plot", "plot.PNG", "--from", "keras", *both)
    picture = (tmp_path / "plot.PNG").read_bytes()
    assert found.code == 1
    assert picture.startswith(PNG)
    width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
    assert 500 < height < width < 1600
    one = bnlint(tmp_path, "--confirm-plot", "one.png", *both)
    assert one.err == f"Experiments: 1 confirmed.\n{SUMMARY}"
    other = (tmp_path / "one.png").read_bytes()
    assert int.from_bytes(other[20:24], "big") < 0.6 * height


def test_picture_of_nothing(tmp_path: Path) -> None:
    """That there is nothing to draw is said, and is no failure."""
    write(tmp_path, good=CLEAN)
    why = "not written: no experiment on running statistics or on eps was run"
    found = bnlint(tmp_path, "--confirm-plot", "plot.png")
    assert found == Run(0, "", f"plot.png: {why}\n{uncompared(1)}")
    assert not (tmp_path / "plot.png").exists()
    assert bnlint(tmp_path, "--confirm-plot", "plot.png", "-q") == Run(0, "", "")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        pytest.param(
            "plot.jpg", "expected a file name that ends in .png, found 'plot.jpg'", id="jpg"
        ),
        pytest.param("", "expected a file name that ends in .png, found ''", id="empty"),
        pytest.param("no/plot.png", "no/plot.png: there is no folder no", id="no folder"),
        pytest.param("bad.py/plot.png", "bad.py/plot.png: there is no folder bad.py", id="a file"),
        pytest.param("folder.png", "folder.png: is a folder", id="a folder"),
    ],
)
def test_picture_that_cannot_be_written(
    tmp_path: Path, both: list[str], path: str, error: str
) -> None:
    """It is told before anything is looked at."""
    write(tmp_path, bad=FAULTY)
    (tmp_path / "folder.png").mkdir()
    log = tmp_path / "built"
    arguments = ["bad.py", "-q", f"--confirm-plot={path}", *both]
    found = bnlint(tmp_path, *arguments, environment={"BUILT": str(log)})
    assert found == Run(2, "", f"bnlint: error: --confirm-plot: {error}\n")
    assert not log.exists()


def test_picture_on_a_full_disk(tmp_path: Path, both: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    write(tmp_path, bad=FAULTY)
    (tmp_path / "plot.png").symlink_to("/dev/full")
    found = bnlint(tmp_path, "-q", "--confirm-plot=plot.png", *both)
    error = "plot.png: cannot be written: No space left on device"
    assert found == Run(2, f"bad.py:{FINDING}\n", f"bnlint: error: --confirm-plot: {error}\n")


@pytest.mark.parametrize(
    "error", [ImportError("no such module"), RuntimeError("built for NumPy 1")]
)
def test_matplotlib_that_is_missing(
    tmp_path: Path, both: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Broken:
        def find_spec(self, name: str, *_: Any) -> None:
            if name.partition(".")[0] == "matplotlib":
                raise error

    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "-q", "--confirm-plot", "plot.png", *both)
    why = f"needs matplotlib ({type(error).__name__}: {error}); pip install 'bnlint[plot]'"
    assert found == Run(2, "", f"bnlint: error: --confirm-plot: {why}\n")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(b"text.usetex: True\nsavefig.format: pdf\n", id="LaTeX"),
        pytest.param(b"backend: module://trap\n", id="a module"),
        pytest.param(b"\xff\xfe no: : text", id="nonsense"),
    ],
)
def test_matplotlibrc_of_the_project(tmp_path: Path, both: list[str], settings: bytes) -> None:
    """Matplotlib would read it, and could have LaTeX run."""
    write(tmp_path, bad=FAULTY, trap="open('caught', 'w')\n")
    (tmp_path / "matplotlibrc").write_bytes(settings)
    arguments = ["-q", "bad.py", "--confirm-plot", "plot.png", *both]
    found = program(tmp_path, *arguments, environment={"HOME": str(tmp_path)})
    assert found == Run(1, f"bad.py:{FINDING}\n", "")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)
    assert not (tmp_path / "caught").exists()


@pytest.mark.parametrize("name", ["a$b^{$", "模型", "x" * 120, "tab\tline\nend"])
def test_picture_of_a_file_of_any_name(tmp_path: Path, both: list[str], name: str) -> None:
    write(tmp_path, **{f"{name}.py": FAULTY})
    found = bnlint(tmp_path, "-q", "--confirm-plot", "plot.png", *both)
    assert (found.code, found.err) == (1, "")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_nothing_is_started_without_findings(tmp_path: Path, made_up: Interpreter) -> None:
    write(tmp_path, good=CLEAN)
    never = made_up.script("never", f"touch {tmp_path}/started; exit 1")
    found = confirmed(tmp_path, never, keras=never)
    assert (found.code, found.findings, found.err) == (0, [], "")
    assert not (tmp_path / "started").exists()
