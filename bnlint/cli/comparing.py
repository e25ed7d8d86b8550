"""The command ``compare``: a port beside its reference, and what to write to make them agree."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnlint.cli.prepare import (
    Failed,
    begin,
    cwd,
    family_named,
    paths_of,
    rules_of_run,
    wants_trials,
)
from bnlint.cli.terminal import CLEAN, FOUND, close, say, wants_color, width_of, write
from bnlint.config.options import absolute
from bnlint.finding import Finding, Problem

if TYPE_CHECKING:
    from bnlint.engine.registry import LoadedRule
    from bnlint.porting.compare import Comparison, Input


def compare(parsed: argparse.Namespace) -> int:
    """Compare the layers of a port with those of its reference."""
    from bnlint.output import Report, render, render_comparison, summary
    from bnlint.output.comparison import without_layers
    from bnlint.porting.compare import compare as compare_sides
    from bnlint.porting.sides import as_shown, named

    begin()
    try:
        rules_ = rules_of_run()
        family = None if parsed.from_family is None else family_named(parsed.from_family)
        trials = wants_trials(parsed)
        reference, port = (_side(name, parsed.python) for name in (parsed.reference, parsed.port))
    except Failed as failed:
        return close(failed.problems)
    chosen = None if parsed.select is None else _selected(parsed.select, rules_)
    if isinstance(chosen, Problem):
        return close([chosen])
    if parsed.fix or parsed.diff:
        return _fixed(parsed, reference, port, rules_, chosen, family)
    found = compare_sides(
        reference,
        port,
        rules_,
        chosen,
        family,
        names=parsed.output_format == "json",
        trials=trials,
    )
    found = named(found, cwd())
    nothing = without_layers(found, ((parsed.reference, reference), (parsed.port, port)))
    if nothing is not None:
        return close([nothing])
    tried: Sequence[Finding] = ()
    if trials:
        found, tried = _confirmed(found, parsed)
    found = as_shown(found, {item.path: item.data for item in (*reference, *port)})
    color, width = wants_color(sys.stdout), width_of(sys.stdout)
    choice = parsed.output_format
    if choice == "table" and not parsed.all:
        choice = "differences"
    write(render_comparison(found, choice, color=color, width=width))
    if parsed.output_format == "table" and found.findings:
        report = Report(found.findings, found.texts, len(port))
        choice = "full" if sys.stdout.isatty() else "concise"
        write(["\n"])
        write(render(report, choice, color=color, width=width))
        say(summary(report))
    if tried and parsed.output_format == "table":
        from bnlint.cli.confirming import closing_lines

        write(closing_lines(
            tried, report=parsed.confirm_report, reasons=not sys.stdout.isatty(), color=color,
            width=width,
        ))  # fmt: skip
    code = close(found.problems)
    if code != CLEAN or parsed.exit_zero:
        return code
    return FOUND if found.findings else CLEAN


def _confirmed(
    found: Comparison, parsed: argparse.Namespace
) -> tuple[Comparison, Sequence[Finding]]:
    """Carry out the experiments of the findings of a comparison; return them all as well."""
    from bnlint.cli.confirming import confirm_results
    from bnlint.engine.result import Result

    # What is linted here are both sides: nothing of their environment is run.
    parsed.paths = [name.partition("::")[0] for name in (parsed.reference, parsed.port)]
    results, problems, tried, notices = confirm_results([Result("", found.findings)], parsed)
    for notice in notices:
        say(notice)
    findings = tuple(finding for result in results for finding in result.findings)
    return found._replace(findings=findings, problems=(*found.problems, *problems)), tried


def _fixed(
    parsed: argparse.Namespace,
    reference: Sequence[Input],
    port: Sequence[Input],
    rules: Sequence[LoadedRule],
    chosen: frozenset[str] | None,
    family: str | None,
) -> int:
    """Fix a port, or print what would be changed: one file on each side, and all of the port's."""
    from bnlint.cli.delivery import deliver
    from bnlint.engine.facts import ReferenceFile
    from bnlint.engine.locating import located, texts_of
    from bnlint.engine.options import Options
    from bnlint.engine.result import Result
    from bnlint.output import Report, render, summary
    from bnlint.porting.compare import comparing_codes
    from bnlint.running.treatment import Treatment, treat

    if len(reference) != 1 or len(port) != 1 or port[0].part:
        return close([Problem("--fix and --diff go with one file on each side, all of the port's")])
    theirs, mine = reference[0], port[0]
    codes = comparing_codes(rules) if chosen is None else chosen
    named = ReferenceFile(theirs.path, theirs.data, theirs.part, theirs.folder)
    options = Options(
        codes,
        codes,
        from_family=family,
        folder=mine.folder,
        references=(named,),
        wrappers=mine.wrappers,
    )

    def unchanged(_: Result) -> Result:
        return treat(mine.data, mine.path, rules, options, Treatment())

    treatment = Treatment(fix=True, unsafe=parsed.unsafe_fixes)
    result = treat(mine.data, mine.path, rules, options, treatment)
    paths = {mine.path: absolute(mine.path, cwd())}
    (result,), problems = deliver(
        [result], paths, unchanged, diff=parsed.diff, follow_symlinks=False, refusal="not fixed"
    )
    result = located(result)
    report = Report(result.findings, texts_of([result]), 1, len(result.fixed))
    if not parsed.diff:
        color, width = wants_color(sys.stdout), width_of(sys.stdout)
        choice = "full" if sys.stdout.isatty() else "concise"
        write(render(report, choice, color=color, width=width))
    say(summary(report, would_fix=parsed.diff, fixing=True))
    code = close([*result.problems, *problems])
    if code != CLEAN or parsed.exit_zero:
        return code
    return FOUND if result.findings or (parsed.diff and result.fixed) else CLEAN


def _selected(selectors: Sequence[str], rules: Sequence[LoadedRule]) -> frozenset[str] | Problem:
    """Return the codes of the rules that selectors name."""
    from bnlint.config.options import Config, Selection
    from bnlint.config.selection import check_selectors, selected

    config = Config(chosen_on_command_line=Selection(select=tuple(selectors)))
    mistakes = check_selectors(config, rules)
    if mistakes:
        return mistakes[0].problem
    return frozenset(selected(config, rules))


def _side(name: str, python: str | None) -> list[Input]:
    """Return the files that one side of a comparison consists of.

    Raises:
        Failed: there is nothing to read.
    """
    from bnlint.porting.sides import SideError, side

    try:
        return side(name, cwd(), paths_of(python))
    except SideError as error:
        raise Failed(*error.problems) from None
