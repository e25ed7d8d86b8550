"""Throw made-up bytes at every reader of bnlint, and hold it to its promises.

    python benchmarks/fuzz.py [--runs N] [--seed N] [TARGET...]
    python benchmarks/fuzz.py --guided SECONDS [--keep FOLDER] [TARGET...]

The first form changes the seeds of `fuzz_targets.py` at random, the same way in each run with the
same seed. The second goes on from whatever reaches new code, which takes atheris
(`pip install atheris`, with bnlint's own dependencies). Each fault is shown once, by the place that
raised it, with the input; `--keep` keeps the inputs that reached new code and those of faults. The
exit code is 1 if there was a fault.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: An input that takes more of the processor is a fault.
SECONDS = 60

#: No input is longer.
LONGEST = 6000

#: What the programs, configurations and memories of users are made of, and what breaks readers.
_WORDS = (
    b"nn.BatchNorm2d(8, momentum=0.99)", b"keras.layers.BatchNormalization()", b"model.eval()",
    b"model.train()", b"with torch.no_grad():", b"lambda x: x", b"*rest", b"**kw", b"self",
    b"await", b"yield", b"global model", b"nonlocal x", b"del model", b"async ",
    b"match x:\n    case 1: pass", b"try:\n    x\nexcept* E:\n    y", b"class M(nn.Module): pass",
    b"return", b"super().__init__()", b"for m in model.modules():", b"(x := 1)",
    b"f'{model!r:>{n}}'", b"[x for x in y]", b"None", b"True", b"-1", b"0", b"1e999",
    b"float('nan')", b"10**400", b"''", b"()", b"{}", b"...", b"1j", b"\\\n", b"\x0c", b"\t",
    b"\r", b"\xff", b"\x00", b"\xc3\xa9", b"\xe2\x80\xae", b"\x1b[31m", b'"""', b"'", b"#",
    b"# bnlint: ignore[BN101]", b"# noqa", b"[[port]]", b"[apis.x]", b"**", b"{a,b}", b"[!",
    b"*a*a*a*", b"\\ud800", b"\\u0000", b"[" * 40, b"(" * 40, b"null", b"-0", b"from m import *",
    b"from . import x", b"import torch", b"if c:", b"else:", b"break",
)  # fmt: skip
_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")


def mutant(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return ``data`` with a few lines or words of it changed for others."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        if chance.random() < 0.45:
            data = _lines_changed(data, chance.choice(others), chance)
        else:
            data = _words_changed(data, chance.choice(others), chance)
    return data[:LONGEST]


def _lines_changed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    lines, source = data.splitlines(keepends=True) or [b""], other.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(b" "))]
    match chance.randrange(6):
        case 0 if source:  # a line of another, at the depth of this one
            lines.insert(at, indent + chance.choice(source).lstrip(b" "))
        case 1 if source:  # a block of another
            start = chance.randrange(len(source))
            lines[at:at] = source[start : start + chance.randint(1, 12)]
        case 2:
            del lines[at : at + chance.randint(1, 3)]
        case 3:
            to = chance.randrange(len(lines))
            lines[at], lines[to] = lines[to], lines[at]
        case 4:
            lines[at] = b"    " + lines[at] if chance.random() < 0.5 else lines[at][4:]
        case _:
            lines.insert(at, indent + chance.choice(_WORDS) + b"\n")
    return b"".join(lines)


def _words_changed(data: bytes, other: bytes, chance: random.Random) -> bytes:
    words, source = _TOKEN.findall(data) or [b""], _TOKEN.findall(other) or [b""]
    at = chance.randrange(len(words))
    match chance.randrange(5):
        case 0:
            words[at] = chance.choice(source)
        case 1:
            words[at] = chance.choice(_WORDS)
        case 2:
            words.insert(at, chance.choice(_WORDS))
        case 3:
            del words[at]
        case _:
            words[at] = words[at] * chance.choice((2, 3, 50))
    return b"".join(words)


