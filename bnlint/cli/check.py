"""The command ``check``: findings, fixes, suppressions and baselines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

from bnlint.cli.plan import Plan, plan_of
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
)
from bnlint.cli.reporting import outputs_of, record, report, tell_what_is_read
from bnlint.cli.terminal import Progress, choose_color, close, say, write
from bnlint.config.options import Config, absolute
from bnlint.config.settings import Configs, excluded
from bnlint.engine.locating import located
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.tree import DISK, Overlay
from bnlint.finding import Problem
from bnlint.running.deciding import options_for, options_of
from bnlint.running.discovery import File, Found
from bnlint.running.memory import CACHE_FROM
from bnlint.running.treatment import treat
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.finding import Finding


def check(parsed: argparse.Namespace) -> int:
    """Report findings, and fix, suppress or record them where that is asked for."""
    begin()
    choose_color(parsed.color)
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
        plan = plan_of(parsed, config)
        # Where standard output has the text of a file or a diff, messages go beside it.
        aside = plan.diff or (STDIN in parsed.paths and plan.changes_files)
        stream = sys.stderr if aside else sys.stdout
        outputs = outputs_of(parsed, config, stream, found)
    except Failed as failed:
        return close(failed.problems)
    if parsed.verbose:
        tell_what_is_read(found, configs, len(rules))
    results, problems = _check_all(parsed, configs, rules, found, plan)
    if parsed.diff_base is not None:
        from bnlint.running.changes import ChangesError, since

        try:
            results = since(parsed.diff_base, results, found.files, configs, rules)
        except ChangesError as error:
            return close([*found.problems, *problems, Problem(f"--diff-base: {error}")])
    paths = {file.display: file.path for file in found.files}
    if plan.diff or plan.changes_files:
        results, more = _delivered(parsed, configs, rules, plan, results, paths)
        problems += more
    if plan.record is None and any(f.definition for r in results for f in r.findings):
        from bnlint.running.shared import gathered

        results = gathered(results, found.files, configs, rules)
    tried: Sequence[Finding] = ()
    if plan.trials:
        from bnlint.cli.confirming import confirm_results

        results, troubles, tried, remarks = confirm_results(results, parsed)
        problems += troubles
        for remark in remarks if not parsed.quiet else ():
            say(remark)
    problems = [*found.problems, *problems]
    if plan.record is not None:
        return record(plan, results, paths, problems)
    results = [located(result) for result in results]
    return report(parsed, configs, found, results, problems, config, plan, outputs, paths, tried)


def _check_all(
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    found: Found,
    plan: Plan,
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
    with Progress(len(found.files)) as progress:
        # Before anything is read: what one file was checked on counts for those that come after it.
        outcomes = _outcomes(parsed, configs, rules, found, plan, progress)
        if given is not None:
            try:
                results.append(_check_stdin(given, parsed, configs, rules, plan))
            except Failed as failed:
                problems += failed.problems
        for outcome in outcomes:
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                results.append(outcome)
    for result in results:
        problems += result.problems
    return results, problems


def _outcomes(
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    found: Found,
    plan: Plan,
    progress: Progress,
) -> Iterator[Result | Problem]:
    """Yield what comes of each file, by what is remembered of earlier runs where that pays."""
    few = len(found.files) < CACHE_FROM
    # The text of an editor, which other files may import, is on no disk that looks like anything.
    if few and not parsed.no_cache and STDIN not in parsed.paths:
        from bnlint.running.sightings import open_sightings, sighted

        sightings = open_sightings(parsed.cache_dir, cwd(), rules)
        if sightings is not None:
            return sighted(
                sightings, found.files, configs, rules, processes=parsed.jobs or None,
                advance=progress.advance, treatment_for=plan.treatment,
            )  # fmt: skip
    from bnlint.running.runner import run

    cache = None
    if not few and not parsed.no_cache:
        from bnlint.running.cache import open_cache

        cache = open_cache(parsed.cache_dir, cwd(), rules)
    return run(
        found.files, configs, rules, processes=parsed.jobs or None, advance=progress.advance,
        treatment_for=plan.treatment, cache=cache,
    )  # fmt: skip


def _check_stdin(
    data: bytes,
    parsed: argparse.Namespace,
    configs: Configs,
    rules: Sequence[LoadedRule],
    plan: Plan,
) -> Result:
    display = parsed.stdin_filename or STDIN
    path = absolute(display, cwd()) if parsed.stdin_filename else f"{cwd()}/-"
    config = config_of(path, configs)
    if parsed.stdin_filename and config.force_exclude and excluded(config, path):
        result = Result(display, ())
    else:
        problems: tuple[Problem, ...] = ()
        if parsed.stdin_filename:
            options, problems = options_of(data, File(path, display), config, rules)
        else:
            options = options_for(config, path, rules)._replace(folder=None)
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
    plan: Plan,
    results: Sequence[Result],
    paths: Mapping[str, str],
) -> tuple[list[Result], list[Problem]]:
    """Write what was changed; of a file that cannot be written, all that was found remains."""
    from bnlint.cli.delivery import deliver

    def unchanged(result: Result) -> Result:
        assert result.before is not None
        path = paths[result.path]
        config = configs.of(path)
        options, _ = options_of(result.before, File(path, result.path), config, rules)
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


def _show_settings(found: Found, configs: Configs) -> int:
    shown: dict[int, Config] = {}
    for file in found.files:
        config = configs.of(file.path)
        shown.setdefault(id(config), config)
    if not shown and not found.problems:
        config = config_of(f"{cwd()}/-", configs)
        shown[id(config)] = config
    from bnlint.config.shown import show

    write("\n".join(show(config) for config in shown.values()))
    from bnlint.cli.listings import references
    from bnlint.output import render_references

    bases, problems = references(found, configs)
    if bases:
        write(["\n"])
        told = "".join(render_references(bases, "text"))
        write(f"# {line}".rstrip() + "\n" for line in told.splitlines())
    return close([*found.problems, *problems])
