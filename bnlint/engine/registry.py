"""Loads rules and fixers: the built-in packages first, then those of installed distributions.

A rule is a module with a ``RULE`` and one or more check functions; what the functions are called
says what they are given:

- ``check_site(site, context)``: one batch normalisation call;
- ``check_file(context)``: a whole file;
- ``check_unreadable(failure)``: a file that could not be read or parsed;
- ``check_directives(directives, used, known, running, context)``: the directives of a file, what
  each of them suppressed, the names of all rules by their codes, and the codes of those that run.

Beside these, ``experiment(finding, site, context)`` may state a
:class:`bnlint.trial.Trial` that proves a finding by number.

A fixer is a module with an ``INTENT``, the kind of intent it carries out, and a function
``rewrite(call, intent)`` or ``edits(intent, module)``.

Distributions name packages of such modules in the entry-point groups ``bnlint.rules`` and
``bnlint.fixers``.

To import all rules takes as long as all else that a run on one file imports, and most have nothing
to say of a file. An installed wheel has what identifies its own in one ``compiled.json`` (written
at build time by ``setup.py``), and a rule is imported when it is asked. A plain checkout has no
such file and imports them all.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType

from bnlint import FOLDER
from bnlint.config.identity import Rule
from bnlint.config.suggestions import suggestion
from bnlint.finding import CONFIDENCES, SEVERITIES
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_CHECKS = ("check_site", "check_file", "check_unreadable", "check_directives")

_EXPERIMENT = "experiment"

_COMPILED = "compiled.json"


class RegistryError(Exception):
    """A rule or fixer package cannot be loaded; the message says which and why."""


class _Later(Mapping[str, "Callable[..., Any]"]):
    """The functions of a rule whose module is imported when one of them is asked for."""

    def __init__(self, module: str, names: Sequence[str]) -> None:
        self._module = module
        self._names = names
        self._found: dict[str, Callable[..., Any]] = {}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self._found:
            if name not in self._names:
                raise KeyError(name)
            self._found[name] = getattr(importlib.import_module(self._module), name)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class LoadedRule(NamedTuple):
    """A rule and its check functions, by name; ``source`` is its module, or what that is called."""

    rule: Rule
    source: ModuleType | str
    checks: Mapping[str, Callable[..., Any]]

    @property
    def module(self) -> ModuleType:
        """The module, which holds the documentation."""
        source = self.source
        return importlib.import_module(source) if isinstance(source, str) else source

    @property
    def is_own(self) -> bool:
        """Whether the rule comes with bnlint."""
        source = self.source
        name = source if isinstance(source, str) else source.__name__
        return name.startswith("bnlint.rules.")

    @property
    def code(self) -> str:
        """The rule's code."""
        return self.rule.code

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def default(self) -> bool:
        """Whether the rule runs unless deselected."""
        return self.rule.default


def load_rules() -> tuple[LoadedRule, ...]:
    """Return all rules, sorted by code.

    Raises:
        RegistryError: a package or module cannot be imported, a module has no rule, a rule has a
            code, severity or confidence that there is not, or two rules share a code or name.
    """
    found: dict[str, LoadedRule] = {}
    names: dict[str, LoadedRule] = {}
    for loaded in _rules():
        code, name = loaded.code, loaded.name
        if code in found or name in names:
            other = found[code] if code in found else names[name]
            made = " and ".join(one.module.__name__ for one in (loaded, other))
            raise RegistryError(f"{made} share a code or name ({code})")
        found[code] = names[name] = loaded
    return tuple(found[code] for code in sorted(found))


def compile_rules() -> list[Any]:
    """Return what identifies the built-in rules, ready for JSON: module, rule, functions of each.

    Raises:
        RegistryError: as :func:`load_rules`.
    """
    loaded = map(_loaded, _modules_in(_built_in("rules")))
    return [(one.module.__name__, one.rule, list(one.checks)) for one in loaded]


def _rules() -> Iterator[LoadedRule]:
    try:
        with open(os.path.join(home("rules"), _COMPILED), "rb") as stream:
            rows = json.loads(stream.read())
    except FileNotFoundError:
        yield from map(_loaded, _modules_in(_built_in("rules")))
    else:
        for module, (*fields, norms), checks in rows:
            yield LoadedRule(Rule._make((*fields, tuple(norms))), module, _Later(module, checks))
    yield from map(_loaded, _plugged_in("rules"))


def _loaded(module: ModuleType) -> LoadedRule:
    """Return the rule of a module.

    Raises:
        RegistryError: it has none, or one that findings, selectors and suppressions could not do
            with.
    """
    rule = getattr(module, "RULE", None)
    checks = {name: getattr(module, name) for name in _CHECKS if hasattr(module, name)}
    if checks and hasattr(module, _EXPERIMENT):
        checks[_EXPERIMENT] = module.experiment
    if not isinstance(rule, Rule) or not checks:
        raise RegistryError(f"{module.__name__} is no rule: it needs RULE and a check function")
    _check(module.__name__, rule)
    return LoadedRule(rule, module, checks)


