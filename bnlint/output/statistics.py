"""How many findings there are of each rule, the most common first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from bnlint.files.display import clean
from bnlint.output.concise import COLORS
from bnlint.output.report import FormatError, Report, Style, is_fixable
from bnlint.output.text import cells, paint

_TEXT = ("full", "concise", "grouped")


class Count(NamedTuple):
    """The findings of one rule: how many there are, and how many of these can be fixed."""

    code: str
    name: str
    severity: str
    total: int
    fixable: int


def count(report: Report, *, unsafe_fixes: bool = False) -> list[Count]:
    """Count the findings of each rule."""
    counts = []
    findings = sorted(report.findings, key=lambda finding: finding.code)
    for code, group in groupby(findings, key=lambda finding: finding.code):
        found = list(group)
        fixable = sum(is_fixable(finding, unsafe_fixes=unsafe_fixes) for finding in found)
        counts.append(Count(code, found[0].name, found[0].severity, len(found), fixable))
    return sorted(counts, key=lambda row: (-row.total, row.code))


def lines(report: Report, format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the counts as JSON or as lines, marked ``[*]`` if all, ``[-]`` if some can be fixed.

    Raises:
        FormatError: the format has no form for them.
    """
    rows = count(report, unsafe_fixes=style.unsafe_fixes)
    if format == "json":
        return _json(rows)
    if format not in _TEXT:
        raise FormatError(f"statistics can be written as text or as json, not as {format}")
    return _lines(rows, style)


def _lines(rows: list[Count], style: Style) -> Iterator[str]:
    numbers = max((len(str(row.total)) for row in rows), default=0)
    codes = max((cells(clean(row.code)) for row in rows), default=0)
    any_fixable = any(row.fixable for row in rows)
    for row in rows:
        code = clean(row.code)
        mark = "*" if row.fixable == row.total else "-" if row.fixable else " "
        yield paint(
            (
                (f"{row.total:<{numbers}}", "bold"),
                ("\t", ""),
                (code, COLORS.get(row.severity, "bold")),
                (" " * (codes - cells(code)) + "\t", ""),
                *((("[", ""), (mark, "cyan"), ("] ", "")) if any_fixable else ()),
                (clean(row.name), ""),
            ),
            style.color,
        )


def _json(rows: list[Count]) -> Iterator[str]:
    from bnlint.output.json import dumps

    yield dumps(
        [
            {
                "code": row.code,
                "name": row.name,
                "severity": row.severity,
                "count": row.total,
                "fixable": row.fixable == row.total,
                "fixable_count": row.fixable,
            }
            for row in rows
        ]
    )
