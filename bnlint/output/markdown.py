"""Markdown: a table of findings for the summary of a CI job, or a comment on a change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bnlint.files.display import clean
from bnlint.output.report import Report, Style, rule_url

#: What Markdown, or the HTML in it, would take for markup.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|#&~!@]")


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the lines of the table, or one that says that there is nothing."""
    from bnlint.output import summary

    yield "### bnlint"
    yield ""
    yield escaped(summary(report))
    if not report.findings:
        return
    yield ""
    yield "| Place | Rule | Severity | What is wrong | What to write |"
    yield "|---|---|---|---|---|"
    for finding in report.findings:
        place = f"{finding.location}:{finding.span.row}:{finding.span.column}"
        url = rule_url(finding.code)
        rule = escaped(finding.code) if url is None else f"[{escaped(finding.code)}]({url})"
        cells = (_code(place), rule, escaped(finding.severity), escaped(finding.message),
                 escaped(finding.help))  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return _MARKUP.sub(r"\\\g<0>", clean(text))


def _code(text: str) -> str:
    """Return ``text`` as code, in which only the fence of a table's cells is markup."""
    text = clean(text).replace("|", "\\|")
    return f"`{text}`" if "`" not in text else escaped(text)
