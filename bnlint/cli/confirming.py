"""Carries out the experiments of a run's findings (``--confirm``), and says what came of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bnlint.cli.terminal import Progress
from bnlint.engine.result import Result
from bnlint.finding import Finding, Problem

if TYPE_CHECKING:
    from bnlint.confirm.pictures import Pictures


class Confirmed(NamedTuple):
    """The results with the outcome of each experiment.

    ``tried`` are all findings there were, refuted ones too; ``problems`` is what kept experiments
    from being run or shown.
    """

    results: list[Result]
    problems: Sequence[Problem] = ()
    tried: Sequence[Finding] = ()
    notices: Sequence[str] = ()


def confirm_results(results: Sequence[Result], parsed: argparse.Namespace) -> Confirmed:
    """Carry out the experiments that findings come with.

    ``parsed`` are the arguments of the command line: nothing that a file of the project says
    decides what is run.
    """
    from bnlint.confirm.interpreters import InterpreterError, interpreters, projects

    try:
        chosen = interpreters(parsed.interpreter, os.environ, parsed.paths)
    except InterpreterError as error:
        return Confirmed(list(results), [Problem(str(error))])
    from bnlint.confirm.pool import EACH, TOTAL, Pool
    from bnlint.confirm.verdicts import Laboratory, without_refuted

    findings = [finding for result in results for finding in result.findings]
    each, total = parsed.confirm_timeout or (EACH, TOTAL)
    # Starting a framework takes seconds.
    bar = Progress(len(findings), "confirming", "findings", at_once=True)
    linted = projects(parsed.paths)
    with Pool(chosen, each=each, total=total, linted=linted) as pool, bar:
        bar.advance(0)

        def ran(layers: int) -> None:
            bar.note(f"findings, {layers} layer{'' if layers == 1 else 's'} run")

        laboratory = Laboratory(pool, parsed.device or "auto", ran)
        confirmed = laboratory.confirm(findings, bar.advance)
        pictures = None
        if parsed.confirm_plot is not None:
            from bnlint.confirm.pictures import pictures_of

            pictures = pictures_of(confirmed, laboratory)
    problems, notices = _drawn(pictures, parsed.confirm_plot)
    done: list[Result] = []
    rest = iter(confirmed)
    for result in results:
        mine = [next(rest) for _ in result.findings]
        if parsed.only_confirmed:
            mine = without_refuted(mine)
        done.append(result._replace(findings=tuple(mine)))
    return Confirmed(done, problems, confirmed, notices)


def _drawn(pictures: Pictures | None, path: str) -> tuple[list[Problem], list[str]]:
    if pictures is None:
        return [], []
    from bnlint.output.plot import PlotError, plot

    try:
        drawn = plot(pictures, path)
    except PlotError as error:
        return [Problem(f"--confirm-plot: {error}")], []
    nothing = "not written: no experiment on running statistics or on eps was run"
    return [], [] if drawn else [f"{path}: {nothing}"]


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
