"""Checks the values of a configuration file, and keeps what is wrong with them.

A check is given the reader, the key and the value, and returns the value in the form that the
configuration holds. After a fault, what it returns is not used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from bnlint.config import globs
from bnlint.config.spelling import toml
from bnlint.config.suggestions import suggestion
from bnlint.finding import Problem
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeAlias

_BARE_KEY = lazy(r"[\w-]+")
#: How many characters of a wrong value are shown.
_LONG = 60


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


class Reader:
    """Checks the values of one file, and remembers what is wrong with them."""

    def __init__(self, path: str, prefix: str, folder: str) -> None:
        self.path = path
        self.prefix = prefix
        self.folder = folder
        self.mistakes: list[Mistake] = []

    def fault(self, key: str, message: str) -> None:
        """Remember what is wrong with the value of ``key``."""
        self.mistakes.append(Mistake(self.path, (self.prefix + key).rstrip("."), message))

    def expected(self, key: str, what: str, value: object) -> None:
        """Remember that ``value`` is not ``what`` the option takes."""
        found = toml(value)
        if len(found) > _LONG:
            found = f"{found[:_LONG]}..."
        self.fault(key, f"expected {what}, found {found}")

    def unknown(self, table: str, key: str, known: Iterable[str]) -> None:
        """Remember that ``table`` has no such key; the nearest of the ``known`` is proposed."""
        name = key if _BARE_KEY.fullmatch(key) else toml(key)
        self.fault(table + name, "unknown key" + suggestion(key, known))


Check: TypeAlias = "Callable[[Reader, str, Any], Any]"


def flag(reader: Reader, key: str, value: Any) -> Any:
    """Accept true and false."""
    if not isinstance(value, bool):
        reader.expected(key, "true or false", value)
    return value


def text(reader: Reader, key: str, value: Any) -> Any:
    """Accept a string that is not empty."""
    if not isinstance(value, str) or not value:
        reader.expected(key, "a name", value)
    return value


def one_of(allowed: tuple[str, ...]) -> Check:
    """Return the check that accepts the ``allowed`` strings."""

    def check(reader: Reader, key: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            reader.expected(key, "one of " + ", ".join(allowed), value)
        return value

    return check


def texts(reader: Reader, key: str, value: Any) -> tuple[str, ...]:
    """Accept a list of strings."""
    if not isinstance(value, list):
        reader.expected(key, "a list of strings", value)
        return ()
    for i, item in enumerate(value):
        if not isinstance(item, str):
            reader.expected(f"{key}[{i}]", "a string", item)
    return tuple(value)


def _glob(reader: Reader, key: str, pattern: str) -> None:
    try:
        globs.check(pattern)
    except globs.GlobError as error:
        reader.fault(key, f"expected a glob pattern, found {toml(pattern)} ({error})")


def patterns(reader: Reader, key: str, value: Any) -> tuple[str, ...]:
    """Accept a list of glob patterns."""
    found = texts(reader, key, value)
    for i, pattern in enumerate(found):
        if isinstance(pattern, str):
            _glob(reader, f"{key}[{i}]", pattern)
    return found


def path(reader: Reader, key: str, value: Any) -> str:
    """Accept a path; relative to the folder of the file, it is made absolute."""
    if not isinstance(value, str) or not value or "\0" in value:
        reader.expected(key, "a path", value)
        return ""
    return absolute(value, reader.folder)


def absolute(path: str, folder: str) -> str:
    """Return ``path``, relative to ``folder``, as an absolute path with forward slashes."""
    joined = os.path.normpath(os.path.join(folder, path))
    return joined.replace(os.sep, "/")


def per_file(reader: Reader, key: str, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Accept a table with a list of rules for each glob pattern."""
    if not isinstance(value, dict):
        reader.expected(key, "a table of glob = [rules]", value)
        return ()
    entries = []
    for pattern, selectors in value.items():
        at = f"{key}.{toml(pattern)}"
        _glob(reader, at, pattern.removeprefix("!"))
        entries.append((pattern, texts(reader, at, selectors)))
    return tuple(entries)


def paths(reader: Reader, key: str, value: Any) -> tuple[str, ...]:
    """Accept a list of paths, as :func:`path` does one."""
    return tuple(
        path(reader, f"{key}[{i}]", item) for i, item in enumerate(texts(reader, key, value))
    )
