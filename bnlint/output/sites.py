"""What ``bnlint sites`` prints: every batch normalisation call with what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from bnlint.engine.inventory import Setting
from bnlint.files.display import clean
from bnlint.frameworks.records import BATCH, NORM_NAMES
from bnlint.output.listing import Column, Row, listing
from bnlint.output.report import FormatError, Style, counted
from bnlint.output.text import literal, paint, wrapped

if TYPE_CHECKING:
    from bnlint.engine.inventory import Parameters, SiteRow

#: The formats of the list.
FORMATS = ("table", "concise", "json", "csv")

_COLUMNS = (
    Column("line", "cyan", title=True, right=True),
    Column("API", "bold", title=True),
    Column("name", title=True),
    Column("eps"),
    Column("momentum"),
    Column("decay"),
    Column("mode", plain=True),
    Column("axis"),
    Column("parameters"),
    Column("how known", "dim", prose=True),
)


#: What stands for a setting that a layer does not have.
_NOTHING = Setting(None, "known")


def lines(rows: Sequence[SiteRow], format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the lines of the list of sites in one of :data:`FORMATS`.

    Raises:
        FormatError: there is no such format.
    """
    if format == "table":
        return _table(rows, style)
    if format == "concise":
        return map(_concise, rows)
    if format == "json":
        return _json(rows)
    if format == "csv":
        return _csv(rows)
    raise FormatError(f"sites can be written as {', '.join(FORMATS)}, not as {format}")


# ------------------------------------------------------------------------------------- the table


def _table(rows: Sequence[SiteRow], style: Style) -> Iterator[str]:
    files = [(path, list(group)) for path, group in groupby(rows, key=lambda row: row.path)]
    groups = [(clean(path), [_columns(row) for row in group]) for path, group in files]
    yield from listing(_COLUMNS, groups, style)
    yield from _settings(rows, style)
    yield from _totals(files, style)
    yield from _references(files, style)


def _references(files: Sequence[tuple[str, list[SiteRow]]], style: Style) -> Iterator[str]:
    """Yield what the layers of each file are compared with."""
    told = {path: dict.fromkeys(r.reference for r in rows if r.reference) for path, rows in files}
    if any(told.values()):
        yield ""
    for path, references in told.items():
        for reference in references:
            yield from wrapped(clean(f"{path} is compared with {reference}"), style.width)


def _columns(row: SiteRow) -> Row:
    if not row.api:
        return (row.place, "?", _name(row), *[""] * 6, f"not resolved: {clean(row.why)}")
    if row.norm != BATCH:  # it has no running statistics, and most have no axis to speak of
        return (
            row.place, clean(row.api), _name(row), _value(row.eps), *[""] * 5,
            _how_known(row._replace(momentum=_NOTHING, axis=_NOTHING)),
        )  # fmt: skip
    return (
        row.place,
        clean(row.api),
        _name(row),
        _value(row.eps),
        _value(row.momentum),
        "?" if row.decay is None else literal(row.decay),
        clean(row.mode),
        _value(row.axis),
        _count(row.parameters) or "?",
        _how_known(row),
    )


def _name(row: SiteRow) -> str:
    """Return what the layer is called and where: ``bn1 in Block.__init__``."""
    return clean(" in ".join(part for part in (row.name, row.within) if part))


def _value(setting: Setting) -> str:
    return "?" if setting.kind == "unknown" else literal(setting.value)


def _count(parameters: Parameters | None) -> str:
    """Return ``128 = 4C (64 trainable)``, without the number where the channels are not known."""
    if parameters is None:
        return ""
    counted_, trainable = parameters.counted, parameters.trainable
    if counted_ == "0C":
        return "0"
    if parameters.counted_number is None:
        return counted_ if counted_ == trainable else f"{counted_} ({trainable} trainable)"
    text = f"{parameters.counted_number} = {counted_}"
    if parameters.counted_number == parameters.trainable_number:
        return text
    return f"{text} ({parameters.trainable_number} trainable)"


