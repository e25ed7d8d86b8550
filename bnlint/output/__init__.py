"""Output: from what a run found to the text that belongs on standard output.

Each format of findings is a module of this package, called as the format is, with a function
``render(report, style)`` that yields lines. Adding a format is adding such a module, and its name
to ``FORMATS`` in :mod:`bnlint.config.options`. The functions here find it and return pieces of
text to write as they are, line ends included. Only
:func:`summary` is chatter, for standard error.

No format writes control characters or lone surrogates out of the checked files: neither a
terminal nor a parser may be at the mercy of a file's name or text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from bnlint.finding import SEVERITIES
from bnlint.output.report import (
    RULE_URL,
    FormatError,
    Report,
    Style,
    counted,
    is_fixable,
    report_of,
)
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from bnlint.confirm.drift import DriftRow
    from bnlint.engine.basis import Basis
    from bnlint.engine.inventory import SiteRow
    from bnlint.engine.registry import LoadedRule
    from bnlint.frameworks.tables import Frameworks
    from bnlint.porting.compare import Comparison
    from bnlint.porting.translate import Translation

__all__ = [
    "RULE_URL",
    "FormatError",
    "Report",
    "Style",
    "is_fixable",
    "remarks",
    "render",
    "render_comparison",
    "render_drift",
    "render_frameworks",
    "render_references",
    "render_rule",
    "render_rules",
    "render_sites",
    "render_translations",
    "report_of",
    "summary",
]


def render(
    report: Report,
    format: str,  # noqa: A002  # the option is called so
    *,
    color: bool = False,
    width: int | None = None,
    unsafe_fixes: bool = False,
    statistics: bool = False,
) -> Iterator[str]:
    """Return the findings in ``format``, or with ``statistics`` how many there are of each rule.

    Raises:
        FormatError: there is no such format, or it has no statistics.
    """
    style = Style(color, width, unsafe_fixes)
    if statistics:
        from bnlint.output.statistics import lines

        return _ended(lines(report, format, style))
    return _ended(_renderer(format)(report, style))


def render_sites(
    rows: Sequence[SiteRow],
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return the list of sites as ``table`` (with a summary), ``concise``, ``json`` or ``csv``.

    Raises:
        FormatError: there is no such format.
    """
    from bnlint.output.sites import lines

    return _ended(lines(rows, format, Style(color, width)))


