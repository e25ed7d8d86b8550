"""Findings below the name of their file, in aligned columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from bnlint.files.display import clean
from bnlint.finding import Finding
from bnlint.output.concise import COLORS, FIXABLE
from bnlint.output.report import Report, Style, is_fixable
from bnlint.output.text import Piece, cells, paint, wrapped


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield a block of lines for each file, with an empty line after it."""
    for path, findings in groupby(report.findings, key=lambda finding: finding.path):
        yield paint(((clean(path), "underline"), (":", "")), style.color)
        yield from _block(list(findings), style)
        yield ""


def _block(findings: list[Finding], style: Style) -> Iterator[str]:
    places = [_place(finding) for finding in findings]
    rows = max(map(len, places))
    columns = max(len(str(finding.span.column)) for finding in findings)
    codes = max(cells(clean(finding.code)) for finding in findings)
    for place, finding in zip(places, findings, strict=True):
        code = clean(finding.code)
        pieces: list[Piece] = [
            (f"  {place:>{rows}}", ""),
            (":", "cyan"),
            (f"{finding.span.column:<{columns}} ", ""),
            (code, COLORS.get(finding.severity, "bold")),
            (" " * (codes - cells(code) + 1), ""),
            *(FIXABLE if is_fixable(finding, unsafe_fixes=style.unsafe_fixes) else ()),
        ]
        first = sum(cells(text) for text, _ in pieces)
        indent = rows + columns + codes + 5
        head, *rest = wrapped(clean(finding.message), style.width, first, indent)
        yield paint((*pieces, (head, "")), style.color)
        yield from rest


def _place(finding: Finding) -> str:
    row = str(finding.span.row)
    return f"cell {finding.cell}:{row}" if finding.cell else row
