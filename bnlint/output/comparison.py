"""What ``bnlint compare`` prints: a table of what differs, or of both sides, and totals."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from bnlint.files.display import clean
from bnlint.finding import Problem
from bnlint.frameworks.records import BATCH
from bnlint.output.layer_cells import RESPONSES, axis, count, decay, eps, per_channel
from bnlint.output.listing import Column, listing
from bnlint.output.report import Style, counted
from bnlint.output.text import paint, wrapped
from bnlint.porting.feeding import spelled, text

if TYPE_CHECKING:
    from bnlint.engine.inventory import SiteRow
    from bnlint.porting.compare import Comparison, Input, Row, Unseen
    from bnlint.porting.totals import Total

_COLUMNS = (
    Column("reference", "cyan", title=True, named=True),
    Column("port", "bold", title=True, named=True),
    Column("eps"),
    Column("decay"),
    Column("axis"),
    Column("mode"),
    Column("parameters"),
    Column("before it"),
    Column("paired by", "dim"),
    Column("difference", "bold yellow"),
)

_ARROW = " | "


_DIFFERENCES = (
    Column("differs", "bold yellow", title=True),
    Column("reference", "cyan"),
    Column("port", "bold"),
    Column("layers", prose=True),
)


def differences(comparison: Comparison, style: Style) -> Iterator[str]:
    """Yield a row for each difference: the setting, both values, and the pairs that have it."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for row in comparison.rows:
        for name in row.differs:
            found.setdefault((name, *_values(row, name)), []).append(row)
    files = {**_alone(comparison.rows, 0), **_alone(comparison.rows, 1)}
    alone = _alone_layers([row for row in comparison.rows if not _is_of(row, files)])
    shown = [(*key, _where(rows)) for key, rows in found.items()]
    shown += [("no partner", *both, _named(places)) for both, places in alone]
    if shown:
        yield from listing(_DIFFERENCES, [("", shown)], style)
        yield ""
    if any(name == "decay" for name, *_ in found):
        yield from wrapped(_DECAY, style.width)
    if any(name == "alpha" for name, *_ in found):
        yield from wrapped(_ALPHA, style.width)
    yield from _partnerless(files, style)
    yield from _summary(comparison, style)
    if comparison.rows:
        yield from wrapped("--all shows each pair of layers, and all their settings.", style.width)


_DECAY = "decay: how much of the old running value an update keeps, whatever momentum means."

_ALPHA = "alpha: what a square counts, divided by the size of the window where the framework does."


