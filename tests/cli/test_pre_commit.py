"""The hooks of .pre-commit-hooks.yaml, installed and run by pre-commit as a user's repository does.

pre-commit builds an environment of its own for a hook, for which it needs a package index.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from command_line import CLEAN, FAULTY, FINDING, ROOT

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
)


class Hooks(NamedTuple):
    """The repository of the hooks, and the folder in which pre-commit keeps environments."""

    repository: Path
    revision: str
    home: Path


def run(folder: Path, *command: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program that must not see that it is run from within a hook or a test."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PRE_COMMIT", "PYTHONPATH", "VIRTUAL_ENV"))
    }
    identity = {"NAME": "Test", "EMAIL": "test@example.invalid"}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_{key}": value for key, value in identity.items()}
    environment["GIT_CONFIG_GLOBAL"] = os.devnull
    if home is not None:
        environment["PRE_COMMIT_HOME"] = str(home)
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def git(folder: Path, *arguments: str) -> str:
    done = run(folder, "git", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Make ``folder`` a repository with everything in it, and return the revision."""
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f", ".")
    git(folder, "commit", "-q", "--no-verify", "-m", "Start")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Hooks:
    """The tracked files of this project, as they are now, in a repository of their own."""
    repository = tmp_path_factory.mktemp("bnlint")
    for name in git(ROOT, "ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    return Hooks(repository, commit(repository), tmp_path_factory.mktemp("pre-commit"))


HOOK = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: {hook}
        args: {arguments}
"""

#: One fault that has a safe fix, and the same code without it.
UNCALLED = "import torch.nn as nn\n\nmodel = nn.Sequential(nn.BatchNorm2d(8))\nmodel.eval\n"
CALLED = UNCALLED.replace("eval", "eval()")

Check = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def check(hooks: Hooks, tmp_path: Path) -> Check:
    """Run a hook on files of a user's repository."""

    def check(
        hook: str, *, arguments: str = "[]", **files: str
    ) -> subprocess.CompletedProcess[str]:
        text = HOOK.format(**hooks._asdict(), hook=hook, arguments=arguments)
        (tmp_path / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content, encoding="utf-8")
        commit(tmp_path)
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
        return run(tmp_path, *command, home=hooks.home)

    return check


@pytest.mark.parametrize("hook", ["bnlint", "bnlint-fix"])
def test_clean_code_passes(check: Check, hook: str) -> None:
    done = check(hook, good__py=CLEAN, stub__pyi=CLEAN, notes__txt=FAULTY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("Passed")


@pytest.mark.parametrize("hook", ["bnlint", "bnlint-fix"])
def test_fault_fails(check: Check, hook: str) -> None:
    """Also under --fix, where the fault has no safe fix."""
    done = check(hook, good__py=CLEAN, bad__py=FAULTY, stub__pyi=FAULTY, notes__txt=FAULTY)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "- exit code: 1" in done.stdout
    found = [line for line in done.stdout.splitlines() if "BN101" in line]
    assert found == [f"bad.py:{FINDING}", f"stub.pyi:{FINDING}"]


@pytest.mark.parametrize("hook", ["bnlint", "bnlint-fix"])
def test_mistake_fails(check: Check, hook: str) -> None:
    done = check(hook, arguments="[--select, BN999]", good__py=CLEAN)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "- exit code: 2" in done.stdout
    assert 'unknown rule "BN999"' in done.stdout


def test_fault_is_fixed(check: Check, tmp_path: Path) -> None:
    """pre-commit fails the commit that a hook has changed; the next one passes."""
    done = check("bnlint-fix", bad__py=UNCALLED)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "- files were modified by this hook" in done.stdout
    assert (tmp_path / "bad.py").read_text(encoding="utf-8") == CALLED
    again = check("bnlint-fix", good__py=CLEAN)
    assert again.returncode == 0, again.stdout + again.stderr
