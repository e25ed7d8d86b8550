"""The options of ``[tool.bnlint]``: keys, types, defaults, and the reading of a file of them.

Every mistake of a file is collected before any is raised, so that one run shows them all. An
unknown key is a mistake: a misspelt option must never be an option silently left out.

No option can name a program to run or switch execution on: these files come with the linted
project, which need not be trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from bnlint.config import globs
from bnlint.config.spelling import toml
from bnlint.finding import CONFIDENCES, SEVERITIES, Problem
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeAlias

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
    "suggested",
    "suggestion",
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


_BARE_KEY = lazy(r"[\w-]+")
#: An import path, or a call of what makes the model it is given the name of.
_INSTALLED = lazy(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+(?:\(\s*(?:'[^'\"]+'|\"[^'\"]+\")\s*\))?")
_LONG = 60  # characters of a wrong value that are shown
_MOST, _DEEPEST = 50_000, 20  # characters of all settings, and tables within tables


class Mistake(NamedTuple):
    """One fault of a configuration: the file as displayed, the key, and what is wrong with it."""

    path: str
    key: str
    message: str

    def __str__(self) -> str:
        """Return the line to show."""
        return ": ".join(part for part in self if part)

    @property
    def problem(self) -> Problem:
        """The same as an entry of the run's problems."""
        return Problem(": ".join(part for part in self[1:] if part), self.path)


