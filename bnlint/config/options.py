"""The options of ``[tool.bnlint]``: keys, types, defaults, and the reading of a file of them.

Every mistake of a file is collected before any is raised, so that one run shows them all. An
unknown key is a mistake: a misspelt option must never be an option silently left out.

No option can name a program to run or switch execution on: these files come with the linted
project, which need not be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.config.reader import (
    Check,
    ConfigError,
    Mistake,
    Reader,
    absolute,
    flag,
    one_of,
    path,
    paths,
    patterns,
    per_file,
    text,
    texts,
)
from bnlint.config.spelling import toml
from bnlint.finding import CONFIDENCES, SEVERITIES
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from bnlint.frameworks.records import Wrapper

__all__ = [
    "COMMAND_LINE",
    "OPTIONS",
    "Config",
    "ConfigError",
    "Mistake",
    "Option",
    "Port",
    "Selection",
    "absolute",
    "parse",
    "toml",
]

COMMAND_LINE = "command line"

#: As a reference: the code is no port.
NO_REFERENCE = "none"

#: The formats of findings; ``bnlint.output`` has a module of the same name for each.
FORMATS = (
    "full", "concise", "grouped", "json", "jsonl", "sarif", "github", "gitlab", "azure", "junit",
    "rdjson", "pylint", "markdown",
)  # fmt: skip

#: Names of folders that hold no code of the project's own. Virtual environments of any other
#: name are known by their ``pyvenv.cfg``: ``env`` alone may well be a package of environments.
EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
INCLUDE = ("*.py", "*.pyi", "*.ipynb")

#: What `include-docs` adds to what is included.
INCLUDE_DOCS = ("*.md", "*.rst")


#: An import path, or a call of what makes the model it is given the name of.
_INSTALLED = lazy(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+(?:\(\s*(?:'[^'\"]+'|\"[^'\"]+\")\s*\))?")
_MOST, _DEEPEST = 50_000, 20  # characters of all settings, and tables within tables


class Selection(NamedTuple):
    """Which rules one layer (a file, the command line) turns on and off, and which may be fixed.

    ``select`` and ``fixable`` are ``None`` where the layer leaves the choice as it found it.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()


class Port(NamedTuple):
    """Files (globs) that are ported code, and what from: a file, a framework family, or both.

    ``reference`` is an absolute path with forward slashes, the name of an installed model, or
    :data:`NO_REFERENCE`.
    """

    paths: tuple[str, ...]
    reference: str | None = None
    from_family: str | None = None


class Config(NamedTuple):
    """The settings that apply to a file.

    ``folder`` is the absolute folder that globs and paths are relative to, ``file`` the
    configuration file as displayed (``None``: there is none). ``origins`` tells where each option
    that is not at its default was set: ``file`` or the command line.
    """

    folder: str = ""
    file: str | None = None
    origins: Mapping[str, str] = {}
    chosen: Selection = Selection()
    chosen_on_command_line: Selection = Selection()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_confidence: str = "medium"
    from_family: str | None = None
    reference: str | None = None
    infer: bool = True
    reference_paths: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    wrappers: tuple[Wrapper, ...] = ()
    baseline: str | None = None
    fix: bool = False
    unsafe_fixes: bool = False
    extend_safe_fixes: tuple[str, ...] = ()
    extend_unsafe_fixes: tuple[str, ...] = ()
    include: tuple[str, ...] = INCLUDE
    include_docs: bool = False
    exclude: tuple[str, ...] = EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    output_format: str | None = None
    fail_on: str = "info"


class Option(NamedTuple):
    """One option: its key in TOML, the field of ``Config`` (or of its selection), its check."""

    key: str
    field: str
    check: Check
    of_selection: bool = False


def _reference(reader: Reader, key: str, value: Any) -> str:
    if isinstance(value, str) and (value == NO_REFERENCE or is_installed(value)):
        return value
    return path(reader, key, value)


def is_installed(name: str) -> bool:
    """Tell whether a reference is written as an installed model is, and not as a file."""
    return _INSTALLED.fullmatch(name) is not None and not name.endswith(".py")


_PORT: dict[str, tuple[str, Check]] = {
    "paths": ("paths", patterns),
    "reference": ("reference", _reference),
    "from": ("from_family", text),
}


