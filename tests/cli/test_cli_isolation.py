"""Nothing of the linted project is imported, and nothing that a run has no need of."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, FINDING, ROOT, SUMMARY, Run, program, write

#: Modules that a run imports by name, and one that the linted code does.
TEMPTING = (
    "torch", "rich", "libcst", "numpy", "tomllib", "tomli", "rules", "fixers", "json",
    "argparse", "commands", "linter",
)  # fmt: skip
TRAP = "raise SystemExit('the linted project was imported')\n"


def traps(folder: Path) -> None:
    """Give ``folder`` a module of each tempting name, which ends the run that imports it."""
    write(folder, **dict.fromkeys(TEMPTING, TRAP), conftest=TRAP)
    write(folder, **{"keras__init__.py": TRAP, "setup.py": TRAP, "sitecustomize.py": TRAP})


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["bad.py", "good.py"], id="findings"),
        pytest.param(["--output-format", "full", "bad.py"], id="frames"),
        pytest.param(["-j2", "."], id="folder"),
        pytest.param(["sites", "--output-format", "table", "bad.py"], id="sites"),
        pytest.param(["explain", "BN101"], id="explain"),
        pytest.param(["translate", "torch.nn.BatchNorm2d(4)"], id="translate"),
    ],
)
def test_modules_of_the_project(tmp_path: Path, arguments: list[str]) -> None:
    traps(tmp_path)
    write(tmp_path, bad=FAULTY, good=CLEAN)
    run = program(tmp_path, *arguments)
    assert run.code in (0, 1), run.err
    assert run.err in ("", SUMMARY) or run.err.startswith("Found 1 error in ")


#: ``python -m bnlint`` in the folder {here}, with processes as on macOS and Windows.
SPAWNS = """
import sys
sys.path[0] = {here!r}
import multiprocessing, runpy
multiprocessing.get_all_start_methods = lambda: ["spawn"]
from bnlint.running import runner
runner.PARALLEL_FROM = 0
sys.argv[0] = "bnlint"
runpy.run_module("bnlint", run_name="__main__", alter_sys=True)
"""


def test_processes_that_are_spawned(tmp_path: Path) -> None:
    """They are started as ``python -c``, which has the current folder on its path."""
    names = [f"n{number}" for number in range(4)]
    write(tmp_path, **dict.fromkeys(names, FAULTY), multiprocessing=TRAP, pickle=TRAP)
    traps(tmp_path)
    files = [f"{name}.py" for name in names]
    run = program(tmp_path, "-q", "-j2", *files, before=["-c", SPAWNS.format(here=str(ROOT))])
    assert run == Run(1, "".join(f"{file}:{FINDING}\n" for file in files), "")


def test_modules_of_the_project_in_a_check_of_frameworks(tmp_path: Path) -> None:
    """The workers start elsewhere, and isolated."""
    traps(tmp_path)
    run = program(tmp_path, "frameworks", "--check")
    assert "the linted project was imported" not in run.out + run.err


@pytest.mark.parametrize("flags", [["-I"], ["-P"], []], ids=" ".join)
def test_path_of_the_user_is_kept(tmp_path: Path, flags: list[str]) -> None:
    """With -I and -P, Python does not put the current folder first, and there is none to drop."""
    if flags == ["-P"] and sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no -P")
    write(tmp_path, bad=FAULTY)
    # runs bnlint.__main__ as -m does, and then shows the path that was left
    script = (
        "import runpy, sys\n"
        f"sys.path[:0] = {['here'] if not flags else []!r} + ['first', {str(ROOT)!r}]\n"
        "sys.argv = ['bnlint', 'bad.py']\n"
        "try:\n    runpy.run_module('bnlint', run_name='__main__')\n"
        "except SystemExit as end:\n    print(end.code, sys.path[0])\n"
    )
    run = program(tmp_path, before=[*flags, "-c", script])
    assert run.out.splitlines()[-1] == "1 first"


@pytest.mark.parametrize("folder", [ROOT, ROOT / "docs"], ids=["root", "another"])
def test_plain_checkout(folder: Path, tmp_path: Path) -> None:
    """Not installed: bnlint as it lies in the repository, with its rules beside it."""
    write(tmp_path, good=CLEAN, bad=FAULTY)
    environment = {} if folder == ROOT else {"PYTHONPATH": str(ROOT)}
    for name, code in (("good.py", 0), ("bad.py", 1)):
        path = str(tmp_path / name)
        done = program(folder, path, before=["-m", "bnlint"], environment=environment)
        assert (done.code, done.out) == (code, f"{path}:{FINDING}\n" if code else "")


def test_another_checkout(tmp_path: Path) -> None:
    """Beside the one that is installed as editable, a checkout uses its own rules."""
    ignored = shutil.ignore_patterns("__pycache__")
    for room in ("bnlint", "rules", "fixers"):
        shutil.copytree(ROOT / room, tmp_path / "copy" / room, ignore=ignored)
    rule = tmp_path / "copy" / "rules" / "momentum_convention.py"
    rule.write_text(rule.read_text("utf-8").replace("is the weight", "IS THE WEIGHT"), "utf-8")
    write(tmp_path, bad=FAULTY, worse=FAULTY)
    expected = f"bad.py:{FINDING.replace('is the weight', 'IS THE WEIGHT')}\n"
    run = program(tmp_path, "bad.py", environment={"PYTHONPATH": str(tmp_path / "copy")})
    assert run.out == expected
    # in the folder of the checkout, which is taken off the path, and in processes of its own
    start = ["-c", SPAWNS.format(here=str(tmp_path / "copy"))]
    run = program(
        tmp_path, "-j2", "bad.py", "worse.py", before=start, environment={"PYTHONPATH": ""}
    )
    assert run.out == expected + expected.replace("bad.py", "worse.py")


HEAVY = ("libcst", "rich", "numpy", "tokenize", "multiprocessing", "subprocess")


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        pytest.param(["good.py"], [], id="clean"),
        pytest.param(["good.py", "-j1", "--from", "torch"], [], id="clean, with a reference"),
        pytest.param(["--show-files", "bad.py"], [], id="files"),
        pytest.param(["sites", "--output-format", "concise", "bad.py"], [], id="sites"),
        pytest.param(["-q", "--ignore", "BN101", "bad.py"], [], id="ignored"),
        pytest.param(["--isolated", "bad.py"], ["libcst"], id="finding"),
    ],
)
def test_imports(tmp_path: Path, arguments: list[str], loaded: list[str]) -> None:
    write(tmp_path, good=CLEAN, bad=FAULTY)
    script = (
        "import sys; from bnlint.cli.main import main; main(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = program(tmp_path, *arguments, before=["-c", script])
    found = run.out.splitlines()[-1]
    if loaded:
        assert all(repr(name) in found for name in loaded)
    else:
        assert found == "[]"


def test_configuration_cannot_name_a_program(tmp_path: Path) -> None:
    write(tmp_path, good=CLEAN, **{"bnlint.toml": 'interpreter = "./trap"\nplugins = ["x"]\n'})
    assert program(tmp_path) == Run(
        2,
        "",
        "bnlint: error: bnlint.toml: interpreter: unknown key\n"
        "bnlint: error: bnlint.toml: plugins: unknown key\n",
    )
