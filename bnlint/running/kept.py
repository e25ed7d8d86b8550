"""What was found in a file as plain data, and back again.

Records become lists that begin with their name, other tuples lists that begin with 0. What cannot
be written so, or is more than findings and what goes with them, is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from bnlint import finding
from bnlint.engine.result import Result
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_RECORDS: Mapping[str, Any] = {
    "Result": Result,
    **{n: found for n, found in vars(finding).items() if isinstance(found, type)},
}


#: What annotations of records name.
_TYPES: Mapping[str, Any] = {
    **vars(finding), **{kind.__name__: kind for kind in (object, str, int, float, bool)},
}  # fmt: skip


def packed(result: Result) -> object | None:
    """Return what was found as plain data; ``None`` if there is more to ``result`` than that."""
    bare = result._replace(text=None)
    kept = Result(
        result.path, result.findings, notices=result.notices, checked=result.checked,
        uncompared=result.uncompared, offers=result.offers, unlisted=result.unlisted,
        hints=result.hints, layers=result.layers,
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
    if not data[0]:
        return parts
    record = _RECORDS[data[0]]
    made = record(*parts)
    for value, wanted in zip(made, record.__annotations__.values(), strict=True):
        if not _fits(value, wanted):
            raise TypeError(f"{value!r} is not {wanted}")
    return made


def _fits(value: object, wanted: str) -> bool:
    """Tell whether ``value`` is of the type that the annotation ``wanted`` of a record says."""
    either = _split(wanted, "|")
    if len(either) > 1:
        return any(_fits(value, one) for one in either)
    if wanted.startswith("tuple["):
        kinds = _split(wanted[len("tuple[") : -1], ",")
        if not isinstance(value, tuple):
            return False
        if kinds[-1] == "...":
            return all(_fits(item, kinds[0]) for item in value)
        return len(value) == len(kinds) and all(map(_fits, value, kinds))
    kind = _TYPES.get(wanted)
    return isinstance(value, kind) if kind is not None else value is None


@lru_cache
def _split(annotation: str, mark: str) -> tuple[str, ...]:
    """Return the parts of an annotation between ``mark``, where that stands in no brackets."""
    parts, deep = [""], 0
    for letter in annotation:
        deep += (letter == "[") - (letter == "]")
        if letter == mark and not deep:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts)