class ConfigError(ValueError):
    """A configuration that cannot be used, with everything that is wrong with it."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes

    @property
    def path(self) -> str:
        """The file of the first mistake."""
        return self.mistakes[0].path

    @property
    def key(self) -> str:
        """The key of the first mistake."""
        return self.mistakes[0].key


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


class _Reader:
    """Checks the values of one file, and remembers what is wrong with them."""

    def __init__(self, path: str, prefix: str, folder: str) -> None:
        self.path = path
        self.prefix = prefix
        self.folder = folder
        self.mistakes: list[Mistake] = []

    def fault(self, key: str, message: str) -> None:
        self.mistakes.append(Mistake(self.path, (self.prefix + key).rstrip("."), message))

    def expected(self, key: str, what: str, value: object) -> None:
        found = toml(value)
        if len(found) > _LONG:
            found = f"{found[:_LONG]}..."
        self.fault(key, f"expected {what}, found {found}")

    def unknown(self, table: str, key: str, known: Iterable[str]) -> None:
        name = key if _BARE_KEY.fullmatch(key) else toml(key)
        self.fault(table + name, "unknown key" + suggestion(key, known))


# A check returns the value in the form Config holds; after a fault what it returns is not used.
Check: TypeAlias = "Callable[[_Reader, str, Any], Any]"


class Option(NamedTuple):
    """One option: its key in TOML, the field of ``Config`` (or of its selection), its check."""

    key: str
    field: str
    check: Check
    of_selection: bool = False


def _flag(reader: _Reader, key: str, value: Any) -> Any:
    if not isinstance(value, bool):
        reader.expected(key, "true or false", value)
    return value


def _text(reader: _Reader, key: str, value: Any) -> Any:
    if not isinstance(value, str) or not value:
        reader.expected(key, "a name", value)
    return value


def _one_of(allowed: tuple[str, ...]) -> Check:
    def check(reader: _Reader, key: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            reader.expected(key, "one of " + ", ".join(allowed), value)
        return value

    return check


def _texts(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        reader.expected(key, "a list of strings", value)
        return ()
    for i, item in enumerate(value):
        if not isinstance(item, str):
            reader.expected(f"{key}[{i}]", "a string", item)
    return tuple(value)


def _glob(reader: _Reader, key: str, pattern: str) -> None:
    try:
        globs.check(pattern)
    except globs.GlobError as error:
        reader.fault(key, f"expected a glob pattern, found {toml(pattern)} ({error})")


def _globs(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    patterns = _texts(reader, key, value)
    for i, pattern in enumerate(patterns):
        if isinstance(pattern, str):
            _glob(reader, f"{key}[{i}]", pattern)
    return patterns


def _path(reader: _Reader, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        reader.expected(key, "a path", value)
        return ""
    return absolute(value, reader.folder)


def absolute(path: str, folder: str) -> str:
    """Return ``path``, relative to ``folder``, as an absolute path with forward slashes."""
    joined = os.path.normpath(os.path.join(folder, path))
    return joined.replace(os.sep, "/")


def _per_file(reader: _Reader, key: str, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        reader.expected(key, "a table of glob = [rules]", value)
        return ()
    entries = []
    for pattern, selectors in value.items():
        at = f"{key}.{toml(pattern)}"
        _glob(reader, at, pattern.removeprefix("!"))
        entries.append((pattern, _texts(reader, at, selectors)))
    return tuple(entries)


def _reference(reader: _Reader, key: str, value: Any) -> str:
    if isinstance(value, str) and (value == NO_REFERENCE or is_installed(value)):
        return value
    return _path(reader, key, value)


def is_installed(name: str) -> bool:
    """Tell whether a reference is written as an installed model is, and not as a file."""
    return _INSTALLED.fullmatch(name) is not None and not name.endswith(".py")


def _paths(reader: _Reader, key: str, value: Any) -> tuple[str, ...]:
    return tuple(
        _path(reader, f"{key}[{i}]", item) for i, item in enumerate(_texts(reader, key, value))
    )


_PORT: dict[str, tuple[str, Check]] = {
    "paths": ("paths", _globs),
    "reference": ("reference", _reference),
    "from": ("from_family", _text),
}


def _ports(reader: _Reader, key: str, value: Any) -> tuple[Port, ...]:
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


def _wrappers(reader: _Reader, key: str, value: Any) -> tuple[Wrapper, ...]:
    from bnlint.config.declaring import read_wrappers

    return read_wrappers(reader, key, value)


#: Every option, in the order of docs/configuration.md.
OPTIONS = (
    Option("select", "select", _texts, of_selection=True),
    Option("extend-select", "extend_select", _texts, of_selection=True),
    Option("ignore", "ignore", _texts, of_selection=True),
    Option("per-file-ignores", "per_file_ignores", _per_file),
    Option("min-confidence", "min_confidence", _one_of(CONFIDENCES)),
    Option("from", "from_family", _text),
    Option("reference", "reference", _one_of((NO_REFERENCE,))),
    Option("infer", "infer", _flag),
    Option("reference-paths", "reference_paths", _paths),
    Option("port", "ports", _ports),
    Option("apis", "wrappers", _wrappers),
    Option("baseline", "baseline", _path),
    Option("fix", "fix", _flag),
    Option("unsafe-fixes", "unsafe_fixes", _flag),
    Option("fixable", "fixable", _texts, of_selection=True),
    Option("unfixable", "unfixable", _texts, of_selection=True),
    Option("extend-safe-fixes", "extend_safe_fixes", _texts),
    Option("extend-unsafe-fixes", "extend_unsafe_fixes", _texts),
    Option("include", "include", _globs),
    Option("include-docs", "include_docs", _flag),
    Option("exclude", "exclude", _globs),
    Option("extend-exclude", "extend_exclude", _globs),
    Option("force-exclude", "force_exclude", _flag),
    Option("respect-gitignore", "respect_gitignore", _flag),
    Option("output-format", "output_format", _one_of(FORMATS)),
    Option("fail-on", "fail_on", _one_of((*SEVERITIES, "never"))),
)
_BY_KEY = {option.key: option for option in OPTIONS}


def parse(table: Any, path: str, prefix: str, folder: str) -> Config:
    """Return the settings in ``table``, checked.

    ``path`` is the file as displayed, ``prefix`` what stands before its keys (``tool.bnlint.``),
    ``folder`` the absolute folder its globs and paths are relative to.

    Raises:
        ConfigError: a key is unknown, or a value is not of its type.
    """
    reader = _Reader(path, prefix, folder)
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


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes the nearest of the ``known`` words, if any."""
    from difflib import get_close_matches

    if len(word) > _LONG:
        return ""
    words = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), list(words), 1)
    if near and word[-1:].isdigit() and not _is_neighbour(word.lower(), near[0]):
        return ""  # all codes of rules are alike, and another number is another rule
    return f"; did you mean {words[near[0]]}?" if near else ""


def _is_neighbour(word: str, other: str) -> bool:
    """Tell whether one word is the other with a letter added, left out, changed or moved by one."""
    if sorted(word) == sorted(other):
        return True
    short, long = sorted((word, other), key=len)
    if len(long) == len(short):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return any(short == long[:i] + long[i + 1 :] for i in range(len(long)))


def suggested(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that proposes the nearest of the ``known`` words, or all."""
    words = sorted(known)
    return suggestion(word, words) or f"; accepted are {', '.join(words)}"
