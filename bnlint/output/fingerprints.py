"""What tells one finding from another over the versions of a file, for services that track them."""

from __future__ import annotations

from collections import Counter

from bnlint.files.display import encoded
from bnlint.files.source import Lines
from bnlint.output.report import Report
from bnlint.startup.patterns import lazy

_SPACE = lazy(r"\s+")


def fingerprints(report: Report) -> list[str]:
    """Return a fingerprint of each finding, none twice.

    It is made of the path, the code and the line of source without its spaces, so that a finding
    keeps it when lines come or go elsewhere; of equal ones the order counts.
    """
    from hashlib import sha256

    lines = {path: Lines(text) for path, text in report.texts.items()}
    seen: Counter[tuple[str, str, str]] = Counter()
    found: list[str] = []
    for finding in report.findings:
        source = lines.get(finding.location)
        line = source.line(finding.span.row) if source is not None else ""
        key = (finding.path, finding.code, _SPACE.sub("", line))
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        found.append(sha256(encoded(text)).hexdigest()[:32])
    return found
