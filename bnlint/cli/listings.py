"""The commands that show something: sites, rules, frameworks, translations."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from bnlint.cli.prepare import (
    STDIN,
    Failed,
    begin,
    config_of,
    configs_of,
    cwd,
    family_named,
    find,
    rules_of_run,
    stdin,
)
from bnlint.cli.terminal import CLEAN, FOUND, close, say, wants_color, width_of, write
from bnlint.config.options import absolute
from bnlint.config.suggestions import suggested
from bnlint.finding import Problem
from bnlint.frameworks.tables import catalogue
from bnlint.running.discovery import Found, Notice

if TYPE_CHECKING:
    from bnlint.config.settings import Configs
    from bnlint.engine.basis import Basis
    from bnlint.engine.options import Options
    from bnlint.porting.translated import Translation


def sites(parsed: argparse.Namespace) -> int:
    """List every batch normalisation call."""
    from bnlint.engine.basis import rows_of
    from bnlint.engine.inventory import SiteRow
    from bnlint.output import render_sites
    from bnlint.running.deciding import options_for, options_of
    from bnlint.running.discovery import read

    begin()
    try:
        configs = configs_of(parsed, rules_of_run())
        found = find(parsed, configs)
    except Failed as failed:
        return close(failed.problems)
    listed: list[SiteRow] = []
    problems = list(found.problems)
    sources: list[tuple[str, bytes, Options]] = []
    notices = list(found.notices)
    unread: list[Notice] = []  # what `check` reports as a finding
    if STDIN in parsed.paths:
        display = parsed.stdin_filename or STDIN
        try:
            path = absolute(parsed.stdin_filename or STDIN, cwd())
            sources.append((display, stdin(), options_for(config_of(path, configs), path, ())))
        except Failed as failed:
            problems += failed.problems
    for file in found.files:
        data = read(file)
        if isinstance(data, Problem):
            problems.append(data)
        else:
            options, more = options_of(data, file, configs.of(file.path), ())
            problems += more
            sources.append((file.display, data, options))
    for display, data, options in sources:
        rows = rows_of(data, display, options, norms=parsed.other_norms)
        if isinstance(rows, Problem):
            unread.append(Notice(rows.message, rows.path))
        else:
            listed += rows
    if not listed and sources and not (problems or unread):
        notices.append(Notice(_nothing_in(len(sources))))
    choice = parsed.output_format or ("table" if sys.stdout.isatty() else "concise")
    write(render_sites(listed, choice, color=wants_color(sys.stdout), width=width_of(sys.stdout)))
    for notice in (*notices, *unread):
        say(notice.message, notice.path)
    return close(problems) or (FOUND if unread else CLEAN)


def _nothing_in(files: int) -> str:
    """Return what is said where no layer is known in any file."""
    from bnlint.output.report import counted

    return f"no batch normalisation is known in {counted(files, 'file')}"


def reference(parsed: argparse.Namespace) -> int:
    """Say what the layers of each file are compared with, and why."""
    from bnlint.output import render_references

    begin()
    try:
        configs = configs_of(parsed, rules_of_run())
        found = find(parsed, configs)
    except Failed as failed:
        return close(failed.problems)
    bases, problems = references(found, configs)
    color, width = wants_color(sys.stdout), width_of(sys.stdout)
    write(render_references(bases, parsed.output_format, color=color, width=width))
    if not bases and not problems:
        say(_nothing_in(len(found.files)))
    return close([*found.problems, *problems])


def references(found: Found, configs: Configs) -> tuple[list[Basis], list[Problem]]:
    """Return what the layers of files are compared with, and what cannot be read."""
    from bnlint.engine.basis import basis_of
    from bnlint.running.deciding import options_of
    from bnlint.running.discovery import read

    bases: list[Basis] = []
    problems: list[Problem] = []
    for file in found.files:
        data = read(file)
        if isinstance(data, Problem):
            problems.append(data)
            continue
        options, more = options_of(data, file, configs.of(file.path), ())
        told = basis_of(data, file.display, options)
        if isinstance(told, Problem):
            problems.append(told)
        else:
            bases += told
            problems += more
    return bases, problems


def explain(parsed: argparse.Namespace) -> int:
    """Explain a rule."""
    from bnlint.engine.documentation import DocumentationError
    from bnlint.engine.registry import rule_called
    from bnlint.output import render_rule

    try:
        rules = rules_of_run()
    except Failed as failed:
        return close(failed.problems)
    color, width = wants_color(sys.stdout), width_of(sys.stdout)
    try:
        write(render_rule(rule_called(parsed.rule, rules), color=color, width=width))
    except (LookupError, DocumentationError) as error:
        return close([Problem(str(error))])
    return CLEAN


def rules(parsed: argparse.Namespace) -> int:
    """List the rules."""
    from bnlint.engine.documentation import DocumentationError
    from bnlint.output import render_rules

    try:
        loaded = rules_of_run()
    except Failed as failed:
        return close(failed.problems)
    color, width = wants_color(sys.stdout), width_of(sys.stdout)
    try:
        write(render_rules(loaded, parsed.output_format, color=color, width=width))
    except DocumentationError as error:
        return close([Problem(str(error))])
    return CLEAN


def frameworks(parsed: argparse.Namespace) -> int:
    """List framework tables, or compare them with what is installed."""
    from bnlint.output import render_drift, render_frameworks

    color, width = wants_color(sys.stdout), width_of(sys.stdout)
    tables = catalogue()
    for name in parsed.families:
        if name not in tables.families:
            hint = suggested(name, tables.families)
            return close([Problem(f"there is no framework {name}{hint}")])
    loaded = tables.load(tuple(sorted(set(parsed.families))) or tables.families)
    if parsed.check and not parsed.families:
        loaded = tables.load(tables.described)
    if not parsed.check:
        if parsed.interpreter:
            return close([Problem("--interpreter goes with --check")])
        write(render_frameworks(loaded, parsed.output_format, color=color, width=width))
        return CLEAN
    from bnlint.cli.prepare import NEEDS_NUMPY, has_numpy

    if not has_numpy():
        return close([Problem(NEEDS_NUMPY.format("--check"))])
    from bnlint.confirm.drift import check_installed
    from bnlint.confirm.interpreters import InterpreterError, interpreters, named

    pairs = [g for g in parsed.interpreter if "=" in g and g.partition("=")[0].isidentifier()]
    everywhere = [given for given in parsed.interpreter if given not in pairs]
    try:
        chosen = named(pairs) if everywhere else interpreters(pairs, os.environ)
    except InterpreterError as error:
        return close([Problem(str(error))])
    one = everywhere[-1] if everywhere else None
    try:
        drift = check_installed(one, loaded, chosen)
    except OSError as error:
        return close([Problem(f"cannot be run: {error.strerror or error}", one)])
    write(render_drift(drift, parsed.output_format, color=color, width=width))
    if not any(row.status in ("agrees", "differs") for row in drift):
        return close([Problem("nothing was compared: no framework could be run")])
    return FOUND if any(row.status == "differs" for row in drift) else CLEAN


def translate(parsed: argparse.Namespace) -> int:
    """Translate one constructor call to other frameworks."""
    from bnlint.config.settings import Configs
    from bnlint.config.wrappers import check_wrappers
    from bnlint.output import render_translations
    from bnlint.porting.translate import TranslateError
    from bnlint.porting.translate import translate as translate_call

    try:
        source, *targets = (
            None if name is None else family_named(name)
            for name in (parsed.from_family, *parsed.to)
        )
        wrappers = config_of(f"{cwd()}/-", Configs(cwd(), check=check_wrappers)).wrappers
        found = translate_call(parsed.call, source, [t for t in targets if t], wrappers)
        if parsed.check:
            found = _executed(parsed, source, found)
        elif parsed.interpreter:
            raise Failed(Problem("--interpreter goes with --check"))
    except TranslateError as error:
        return close([Problem(str(error))])
    except Failed as failed:
        return close(failed.problems)
    write(
        render_translations(
            found, parsed.output_format, color=wants_color(sys.stdout), width=width_of(sys.stdout)
        )
    )
    apart = any(one.checked is not None and one.checked["status"] == "differs" for one in found)
    return FOUND if apart else CLEAN


def _executed(
    parsed: argparse.Namespace, source: str | None, found: list[Translation]
) -> list[Translation]:
    """Return translations with what comes of running them beside the call.

    Raises:
        Failed: nothing can be run.
    """
    from bnlint.cli.prepare import NEEDS_NUMPY, has_numpy

    if not has_numpy():
        raise Failed(Problem(NEEDS_NUMPY.format("--check")))
    from bnlint.confirm.interpreters import InterpreterError, interpreters
    from bnlint.confirm.pool import Pool
    from bnlint.confirm.verdicts import Laboratory
    from bnlint.porting.executed import check

    try:
        chosen = interpreters(parsed.interpreter, os.environ)
    except InterpreterError as error:
        raise Failed(Problem(str(error))) from None
    with Pool(chosen, linted=(cwd(),)) as pool:
        laboratory = Laboratory(pool, "cpu")
        return [
            one._replace(checked=check(parsed.call, source, one, laboratory)._asdict())
            for one in found
        ]


def config(_: argparse.Namespace) -> int:
    """Print the JSON Schema of configuration files."""
    from bnlint.config.described import schema
    from bnlint.output.json import dumps

    write([f"{dumps(schema())}\n"])
    return CLEAN
