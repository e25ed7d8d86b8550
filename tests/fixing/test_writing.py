"""How files are replaced: whole or not at all, and staying what they were."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT, UNPRIVILEGED, Run, bnlint, program, write

from bnlint.files import writing
from bnlint.files.writing import WriteError, replace
from bnlint.running import runner

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
    with pytest.raises(WriteError, match="No such file"):
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
        "No space left on device"
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


# ------------------------------------------------- what is said of files that were not written

FOUND = (
    "3:25: error: BN108 [*] PyTorch's BatchNorm2d has no argument epsilon: it is called eps here; "
    "help: call it eps\n"
)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file be replaced that is called ``full`` or ``base``."""
    put = os.replace

    def fail(source: str, target: str) -> None:
        if Path(target).stem in ("full", "base"):
            raise OSError(28, "No space left on device")
        put(source, target)

    monkeypatch.setattr(writing.os, "replace", fail)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_was_not_fixed_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: str
) -> None:
    monkeypatch.setattr(runner, "PARALLEL_FROM", 0)
    write(tmp_path, full=BEFORE)
    run = bnlint(tmp_path, "--fix", "-j", processes)
    assert run.code == 2
    assert run.out == f"full.py:{FOUND}"
    assert run.err == (
        "Found 1 error in 1 file.\n"
        "bnlint: error: full.py: not fixed: No space left on device\n"
    )  # fmt: skip
    write(tmp_path, good=BEFORE * 2)
    run = bnlint(tmp_path, "--fix", "-j", processes)
    assert run.code == 2
    assert run.out == f"full.py:{FOUND}"
    assert run.err == (
        "Fixed 2 findings; 1 error left in 1 of 2 files.\n"
        "bnlint: error: full.py: not fixed: No space left on device\n"
    )
    assert (tmp_path / "full.py").read_text() == BEFORE
    assert (tmp_path / "good.py").read_text() == AFTER * 2
    assert names(tmp_path) == ["full.py", "good.py"]


@pytest.mark.usefixtures("full_disk")
def test_what_was_not_suppressed_remains(tmp_path: Path) -> None:
    write(tmp_path, full=BEFORE, good=BEFORE)
    run = bnlint(tmp_path, "--add-ignore=later")
    assert run.code == 2
    assert run.out == f"full.py:{FOUND}"
    assert run.err == (
        "Suppressed 1 finding; 1 error left in 1 of 2 files.\n"
        "bnlint: error: full.py: not suppressed: No space left on device\n"
    )
    assert (tmp_path / "full.py").read_text() == BEFORE


@pytest.mark.usefixtures("full_disk")
def test_fixing_only_what_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, full=BEFORE)
    run = bnlint(tmp_path, "--fix-only")
    assert (run.code, run.out) == (2, "")
    assert "ixed 1" not in run.err
    assert "bnlint: error: full.py: not fixed: No space left on device\n" in run.err


@pytest.mark.usefixtures("full_disk")
def test_what_a_baseline_knows_is_known_of_an_unwritten_file(tmp_path: Path) -> None:
    known = "bn = nn.BatchNorm2d(8, momentum=0.99)\n"
    entry = {"path": "full.py", "code": "BN101", "statement": known.strip(), "count": 1}
    write(tmp_path, full=BEFORE + known)
    write(tmp_path, **{"b.json": json.dumps({"version": 1, "findings": [entry]})})
    run = bnlint(tmp_path, "--fix", "--baseline", "b.json")
    assert (run.code, run.out) == (2, f"full.py:{FOUND}")
    assert "stale" not in run.err


@pytest.mark.usefixtures("full_disk")
def test_baseline_that_cannot_be_written(tmp_path: Path) -> None:
    """No empty file is left, which the next run would take for a broken baseline."""
    write(tmp_path, f=BEFORE)
    error = "bnlint: error: base.json: cannot be written: No space left on device\n"
    options = ("--baseline", "base.json", "--write-baseline")
    assert bnlint(tmp_path, *options) == Run(2, "", error)
    assert names(tmp_path) == ["f.py"]
    old = '{"version": 1, "findings": []}'
    write(tmp_path, **{"base.json": old})
    assert bnlint(tmp_path, *options) == Run(2, "", error)
    assert (tmp_path / "base.json").read_text() == old
    assert names(tmp_path) == ["base.json", "f.py"]


