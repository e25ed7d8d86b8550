"""``--confirm``: experiments for the findings of a run, and what is shown of them beyond a line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnlint.finding import Finding, Problem
from bnlint.linter import Result
from bnlint.terminal import Progress, say, wants_color, width_of

if TYPE_CHECKING:
    from bnlint.confirm.pictures import Pictures


def confirm_results(
    results: Sequence[Result], parsed: argparse.Namespace
) -> tuple[list[Result], list[Problem]]:
    """Return the results with the outcome of each experiment, and what kept it from being shown.

    ``parsed`` are the arguments of the command line: nothing that a file of the project says
    decides what is run.
    """
    from bnlint.confirm.interpreters import InterpreterError, interpreters

    try:
        chosen = interpreters(parsed.interpreter, os.environ)
    except InterpreterError as error:
        return list(results), [Problem(str(error))]
    from bnlint.confirm.pool import Pool
    from bnlint.confirm.verdicts import Laboratory, without_refuted

    findings = [finding for result in results for finding in result.findings]
    each, total = parsed.confirm_timeout
    bar = Progress(len(findings), "confirming", "findings")
    with Pool(chosen, each=each, total=total) as pool, bar:
        laboratory = Laboratory(pool, parsed.device)
        confirmed = laboratory.confirm(findings, bar.advance)
        pictures = None
        if parsed.confirm_plot is not None:
            from bnlint.confirm.pictures import pictures_of

            pictures = pictures_of(confirmed, laboratory)
    if findings and not parsed.confirm_report and not parsed.quiet:
        from bnlint.output.confirmations import counts

        say(f"Experiments: {counts(confirmed)}")
    problems = _extras(confirmed, pictures, parsed)
    done: list[Result] = []
    rest = iter(confirmed)
    for result in results:
        mine = [next(rest) for _ in result.findings]
        if parsed.only_confirmed:
            mine = without_refuted(mine)
        done.append(result._replace(findings=tuple(mine)))
    return done, problems


def _extras(
    findings: Sequence[Finding], pictures: Pictures | None, parsed: argparse.Namespace
) -> list[Problem]:
    if parsed.confirm_report:
        from bnlint.output.confirmations import table

        stream = sys.stderr
        sys.stdout.flush()
        for line in table(findings, color=wants_color(stream), width=width_of(stream)):
            stream.write(line)
    if pictures is None:
        return []
    from bnlint.output.plot import PlotError, plot

    try:
        plot(pictures, parsed.confirm_plot)
    except PlotError as error:
        return [Problem(str(error), parsed.confirm_plot)]
    return []
