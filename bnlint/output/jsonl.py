"""JSON Lines: the objects of the format ``json``, one in a line."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.files.source import Lines
from bnlint.output.json import dumps, finding_object
from bnlint.output.report import Report, Style


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the object of each finding."""
    lines = {path: Lines(text) for path, text in report.texts.items()}
    for finding in report.findings:
        yield dumps(finding_object(finding, lines), None)