def _how_known(row: SiteRow) -> str:
    """Return what the values rest on: left to defaults, presumed of a caller, or not known."""
    how: dict[tuple[str, str], list[str]] = {}
    for name, setting in (("eps", row.eps), ("momentum", row.momentum), ("axis", row.axis)):
        if setting.kind != "known":
            how.setdefault((setting.kind, setting.why), []).append(name)
    if row.channels_why:
        how.setdefault(("presumed", row.channels_why), []).append("channels")
    if row.why and all(why != row.why for _, why in how):
        how["presumed", row.why] = ["API"]
    parts = [f"or {api}" for api in row.apis if api != row.api]
    if row.of_weight:
        parts.append("normalises a weight")
    for (kind, why), names in how.items():
        parts.append(f"{kind} {', '.join(names)}" + (f": {why}" if why else ""))
    return clean("; ".join(parts))


# ------------------------------------------------------------------------------------ the summary


def _settings(rows: Sequence[SiteRow], style: Style) -> Iterator[str]:
    """Yield how many sites of each framework share their settings, and which of them stand out."""
    from bnlint.engine.inventory import summary

    for framework, group in groupby(summary(list(rows)), key=lambda shared: shared.framework):
        found = list(group)
        total = sum(len(shared.rows) for shared in found)
        yield ""
        yield f"{framework}: {counted(total, 'site')}"
        most = found[0]
        has_rule = 2 * len(most.rows) > total > 2 and "unknown" not in most
        indent = len(str(len(most.rows))) + 2
        for shared in found:
            is_odd = has_rule and shared is not most and "unknown" not in shared
            line = f"{len(shared.rows):>{indent}}  eps={shared.eps} decay={shared.decay}"
            mark = "  <- odd ones out" if is_odd else ""
            yield paint([(line, ""), (mark, "bold yellow")], style.color)
            if is_odd:
                yield from _places(shared.rows, indent + 2, style)
    of_weight = sum(row.of_weight for row in rows)
    if of_weight:
        yield ""
        yield f"{counted(of_weight, 'call')} beside these: what is normalised there is a weight"
    unresolved = sum(not row.api for row in rows)
    if unresolved:
        yield ""
        yield f"{counted(unresolved, 'call')} not resolved: what is called there is not known"


#: How many places of sites that stand out are named.
_SHOWN = 5


def _places(rows: Sequence[SiteRow], indent: int, style: Style) -> Iterator[str]:
    """Yield where sites are, the first few of them."""
    files: dict[str, list[str]] = {}
    for row in rows[:_SHOWN]:
        files.setdefault(row.path, []).append(row.place)
    text = ", ".join(f"{clean(path)}:{', '.join(lines)}" for path, lines in files.items())
    rest = len(rows) - _SHOWN
    text += f" and {rest} more" if rest > 0 else ""
    head, *others = wrapped(text, style.width, indent, indent)
    for line in (" " * indent + head, *others):
        yield paint([(line, "dim")], style.color)


def _totals(files: Sequence[tuple[str, list[SiteRow]]], style: Style) -> Iterator[str]:
    """Yield how many parameters the sites have by file and framework, where all are known."""
    found = [(clean(path), sums) for path, rows in files for sums in _sums(rows)]
    if len(files) > 1:
        every = [row for _, rows in files for row in rows]
        found += [("all files", sums) for sums in _sums(every)]
    if not found:
        return
    yield ""
    columns = (
        Column("parameters", title=True),
        Column("framework", title=True),
        Column("counted", right=True),
        Column("trainable", right=True),
    )
    texts = [(path, title, f"{all_:,}", f"{part:,}") for path, (title, all_, part) in found]
    yield from listing(columns, [("", texts)], style)
    rows = [row for _, rows in files for row in rows]
    yield from wrapped(_why_they_differ(rows), style.width)


def _sums(rows: Iterable[SiteRow]) -> list[tuple[str, int, int]]:
    """Return the counted and the trainable parameters by framework, where all sites' are known."""
    sums: dict[str, tuple[int, int]] = {}
    unknown = set()
    for row in rows:
        counts = row.parameters
        if counts is None or counts.counted_number is None or counts.trainable_number is None:
            unknown.add(row.framework)
            continue
        if row.channels_why:
            unknown.add(row.framework)
            continue
        before = sums.get(row.framework, (0, 0))
        sums[row.framework] = before[0] + counts.counted_number, before[1] + counts.trainable_number
    return [(title, *both) for title, both in sorted(sums.items()) if title not in unknown]


