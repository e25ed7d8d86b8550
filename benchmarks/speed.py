"""Time bnlint against ruff and against a bare interpreter, whole processes in turn, as ratios.

    python benchmarks/speed.py [--trees DIR] [--repeat N] [--only PARTS] [--others]

DIR has the source trees: DIR/timm, DIR/stdlib, DIR/torch and so on; a row says where one is not
there. Without ``--trees``, timm is downloaded into the working folder. bnlint is measured as it is
installed from a wheel of the checkout, in a virtual environment of its own.

The two sides of a row run in the same folder on the same cores, one after the other in rounds
(A B A B ...), so that a change of the machine's speed meets both. A first round that is not counted
warms the caches of the system. Seconds are medians of wall-clock time, and a ratio is the median of
the ratios of the rounds, with the lowest and the highest of them. Memory is that of the largest
process of all rounds. A row says ``ended`` where bnlint took longer than ``--limit``.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from scale import write_project  # beside this file

ROOT = Path(__file__).resolve().parent.parent
TIMM = "timm==1.0.31"
ONE_FILE = "timm/models/resnet.py"
BARE = "import ast, json, argparse"
LARGE = ("torch", "tensorflow", "transformers", "mindspore")

#: How many functions the made-up user calls.
FUNCTIONS = (1000, 2000, 4000, 8000, 16000)

#: How the made-up user gets at the functions.
USES = ("imported by name", "as attributes of the module")

#: How many files the made-up tree has.
TREE = 5000


class Run(NamedTuple):
    """What one whole process took: seconds of wall-clock time, and MB of its largest process.

    A process that was ended because it took too long has infinitely many seconds.
    """

    seconds: float
    memory: float


class Side(NamedTuple):
    """A command that is timed.

    ``variables`` are put into its environment, ``before`` is done before it runs, and it is ended
    after ``limit`` seconds.
    """

    command: Sequence[str | Path]
    variables: dict[str, str]
    before: Callable[[], None] = lambda: None
    limit: float | None = None


class Bench(NamedTuple):
    """Where the tools and the trees are, and how often everything runs."""

    tools: Path
    trees: Path
    repeat: int
    repeat_large: int
    limit: float

    def tree(self, name: str) -> Path | None:
        """Return the folder of a source tree, if it is there."""
        folder = self.trees / name
        return folder if folder.is_dir() else None

    def bnlint(self, *arguments: str) -> list[str | Path]:
        """Return a command line of bnlint that reads no configuration."""
        return [self.tools / "bnlint", "check", "--isolated", *arguments]

    def ruff(self, *arguments: str) -> list[str | Path]:
        """Return a command line of ruff that reads no configuration."""
        return [self.tools / "ruff", "check", "--isolated", *arguments]


def main() -> int:
    """Set up the working folder, measure the parts asked for, and print their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trees", type=Path, metavar="DIR", help="the folder of the source trees")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / ".work", metavar="DIR")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="the bnlint to measure")
    parser.add_argument("--repeat", type=int, default=7, help="how many rounds are counted")
    parser.add_argument("--repeat-large", type=int, help="the same, for the large trees")
    parser.add_argument("--limit", type=float, default=900, help="seconds for one run of a tree")
    parser.add_argument("--only", default=",".join(PARTS), help="the parts to measure, with commas")
    parser.add_argument("--cores", help="the processors to run on, with commas (default: all)")
    parser.add_argument("--others", action="store_true", help="flake8, Fixit and TorchFix as well")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    if options.cores:
        os.sched_setaffinity(0, {int(core) for core in options.cores.split(",")})
    work = options.work.resolve()
    tools = environment(work, options.checkout.resolve())
    trees = options.trees.resolve() if options.trees else downloaded(work, tools)
    repeat_large = options.repeat_large or options.repeat
    bench = Bench(tools, trees, options.repeat, repeat_large, options.limit)
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"\n{len(os.sched_getaffinity(0))} cores, load {load}, {version(tools / 'ruff')}")
    for part in parts:
        PARTS[part](bench)
    if options.others:
        others(bench)
    return 0


