"""``--confirm``: experiments for the findings of a run, and what is shown of them beyond a line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bnlint.finding import Finding, Problem
from bnlint.linter import Result
from bnlint.terminal import Progress

if TYPE_CHECKING:
    from bnlint.confirm.pictures import Pictures


def confirm_results(
    results: Sequence[Result], parsed: argparse.Namespace
) -> tuple[list[Result], list[Problem], Sequence[Finding]]:
    """Return the results with the outcome of each experiment, and what kept it from being shown.

    The findings that come third are all there were, refuted ones too.

    ``parsed`` are the arguments of the command line: nothing that a file of the project says
    decides what is run.
    """
    from bnlint.confirm.interpreters import InterpreterError, interpreters

    try:
        chosen = interpreters(parsed.interpreter, os.environ, parsed.paths)
    except InterpreterError as error:
        return list(results), [Problem(str(error))], ()
    from bnlint.confirm.pool import EACH, TOTAL, Pool
    from bnlint.confirm.verdicts import Laboratory, without_refuted

    findings = [finding for result in results for finding in result.findings]
    each, total = parsed.confirm_timeout or (EACH, TOTAL)
    bar = Progress(len(findings), "confirming", "findings")
    with Pool(chosen, each=each, total=total) as pool, bar:
        laboratory = Laboratory(pool, parsed.device or "auto")
        confirmed = laboratory.confirm(findings, bar.advance)
        pictures = None
        if parsed.confirm_plot is not None:
            from bnlint.confirm.pictures import pictures_of

            pictures = pictures_of(confirmed, laboratory)
    problems = _drawn(pictures, parsed.confirm_plot)
    done: list[Result] = []
    rest = iter(confirmed)
    for result in results:
        mine = [next(rest) for _ in result.findings]
        if parsed.only_confirmed:
            mine = without_refuted(mine)
        done.append(result._replace(findings=tuple(mine)))
    return done, problems, confirmed


def _drawn(pictures: Pictures | None, path: str) -> list[Problem]:
    if pictures is None:
        return []
    from bnlint.output.plot import PlotError, plot

    try:
        plot(pictures, path)
    except PlotError as error:
        return [Problem(str(error), path)]
    return []


def closing_lines(
    findings: Sequence[Finding], *, report: bool, reasons: bool, color: bool, width: int | None
) -> Iterator[str]:
    """Yield what is said of all experiments below the findings.

    ``report``: a table of them; ``reasons``: why some were not run, where no finding says so.
    """
    from bnlint.output.confirmations import counts, table, why_not_run

    if report:
        yield from table(findings, color=color, width=width)
    elif reasons:
        yield from why_not_run(findings)
    if findings:
        yield f"Experiments: {counts(findings)}\n"
