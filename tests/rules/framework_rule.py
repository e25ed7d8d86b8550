"""Cases of many rules on one framework, in one table: each names the rule it is about."""

from __future__ import annotations

import one_rule
import pytest
import value_rule
from one_rule import plain, run
from value_rule import Hazard

#: Rules whose fix is a statement: of it, applicability and message are compared.
_MODES = "BN2"


def hazard(rule: str, name: str, code: str, *says: str, **more: str) -> object:
    """Return a parameter (rule, hazard); ``more`` is as for ``value_rule.hazard``."""
    made = value_rule.hazard(f"{rule} {name}", code, *says, **more)  # type: ignore[arg-type]
    case: Hazard = made.values[0]  # type: ignore[attr-defined]
    return pytest.param(rule, case, id=f"{rule} {name}")


def clean(text: str) -> list[object]:
    """Return parameters (rule, code, source), each under ``--- RULE name [from family]``."""
    found = []
    for made in value_rule.sourced(text):
        rule = str(made.id).split()[0]  # type: ignore[attr-defined]
        found.append(pytest.param(rule, *made.values, id=made.id))  # type: ignore[attr-defined]
    return found


def check_hazard(rule: str, case: Hazard) -> None:
    """Check that ``rule`` gives one finding, as ``case`` describes it."""
    if not rule.startswith(_MODES):
        value_rule.check_hazard(rule, case)
        return
    code = plain(case.code)
    found = one_rule.Hazard(case.code, case.says, case.kind, case.fix)
    finding = one_rule.check_hazard(rule, found)
    assert case.advice in finding.help
    assert run(rule, code.replace("«", "").replace("»", ""), from_family=case.from_family) == [
        finding
    ]


def check_clean(rule: str, code: str, from_family: str | None) -> None:
    """Check that ``rule`` reports nothing."""
    value_rule.check_clean(rule, code, from_family)
