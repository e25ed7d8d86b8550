"""What output is made of: the report of a run, how to write it, and what both share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bnlint import HOME_URL
from bnlint.engine.locating import texts_of
from bnlint.engine.result import Result
from bnlint.files.display import current, displayed
from bnlint.finding import SAFE, UNSAFE, Finding, Span
from bnlint.startup.typed import NamedTuple

#: Where the page of a rule is published; ``{code}`` stands for its code. ``None``: nowhere.
RULE_URL: str | None = None if HOME_URL is None else f"{HOME_URL}/blob/main/docs/rules/{{code}}.md"


class FormatError(ValueError):
    """There is no such format, or it cannot show what is asked for; the message says which."""


class Report(NamedTuple):
    """What came of a run.

    ``findings`` are in the order in which they are shown, ``texts`` holds the decoded texts of
    files by the path that stands in their findings, ``files`` counts the files looked at,
    ``fixed`` and ``suppressed`` the findings that were fixed and that a comment was written for.
    ``layers`` counts the batch normalisation layers, ``uncompared`` those whose settings were
    compared with nothing, ``unlisted`` the findings for information that nobody asked for, by code
    and framework compared with, ``hints`` the layers in which eps would differ, by what introduces
    the project and the family it names. ``offers`` are commands that compare what may be a port
    with its reference. ``notices`` say of files, by their paths, what was not done: of what is too
    large to be followed, or was rolled back.
    """

    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, str] = {}
    files: int = 0
    fixed: int = 0
    suppressed: int = 0
    uncompared: int = 0
    unlisted: Mapping[tuple[str, str], int] = {}
    hints: Mapping[tuple[str, str], int] = {}
    offers: tuple[str, ...] = ()
    notices: tuple[tuple[str, str], ...] = ()
    layers: int = 0


def report_of(results: Sequence[Result]) -> Report:
    """Return what came of a run with these ``results``, which are told by places of documents."""
    findings = [finding for result in results for finding in result.findings]
    return Report(
        tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        texts_of(results),
        files=len(results),
        fixed=sum(len(result.fixed) for result in results),
        suppressed=sum(result.suppressed for result in results),
        uncompared=sum(result.uncompared for result in results),
        offers=tuple(sorted({offer for result in results for offer in result.offers})),
        hints=Counter(hint for result in results for hint in result.hints),
        unlisted=Counter(unlisted for result in results for unlisted in result.unlisted),
        layers=sum(result.layers for result in results),
        notices=tuple((result.path, said) for result in results for said in result.notices),
    )


class Style(NamedTuple):
    """How to write.

    ``width`` is that of the terminal in cells, ``None`` where the output goes elsewhere: nothing
    is wrapped then. ``unsafe_fixes`` tells that unsafe fixes count as fixes that can be applied.
    """

    color: bool = False
    width: int | None = None
    unsafe_fixes: bool = False


def is_fixable(finding: Finding, *, unsafe_fixes: bool = False) -> bool:
    """Tell whether the finding has a fix that can be applied: what ``[*]`` marks."""
    fix = finding.fix
    if fix is None or not fix.intents:
        return False
    return fix.applicability == SAFE or (unsafe_fixes and fix.applicability == UNSAFE)


def counted(number: int, word: str, invariable: str = "") -> str:
    """Return a number with a word in the plural where it calls for one: ``2 files``."""
    return f"{number} {word if number == 1 or word == invariable else word + 's'}"


def told(finding: Finding) -> str:
    """Return the message of a finding with what to write, in one line."""
    where = f"cell {finding.cell}, line {finding.span.row}: " if finding.cell else ""
    return f"{where}{finding.message}{f'; help: {finding.help}' if finding.help else ''}"


def defined(finding: Finding) -> tuple[str, Span] | None:
    """Return where the value is written that a finding is about, if on another line: file, place.

    Nothing is returned where notebooks are concerned, whose cells have rows of their own.
    """
    found = finding.definition
    if found is None or finding.cell or found.path.endswith(".ipynb"):
        return None
    path, span = displayed(found.path, current()), found.span
    return None if (path, span.row) == (finding.path, finding.span.row) else (path, span)


def rule_url(code: str) -> str | None:
    """Return where the page of a rule is published, if it is."""
    return RULE_URL.format(code=code) if RULE_URL else None
