"""Whole scripts, written the way people write them: what the rules say of each.

The first line of a case says what is expected: nothing, one finding and its line, or a fault that
is known and not found.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

CASES = sorted(
    case
    for room in ("modes", "weights")
    for case in (Path(__file__).parent / "cases" / room).glob("*.py")
)
RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

_EXPECTED = re.compile(
    r"# expected: (?:nothing|(?P<code>BN\d+) on line (?P<row>\d+)$"
    r"|nothing yet, though (?P<missed>BN\d+) would be right on line \d+ \(.+\)$)"
)


def _expected(case: Path) -> list[tuple[str, int]]:
    match = _EXPECTED.match(case.read_text(encoding="utf-8").splitlines()[0])
    assert match, f"{case.name}: the first line does not say what is expected"
    return [(match["code"], int(match["row"]))] if match["code"] else []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    """All rules run, at default settings; nothing but what is expected may turn up."""
    result = check(case.read_bytes(), case.name, RULES, Options(CODES, folder=str(case.parent)))
    assert result.problems == ()
    assert [(f.code, f.span.row) for f in result.findings] == _expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_is_what_its_name_says(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    ast.parse(text)
    first = text.splitlines()[0]
    assert case.stem.startswith("clean") == first.startswith("# expected: nothing (")


def test_clean_cases_outnumber_faults() -> None:
    clean = [case for case in CASES if case.stem.startswith("clean")]
    assert len(clean) > len(CASES) - len(clean) > 20
