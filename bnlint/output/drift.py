"""What ``bnlint frameworks --check`` prints: whether the tables hold for what is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bnlint.files.display import clean
from bnlint.frameworks.records import UNKNOWN
from bnlint.output.report import FormatError, Style, counted
from bnlint.output.text import paint, wrapped

if TYPE_CHECKING:
    from bnlint.confirm.drift import DriftRow

#: The formats of the list.
FORMATS = ("table", "json")

#: Statuses of rows in which nothing was compared: the reason stands in the place of a value.
_NOT_COMPARED = ("not installed", "not checked")


def lines(rows: Sequence[DriftRow], format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the lines of the comparison in one of :data:`FORMATS`.

    For people, what differs comes first, then what was not compared and why; what agrees is only
    counted.

    Raises:
        FormatError: there is no such format.
    """
    if format == "table":
        return _table(rows, style)
    if format == "json":
        return _json(rows)
    raise FormatError(f"this can be written as {', '.join(FORMATS)}, not as {format}")


def _table(rows: Sequence[DriftRow], style: Style) -> Iterator[str]:
    differing = [row for row in rows if row.status == "differs"]
    for row in differing:
        title = ((clean(row.api), "bold"), (f" {clean(row.field)} ", ""), ("differs", "bold red"))
        yield paint(title, style.color)
        for name, text in (("table", row.table), ("installed", row.installed)):
            head, *rest = wrapped(clean(text), style.width, 15, 15)
            yield f"    {name:<11}{head}"
            yield from rest
        yield ""
    for status in _NOT_COMPARED:
        reasons: dict[str, list[str]] = {}
        for row in rows:
            if row.status == status:
                what = " ".join(part for part in (row.api, row.field) if part)
                reasons.setdefault(_reason(row), []).append(what)
        for reason, names in reasons.items():
            head, *rest = wrapped(clean(reason), style.width, len(status) + 2, 4)
            yield paint([(f"{status}: ", "bold yellow"), (head, "")], style.color)
            yield from rest
            head, *rest = wrapped(clean(", ".join(names)), style.width, 4, 4)
            yield f"    {head}"
            yield from rest
    agreeing = sum(row.status == "agrees" for row in rows)
    text = f"{counted(agreeing, 'field')} {_verb(agreeing, 'agree')}"
    text += f", {len(differing)} {_verb(len(differing), 'differ')}"
    for status in _NOT_COMPARED:
        number = sum(row.status == status for row in rows)
        text += f", {number} {status}" if number else ""
    yield from wrapped(f"{text}.", style.width)


def _reason(row: DriftRow) -> str:
    if row.table == UNKNOWN:
        return f"the table does not say, measured is {row.installed}"
    return row.installed


def _verb(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb


def _json(rows: Sequence[DriftRow]) -> Iterator[str]:
    from bnlint.output.json import dumps

    yield dumps([row._asdict() for row in rows])