def _why_they_differ(rows: Sequence[SiteRow]) -> str:
    """Explain 2C and 4C: frameworks do not count the same things as parameters."""
    whole: dict[str, str] = {}
    trained: dict[str, str] = {}
    for row in rows:
        if row.parameters is not None and row.parameters.counted != "0C":
            counts = row.parameters
            kind = trained if counts.counted == counts.trainable else whole
            kind.setdefault(row.framework, counts.counted)
    text = "Each site is counted once; C is its number of channels."
    if whole:
        text += f" {_listed(whole)} running means and variances among the parameters."
    if trained:
        text += f" {_listed(trained)} only what is trained."
    if any(
        row.channels_why or row.parameters is None or row.parameters.counted_number is None
        for row in rows
    ):
        text += " There is no sum where the number of a site is not known."
    return text


def _listed(counts: dict[str, str]) -> str:
    names = [f"{title} ({count})" for title, count in sorted(counts.items())]
    text = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{text} {'count' if len(names) > 1 else 'counts'}"


# ------------------------------------------------------------------------------- for programs


def _concise(row: SiteRow) -> str:
    """Return the line of a site: ``path:row:column: api name eps=1e-05 (default) ...``."""
    start = f"{clean(row.path)}:{row.place}:{row.column}:"
    name = _name(row)
    if not row.api:
        return f"{start} {f'{name}: ' if name else ''}not resolved: {clean(row.why)}"
    parts = [start, "|".join(map(clean, row.apis))]
    if name:
        parts.append(f"{name}:")
    for key, setting in (("eps", row.eps), ("momentum", row.momentum)):
        if key == "eps" or row.norm == BATCH:
            parts.append(f"{key}={_value(setting)}{_reason(setting)}")
    if row.norm != BATCH:
        return " ".join([*parts, NORM_NAMES[row.norm]])
    parts.append("decay=?" if row.decay is None else f"decay={literal(row.decay)}")
    parts.append(f"mode={clean(row.mode)}")
    parts.append(f"axis={_value(row.axis)}{_reason(row.axis)}")
    parts.append(f"parameters {_count(row.parameters) or '?'}")
    return " ".join(parts)


def _reason(setting: Setting) -> str:
    if setting.kind == "known":
        return ""
    return f" ({setting.kind}: {clean(setting.why)})" if setting.why else f" ({setting.kind})"


def _json(rows: Iterable[SiteRow]) -> Iterator[str]:
    from bnlint.output.json import dumps

    yield dumps([_object(row) for row in rows])


def _object(row: SiteRow) -> dict[str, object]:
    return {
        "filename": row.path,
        "location": {"row": row.row, "column": row.column},
        "cell": row.cell or None,
        "api": row.api or None,
        "apis": row.apis,
        "framework": row.framework or None,
        "name": row.name or None,
        "within": row.within or None,
        "direct": row.direct,
        "eps": row.eps._asdict(),
        "momentum": row.momentum._asdict(),
        "decay": row.decay,
        "mode": row.mode,
        "axis": row.axis._asdict(),
        "channels": row.channels,
        "channels_why": row.channels_why or None,
        "parameters": row.parameters._asdict() if row.parameters is not None else None,
        "why": row.why or None,
        "reference": row.reference or None,
        "norm": row.norm if row.api else None,
    }


def _csv(rows: Iterable[SiteRow]) -> Iterator[str]:
    """Yield a header and a record for each site; what is not known is empty."""
    head = (
        "filename row column api apis framework name within direct eps eps_known eps_why "
        "momentum momentum_known momentum_why decay mode axis axis_known axis_why channels "
        "counted trainable counted_number trainable_number why reference cell norm"
    )
    yield _record(head.split())
    for row in rows:
        settings: list[object] = []
        for setting in (row.eps, row.momentum, row.axis):
            settings += ["" if setting.kind == "unknown" else _bare(setting.value), *setting[1:]]
        yield _record(
            [
                row.path, row.row, row.column, row.api, "|".join(row.apis), row.framework,
                row.name, row.within, row.direct, *settings[:6], row.decay, row.mode,
                *settings[6:], row.channels, *(row.parameters or [None] * 4), row.why,
                row.reference, row.cell or None, row.norm if row.api else None,
            ]
        )  # fmt: skip


def _bare(value: object) -> str:
    """Return a value as a cell: a string as it is, anything else as source text."""
    return value if isinstance(value, str) else literal(value)


def _record(values: Iterable[object]) -> str:
    """Return one line of CSV."""
    import csv
    import io

    text = io.StringIO()
    texts = ["" if value is None else clean(str(value)) for value in values]
    csv.writer(text, lineterminator="").writerow(texts)
    return text.getvalue()
