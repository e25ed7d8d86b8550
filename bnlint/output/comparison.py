"""What ``bnlint compare`` prints: a table of both sides with the differences marked, and totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bnlint.output.json import dumps, finding_object
from bnlint.output.listing import Column, listing
from bnlint.output.report import Style, counted
from bnlint.output.text import clean, literal, paint
from bnlint.source import Lines

if TYPE_CHECKING:
    from bnlint.compare import Comparison, Row, Total
    from bnlint.inventory import Setting, SiteRow

_COLUMNS = (
    Column("reference", "cyan", title=True),
    Column("port", "bold", title=True),
    Column("eps"),
    Column("decay"),
    Column("axis"),
    Column("mode"),
    Column("parameters"),
    Column("paired by", "dim"),
    Column("difference", "bold yellow"),
)

_ARROW = " | "


def table(comparison: Comparison, style: Style) -> Iterator[str]:
    """Yield the table: each cell holds the reference's value, and the port's where it differs."""
    rows = [_cells(row, comparison.alike) for row in comparison.rows]
    yield from listing(_COLUMNS, [("", rows)], style)
    yield ""
    yield from _summary(comparison, style)


def json(comparison: Comparison) -> Iterator[str]:
    """Yield one object: the pairs, the totals and the findings."""
    lines = {path: Lines(text) for path, text in comparison.texts.items()}
    yield dumps(
        {
            "pairs": [
                {
                    "reference": _object(row.reference),
                    "port": _object(row.port),
                    "paired_by": row.how or None,
                    "differs": list(row.differs),
                }
                for row in comparison.rows
            ],
            "totals": [total._asdict() for total in comparison.totals],
            "findings": [finding_object(f, lines.get(f.path)) for f in comparison.findings],
        }
    )


def _cells(row: Row, alike: int) -> tuple[str, ...]:
    reference, port = row.reference, row.port
    return (
        f"all {alike} alike" if row.how == "uniform" and alike > 1 else _place(reference),
        _place(port),
        _both(reference, port, lambda r: _value(r.eps)),
        _both(reference, port, lambda r: "?" if r.decay is None else literal(r.decay)),
        _both(reference, port, lambda r: _value(r.axis)),
        _both(reference, port, lambda r: clean(r.mode)),
        _both(reference, port, _per_channel if row.how == "uniform" else _count),
        row.how,
        ", ".join(row.differs) or ("no partner" if None in (reference, port) else ""),
    )


def _both(reference: SiteRow | None, port: SiteRow | None, of: object) -> str:
    assert callable(of)
    texts = [of(row) for row in (reference, port) if row is not None]
    return texts[0] if len(set(texts)) == 1 else _ARROW.join(texts)


def _place(row: SiteRow | None) -> str:
    """Return where a layer is and what it is called: ``ref.py:12 bn1 in Block``."""
    if row is None:
        return "-"
    name = " in ".join(part for part in (row.name, row.within) if part)
    return clean(f"{row.path.rpartition('/')[2]}:{row.row} {name or row.api.rpartition('.')[2]}")


def _value(setting: Setting) -> str:
    if setting.kind == "unknown":
        return "?"
    return literal(setting.value) + ("?" if setting.kind == "presumed" else "")


def _per_channel(row: SiteRow) -> str:
    return row.parameters.counted if row.parameters is not None else "?"


def _count(row: SiteRow) -> str:
    if row.parameters is None:
        return "?"
    if row.parameters.counted_number is None:
        return row.parameters.counted
    return f"{row.parameters.counted_number} = {row.parameters.counted}"


def _summary(comparison: Comparison, style: Style) -> Iterator[str]:
    paired = sum(row.reference is not None and row.port is not None for row in comparison.rows)
    alone = len(comparison.rows) - paired
    differing = sum(bool(row.differs) for row in comparison.rows)
    parts = [
        counted(paired, "pair"),
        f"{differing or 'none'} of them {'differs' if differing < 2 else 'differ'}",
    ]
    if alone:
        parts.append(f"{counted(alone, 'layer')} without a partner")
    color = "bold yellow" if differing or alone else "green"
    yield paint([(", ".join(parts) + ".", color)], style.color)
    known = [total for total in comparison.totals if total.counted is not None]
    for total in known:
        yield f"{total.framework} counts {total.counted} parameters, {total.trainable} trainable."
    if len(known) == 2 and known[0].counted != known[1].counted:
        yield _explained(*known)


def _explained(reference: Total, port: Total) -> str:
    assert reference.counted is not None and port.counted is not None
    difference = abs(reference.counted - port.counted)
    if reference.trainable == port.trainable:
        return (
            f"The totals differ by {difference} because one framework counts running statistics "
            "as parameters and the other does not; the trainable parameters agree."
        )
    return f"The totals differ by {difference}, and the trainable parameters differ as well."


def _object(row: SiteRow | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "filename": row.path,
        "location": {"row": row.row, "column": row.column},
        "api": row.api,
        "name": row.name or None,
        "within": row.within or None,
        "eps": row.eps.value,
        "decay": row.decay,
        "axis": row.axis.value,
        "mode": row.mode,
        "channels": row.channels,
        "parameters": row.parameters.counted if row.parameters is not None else None,
    }
