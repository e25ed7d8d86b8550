"""Run the commands of the porting guides, and write what they print into the pages.

    python docs/guides.py [PAGE ...]

A guide is a page in ``docs/guides`` with a folder of the same name, in a copy of which its commands
are run one after the other, on a terminal of 88 columns. On a page,

- a block ``console`` holds commands, each after ``$``, and what they print;
- a block ``diff`` is what somebody writes by hand at this point;
- a block ``python`` below ``<!-- file: NAME -->`` is a part of that file as it is at this point;
- ``<!-- needs: PACKAGE ... -->`` before a block says what must be installed to run it, and
  ``lacks`` what must not be. Else the block is passed over.

A test compares what the pages show with what is printed.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ROOT / "docs" / "guides"
WIDTH = 88

_BLOCK = re.compile(
    r"((?:^<!-- [^\n]* -->\n)*)^```(console|diff|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r"<!-- (\w+): (.*?) -->")


class Block(NamedTuple):
    """A block of a page: its place in the text, what it is, and what must be installed."""

    span: tuple[int, int]
    kind: str
    body: str
    needs: tuple[str, ...]
    lacks: tuple[str, ...]
    file: str

    @property
    def can_be_run(self) -> bool:
        """Whether what is installed here is what the block is about."""
        there = [importlib.util.find_spec(name) is not None for name in self.needs]
        return all(there) and not any(map(importlib.util.find_spec, self.lacks))


class Difference(NamedTuple):
    """A block that does not hold, and what it should be."""

    block: Block
    right: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page that are run or compared, in order."""
    for found in _BLOCK.finditer(text):
        said = dict(_COMMENT.findall(found[1]))
        needs, lacks = (tuple(said.get(name, "").split()) for name in ("needs", "lacks"))
        yield Block(found.span(3), found[2], found[3], needs, lacks, said.get("file", ""))


def differences(page: Path, python: str = sys.executable) -> Iterator[Difference]:
    """Follow a guide, and yield each block that shows something else than there is.

    Raises:
        ValueError: what a block changes by hand is not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder, "work")
        shutil.copytree(page.with_suffix(""), at)
        for block in blocks(page.read_text("utf-8")):
            if not block.can_be_run:
                continue
            if block.kind == "diff":
                _apply(block.body, at)
            elif block.kind == "python" and block.file:
                text = (at / block.file).read_text("utf-8")
                if block.body not in text:
                    yield Difference(block, text)
            elif block.kind == "console":
                commands = [line[2:] for line in block.body.splitlines() if line.startswith("$ ")]
                shown = "".join(f"$ {c}\n{_printed(c, at, python)}" for c in commands)
                if not same(block.body, shown):
                    yield Difference(block, shown)


_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def same(shown: str, printed: str) -> bool:
    """Tell whether two outputs are alike but for versions and the digits of measured numbers."""
    if shown == printed:
        return True
    if _NUMBER.sub("0", shown) != _NUMBER.sub("0", printed):
        return False
    return all(map(_close, _NUMBER.findall(shown), _NUMBER.findall(printed)))


def _close(left: str, right: str) -> bool:
    """Tell whether two numbers are alike: rounding is left out, counts and lines are not."""
    if left == right:
        return True
    if "." not in left and "e" not in left:
        return False
    a, b = float(left), float(right)
    return max(a, b) < 1e-5 or abs(a - b) <= 0.05 * max(a, b)


def _printed(command: str, folder: Path, python: str) -> str:
    """Return what a command prints on a terminal."""
    import pty  # of POSIX alone

    leader, follower = pty.openpty()
    variables = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": str(WIDTH), "PYTHONPATH": str(ROOT)}
    variables |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    quoted = shlex.quote(python)
    shell = f'bnlint() {{ {quoted} -m bnlint "$@"; }}; python() {{ {quoted} "$@" 2>/dev/null; }}'
    process = subprocess.Popen(
        ["sh", "-c", f"{shell}; {command}"], cwd=folder, env={**os.environ, **variables},
        stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    printed = b""
    while True:
        try:
            piece = os.read(leader, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        printed += piece
    os.close(leader)
    process.wait()
    lines = printed.decode().replace("\r\n", "\n").splitlines()
    text = "".join(f"{line.rstrip()}\n" for line in lines).strip("\n")
    return f"{text}\n" if text else ""


def _apply(body: str, folder: Path) -> None:
    """Make the change that a diff without line numbers says, in the file that it names."""
    head, *lines = body.splitlines()
    file = folder / head.removeprefix("--- ")
    old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{file.name}: these lines are not there once:\n{old}")
    file.write_text(text.replace(old, new), "utf-8")


def main(names: list[str]) -> None:
    """Write what is printed into the pages."""
    for page in [Path(name) for name in names] or sorted(GUIDES.glob("*.md")):
        text = page.read_text("utf-8")
        for found in reversed(list(differences(page))):
            start, end = found.block.span
            if found.block.kind == "python":
                print(f"{page}: this is not in {found.block.file}:\n{found.block.body}")
            else:
                text = text[:start] + found.right + text[end:]
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