def render_rules(
    rules: Sequence[LoadedRule],
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return the list of rules as ``table`` or ``json``.

    Raises:
        FormatError: there is no such format.
    """
    from bnlint.output.rules import lines

    return _ended(lines(rules, format, Style(color, width)))


def render_comparison(
    comparison: Comparison,
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return a comparison of two sides as ``differences``, as ``table`` of all, or as ``json``."""
    if format == "json":
        from bnlint.output.comparison_json import json

        return _ended(json(comparison))
    from bnlint.output.comparison import differences, table

    rows = differences if format == "differences" else table
    return _ended(rows(comparison, Style(color, width)))


def render_rule(
    loaded: LoadedRule, *, color: bool = False, width: int | None = None
) -> Iterator[str]:
    """Return the page of a rule: set for a terminal, without a width as Markdown.

    Raises:
        DocumentationError: the rule's docstring breaks the form.
    """
    from bnlint.output.rules import explained

    return _ended(explained(loaded, Style(color, width)))


def render_frameworks(
    frameworks: Frameworks,
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return what framework tables say, as ``table`` or ``json``.

    Raises:
        FormatError: there is no such format.
    """
    from bnlint.output.frameworks import lines

    return _ended(lines(frameworks, format, Style(color, width)))


def render_references(
    bases: Sequence[Basis],
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return what the layers of files are compared with, as ``text`` or ``json``."""
    from bnlint.output import references

    if format == "json":
        return _ended(references.json(bases))
    return _ended(references.lines(bases, Style(color, width)))


def render_drift(
    rows: Sequence[DriftRow],
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return how framework tables compare with what is installed, as ``table`` or ``json``.

    Raises:
        FormatError: there is no such format.
    """
    from bnlint.output.drift import lines

    return _ended(lines(rows, format, Style(color, width)))


def render_translations(
    found: Sequence[Translation],
    format: str,  # noqa: A002
    *,
    color: bool = False,
    width: int | None = None,
) -> Iterator[str]:
    """Return the translations of a call as ``text`` or ``json``.

    Raises:
        FormatError: there is no such format.
    """
    from bnlint.output.translations import lines

    return _ended(lines(found, format, Style(color, width)))


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines with their ends."""
    for line in lines:
        yield line + "\n"


def _renderer(name: str) -> Callable[[Report, Style], Iterator[str]]:
    try:
        module: Any = import_module(f"{__name__}.{name}")
        found: Callable[[Report, Style], Iterator[str]] = module.render
    except (ModuleNotFoundError, AttributeError) as error:
        from bnlint.config.options import FORMATS

        known = ", ".join(FORMATS)
        raise FormatError(f"there is no output format {name!r}; there are {known}") from error
    return found


def remarks(report: Report) -> Iterator[str]:
    """Yield a line for what was compared with nothing, and for what is not listed."""
    for (code, framework), number in sorted(report.unlisted.items()):
        yield (
            f"{code}: {counted(number, 'layer')} {'differs' if number == 1 else 'differ'} from "
            f"{framework}'s default, which its models seldom keep: read the reference "
            f"(--extend-select {code} lists them)"
        )
    for offer in report.offers:
        yield f"hint: these may be a reference and its port, or the other way round: {offer}"
    for (said, family), number in sorted(report.hints.items()):
        yield (
            f"hint: {said}; if that is so, eps differs in {counted(number, 'layer')}: try "
            f"--from {family}"
        )
    if report.uncompared:
        yield (
            f"{counted(report.uncompared, 'batch normalisation layer')}; eps and momentum compared "
            "with nothing: no reference known. For a port, --from FAMILY or 'bnlint compare REF "
            'PORT\' gives one; reference = "none" in the configuration declares native code'
        )


def summary(
    report: Report,
    *,
    can_fix: bool = False,
    unsafe_fixes: bool = False,
    would_fix: bool = False,
    fixing: bool = False,
) -> str:
    """Return the closing line of a run.

    ``can_fix`` tells that the run could have fixed what it found, and that it is worth saying how;
    ``would_fix`` that nothing was written of what was fixed, ``fixing`` that safe fixes were made.
    """
    looked_at = counted(report.files, "file")
    done = []
    if report.fixed:
        done.append(f"{'would fix' if would_fix else 'fixed'} {counted(report.fixed, 'finding')}")
    if report.suppressed:
        done.append(f"suppressed {counted(report.suppressed, 'finding')}")
    if done and not report.findings:
        return f"{' and '.join(done).capitalize()}; none remains."
    if not report.findings:
        if report.uncompared:
            return f"Nothing was found in {looked_at}."
        layers = (
            counted(report.layers, "batch normalisation layer") if report.layers else "no layers"
        )
        passed = f"All checks passed ({looked_at}, {layers})."
        return passed if report.files else "No files were checked."
    counts = [
        counted(number, severity, "info")
        for severity in SEVERITIES
        if (number := sum(f.severity == severity for f in report.findings))
    ]
    paths = len({finding.path for finding in report.findings})
    where = counted(paths, "file") if paths >= report.files else f"{paths} of {looked_at}"
    what = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    line = f"Found {what} in {where}"
    if done:
        line = f"{' and '.join(done).capitalize()}; {what} left in {where}"
    if can_fix and not report.suppressed:
        now = sum(is_fixable(f, unsafe_fixes=unsafe_fixes) for f in report.findings)
        later = sum(is_fixable(f, unsafe_fixes=True) for f in report.findings) - now
        now = 0 if fixing else now  # what is left was rolled back
        how = [f"{now} fixable with --fix"] if now else []
        if later:
            options = "--unsafe-fixes" if fixing else "--fix --unsafe-fixes"
            how.append(f"{later} {'more' if now else 'fixable'} with {options}")
        line += f" ({', '.join(how)})" if how else ""
    return f"{line}."