def rule_called(name: str, rules: Sequence[LoadedRule]) -> LoadedRule:
    """Return the rule with a code or a name, in any case.

    Raises:
        LookupError: there is none; the message says which may be meant.
    """
    for loaded in rules:
        if name.upper() == loaded.code or name.lower() == loaded.name:
            return loaded
    known = [word for loaded in rules for word in (loaded.code, loaded.name)]
    hint = suggestion(name, known) or "; 'bnlint rules' lists them"
    raise LookupError(f"there is no rule {name}{hint}")


def _check(module: str, rule: Rule) -> None:
    """Refuse a rule that findings, selectors and suppressions could not do with.

    Raises:
        RegistryError: the code is not made of capital letters and digits after them, or the
            severity or confidence is none that findings have.
    """
    code = str(rule.code)
    letters = code.rstrip("0123456789")
    if letters == code or not (letters.isascii() and letters.isalpha() and letters.isupper()):
        accepted = "capital letters followed by digits"
        raise RegistryError(f'{module}: code "{code}"; accepted are {accepted}')
    for what, given, known in (
        ("severity", rule.severity, SEVERITIES),
        ("confidence", rule.confidence, CONFIDENCES),
    ):
        if given not in known:
            accepted = ", ".join(known)
            raise RegistryError(f'{module}: {what} "{given}"; accepted are {accepted}')


def load_fixers() -> dict[type, ModuleType]:
    """Return the module that carries out each kind of intent.

    Raises:
        RegistryError: a package or module cannot be imported, a module is no fixer, or two carry
            out the same kind of intent.
    """
    found: dict[type, ModuleType] = {}
    for module in _modules("fixers"):
        intent = getattr(module, "INTENT", None)
        if not isinstance(intent, type) or not (
            hasattr(module, "rewrite") or hasattr(module, "edits")
        ):
            raise RegistryError(
                f"{module.__name__} is no fixer: it needs INTENT and a function rewrite or edits"
            )
        if intent in found:
            raise RegistryError(
                f"{module.__name__} and {found[intent].__name__} both fix {intent.__name__}"
            )
        found[intent] = module
    return found


def _modules(kind: str) -> Iterator[ModuleType]:
    """Import the modules of every package of ``kind`` (``rules`` or ``fixers``)."""
    yield from _modules_in(_built_in(kind))
    yield from _plugged_in(kind)


def _plugged_in(kind: str) -> Iterator[ModuleType]:
    """Import the modules of ``kind`` that other distributions have."""
    for name in _entry_points(f"bnlint.{kind}"):
        package = _imported(name, f"plugin {name}")
        if not hasattr(package, "__path__"):
            raise RegistryError(f"plugin {name} is a module: name the package that holds it")
        yield from _modules_in(package)


def _modules_in(package: ModuleType) -> Iterator[ModuleType]:
    """Import the modules of a package."""
    for folder in package.__path__:
        for entry in sorted(os.listdir(folder)):
            stem, dot, suffix = entry.rpartition(".")
            if dot and suffix == "py" and not stem.startswith("_"):
                name = f"{package.__name__}.{stem}"
                yield _imported(name, name)


def _imported(name: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module that exits must not end the run as clean
        why = f"{type(error).__name__}: {error}"
        raise RegistryError(f"{what} cannot be imported ({why})") from error


def home(kind: str) -> str:
    """Return the folder of the built-in ``rules`` or ``fixers``.

    In a checkout it stands beside ``bnlint``, unless there is one inside: then it is not ours.
    """
    installed = os.path.join(FOLDER, kind)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(FOLDER), kind)


def _built_in(kind: str) -> ModuleType:
    """Import ``bnlint.rules`` or ``bnlint.fixers``, which in a checkout stand beside ``bnlint``.

    There they are taken from beside it even if another checkout is installed as editable: the
    import system would find that one's.
    """
    name = f"bnlint.{kind}"
    if name in sys.modules:
        return sys.modules[name]
    folder = home(kind)
    init = os.path.join(folder, "__init__.py")
    if os.path.dirname(folder) == FOLDER or not os.path.exists(init):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise RegistryError(f"{name} cannot be imported: {error}") from error
            raise RegistryError(f"{name} is missing: bnlint is not installed whole") from error
    # It takes 1 ms to import, and an installed bnlint does not come here.
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, init, submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    package = module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


def _entry_points(group: str) -> Iterator[str]:
    """Yield the packages that installed distributions name in an entry-point group, sorted.

    ``importlib.metadata`` would read and parse the metadata of every distribution; here a file is
    opened only to see whether it mentions bnlint at all.
    """
    wanted = group.encode()
    found: set[str] = set()
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            if not entry.endswith((".dist-info", ".egg-info")):
                continue
            path = f"{folder}/{entry}/entry_points.txt"
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError:
                continue
            if wanted in data:
                found.update(_parse_entry_points(data.decode("utf-8", "replace"), group))
    yield from sorted(found)


def _parse_entry_points(text: str, group: str) -> Iterator[str]:
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif section == group and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[2].partition("[")[0].strip()
