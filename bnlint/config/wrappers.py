"""What the framework tables have against the wrappers that a configuration declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bnlint.config.options import Config, Mistake
from bnlint.config.selection import place
from bnlint.config.spelling import toml
from bnlint.config.suggestions import suggestion
from bnlint.frameworks.declared import rows_of
from bnlint.frameworks.records import Wrapper
from bnlint.frameworks.tables import catalogue
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def check_wrappers(config: Config) -> Iterator[Mistake]:
    """Yield what is wrong with the wrappers that ``config`` declares.

    Unknown are an API that a wrapper is to be like and an argument that API does not have; a
    default must be of the type that the argument has there.
    """
    for wrapper in config.wrappers:
        for key, message in _faults(wrapper):
            at = f'apis."{wrapper.path}"' + (f".{key}" if key else "")
            yield Mistake(*place(config, at), message)


def _faults(wrapper: Wrapper) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a wrapper by the framework tables: a key of it, and the message."""
    if rows_of(wrapper.path):
        yield "", "this is an API of a framework, and means what it means there"
        return
    rows = rows_of(wrapper.like)
    if not rows:
        known = [
            name
            for table in catalogue().tables.values()
            for row in table["api"]
            for name in (row["id"], *row["aliases"])
        ]
        yield "like", f"unknown API {toml(wrapper.like)}{suggestion(wrapper.like, known)}"
        return
    defaults = {name: default for name, kind, default in rows[0][1]["signature"] if kind != "extra"}
    for name, value in wrapper.settings:
        if name not in defaults:
            yield name, _no_such(wrapper.like, name, defaults)
            continue
        wanted, fits = _type_of(defaults[name])
        if not fits(value):
            yield name, f"expected {wanted}, found {toml(value)}"
    for i, name in enumerate(wrapper.positional or ()):
        if name not in defaults:
            yield f"positional[{i}]", _no_such(wrapper.like, name, defaults)
    own = {**{name: name for name in defaults}, **dict(wrapper.parameters)}
    for name, called in wrapper.parameters:
        at = f"parameters.{name}"
        if name not in defaults:
            yield at, _no_such(wrapper.like, name, defaults)
        else:
            other = next((n for n, c in own.items() if c == called and n != name), None)
            if other is not None:
                yield at, f"{toml(called)} is the name of {other} already"


def _no_such(like: str, name: str, names: Iterable[str]) -> str:
    hint = suggestion(name, names) or f"; it has {', '.join(names)}"
    return f"{like} has no argument {name}{hint}"


def _type_of(default: list[Any] | None) -> tuple[str, Callable[[object], bool]]:
    """Return what the value of an argument with this default must be, in words and as a test."""
    value = default[1] if default is not None and default[0] == "literal" else None
    if isinstance(value, bool):
        return "true or false", lambda v: isinstance(v, bool)
    if isinstance(value, int):
        return "an integer", lambda v: type(v) is int
    if isinstance(value, float):
        return "a number", lambda v: type(v) in (int, float)
    if isinstance(value, str):
        return "a string", lambda v: isinstance(v, str)
    return "a number, a string, true or false", lambda _: True
