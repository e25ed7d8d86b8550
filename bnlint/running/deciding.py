"""What decides the findings of each file: its configuration and what it names, as options."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bnlint.config.selection import ignored_for, named_in_ignores, resolve, resolve_fixes, selected
from bnlint.config.settings import Config, from_for, is_native
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.finding import Problem
from bnlint.running.discovery import File


def options_for(config: Config, path: str, rules: Sequence[LoadedRule]) -> Options:
    """Return what decides the findings of the file at the absolute ``path``."""
    base = _base_options(config, rules)
    return base._replace(
        codes=base.codes - ignored_for(config, path, rules),
        from_family=from_for(config, path),
        folder=path.rpartition("/")[0] or "/",
        native=is_native(config, path),
    )


#: What the configuration of the last file decides for all files under it.
_LAST: list[tuple[Config, Sequence[LoadedRule], Options]] = []


def _base_options(config: Config, rules: Sequence[LoadedRule]) -> Options:
    """Return what ``config`` decides for any file under it."""
    if _LAST and _LAST[0][0] is config and _LAST[0][1] is rules:
        return _LAST[0][2]
    always = {r.code for r in rules if r.rule.always and not named_in_ignores(config, r)}
    choice = resolve_fixes(config, rules)
    base = Options(
        resolve(config, rules) | always,
        selected(config, rules),
        config.min_confidence,
        unfixable=frozenset(loaded.code for loaded in rules) - choice.fixable,
        safe_fixes=choice.safe,
        unsafe_fixes=choice.unsafe,
        wrappers=config.wrappers,
        infer=config.infer,
    )
    _LAST[:] = [(config, rules, base)]
    return base


def options_of(
    data: bytes, file: File, config: Config, rules: Sequence[LoadedRule]
) -> tuple[Options, tuple[Problem, ...]]:
    """Return what decides the findings of a file, and which of its references cannot be read."""
    from bnlint.files.source import readable

    options = options_for(config, file.path, rules)
    return with_references(options, config, file, readable(data, file.display))


def with_references(
    options: Options, config: Config, file: File, text: str
) -> tuple[Options, tuple[Problem, ...]]:
    """Return ``options`` with the files that ``file`` is a port of, and which cannot be read."""
    if not config.ports and "port-of" not in text:
        return options, ()
    from bnlint.engine.ports import is_reference, references_of

    cwd = os.getcwd().replace(os.sep, "/")
    references, problems = references_of(config, file.path, file.display, text, cwd)
    is_named = is_reference(config, file.path)
    return options._replace(references=references, is_reference=is_named), tuple(problems)
