"""What a command needs before it can start: rules, configurations, files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from bnlint.config import checking
from bnlint.config.options import Config
from bnlint.config.settings import ConfigError, Configs, Given, Selection
from bnlint.engine.registry import LoadedRule, RegistryError, load_rules
from bnlint.files.tree import DISK, LONGEST, Tree
from bnlint.finding import Problem
from bnlint.running.discovery import Found, walk

STDIN = "-"


class Failed(Exception):  # carries problems to the exit, is no error of its own
    """Something keeps the whole run from going on."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def rules_of_run() -> tuple[LoadedRule, ...]:
    """Return all rules.

    Raises:
        Failed: one of them cannot be loaded.
    """
    try:
        return load_rules()
    except RegistryError as error:
        raise Failed(Problem(str(error))) from None


def begin(tree: Tree = DISK) -> None:
    """Begin a run, whose files are read from ``tree``."""
    if tree is DISK and "bnlint.engine.facts" not in sys.modules:
        return  # nothing was looked at yet, and it may be that nothing will be
    from bnlint.engine.facts import renew

    renew(tree)


def given(parsed: argparse.Namespace) -> Given:
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
        extend_per_file_ignores=tuple(arguments.get("extend_per_file_ignores") or ()),
        min_confidence=arguments.get("min_confidence"),
        from_family=arguments.get("from_family"),
        extend_reference_paths=tuple(paths_of(arguments.get("python"))),
        exclude=tuple(exclude) if exclude is not None else None,
        extend_exclude=tuple(arguments.get("extend_exclude") or ()),
        include_docs=arguments.get("include_docs"),
        force_exclude=arguments.get("force_exclude"),
        respect_gitignore=arguments.get("respect_gitignore"),
        baseline=arguments.get("baseline"),
        fix=arguments.get("fix"),
        unsafe_fixes=arguments.get("unsafe_fixes"),
        fail_on=arguments.get("fail_on"),
    )


def paths_of(python: str | None) -> list[str]:
    """Return where ``python``, which the command line names, looks for packages.

    Raises:
        Failed: it cannot be run.
    """
    if python is None:
        return []
    from bnlint.engine.installed import paths_of_python

    try:
        return paths_of_python(python)
    except OSError as error:
        raise Failed(Problem(f"--python cannot be asked: {error}", python)) from None


def configs_of(parsed: argparse.Namespace, loaded: Sequence[LoadedRule]) -> Configs:
    """Return the configurations, with what the command line says laid over them.

    Raises:
        Failed: the file named on the command line cannot be used, or an option is wrong.
    """
    try:
        return checking.configurations(
            cwd(), given(parsed), loaded, file=parsed.config, isolated=parsed.isolated
        )
    except ConfigError as error:
        raise Failed(*(mistake.problem for mistake in error.mistakes)) from None


def find(parsed: argparse.Namespace, configs: Configs) -> Found:
    """Return the files to check; a folder without any is worth a warning."""
    paths = [path for path in parsed.paths if path != STDIN]
    if not paths and STDIN not in parsed.paths:
        paths = ["."]
    found = walk(list(_expanded(paths)), configs, cwd())
    if parsed.stdin_filename is not None and STDIN not in parsed.paths:
        raise Failed(Problem("--stdin-filename goes with '-' for standard input"))
    return found


def _expanded(paths: Sequence[str]) -> Iterator[str]:
    """Yield ``paths``; on Windows, where no shell does it, patterns as what they stand for."""
    for path in paths:
        if sys.platform != "win32" or os.path.lexists(path) or not set("*?[").intersection(path):
            yield path
            continue
        from glob import glob

        yield from glob(path, recursive=True) or [path]


def config_of(path: str, configs: Configs) -> Config:
    """Return the configuration of the file at the absolute ``path``."""
    try:
        return configs.of(path)
    except ConfigError as error:
        raise Failed(*(mistake.problem for mistake in error.mistakes)) from None


def cwd() -> str:
    """Return the current folder, with forward slashes."""
    try:
        return os.getcwd().replace(os.sep, "/")
    except OSError as error:
        message = f"the current folder cannot be used: {error.strerror or error}"
        raise Failed(Problem(message)) from None


def stdin() -> bytes:
    """Return what standard input holds."""
    if sys.stdin is None:
        raise Failed(Problem("'-' is given, but standard input is closed"))
    data = sys.stdin.buffer.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise Failed(Problem(f"standard input has more than {LONGEST:,} bytes"))
    return data


def family_named(name: str) -> str:
    """Return the family that people call ``name``.

    Raises:
        Failed: there is none.
    """
    try:
        return checking.family_named(name)
    except ConfigError as error:
        raise Failed(Problem(str(error))) from None


#: What is said where experiments, which an installation need not be able to do, are asked for.
NEEDS_NUMPY = "{} needs NumPy; pip install 'bnlint[confirm]'"


def has_numpy() -> bool:
    """Tell whether experiments can be made of arrays here."""
    try:
        import numpy  # noqa: F401  # nothing else imports it on the way of a run that lints
    except ImportError:
        return False
    return True


def wants_trials(parsed: argparse.Namespace) -> bool:
    """Tell whether experiments are asked for, which only the command line can do.

    Raises:
        Failed: something is said about experiments, and none is asked for; or what they need is
            not there.
    """
    if (
        parsed.confirm
        or parsed.confirm_report
        or parsed.only_confirmed
        or parsed.confirm_plot is not None
    ):
        if not has_numpy():
            raise Failed(Problem(NEEDS_NUMPY.format("--confirm")))
        if parsed.confirm_plot is not None:
            from bnlint.output.plot import PlotError, check

            try:  # before anything is looked at: that may take long
                check(parsed.confirm_plot)
            except PlotError as error:
                raise Failed(Problem(f"--confirm-plot: {error}")) from None
        return True
    for name, given in (("device", parsed.device), ("interpreter", parsed.interpreter),
                        ("confirm-timeout", parsed.confirm_timeout)):  # fmt: skip
        if given:
            raise Failed(Problem(f"--{name} is about experiments: it needs --confirm"))
    return False
