"""Configurations held against what there is: rules, frameworks, and APIs that wrappers are like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bnlint.config.options import Config, ConfigError, Mistake
from bnlint.config.selection import RuleLike, check_families, check_selectors
from bnlint.config.settings import Configs, Given
from bnlint.config.suggestions import suggested
from bnlint.files.tree import DISK, Tree


def checked_by(rules: Sequence[RuleLike]) -> Callable[[Config], Iterator[Mistake]]:
    """Return what yields the mistakes of a configuration, given all rules."""

    def check(config: Config) -> Iterator[Mistake]:
        yield from check_selectors(config, rules)
        yield from check_families(config)
        if config.wrappers:
            from bnlint.config.wrappers import check_wrappers

            yield from check_wrappers(config)

    return check


def configurations(
    cwd: str,
    given: Given,
    rules: Sequence[RuleLike],
    *,
    file: str | None = None,
    isolated: bool = False,
    tree: Tree = DISK,
) -> Configs:
    """Return the configurations of a run, with what is ``given`` for all of them laid over each.

    Raises:
        ConfigError: the one ``file`` that is named for all cannot be used, or ``given`` is wrong.
    """
    check = checked_by(rules)
    configs = Configs(cwd, file=file, isolated=isolated, given=given, check=check, tree=tree)
    base = Configs(cwd, isolated=True, given=given).of_folder(cwd)
    mistakes = tuple(check(base))
    if mistakes:
        raise ConfigError(*mistakes)
    return configs


def family_named(name: str) -> str:
    """Return the family that people call ``name``, whose layers are known in code.

    Raises:
        ConfigError: there is none.
    """
    from bnlint.frameworks.tables import catalogue

    tables = catalogue()
    family = tables.family(name) or name
    if family not in tables.described:
        message = f"unknown framework {name}{suggested(family, tables.described)}"
        raise ConfigError(Mistake("", "", message))
    return family
