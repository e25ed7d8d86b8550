"""Programs that are written in files, each with what is told of it in lines that begin with `>>>`.

A program begins with ``--- `` and its title; it may be several files, each after a line
``# file: name``, of which the first is asked about. ``BNLINT_SAY=1 pytest FILE`` writes the lines
anew: read what has changed in them, as you read code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from said import RENEWS

from bnlint.engine.facts import Facts, facts_of, renew

CASES = Path(__file__).parent.parent / "cases"

_PROGRAM = re.compile(r"^--- (.+)\n", re.MULTILINE)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_TOLD = re.compile(r"^>>> ?(.*)\n", re.MULTILINE)


class Program(NamedTuple):
    """A program: where it stands, its title, its files by name, and what is told of it."""

    path: Path
    title: str
    files: dict[str, str]
    told: tuple[str, ...]

    def lay_out(self, folder: Path) -> None:
        """Write the files into ``folder``, which is a project then."""
        for name, text in {"pyproject.toml": "", **self.files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        renew()

    def facts(self, folder: Path) -> Facts:
        """Return what is known of the first file, all of them written into ``folder``."""
        self.lay_out(folder)
        path = folder / next(iter(self.files))
        facts = facts_of(path.read_bytes(), path.name, str(path.parent))
        assert isinstance(facts, Facts)
        return facts

    def hold(self, lines: Iterable[str]) -> None:
        """Hold ``lines`` to what is told of the program, or write them there."""
        told = tuple(lines)
        if not RENEWS:
            assert told == self.told
            return
        text = self.path.read_text("utf-8")
        start = text.index(f"--- {self.title}\n")
        after = _PROGRAM.search(text, start + 1)
        end = after.start() if after else len(text)
        shown = "".join(f">>> {line}".rstrip() + "\n" for line in told)
        body = _TOLD.sub("", text[start:end])
        self.path.write_text(text[:start] + body + shown + text[end:], "utf-8")


def programs(folder: str) -> dict[str, Program]:
    """Return the programs of a folder of cases, by the file they stand in and their titles."""
    found = {}
    for path in sorted((CASES / folder).glob("*.txt")):
        _, *parts = _PROGRAM.split(path.read_text("utf-8"))
        for title, text in zip(parts[::2], parts[1::2], strict=True):
            first, *rest = _FILE.split(_TOLD.sub("", text))
            files = dict(zip(rest[::2], rest[1::2], strict=True)) or {"net.py": first}
            name = f"{path.stem}: {title}"
            assert name not in found, f"{name} is there twice"
            found[name] = Program(path, title, files, tuple(_TOLD.findall(text)))
    return found
