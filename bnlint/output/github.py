"""Workflow commands that GitHub Actions turns into annotations of the changed files."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.files.display import clean
from bnlint.output.report import Report, Style

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the command of each finding."""
    for finding in report.findings:
        span = finding.span
        place: dict[str, object] = {"file": finding.path, "line": finding.line or span.row}
        if finding.cell:  # GitHub shows the JSON of a notebook, in which a column means nothing
            pass
        elif span.row == span.end_row:  # columns are not allowed in an annotation of several lines
            place |= {"col": span.column, "endLine": span.end_row, "endColumn": span.end_column}
        else:
            place |= {"endLine": span.end_row}
        properties = ",".join(
            f"{name}={clean(escape_property(str(value)))}"
            for name, value in {"title": f"bnlint ({finding.code})", **place}.items()
        )
        text = f"{finding.location}:{span.row}:{span.column}: {finding.code} {finding.message}"
        if finding.help:
            text += f"\n  help: {finding.help}"
        level = _LEVELS.get(finding.severity, "warning")
        yield f"::{level} {properties}::{clean(escape(text))}"


def escape(text: str) -> str:
    """Return ``text`` as the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Return ``text`` as the value of a property of a command."""
    return escape(text).replace(":", "%3A").replace(",", "%2C")
