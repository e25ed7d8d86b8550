"""JSON in the shape of ruff's, with the keys that only bnlint has after them.

The text is ASCII. What JSON has no form for is a string: infinities, NaN, numbers of more than 64
bits (hexadecimal), bytes. Half a surrogate pair becomes the replacement character, since most
parsers reject it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from bnlint.files.source import Lines
from bnlint.finding import Comparison, Confirmation, Edit, Finding, Reference
from bnlint.output.report import RULE_URL, Report, Style
from bnlint.startup.patterns import lazy

_SURROGATE = lazy("[\ud800-\udfff]")


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield one array of all findings, and what is to be known of files after them."""
    yield dumps([*objects(report)])


def objects(report: Report) -> Iterator[dict[str, object]]:
    """Yield an object for each finding and each notice of a report."""
    lines = {path: Lines(text) for path, text in report.texts.items()}
    for finding in report.findings:
        yield finding_object(finding, lines)
    for path, message in report.notices:
        yield _notice(path, message)


def dumps(value: object, indent: int | None = 2) -> str:
    """Return ``value`` as JSON, in which no CI service finds a command."""
    # a hash can stand in strings only, where this is the same
    return json.dumps(plain(value), indent=indent, allow_nan=False).replace("##", "#\\u0023")


def finding_object(finding: Finding, lines: Mapping[str, Lines]) -> dict[str, object]:
    """Return a finding as an object for JSON; ``lines`` are those of files, for the edits."""
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
        "cell": finding.cell or None,
        "fix": _fix(finding, lines),
        "help": finding.help or None,
        "confidence": finding.confidence,
        "reference": _reference(finding.reference),
        "values": [_comparison(value) for value in finding.values],
        "confirmation": _confirmation(finding.confirmation),
    }


def _notice(path: str, message: str) -> dict[str, object]:
    """Return what is to be known of a file: a finding of no rule, at no place."""
    start = {"row": 1, "column": 1}
    return {
        "filename": path,
        "code": None,
        "name": "notice",
        "message": message,
        "severity": "info",
        "url": None,
        "location": start,
        "end_location": start,
        "cell": None,
        "fix": None,
        "help": None,
        "confidence": None,
        "reference": None,
        "values": [],
        "confirmation": None,
    }


def _fix(finding: Finding, lines: Mapping[str, Lines]) -> dict[str, object] | None:
    fix = finding.fix
    if fix is None:
        return None
    edits = []
    for edit in fix.edits:
        place = f"{finding.path}:cell {edit.cell}" if edit.cell else finding.path
        if place in lines:
            edits.append(_edit(edit, lines[place]))
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": edits,
        "reason": fix.reason or None,
    }


def _confirmation(found: Confirmation | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "verdict": found.verdict,
        "about": found.about or None,
        "before": found.before,
        "after": found.after,
        "floor": found.floor,
        "device": found.device or None,
        "port": found.port or None,
        "reference": found.reference or None,
        "reason": found.reason or None,
        "remainder": found.remainder or None,
        "others": [_confirmation(other) for other in found.others],
    }


def _edit(edit: Edit, lines: Lines) -> dict[str, object]:
    span = lines.between(edit.start, edit.end)
    found: dict[str, object] = {
        "content": edit.text,
        "location": {"row": span.row, "column": span.column},
        "end_location": {"row": span.end_row, "column": span.end_column},
    }
    return found | {"cell": edit.cell} if edit.cell else found


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
        "cell": reference.cell or None,
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
