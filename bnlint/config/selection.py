"""Which rules run, on which files, and which of their fixes are applied: selectors to codes.

A selector is a code (``BN103``), the beginning of codes (``BN1``), a name (``eps-differs``) or
``ALL``. They resolve as in ruff: of all selectors that a rule answers to the most specific one
decides, turning off wins over turning on where they are equally specific, and a ``select`` on the
command line replaces whatever the configuration file had chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bnlint.config.globs import compiled
from bnlint.config.options import COMMAND_LINE, Config, Mistake
from bnlint.config.spelling import toml
from bnlint.config.suggestions import suggested, suggestion
from bnlint.startup.typed import NamedTuple, Protocol

__all__ = [
    "FixChoice",
    "RuleLike",
    "check_families",
    "check_selectors",
    "ignored_for",
    "named_in_ignores",
    "place",
    "resolve",
    "resolve_fixes",
    "selected",
]

_EXACT = 1000  # more than any prefix has letters


class RuleLike(Protocol):
    """What selection must know of a rule: ``default`` tells whether it runs unasked."""

    @property
    def code(self) -> str:
        """The code, letters then digits: ``BN103``."""

    @property
    def name(self) -> str:
        """The name: ``eps-differs``."""

    @property
    def default(self) -> bool:
        """Whether it runs where nothing is selected."""


class FixChoice(NamedTuple):
    """Codes of rules that may be fixed, and of those whose fixes count as safe, or as unsafe."""

    fixable: frozenset[str]
    safe: frozenset[str]
    unsafe: frozenset[str]


def resolve(config: Config, rules: Sequence[RuleLike]) -> frozenset[str]:
    """Return the codes of the ``rules`` that run under ``config``."""
    return _chosen({rule.code for rule in rules if rule.default}, config, rules)


def selected(config: Config, rules: Sequence[RuleLike]) -> frozenset[str]:
    """Return the codes of the rules that ``config`` selects, beyond those that run unasked."""
    return _chosen(set(), config, rules)


def _chosen(unasked: set[str], config: Config, rules: Sequence[RuleLike]) -> frozenset[str]:
    """Return the codes that are left of ``unasked``, and those that ``config`` selects."""
    chosen = unasked
    for layer in (config.chosen, config.chosen_on_command_line):
        wanted = (*(layer.select or ()), *layer.extend_select)
        on, off = _decide(wanted, layer.ignore, rules)
        chosen = on if layer.select is not None else (chosen | on) - off
    return frozenset(chosen)


def named_in_ignores(config: Config, rule: RuleLike) -> bool:
    """Tell whether ``ignore`` names ``rule`` itself, by code or name."""
    layers = (config.chosen, config.chosen_on_command_line)
    return any(word in (rule.code, rule.name) for layer in layers for word in layer.ignore)


def resolve_fixes(config: Config, rules: Sequence[RuleLike]) -> FixChoice:
    """Return which fixes of ``rules`` may be applied under ``config``, and as what."""
    fixable = {rule.code for rule in rules}
    for layer in (config.chosen, config.chosen_on_command_line):
        on, off = _decide(layer.fixable or (), layer.unfixable, rules)
        fixable = on if layer.fixable is not None else fixable - off
    safe, unsafe = _decide(config.extend_safe_fixes, config.extend_unsafe_fixes, rules)
    return FixChoice(frozenset(fixable), frozenset(safe), frozenset(unsafe))


def ignored_for(config: Config, path: str, rules: Sequence[RuleLike]) -> frozenset[str]:
    """Return the codes that ``per-file-ignores`` turns off in the file at the absolute ``path``."""
    ignored: set[str] = set()
    for pattern, selectors in config.per_file_ignores:
        matches = compiled((pattern.removeprefix("!"),), config.folder)
        if matches.match(path, path.rpartition("/")[2]) != pattern.startswith("!"):
            ignored |= _decide(selectors, (), rules)[0]
    return frozenset(ignored)


def check_selectors(config: Config, rules: Sequence[RuleLike]) -> tuple[Mistake, ...]:
    """Return a mistake for each selector in ``config`` that answers to none of the ``rules``."""
    mistakes = []
    known = None
    for path, key, selectors in _selectors(config):
        for selector in selectors:
            if all(_specificity(selector, rule) is None for rule in rules):
                known = known or [
                    "ALL",
                    *(word for rule in rules for word in (rule.code, rule.name)),
                ]
                message = f"unknown rule {toml(selector)}{suggestion(selector, known)}"
                mistakes.append(Mistake(path, key, message))
    return tuple(mistakes)


def check_families(config: Config) -> tuple[Mistake, ...]:
    """Return a mistake for each framework named in ``config`` that has no table."""
    named = [("from", config.from_family)]
    named += [(f"port[{i}].from", port.from_family) for i, port in enumerate(config.ports)]
    mistakes = []
    for key, family in named:
        if family is None:
            continue
        from bnlint.frameworks.tables import catalogue  # which a run need not know otherwise

        tables = catalogue()
        if tables.family(family) is None:
            message = f"unknown framework {toml(family)}{suggested(family, tables.families)}"
            mistakes.append(Mistake(*place(config, key), message))
    return tuple(mistakes)


def _selectors(config: Config) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each list of selectors in ``config`` with the file and the key it stands under."""
    for layer in (config.chosen, config.chosen_on_command_line):
        given = layer is config.chosen_on_command_line
        for field, selectors in zip(layer._fields, layer, strict=True):
            key = field.replace("_", "-")
            if selectors:
                yield *((COMMAND_LINE, f"--{key}") if given else place(config, key)), selectors
    for key, selectors in (
        ("extend-safe-fixes", config.extend_safe_fixes),
        ("extend-unsafe-fixes", config.extend_unsafe_fixes),
    ):
        yield *place(config, key), selectors
    for pattern, selectors in config.per_file_ignores:
        path, key = place(config, "per-file-ignores")
        yield path, key if path == COMMAND_LINE else f"{key}.{toml(pattern)}", selectors


def place(config: Config, key: str) -> tuple[str, str]:
    """Return the file and the full key to name in a mistake about the option ``key``."""
    if config.origins.get(key) == COMMAND_LINE:
        return COMMAND_LINE, f"--{key}"
    file = config.file or ""
    return file, f"tool.bnlint.{key}" if file.endswith("pyproject.toml") else key


def _decide(
    wanted: Iterable[str], unwanted: Iterable[str], rules: Iterable[RuleLike]
) -> tuple[set[str], set[str]]:
    """Return the codes that the selectors turn on, and those that they turn off."""
    wanted, unwanted = tuple(wanted), tuple(unwanted)
    on: set[str] = set()
    off: set[str] = set()
    if not wanted and not unwanted:
        return on, off
    for rule in rules:
        for_it = _strongest(wanted, rule)
        against = _strongest(unwanted, rule)
        if against is not None and (for_it is None or against >= for_it):
            off.add(rule.code)
        elif for_it is not None:
            on.add(rule.code)
    return on, off


def _strongest(selectors: tuple[str, ...], rule: RuleLike) -> int | None:
    strengths = [_specificity(selector, rule) for selector in selectors]
    return max((strength for strength in strengths if strength is not None), default=None)


def _specificity(selector: str, rule: RuleLike) -> int | None:
    """Return how narrowly ``selector`` names ``rule``, or ``None`` if it does not."""
    if selector == "ALL":
        return 0
    if selector in (rule.code, rule.name):
        return _EXACT
    letters = rule.code.rstrip("0123456789")
    if selector.startswith(letters) and rule.code.startswith(selector):
        return len(selector)
    return None
