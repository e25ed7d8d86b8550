"""What ``check`` says of its results: reports to standard output and to files, and a summary."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bnlint import __version__
from bnlint.cli.plan import Plan
from bnlint.cli.prepare import Failed
from bnlint.cli.terminal import (
    CLEAN,
    FOUND,
    close,
    is_paged,
    say,
    wants_color,
    width_of,
    write,
)
from bnlint.config.options import FORMATS, Config, absolute
from bnlint.config.settings import Configs, idle_globs
from bnlint.config.spelling import toml
from bnlint.config.suggestions import suggested
from bnlint.engine.result import Result
from bnlint.files.display import current, displayed
from bnlint.files.tree import DISK
from bnlint.finding import SEVERITIES, Problem
from bnlint.running.discovery import Found, Notice
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TextIO

    from bnlint.finding import Finding
    from bnlint.output.report import Report

#: The formats for people, below which the summary may stand.
_FOR_PEOPLE = ("full", "grouped")
_WITH_SUMMARY = (*_FOR_PEOPLE, "concise")

#: What the environment calls the format to use.
FORMAT_VARIABLE = "BNLINT_OUTPUT_FORMAT"


class Outputs(NamedTuple):
    """Where reports go: the format that is printed on ``stream``, if one is, and those in files."""

    stream: TextIO
    printed: str | None
    files: tuple[tuple[str, str], ...]


def outputs_of(parsed: argparse.Namespace, config: Config, stream: TextIO, found: Found) -> Outputs:
    """Return which reports a run writes.

    Raises:
        Failed: two formats for one place, one in the environment that is none, or a report in the
            place of what is checked.
    """
    outputs = _outputs(parsed, config, stream)
    taken = {DISK.real(file.path) for file in found.files} if outputs.files else set()
    for _, name in outputs.files:
        path = DISK.real(absolute(name, current()))
        if path in taken:
            why = "a report would replace what is checked, or another report"
            raise Failed(Problem(f"{why}: write it to a file of its own", name))
        taken.add(path)
    return outputs


def _outputs(parsed: argparse.Namespace, config: Config, stream: TextIO) -> Outputs:
    given = list(parsed.output_format or ())
    printed = [name for name, file in given if file is None]
    files = [(name, file) for name, file in given if file is not None]
    if not given and os.environ.get(FORMAT_VARIABLE):
        name = os.environ[FORMAT_VARIABLE]
        if name not in FORMATS:
            why = f"no output format {name!r}{suggested(name, FORMATS)}"
            raise Failed(Problem(f"{FORMAT_VARIABLE}: {why}"))
        printed = [name]
    if len(printed) > 1:
        first, second = printed[:2]
        raise Failed(
            Problem(
                f"--output-format {first} and {second} both go to standard output: write one of "
                f"them to a file, {second}=FILE"
            )
        )
    usual = config.output_format or ("full" if stream.isatty() else "concise")
    if parsed.output_file is not None:
        name = printed[0] if printed else config.output_format or "concise"
        return Outputs(stream, None, ((name, parsed.output_file), *files))
    return Outputs(stream, printed[0] if printed else usual, tuple(files))


def report(
    parsed: argparse.Namespace,
    configs: Configs,
    found: Found,
    results: Sequence[Result],
    problems: Sequence[Problem],
    config: Config,
    plan: Plan,
    outputs: Outputs,
    paths: Mapping[str, str],
    tried: Sequence[Finding],
) -> int:
    """Print what remains, what came of the experiments on it, and return the exit code."""
    from bnlint.output import FormatError, remarks, report_of, summary

    made = report_of(results)
    stream, choice = outputs.stream, outputs.printed
    if not (plan.only or plan.diff):
        try:
            problems = [*problems, *_write_all(made, outputs, parsed, plan)]
        except FormatError as error:
            return close([Problem(str(error))])
    if tried and (parsed.confirm_report or not parsed.quiet):
        from bnlint.cli.confirming import closing_lines

        lines = closing_lines(
            tried, report=parsed.confirm_report, reasons=choice != "full",
            color=wants_color(sys.stderr), width=width_of(sys.stderr),
        )  # fmt: skip
        sys.stdout.flush()
        write(lines, sys.stderr)
    if not parsed.quiet:
        if plan.trials and made.fixed:
            say("--confirm tried what remains; without --fix or --diff it tries what they fix too")
        hidden = [*_hidden(plan, results)]
        notices = [*_notices(results), *_stale(plan, results, paths), *hidden]
        notices = [*found.notices, *_idle(found, configs), *notices]
        for notice in notices:
            say(notice.message, notice.path)
        if (choice is None or choice in _WITH_SUMMARY) and not parsed.statistics:
            line = summary(
                made, can_fix=True, unsafe_fixes=plan.unsafe, would_fix=plan.diff, fixing=plan.fix
            )
            paged = stream if choice in _FOR_PEOPLE and is_paged() else None
            # Who changes files asks for the changes alone.
            told = [] if plan.diff or plan.changes_files else [*remarks(made)]
            # A program is told how a run ends without findings only where nothing else is said.
            is_wanted = not hidden
            if not sys.stderr.isatty():
                is_wanted = not (told or notices or problems or plan.fix)
            if is_wanted or made.findings or made.fixed or made.suppressed:
                say(line, stream=paged)
            for line in told:
                say(line, stream=paged)
    code = close(problems)
    if code != CLEAN or parsed.exit_zero or plan.only:
        return code
    return FOUND if _fails(made, config) or (plan.diff and made.fixed) else CLEAN


def _fails(made: Report, config: Config) -> bool:
    """Tell whether a finding is of a severity at which the run is to fail."""
    if config.fail_on == "never":
        return False
    least = SEVERITIES.index(config.fail_on)
    return any(
        finding.severity not in SEVERITIES or SEVERITIES.index(finding.severity) <= least
        for finding in made.findings
    )


def _write_all(
    made: Report, outputs: Outputs, parsed: argparse.Namespace, plan: Plan
) -> Iterator[Problem]:
    """Write all reports; yield what could not be written.

    Raises:
        FormatError: a format cannot show what is asked for.
    """
    from bnlint.output import render

    def rendered(name: str, color: bool, width: int | None) -> Iterator[str]:
        return render(
            made, name, color=color, width=width, unsafe_fixes=plan.unsafe,
            statistics=parsed.statistics,
        )  # fmt: skip

    for name, file in outputs.files:
        pieces = list(rendered(name, False, None))
        try:
            with open(file, "w", encoding="utf-8", errors="backslashreplace", newline="") as target:
                target.writelines(pieces)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            yield Problem(f"cannot be written: {why or error}", file)
    if outputs.printed is not None:
        stream = outputs.stream
        write(rendered(outputs.printed, wants_color(stream), width_of(stream)), stream)


def tell_what_is_read(found: Found, configs: Configs, rules: int) -> None:
    """Say what a run reads, for who asks why it finds what it finds (``--verbose``)."""
    import platform

    say(f"bnlint {__version__} with Python {platform.python_version()}, {rules} rules")
    used: Counter[str] = Counter()
    for file in found.files:
        used[configs.of(file.path).file or "no configuration file"] += 1
    for name, number in sorted(used.items()):
        say(f"{name}: {number} file{'' if number == 1 else 's'}")


def record(
    plan: Plan, results: Sequence[Result], paths: Mapping[str, str], problems: list[Problem]
) -> int:
    """Write the baseline."""
    from bnlint.files.writing import WriteError
    from bnlint.fixing.baseline import write as write_baseline

    assert plan.record is not None
    shown = _shown(plan.record)
    checked = [(paths[result.path], result) for result in results]
    try:
        count = write_baseline(plan.record, checked, plan.baseline, {path for path, _ in checked})
    except WriteError as error:
        problems.append(Problem(f"cannot be written: {error}", shown))
    else:
        say(f"{count} finding{'' if count == 1 else 's'} recorded", shown)
    return close(problems)


def _stale(plan: Plan, results: Sequence[Result], paths: Mapping[str, str]) -> Iterator[Notice]:
    """Yield a notice for each entry of the baseline that is no longer found."""
    if plan.baseline is None:
        return
    from bnlint.fixing.baseline import stale

    checked = {paths[result.path]: result for result in results if result.path in paths}
    for path, (code, statement), count in stale(plan.baseline, checked):
        times = f" ({count} times)" if count > 1 else ""
        yield Notice(
            f"stale entry{times}: {code} is no longer found in {_shown(path)} at: {statement}; "
            "--write-baseline takes it out",
            _shown(plan.baseline.path),
        )


def _idle(found: Found, configs: Configs) -> Iterator[Notice]:
    """Yield a notice for each glob of the configurations in use that names no port at all."""
    configurations = {
        id(config): config for config in map(configs.of, (f.path for f in found.files))
    }
    for config in configurations.values():
        if config.ports:
            from bnlint.engine.packages import PACKAGES

            files = PACKAGES.files(f"{config.folder}/-")
            for number, pattern in idle_globs(config, files):
                key = f"port[{number}].paths"
                yield Notice(f"{key}: no Python file matches {toml(pattern)}", config.file)


def _hidden(plan: Plan, results: Sequence[Result]) -> Iterator[Notice]:
    """Yield a notice where nothing is shown since the baseline has all that was found."""
    number = sum(len(result.accepted) for result in results)
    if plan.baseline is not None and number and not any(result.findings for result in results):
        all_of = "the 1 finding is" if number == 1 else f"all {number} findings are"
        yield Notice(f"{all_of} recorded here, and not shown", _shown(plan.baseline.path))


def _shown(path: str) -> str:
    return displayed(path, current())


def _notices(results: Iterable[Result]) -> Iterator[Notice]:
    for result in results:
        for message in result.notices:
            yield Notice(message, result.path)
