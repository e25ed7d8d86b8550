"""One line per finding, which every editor can parse: ``path:row:column: CODE [*] message``."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.files.display import clean
from bnlint.output.report import Report, Style, is_fixable
from bnlint.output.text import Piece, paint

#: The colours of severities, in Rich's words.
COLORS = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}

#: What stands between a code and a message where there is a fix that can be applied.
FIXABLE: tuple[Piece, ...] = (("[", ""), ("*", "cyan"), ("] ", ""))


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield the line of each finding. Lines are never wrapped."""
    for finding in report.findings:
        row, column = finding.span.row, finding.span.column
        yield paint(
            (
                (clean(finding.path), "bold"),
                (":", "cyan"),
                (f"{row}", ""),
                (":", "cyan"),
                (f"{column}", ""),
                (": ", "cyan"),
                (clean(finding.code), COLORS.get(finding.severity, "bold")),
                (" ", ""),
                *(FIXABLE if is_fixable(finding, unsafe_fixes=style.unsafe_fixes) else ()),
                (clean(finding.message), ""),
            ),
            style.color,
        )
