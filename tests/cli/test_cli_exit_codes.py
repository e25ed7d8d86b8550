"""Exit codes, the summary, and reading from standard input."""

from __future__ import annotations

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
    uncompared,
    write,
)

GONE = "bnlint: error: gone.py: no such file or folder\n"


@pytest.mark.parametrize(
    ("arguments", "code", "found", "err"),
    [
        pytest.param(["good.py"], 0, False, uncompared(1), id="clean"),
        pytest.param(["bad.py"], 1, True, SUMMARY, id="findings"),
        pytest.param(["gone.py"], 2, False, GONE, id="problem"),
        pytest.param(["bad.py", "gone.py"], 2, True, SUMMARY + GONE, id="findings and problem"),
        pytest.param(["--exit-zero", "bad.py"], 0, True, SUMMARY, id="zero asked for"),
        pytest.param(["--exit-zero", "gone.py"], 2, False, GONE, id="zero asked for, problem"),
        pytest.param(["--exit-zero", "bad.py", "gone.py"], 2, True, SUMMARY + GONE,
                     id="zero asked for, findings and problem"),
        pytest.param(["--no-cache", "bad.py"], 1, True, SUMMARY, id="no cache"),
        pytest.param(["check", "bad.py"], 1, True, SUMMARY, id="by its name"),
        pytest.param(["./check"], 0, False, uncompared(1), id="a file called like a command"),
    ],
)  # fmt: skip
def test_exit_code(tmp_path: Path, arguments: list[str], code: int, found: bool, err: str) -> None:
    write(tmp_path, good=CLEAN, bad=FAULTY)
    (tmp_path / "check").write_text(CLEAN, encoding="utf-8")
    assert bnlint(tmp_path, *arguments) == Run(code, f"bad.py:{FINDING}\n" if found else "", err)


def test_program_and_function_agree(tmp_path: Path) -> None:
    write(tmp_path, good=CLEAN, bad=FAULTY)
    for arguments in (["good.py"], ["bad.py"], ["bad.py", "gone.py"], ["--oops"], ["--version"]):
        assert program(tmp_path, *arguments) == bnlint(tmp_path, *arguments)


@pytest.mark.parametrize(
    ("files", "summary"),
    [
        ({"a": FAULTY, "b": CLEAN}, "Found 1 error in 1 of 2 files"),
        ({"a": FAULTY, "b": FAULTY}, "Found 2 errors in 2 files"),
        ({"a": FAULTY.replace("0.99", "0.0")}, "Found 1 warning in 1 file"),
        (
            {"a": FAULTY, "b": FAULTY.replace("0.99", "0.0"), "c": ""},
            "Found 1 error and 1 warning in 2 of 3 files",
        ),
    ],
)
def test_summary(tmp_path: Path, files: dict[str, str], summary: str) -> None:
    write(tmp_path, **files)
    assert bnlint(tmp_path).err.startswith(summary)


# ------------------------------------------------------------------------- standard input


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        pytest.param(["-"], "-", id="no name"),
        pytest.param(["check", "-"], "-", id="command"),
        pytest.param(["-", "-"], "-", id="twice"),
        pytest.param(["-", "--stdin-filename", "src/new.py"], "src/new.py", id="name"),
        pytest.param(["--stdin-filename=src/new.py", "-"], "src/new.py", id="name first"),
    ],
)
def test_standard_input(tmp_path: Path, arguments: list[str], name: str) -> None:
    """The file that is named need not be there, and is not read."""
    write(tmp_path, src__other=FAULTY)
    expected = Run(1, f"{name}:{FINDING}\n", SUMMARY)
    assert bnlint(tmp_path, *arguments, stdin=FAULTY.encode()) == expected
    assert bnlint(tmp_path, *arguments, stdin=CLEAN.encode()) == Run(0, "", uncompared(1))
    assert bnlint(tmp_path, *arguments, stdin=b"") == Run(0, "", passed(1, 0))


def test_standard_input_beside_files(tmp_path: Path) -> None:
    write(tmp_path, good=CLEAN, bad=FAULTY)
    run = bnlint(tmp_path, "good.py", "-", "bad.py", stdin=FAULTY.encode())
    assert run.out == f"-:{FINDING}\nbad.py:{FINDING}\n"


def test_standard_input_in_a_process(tmp_path: Path) -> None:
    assert program(tmp_path, "-", stdin=FAULTY.encode()) == Run(1, f"-:{FINDING}\n", SUMMARY)


def test_name_of_standard_input_decides_the_configuration(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "lib__bnlint.toml": 'ignore = ["BN101"]\n',
            "tests__bnlint.toml": '[per-file-ignores]\n"test_*.py" = ["BN1"]\n',
            "old__bnlint.toml": 'exclude = ["gen.py"]\n',
        },
    )

    def code(name: str, *more: str) -> int:
        return bnlint(tmp_path, "-", "--stdin-filename", name, *more, stdin=FAULTY.encode()).code

    assert [code("lib/a.py"), code("lib/new/a.py"), code("src/a.py")] == [0, 0, 1]
    assert [code("tests/test_a.py"), code("tests/a.py")] == [0, 1]
    assert [code("old/gen.py"), code("old/gen.py", "--force-exclude")] == [1, 0]


@pytest.mark.parametrize("command", ["check", "sites"])
def test_name_without_standard_input(tmp_path: Path, command: str) -> None:
    write(tmp_path, bad=FAULTY)
    run = bnlint(tmp_path, command, "bad.py", "--stdin-filename", "x.py")
    assert run == Run(2, "", "bnlint: error: --stdin-filename goes with '-' for standard input\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-", "--output-format", "json"], id="json"),
        pytest.param(["-", "--stdin-filename", "d/m.py", "--output-format", "json"], id="named"),
        pytest.param(["--show-settings"], id="settings"),
        pytest.param(["d/m.py"], id="file"),
    ],
)
def test_configuration_that_is_broken(tmp_path: Path, arguments: list[str]) -> None:
    where = "d/bnlint.toml" if "d/m.py" in arguments else "bnlint.toml"
    write(tmp_path, d__m=FAULTY, **{where.replace("/", "__"): "colour = true\n"})
    run = bnlint(tmp_path, *arguments, stdin=FAULTY.encode())
    assert (run.code, run.err) == (2, f"bnlint: error: {where}: colour: unknown key\n")
    assert run.out in ("", "[]\n")


@pytest.mark.parametrize("text", [b"x = = BatchNorm2d\n", b"# \xff BatchNorm2d\n"])
def test_sites_exits_as_check_does_on_what_cannot_be_read(tmp_path: Path, text: bytes) -> None:
    write(tmp_path, bad=text, good=CLEAN)
    listed = bnlint(tmp_path, "sites", ".")
    assert listed.code == bnlint(tmp_path, ".").code == 1
    assert listed.err.startswith("bad.py: ")
    assert "good.py" in listed.out
