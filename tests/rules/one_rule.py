"""Runs one rule on a piece of code, the way a lint run would, and checks what it says."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import NamedTuple

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.finding import Finding


class Hazard(NamedTuple):
    """A piece of code that must give one finding.

    ``code`` marks the reported place with « and ». ``says`` are parts of the message, ``kind`` is
    severity and confidence, ``fix`` is applicability and message of the fix (empty: none).
    """

    code: str
    says: tuple[str, ...]
    kind: str
    fix: str


def hazard(name: str, code: str, *says: str, kind: str, fix: str) -> object:
    """Return a parameter for a test over hazards."""
    return pytest.param(Hazard(code, says, kind, fix), id=name)


def clean(name: str, code: str) -> object:
    """Return a parameter for a test over clean code; the name says why it is clean."""
    return pytest.param(code, id=name)


def cases(text: str) -> list[object]:
    """Return parameters for pieces of clean code, each under a line ``--- name``."""
    parts = text.strip("\n").removeprefix("--- ").split("\n--- ")
    return [clean(*part.split("\n", 1)) for part in parts]


@lru_cache(maxsize=1)
def all_rules() -> tuple[LoadedRule, ...]:
    return load_rules()


def run(
    rule: str,
    code: str | bytes,
    *,
    path: str = "script.py",
    from_family: str | None = None,
    folder: str | None = None,
) -> list[Finding]:
    """Return the findings of ``rule`` that a run of all rules shows at default settings.

    The rule counts as selected by the user if it is off by default. No rule may crash, and the
    code must be Python, since all other rules find nothing in what is none.
    """
    rules = all_rules()
    data = code if isinstance(code, bytes) else plain(code).encode()
    codes = frozenset(r.code for r in rules)
    options = Options(codes, frozenset({rule}), "medium", from_family, folder)
    result = check(data, path, rules, options)
    assert result.problems == ()
    unread = [finding.message for finding in result.findings if finding.code == "BN900"]
    assert rule == "BN900" or not unread, unread
    return [finding for finding in result.findings if finding.code == rule]


def plain(code: str) -> str:
    """Return code written inside a test as a file has it."""
    return textwrap.dedent(code).lstrip("\n")


def check_hazard(rule: str, expected: Hazard, before: str = "") -> Finding:
    """Check that ``rule`` reports the marked place and nothing else; return the finding.

    ``before`` is put in front of the code.
    """
    code = plain(before) + plain(expected.code)
    start, end = code.index("«"), code.index("»") - 1
    (finding,) = run(rule, code.replace("«", "").replace("»", ""))
    assert (finding.span.start, finding.span.end) == (start, end)
    row = code.count("\n", 0, start) + 1
    assert (finding.span.row, finding.span.column) == (row, start - code.rfind("\n", 0, start))
    for part in expected.says:
        assert part in finding.message
    assert f"{finding.severity} {finding.confidence}" == expected.kind
    fix = f"{finding.fix.applicability}: {finding.fix.message}" if finding.fix else ""
    assert fix == expected.fix
    return finding


def check_clean(rule: str, code: str, before: str = "", path: str = "script.py") -> None:
    """Check that ``rule`` reports nothing."""
    assert run(rule, plain(before) + plain(code), path=path) == []
