"""From findings and edits to what the language server protocol has for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsprotocol import types
from pygls import uris

from bnlint.config.options import absolute
from bnlint.engine.result import Result
from bnlint.files.display import current
from bnlint.files.documents import matched
from bnlint.finding import Edit, Finding, Span
from bnlint.output.report import rule_url
from bnlint.serving.positions import Place, Positions
from bnlint.startup.typed import NamedTuple

SOURCE = "bnlint"

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}

#: Rules about what can be taken out, which editors show faded.
_UNNECESSARY = ("BN901",)


class Part(NamedTuple):
    """A text in which findings of a document are told: its address, its version, its places."""

    uri: str
    version: int | None
    positions: Positions


class Shown(NamedTuple):
    """What was found in a document at a version.

    ``result`` counts in the program of the document, ``findings`` are the same ones as they are
    told in its ``parts``, by the number of their cell. ``is_whole`` tells that it could be parsed.
    """

    version: int
    result: Result
    findings: tuple[Finding, ...]
    parts: Mapping[int, Part]
    is_whole: bool = True

    def at(self, uri: str, start: Place, end: Place) -> Iterator[int]:
        """Yield the numbers of the findings on the lines from one place to another."""
        for number, finding in enumerate(self.findings):
            part = self.parts.get(finding.cell)
            if part is not None and part.uri == uri:
                first, last = finding.span.row - 1, finding.span.end_row - 1
                if first <= end.line and last >= start.line:
                    yield number


def range_of(span: Span, positions: Positions) -> types.Range:
    """Return the range of a span of the text."""
    start = positions.at(span.row, span.column)
    end = positions.at(span.end_row, span.end_column)
    return types.Range(types.Position(*start), types.Position(*max(start, end)))


def diagnostic(finding: Finding, part: Part, related: bool) -> types.Diagnostic:
    """Return a finding as a diagnostic, with its reference where the client can show that."""
    url = rule_url(finding.code)
    found = types.Diagnostic(
        range=range_of(finding.span, part.positions),
        message=finding.message + (f"\nhelp: {finding.help}" if finding.help else ""),
        severity=_SEVERITIES.get(finding.severity, types.DiagnosticSeverity.Warning),
        code=finding.code,
        code_description=types.CodeDescription(url) if url is not None else None,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if finding.code in _UNNECESSARY else None,
    )
    reference = finding.reference
    if related and reference is not None and reference.path is not None:
        place = types.Position(max(reference.row - 1, 0), max(reference.column - 1, 0))
        uri = uris.from_fs_path(absolute(reference.path, current()))
        if uri is not None:
            location = types.Location(uri, types.Range(place, place))
            said = f"the {reference.framework} reference"
            found.related_information = [types.DiagnosticRelatedInformation(location, said)]
    return found


def diagnostics(shown: Shown, related: bool) -> dict[str, list[types.Diagnostic]]:
    """Return what is shown of a document by the addresses of its parts."""
    found: dict[str, list[types.Diagnostic]] = {part.uri: [] for part in shown.parts.values()}
    for finding in shown.findings:
        part = shown.parts.get(finding.cell)
        if part is not None:
            found[part.uri].append(diagnostic(finding, part, related))
        elif 0 in shown.parts:  # a notebook whose JSON is open: the line is all there is to show
            whole = shown.parts[0].positions.lines.line(finding.line)
            span = Span(finding.line, 1, finding.line, len(whole) + 1, 0, 0)
            said = f"cell {finding.cell}, line {finding.span.row}: {finding.message}"
            moved = finding._replace(span=span, message=said, fix=None)
            found[shown.parts[0].uri].append(diagnostic(moved, shown.parts[0], related))
    return found


def workspace_edit(
    edits: Iterable[Edit], parts: Mapping[int, Part], *, versioned: bool
) -> types.WorkspaceEdit | None:
    """Return edits as a change of the documents they are in; ``None`` where one is not open."""
    changes: dict[str, list[types.TextEdit]] = {}
    versions: dict[str, int | None] = {}
    for edit in edits:
        part = parts.get(edit.cell)
        if part is None:
            return None
        start, end = (part.positions.place(offset) for offset in (edit.start, edit.end))
        where = types.Range(types.Position(*start), types.Position(*end))
        changes.setdefault(part.uri, []).append(types.TextEdit(where, edit.text))
        versions[part.uri] = part.version
    if not changes:
        return None
    if not versioned:
        return types.WorkspaceEdit(changes=changes)
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(uri, versions[uri]), texts
            )
            for uri, texts in changes.items()
        ]
    )


def carried(findings: Sequence[Finding], old: Positions, new: Positions) -> Iterator[Finding]:
    """Yield findings as they stand in a newer text, those on lines that nobody touched.

    What could be done about them is not known: their fixes are left out.
    """
    before, after = (
        [side.lines.line(row) for row in range(1, len(side.lines.starts) + 1)]
        for side in (old, new)
    )
    for start, new_start, size in _alike(before, after):
        for finding in findings:
            span = finding.span
            if start < span.row and span.end_row <= start + size:
                moved = new_start - start
                rows = span._replace(row=span.row + moved, end_row=span.end_row + moved)
                yield finding._replace(fix=None, span=rows)


def _alike(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield where the same lines stand in two texts, and how many."""
    shared = min(len(before), len(after))
    above = next((i for i in range(shared) if before[i] != after[i]), shared)
    below = 0
    while below < shared - above and before[-1 - below] == after[-1 - below]:
        below += 1
    old_end, new_end = len(before) - below, len(after) - below
    yield 0, 0, above
    for block in matched(before[above:old_end], after[above:new_end]).get_matching_blocks():
        yield above + block.a, above + block.b, block.size
    yield old_end, new_end, below
