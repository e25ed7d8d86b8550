"""How files are replaced: whole or not at all, and staying what they were."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT, UNPRIVILEGED, bnlint, program, write

from bnlint.files import writing
from bnlint.files.writing import WriteError, replace

BEFORE = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(64, epsilon=0.001)\n"
AFTER = BEFORE.replace("epsilon", "eps")

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_contents_are_replaced_and_nothing_is_left_over(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(b"old")
    replace(str(path), b"old", b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["f.py"]


@posix
@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o4750, 0o664])
def test_mode_is_kept(tmp_path: Path, mode: int) -> None:
    write(tmp_path, f=BEFORE)
    (tmp_path / "f.py").chmod(mode)
    assert bnlint(tmp_path, "--fix").code == 0
    assert (tmp_path / "f.py").read_text() == AFTER
    assert stat.S_IMODE((tmp_path / "f.py").stat().st_mode) == mode


def test_changed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(b"other")
    with pytest.raises(WriteError, match="changed by another program meanwhile; run bnlint again"):
        replace(str(path), b"old", b"new")
    assert path.read_bytes() == b"other"
    assert names(tmp_path) == ["f.py"]


def test_already_as_wanted(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(b"new")
    inode = path.stat().st_ino
    replace(str(path), b"old", b"new")
    assert path.stat().st_ino == inode


def test_gone_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="not fixed: No such file"):
        replace(str(tmp_path / "f.py"), b"old", b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failing_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    path = tmp_path / "f.py"
    path.write_bytes(b"old")
    monkeypatch.setattr(writing.os, step, fail)
    with pytest.raises((WriteError, KeyboardInterrupt)) as raised:
        replace(str(path), b"old", b"new")
    assert isinstance(raised.value, KeyboardInterrupt) or str(raised.value) == (
        "not fixed: No space left on device"
    )
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["f.py"]


def test_file_that_cannot_be_written_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a=BEFORE, b=BEFORE)
    access = os.access
    monkeypatch.setattr(
        writing.os, "access", lambda path, mode: not path.endswith("a.py") and access(path, mode)
    )
    run = bnlint(tmp_path, "--fix")
    assert run.code == 2
    assert "bnlint: error: a.py: not fixed: the file is read-only\n" in run.err
    assert (tmp_path / "a.py").read_text() == BEFORE
    assert (tmp_path / "b.py").read_text() == AFTER


@posix
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "message"),
    [
        (0o444, 0o777, "not fixed: the file is read-only"),
        (0o666, 0o555, "not fixed: no file can be written in the folder {} (Permission denied)"),
    ],
    ids=["file", "folder"],
)
def test_permissions(tmp_path: Path, file_mode: int, folder_mode: int, message: str) -> None:
    folder = tmp_path / "d"
    write(folder, f=BEFORE)
    (folder / "f.py").chmod(file_mode)
    folder.chmod(folder_mode)
    run = program(folder, "--fix", "--isolated", "f.py", before=["-c", UNPRIVILEGED])
    folder.chmod(0o755)
    assert run.code == 2
    assert f"bnlint: error: f.py: {message.format(folder)}\n" in run.err
    assert (folder / "f.py").read_text() == BEFORE
    assert names(folder) == ["f.py"]


# -------------------------------------------------------------------------- symbolic links


@posix
@pytest.mark.parametrize("relative", [True, False])
def test_link_within_the_project_stays_a_link(tmp_path: Path, relative: bool) -> None:
    write(tmp_path, **{"pyproject.toml": "", "d__real.py": BEFORE})
    link = tmp_path / "e" / "link.py"
    link.parent.mkdir()
    target = tmp_path / "d" / "real.py"
    link.symlink_to(os.path.relpath(target, link.parent) if relative else target)
    assert bnlint(tmp_path, "--fix", "e/link.py").code == 0
    assert link.is_symlink()
    assert target.read_text() == AFTER


@posix
def test_link_out_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, **{"outside__real.py": BEFORE, "project__pyproject.toml": ""})
    target, link = tmp_path / "outside" / "real.py", tmp_path / "project" / "link.py"
    link.symlink_to(target)
    run = bnlint(tmp_path / "project", "--fix", "link.py")
    assert run.code == 2
    assert (
        f"bnlint: error: link.py: not fixed: it is a symbolic link to {target}, outside the "
        "project; --follow-symlinks fixes such files\n"
    ) in run.err
    assert target.read_text() == BEFORE
    run = bnlint(tmp_path / "project", "--fix", "--follow-symlinks", "link.py")
    assert run.code == 0
    assert link.is_symlink()
    assert target.read_text() == AFTER


@posix
def test_folder_that_is_a_link_out_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, **{"outside__real.py": BEFORE, "project__pyproject.toml": ""})
    (tmp_path / "project" / "d").symlink_to(tmp_path / "outside")
    assert bnlint(tmp_path / "project", "--fix", "d/real.py").code == 2
    assert (tmp_path / "outside" / "real.py").read_text() == BEFORE


@posix
def test_project_that_is_reached_by_a_link(tmp_path: Path) -> None:
    write(tmp_path, **{"real__pyproject.toml": "", "real__f.py": BEFORE})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert bnlint(tmp_path / "link", "--fix", str(tmp_path / "link" / "f.py")).code == 0
    assert (tmp_path / "real" / "f.py").read_text() == AFTER


# -------------------------------------------------------------------------- processes


def test_two_processes_at_once(tmp_path: Path) -> None:
    write(tmp_path, **{f"f{number}": BEFORE * 30 for number in range(20)})
    command = [sys.executable, "-m", "bnlint", "--fix", "--isolated", str(tmp_path)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode in (0, 2)
        assert (process.returncode == 2) == (b"changed by another program meanwhile" in errors)
    assert names(tmp_path) == sorted(f"f{number}.py" for number in range(20))
    assert {path.read_text() for path in tmp_path.iterdir()} == {AFTER * 30}


#: Kills its own process as soon as something of the kind has happened that often.
KILLED = """
import os, signal, sys
event, left = sys.argv.pop(1), int(sys.argv.pop(1))
def hook(name, arguments):
    global left
    if name == event and any(".bnlint-" in str(argument) for argument in arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from bnlint.cli.main import main
main()
"""


@posix
@pytest.mark.parametrize("event", ["open", "os.chmod", "os.rename"])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_killed_at_a_step_of_writing(tmp_path: Path, event: str, time: int) -> None:
    write(tmp_path, a=BEFORE, b=BEFORE, c=BEFORE)
    run = program(tmp_path, event, str(time), "--fix", "--isolated", before=["-c", KILLED])
    assert run.code == -9
    found = [(tmp_path / name).read_text() for name in ("a.py", "b.py", "c.py")]
    assert found == [AFTER] * (time - 1) + [BEFORE] * (4 - time)
    assert bnlint(tmp_path, "--fix").code == 0  # what is left over is in nobody's way
    assert {(tmp_path / name).read_text() for name in ("a.py", "b.py", "c.py")} == {AFTER}


@posix
def test_killed_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import kill

    found = kill.main(kills=5, files=200)
    assert found["broken"] == 0
    assert found["old"] + found["new"] == 1000