def _ports(reader: Reader, key: str, value: Any) -> tuple[Port, ...]:
    if not isinstance(value, list):
        reader.expected(key, "an array of tables ([[port]])", value)
        return ()
    ports = []
    for i, entry in enumerate(value):
        at = f"{key}[{i}]"
        if not isinstance(entry, dict):
            reader.expected(at, "a table", entry)
            continue
        fields: dict[str, Any] = {"paths": ()}
        for name, item in entry.items():
            if name in _PORT:
                field, check = _PORT[name]
                fields[field] = check(reader, f"{at}.{name}", item)
            else:
                reader.unknown(f"{at}.", name, _PORT)
        if not entry.get("paths"):
            reader.fault(f"{at}.paths", "missing: name the ported files by at least one glob")
        if not ("reference" in entry or "from" in entry):
            reader.fault(at, "needs a reference (a file, or none), a from (a framework) or both")
        ports.append(Port(**fields))
    return tuple(ports)


def _wrappers(reader: Reader, key: str, value: Any) -> tuple[Wrapper, ...]:
    from bnlint.config.declaring import read_wrappers

    return read_wrappers(reader, key, value)


#: Every option, in the order of docs/configuration.md.
OPTIONS = (
    Option("select", "select", texts, of_selection=True),
    Option("extend-select", "extend_select", texts, of_selection=True),
    Option("ignore", "ignore", texts, of_selection=True),
    Option("per-file-ignores", "per_file_ignores", per_file),
    Option("min-confidence", "min_confidence", one_of(CONFIDENCES)),
    Option("from", "from_family", text),
    Option("reference", "reference", one_of((NO_REFERENCE,))),
    Option("infer", "infer", flag),
    Option("reference-paths", "reference_paths", paths),
    Option("port", "ports", _ports),
    Option("apis", "wrappers", _wrappers),
    Option("baseline", "baseline", path),
    Option("fix", "fix", flag),
    Option("unsafe-fixes", "unsafe_fixes", flag),
    Option("fixable", "fixable", texts, of_selection=True),
    Option("unfixable", "unfixable", texts, of_selection=True),
    Option("extend-safe-fixes", "extend_safe_fixes", texts),
    Option("extend-unsafe-fixes", "extend_unsafe_fixes", texts),
    Option("include", "include", patterns),
    Option("include-docs", "include_docs", flag),
    Option("exclude", "exclude", patterns),
    Option("extend-exclude", "extend_exclude", patterns),
    Option("force-exclude", "force_exclude", flag),
    Option("respect-gitignore", "respect_gitignore", flag),
    Option("output-format", "output_format", one_of(FORMATS)),
    Option("fail-on", "fail_on", one_of((*SEVERITIES, "never"))),
)
_BY_KEY = {option.key: option for option in OPTIONS}


def parse(table: Any, path: str, prefix: str, folder: str) -> Config:
    """Return the settings in ``table``, checked.

    ``path`` is the file as displayed, ``prefix`` what stands before its keys (``tool.bnlint.``),
    ``folder`` the absolute folder its globs and paths are relative to.

    Raises:
        ConfigError: a key is unknown, or a value is not of its type.
    """
    reader = Reader(path, prefix, folder)
    if not isinstance(table, dict):
        reader.expected("", "a table", table)
        table = {}
    if _is_too_large(table):
        reader.fault("", f"more than {_MOST:,} characters of settings, or nested too deeply")
        raise ConfigError(*reader.mistakes)
    fields: dict[str, Any] = {}
    chosen: dict[str, Any] = {}
    for key, value in table.items():
        option = _BY_KEY.get(key)
        if option is None:
            reader.unknown("", key, _BY_KEY)
        else:
            target = chosen if option.of_selection else fields
            target[option.field] = option.check(reader, key, value)
    if reader.mistakes:
        raise ConfigError(*reader.mistakes)
    return Config(
        folder, path, dict.fromkeys(table, path), Selection(**chosen), Selection(), **fields
    )


def _is_too_large(table: Any) -> bool:
    """Tell whether a table holds more than anybody would set: it need not be trusted."""
    size, level = 0, [table]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                size += sum(map(len, value))
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            size += len(value) if isinstance(value, str) else 1
        level = inner
    return bool(level) or size > _MOST
