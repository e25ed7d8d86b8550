"""Hold the fixes of thousands of broken files to their promises.

    python benchmarks/mutants.py [--count N] [--seed N] PACKAGE...

Each PACKAGE is the folder of an unpacked package: timm, keras_applications, efficientnet_pytorch.
Its batch normalisation calls are broken at random (see ``mutations.py``), the file is fixed with
``--unsafe-fixes``, and every mutant is checked: no crash; the result parses; code, comments and
bytes outside what was touched are the same; fixing it again changes nothing. Exits with 1 if
anything is broken. The same seed gives the same mutants.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from held import violations  # noqa: E402  # beside this file
from mutations import mutant, targets  # noqa: E402

from bnlint.engine.linter import Options  # noqa: E402
from bnlint.engine.registry import load_rules  # noqa: E402
from bnlint.fixing.rounds import fix  # noqa: E402  # the checkout, not an install

#: Where the layers of keras_applications come from: they are handed over at run time, which no
#: reader of the text can follow, so the mutants import them.
_HANDED = re.compile(r"backend, layers, models, \w+ = get_submodules_from_kwargs\(kwargs\)")
_IMPORTED = "from keras import backend, layers, models"

#: Files beyond this many characters take a second each and have no other kinds of calls.
_LONGEST = 60_000


class File(NamedTuple):
    """A file to make mutants of, its framework, and the family it is said to come from."""

    package: str
    path: Path
    text: str
    family: str
    source: str


def main() -> int:
    """Make the mutants, check them and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=2000, help="how many mutants to make")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    packages = [files for package in options.packages if (files := files_of(package))]
    if not packages:
        parser.error("no file there has batch normalisation calls")
    weights = [math.sqrt(len(files)) for files in packages]  # small packages count for more
    run = Run(random.Random(options.seed))
    started = time.monotonic()
    for number in range(1, options.count + 1):
        (files,) = run.chance.choices(packages, weights)
        run.check(run.chance.choice(files))
        if number % 100 == 0:
            seconds = time.monotonic() - started
            print(f"{number} mutants, {len(run.broken)} broken, {seconds:.0f} s", file=sys.stderr)
    run.print_tables(options.count, sum(map(len, packages)))
    return 1 if run.broken else 0


def files_of(package: Path) -> list[File]:
    """Return the files of a package that have batch normalisation calls."""
    found = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        text = _HANDED.sub(_IMPORTED, text)
        if "\r" in text or "\t" in text or len(text) > _LONGEST or not targets(text):
            continue
        family = "keras" if _IMPORTED in text or "import tensorflow" in text else "torch"
        source = "torch" if family == "keras" else "keras"
        found.append(File(package.name, path, text, family, source))
    return found


class Run:
    """The mutants so far, and what came of them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.rules = load_rules()
        self.codes = frozenset(rule.code for rule in self.rules)
        self.broken: list[str] = []
        self.mutations: Counter[str] = Counter()
        self.packages: Counter[str] = Counter()
        self.fixed: Counter[tuple[str, str]] = Counter()
        self.left: Counter[tuple[str, str]] = Counter()
        self.rolled_back: Counter[tuple[str, str]] = Counter()
        self.changed = 0

    def check(self, file: File) -> None:
        """Make one mutant of a file, fix it and check what was done."""
        data, done = mutant(file.text, file.family, self.chance)
        self.mutations.update(done)
        self.packages[file.package] += 1
        options = Options(self.codes, frozenset(), "medium", file.source, str(file.path.parent))
        path = str(file.path)
        try:
            result = fix(data, path, self.rules, options, unsafe=True)
            wrong = [problem.message for problem in result.problems]
            if result.after is not None:
                self.changed += 1
                again = fix(result.after, path, self.rules, options, unsafe=True)
                wrong += violations(data, result.after)
                wrong += ["fixing again changes more"] if again.after is not None else []
        except Exception as error:
            self.broken.append(f"{file.path}: {type(error).__name__}: {error}")
            return
        self.broken += [f"{file.path}: {what}" for what in wrong]
        for finding in result.fixed:
            if finding.fix is not None:
                self.fixed[finding.code, finding.fix.applicability] += 1
        for finding in result.findings:
            reason = finding.fix.reason if finding.fix else "no fix is offered"
            if finding.fix and finding.fix.edits:
                reason = "rolled back"
            self.left[finding.code, reason] += 1
        for notice in result.notices:
            code, why = re.findall(r"BN\d{3}", notice)[0], notice.partition("rolled back: ")[2]
            self.rolled_back[code, re.sub(r" in line \d+", "", why or notice)] += 1

    def print_tables(self, count: int, files: int) -> None:
        """Print what was done, as Markdown."""
        made, undone = sum(self.fixed.values()), sum(self.rolled_back.values())
        print(f"{count} mutants of {files} files: {self.changed} changed, {made} fixes made,")
        print(f"{undone} rolled back, {len(self.broken)} promises broken\n")
        _table("mutants of", self.packages)
        _table("mutation", self.mutations)
        _table("fixed | as", self.fixed)
        _table("rolled back | why", self.rolled_back)
        _table("not fixed | why", self.left)
        for what in self.broken[:50]:
            print(f"BROKEN {what}")


def _table(head: str, counts: Counter[str] | Counter[tuple[str, str]]) -> None:
    columns = head.count("|") + 2
    print(f"| {head} | times |\n|{'---|' * columns}")
    for key, count in sorted(counts.items()):
        names = key if isinstance(key, str) else " | ".join(key)
        print(f"| {names} | {count} |")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
