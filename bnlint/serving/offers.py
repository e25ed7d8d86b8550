"""What can be done about findings and layers at a place: fixes, suppressions, translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.engine.facts import Facts
from bnlint.engine.locating import located
from bnlint.engine.result import Result
from bnlint.files.source import decode
from bnlint.finding import SAFE, UNSAFE, Edit, Finding, Fix, Span
from bnlint.fixing.ignoring import suppression
from bnlint.frameworks.records import Wrapper
from bnlint.serving.layers import site_at, translated, translations
from bnlint.serving.positions import difference
from bnlint.startup.typed import NamedTuple

#: The kinds of what is offered.
FIX, SUPPRESS, FIX_ALL, TRANSLATE = "fix", "suppress", "fix all", "translate"


class Offer(NamedTuple):
    """A change that can be made, and what it is about.

    ``edits`` count in the program of the document. One that is ``preferred`` is safe.
    """

    kind: str
    title: str
    edits: tuple[Edit, ...]
    finding: Finding | None = None
    preferred: bool = False


def about(findings: Sequence[Finding], result: Result) -> Iterator[Offer]:
    """Yield what can be done about some of the findings of ``result``."""
    for finding in findings:
        fix = finding.fix
        if fix is not None and fix.edits and fix.applicability in (SAFE, UNSAFE):
            safe = is_safe(finding)
            mark = "" if safe else f" (unsafe: {fix.reason})" if fix.reason else " (unsafe)"
            yield Offer(FIX, f"bnlint: {fix.message}{mark}", fix.edits, finding, safe)
    for finding in findings:
        edits = suppression(result.path, result.text or "", finding)
        if edits:
            yield Offer(SUPPRESS, f"bnlint: suppress {finding.code} here", edits, finding)


def translating(
    facts: Facts, offset: int, wrappers: tuple[Wrapper, ...], targets: tuple[str, ...]
) -> Iterator[Offer]:
    """Yield the translations of the layer at a place of the program."""
    site = site_at(facts, offset)
    if site is None:
        return
    for found in translations(site, wrappers, targets, as_written=True):
        edits = translated(facts, site, found)
        yield Offer(TRANSLATE, f"bnlint: translate to {found.title}", edits)


def is_safe(finding: Finding) -> bool:
    """Tell whether a finding has a fix that can be made without a look at it."""
    fix = finding.fix
    return fix is not None and bool(fix.edits) and fix.applicability == SAFE


def fixing_all(fixed: Result) -> Iterator[Offer]:
    """Yield the change that was made of a file by fixing it, if it was."""
    if fixed.before is not None and fixed.after is not None:
        before, after = (decode(data, fixed.path).text for data in (fixed.before, fixed.after))
        yield Offer(FIX_ALL, "bnlint: make all safe fixes", difference(before, after))


def placed(edits: Sequence[Edit], result: Result) -> tuple[Edit, ...]:
    """Return edits of the program of a document as edits of its parts."""
    fix = Fix(SAFE, "", (), "", tuple(edits))
    carrier = Finding("", "", "", "", result.path, Span(1, 1, 1, 1, 0, 0), "", fix=fix)
    (moved,) = located(result._replace(findings=(carrier,), notices=())).findings
    return moved.fix.edits if moved.fix is not None else ()
