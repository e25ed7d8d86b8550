"""The command ``check``: findings, fixes, suppressions and baselines."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bnlint.cli.prepare import (
    STDIN,
    Failed,
    begin,
    config_of,
    configs_of,
    cwd,
    find,
    rules_of_run,
    stdin,
    wants_trials,
)
from bnlint.cli.terminal import (
    CLEAN,
    FOUND,
    Progress,
    close,
    say,
    say_summary,
    wants_color,
    width_of,
    write,
)
from bnlint.config.options import Config, absolute
from bnlint.config.settings import Configs, excluded, idle_globs, show
from bnlint.config.spelling import toml
from bnlint.engine.linter import Result
from bnlint.engine.packages import PACKAGES
from bnlint.engine.registry import LoadedRule
from bnlint.files.tree import DISK, Overlay
from bnlint.finding import Problem
from bnlint.running.discovery import NOTEBOOK, File, Found, Notice
from bnlint.running.runner import CACHE_FROM, default_processes, options_for, run, with_references
from bnlint.running.treatment import Treatment, treat
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.finding import Finding
    from bnlint.fixing.baseline import Baseline
    from bnlint.running.cache import Cache


class _Plan(NamedTuple):
    """What a run does beyond checking: ``baseline`` is in use, ``record`` is the one to write."""

    fix: bool
    diff: bool
    only: bool
    unsafe: bool
    reason: str | None
    baseline: Baseline | None
    record: str | None
    trials: bool

    @property
    def changes_files(self) -> bool:
        """Whether files are written."""
        return (self.fix and not self.diff) or self.reason is not None

    def treatment(self, path: str, config: Config) -> Treatment:
        """Return what to do with the file at the absolute ``path``."""
        accepted = self.baseline.files.get(path, {}) if self.baseline is not None else {}
        return Treatment(
            self.fix,
            config.unsafe_fixes,
            accepted if self.record is None else {},
            self.reason,
            self.trials,
        )


def check(parsed: argparse.Namespace) -> int:
    """Report findings, and fix, suppress or record them where that is asked for."""
    begin()
    try:
        rules = rules_of_run()
        configs = configs_of(parsed, rules)
        found = find(parsed, configs)
        if parsed.show_files:
            write(f"{file.display}\n" for file in found.files)
            return close(found.problems)
        if parsed.show_settings:
            return _show_settings(found, configs)
        config = config_of(f"{cwd()}/-", configs)
        plan = _plan(parsed, config)
    except Failed as failed:
        return close(failed.problems)
    results, problems = _check_all(parsed, configs, rules, found, plan)
    paths = {file.display: file.path for file in found.files}
    if plan.diff or plan.changes_files:
        results, more = _delivered(parsed, configs, rules, plan, results, paths)
        problems += more
    tried: Sequence[Finding] = ()
    if plan.trials:
        from bnlint.cli.confirming import confirm_results

        results, troubles, tried, remarks = confirm_results(results, parsed)
        problems += troubles
        for remark in remarks if not parsed.quiet else ():
            say(remark)
    problems = [*found.problems, *problems]
    if plan.record is not None:
        return _record(plan, results, paths, problems)
    return _report(parsed, configs, found, results, problems, config, plan, paths, tried)


def _plan(parsed: argparse.Namespace, config: Config) -> _Plan:
    """Return what the run is to do.

    Raises:
        Failed: what is asked for does not go together, or the baseline cannot be used.
    """
    trials = wants_trials(parsed)
    fix = config.fix or parsed.diff or parsed.fix_only
    asked = parsed.fix or parsed.diff or parsed.fix_only
    if parsed.add_ignore is not None:
        if asked:
            raise Failed(Problem("--add-ignore suppresses what --fix would fix: choose one"))
        if os.path.lexists(parsed.add_ignore):  # else everything below '.' would be suppressed
            raise Failed(
                Problem(f"--add-ignore=REASON needs a reason, and {parsed.add_ignore} is a path")
            )
        fix = False
    if parsed.write_baseline:
        if asked or parsed.add_ignore is not None:
            raise Failed(Problem("--write-baseline records what is found: it changes no files"))
        if config.baseline is None:
            raise Failed(Problem("--write-baseline needs --baseline FILE to say where"))
        if STDIN in parsed.paths:
            raise Failed(Problem("--write-baseline records files, and '-' is none"))
        fix = False
    baseline = None
    if config.baseline is not None and (
        not parsed.write_baseline or os.path.lexists(config.baseline)
    ):
        from bnlint.fixing.baseline import BaselineError, load

        try:
            baseline = load(config.baseline)
        except BaselineError as error:
            raise Failed(Problem(str(error), _shown(config.baseline))) from None
    return _Plan(
        fix,
        parsed.diff,
        parsed.fix_only,
        config.unsafe_fixes,
        parsed.add_ignore,
        baseline,
        config.baseline if parsed.write_baseline else None,
        trials,
    )


def _check_all(
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    found: Found,
    plan: _Plan,
) -> tuple[list[Result], list[Problem]]:
    results: list[Result] = []
    problems: list[Problem] = []
    given: bytes | None = None
    if STDIN in parsed.paths:
        try:
            given = stdin()
        except Failed as failed:
            problems += failed.problems
    if given is not None and parsed.stdin_filename:
        # Other files that import this one see it as it is in the editor.
        begin(Overlay(DISK, {absolute(parsed.stdin_filename, cwd()): given}))
    # Before anything is read: what one file was checked on counts for those that come after it.
    cache = _cache(parsed, rules, found)
    if given is not None:
        try:
            results.append(_check_stdin(given, parsed, configs, rules, plan))
        except Failed as failed:
            problems += failed.problems
    processes = parsed.jobs or default_processes()
    with Progress(len(found.files)) as progress:
        for outcome in run(
            found.files, configs, rules, processes=processes, advance=progress.advance,
            treatment_for=plan.treatment, cache=cache,
        ):  # fmt: skip
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                results.append(outcome)
    for result in results:
        problems += result.problems
    return results, problems


def _cache(parsed: argparse.Namespace, rules: Sequence[LoadedRule], found: Found) -> Cache | None:
    """Return what is remembered of earlier runs, where that is wanted and pays."""
    if parsed.no_cache:
        return None
    if len(found.files) < CACHE_FROM:
        return None
    from bnlint.running.cache import open_cache

    return open_cache(parsed.cache_dir, cwd(), rules)


def _check_stdin(
    data: bytes,
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    plan: _Plan,
) -> Result:
    display = parsed.stdin_filename or STDIN
    path = absolute(display, cwd()) if parsed.stdin_filename else f"{cwd()}/-"
    config = config_of(path, configs)
    if parsed.stdin_filename and config.force_exclude and excluded(config, path):
        result = Result(display, ())
    elif display.endswith(".ipynb"):
        result = Result(display, (), notices=(NOTEBOOK,))
    else:
        options = options_for(config, path, rules)
        problems: tuple[Problem, ...] = ()
        if parsed.stdin_filename:
            text = data.decode("utf-8", "replace")
            options, problems = with_references(options, config, File(path, display), text)
        else:
            options = options._replace(folder=None)
        result = treat(data, display, rules, options, plan.treatment(path, config))
        result = result._replace(problems=(*problems, *result.problems))
    if plan.fix or plan.reason is not None:  # what is not changed is passed on as it came
        after = result.after if result.after is not None else data
        result = result._replace(before=data, after=after)
    return result


def _delivered(
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    plan: _Plan,
    results: Sequence[Result],
    paths: Mapping[str, str],
) -> tuple[list[Result], list[Problem]]:
    """Write what was changed; of a file that cannot be written, all that was found remains."""
    from bnlint.cli.delivery import deliver

    def unchanged(result: Result) -> Result:
        assert result.before is not None
        path = paths[result.path]
        config = configs.of(path)
        text = result.before.decode("utf-8", "replace")
        options = options_for(config, path, rules)
        options, _ = with_references(options, config, File(path, result.path), text)
        treatment = plan.treatment(path, config)._replace(fix=False, reason=None)
        return treat(result.before, result.path, rules, options, treatment)

    delivered, problems = deliver(
        results, paths, unchanged, diff=plan.diff, follow_symlinks=parsed.follow_symlinks,
        refusal="not fixed" if plan.reason is None else "not suppressed",
    )  # fmt: skip
    if STDIN in parsed.paths and not plan.diff:
        _echo(delivered, parsed)
    return delivered, problems


def _echo(results: Sequence[Result], parsed: argparse.Namespace) -> None:
    """Write the fixed text of standard input to standard output."""
    name = parsed.stdin_filename or STDIN
    for result in results:
        if result.path == name and result.after is not None:
            sys.stdout.flush()
            sys.stdout.buffer.write(result.after)
            sys.stdout.buffer.flush()
            return


def _report(
    parsed: argparse.Namespace,
    configs: Configs,
    found: Found,
    results: Sequence[Result],
    problems: Sequence[Problem],
    config: Config,
    plan: _Plan,
    paths: Mapping[str, str],
    tried: Sequence[Finding],
) -> int:
    """Print what remains, what came of the experiments on it, and return the exit code."""
    from bnlint.output import FormatError, Report, remarks, render, summary

    findings = [finding for result in results for finding in result.findings]
    report = Report(
        tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        {result.path: result.text for result in results if result.text is not None},
        files=len(results),
        fixed=sum(len(result.fixed) for result in results),
        suppressed=sum(result.suppressed for result in results),
        uncompared=sum(result.uncompared for result in results),
        offers=tuple(sorted({offer for result in results for offer in result.offers})),
        hints=Counter(hint for result in results for hint in result.hints),
        unlisted=Counter(unlisted for result in results for unlisted in result.unlisted),
    )
    # Where standard output has the text of a file or a diff, messages go beside it.
    aside = plan.diff or (STDIN in parsed.paths and plan.changes_files)
    stream = sys.stderr if aside else sys.stdout
    choice = parsed.output_format or config.output_format
    choice = choice or ("full" if stream.isatty() else "concise")
    if not (plan.only or plan.diff):
        try:
            lines = render(
                report, choice, color=wants_color(stream), width=width_of(stream),
                unsafe_fixes=plan.unsafe, statistics=parsed.statistics,
            )  # fmt: skip
            write(lines, stream)
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
        if plan.trials and report.fixed:
            say("--confirm tried what remains; without --fix or --diff it tries what they fix too")
        notices = [*_notices(results), *_stale(plan, results, paths), *_hidden(plan, results)]
        for notice in [*found.notices, *_idle(found, configs), *notices]:
            say(notice.message, notice.path)
        if choice not in ("json", "github") and not parsed.statistics:
            line = summary(
                report, can_fix=True, unsafe_fixes=plan.unsafe, would_fix=plan.diff,
                fixing=plan.fix,
            )  # fmt: skip
            say_summary(line, bool(findings) or bool(report.fixed) or bool(report.suppressed))
            # Who changes files asks for the changes alone.
            for line in () if plan.diff or plan.changes_files else remarks(report):
                say(line)
    code = close(problems)
    if code != CLEAN or parsed.exit_zero or plan.only:
        return code
    return FOUND if findings or (plan.diff and report.fixed) else CLEAN


def _record(
    plan: _Plan, results: Sequence[Result], paths: Mapping[str, str], problems: list[Problem]
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


def _stale(plan: _Plan, results: Sequence[Result], paths: Mapping[str, str]) -> Iterator[Notice]:
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
            files = PACKAGES.files(f"{config.folder}/-")
            for number, pattern in idle_globs(config, files):
                key = f"port[{number}].paths"
                yield Notice(f"{key}: no Python file matches {toml(pattern)}", config.file)


def _hidden(plan: _Plan, results: Sequence[Result]) -> Iterator[Notice]:
    """Yield a notice where nothing is shown since the baseline has all that was found."""
    number = sum(len(result.accepted) for result in results)
    if plan.baseline is not None and number and not any(result.findings for result in results):
        all_of = "the 1 finding is" if number == 1 else f"all {number} findings are"
        yield Notice(f"{all_of} recorded here, and not shown", _shown(plan.baseline.path))


def _shown(path: str) -> str:
    from bnlint.files.display import displayed

    return displayed(path, cwd())


def _notices(results: Iterable[Result]) -> Iterator[Notice]:
    for result in results:
        for message in result.notices:
            yield Notice(message, result.path)


def _show_settings(found: Found, configs: Configs) -> int:
    shown: dict[int, Config] = {}
    for file in found.files:
        config = configs.of(file.path)
        shown.setdefault(id(config), config)
    if not shown and not found.problems:
        config = config_of(f"{cwd()}/-", configs)
        shown[id(config)] = config
    write("\n".join(show(config) for config in shown.values()))
    from bnlint.cli.listings import references
    from bnlint.output import render_references

    bases, problems = references(found, configs)
    if bases:
        write(["\n"])
        told = "".join(render_references(bases, "text"))
        write(f"# {line}".rstrip() + "\n" for line in told.splitlines())
    return close([*found.problems, *problems])
