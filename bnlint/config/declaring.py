"""The tables ``[tool.bnlint.apis]`` of a configuration: wrappers that the project declares.

What can be seen without the framework tables is checked here, the rest in
:mod:`bnlint.config.wrappers`.
"""

from __future__ import annotations

import keyword
import math

from bnlint.config.spelling import toml
from bnlint.frameworks.records import Wrapper
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Protocol

    class Faults(Protocol):
        """What notes the mistakes of a file."""

        def fault(self, key: str, message: str) -> None:
            """Note a mistake at ``key``."""

        def expected(self, key: str, what: str, value: object) -> None:
            """Note that ``value`` at ``key`` is not ``what`` it has to be."""


_TABLE = 'a table of wrappers, such as [apis."mypkg.layers.TFBatchNorm"]'


def read_wrappers(reader: Faults, key: str, value: Any) -> tuple[Wrapper, ...]:
    """Return the wrappers that the table ``value`` declares, and note what is wrong with it."""
    if not isinstance(value, dict):
        reader.expected(key, _TABLE, value)
        return ()
    return tuple(_wrapper(reader, key, path, entry) for path, entry in value.items())


def _wrapper(reader: Faults, key: str, path: str, entry: Any) -> Wrapper:
    at = f"{key}.{path}" if _is_name(path) else f"{key}.{toml(path)}"
    settings: list[tuple[str, object]] = []
    parameters: list[tuple[str, str]] = []
    positional: tuple[str, ...] | None = None
    like = ""
    if not _is_path(path):
        hint = "in quotes" if _is_name(path) else "each part an identifier"
        reader.fault(at, f"expected a dotted import path, {hint}: apis.{_EXAMPLE}")
    elif not isinstance(entry, dict):
        reader.expected(at, "a table", entry)
    elif "like" not in entry:
        reader.fault(f"{at}.like", 'missing: name the API it is like, as in "torch.nn.BatchNorm2d"')
    else:
        for name, item in entry.items():
            if name == "like":
                like = _like(reader, f"{at}.like", item)
            elif name == "parameters":
                parameters = _parameters(reader, f"{at}.parameters", item)
            elif name == "positional":
                positional = _names(reader, f"{at}.positional", item)
            else:
                settings.append((name, _literal(reader, f"{at}.{name}", item)))
    return Wrapper(path, like, tuple(settings), tuple(parameters), positional)


_EXAMPLE = '"mypkg.layers.TFBatchNorm"'


def _like(reader: Faults, key: str, value: Any) -> str:
    if not isinstance(value, str) or not _is_path(value):
        reader.expected(key, "the import path of an API", value)
        return ""
    return value


def _parameters(reader: Faults, key: str, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        reader.expected(key, 'a table of names, such as { eps = "epsilon" }', value)
        return []
    for name, own in value.items():
        if not isinstance(own, str) or not _is_name(own):
            reader.expected(f"{key}.{name}", "the name of a parameter", own)
    return list(value.items())


def _names(reader: Faults, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        reader.expected(key, "a list of names", value)
        return ()
    for i, name in enumerate(value):
        if not isinstance(name, str) or not _is_name(name):
            reader.expected(f"{key}[{i}]", "the name of an argument", name)
        elif name in value[:i]:
            reader.fault(f"{key}[{i}]", f"{name} stands twice")
    return tuple(value)


def _literal(reader: Faults, key: str, value: Any) -> object:
    if not isinstance(value, (bool, int, float, str)):
        reader.expected(key, "a number, a string, true or false", value)
    elif isinstance(value, float) and not math.isfinite(value):
        reader.expected(key, "a finite number", value)
    return value


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _is_path(text: str) -> bool:
    """Tell whether ``text`` is the path of a name in a module: identifiers, at least two."""
    parts = text.split(".")
    return len(parts) > 1 and all(_is_name(part) for part in parts)
