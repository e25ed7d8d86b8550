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
    find,
    paths_of,
    rules_of_run,
    stdin,
)
from bnlint.cli.terminal import CLEAN, FOUND, close, say, wants_color, width_of, write
from bnlint.config.options import absolute, is_installed, suggested, suggestion
from bnlint.finding import Problem
from bnlint.frameworks.tables import catalogue
from bnlint.running.discovery import NOTEBOOK, File, Found, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnlint.config.settings import Configs
    from bnlint.engine.basis import Basis
    from bnlint.engine.linter import Options
    from bnlint.engine.registry import LoadedRule
    from bnlint.porting.compare import Input, Unseen


def sites(parsed: argparse.Namespace) -> int:
    """List every batch normalisation call."""
    from functools import partial

    from bnlint.engine.basis import context_for, said
    from bnlint.engine.facts import facts_of
    from bnlint.engine.inventory import SiteRow, rows
    from bnlint.output import render_sites
    from bnlint.running.discovery import read
    from bnlint.running.runner import options_for

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
        if display.endswith(".ipynb"):
            notices.append(Notice(NOTEBOOK, display))
        else:
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
            options, more = _options(file, configs, data)
            problems += more
            sources.append((file.display, data, options))
    for display, data, options in sources:
        facts = facts_of(data, display, options.folder, options.wrappers)
        if isinstance(facts, Problem):
            unread.append(Notice(facts.message, facts.path))
        elif facts is not None:
            tell = partial(said, context=context_for(facts, options), options=options)
            listed += rows(facts, tell)
    if not listed and sources and not (problems or unread):
        number = f"{len(sources)} file{'' if len(sources) == 1 else 's'}"
        notices.append(Notice(f"no batch normalisation is known in {number}"))
    choice = parsed.output_format or ("table" if sys.stdout.isatty() else "concise")
    write(render_sites(listed, choice, color=wants_color(sys.stdout), width=width_of(sys.stdout)))
    for notice in (*notices, *unread):
        say(notice.message, notice.path)
    return close(problems) or (FOUND if unread else CLEAN)


def _options(file: File, configs: Configs, data: bytes) -> tuple[Options, tuple[Problem, ...]]:
    """Return what decides what the layers of a file are compared with, and what cannot be read."""
    from bnlint.running.runner import options_for, with_references

    config = configs.of(file.path)
    options = options_for(config, file.path, ())
    return with_references(options, config, file, data.decode("utf-8", "replace"))


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
        say(f"no batch normalisation is known in {len(found.files)} files")
    return close([*found.problems, *problems])


def references(found: Found, configs: Configs) -> tuple[list[Basis], list[Problem]]:
    """Return what the layers of files are compared with, and what cannot be read."""
    from bnlint.engine.basis import basis_of
    from bnlint.running.discovery import read

    bases: list[Basis] = []
    problems: list[Problem] = []
    for file in found.files:
        data = read(file)
        if isinstance(data, Problem):
            problems.append(data)
            continue
        options, more = _options(file, configs, data)
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
    from bnlint.output import render_rule

    try:
        rules = rules_of_run()
    except Failed as failed:
        return close(failed.problems)
    wanted = parsed.rule
    for loaded in rules:
        if wanted.upper() == loaded.code or wanted.lower() == loaded.name:
            color, width = wants_color(sys.stdout), width_of(sys.stdout)
            try:
                write(render_rule(loaded, color=color, width=width))
            except DocumentationError as error:
                return close([Problem(str(error))])
            return CLEAN
    known = [word for loaded in rules for word in (loaded.code, loaded.name)]
    hint = suggestion(wanted, known) or "; 'bnlint rules' lists them"
    return close([Problem(f"there is no rule {wanted}{hint}")])


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

    tables = catalogue()
    source, *targets = (
        name if name is None else (tables.family(name) or name)
        for name in (parsed.from_family, *parsed.to)
    )
    for family in filter(None, (source, *targets)):
        if family not in tables.described:
            message = f"unknown framework {family}{suggested(family, tables.described)}"
            return close([Problem(message)])
    try:
        wrappers = config_of(f"{cwd()}/-", Configs(cwd(), check=check_wrappers)).wrappers
        found = translate_call(parsed.call, source, [t for t in targets if t], wrappers)
    except TranslateError as error:
        return close([Problem(str(error))])
    except Failed as failed:
        return close(failed.problems)
    write(
        render_translations(
            found, parsed.output_format, color=wants_color(sys.stdout), width=width_of(sys.stdout)
        )
    )
    return CLEAN


