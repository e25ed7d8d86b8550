"""What shells complete."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import bnlint

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@needs_bash
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["bnlint", "trans"], ["translate"]),
        (["bnlint", "check", "--from"], ["--from"]),
        (["bnlint", "--unsafe"], ["--unsafe-fixes"]),
        (["bnlint", "check", "--output-format", "sa"], ["sarif"]),
        (["bnlint", "sites", "--output-format", "cs"], ["csv"]),
        (["bnlint", "check", "--min-confidence", "hi"], ["high"]),
        (["bnlint", "explain", "no"], ["note.txt"]),
    ],
)
def test_bash(tmp_path: Path, words: list[str], wanted: list[str]) -> None:
    (tmp_path / "note.txt").touch()
    (tmp_path / "c.bash").write_text(bnlint(tmp_path, "completion", "bash").out)
    command = (
        f"source ./c.bash; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _bnlint; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().split() == wanted
    assert done.stderr == b""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(tmp_path: Path, shell: str) -> None:
    script = bnlint(tmp_path, "completion", shell).out
    assert "unsafe-fixes" in script
    assert "translate" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", "script"], cwd=tmp_path, check=True)


def test_a_shell_there_is_no_script_for(tmp_path: Path) -> None:
    run = bnlint(tmp_path, "completion", "csh")
    assert run.code == 2
    assert "choose from" in run.err
