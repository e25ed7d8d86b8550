"""The report of GitLab's Code Quality, which merge requests show beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.output.fingerprints import fingerprints
from bnlint.output.json import dumps
from bnlint.output.report import Report, Style, told

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield one array of all findings."""
    prints = fingerprints(report)
    yield dumps(
        [
            {
                "description": told(finding),
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES.get(finding.severity, "minor"),
                "location": {
                    "path": finding.path,
                    "lines": {"begin": finding.line or finding.span.row},
                },
            }
            for finding, fingerprint in zip(report.findings, prints, strict=True)
        ]
    )