def compare(parsed: argparse.Namespace) -> int:
    """Compare the layers of a port with those of its reference."""
    from bnlint.output import Report, render, render_comparison, summary
    from bnlint.output.comparison import unseen_texts
    from bnlint.porting.compare import compare as compare_sides

    begin()
    try:
        rules_ = rules_of_run()
        reference, port = (_inputs(name, parsed.python) for name in (parsed.reference, parsed.port))
    except Failed as failed:
        return close(failed.problems)
    chosen = None if parsed.select is None else _selected(parsed.select, rules_)
    if isinstance(chosen, Problem):
        return close([chosen])
    found = compare_sides(reference, port, rules_, chosen)
    found = found._replace(unseen=tuple(_named(unseen) for unseen in found.unseen))
    for side, name in ((reference, parsed.reference), (port, parsed.port)):
        paths = {item.path for item in side}
        rows = [row for pair in found.rows for row in (pair.reference, pair.port) if row]
        if not any(row.path in paths for row in rows) and not found.problems:
            unseen = [file for file in found.unseen if file.path in paths]
            why = "".join(f"; not looked at: {text}" for text in unseen_texts(unseen))
            what = f"no batch normalisation layer is known in it{why}"
            return close([Problem(what, name)])
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
    code = close(found.problems)
    if code != CLEAN or parsed.exit_zero:
        return code
    return FOUND if found.findings else CLEAN


def _selected(selectors: Sequence[str], rules: Sequence[LoadedRule]) -> frozenset[str] | Problem:
    """Return the codes of the rules that selectors name."""
    from bnlint.config.options import Config, Selection
    from bnlint.config.selection import check_selectors, selected

    config = Config(chosen_on_command_line=Selection(select=tuple(selectors)))
    mistakes = check_selectors(config, rules)
    if mistakes:
        return mistakes[0].problem
    return frozenset(selected(config, rules))


def _named(unseen: Unseen) -> Unseen:
    """Return files as they are shown."""
    from bnlint.files.display import displayed

    named = {displayed(file, cwd()): n for file, n in unseen.elsewhere.items()}
    return unseen._replace(elsewhere=named)


def _inputs(name: str, python: str | None) -> list[Input]:
    """Return the files that one side of a comparison consists of.

    Raises:
        Failed: there is nothing to read.
    """
    from bnlint.config.settings import Configs
    from bnlint.config.wrappers import check_wrappers
    from bnlint.porting.compare import Input
    from bnlint.running.discovery import read, walk

    configs = Configs(cwd(), check=check_wrappers)
    if is_installed(name) and not os.path.lexists(name):
        from bnlint.engine.ports import installed_model

        folders = config_of(f"{cwd()}/-", configs).reference_paths
        model = installed_model(name, [*paths_of(python), *folders])
        if isinstance(model, Problem):
            raise Failed(model)
        return [Input(model.path, model.data, model.part, model.folder)]
    path, _, part = name.partition("::")
    found = walk([path], Configs(cwd(), isolated=True), cwd())
    if found.problems:
        raise Failed(*found.problems)
    if part and len(found.files) != 1:
        raise Failed(Problem("::NAME goes with a file", path))
    side: list[Input] = []
    for file in found.files:
        data = read(file)
        if isinstance(data, Problem):
            raise Failed(data)
        folder = file.path.rpartition("/")[0] or "/"
        wrappers = config_of(file.path, configs).wrappers
        side.append(Input(file.display, data, part, folder, wrappers))
    if not side:
        raise Failed(Problem("there are no Python files to compare", path))
    return side