class Run:
    """The inputs tried so far, and the faults that they showed."""

    def __init__(self, targets: ModuleType, keep: Path | None) -> None:
        self.targets = targets
        self.keep = keep
        self.tried: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def one(self, name: str, data: bytes) -> None:
        """Give ``data`` to a target and note what comes of it."""
        self.tried[name] += 1
        try:
            with _limited():
                self.targets.TARGETS[name](data)
        except Exception as error:
            frames = [
                f for f in traceback.extract_tb(error.__traceback__) if "bnlint" in f.filename
            ]
            last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
            message = str(error).splitlines()[0][:200] if str(error) else ""
            what = message if isinstance(error, self.targets.Broken) else type(error).__name__
            key = f"{name}: {Path(last.filename).name}:{last.lineno}: {what}"
            self.faults[key] += 1
            if self.faults[key] == 1:
                print(f"FAULT {key}: {message}\n{data!r}", flush=True)
                if self.keep is not None:
                    digest = hashlib.blake2b(data, digest_size=8).hexdigest()
                    (self.keep / f"fault-{name}-{digest}").write_bytes(data)

    def report(self) -> int:
        """Print what was tried and what was found; return the exit code."""
        print(", ".join(f"{name} {count}" for name, count in sorted(self.tried.items())))
        for fault, count in self.faults.most_common():
            print(f"{count} times {fault}")
        print(f"{self.tried.total()} inputs, {len(self.faults)} faults")
        return 1 if self.faults else 0


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise TimeoutError in what takes too long."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS} seconds")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def seeded(run: Run, names: list[str], runs: int, seed: int) -> None:
    """Try ``runs`` inputs of each target, and all its seeds as they are."""
    for name in names:
        chance = random.Random(f"{seed} {name}")
        seeds = run.targets.SEEDS[name]
        for data in chance.sample(seeds, min(len(seeds), runs)):
            run.one(name, data)
        for _ in range(runs):
            run.one(name, mutant(chance.choice(seeds), seeds, chance))


def guided(run: Run, names: list[str], seconds: int, seed: int) -> None:
    """Try inputs for so many seconds of the processor, and go on from those that reach new code.

    The first byte of an input says which target it is for. Ends the process.
    """
    import atheris

    began = time.process_time()

    def one(data: bytes) -> None:
        if time.process_time() - began > seconds:
            code = run.report()
            sys.stdout.flush()
            os._exit(code)
        if data:
            run.one(names[data[0] % len(names)], data[1:])

    def changed(data: bytes, longest: int, number: int) -> bytes:
        chance = random.Random(number)
        index = (
            data[0] % len(names)
            if data and chance.random() < 0.95
            else chance.randrange(len(names))
        )
        seeds = run.targets.SEEDS[names[index]]
        if chance.random() < 0.1:
            made: bytes = atheris.Mutate(data[1:] or b"x", longest - 1)
        else:
            made = mutant(
                data[1:] if chance.random() < 0.8 else chance.choice(seeds), seeds, chance
            )
        return bytes([index]) + made[: longest - 1]

    folder = (run.keep or Path("fuzzed")) / "reached"
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        for number, data in enumerate(run.targets.SEEDS[name]):
            (folder / f"seed-{name}-{number}").write_bytes(bytes([index]) + data[:LONGEST])
    options = [
        f"-seed={seed + 1}",
        f"-max_len={LONGEST + 1}",
        "-rss_limit_mb=2000",
        "-timeout=3600",
    ]
    atheris.Setup(
        [sys.argv[0], *options, "-print_final_stats=1", str(folder)], one, custom_mutator=changed
    )
    atheris.Fuzz()


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--runs", type=int, default=300, help="inputs of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="go by coverage (atheris)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    if options.guided:
        import atheris

        with atheris.instrument_imports(include=["bnlint"]):
            import fuzz_targets
    else:
        import fuzz_targets
    names = options.targets or [*fuzz_targets.TARGETS]
    unknown = [name for name in names if name not in fuzz_targets.TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(fuzz_targets.TARGETS)}")
    run = Run(fuzz_targets, options.keep)
    if options.guided:
        guided(run, names, options.guided, options.seed)
    else:
        seeded(run, names, options.runs, options.seed)
    return run.report()


if __name__ == "__main__":
    raise SystemExit(main())
