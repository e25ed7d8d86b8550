"""Ends runs in several processes at random moments, and looks whether anything outlives them.

    python benchmarks/signals.py [TIMES] [PROCESSES]

Each run checks a tree and writes into a pipe. Its first process alone is sent SIGTERM, SIGHUP,
SIGINT, SIGQUIT or SIGKILL. Its exit status must be that of the signal, all its processes must be
gone soon, and the pipe must be closed. Most runs must not come to their own end.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = 12
CODE = "import torch.nn as nn\n" + "bn = nn.BatchNorm2d(64, momentum=0.99)\n" * 1000
NUMBERS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

ENDED, OVER = "ended by the signal", "over by itself"

#: Seconds in which what a run has started must be gone after it.
SOON = 10


def start(folder: Path, processes: int) -> subprocess.Popen[bytes]:
    """Start a run, with the signals as a terminal has them."""
    return subprocess.Popen(
        [sys.executable, "-m", "bnlint", "--isolated", "--no-cache", f"-j{processes}", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in NUMBERS[:-1]],
    )


def members(session: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, _, _, own = entry.joinpath("stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(own) == session and state not in "ZX":
            found.append(int(entry.name))
    return found


def is_closed(pipe: int, seconds: float) -> bool:
    """Read what is left in a pipe; tell whether its end comes within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready, _, _ = select.select([pipe], [], [], 0.1)
        if ready and not os.read(pipe, 1 << 16):
            return True
    return False


def once(folder: Path, chance: random.Random, took: float, processes: int) -> str:
    """Start a run and end it; return what came of it, for the table."""
    number = chance.choice(NUMBERS)
    run = start(folder, processes)
    assert run.stdout is not None
    end = time.monotonic() + chance.uniform(0, took)
    while time.monotonic() < end and run.poll() is None:  # read on, so that it never waits for us
        if select.select([run.stdout], [], [], 0.01)[0]:
            os.read(run.stdout.fileno(), 1 << 16)
    if run.poll() is None:
        run.send_signal(number)
    closed = is_closed(run.stdout.fileno(), 6 * SOON)
    status = run.wait()
    last = time.monotonic() + SOON
    while (left := members(run.pid)) and time.monotonic() < last:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    run.stdout.close()
    if left or not closed:
        return f"{number.name}: {len(left)} left, pipe {'closed' if closed else 'open'}"
    if status == 1:  # it had found what there is: by then, or just after
        return OVER
    return ENDED if status in (-number, 128 + number) else f"{number.name}: status {status}"


def main(times: int = 50, processes: int = 2) -> int:
    """End that many runs, print what came of them, and return the exit code."""
    chance = random.Random(11)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            (folder / f"f{number}.py").write_text(CODE, "utf-8")
        began = time.monotonic()
        whole = start(folder, processes)
        assert whole.stdout is not None
        is_closed(whole.stdout.fileno(), 600)
        whole.wait()
        took = time.monotonic() - began
        for _ in range(times):
            found[once(folder, chance, took, processes)] += 1
    for what, count in sorted(found.items()):
        print(f"{what}: {count}")
    # Moments are spread over a whole run: where signals do nothing, all are over by themselves.
    return 0 if set(found) <= {ENDED, OVER} and found[ENDED] > found[OVER] else 1


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
