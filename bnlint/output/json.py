"""JSON in the shape of ruff's, with the keys that only bnlint has after them.

The text is ASCII. What JSON has no form for is a string: infinities, NaN, numbers of more than 64
bits (hexadecimal), bytes. Half a surrogate pair becomes the replacement character, since most
parsers reject it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bnlint.finding import Comparison, Finding, Fix, Reference
from bnlint.output.report import RULE_URL, Report, Style

_SURROGATE = re.compile("[\ud800-\udfff]")


def render(report: Report, style: Style) -> Iterator[str]:  # noqa: ARG001  # JSON has no style
    """Yield one array of all findings."""
    yield dumps([finding_object(finding) for finding in report.findings])


def dumps(value: object, indent: int | None = 2) -> str:
    """Return ``value`` as JSON."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)


def finding_object(finding: Finding) -> dict[str, object]:
    """Return a finding as an object for JSON."""
    span = finding.span
    return {
        "filename": finding.path,
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "severity": finding.severity,
        "url": RULE_URL.format(code=finding.code) if RULE_URL else None,
        "location": {"row": span.row, "column": span.column},
        "end_location": {"row": span.end_row, "column": span.end_column},
        "cell": None,
        "fix": _fix(finding.fix),
        "help": finding.help or None,
        "confidence": finding.confidence,
        "reference": _reference(finding.reference),
        "values": [_comparison(value) for value in finding.values],
        "confirmation": None,
    }


def _fix(fix: Fix | None) -> dict[str, object] | None:
    if fix is None:
        return None
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": [],
        "reason": fix.reason or None,
    }


def _reference(reference: Reference | None) -> dict[str, object] | None:
    if reference is None:
        return None
    row, column = reference.row, reference.column
    return {
        "kind": reference.kind,
        "framework": reference.framework,
        "api": reference.api,
        "filename": reference.path,
        "location": {"row": row, "column": column} if reference.path is not None else None,
    }


def _comparison(value: Comparison) -> dict[str, object]:
    return {
        "argument": value.argument,
        "port": value.port,
        "reference": value.reference,
        "unit": value.unit or None,
    }


def plain(value: object) -> Any:
    """Return ``value`` with a string in the place of each part that JSON has no form for."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 64 else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if isinstance(value, Mapping):
        return {str(plain(str(key))): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return plain(repr(value))
