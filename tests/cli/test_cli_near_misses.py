"""What is typed nearly right, and what an installation lacks."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import pytest
from command_line import CLEAN, FAULTY, FINDING, bnlint, write


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["chek", "."], "'bnlint check'"),
        (["site"], "'bnlint sites'"),
        (["translat", "x"], "'bnlint translate'"),
        (["help"], "'bnlint --help'"),
        (["version"], "'bnlint --version'"),
        (["BN103"], "'bnlint explain BN103'"),
        (["bn103"], "'bnlint explain BN103'"),
        (["rule", "eps-differs"], "'bnlint explain eps-differs'"),
    ],
)
def test_a_command_that_is_none(tmp_path: Path, arguments: list[str], meant: str) -> None:
    """The current folder is not checked first."""
    write(tmp_path, bad=FAULTY)
    run = bnlint(tmp_path, *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        f"bnlint: error: {arguments[0]}: no such file, folder or command; did you mean {meant}?\n"
    )


def test_a_path_that_looks_like_a_command_is_a_path(tmp_path: Path) -> None:
    write(tmp_path, chek__bad=FAULTY, help=FAULTY)
    (tmp_path / "help.py").rename(tmp_path / "help")
    assert bnlint(tmp_path, "chek", "-q").out == f"chek/bad.py:{FINDING}\n"
    assert bnlint(tmp_path, "help", "-q").out == f"help:{FINDING}\n"


@pytest.mark.parametrize(
    ("option", "meant"),
    [("--form", "--from"), ("--colour=always", "--color"), ("--unsave-fixes", "--unsafe-fixes")],
)
def test_an_option_that_is_none(tmp_path: Path, option: str, meant: str) -> None:
    run = bnlint(tmp_path, option, "keras", ".")
    assert run.code == 2
    assert f"did you mean {meant}?" in run.err


@pytest.mark.parametrize(
    ("code", "hint"),
    [("BN999", ""), ("BN110x", "; did you mean BN110?"), ("BN13", "; did you mean BN213?")],
)
def test_only_neighbours_of_a_code_are_proposed(tmp_path: Path, code: str, hint: str) -> None:
    run = bnlint(tmp_path, "--select", code)
    assert run.err == f'bnlint: error: command line: --select: unknown rule "{code}"{hint}\n'


def test_patterns_are_expanded_on_windows(tmp_path: Path) -> None:
    """No shell does it there."""
    write(tmp_path, bad=FAULTY, good=CLEAN)
    assert bnlint(tmp_path, "*.py").code == 2
    with mock.patch.object(sys, "platform", "win32"):
        assert bnlint(tmp_path, "b*.py", "-q").out == f"bad.py:{FINDING}\n"
        assert "no such file" in bnlint(tmp_path, "x*.py").err


def test_a_picture_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "--confirm-plot", "evaluate.py")
    message = "--confirm-plot: expected a file name that ends in .png, found 'evaluate.py'"
    assert run == (2, "", f"bnlint: error: {message}\n")


def test_only_experiments_need_numpy(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    with mock.patch.dict(sys.modules, {"numpy": None}):
        assert bnlint(tmp_path, "-q").out == f"bad.py:{FINDING}\n"
        assert bnlint(tmp_path, "sites").code == 0
        for arguments in (["--confirm"], ["--confirm-report"]):
            run = bnlint(tmp_path, *arguments)
            message = "--confirm needs NumPy; pip install 'bnlint[confirm]'"
            assert run == (2, "", f"bnlint: error: {message}\n")
        assert "--check needs NumPy" in bnlint(tmp_path, "frameworks", "--check").err


# ---------------------------------------------------------------------------------- output


def test_several_reports_of_one_run(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    run = bnlint(tmp_path, "--output-format", "pylint=out.txt", "--output-format", "json=o.json",
                 "--output-format", "concise", "-q")  # fmt: skip
    assert run == (1, f"bad.py:{FINDING}\n", "")
    assert (tmp_path / "out.txt").read_text().startswith("bad.py:3: [BN101(")
    assert (tmp_path / "o.json").read_text().startswith("[")


def test_a_report_in_a_file_beside_the_usual_one(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    run = bnlint(tmp_path, "--output-format", "sarif=o.sarif", "-q")
    assert run.out == f"bad.py:{FINDING}\n"
    assert (tmp_path / "o.sarif").stat().st_size > 1000


@pytest.mark.parametrize("arguments", [["-o", "o.txt"], ["--output-file", "o.txt"]])
def test_what_would_be_printed_goes_into_a_file(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, bad=FAULTY)
    assert bnlint(tmp_path, *arguments, "-q") == (1, "", "")
    assert (tmp_path / "o.txt").read_text() == f"bad.py:{FINDING}\n"


def test_the_configuration_names_the_format_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY, **{"bnlint.toml": 'output-format = "pylint"'})
    bnlint(tmp_path, "-o", "o.txt", "-q")
    assert (tmp_path / "o.txt").read_text().startswith("bad.py:3: [BN101(")


def test_the_environment_names_the_format(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    environment = {"BNLINT_OUTPUT_FORMAT": "pylint"}
    assert bnlint(tmp_path, "-q", environment=environment).out.startswith("bad.py:3: [BN101(")
    given = ["--output-format", "concise"]
    assert bnlint(tmp_path, "-q", *given, environment=environment).out == f"bad.py:{FINDING}\n"
    run = bnlint(tmp_path, environment={"BNLINT_OUTPUT_FORMAT": "sarf"})
    assert run.code == 2
    assert "BNLINT_OUTPUT_FORMAT: no output format 'sarf'; did you mean sarif?" in run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["json", "github"], "--output-format json and github both go to standard output"),
        (["sarf"], "no output format 'sarf'; did you mean sarif?"),
        (["mrkdwn"], "no output format 'mrkdwn'; did you mean markdown?"),
        (["sarif="], "expected FORMAT=FILE, found 'sarif='"),
        (["sarif=no/such/o.sarif"], "no/such/o.sarif: cannot be written: No such file"),
    ],
)
def test_reports_that_cannot_be_written(tmp_path: Path, arguments: list[str], message: str) -> None:
    write(tmp_path, bad=FAULTY)
    given = [word for name in arguments for word in ("--output-format", name)]
    run = bnlint(tmp_path, *given)
    assert run.code == 2
    assert message in run.err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-o", "bad.py"], id="-o takes the file that was to be checked"),
        pytest.param(["-o", "./bad.py", "."], id="by another path"),
        pytest.param(["--output-format", "json=bad.py", "bad.py"], id="beside what is printed"),
        pytest.param(["-o", "link"], id="through a link"),
    ],
)
def test_no_report_replaces_what_is_checked(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, bad=FAULTY)
    (tmp_path / "link").symlink_to(tmp_path / "bad.py")
    run = bnlint(tmp_path, *arguments)
    assert (run.code, run.out) == (2, "")
    assert ": a report would replace what is checked, or another report: " in run.err
    assert (tmp_path / "bad.py").read_text() == FAULTY


def test_no_report_replaces_another_one(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    run = bnlint(tmp_path, "--output-format", "json=o", "--output-format", "sarif=o")
    assert run.code == 2
    assert run.err.startswith("bnlint: error: o: a report would replace ")
    assert not (tmp_path / "o").exists()


def test_colour_as_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    assert "\x1b[" in bnlint(tmp_path, "--color", "always", environment={"NO_COLOR": "1"}).out
    assert "\x1b[" in bnlint(tmp_path, environment={"CLICOLOR_FORCE": "1"}).out
    never = bnlint(tmp_path, "--color=never", environment={"FORCE_COLOR": "1"})
    assert "\x1b[" not in never.out
    assert "\x1b[" not in bnlint(tmp_path).out


def test_what_is_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY, **{"bnlint.toml": 'from = "keras"'})
    run = bnlint(tmp_path, "-v", "-q")
    assert "\nbnlint.toml: 1 file\n" in run.err
    assert run.err.startswith("bnlint 0.")


def test_version_says_which_option_needs_what_is_missing() -> None:
    from importlib import metadata

    from bnlint.cli.parsers import version_line

    def version(name: str) -> str:
        if name in ("numpy", "matplotlib"):
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    with mock.patch.object(metadata, "version", version):
        line = version_line()
    missing = "numpy (needed by --confirm), matplotlib (needed by --confirm-plot)"
    assert line.endswith(f"libcst 1.0, rich 1.0; not installed: {missing})")
