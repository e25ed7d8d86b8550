"""How time and memory grow with a project, and what it costs to check it again.

Writes projects of made-up networks that import settings, a wrapper and each other, checks each of
them whole, again, and again after one file was touched: one that nothing imports, one that many
import. All figures are of whole processes on one processor core (``-j1``).

    python benchmarks/scale.py [FILES ...]
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

LAYERS = """\
import torch.nn as nn


class Norm(nn.BatchNorm2d):
    def __init__(self, n, eps=1e-3, momentum=0.01):
        super().__init__(n, eps, momentum)
"""
NET = """\
import torch.nn as nn

from pkg.config import EPS, MOMENTUM
from ..layers import Norm
{imported}


def block(n, norm=Norm):
    return nn.Sequential(nn.Conv2d(n, n, 3), norm(n, momentum=MOMENTUM))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, eps=EPS, momentum=MOMENTUM)
        self.body = other
{methods}
"""
METHODS = "".join(
    f"    def f{i}(self, x):\n        return self.conv{i}(x) + {i}\n" for i in range(20)
)

#: Runs the command line and says how long it took, in seconds of the processor, and its memory.
MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
out = done.stdout.decode()
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode, out]))
"""


class Run(NamedTuple):
    """What a run took, in seconds of the processor and MB, and what it said."""

    seconds: float
    memory: float
    code: int
    out: str


def write_project(folder: Path, files: int) -> None:
    """Write a project of ``files`` networks, each of which imports an earlier one."""
    chance = random.Random(files)
    nets = folder / "pkg" / "nets"
    nets.mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "pkg" / "__init__.py").write_text("")
    (nets / "__init__.py").write_text("")
    (folder / "pkg" / "config.py").write_text("EPS = 1e-3\nMOMENTUM = 0.1\n")
    (folder / "pkg" / "layers.py").write_text(LAYERS)
    for i in range(files):
        earlier = f"from .net{chance.randrange(i)} import block as other" if i else "other = None"
        text = NET.format(imported=earlier, methods=METHODS)
        (nets / f"net{i}.py").write_text(text)


def measure(folder: Path, *arguments: str) -> Run:
    """Check the project in ``folder``; what is remembered lies beside it."""
    command = [sys.executable, "-m", "bnlint", "-j1", "--output-format", "concise", *arguments, "."]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "BNLINT_CACHE_DIR": str(folder.parent / "cache"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command],
        cwd=folder, env=environment, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return Run(*json.loads(done.stdout))


def touch(path: Path) -> None:
    """Change a file, and nothing that it means."""
    path.write_text(f"{path.read_text()}# touched\n")


def main() -> int:
    """Measure the projects of the sizes named, and print a table."""
    sizes = [int(size) for size in sys.argv[1:]] or [1250, 5000, 20000]
    print("| files | whole run, s | MB | again | a leaf touched | the settings touched |")
    print("|---|---|---|---|---|---|")
    agree = True
    for files in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            write_project(folder, files)
            whole = measure(folder, "--no-cache")
            measure(folder)
            runs = [measure(folder)]
            touch(folder / "pkg" / "nets" / f"net{files - 1}.py")
            runs.append(measure(folder))
            touch(folder / "pkg" / "config.py")
            runs.append(measure(folder))
            agree &= all(run[2:] == whole[2:] for run in runs)
            ratios = " | ".join(f"{run.seconds / whole.seconds:.3f}" for run in runs)
            print(f"| {files} | {whole.seconds:.1f} | {whole.memory:.0f} | {ratios} |", flush=True)
    if not agree:
        print("what was remembered changed what was said", file=sys.stderr)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
