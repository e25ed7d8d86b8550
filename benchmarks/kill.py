"""Kills `bnlint --fix` at random moments and looks at what it leaves behind.

Every file must hold either its old or its new text, whole. Half of the kills fall anywhere in the
run, half while files are being written.

    python benchmarks/kill.py [KILLS] [FILES] [SIGNAL]

SIGNAL is SIGKILL, unless SIGTERM or another is named. After one that a run can hear of, no
temporary file may be left over.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYER = "bn{} = nn.BatchNorm2d(64, epsilon=0.001)\n"


def text(number: int) -> str:
    """Return a program with faults, of another length each."""
    return "import torch.nn as nn\n" + "".join(LAYER.format(n) for n in range(3 + number % 7))


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start fixing the files of ``folder``."""
    return subprocess.Popen(
        [sys.executable, "-m", "bnlint", "--fix", "--isolated", "-q", str(folder)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def prepare(folder: Path, files: int) -> None:
    """Write the files to fix."""
    for path in folder.iterdir():
        path.unlink()
    for number in range(files):
        (folder / f"f{number}.py").write_text(text(number), "utf-8")


def look(folder: Path, files: int) -> Counter[str]:
    """Count the files with old, new and any other text, and what is left over in ``folder``."""
    found: Counter[str] = Counter()
    for number in range(files):
        path = folder / f"f{number}.py"
        old = text(number)
        states = {old: "old", old.replace("epsilon", "eps"): "new"}
        found[states.get(path.read_text("utf-8"), "broken") if path.exists() else "broken"] += 1
    found["left over"] = sum(1 for _ in folder.iterdir()) - files
    return found


def kill(
    folder: Path, chance: random.Random, took: float, written: float, number: signal.Signals
) -> None:
    """Start a run and end it: anywhere within ``took`` seconds, or while files are written."""
    process = start(folder)
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, took))
    else:
        first, before = folder / "f0.py", text(0)
        while process.poll() is None and first.read_text("utf-8") == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, written))
    process.send_signal(number)
    process.wait()


def main(kills: int = 50, files: int = 200, name: str = "SIGKILL") -> Counter[str]:
    """Kill that many runs, and return what was found after all of them together."""
    chance = random.Random(20)
    number = signal.Signals[name]
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder, files)
        began = time.monotonic()
        whole = start(folder)
        first, before = folder / "f0.py", text(0)
        while whole.poll() is None and first.read_text("utf-8") == before:
            time.sleep(0.001)
        waited = time.monotonic() - began
        whole.wait()
        took = time.monotonic() - began
        if look(folder, files)["new"] != files:
            raise SystemExit("a run that nobody kills must fix all files")
        for _ in range(kills):
            prepare(folder, files)
            kill(folder, chance, took, took - waited, number)
            found = look(folder, files)
            found["kills amid writing"] = int(bool(found["old"] and found["new"]))
            total += found
    return total


if __name__ == "__main__":
    kills, files, name = [*sys.argv[1:], *("50", "200", "SIGKILL")[len(sys.argv) - 1 :]]
    result = main(int(kills), int(files), name)
    for what, count in sorted(result.items()):
        print(f"{what}: {count}")
    is_heard = name != "SIGKILL"
    raise SystemExit(1 if result["broken"] or (is_heard and result["left over"]) else 0)
