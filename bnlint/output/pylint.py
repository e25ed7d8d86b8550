"""The text of pylint's parseable format, which many tools read: ``path:row: [code] message``."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.files.display import clean
from bnlint.output.report import Report, Style, told


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the line of each finding."""
    for finding in report.findings:
        place = f"{finding.path}:{finding.line or finding.span.row}"
        yield clean(f"{place}: [{finding.code}({finding.name})] {told(finding)}")
