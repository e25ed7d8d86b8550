"""Programs a small step away from those of other tests: all that is said of each.

People write the same program in many ways, and most conditions in rules are there for one of them.
A case of ``tests/cases/variants`` is a program of another test of which one expression or statement
is written otherwise, so that what is found changes with a condition that it meets otherwise. It
begins with ``--- `` and a name, with a framework in brackets where that is declared to be ported
from; it may be several files, each after a line ``# file: name``, of which the first is checked.
Files called ``reference.py`` and the like are what it is compared with.

Lines after the code that begin with ``>>>`` hold what all rules say of it at the lowest confidence,
and what is known of its layers, unknown and presumed settings with their reasons.
``BNLINT_SAY=1 pytest FILE`` writes them anew: read what has changed in them, as you read code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from said import RENEWS

from bnlint.engine.facts import Facts, ReferenceFile, facts_of, renew
from bnlint.engine.inventory import rows
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.output.report import Style
from bnlint.output.sites import lines

FOLDER = Path(__file__).parent / "cases" / "variants"
RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

_CASE = re.compile(r"^--- (.+)\n", re.MULTILINE)
_NAME = re.compile(r"(?P<name>.+?)(?: \[(?P<family>\w+)\])?")
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_SAID = re.compile(r"^>>> ?(.*)\n", re.MULTILINE)


class Case(NamedTuple):
    """A case: where it stands, what it is ported from, its files by name, and what is said."""

    path: Path
    family: str | None
    files: dict[str, str]
    said: tuple[str, ...]


def _cases() -> dict[str, Case]:
    found = {}
    for path in sorted(FOLDER.glob("*.txt")):
        _, *parts = _CASE.split(path.read_text("utf-8"))
        for title, text in zip(parts[::2], parts[1::2], strict=True):
            first, *rest = _FILE.split(_SAID.sub("", text))
            files = dict(zip(rest[::2], rest[1::2], strict=True)) or {"net.py": first}
            match = _NAME.fullmatch(title)
            assert match is not None
            name = f"{path.stem} {match['name']}"
            assert name not in found, f"{name} is there twice"
            found[name] = Case(path, match["family"], files, tuple(_SAID.findall(text)))
    return found


CASES = _cases()


@pytest.mark.parametrize("name", CASES)
def test_all_that_is_said(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    folder = tmp_path if len(case.files) > 1 else None
    if folder is not None:
        for file, text in case.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, "utf-8")
        renew()
    said = tuple(line.replace(f"{tmp_path}/", "") for line in _said(case, folder))
    if RENEWS:
        _renew(name, said)
    else:
        assert said == case.said


def _said(case: Case, folder: Path | None) -> Iterator[str]:
    (path, text), *_ = case.files.items()
    data, place = text.encode(), str((folder / path).parent) if folder else None
    references = tuple(
        ReferenceFile(name, other.encode())
        for name, other in case.files.items()
        if name.startswith("reference")
    )
    options = Options(CODES, CODES, "low", case.family, place, references=references)
    result = check(data, path, RULES, options)
    assert result.problems == ()
    for finding in result.findings:
        what = f"{finding.severity} {finding.confidence}"
        yield f"{finding.span.row}:{finding.span.column} {finding.code} {what}: {finding.message}"
        if finding.help:
            yield f"  help: {finding.help}"
        if finding.fix is not None:
            made = " and ".join(f"{edit.text!r}" for edit in finding.fix.edits)
            fix = f"{finding.fix.applicability} fix: {finding.fix.message}"
            yield f"  {fix}{f': {made}' if made else ''}"
    yield from result.notices
    facts = facts_of(data, path, place, norms=True)
    if isinstance(facts, Facts):
        yield from lines(rows(facts), "concise", Style())


def _renew(name: str, said: tuple[str, ...]) -> None:
    """Write what is said of a case into its file."""
    path = CASES[name].path
    text = path.read_text("utf-8")
    title = name.removeprefix(f"{path.stem} ")
    for match in _CASE.finditer(text):
        if match[1] in (title, f"{title} [{CASES[name].family}]"):
            after = _CASE.search(text, match.end())
            end = after.start() if after else len(text)
            body = _SAID.sub("", text[match.end() : end])
            shown = "".join(f">>> {line}".rstrip() + "\n" for line in said)
            path.write_text(text[: match.end()] + body + shown + text[end:], "utf-8")
            return
