"""Configuration files, and which files a run takes up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, FINDING, Run, bnlint, write

tomllib = __import__("tomllib" if sys.version_info >= (3, 11) else "tomli")


def files(folder: Path, *arguments: str) -> list[str]:
    """Return the files that a run would check."""
    run = bnlint(folder, "--show-files", *arguments)
    assert (run.code, run.err) == (0, "")
    return run.out.splitlines()


# ------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize("command", ["check", "sites"])
def test_every_mistake_is_named(tmp_path: Path, command: str) -> None:
    """By file, key and what was expected; what other configurations hold for is checked."""
    mistakes = {
        "select": ('"BN1"', "expected a list of strings, found"),
        "ignore": ("[1]", "[0]: expected a string, found 1"),
        "per-file-ignores": ("[]", "expected a table of glob = [rules], found []"),
        "min-confidence": ('"sure"', "expected one of high, medium, low, found"),
        "from": ("3", "expected a name, found 3"),
        "port": ('"src"', "expected an array of tables ([[port]]), found"),
        "baseline": ("[]", "expected a path, found []"),
        "fix": ('"yes"', "expected true or false, found"),
        "unsafe-fixes": ("1", "expected true or false, found 1"),
        "exclude": ('["["]', "[0]: expected a glob pattern, found"),
        "output-format": ('"xml"', "expected one of full, concise, grouped, json,"),
        "exclud": ("[]", "unknown key; did you mean exclude?"),
    }
    lines = "".join(f"{key} = {value}\n" for key, (value, _) in mistakes.items())
    write(tmp_path, **{"bad__pyproject.toml": f"[tool.bnlint]\n{lines}"})
    write(tmp_path, bad__m=FAULTY, good__m=FAULTY)
    run = bnlint(tmp_path, command, "bad", "good")
    assert run.code == 2
    assert [line.partition(":")[0] for line in run.out.splitlines()] == ["good/m.py"]
    errors = [line for line in run.err.splitlines() if line.startswith("bnlint: ")]
    assert len(errors) == len(mistakes)
    for line, (key, (_, expected)) in zip(errors, mistakes.items(), strict=True):
        start = f"bnlint: error: bad/pyproject.toml: tool.bnlint.{key}"
        assert line.startswith(start)
        assert line[len(start) :].removeprefix(": ").startswith(expected)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bnlint.toml", "from = ", "not valid TOML: "),
        ("bnlint.toml", b"# \xff", "not UTF-8: byte 0xff at offset 2"),
        ("bnlint.toml", 'from = "kears"', 'from: unknown framework "kears"; did you mean keras?'),
        ("bnlint.toml", 'select = ["BN999"]', 'select: unknown rule "BN999"'),
        ("bnlint.toml", '[per-file-ignores]\n"*" = ["X"]', 'per-file-ignores."*": unknown rule'),
        ("bnlint.toml", '[[port]]\nfrom = "keras"', "port[0].paths: missing"),
        ("bnlint.toml", '[[port]]\npaths = ["a"]', "port[0]: needs a reference"),
        ("bnlint.toml", "[tool.bnlint]", "tool: without [tool.bnlint] here"),
        ("pyproject.toml", "[tool]\nbnlint = 1", "tool.bnlint: expected a table, found 1"),
        (".bnlint.toml", "fixx = true", "fixx: unknown key; did you mean fix?"),
        ("bnlint.toml", f"exclude = {['*a' * 99] * 300}", "more than 50,000 characters of setti"),
        (
            "bnlint.toml",
            f"fix = {'[' * 99}{']' * 99}",
            "more than 50,000 characters of settings, or",
        ),
        ("bnlint.toml", f"{'a.' * 150}a = 1", "more than 50,000 characters of settings, or nested"),
        (
            "bnlint.toml",
            f"fix = 1\n{'a.' * 20_000}a = 1",
            "not valid TOML: more than 200 dots in l",
        ),
        ("bnlint.toml", "[" * 100_000, "not valid TOML: "),
        ("bnlint.toml", "# bnlint\n" * 200_000, "cannot be read: File too large"),
    ],
)
def test_mistake(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    write(tmp_path, m=FAULTY, **{name: text})
    run = bnlint(tmp_path)
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert line.startswith(f"bnlint: error: {name}: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "gone.toml"], "gone.toml: no such file"),
        (["--config", "m.py"], "m.py: not valid TOML: "),
        (["--config", "pyproject.toml"], "pyproject.toml: tool.bnlint: missing: no such table"),
        (["--config", "d"], "d: cannot be read: Is a directory"),
        (["--exclude", "["], 'command line: --exclude: expected a glob pattern, found "["'),
        (["--extend-exclude", "a[b"], "command line: --extend-exclude: expected a glob pattern,"),
    ],
)
@pytest.mark.parametrize("command", ["check", "sites"])
def test_mistake_of_the_command_line(
    tmp_path: Path, command: str, arguments: list[str], message: str
) -> None:
    write(tmp_path, m=FAULTY, d__n=CLEAN, **{"pyproject.toml": '[project]\nname = "bnlint-user"\n'})
    run = bnlint(tmp_path, command, *arguments)
    assert (run.code, run.out) == (2, "")
    (line,) = run.err.splitlines()
    assert line.startswith(f"bnlint: error: {message}")


# ------------------------------------------------------------------------------- settings


def test_settings_are_shown_with_their_origins(tmp_path: Path) -> None:
    write(tmp_path, m=CLEAN, **{"bnlint.toml": 'from = "keras"\nignore = ["BN106"]\n'})
    run = bnlint(tmp_path, "--show-settings", "--min-confidence", "high", "--ignore", "BN2")
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert lines[0] == "# configuration file: bnlint.toml"
    for line in (
        'from = "keras"  # bnlint.toml',
        'min-confidence = "high"  # command line',
        'ignore = ["BN106"]  # bnlint.toml',
        'ignore = ["BN2"]  # command line',
        "force-exclude = false  # default",
    ):
        assert line in lines


def test_settings_can_be_used_as_configuration(tmp_path: Path) -> None:
    text = 'ignore = ["BN106"]\n[per-file-ignores]\n"*_old.py" = ["BN1"]\n'
    text += '[[port]]\npaths = ["src"]\nfrom = "slim"\n'
    write(tmp_path, m=CLEAN, **{"bnlint.toml": text})
    shown = bnlint(tmp_path, "--show-settings", "m.py").out
    read = tomllib.loads(shown)
    assert read["ignore"] == ["BN106"]
    assert read["per-file-ignores"] == {"*_old.py": ["BN1"]}
    assert read["port"] == [{"paths": ["src"], "from": "slim"}]
    write(tmp_path, **{"bnlint.toml": shown})
    assert bnlint(tmp_path, "--show-settings", "m.py").code == 0


def test_settings_of_each_configuration(tmp_path: Path) -> None:
    write(tmp_path, a__m="", b__m="", c__m="", **{"a__bnlint.toml": "", "b__bnlint.toml": ""})
    shown = bnlint(tmp_path, "--show-settings").out
    heads = [line for line in shown.splitlines() if line.startswith("# configuration file: ")]
    assert [head.partition(": ")[2] for head in heads] == ["a/bnlint.toml", "b/bnlint.toml", "none"]


def test_output_format_of_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, m=FAULTY, **{"bnlint.toml": 'output-format = "grouped"\n'})
    assert bnlint(tmp_path).out.startswith("m.py:\n")
    assert bnlint(tmp_path, "--output-format", "concise").out == f"m.py:{FINDING}\n"


# ----------------------------------------------------------------------------------- files


TREE = {"a": FAULTY, "gen_pb2": FAULTY, "old__b": FAULTY, "src__old__c": FAULTY, "build__d": ""}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ["a.py", "gen_pb2.py", "old/b.py", "src/old/c.py"], id="default"),
        pytest.param(["--extend-exclude", "old"], ["a.py", "gen_pb2.py"], id="a name"),
        pytest.param(["--extend-exclude", "src/old,*_pb2.py"], ["a.py", "old/b.py"], id="globs"),
        pytest.param(["--exclude", "old,src"], ["a.py", "build/d.py", "gen_pb2.py"],
                     id="not the default ones"),
        pytest.param(["src", "--extend-exclude", "old"], [], id="below a named folder"),
        pytest.param(["src/old", "--extend-exclude", "old"], ["src/old/c.py"], id="named folder"),
        pytest.param(["old/b.py", "--extend-exclude", "old"], ["old/b.py"], id="named file"),
        pytest.param(["a.py", "old/b.py", "--extend-exclude", "old", "--force-exclude"], ["a.py"],
                     id="forced"),
        pytest.param(["build"], ["build/d.py"], id="named folder of the default ones"),
    ],
)  # fmt: skip
def test_excludes(tmp_path: Path, arguments: list[str], expected: list[str]) -> None:
    write(tmp_path, **TREE)
    run = bnlint(tmp_path, "--show-files", *arguments)
    assert (run.code, run.out.splitlines()) == (0, expected)
    found = bnlint(tmp_path, "-q", *arguments).out.splitlines()
    assert [line.partition(":")[0] for line in found] == [f for f in expected if "build" not in f]


def test_excludes_of_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, **TREE, **{"src__bnlint.toml": 'extend-exclude = ["old"]\n'})
    assert files(tmp_path) == ["a.py", "gen_pb2.py", "old/b.py"]
    assert files(tmp_path / "src") == []


def test_gitignore(tmp_path: Path) -> None:
    write(tmp_path, **TREE)
    (tmp_path / ".gitignore").write_text("old/\n!src/old/\n*_pb2.py\n", encoding="utf-8")
    every = ["a.py", "gen_pb2.py", "old/b.py", "src/old/c.py"]
    assert files(tmp_path) == every  # no repository, no such thing
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert files(tmp_path) == ["a.py", "src/old/c.py"]
    assert files(tmp_path, "old/b.py") == ["old/b.py"]
    assert files(tmp_path, "--no-respect-gitignore") == every
    write(tmp_path, **{"bnlint.toml": "respect-gitignore = false\n"})
    assert files(tmp_path) == every


def test_files_that_are_shown_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, m=b"\xff\0", n=FAULTY)
    assert bnlint(tmp_path, "--show-files", ".", "gone.py") == Run(
        2, "m.py\nn.py\n", "bnlint: error: gone.py: no such file or folder\n"
    )


def test_paths_are_shown_as_they_are_reached(tmp_path: Path) -> None:
    write(tmp_path, src__m=FAULTY)
    assert bnlint(tmp_path, "-q", "src/../src/m.py").out == f"src/m.py:{FINDING}\n"
    inside = bnlint(tmp_path / "src", "-q", "m.py", "../src").out
    assert inside == f"m.py:{FINDING}\n"
    absolute = str(tmp_path / "src" / "m.py")
    (tmp_path / "elsewhere").mkdir()
    outside = bnlint(tmp_path / "elsewhere", "-q", absolute).out
    assert outside.endswith(f"src/m.py:{FINDING}\n")


def test_a_glob_that_names_no_port_is_said(tmp_path: Path) -> None:
    ports = '[[port]]\npaths = ["src/*.py", "lost/*.py"]\nfrom = "keras"\n'
    write(tmp_path, **{"bnlint.toml": ports, "src__m.py": CLEAN})
    expected = 'bnlint.toml: port[0].paths: no Python file matches "lost/*.py"\n'
    assert bnlint(tmp_path, "src/m.py", "--select", "BN101").err == expected
    assert bnlint(tmp_path, "-q", "--select", "BN101").err == ""


def test_a_reference_without_layers_is_said(tmp_path: Path) -> None:
    ports = '[[port]]\npaths = ["m.py"]\nreference = "empty.py"\n'
    write(tmp_path, **{"bnlint.toml": ports, "m.py": CLEAN, "empty.py": "import keras\n"})
    run = bnlint(tmp_path, "m.py")
    assert run.code == 2
    assert run.err.endswith(
        "empty.py: it has no batch normalisation layer that is known, and is named as a reference\n"
    )