def environment(work: Path, checkout: Path) -> Path:
    """Make a virtual environment with the linters and a checkout; return its bin folder."""
    folder = work / "venv"
    tools = folder / "bin"
    pip: list[str | Path] = [tools / "python", "-m", "pip", "install", "-q"]
    if not (tools / "ruff").exists():
        venv.create(folder, with_pip=True)
        quietly([*pip, "-r", ROOT / "benchmarks" / "requirements.txt"])
    with tempfile.TemporaryDirectory() as name:
        # A copy, since a build leaves files behind, and takes in what an earlier one has left.
        source = Path(name) / "bnlint"
        left_out = shutil.ignore_patterns(
            ".*", "build", "dist", "tests", "benchmarks", "*.egg-info", "compiled.json"
        )
        shutil.copytree(checkout, source, ignore=left_out)
        quietly([*pip, source])
        quietly([*pip, "--force-reinstall", "--no-deps", source])
    if not any(folder.glob("lib/*/site-packages/bnlint/**/compiled.json")):
        raise SystemExit("the installed bnlint has no compiled tables")
    return tools


def downloaded(work: Path, tools: Path) -> Path:
    """Download timm without its dependencies and unpack it; return the folder it lies in."""
    trees = work / "trees"
    if not (trees / "timm").exists():
        wheels = work / "wheels"
        pip: list[str | Path] = [tools / "python", "-m", "pip", "download", "-q", "--no-deps"]
        quietly([*pip, "-d", wheels, TIMM])
        (wheel,) = wheels.glob(f"{TIMM.replace('==', '-')}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(trees / "timm")
    return trees


def quietly(command: list[str | Path]) -> None:
    """Run a command that must not fail, and say so on standard error."""
    print("$", *command, file=sys.stderr, flush=True)
    subprocess.run(command, check=True, stdout=sys.stderr)


def version(tool: Path) -> str:
    """Return what a tool says of its version."""
    return subprocess.run([tool, "--version"], capture_output=True, text=True).stdout.strip()


def cold(bench: Bench) -> None:
    """Time timm and the standard library, with nothing remembered."""
    heading("cold", "no cache")
    for name in ("timm", "stdlib"):
        whole_tree(bench, name, bench.repeat)


def large(bench: Bench) -> None:
    """Time large trees, with nothing remembered."""
    heading("large trees", "no cache")
    for name in LARGE:
        whole_tree(bench, name, bench.repeat_large)


def whole_tree(bench: Bench, name: str, repeat: int) -> None:
    """Time one source tree with nothing remembered, and print its row."""
    folder = bench.tree(name)
    if folder is None:
        print(f"| {name} | not there | | | | | |", flush=True)
        return
    ours = Side(bench.bnlint("--no-cache", "."), {}, limit=bench.limit)
    theirs = Side(bench.ruff("--no-cache", "."), {})
    run(theirs, folder)  # one of them is enough for the system to have read the files
    row(name, files(bench, folder), *paired((ours, theirs), folder, repeat, uncounted=0))


def one_file(bench: Bench) -> None:
    """Time one file against an interpreter that imports three modules, and the file again."""
    heading("one file", "a bare interpreter", f"python -c '{BARE}'")
    folder = bench.tree("timm")
    if folder is None:
        print("| timm | not there | | | | | |", flush=True)
        return
    bare = Side([bench.tools / "python", "-c", BARE], {})
    sides = (Side(bench.bnlint("--no-cache", ONE_FILE), {}), bare)
    row(ONE_FILE, "1", *paired(sides, folder, 4 * bench.repeat))
    with tempfile.TemporaryDirectory() as name:
        sides = (Side(bench.bnlint(ONE_FILE), {"BNLINT_CACHE_DIR": name}), bare)
        row(f"{ONE_FILE} again", "1", *paired(sides, folder, 4 * bench.repeat))


def growth(bench: Bench) -> None:
    """Time a user of ever more functions of one other file, which knows no normalisation at all."""
    for how in USES:
        print(f"\n## a user of N functions of one other file ({how})\n")
        print("| N | bnlint, s | beyond N = 0, s | exponent since the last N | bnlint MB |")
        print("|---|---|---|---|---|")
        sizes = (0, *FUNCTIONS)
        runs: dict[int, list[Run]] = {size: [] for size in sizes}
        with tempfile.TemporaryDirectory() as name:
            for size in sizes:
                write_user(Path(name) / str(size), size, how)
            side = Side(bench.bnlint("--no-cache", "user.py"), {})
            for number in range(bench.repeat + 1):
                for size in sizes:
                    done = run(side, Path(name) / str(size))
                    if number:
                        runs[size].append(done)
        print_growth(runs)


def print_growth(runs: dict[int, list[Run]]) -> None:
    """Print how time grew with the number of functions, beyond what a run takes without any."""
    taken = {size: statistics.median(r.seconds for r in done) for size, done in runs.items()}
    beyond = {size: max(taken[size] - taken[0], 1e-3) for size in FUNCTIONS}
    for size, done in runs.items():
        less = size // 2
        steep = f"{math.log2(beyond[size] / beyond[less]):.2f}" if less in beyond else ""
        more = f"{beyond[size]:.3f}" if size else ""
        memory = max(one.memory for one in done)
        print(f"| {size} | {taken[size]:.3f} | {more} | {steep} | {memory:.0f} |")
    first, last = FUNCTIONS[0], FUNCTIONS[-1]
    slope = math.log(beyond[last] / beyond[first]) / math.log(last / first)
    print(f"\nfrom {first} to {last}: exponent {slope:.2f}", flush=True)


def write_user(folder: Path, functions: int, how: str) -> None:
    """Write a file of functions, and another with as many that each call one of them."""
    folder.mkdir()
    numbers = range(functions)
    library = "".join(f"\n\ndef f{i}(x):\n    return x * {i}\n" for i in numbers)
    (folder / "library.py").write_text(f"import torch\n{library}")
    names = "".join(f"    f{i},\n" for i in numbers)
    by_name = how == USES[0] and functions
    imported = f"from library import (\n{names})\n" if by_name else "import library\n"
    prefix = "" if by_name else "library."
    calls = "".join(f"\n\ndef g{i}(x):\n    return {prefix}f{i}(x)\n" for i in numbers)
    (folder / "user.py").write_text(f"import torch\n\n{imported}{calls}")


def warm(bench: Bench) -> None:
    """Time timm when it was checked before, and nothing changed since."""
    heading("warm", "its cache")
    folder = bench.tree("timm")
    if folder is None:
        print("| timm | not there | | | | | |", flush=True)
        return
    with tempfile.TemporaryDirectory() as name:
        sides = remembering(bench, Path(name))
        row("timm", files(bench, folder), *paired(sides, folder, bench.repeat))


def touched(bench: Bench) -> None:
    """Time a made-up tree when it was checked before, and one leaf changed since."""
    heading("warm, one leaf changed before each run", "its cache")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        write_project(folder, TREE)
        leaf = folder / "pkg" / "nets" / f"net{TREE - 1}.py"
        text = leaf.read_text()
        changes = iter(range(sys.maxsize))

        def change() -> None:
            leaf.write_text(f"{text}CHANGE = {next(changes)}\n")

        sides = [side._replace(before=change) for side in remembering(bench, Path(name))]
        row("made-up tree", files(bench, folder), *paired(sides, folder, bench.repeat))


def remembering(bench: Bench, caches: Path) -> list[Side]:
    """Return bnlint and ruff, each with a cache of its own that the first round fills."""
    ours = {"BNLINT_CACHE_DIR": str(caches / "bnlint")}
    return [
        Side(bench.bnlint("."), ours),
        Side(bench.ruff("--cache-dir", str(caches / "ruff"), "."), {}),
    ]


def others(bench: Bench) -> None:
    """Time the other linters once on timm, and say how much longer than bnlint they take."""
    print("\n## other linters, one run each\n")
    print("| linter | s | bnlint is faster by |")
    print("|---|---|---|")
    folder = bench.tree("timm")
    if folder is None:
        print("| timm is not there | | |", flush=True)
        return
    ours = Side(bench.bnlint("--no-cache", "."), {})
    commands: dict[str, list[str | Path]] = {
        "flake8": [bench.tools / "flake8", "--isolated", "."],
        "Fixit": [bench.tools / "fixit", "lint", "."],
        "TorchFix": [bench.tools / "torchfix", "--select", "ALL", "."],
    }
    run(ours, folder)
    for name, command in commands.items():
        theirs = run(Side(command, {}), folder, check=False).seconds
        print(f"| {name} | {theirs:.1f} | {theirs / run(ours, folder).seconds:.1f} |", flush=True)


def paired(
    sides: Sequence[Side], folder: Path, repeat: int, *, uncounted: int = 1
) -> tuple[list[Run], list[Run]]:
    """Run two commands in turn, and return their runs but for those of the first rounds.

    A command that takes too long is not run again.
    """
    runs: tuple[list[Run], list[Run]] = ([], [])
    for number in range(uncounted + repeat):
        for side, done in zip(sides, runs, strict=True):
            side.before()
            one = run(side, folder)
            if number >= uncounted:
                done.append(one)
        if any(math.isinf(one.seconds) for done in runs for one in done):
            break
    return runs


def run(side: Side, folder: Path, *, check: bool = True) -> Run:
    """Run a command in a folder as a whole process, with its output thrown away."""
    variables = {**os.environ, **side.variables}
    # The installed bnlint is measured, and its compiled modules may be kept.
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        variables.pop(name, None)
    start = time.perf_counter()
    process = subprocess.Popen(
        side.command,
        cwd=folder,
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that it can be ended with the processes it started
    )
    ended = threading.Event()

    def end() -> None:
        ended.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(side.limit or 24 * 3600, end)
    timer.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        end()
        raise
    finally:
        timer.cancel()
    taken = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if ended.is_set():
        return Run(math.inf, used.ru_maxrss / 1024)
    if check and process.returncode not in (0, 1):  # 1 is to have found something
        raise SystemExit(f"exit code {process.returncode}: {' '.join(map(str, side.command))}")
    return Run(taken, used.ru_maxrss / 1024)


def files(bench: Bench, folder: Path) -> str:
    """Say how many files bnlint checks in a folder, and how many ruff does if that differs."""
    ours, theirs = (
        len(subprocess.run(command, cwd=folder, capture_output=True).stdout.splitlines())
        for command in (bench.bnlint("--show-files", "."), bench.ruff("--show-files", "."))
    )
    return str(ours) if ours == theirs else f"{ours} (ruff: {theirs})"


def heading(title: str, mode: str, base: str = "ruff") -> None:
    """Print the head of a table."""
    print(f"\n## {title} ({mode})\n")
    print(f"| tree | files | bnlint, s | {base}, s | ratio | lowest to highest | bnlint MB |")
    print("|---|---|---|---|---|---|---|")


def row(name: str, count: str, ours: list[Run], theirs: list[Run]) -> None:
    """Print the row of one comparison."""
    ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)]
    bnlint, base = (statistics.median(done.seconds for done in runs) for runs in (ours, theirs))
    memory = max(done.memory for done in ours)
    if math.isinf(max(ratios)):
        print(f"| {name} | {count} | ended | {base:.3f} | | | |", flush=True)
        return
    print(
        f"| {name} | {count} | {bnlint:.3f} | {base:.3f} | {statistics.median(ratios):.2f} | "
        f"{min(ratios):.2f} to {max(ratios):.2f} | {memory:.0f} |",
        flush=True,
    )


#: What can be measured, by name.
PARTS: dict[str, Callable[[Bench], None]] = {
    "cold": cold,
    "large": large,
    "file": one_file,
    "growth": growth,
    "warm": warm,
    "touched": touched,
}


if __name__ == "__main__":
    sys.exit(main())
