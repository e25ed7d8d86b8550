"""What each command does: parsed arguments to calls of the engine, results to an exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from bnlint.config import (
    ConfigError,
    Configs,
    Given,
    Selection,
    check_families,
    check_selectors,
    excluded,
    show,
)
from bnlint.files import NOTEBOOK, File, Found, Notice, walk
from bnlint.finding import Problem
from bnlint.frameworks.tables import catalogue
from bnlint.linter import Result
from bnlint.linter import check as check_bytes
from bnlint.options import Config, Mistake, absolute, suggestion
from bnlint.registry import LoadedRule, RegistryError, load_rules
from bnlint.runner import default_processes, options_for, run

CLEAN, FOUND, FAILED = 0, 1, 2

STDIN = "-"


class _Failed(Exception):  # noqa: N818  # carries problems to the exit, is no error of its own
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


# ---------------------------------------------------------------------------------- check


def check(parsed: argparse.Namespace) -> int:
    """Report findings."""
    try:
        rules = _rules()
        configs = _configs(parsed, rules, _given(parsed))
        found = _find(parsed, configs)
        if parsed.show_files:
            _write(f"{file.display}\n" for file in found.files)
            return _close(found.problems)
        if parsed.show_settings:
            return _show_settings(found, configs)
        output_format = parsed.output_format or _config_of(f"{_cwd()}/-", configs).output_format
    except _Failed as failed:
        return _close(failed.problems)
    from bnlint.output import FormatError, Report, render, summary

    results, problems = _check_all(parsed, configs, rules, found)
    findings = [finding for result in results for finding in result.findings]
    report = Report(
        tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        {result.path: result.text for result in results if result.text is not None},
        files=len(results),
    )
    choice = output_format or ("full" if sys.stdout.isatty() else "concise")
    try:
        _write(
            render(
                report,
                choice,
                color=_color(sys.stdout),
                width=_width(sys.stdout),
                statistics=parsed.statistics,
            )
        )
    except FormatError as error:
        return _close([Problem(str(error))])
    if not parsed.quiet:
        for notice in [*found.notices, *_notices(results)]:
            _say(notice.message, notice.path)
        if choice not in ("json", "github") and not parsed.statistics:
            _say_summary(summary(report), bool(findings))
        _hint(parsed, results)
    problems = [*found.problems, *problems]
    code = _close(problems)
    if code != CLEAN:
        return code
    return FOUND if findings and not parsed.exit_zero else CLEAN


def _check_all(
    parsed: argparse.Namespace, configs: Configs, rules: Sequence[LoadedRule], found: Found
) -> tuple[list[Result], list[Problem]]:
    results: list[Result] = []
    problems: list[Problem] = []
    if STDIN in parsed.paths:
        try:
            results.append(_check_stdin(parsed, configs, rules))
        except _Failed as failed:
            problems += failed.problems
    processes = parsed.jobs or default_processes()
    with _Progress(len(found.files)) as progress:
        for outcome in run(
            found.files, configs, rules, processes=processes, advance=progress.advance
        ):
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                results.append(outcome)
    for result in results:
        problems += result.problems
    return results, problems


def _check_stdin(
    parsed: argparse.Namespace, configs: Configs, rules: Sequence[LoadedRule]
) -> Result:
    display = parsed.stdin_filename or STDIN
    path = absolute(display, _cwd()) if parsed.stdin_filename else f"{_cwd()}/-"
    config = _config_of(path, configs)
    if parsed.stdin_filename and config.force_exclude and excluded(config, path):
        return Result(display, ())
    if display.endswith(".ipynb"):
        return Result(display, (), notices=(NOTEBOOK,))
    options = options_for(config, path, rules)
    if not parsed.stdin_filename:
        options = options._replace(folder=None)
    return check_bytes(_stdin(), display, rules, options)


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
        config = _config_of(f"{_cwd()}/-", configs)
        shown[id(config)] = config
    _write("\n".join(show(config) for config in shown.values()))
    return _close(found.problems)


def _hint(parsed: argparse.Namespace, results: Sequence[Result]) -> None:
    """Say once, to a person at a terminal, what ``--from`` would add."""
    person = sys.stdout.isatty() and sys.stderr.isatty()
    if not person or any(name in os.environ for name in ("CI", "PRE_COMMIT")):
        return
    if parsed.source is None and any(result.undeclared for result in results):
        where = " ".join(parsed.paths) or "."
        _say(
            "hint: was this ported from another framework? "
            f"'bnlint --from keras {where}' (or tensorflow, slim, mindspore, torch) compares "
            "defaults with that framework's",
        )


# ---------------------------------------------------------------------------------- sites


def sites(parsed: argparse.Namespace) -> int:
    """List every batch normalisation call."""
    from bnlint.files import read
    from bnlint.inventory import SiteRow, rows
    from bnlint.linter import facts_of
    from bnlint.output import render_sites

    try:
        configs = _configs(parsed, _rules(), _given(parsed))
        found = _find(parsed, configs)
    except _Failed as failed:
        return _close(failed.problems)
    listed: list[SiteRow] = []
    problems = list(found.problems)
    sources: list[tuple[str, bytes]] = []
    notices = list(found.notices)
    if STDIN in parsed.paths:
        display = parsed.stdin_filename or STDIN
        if display.endswith(".ipynb"):
            notices.append(Notice(NOTEBOOK, display))
        else:
            try:
                sources.append((display, _stdin()))
            except _Failed as failed:
                problems += failed.problems
    for file in found.files:
        data = read(file)
        if isinstance(data, Problem):
            problems.append(data)
        else:
            sources.append((file.display, data))
    for display, data in sources:
        facts = facts_of(data, display)
        if isinstance(facts, Problem):
            problems.append(facts)
        elif facts is not None:
            listed += rows(facts)
    choice = parsed.output_format or ("table" if sys.stdout.isatty() else "concise")
    _write(render_sites(listed, choice, color=_color(sys.stdout), width=_width(sys.stdout)))
    for notice in notices:
        _say(notice.message, notice.path)
    return _close(problems)


# ---------------------------------------------------------------------------------- the rest


def explain(parsed: argparse.Namespace) -> int:
    """Explain a rule."""
    from bnlint.output import render_rule

    try:
        rules = _rules()
    except _Failed as failed:
        return _close(failed.problems)
    wanted = parsed.rule
    for loaded in rules:
        if wanted.upper() == loaded.code or wanted.lower() == loaded.name:
            _write(render_rule(loaded, color=_color(sys.stdout), width=_width(sys.stdout)))
            return CLEAN
    known = [word for loaded in rules for word in (loaded.code, loaded.name)]
    hint = suggestion(wanted, known) or "; 'bnlint rules' lists them"
    return _close([Problem(f"there is no rule {wanted}{hint}")])


def rules(parsed: argparse.Namespace) -> int:
    """List the rules."""
    from bnlint.output import render_rules

    try:
        loaded = _rules()
    except _Failed as failed:
        return _close(failed.problems)
    _write(
        render_rules(
            loaded, parsed.output_format, color=_color(sys.stdout), width=_width(sys.stdout)
        )
    )
    return CLEAN


def frameworks(parsed: argparse.Namespace) -> int:
    """List the framework tables, or compare them with what is installed."""
    from bnlint.output import render_drift, render_frameworks

    color, width = _color(sys.stdout), _width(sys.stdout)
    if not parsed.check:
        if parsed.interpreter is not None:
            return _close([Problem("--interpreter goes with --check")])
        tables = catalogue()
        loaded = tables.load(tables.families)
        _write(render_frameworks(loaded, parsed.output_format, color=color, width=width))
        return CLEAN
    from bnlint.confirm.drift import check_installed

    try:
        drift = check_installed(parsed.interpreter)
    except OSError as error:
        return _close([Problem(f"cannot be run: {error.strerror or error}", parsed.interpreter)])
    _write(render_drift(drift, parsed.output_format, color=color, width=width))
    if not any(row.status in ("agrees", "differs") for row in drift):
        return _close([Problem("nothing was compared: no framework could be run")])
    return FOUND if any(row.status == "differs" for row in drift) else CLEAN


def translate(parsed: argparse.Namespace) -> int:
    """Translate one constructor call to other frameworks."""
    from bnlint.output import render_translations
    from bnlint.translate import TranslateError
    from bnlint.translate import translate as translate_call

    known = catalogue().families
    wanted = [*parsed.to, *([parsed.source] if parsed.source is not None else [])]
    for family in wanted:
        if family not in known:
            message = f"unknown framework {family}; accepted are {', '.join(known)}"
            return _close([Problem(message)])
    try:
        found = translate_call(parsed.call, parsed.source, parsed.to)
    except TranslateError as error:
        return _close([Problem(str(error))])
    _write(
        render_translations(
            found, parsed.output_format, color=_color(sys.stdout), width=_width(sys.stdout)
        )
    )
    return CLEAN


# ---------------------------------------------------------------------------------- shared


def _rules() -> tuple[LoadedRule, ...]:
    try:
        return load_rules()
    except RegistryError as error:
        raise _Failed(Problem(str(error))) from None


def _given(parsed: argparse.Namespace) -> Given:
    """Return what the command line says, in the form the configuration takes it."""
    arguments = vars(parsed)
    select = arguments.get("select")
    ignores = arguments.get("per_file_ignores")
    exclude = arguments.get("exclude")
    return Given(
        selection=Selection(
            select=tuple(select) if select is not None else None,
            extend_select=tuple(arguments.get("extend_select") or ()),
            ignore=tuple(arguments.get("ignore") or ()),
        ),
        per_file_ignores=tuple(ignores) if ignores is not None else None,
        min_confidence=arguments.get("min_confidence"),
        from_family=arguments.get("source"),
        exclude=tuple(exclude) if exclude is not None else None,
        extend_exclude=tuple(arguments.get("extend_exclude") or ()),
        force_exclude=arguments.get("force_exclude"),
        respect_gitignore=arguments.get("respect_gitignore"),
        output_format=None,
    )


def _configs(parsed: argparse.Namespace, loaded: Sequence[LoadedRule], given: Given) -> Configs:
    families = catalogue().families

    def check_config(config: Config) -> Iterator[Mistake]:
        yield from check_selectors(config, loaded)
        yield from check_families(config, families)

    try:
        configs = Configs(
            _cwd(), file=parsed.config, isolated=parsed.isolated, given=given, check=check_config
        )
        base = Configs(_cwd(), isolated=True, given=given).of_folder(_cwd())
    except ConfigError as error:
        raise _Failed(*(mistake.problem for mistake in error.mistakes)) from None
    mistakes = tuple(check_config(base))
    if mistakes:
        raise _Failed(*(mistake.problem for mistake in mistakes))
    return configs


def _find(parsed: argparse.Namespace, configs: Configs) -> Found:
    """Return the files to check; a folder without any is worth a warning."""
    paths = [path for path in parsed.paths if path != STDIN]
    if not paths and STDIN not in parsed.paths:
        paths = ["."]
    found = walk(paths, configs, _cwd())
    if parsed.stdin_filename is not None and STDIN not in parsed.paths:
        raise _Failed(Problem("--stdin-filename goes with '-' for standard input"))
    return found


def _config_of(path: str, configs: Configs) -> Config:
    """Return the configuration of the file at the absolute ``path``."""
    try:
        return configs.of(path)
    except ConfigError as error:
        raise _Failed(*(mistake.problem for mistake in error.mistakes)) from None


def _cwd() -> str:
    try:
        return os.getcwd().replace(os.sep, "/")
    except OSError as error:
        message = f"the current folder cannot be used: {error.strerror or error}"
        raise _Failed(Problem(message)) from None


def _stdin() -> bytes:
    if sys.stdin is None:
        raise _Failed(Problem("'-' is given, but standard input is closed"))
    return sys.stdin.buffer.read()


def _close(problems: Iterable[Problem]) -> int:
    """Print problems, one line each, and return the exit code they call for."""
    sys.stdout.flush()
    code = CLEAN
    for problem in problems:
        code = FAILED
        place = f"{problem.path}: " if problem.path else ""
        message = " ".join(problem.message.splitlines())
        print(f"bnlint: error: {place}{message}", file=sys.stderr)
    return code


def _say(message: str, path: str | None = None) -> None:
    sys.stdout.flush()
    print(f"{path}: {message}" if path else message, file=sys.stderr)


def _say_summary(line: str, found: bool) -> None:
    if found or sys.stderr.isatty():
        _say(line)


def _color(stream: TextIO) -> bool:
    """Tell whether to colour: on a terminal, unless NO_COLOR is set; always with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _width(stream: TextIO) -> int | None:
    """Return the width of the terminal; ``None`` where there is none, and nothing is wrapped."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 100
    except (OSError, ValueError):
        return 100


def _write(pieces: Iterable[str]) -> None:
    """Write to standard output, characters that its encoding lacks as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    for piece in pieces:
        sys.stdout.write(piece)


class _Progress:
    """A progress bar on the terminal, once a run has taken a second."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.bar: object = None
        self.started = 0.0

    def __enter__(self) -> _Progress:
        import time

        self.started = time.monotonic()
        return self

    def advance(self, done: int) -> None:
        """Show that ``done`` files are checked."""
        import time

        if not sys.stderr.isatty() or self.total < 2:
            return
        if self.bar is None:
            if time.monotonic() - self.started < 1.0:
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TextColumn("files"),
                console=Console(stderr=True), transient=True, auto_refresh=False,
            )  # fmt: skip
            self.bar.start()
            self.bar.add_task("", total=self.total)
        self.bar.update(self.bar.task_ids[0], completed=done, refresh=True)  # type: ignore[attr-defined]

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()  # type: ignore[attr-defined]


__all__ = ["File", "check", "explain", "frameworks", "rules", "sites", "translate"]
