"""Compare what two checkouts of bnlint say of the same source trees, byte for byte.

    python benchmarks/unchanged.py OLD NEW TREE [TREE ...]

OLD and NEW are folders with a checkout of bnlint, which the running interpreter runs. Each TREE is
a folder of Python source. Both checkouts run in the tree, so that paths are the same. Their
findings, their findings for code ported from Keras (``--from keras``) and their sites must agree,
as must the exit codes and what is said on standard error. Prints a row for each tree, and below it
the first lines that differ. Exits with 1 if anything differs, and with 2 if there is nothing to
compare.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

_COMMON = ("--isolated", "--output-format", "json")

#: The command lines that are compared. The sites of a tree do not depend on where it comes from.
COMMANDS = {
    "check": ("check", "--no-cache", *_COMMON),
    "check --from keras": ("check", "--no-cache", "--from", "keras", *_COMMON),
    "sites": ("sites", *_COMMON),
}

#: How many differing lines of one output are shown.
_SHOWN = 3


class Said(NamedTuple):
    """What one run of bnlint said."""

    code: int
    out: bytes
    err: bytes

    @property
    def size(self) -> str:
        """The number of findings or sites, or how the run failed."""
        try:
            return str(len(json.loads(self.out)))
        except ValueError:
            return f"exit {self.code}"


def main() -> int:
    """Compare the checkouts over all trees, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("old", type=Path, metavar="OLD", help="a checkout of bnlint")
    parser.add_argument("new", type=Path, metavar="NEW", help="another checkout of bnlint")
    parser.add_argument("trees", type=Path, nargs="+", metavar="TREE", help="a folder of source")
    options = parser.parse_args()
    checkouts: list[Path] = [options.old.resolve(), options.new.resolve()]
    if lacking := [str(folder) for folder in checkouts if not (folder / "bnlint").is_dir()]:
        print(f"no checkout of bnlint: {', '.join(lacking)}", file=sys.stderr)
        return 2
    if empty := [str(tree) for tree in options.trees if not files_in(tree)]:
        print(f"no Python files: {', '.join(empty)}", file=sys.stderr)
        return 2
    width = max(len(tree.resolve().name) for tree in options.trees)
    print(f"{'tree':{width}} {'files':>6} {'findings':>8} {'of keras':>8} {'sites':>6}")
    agree = True
    for tree in options.trees:
        counts = []
        lines = []
        for name, arguments in COMMANDS.items():
            old, new = (said(checkout, arguments, tree) for checkout in checkouts)
            counts.append(old.size)
            lines += differences(name, old, new)
        agree &= not lines
        findings, ported, sites = counts
        print(
            f"{tree.resolve().name:{width}} {files_in(tree):6} {findings:>8} {ported:>8} "
            f"{sites:>6}  {'differs' if lines else 'same'}"
        )
        for line in lines:
            print(f"    {line}")
        sys.stdout.flush()
    return 0 if agree else 1


def files_in(tree: Path) -> int:
    """Count the Python files of a tree."""
    return sum(1 for _ in tree.rglob("*.py"))


def said(checkout: Path, arguments: tuple[str, ...], tree: Path) -> Said:
    """Run the bnlint of a checkout in a tree, and return what it said."""
    done = subprocess.run(
        # Without -P, the current folder would stand before the checkout on the path.
        [sys.executable, "-P", "-m", "bnlint", *arguments, "."],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
    )
    # A warning or a traceback names the files of its checkout.
    return Said(
        done.returncode, done.stdout, done.stderr.replace(os.fsencode(checkout), b"CHECKOUT")
    )


def differences(command: str, old: Said, new: Said) -> list[str]:
    """Return the lines that say how two runs of one command differ, none if they do not."""
    lines = []
    if old.code != new.code:
        lines.append(f"{command}: exit code {old.code} became {new.code}")
    for kind, before, after in (("output", old.out, new.out), ("errors", old.err, new.err)):
        if before != after:
            lines.append(f"{command}: {kind} of {len(before)} bytes became {len(after)}")
            lines += first_lines(before, after)
    return lines


def first_lines(before: bytes, after: bytes) -> list[str]:
    """Return the first lines that differ, from both sides, with where they stand."""
    place = ""
    shown: list[str] = []
    pairs = zip_longest(before.splitlines(keepends=True), after.splitlines(keepends=True))
    for number, (old, new) in enumerate(pairs, 1):
        if old == new:
            if old is not None and b'"filename"' in old and not shown:
                place = text(old)
            continue
        if not shown and place:
            shown.append(f"  {place}")
        shown += [f"  {number} - {text(old)}", f"  {number} + {text(new)}"]
        if len(shown) >= 2 * _SHOWN:
            break
    return shown


def text(line: bytes | None) -> str:
    """Return a line as it is shown: without its indentation, and cut where it is long."""
    if line is None:
        return "(no line)"
    # The end of a line may be all that differs.
    return ascii(line.decode("utf-8", "replace").lstrip(" "))[1:-1][:300]


if __name__ == "__main__":
    sys.exit(main())
