"""One line for each finding, which every editor can parse.

It reads ``path:row:column: severity: CODE [*] message; help: what to write``, the way compilers
write.
"""

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
                (clean(finding.location), "bold"),
                (":", "cyan"),
                (f"{row}", ""),
                (":", "cyan"),
                (f"{column}", ""),
                (": ", "cyan"),
                (clean(finding.severity), COLORS.get(finding.severity, "bold")),
                (": ", "cyan"),
                (clean(finding.code), COLORS.get(finding.severity, "bold")),
                (" ", ""),
                *(FIXABLE if is_fixable(finding, unsafe_fixes=style.unsafe_fixes) else ()),
                (clean(finding.message), ""),
                (f"; help: {clean(finding.help)}" if finding.help else "", ""),
            ),
            style.color,
        )
