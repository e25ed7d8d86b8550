"""Time bnlint against other linters on timm, whole process, in turn, and print the ratios.

The linters run on the same unpacked package, on the same cores, one after the other in rounds
(A B C A B C ...), so that a change of the machine's speed meets all of them. The figures printed
are medians of wall-clock seconds; the ratios are medians over the rounds. Slow linters run once.

    python benchmarks/speed.py [--work DIR] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "timm==1.0.31"
ONE_FILE = "timm/models/resnet.py"
BASELINE = "import ast, json, argparse"


def main() -> int:
    """Set up the working folder, time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / ".work")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--skip-slow", action="store_true", help="leave Fixit and TorchFix out")
    options = parser.parse_args()
    tools = environment(options.work)
    package = unpacked(options.work, PACKAGE, tools)
    run_all(tools, package, options.rounds, skip_slow=options.skip_slow)
    return 0


def environment(work: Path) -> Path:
    """Make a virtual environment with the linters and this checkout; return its bin folder."""
    folder = work / "venv"
    tools = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (tools / "ruff").exists():
        venv.create(folder, with_pip=True)
        requirements = ROOT / "benchmarks" / "requirements.txt"
        run([tools / "python", "-m", "pip", "install", "-q", "-r", requirements])
    # The wheel, not the checkout: only the wheel has its tables compiled.
    run([tools / "python", "-m", "pip", "install", "-q", ROOT])
    run([tools / "python", "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", ROOT])
    return tools


def unpacked(work: Path, requirement: str, tools: Path) -> Path:
    """Download a package without its dependencies and unpack it; return the folder."""
    target = work / requirement.replace("==", "-")
    if not target.exists():
        wheels = work / "wheels"
        run(
            [
                tools / "python",
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "-d",
                wheels,
                requirement,
            ]
        )
        name = requirement.partition("==")[0].replace("-", "_")
        (wheel,) = wheels.glob(f"{name}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target


def run(command: list[object], *, check: bool = True, cwd: Path | None = None) -> None:
    """Run a command, printing it; its output goes nowhere unless it fails."""
    text = [str(part) for part in command]
    print("$", " ".join(text), flush=True)
    subprocess.run(text, check=check, cwd=cwd)


def seconds(command: list[object], cwd: Path) -> float:
    """Return the wall-clock seconds of a command as a whole process."""
    text = [str(part) for part in command]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    environment.pop("PYTHONDONTWRITEBYTECODE")
    start = time.perf_counter()
    subprocess.run(
        text, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def run_all(tools: Path, package: Path, rounds: int, *, skip_slow: bool) -> None:
    """Time the linters on the package and bnlint on one file, and print both tables."""
    linters: dict[str, list[object]] = {
        "bnlint": [tools / "bnlint", "--isolated", "--no-cache", "."],
        "ruff": [tools / "ruff", "check", "--isolated", "--no-cache", "."],
        "flake8": [tools / "flake8", "--isolated", "."],
    }
    slow: dict[str, list[object]] = {
        "fixit": [tools / "fixit", "lint", "."],
        "torchfix": [tools / "torchfix", "--select", "ALL", "."],
    }
    measured: dict[str, list[float]] = {name: [] for name in (*linters, *slow)}
    for number in range(rounds + 1):
        for name, command in linters.items():
            if name == "flake8" and number > 1:
                continue
            taken = seconds(command, package)
            if number:  # the first round warms the caches
                measured[name].append(taken)
    for name, command in ({} if skip_slow else slow).items():
        measured[name].append(seconds(command, package))
    print(
        f"\n{PACKAGE}, {sum(1 for _ in package.rglob('*.py'))} files, "
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else '?'} cores"
    )
    bnlint = statistics.median(measured["bnlint"])
    print(f"{'linter':10} {'runs':>4} {'median s':>9} {'bnlint is':>24}")
    for name, values in measured.items():
        if values:
            print(
                f"{name:10} {len(values):4} {statistics.median(values):9.3f} "
                f"{comparison(measured['bnlint'], values, bnlint):>24}"
            )
    one_file(tools, package, rounds)


def comparison(ours: list[float], theirs: list[float], bnlint: float) -> str:
    """Say how many times faster or slower bnlint is, pair by pair where the runs pair up."""
    if len(ours) == len(theirs):
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    else:
        ratio = bnlint / statistics.median(theirs)
    if ratio == 1:
        return "itself"
    return f"{ratio:.2f} times as slow" if ratio > 1 else f"{1 / ratio:.1f} times faster"


def one_file(tools: Path, package: Path, rounds: int) -> None:
    """Time bnlint on one file against an interpreter that imports three modules."""
    ours: list[float] = []
    base: list[float] = []
    for _ in range(4 * rounds):
        ours.append(seconds([tools / "bnlint", "--isolated", "--no-cache", ONE_FILE], package))
        base.append(seconds([tools / "python", "-c", BASELINE], package))
    ratio = statistics.median(a / b for a, b in zip(ours, base, strict=True))
    print(
        f"\n{ONE_FILE}: {statistics.median(ours) * 1000:.0f} ms, "
        f"python -c '{BASELINE}': {statistics.median(base) * 1000:.0f} ms, ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
