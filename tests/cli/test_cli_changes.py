"""What is new since a revision of git (``--diff-base``), and what makes a run fail."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, bnlint, program, write
from notebooks import notebook

FAULT = "bn = nn.BatchNorm2d(64, momentum=0.99)\n"


def git(folder: Path, *arguments: str) -> None:
    who = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **dict.fromkeys(who, "n@example.org"),
    }
    command = ["git", "-C", folder, *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    write(
        tmp_path,
        old=FAULTY,
        c="M = 0.1\n",
        user="import torch.nn as nn\nfrom c import M\n\nbn = nn.BatchNorm2d(4, momentum=M)\n",
    )
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "x")
    return tmp_path


def new(folder: Path, *arguments: str) -> list[str]:
    """Return the places of the findings that are new."""
    run = bnlint(folder, "--diff-base", "HEAD", "-q", *arguments)
    lines = run.out.splitlines()
    assert run.err == ""
    assert run.code == bool(lines)
    return [line.partition(": ")[0] for line in lines]


def test_nothing_is_new_where_nothing_changed(repository: Path) -> None:
    assert bnlint(repository, "-q").code == 1
    assert new(repository) == []


def test_a_finding_that_moves_is_not_new(repository: Path) -> None:
    write(repository, old=f"# a comment\n\n{FAULTY}\nx = 1\n")
    assert new(repository) == []


def test_a_finding_on_a_changed_line_is_new(repository: Path) -> None:
    write(repository, old=FAULTY.replace("64", "32"))
    assert new(repository) == ["old.py:3:34"]


def test_a_finding_below_a_line_that_is_gone_is_not_new(repository: Path) -> None:
    write(repository, old=FAULTY.replace("\n\n", "\n"))
    assert new(repository) == []


def test_a_comment_makes_a_changed_line(repository: Path) -> None:
    write(repository, old=FAULTY.replace("0.99)", "0.99)  # why?"))
    assert new(repository) == ["old.py:3:34"]


def test_what_was_found_before_accounts_for_one_finding(repository: Path) -> None:
    """Both statements read the same, and only one of them was a fault."""
    layer = "    return nn.BatchNorm2d(4, momentum=M)\n"
    both = f"\ndef a():\n    M = 0.99\n{layer}\ndef b():\n{layer}"
    write(repository, two=f"import torch.nn as nn\nfrom c import M\n{both}")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    assert new(repository, "two.py") == []
    write(repository, c="M = 0.99\n")
    assert new(repository, "two.py") == ["two.py:9:39"]


def test_a_new_file_shows_in_the_files_that_use_it(repository: Path) -> None:
    """The past has no such file, whether git has been told of it since or not."""
    write(
        repository,
        later="import torch.nn as nn\nfrom d import M\nb = nn.BatchNorm2d(4, momentum=M)\n",
    )
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    write(repository, d="M = 0.99\n")
    assert new(repository) == ["later.py:3:32"]
    git(repository, "add", "-A")
    assert new(repository) == ["later.py:3:32"]


def test_what_git_ignores_is_not_new(repository: Path) -> None:
    write(repository, made=FAULTY, **{".gitignore": "made.py\n"})
    assert bnlint(repository, "-q", "made.py").code == 1
    assert new(repository, "made.py") == []


def test_of_equal_findings_the_further_one_is_new(repository: Path) -> None:
    write(repository, old=f"{FAULTY}\n{FAULT}")
    assert new(repository) == ["old.py:5:34"]


def test_a_file_that_git_does_not_know_is_new(repository: Path) -> None:
    write(repository, fresh=FAULTY)
    assert new(repository) == ["fresh.py:3:34"]


def test_a_change_shows_in_the_files_that_use_it(repository: Path) -> None:
    write(repository, c="M = 0.99\n")
    assert new(repository) == ["user.py:4:33"]


def test_new_layers_that_take_an_old_value_are_new_where_they_stand(repository: Path) -> None:
    """Without a revision they are one finding at the value, a line that has not changed."""
    use = "import torch.nn as nn\nfrom c import M\n\nbn = nn.BatchNorm2d(4, momentum=M)\n"
    write(repository, c="M = 0.99\n")
    git(repository, "commit", "-q", "-a", "-m", "y")
    write(repository, a=use, b=use)
    assert new(repository) == ["a.py:4:33", "b.py:4:33"]


def test_a_value_that_changes_is_new_where_it_is_written(repository: Path) -> None:
    """Whether its layers were at fault before or not."""
    use = "import torch.nn as nn\nfrom c import M\n\nbn = nn.BatchNorm2d(4, momentum=M)\n"
    write(repository, a=use, b=use)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    write(repository, c="M = 0.98\n")
    assert new(repository) == ["c.py:1:5"]
    git(repository, "commit", "-q", "-a", "-m", "z")
    assert new(repository) == []
    write(repository, c="M = 0.99\n")
    assert new(repository) == ["c.py:1:5"]


def test_a_reference_that_changes_shows_in_its_port(repository: Path) -> None:
    keras = "from tensorflow.keras import layers\nbn = layers.BatchNormalization(epsilon={})\n"
    port = "# bnlint: port-of ref.py\nimport torch.nn as nn\nbn = nn.BatchNorm2d(4, 1e-5, 0.01)\n"
    write(repository, ref=keras.format("1e-5"), port=port)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    assert new(repository) == []
    write(repository, ref=keras.format("1e-3"))
    assert new(repository) == ["port.py:3:24"]


def test_cells_of_notebooks(repository: Path) -> None:
    first = "import torch.nn as nn\n" + FAULT
    write(repository, **{"n.ipynb": notebook(first)})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "y")
    write(repository, **{"n.ipynb": notebook("x = 1", first, FAULT.replace("64", "8"))})
    assert new(repository) == ["n.ipynb:cell 3:1:33"]


def test_from_a_folder_below(repository: Path) -> None:
    write(repository, sub__m=FAULTY)
    assert new(repository / "sub") == ["m.py:3:34"]


def test_what_a_repository_configures_is_not_run(repository: Path) -> None:
    ran = repository / "ran"
    hook = repository / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.x.textconv"):
        git(repository, "config", key, str(hook))
    (repository / ".gitattributes").write_text("*.py diff=x\n")
    write(repository, old=f"\n{FAULTY}")
    assert new(repository) == []
    assert not ran.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--diff-base", "nope"], "--diff-base: no revision 'nope' in this repository\n"),
        (["--diff-base=--output=x"], "--diff-base: no revision '--output=x' in this repository\n"),
        (["--diff-base", "HEAD", "--fix"], "--diff-base is about what is reported"),
        (["--diff-base", "HEAD", "-"], "--diff-base compares files with a revision"),
    ],
)
def test_what_cannot_be_compared(repository: Path, arguments: list[str], message: str) -> None:
    run = bnlint(repository, *arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"bnlint: error: {message}")


def test_a_history_that_is_cut_short(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """CI services fetch the last commit alone, and the base of a change is none of its own."""
    write(repository, old=CLEAN)
    git(repository, "commit", "-q", "-a", "-m", "y")
    clone = tmp_path_factory.mktemp("clone")
    git(repository, "clone", "-q", "--depth", "1", repository.as_uri(), str(clone))
    run = bnlint(clone, "--diff-base", "HEAD~1")
    assert run.code == 2
    assert run.err == (
        "bnlint: error: --diff-base: no revision 'HEAD~1' in this repository, whose history is cut "
        "short: 'git fetch --unshallow' gets the rest\n"
    )


def test_a_repository_of_somebody_else(repository: Path) -> None:
    """What git says in several lines says in the first what is wrong, in the last what to do."""
    owner = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "HOME": str(repository)}
    run = program(repository, "--diff-base", "HEAD", environment=owner)
    assert run.code == 2
    assert run.err.startswith("bnlint: error: --diff-base: fatal: detected dubious ownership")
    assert f"git config --global --add safe.directory {repository}" in run.err
    assert run.err.count("\n") == 1


def test_without_a_repository(tmp_path: Path) -> None:
    write(tmp_path, old=FAULTY)
    run = program(tmp_path, "--diff-base", "HEAD", environment={"GIT_DIR": str(tmp_path / "none")})
    assert run.code == 2
    assert "--diff-base: fatal: not a git repository" in run.err


@pytest.mark.parametrize(
    ("fail_on", "code"), [("error", 1), ("warning", 1), ("info", 1), ("never", 0)]
)
def test_what_makes_a_run_fail(tmp_path: Path, fail_on: str, code: int) -> None:
    write(tmp_path, old=FAULTY)
    run = bnlint(tmp_path, "--fail-on", fail_on)
    assert run.code == code
    assert "BN101" in run.out
    write(tmp_path, **{"bnlint.toml": f'fail-on = "{fail_on}"'})
    assert bnlint(tmp_path).code == code


def test_a_warning_does_not_make_a_run_fail_on_errors(tmp_path: Path) -> None:
    write(tmp_path, old=CLEAN)
    found = bnlint(tmp_path, "--from", "keras", "--fail-on", "error")
    assert ": warning: BN103 " in found.out
    assert found.code == 0
    assert bnlint(tmp_path, "--from", "keras", "--fail-on", "warning").code == 1
