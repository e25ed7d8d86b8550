"""The examples of every rule's page, where people put such code: all that is said of them there.

A clean example stays clean wherever it stands. Of a hazard, some of these places are reasons to say
nothing (tests), or less; what is said of each lies in `tests/said` (see `said.py`).
"""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from bnlint.engine import linter
from bnlint.engine.documentation import page
from bnlint.engine.facts import renew
from bnlint.engine.linter import Options
from bnlint.engine.registry import load_rules

RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

EXAMPLES = {
    f"{loaded.code} {'hazard' if example.hazard else 'clean'} {number}": (loaded.code, example)
    for loaded in RULES
    if not loaded.code.startswith("BN9")  # of files and suppressions, wherever these are
    for number, example in enumerate(page(loaded.module).examples)
}


class Place(NamedTuple):
    """Where an example stands: in which file, below which lines; empty, it stands as it is."""

    file: str = "net.py"
    head: str = ""
    tail: str = ""


PLACES = {
    "in a project": Place(),
    "in a file of tests": Place("test_net.py"),
    "in a folder of tests": Place("tests/net.py"),
    "in a function": Place(head="def run(options):\n"),
    "in a test": Place(head="def test_run():\n", tail="    assert result\n"),
    "in a method": Place(head="class Runner:\n    def run(self, options):\n"),
    "under a condition": Place(head="if __name__ == '__main__':\n"),
    "in a loop": Place(head="for step in range(10):\n"),
    "where it may fail": Place(head="try:\n", tail="except ValueError:\n    pass\n"),
}


def placed(code: str, place: Place) -> str:
    """Return an example below the head of a place; its imports stay where they are."""
    if not place.head:
        return code
    tree = ast.parse(code)
    imports = [s for s in tree.body if isinstance(s, (ast.Import, ast.ImportFrom))]
    after = max((s.end_lineno or 0 for s in imports), default=0)
    lines = code.splitlines(keepends=True)
    depth = len(place.head.splitlines()[-1]) - len(place.head.splitlines()[-1].lstrip()) + 4
    body = textwrap.indent("".join(lines[after:]), " " * depth)
    return "".join(lines[:after]) + place.head + body.rstrip("\n") + "\n" + place.tail


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_elsewhere(name: str, place: str, tmp_path: Path) -> None:
    code, example = EXAMPLES[name]
    (tmp_path / "pyproject.toml").write_text("")
    file = tmp_path / PLACES[place].file
    file.parent.mkdir(exist_ok=True)
    text = placed(example.code, PLACES[place])
    file.write_text(text, "utf-8")
    renew()
    options = Options(
        CODES, frozenset({code}), from_family=example.from_family, folder=str(file.parent)
    )
    result = linter.check(text.encode(), PLACES[place].file, RULES, options)
    assert result.problems == ()
    if not example.hazard:
        assert [f.message for f in result.findings if f.code == code] == []
