"""Signals: what kills a run kills its processes too, and nothing is left that holds a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import ROOT

#: Half a second of work each, and more in all than one process is started for.
LONG = "import torch.nn as nn\n" + "bn = nn.BatchNorm2d(64, momentum=0.99)\n" * 2000
FILES = 30

pytestmark = pytest.mark.skipif(
    not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists(),
    reason="needs to see which processes there are",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for number in range(FILES):
        (folder / f"file{number}.py").write_text(LONG)
    return folder


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` has started and that still run."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def runs(pid: int) -> bool:
    """Tell whether there is such a process; one that has ended and was not asked for is none."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def within(seconds: float, *, until: object) -> bool:
    """Wait until ``until()`` holds, and tell whether it ever did."""
    assert callable(until)
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"])
@pytest.mark.parametrize("processes", [2, 5])
def test_killed_run_leaves_no_process(tree: Path, number: str, processes: int) -> None:
    """The reader of its output is not kept waiting; the status is the signal's: 143 to a shell."""
    started = subprocess.Popen(
        [sys.executable, "-m", "bnlint", "-j", str(processes), "--no-cache", "."],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        preexec_fn=default_signals,
    )
    workers: list[int] = []
    try:
        assert within(20, until=lambda: len(children(started.pid)) == processes)
        workers = children(started.pid)
        started.send_signal(getattr(signal, number))
        assert started.communicate(timeout=10) == (b"", b"")  # both pipes are at their end
        assert started.returncode == -getattr(signal, number)
        assert within(5, until=lambda: not any(runs(pid) for pid in workers))
    finally:
        for pid in workers:
            if runs(pid):
                os.kill(pid, signal.SIGKILL)
        started.kill()


def default_signals() -> None:
    """Take back what a shell does to jobs in the background, and leave no core."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
