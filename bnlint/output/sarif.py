"""SARIF 2.1.0, which code scanning of GitHub, Azure and others read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from bnlint import HOME_URL, __version__
from bnlint.files.display import encoded
from bnlint.files.source import Lines
from bnlint.finding import MANUAL, Edit, Finding
from bnlint.output.fingerprints import fingerprints
from bnlint.output.json import dumps
from bnlint.output.report import Report, Style, defined, rule_url
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.engine.registry import LoadedRule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}

#: What everything is relative to: the folder bnlint was started in. A reader may know better.
_BASE = "SRCROOT"


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the log of one run."""
    from bnlint.engine.registry import load_rules

    codes = sorted({finding.code for finding in report.findings})
    known = {loaded.code: loaded for loaded in load_rules()}
    lines = {path: Lines(text) for path, text in report.texts.items()}
    prints = fingerprints(report)
    driver: dict[str, object] = {
        "name": "bnlint",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, known.get(code), report.findings) for code in codes],
    }
    if HOME_URL is not None:
        driver["informationUri"] = HOME_URL
    run: dict[str, object] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _BASE: {"description": {"text": "The folder in which bnlint was started."}}
        },
        "results": [
            _result(finding, codes.index(finding.code), fingerprint, lines)
            for finding, fingerprint in zip(report.findings, prints, strict=True)
        ],
    }
    if report.notices:
        notices = [
            {
                "level": "note",
                "message": {"text": message},
                "locations": [{"physicalLocation": {"artifactLocation": _artifact(path)}}],
            }
            for path, message in report.notices
        ]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": notices}]
    yield dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, loaded: LoadedRule | None, findings: Sequence[Finding]) -> dict[str, object]:
    """Return a rule with its page as help."""
    first = next(finding for finding in findings if finding.code == code)
    found: dict[str, object] = {"id": code, "name": _pascal(first.name)}
    url = rule_url(code)
    if url is not None:
        found["helpUri"] = url
    severity = first.severity
    if loaded is not None:
        from bnlint.engine.documentation import DocumentationError
        from bnlint.output.rules import markdown, summary_of

        severity = loaded.rule.severity
        try:
            page, summary = markdown(loaded), summary_of(loaded)
        except DocumentationError:  # a rule of somebody else's, which need not have a page
            page = summary = ""
        if page:
            found["shortDescription"] = {"text": summary}
            found["fullDescription"] = {"text": summary}
            found["help"] = {"text": page, "markdown": page}
    found["defaultConfiguration"] = {"level": _LEVELS.get(severity, "warning")}
    found["properties"] = {
        "tags": ["batch-normalization", "correctness"],
        "precision": {"high": "very-high", "medium": "high"}.get(first.confidence, "medium"),
        "problem.severity": {"info": "recommendation"}.get(severity, severity),
    }
    return found


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))


def _result(
    finding: Finding, index: int, fingerprint: str, lines: Mapping[str, Lines]
) -> dict[str, object]:
    message = finding.message
    if finding.cell:
        message = f"Cell {finding.cell}, line {finding.span.row}: {message}"
    if finding.help:
        message += f"\nhelp: {finding.help}"
    found: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS.get(finding.severity, "warning"),
        "message": {"text": message},
        "locations": [{"physicalLocation": _place(finding)}],
        "partialFingerprints": {"bnlint/v1": fingerprint},
    }
    related = []
    reference = finding.reference
    if reference is not None and reference.path is not None:
        region = {"startLine": reference.row, "startColumn": reference.column}
        if reference.cell:
            region = {"startLine": 1}
        related.append((reference.path, region, f"The {reference.framework} reference"))
    if (place := defined(finding)) is not None:
        path, span = place
        region = {"startLine": span.row, "startColumn": span.column}
        related.append((path, region, "Defined here"))
    if related:
        found["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": {"artifactLocation": _artifact(path), "region": region},
                "message": {"text": text},
            }
            for number, (path, region, text) in enumerate(related, 1)
        ]
    fix = finding.fix
    if fix is not None and fix.edits and fix.applicability != MANUAL:
        source = None if finding.cell else lines.get(finding.path)
        if source is not None:
            found["fixes"] = [
                {
                    "description": {"text": fix.message},
                    "artifactChanges": [
                        {
                            "artifactLocation": _artifact(finding.path),
                            "replacements": [_replacement(edit, source) for edit in fix.edits],
                        }
                    ],
                }
            ]
    properties: dict[str, object] = {"confidence": finding.confidence}
    if fix is not None:
        properties["applicability"] = fix.applicability
    if finding.cell:
        properties["cell"] = finding.cell
    found["properties"] = properties
    return found


def _place(finding: Finding) -> dict[str, object]:
    span = finding.span
    region = {"startLine": finding.line}
    if not finding.cell:
        region = {
            "startLine": span.row,
            "startColumn": span.column,
            "endLine": span.end_row,
            "endColumn": span.end_column,
        }
    return {"artifactLocation": _artifact(finding.path), "region": region}


def _artifact(path: str) -> dict[str, object]:
    """Return a file by its URI: relative, or absolute where it lies elsewhere."""
    uri = quote(encoded(path), safe="/~:" if path[1:2] == ":" else "/~")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    if path[1:3] == ":/":  # a drive of Windows
        return {"uri": f"file:///{uri}"}
    return {"uri": uri, "uriBaseId": _BASE}


def _replacement(edit: Edit, source: Lines) -> dict[str, object]:
    span = source.between(edit.start, edit.end)
    return {
        "deletedRegion": {
            "startLine": span.row,
            "startColumn": span.column,
            "endLine": span.end_row,
            "endColumn": span.end_column,
        },
        "insertedContent": {"text": edit.text},
    }
