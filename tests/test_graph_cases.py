"""Pieces of code, written the way people write them: what one rule says of each, in a project.

A file of ``graphs``, ``layout`` or ``values`` in ``tests/cases`` has the cases of the rule that it
is called after. Each begins with ``--- hazard: name`` or ``--- clean: name``; a hazard marks the
lines that the rule must report with a comment that is the code alone, or its code and a confidence
and an applicability, each if it matters: ``# BN258 low unsafe``. Without a confidence, the finding
must be one that is shown unasked. A case may be several files, each after a line ``# file: name``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from bnlint.engine.facts import renew
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import MANUAL, Finding

FOLDER = Path(__file__).parent / "cases"
RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

_CASE = re.compile(r"^--- (hazard|clean): (.+)\n", re.MULTILINE)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_MARK = re.compile(r"[ \t]*# (BN\d+)(?: (low|medium|high))?(?: (safe|unsafe))?$", re.MULTILINE)


class Case(NamedTuple):
    """A case: the rule it is of, whether that must report something, and its files by name."""

    code: str
    hazard: bool
    files: dict[str, str]


def _cases() -> list[tuple[str, Case]]:
    found = []
    for path in sorted(FOLDER.glob("*/BN*.txt")):
        _, *parts = _CASE.split(path.read_text(encoding="utf-8"))
        for kind, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            first, *rest = _FILE.split(text)
            files = dict(zip(rest[::2], rest[1::2], strict=True)) or {"net.py": first}
            files = {file: body.strip("\n") + "\n" for file, body in files.items()}
            found.append((name, Case(path.stem, kind == "hazard", files)))
    return found


CASES = _cases()
EACH = pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.code} {name}") for name, case in CASES]
)


def _run(code: str, folder: Path, name: str, text: str) -> list[Finding]:
    """Return what all rules say, with ``code`` selected and of any confidence."""
    renew()
    options = Options(CODES, frozenset({code}), "low", folder=str((folder / name).parent))
    result = check(text.encode(), name, RULES, options)
    assert result.problems == ()
    return [finding for finding in result.findings if finding.code == code]


@EACH
def test_case(case: Case, tmp_path: Path) -> None:
    """What is marked is reported and nothing else, and a fix leaves nothing to report there."""
    (tmp_path / "pyproject.toml").write_text("")
    plain = {name: _MARK.sub("", text) for name, text in case.files.items()}
    for name, text in plain.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    marked = 0
    for name, text in case.files.items():
        expected = {
            text.count("\n", 0, mark.start()) + 1: (mark[2], mark[3] or "")
            for mark in _MARK.finditer(text)
            if mark[1] == case.code
        }
        marked += len(expected)
        findings = _run(case.code, tmp_path, name, plain[name])
        written = {
            f.span.row: f.fix.applicability if f.fix and f.fix.applicability != MANUAL else ""
            for f in findings
        }
        told = {row: applicability for row, (_, applicability) in expected.items()}
        assert written == told, [f.message for f in findings]
        for finding in findings:
            confidence = expected[finding.span.row][0]
            assert finding.confidence in ((confidence,) if confidence else ("medium", "high"))
        for finding in findings:
            if finding.fix is not None and finding.fix.applicability != MANUAL:
                fixed = plain[name]
                for edit in reversed(finding.fix.edits):
                    fixed = fixed[: edit.start] + edit.text + fixed[edit.end :]
                if name.endswith(".py"):
                    ast.parse(fixed)
                (tmp_path / name).write_text(fixed)
                assert len(_run(case.code, tmp_path, name, fixed)) < len(findings)
                (tmp_path / name).write_text(plain[name])
    assert bool(marked) == case.hazard


def test_each_rule_has_more_clean_cases_than_hazards() -> None:
    counts = Counter((case.code, case.hazard) for _, case in CASES)
    for code in {case.code for _, case in CASES}:
        assert counts[code, False] >= 5, code
        assert counts[code, True] >= 3, code
        assert counts[code, False] > counts[code, True], code
