"""Runs one value rule on a piece of code and checks all that it says, the fix included."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from one_rule import plain, run

from bnlint.finding import (
    ArgumentsToKeywords,
    ComplementValue,
    Finding,
    Intent,
    RemoveArgument,
    RenameKeyword,
    ReplaceValue,
    SetKeyword,
    Span,
)


class Hazard(NamedTuple):
    """A piece of code that must give one finding, at the place between « and ».

    ``says`` are parts of the message, ``kind`` is severity and confidence, ``fix`` is the
    applicability and what is written, ``advice`` a part of the advice, ``from_family`` the declared
    source family.
    """

    code: str
    says: tuple[str, ...]
    kind: str
    fix: str
    advice: str
    from_family: str | None


def hazard(
    name: str,
    code: str,
    *says: str,
    kind: str = "error high",
    fix: str = "",
    advice: str = "",
    from_family: str | None = None,
) -> object:
    """Return a parameter for a test over hazards."""
    return pytest.param(Hazard(code, says, kind, fix, advice, from_family), id=name)


def sourced(text: str) -> list[object]:
    """Return parameters (code, source) for clean code, each under ``--- name [from family]``."""
    found = []
    for part in text.strip("\n").removeprefix("--- ").split("\n--- "):
        name, code = part.split("\n", 1)
        name, _, from_family = name.partition(" [from ")
        found.append(pytest.param(code, from_family.rstrip("]") or None, id=name))
    return found


def check_hazard(rule: str, case: Hazard) -> Finding:
    """Check that ``rule`` gives one finding, as ``case`` describes it; return the finding."""
    code = plain(case.code)
    start, end = code.index("«"), code.index("»") - 1
    text = code.replace("«", "").replace("»", "")
    findings = run(rule, text, from_family=case.from_family)
    assert [f.message for f in findings if (f.span.start, f.span.end) != (start, end)] == []
    (finding,) = findings
    row = code.count("\n", 0, start) + 1
    assert (finding.span.row, finding.span.column) == (row, start - code.rfind("\n", 0, start))
    for part in case.says:
        assert part in finding.message
    assert f"{finding.severity} {finding.confidence}" == case.kind
    assert case.advice in finding.help
    assert written(finding, text) == case.fix
    return finding


def check_clean(rule: str, code: str, from_family: str | None = None) -> None:
    """Check that ``rule`` reports nothing."""
    assert [f.message for f in run(rule, code, from_family=from_family)] == []


def written(finding: Finding, text: str) -> str:
    """Return the fix of a finding as ``applicability: old -> new; ...``."""
    if finding.fix is None:
        return ""
    intents = "; ".join(_shown(intent, text) for intent in finding.fix.intents)
    return f"{finding.fix.applicability}: {intents}" if intents else finding.fix.applicability


def _shown(intent: Intent, text: str) -> str:
    def at(span: Span) -> str:
        return text[span.start : span.end]

    match intent:
        case ReplaceValue(target, value):
            return f"{at(target)} -> {value}"
        case ComplementValue(target):
            return f"{at(target)} -> 1 - {at(target)}"
        case SetKeyword(call, name, value):
            return f"{at(call)} has {name}={value}"
        case RenameKeyword(call, old, new):
            return f"{at(call)} has {new} for {old}"
        case RemoveArgument(call, name):
            return f"{at(call)} less {name}"
        case ArgumentsToKeywords(call, arguments):
            changed = (f"{name}={value or '...'}" for _, name, value in arguments)
            return f"{at(call)} with {', '.join(changed)}"
    return repr(intent)
