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
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

from bnlint import FOLDER
from bnlint.config.suggestions import suggestion
from bnlint.finding import CONFIDENCES, SEVERITIES
from bnlint.rule import Rule
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_CHECKS = ("check_site", "check_file", "check_unreadable", "check_directives")

_EXPERIMENT = "experiment"


class RegistryError(Exception):
    """A rule or fixer package cannot be loaded; the message says which and why."""


class LoadedRule(NamedTuple):
    """A rule and its check functions, by name; ``module`` holds the documentation."""

    rule: Rule
    module: ModuleType
    checks: dict[str, Callable[..., Any]]

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
    names: dict[str, str] = {}
    for module in _modules("rules"):
        rule = getattr(module, "RULE", None)
        checks = {name: getattr(module, name) for name in _CHECKS if hasattr(module, name)}
        if checks and hasattr(module, _EXPERIMENT):
            checks[_EXPERIMENT] = module.experiment
        if not isinstance(rule, Rule) or not checks:
            raise RegistryError(f"{module.__name__} is no rule: it needs RULE and a check function")
        _check(module.__name__, rule)
        if rule.code in found or rule.name in names:
            other = found[rule.code].module.__name__ if rule.code in found else names[rule.name]
            raise RegistryError(f"{module.__name__} and {other} share a code or name ({rule.code})")
        found[rule.code] = LoadedRule(rule, module, checks)
        names[rule.name] = module.__name__
    return tuple(found[code] for code in sorted(found))


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
    packages = [_built_in(kind)]
    for name in _entry_points(f"bnlint.{kind}"):
        package = _imported(name, f"plugin {name}")
        if not hasattr(package, "__path__"):
            raise RegistryError(f"plugin {name} is a module: name the package that holds it")
        packages.append(package)
    for package in packages:
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


def _built_in(kind: str) -> ModuleType:
    """Import ``bnlint.rules`` or ``bnlint.fixers``, which in a checkout stand beside ``bnlint``.

    There they are taken from beside it even if another checkout is installed as editable: the
    import system would find that one's.
    """
    name = f"bnlint.{kind}"
    if name in sys.modules:
        return sys.modules[name]
    folder = os.path.join(os.path.dirname(FOLDER), kind)
    init = os.path.join(folder, "__init__.py")
    installed = os.path.isdir(os.path.join(FOLDER, kind))  # what is beside it then is not ours
    if installed or not os.path.exists(init):
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
