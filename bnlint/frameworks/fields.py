"""Strict checks of single values of a framework table.

A check takes the file's name, the dotted key and the value found there. It returns the value in
JSON-ready form (dicts, lists, strings, numbers) or raises :class:`TableError`, which names both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from typing import Any

from bnlint.frameworks.records import FIRST_BATCH, UNKNOWN, TableError

Check = Callable[[str, str, Any], Any]

#: Where to look up what keys there are; ends the messages about them.
_LISTED = "(docs/frameworks.md lists the keys)"

_COUNT = re.compile(r"(0|\d*C(\+\d+)?)\Z")
_PATH = re.compile(r"(\{[a-z]\w*\}|[A-Za-z_]\w*)(\.[A-Za-z_]\w*)*(\.?\*)?\Z")
_VERSION = re.compile(r"\d+(\.\d+)*\Z")


def failure(file: str, key: str, expected: str, value: object) -> TableError:
    """Return the error that says what was expected at ``key`` and what stood there."""
    return TableError(f"{file}: {key}: expected {expected}, found {value!r}")


def text(file: str, key: str, value: Any) -> str:
    """Accept a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise failure(file, key, "a string", value)
    return value


def flag(file: str, key: str, value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise failure(file, key, "true or false", value)
    return value


def whole(file: str, key: str, value: Any) -> int:
    """Accept an integer."""
    if type(value) is not int:
        raise failure(file, key, "an integer", value)
    return value


def number(file: str, key: str, value: Any) -> float:
    """Accept a number."""
    if type(value) not in (int, float):
        raise failure(file, key, "a number", value)
    return float(value)


def numbers(file: str, key: str, value: Any) -> list[float]:
    """Accept a list of numbers."""
    if not isinstance(value, list) or not value:
        raise failure(file, key, "a list of numbers", value)
    return [number(file, key, item) for item in value]


def literal(file: str, key: str, value: Any) -> Any:
    """Accept a number, a string or a boolean."""
    if isinstance(value, (bool, int, float, str)):
        return value
    raise failure(file, key, "a number, a string or a boolean", value)


def initial(file: str, key: str, value: Any) -> float | str:
    """Accept what a running statistic starts at: a number, or a word for it."""
    if type(value) in (int, float) or value in ("1-eps", FIRST_BATCH, UNKNOWN):
        return value  # type: ignore[no-any-return]  # narrowed by the test above
    raise failure(file, key, f'a number, "1-eps", "{FIRST_BATCH}" or "unknown"', value)


def axis(file: str, key: str, value: Any) -> int | str:
    """Accept an axis or ``"unknown"``."""
    if type(value) is int or value == UNKNOWN:
        return value  # type: ignore[no-any-return]  # narrowed by the test above
    raise failure(file, key, 'an integer or "unknown"', value)


def axes(file: str, key: str, value: Any) -> list[int]:
    """Accept a list of axes."""
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return value
    raise failure(file, key, "a list of axes", value)


def ranks(file: str, key: str, value: Any) -> list[int] | str:
    """Accept a list of tensor ranks, ``"any"`` or ``"unknown"``."""
    if value in ("any", UNKNOWN):
        return str(value)
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return value
    raise failure(file, key, 'a list of ranks, "any" or "unknown"', value)


def count(file: str, key: str, value: Any) -> str:
    """Accept a number of elements for C channels, such as ``2C`` or ``4C+1``."""
    if value != UNKNOWN and (not isinstance(value, str) or not _COUNT.match(value)):
        raise failure(file, key, 'a count such as "2C" or "4C+1"', value)
    return str(value)


def version(file: str, key: str, value: Any) -> str:
    """Accept a version number such as ``2.16``."""
    if not isinstance(value, str) or not _VERSION.match(value):
        raise failure(file, key, 'a version such as "2.16"', value)
    return value


def texts(file: str, key: str, value: Any) -> list[str]:
    """Accept a list of different strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise failure(file, key, "a list of strings", value)
    if len(set(value)) != len(value):
        twice = next(item for item in value if value.count(item) > 1)
        raise TableError(f"{file}: {key}: {twice!r} stands twice")
    return value


def names(file: str, key: str, value: Any) -> list[str]:
    """Accept a list of different dotted names.

    A name may begin with the name of a root in braces and end in ``*``.
    """
    for item in texts(file, key, value):
        if not _PATH.match(item):
            raise failure(file, key, "dotted names", item)
    return value  # type: ignore[no-any-return]  # checked by texts


def one_of(*allowed: str) -> Check:
    """Return a check that accepts one of some words."""

    def check(file: str, key: str, value: Any) -> str:
        if value not in allowed:
            raise failure(file, key, "one of " + ", ".join(allowed), value)
        return str(value)

    return check


def record(fields: dict[str, Check], required: Collection[str] = ()) -> Check:
    """Return a check for a table that has ``required`` and may have the other ``fields``."""

    def check(file: str, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise failure(file, key, "a table", value)
        for name in value:
            if name not in fields:
                raise TableError(f"{file}: {at(key, name)}: unknown key {_LISTED}")
        for name in required:
            if name not in value:
                raise TableError(f"{file}: {at(key, name)}: missing {_LISTED}")
        return {name: fields[name](file, at(key, name), item) for name, item in value.items()}

    return check


def records(item: Check) -> Check:
    """Return a check for a list of tables."""

    def check(file: str, key: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise failure(file, key, "a list of tables", value)
        return [item(file, f"{key}[{i}]", entry) for i, entry in enumerate(value)]

    return check


def mapping(item: Check, keys: Collection[str] | None = None) -> Check:
    """Return a check for a table whose keys are free, or those of ``keys``."""

    def check(file: str, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise failure(file, key, "a table", value)
        for name in value:
            if keys is not None and name not in keys:
                raise TableError(f"{file}: {key}.{name}: unknown key {_LISTED}")
        return {name: item(file, f"{key}.{name}", entry) for name, entry in value.items()}

    return check


def entries(file: str, key: str, value: Any) -> list[dict[str, Any]]:
    """Accept a list of tables whose content is checked later."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise failure(file, key, "a list of tables", value)
    return value


def by_rank(one: Check) -> Check:
    """Return a check for one value for every rank, or a table from rank (as text) to value."""

    def check(file: str, key: str, value: Any) -> Any:
        if isinstance(value, str):
            return one(file, key, value)
        checked = mapping(one)(file, key, value)
        for rank in checked:
            if not rank.isdigit():
                raise TableError(f"{file}: {key}.{rank}: unknown key (a rank is a number)")
        return checked

    return check


def signature(file: str, key: str, value: Any) -> list[list[Any]]:
    """Parse a Python parameter list into rows ``[name, kind, default]``.

    ``kind`` is ``positional``, ``keyword`` or ``extra`` (``**kwargs``). ``default`` is ``None``
    for a required parameter, else ``["literal", value]`` or ``["source", text]`` where the
    default is not a literal. Tuples become lists, as they would in JSON.
    """
    source = text(file, key, value)
    try:
        arguments = ast.parse(f"lambda {source[1:-1]}: 0", mode="eval").body.args  # type: ignore[attr-defined]
    except SyntaxError:
        raise failure(file, key, "a parameter list in Python's syntax", value) from None
    if source[:1] != "(" or source[-1:] != ")" or arguments.vararg or arguments.posonlyargs:
        raise failure(file, key, "a parameter list in Python's syntax", value)
    rows: list[list[Any]] = []
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    for parameters, values, kind in (
        (arguments.args, defaults, "positional"),
        (arguments.kwonlyargs, arguments.kw_defaults, "keyword"),
    ):
        rows += [[p.arg, kind, _default(d)] for p, d in zip(parameters, values, strict=True)]
    if arguments.kwarg:
        rows.append([arguments.kwarg.arg, "extra", None])
    return rows


def _default(node: ast.expr | None) -> list[Any] | None:
    if node is None:
        return None
    try:
        return ["literal", _listed(ast.literal_eval(node))]
    except ValueError:
        return ["source", ast.unparse(node)]


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, (tuple, list)) else value


def at(key: str, name: str) -> str:
    """Return the dotted key of ``name`` in what stands at ``key``.

    An entry that has a name of its own is called by it (``api "toy.Norm"``), and its fields stand
    after a colon.
    """
    if key.endswith('"'):
        return f"{key}: {name}"
    return f"{key}.{name}" if key else name
