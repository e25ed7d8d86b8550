"""JUnit's XML: each file is a test suite, each finding a test case that failed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from bnlint.files.display import clean
from bnlint.finding import Finding
from bnlint.output.report import Report, Style


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the lines of the document. A run without findings is one test that passed."""
    total = len(report.findings)
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield f'<testsuites name="bnlint" tests="{total or 1}" failures="{total}" errors="0">'
    if not report.findings:
        yield '  <testsuite name="bnlint" tests="1" failures="0" errors="0">'
        yield '    <testcase name="no findings" classname="bnlint"/>'
        yield "  </testsuite>"
    for path, group in groupby(report.findings, key=lambda finding: finding.path):
        findings = list(group)
        number = len(findings)
        counts = f'tests="{number}" failures="{number}" errors="0"'
        yield f"  <testsuite name={_attribute(path)} {counts}>"
        for finding in findings:
            yield from _case(finding)
        yield "  </testsuite>"
    yield "</testsuites>"


def _case(finding: Finding) -> Iterator[str]:
    row, column = finding.span.row, finding.span.column
    place = f"{finding.location}:{row}:{column}"
    stem = finding.path.rpartition(".")[0] or finding.path
    line = finding.line or row
    yield (
        f"    <testcase name={_attribute(f'{finding.code} ({place})')} "
        f'classname={_attribute(stem)} file={_attribute(finding.path)} line="{line}">'
    )
    text = f"{place}: {finding.code} {finding.message}"
    if finding.help:
        text += f"\nhelp: {finding.help}"
    body = "\n".join(escape(clean(part)) for part in text.split("\n"))
    kind = _attribute(f"{finding.code} {finding.name}")
    yield f"      <failure message={_attribute(finding.message)} type={kind}>{body}</failure>"
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(clean(text))
