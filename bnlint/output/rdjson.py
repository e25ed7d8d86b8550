"""Reviewdog's diagnostics in JSON, with the fixes as suggestions. Columns count UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bnlint.files.source import Lines
from bnlint.finding import Edit, Finding
from bnlint.output.json import dumps
from bnlint.output.report import Report, Style, rule_url, told

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield one object with all findings."""
    lines = {path: Lines(text) for path, text in report.texts.items()}
    yield dumps(
        {
            "source": {"name": "bnlint"},
            "severity": "WARNING",
            "diagnostics": [
                *(_diagnostic(finding, lines) for finding in report.findings),
                *(
                    {"message": message, "severity": "INFO", "location": {"path": path}}
                    for path, message in report.notices
                ),
            ],
        }
    )


def _diagnostic(finding: Finding, lines: Mapping[str, Lines]) -> dict[str, object]:
    source = None if finding.cell else lines.get(finding.path)
    span = finding.span
    found: dict[str, object] = {
        "message": told(finding),
        "severity": _SEVERITIES.get(finding.severity, "WARNING"),
        "code": _code(finding.code),
    }
    if source is None:  # a line is all that is known of a notebook's JSON
        place: dict[str, object] = {"start": {"line": finding.line or span.row}}
    else:
        start = _position(source, span.row, span.column)
        place = {"start": start, "end": _position(source, span.end_row, span.end_column)}
    found["location"] = {"path": finding.path, "range": place}
    if source is not None and finding.fix is not None and finding.fix.edits:
        found["suggestions"] = [_suggestion(edit, source) for edit in finding.fix.edits]
    return found


def _code(code: str) -> dict[str, str]:
    url = rule_url(code)
    return {"value": code} if url is None else {"value": code, "url": url}


def _suggestion(edit: Edit, source: Lines) -> dict[str, object]:
    span = source.between(edit.start, edit.end)
    start = _position(source, span.row, span.column)
    end = _position(source, span.end_row, span.end_column)
    return {"range": {"start": start, "end": end}, "text": edit.text}


def _position(source: Lines, row: int, column: int) -> dict[str, int]:
    before = source.line(row)[: column - 1]
    missing = column - 1 - len(before)  # of a place past the end of its line
    size = len(before.encode("utf-8", "surrogatepass"))
    return {"line": row, "column": size + missing + 1}
