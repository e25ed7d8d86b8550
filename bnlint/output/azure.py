"""Logging commands that Azure Pipelines turns into issues of a build."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.files.display import clean
from bnlint.output.report import Report, Style, told


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the command of each finding. Azure knows errors and warnings only."""
    for finding in report.findings:
        level = "error" if finding.severity == "error" else "warning"
        place = {
            "type": level,
            "sourcepath": finding.path,
            "linenumber": finding.line or finding.span.row,
            "columnnumber": 1 if finding.cell else finding.span.column,
            "code": finding.code,
        }
        properties = "".join(f"{name}={_property(str(value))};" for name, value in place.items())
        yield f"##vso[task.logissue {properties}]{_escaped(clean(told(finding)))}"


def _escaped(text: str) -> str:
    """Return ``text`` as the message of a command."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return ``text`` as the value of a property of a command."""
    return _escaped(clean(text)).replace(";", "%3B").replace("]", "%5D")
