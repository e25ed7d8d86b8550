"""Findings with the code they are about, what to write instead, and the code compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from bnlint.files.display import clean
from bnlint.files.source import Lines
from bnlint.finding import MANUAL, SAFE, UNSAFE, Finding, Reference, Span
from bnlint.output.changes import changed
from bnlint.output.confirmations import told
from bnlint.output.frame import Frame, Line, draw
from bnlint.output.report import Report, Style, defined, is_fixable
from bnlint.output.text import Piece, cells, paint, wrapped
from bnlint.startup.patterns import lazy

_FIXABLE: tuple[Piece, ...] = (("[", ""), ("*", "bold bright_cyan"), ("] ", ""))
_COLORS = {"error": "bold bright_red", "warning": "bold yellow", "info": "bold bright_cyan"}
_VERDICTS = {"confirmed": "bold green", "refuted": "bold magenta"}
_ARROW = "bold bright_blue"
_INDENT = 6

_NAME = lazy(r"[\w.]+")


def render(report: Report, style: Style) -> Iterator[str]:
    """Yield the lines of each finding, with an empty line after it."""

    @lru_cache(maxsize=4)
    def lines(path: str) -> Lines | None:
        return Lines(report.texts[path]) if path in report.texts else None

    for finding in report.findings:
        color = _COLORS.get(finding.severity, "bold")
        yield from _headline(finding, color, style)
        yield from _code(lines(finding.location), finding.location, finding.span, color, style)
        if (place := defined(finding)) is not None:
            path, span = place
            yield paint([("defined here:", _ARROW)], style.color)
            yield from _code(lines(path), path, span, _ARROW, style, "-")
        yield from _reference(lines, finding.reference, style)
        yield from _advice(finding, style)
        yield from _change(lines, finding, style)
        yield from _proof(finding, style)
        yield ""


def _headline(finding: Finding, color: str, style: Style) -> Iterator[str]:
    pieces: list[Piece] = [
        (clean(finding.code), color),
        (" ", ""),
        *(_FIXABLE if is_fixable(finding, unsafe_fixes=style.unsafe_fixes) else ()),
        (f"{clean(finding.severity)}: ", color),
    ]
    yield from _prose(pieces, finding.message, style, "bold")


def _prose(start: list[Piece], text: str, style: Style, color: str = "") -> Iterator[str]:
    """Yield ``text`` after ``start``, wrapped on a terminal."""
    first = sum(cells(piece) for piece, _ in start)
    head, *rest = wrapped(clean(text), style.width, first, _INDENT)
    yield paint([*start, (head, color)], style.color)
    for line in rest:
        yield paint([(line, color)], style.color)


def _code(
    lines: Lines | None, path: str, span: Span, color: str, style: Style, mark: str = "^"
) -> Iterator[str]:
    """Yield the place and, where the file's text is at hand, the frame."""
    gutter = 0
    frame: list[Line] = []
    if lines is not None:
        context = 2 if mark == "^" else 0
        gutter, frame = draw(Frame(lines, span, color, mark, context), style.width)
    place = f"{clean(path)}:{span.row}:{span.column}"
    yield paint([(f"{'':{gutter}}--> ", _ARROW), (place, "")], style.color)
    for line in frame:
        yield paint(line, style.color)


def _reference(
    lines: Callable[[str], Lines | None], reference: Reference | None, style: Style
) -> Iterator[str]:
    """Yield where the code compared with stands, if it stands anywhere."""
    if reference is None or reference.path is None:
        return
    place = reference.location or reference.path
    found = lines(place)
    yield from _prose([("reference: ", "bold green")], reference.framework, style)
    end = 1
    if found is not None:
        name = _NAME.match(found.line(reference.row), max(reference.column - 1, 0))
        end = len(name[0]) if name else 1
    row, column = reference.row, reference.column
    span = Span(row, column, row, column + end, 0, 0)
    yield from _code(found, place, span, "bold green", style, "-")


def _advice(finding: Finding, style: Style) -> Iterator[str]:
    """Yield what to write instead, and why bnlint does not simply write it."""
    fix = finding.fix
    advice = finding.help or (fix.message if fix is not None else "")
    if advice:
        yield from _prose([("help: ", "bold bright_cyan")], advice, style)
    if fix is None or fix.applicability == SAFE:
        return
    note = "the fix is unsafe" if fix.applicability == UNSAFE else "there is no automatic fix"
    if fix.reason:
        note += f": {fix.reason}"
    yield from _prose([("note: ", "bold yellow")], note, style)


def _change(lines: Callable[[str], Lines | None], finding: Finding, style: Style) -> Iterator[str]:
    """Yield the lines that the fix would change, as they are and as they would be."""
    fix = finding.fix
    if fix is None or fix.applicability == MANUAL:
        return
    for cell in sorted({edit.cell for edit in fix.edits}):
        place = f"{finding.path}:cell {cell}" if cell else finding.path
        found = lines(place)
        if found is None:
            continue
        if cell != finding.cell:
            yield paint([("  --> ", _ARROW), (clean(place), "")], style.color)
        edits = [edit for edit in fix.edits if edit.cell == cell]
        for line in changed(found, edits, style.width):
            yield paint(line, style.color)


def _proof(finding: Finding, style: Style) -> Iterator[str]:
    """Yield what came of the experiment on the finding, on each device."""
    found = finding.confirmation
    if found is None:
        return
    for outcome in (found, *found.others):
        color = _VERDICTS.get(outcome.verdict, "bold")
        yield from _prose([(f"{outcome.verdict} ", color)], told(outcome), style)
        if outcome.remainder:
            yield from _prose([("note: ", "bold yellow")], outcome.remainder, style)
