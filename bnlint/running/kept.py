"""What was found in a file as plain data, and back again.

Records become lists that begin with their name, other tuples lists that begin with 0. What cannot
be written so, or is more than findings and what goes with them, is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bnlint import finding
from bnlint.engine.linter import Result
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_RECORDS: Mapping[str, Callable[..., Any]] = {
    "Result": Result,
    **{n: found for n, found in vars(finding).items() if isinstance(found, type)},
}


def packed(result: Result) -> object | None:
    """Return what was found as plain data; ``None`` if there is more to ``result`` than that."""
    bare = result._replace(text=None)
    kept = Result(
        result.path, result.findings, notices=result.notices, checked=result.checked,
        uncompared=result.uncompared, offers=result.offers, unlisted=result.unlisted,
        hints=result.hints,
    )  # fmt: skip
    try:
        return _plain(kept) if kept == bare else None
    except TypeError:
        return None


def unpacked(data: object) -> Result | None:
    """Return the result that ``data`` stands for, without the text of its file.

    ``None`` where the data is of another form than :func:`packed` gives.
    """
    try:
        found = _made(data)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, Result) else None


def _plain(value: object) -> object:
    """Return ``value`` as plain data.

    Raises:
        TypeError: it cannot be written so.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if not isinstance(value, tuple):
        raise TypeError(type(value).__name__)
    name = type(value).__name__
    return [name if _RECORDS.get(name) is type(value) else 0, *map(_plain, value)]


def _made(data: object) -> Any:
    """Return what ``data`` stands for.

    Raises:
        LookupError, TypeError: it is of another form than :func:`_plain` gives.
    """
    if not isinstance(data, list):
        return data
    parts = tuple(_made(part) for part in data[1:])
    return _RECORDS[data[0]](*parts) if data[0] else parts