#: Runs bnlint where no file may be longer than ten bytes, as on a full disk.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
from bnlint.cli.main import main
sys.exit(main())
"""


@posix
@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--fix",), "f.py: not fixed"),
        (("--add-ignore=later",), "f.py: not suppressed"),
        (("--baseline", "base.json", "--write-baseline"), "base.json: cannot be written"),
    ],
)
def test_no_file_can_grow(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    write(tmp_path, f=BEFORE)
    arguments = [*options, "--isolated", "--no-cache", "f.py"]
    run = program(tmp_path, *arguments, before=["-c", LIMITED])
    assert run.code == 2
    assert run.err.endswith(f"bnlint: error: {why}: File too large\n")
    assert not run.err.startswith(("Fixed", "Suppressed", "1 finding"))
    assert (tmp_path / "f.py").read_text() == BEFORE
    assert names(tmp_path) == ["f.py"]


@posix
def test_new_baseline_has_the_mode_of_a_new_file(tmp_path: Path) -> None:
    write(tmp_path, f=BEFORE)
    assert bnlint(tmp_path, "--baseline", "b.json", "--write-baseline").code == 0
    (tmp_path / "other").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("b.json", "other")}
    assert len(modes) == 1


@posix
def test_diff_leaves_out_what_fix_would_refuse(tmp_path: Path) -> None:
    write(tmp_path, **{"outside__real.py": BEFORE, "project__pyproject.toml": ""})
    (tmp_path / "project" / "link.py").symlink_to(tmp_path / "outside" / "real.py")
    run = bnlint(tmp_path / "project", "--diff", "link.py")
    assert (run.code, run.out) == (2, "")
    assert "ould fix" not in run.err
    assert "bnlint: error: link.py: not fixed: it is a symbolic link to " in run.err
    run = bnlint(tmp_path / "project", "--diff", "--follow-symlinks", "link.py")
    assert run.code == 1
    assert run.out.endswith("+bn = nn.BatchNorm2d(64, eps=0.001)\n")
    assert run.err == "Would fix 1 finding; none remains.\n"


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
        "project; --follow-symlinks changes such files\n"
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
number, event, left = int(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
def hook(name, arguments):
    global left
    if name == event and any(".bnlint-" in str(argument) for argument in arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
if number != signal.SIGKILL:
    signal.signal(number, signal.SIG_DFL)
sys.addaudithook(hook)
from bnlint.cli.main import main
main()
"""


STEPS = ["open", "os.chmod", "os.rename"]


def killed(folder: Path, number: int, event: str, time: int) -> list[str]:
    """Return what three files hold after a run that fixes them was killed; they were ``BEFORE``."""
    write(folder, a=BEFORE, b=BEFORE, c=BEFORE)
    arguments = (str(int(number)), event, str(time), "--fix", "--isolated")
    assert program(folder, *arguments, before=["-c", KILLED]).code == -number
    return [(folder / name).read_text() for name in ("a.py", "b.py", "c.py")]


@posix
@pytest.mark.parametrize("event", STEPS)
@pytest.mark.parametrize("time", [1, 2, 3])
def test_killed_at_a_step_of_writing(tmp_path: Path, event: str, time: int) -> None:
    """What is left over is in nobody's way, and the next run takes it away."""
    found = killed(tmp_path, signal.SIGKILL, event, time)
    assert found == [AFTER] * (time - 1) + [BEFORE] * (4 - time)
    assert len(names(tmp_path)) == 3 + (event != "open")
    assert bnlint(tmp_path, "--fix").code == 0
    assert names(tmp_path) == ["a.py", "b.py", "c.py"]
    assert {(tmp_path / name).read_text() for name in ("a.py", "b.py", "c.py")} == {AFTER}


@posix
@pytest.mark.parametrize("event", STEPS)
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_asked_to_end_at_a_step_of_writing(tmp_path: Path, event: str, number: str) -> None:
    """The file at hand is finished first, so that nothing is left over."""
    found = killed(tmp_path, getattr(signal, number), event, 2)
    assert found == [AFTER, AFTER, BEFORE]
    assert names(tmp_path) == ["a.py", "b.py", "c.py"]


@posix
def test_what_another_run_is_writing_is_left_alone(tmp_path: Path) -> None:
    """It is locked; what is called so, and no file of ours, is left alone too."""
    import fcntl

    write(tmp_path, a=BEFORE)
    mine, other = tmp_path / ".bnlint-12345678.tmp", tmp_path / ".bnlint-abcdefgh.tmp"
    mine.touch()
    (tmp_path / ".bnlint-notes.tmp").touch()
    (tmp_path / ".bnlint-folderxx.tmp").mkdir()
    with other.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert bnlint(tmp_path, "--fix").code == 0
    expected = [".bnlint-abcdefgh.tmp", ".bnlint-folderxx.tmp", ".bnlint-notes.tmp", "a.py"]
    assert names(tmp_path) == expected


@posix
def test_killed_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import kill

    found = kill.main(kills=5, files=200)
    assert found["broken"] == 0
    assert found["old"] + found["new"] == 1000
