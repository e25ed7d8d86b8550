"""The action, the template and the workflow: what they run is run here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import FAULTY, write

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    os.name == "nt" or shutil.which("bash") is None, reason="needs bash and a shebang"
)


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a CI service in ``folder``, with bnlint on the path."""
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    program = programs / "bnlint"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m bnlint "$@"\n')
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder), **variables},
        check=False,
    )


def action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action that runs bnlint, with its inputs at their defaults."""
    content = loaded("action.yml")
    step = content["runs"]["steps"][-1]
    values = {name: entry.get("default", "") for name, entry in content["inputs"].items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    variables = {}
    for name, text in step["env"].items():
        found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", text)
        variables[name] = values[found[1]] if found else ""
    places = {"RUNNER_TEMP": str(folder), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    return run(folder, step["run"], **variables, **places)


def test_the_action(tmp_path: Path) -> None:
    """It annotates, writes a table, leaves a report, and fails where there are findings."""
    write(tmp_path, src__bad=FAULTY, other=FAULTY)
    done = action(tmp_path, paths="src", sarif_file="o.sarif")
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=bnlint (BN101),file=src/bad.py,line=3,")
    assert "other.py" not in done.stdout
    assert "| `src/bad.py:3:34` | BN101 |" in (tmp_path / "summary.md").read_text()
    assert json.loads((tmp_path / "o.sarif").read_text())["version"] == "2.1.0"


def test_options_of_the_action(tmp_path: Path) -> None:
    write(tmp_path, bad=FAULTY)
    done = action(tmp_path, args="--ignore BN101 --fail-on error", summary="false")
    assert (done.returncode, done.stdout) == (0, "")
    assert not (tmp_path / "summary.md").exists()


def test_the_action_has_no_input_in_a_script() -> None:
    """What a pull request names would be run there; variables are only read."""
    for step in loaded("action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_template_of_gitlab(tmp_path: Path) -> None:
    write(tmp_path, src__bad=FAULTY)
    job = loaded("ci/gitlab.yml")[".bnlint"]
    (command,) = job["script"]
    done = run(tmp_path, command, BNLINT_PATHS="src", BNLINT_ARGS="--from keras")
    assert done.returncode == 1
    assert "src/bad.py:3:34: error: BN101 " in done.stdout
    for name in job["artifacts"]["reports"].values():
        assert (tmp_path / name).stat().st_size > 100


def test_the_workflow_covers_what_is_promised() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", text)
    matrix = loaded(".github/workflows/tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == promised
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_each_package_is_built() -> None:
    """A folder of modules that is not listed is in no wheel, and its users fail when installed."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "bnlint").rglob("__init__.py")
    }
    listed = settings["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted({*there, "bnlint.rules", "bnlint.fixers"})


def test_hooks_are_given_notebooks() -> None:
    for hook in loaded(".pre-commit-hooks.yaml"):
        assert hook["types_or"] == ["python", "pyi", "jupyter"]