def _alone_layers(found: Sequence[Row]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Yield the layers without a partner of each side, with what stands for it in the table."""
    for side, texts in ((0, ("there", "-")), (1, ("-", "there"))):
        rows = [row for row in found if (row.reference, row.port)[1 - side] is None]
        layers = [(row.reference, row.port)[side] for row in rows]
        places = [_short(layer) for layer in layers if layer is not None]
        if places:
            yield texts, places


def _where(rows: Sequence[Row]) -> str:
    """Return the layers of pairs: those of the port, with those of the reference they pair with."""
    return _named([f"{_short(row.port)} ({_partner(row)})" for row in rows])


def _short(row: SiteRow | None) -> str:
    """Return where a layer is and what it is called, without what is around it."""
    if row is None:
        return "-"
    return clean(f"{row.path.rpartition('/')[2]}:{row.place} {row.name}".rstrip())


def _partner(row: Row) -> str:
    if row.how == "uniform" and row.alike > 1:
        return f"all {row.alike} alike"
    assert row.reference is not None
    return clean(f"{row.reference.path.rpartition('/')[2]}:{row.reference.place}")


def _named(places: Sequence[str]) -> str:
    """Return how many layers there are, and the first of them."""
    shown = ", ".join(places[:_SHOWN])
    more = len(places) - _SHOWN
    listed = f"{shown} and {more} more" if more > 0 else shown
    return f"{len(places)}: {listed}" if len(places) > 1 else listed


def _values(row: Row, name: str) -> tuple[str, str]:
    """Return what the setting called ``name`` is on both sides of a pair."""
    reference, port = row.reference, row.port
    assert reference is not None and port is not None
    if name == "eps":
        return eps(reference), eps(port)
    if name == "decay":
        return decay(reference), decay(port)
    if name == "mode":
        return row.modes
    if name == "channels":
        return str(reference.channels), str(port.channels)
    if name == "parameters":
        return per_channel(reference), per_channel(port)
    if name in RESPONSES:
        return RESPONSES[name](reference), RESPONSES[name](port)
    left, right = (spelled(feed, name) if feed is not None else "?" for feed in row.feeds)
    return clean(left), clean(right)


def table(comparison: Comparison, style: Style) -> Iterator[str]:
    """Yield the table: each cell holds the reference's value, and the port's where it differs."""
    alone = {**_alone(comparison.rows, 0), **_alone(comparison.rows, 1)}
    shown = [row for row in comparison.rows if not _is_of(row, alone)]
    groups = [
        (clean(_ARROW.join(files)) if files else "", [_cells(row) for row in rows])
        for files, rows in groupby(shown, key=lambda row: row.files)
    ]
    if len(groups) > 1 and not groups[-1][0]:
        groups[-1] = ("other files", groups[-1][1])
    yield from listing(_COLUMNS, groups, style)
    if alone:
        yield ""
        yield from _partnerless(alone, style)
    yield ""
    yield from wrapped(_DECAY, style.width)
    yield from _summary(comparison, style)


def _partnerless(files: Mapping[str, int], style: Style) -> Iterator[str]:
    """Yield the files of which no layer has a partner."""
    names = (
        f"{clean(path.rpartition('/')[2])} ({counted(n, 'layer')})" for path, n in files.items()
    )
    if files:
        yield from wrapped(f"Files without a partner: {', '.join(names)}.", style.width)


def without_layers(
    comparison: Comparison, sides: Sequence[tuple[str, Sequence[Input]]]
) -> Problem | None:
    """Return what is wrong where the reference or the port, of that name, has no layer at all."""
    known = (
        any(row.reference for row in comparison.rows),
        any(row.port for row in comparison.rows),
    )
    for (name, side), has_layers in zip(sides, known, strict=True):
        if not has_layers and not comparison.problems:
            paths = {item.path for item in side}
            unseen = [file for file in comparison.unseen if file.path in paths]
            why = "".join(f"; not looked at: {text}" for text in unseen_texts(unseen))
            return Problem(f"no batch normalisation layer is known in it{why}", name)
    return None


def _alone(rows: Sequence[Row], side: int) -> dict[str, int]:
    """Return the files of a side of which no layer has a partner, with the number of layers.

    One file alone on its side is not among them.
    """
    found = [((row.reference, row.port)[side], bool(row.how)) for row in rows]
    paired = {layer.path for layer, has_partner in found if layer and has_partner}
    others = [layer.path for layer, _ in found if layer and layer.path not in paired]
    if len({*paired, *others}) < 2:
        return {}
    return {path: others.count(path) for path in others}


def _is_of(row: Row, files: Container[str]) -> bool:
    return not row.how and any(r.path in files for r in (row.reference, row.port) if r)


def _cells(row: Row) -> tuple[str, ...]:
    reference, port = row.reference, row.port
    is_any = row.how == "uniform" and row.alike > 1
    return (
        f"all {row.alike} alike" if is_any else _place(reference),
        _place(port),
        _both(reference, port, eps),
        _both(reference, port, decay),
        _both(reference, port, axis),
        _ARROW.join(dict.fromkeys(mode for mode in row.modes if mode)) or _unknown(row),
        _both(reference, port, per_channel if row.how == "uniform" else count),
        _fed_by(row),
        row.how,
        ", ".join(row.differs) or ("no partner" if None in (reference, port) else ""),
    )


def _both(reference: SiteRow | None, port: SiteRow | None, of: object) -> str:
    assert callable(of)
    texts = [of(row) for row in (reference, port) if row is not None]
    return texts[0] if len(set(texts)) == 1 else _ARROW.join(texts)


#: What may differ between the layers before the two of a pair.
_FEEDS = frozenset({"kernel", "stride", "padding", "bias", "activation"})


def _fed_by(row: Row) -> str:
    """Return what stands before the layers of a pair, where that differs."""
    if not _FEEDS.intersection(row.differs):
        return ""
    return clean(_ARROW.join(text(feed) for feed in row.feeds if feed is not None))


def _place(row: SiteRow | None) -> str:
    """Return where a layer is and what it is called: ``ref.py:12 bn1 in Block``."""
    if row is None:
        return "-"
    name = " in ".join(part for part in (row.name, row.within) if part)
    return clean(f"{row.path.rpartition('/')[2]}:{row.place} {name or row.api.rpartition('.')[2]}")


def _unknown(row: Row) -> str:
    """Return what stands for something that is not known, or that a kind of layer does not have."""
    either = row.port or row.reference
    return "?" if either is None or either.norm == BATCH else ""


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
    for line in (*_certainty(comparison), *_limits(comparison)):
        yield from wrapped(line, style.width)
    known = [total for total in comparison.totals if total.counted is not None]
    for total in known:
        yield f"{total.framework} counts {total.counted} parameters, {total.trainable} trainable."
    if len(known) == 2 and known[0].counted != known[1].counted:
        yield from wrapped(_explained(*known), style.width)


#: How sure pairs are, by how they were made.
_SURE = {
    "names": "the same names on both sides, sure",
    "order": "as they stand in the source, sure if both sides are written in the same order",
    "uniform": "all layers of the reference are alike, so that each stands for the others",
    "likeness": "by names, surroundings and place, not sure: look at them",
}


def _certainty(comparison: Comparison) -> Iterator[str]:
    """Yield how sure the pairs are."""
    made = {row.how for row in comparison.rows}
    for how, told in _SURE.items():
        if how in made:
            yield f"Paired by {how}: {told}."


def _limits(comparison: Comparison) -> Iterator[str]:
    """Yield what was not compared, so that nothing is taken for equal that was not looked at."""
    pairs = [(row.reference, row.port) for row in comparison.rows if row.reference and row.port]
    batch = [(one, other) for one, other in pairs if one.norm == BATCH]
    missing = {
        "eps": sum(
            "unknown" in (row.reference.eps.kind, row.port.eps.kind)
            for row in comparison.rows
            if row.reference and row.port and not (row.same_key or "eps" in row.differs)
            if row.reference.response is None  # which has no eps
        ),
        "decay": sum(None in (one.decay, other.decay) for one, other in batch),
        "parameters": sum(None in (one.parameters, other.parameters) for one, other in batch),
    }
    missing["kernel, stride and padding"] = sum(row.unsized for row in comparison.rows)
    if any(missing.values()):
        where = (
            f"{name} in {'all pairs' if number == len(pairs) > 1 else counted(number, 'pair')}"
            for name, number in missing.items()
            if number
        )
        yield f"Not compared, since a side is not known: {', '.join(where)}."
    by_hand = sum(row.padded for row in comparison.rows)
    if by_hand:
        yield f"Not compared, since something pads by hand: padding in {counted(by_hand, 'pair')}."
    for unseen in unseen_texts(comparison.unseen):
        yield f"Not compared: {unseen}."


def unseen_texts(unseen: Sequence[Unseen]) -> Iterator[str]:
    """Yield what files build, or may build, that was not looked at."""
    calls = {file.path: len(file.unresolved) for file in unseen if file.unresolved}
    if calls:
        yield (
            f"{counted(sum(calls.values()), 'call')} that may build layers and could not be "
            f"resolved, in {_files(_most(calls))} ('bnlint sites' says why)"
        )
    built = {path: n for file in unseen for path, n in file.elsewhere.items()}
    if built:
        users = [file.path for file in unseen if file.elsewhere]
        layers = (f"{clean(path)} ({counted(built[path], 'layer')})" for path in _most(built))
        verb = "has" if len(users) == 1 else "have"
        yield f"what {_files(users)} {verb} built in {_listed(list(layers))}"


def _most(found: Mapping[str, int]) -> list[str]:
    """Return the files with most first."""
    return sorted(found, key=lambda path: (-found[path], path))


def _files(paths: Sequence[str]) -> str:
    return _listed([clean(path.rpartition("/")[2]) for path in paths])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {counted(more, 'other file')}" if more > 0 else "")


#: How many files are named at most.
_SHOWN = 3


def _explained(reference: Total, port: Total) -> str:
    assert reference.counted is not None and port.counted is not None
    difference = abs(reference.counted - port.counted)
    if reference.trainable != port.trainable:
        return (
            f"The totals differ by {difference}, and the trainable parameters differ as well: the "
            "layers marked 'parameters' or 'channels', and those without a partner, are why."
        )
    more, less = sorted((reference, port), key=lambda total: -(total.counted or 0))
    of_more, of_less = (f" ({t.per_layer})" if t.per_layer else "" for t in (more, less))
    return (
        f"The totals differ by {difference}: {more.framework} counts the running mean and variance "
        f"as parameters{of_more.replace(')', ' for a layer of C channels)')}, {less.framework} "
        f"does not{of_less}. The trainable parameters agree."
    )
