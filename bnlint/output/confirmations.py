"""What experiments showed: a line for each finding, and a table of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from bnlint.files.display import clean
from bnlint.finding import Confirmation, Finding

_COLORS = {
    "confirmed": "green",
    "refuted": "magenta",
    "inconclusive": "yellow",
    "predicted": "cyan",
}

#: All verdicts, in the order in which they are counted.
VERDICTS = ("confirmed", "predicted", "refuted", "inconclusive", "not run")


#: Cells that the table needs at least: in less, columns would vanish, and so it wraps there.
_NARROWEST = 64


def told(found: Confirmation) -> str:
    """Return what follows the verdict: where, both differences, who ran it, and the floor."""
    if found.before is None or found.floor is None:
        return f"({clean(found.reason)})" if found.reason else ""
    change = f" -> {figure(found.after)} with the fix" if found.after is not None else ""
    where = f"on {found.device}" if found.device else found.reason
    return clean(
        f"{where}: max |difference| of the {found.about} {figure(found.before)}{change}, of the "
        f"reference's largest value ({sides(found)}; rounding makes {figure(found.floor)})"
    )


def sides(found: Confirmation) -> str:
    """Return what gave the two sides."""
    if found.port == found.reference:
        return f"{found.port}, both sides"
    return f"{found.port} against {found.reference}"


def figure(number: float | None) -> str:
    """Return a difference as people read it: three digits, small ones in powers of ten."""
    if number is None:
        return "-"
    return f"{number:.3g}" if number == 0 or number >= 1e-3 else f"{number:.1e}"


def table(
    findings: Sequence[Finding], *, color: bool = False, width: int | None = None
) -> Iterator[str]:
    """Yield a table of all experiments."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = StringIO()
    console = Console(
        file=stream,
        width=max(width or 160, _NARROWEST),
        force_terminal=color,
        no_color=not color,
        highlight=False,
    )
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("place", "code", "verdict"):
        shown.add_column(heading, no_wrap=heading != "place", overflow="fold")
    for heading in ("now", "fixed", "floor"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("ran", overflow="fold")
    outcomes = list(_outcomes(findings))
    for finding, found in outcomes:
        ran = [found.device, found.reason, sides(found) if found.port else ""]
        shown.add_row(
            Text(f"{clean(finding.path)}:{finding.span.row}"),
            finding.code,
            Text(found.verdict, _COLORS.get(found.verdict, "")),
            figure(found.before),
            figure(found.after),
            figure(found.floor),
            Text(clean(": ".join(filter(None, ran)))),
        )
    if outcomes:
        console.print(shown)
    yield stream.getvalue()


_HINT = "; --interpreter NAME=PATH names a Python that has a framework"


def why_not_run(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each reason why nothing was run, with how many findings it holds for."""
    reasons: list[tuple[str, str]] = []
    for _, found in _outcomes(findings):
        if found.verdict == "not run":
            reasons.append((found.verdict, found.reason))
        elif found.verdict == "predicted":
            reasons.append((found.verdict, f"nothing was run, only {sides(found)}{_HINT}"))
    for verdict, reason in dict.fromkeys(reasons):
        number = reasons.count((verdict, reason))
        yield f"{verdict} ({number} finding{'' if number == 1 else 's'}): {clean(reason)}\n"


def counts(findings: Sequence[Finding]) -> str:
    """Return how many findings had each verdict, in one line."""
    verdicts = [finding.confirmation.verdict for finding in findings if finding.confirmation]
    without = len(findings) - len(verdicts)
    parts = [f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in verdicts]
    if without:
        parts.append(f"{without} without an experiment")
    return f"{', '.join(parts)}."


def _outcomes(findings: Iterable[Finding]) -> Iterator[tuple[Finding, Confirmation]]:
    for finding in findings:
        if finding.confirmation is not None:
            for found in (finding.confirmation, *finding.confirmation.others):
                yield finding, found
