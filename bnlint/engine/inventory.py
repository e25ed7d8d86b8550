"""What ``bnlint sites`` lists: every batch normalisation call with what is known of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bnlint.engine.facts import Facts
from bnlint.engine.locating import Places
from bnlint.files.documents import Document
from bnlint.frameworks.records import BATCH, NORM_NAMES
from bnlint.frameworks.responses import Response, response
from bnlint.frameworks.tables import UNKNOWN, Api
from bnlint.semantics.layers.alignment import site_name
from bnlint.semantics.layers.configured import configured_eps
from bnlint.semantics.layers.sites import Site, Unresolved
from bnlint.semantics.layers.traits import takes_weight, training_flag
from bnlint.semantics.syntax.numbers import decay, in_floats
from bnlint.semantics.tensors.neighbours import argument, linear_before
from bnlint.semantics.values.value import PRESUMED, Value, absent

_COUNT = re.compile(r"(?P<per_channel>\d*)C(?:\+(?P<fixed>\d+))?\Z")


class Setting(NamedTuple):
    """One setting of a site: its value, how it is known, and why not or on what it rests.

    ``kind`` is ``known``, ``default``, ``presumed`` or ``unknown``.
    """

    value: object
    kind: str
    why: str = ""


class Parameters(NamedTuple):
    """Parameter counts of a layer: per channel as the framework counts, and in numbers.

    ``counted`` is what the framework's own total counts (``4C`` in Keras, ``2C`` in PyTorch),
    ``trainable`` the trainable part. The numbers are ``None`` where the channels are not known.
    """

    counted: str
    trainable: str
    counted_number: int | None
    trainable_number: int | None


class SiteRow(NamedTuple):
    """One line of the list.

    ``api`` is the id of the first API the call may reach, ``apis`` all of them; both are empty for
    a call whose callee is not known, whose ``why`` says why. ``mode`` is the mode a new layer is
    in. ``within`` is the class or function around the call. ``of_weight`` tells a call that
    normalises a weight tensor, whose eps and momentum mean nothing of what a layer's mean.
    ``channels_why`` is what their number rests on, if a caller may override it. ``reference`` is
    what the layer is compared with in words, empty where nobody asked. ``eps_key`` is the key of a
    configuration that eps is taken of, as it is written. In a notebook, ``cell``
    is the number of the cell in which row and column count, once the row is :func:`located`.
    ``norm`` is the kind of normalisation, ``response`` what a local response layer computes.
    """

    path: str
    row: int
    column: int
    api: str
    apis: tuple[str, ...]
    framework: str
    name: str
    within: str
    direct: bool
    eps: Setting
    momentum: Setting
    decay: float | None
    mode: str
    axis: Setting
    channels: int | None
    parameters: Parameters | None
    why: str = ""
    of_weight: bool = False
    channels_why: str = ""
    reference: str = ""
    cell: int = 0
    norm: str = BATCH
    eps_key: str = ""
    response: Response | None = None

    @property
    def place(self) -> str:
        """Where it stands in its file: its row, and before that the cell of a notebook."""
        return f"cell {self.cell}:{self.row}" if self.cell else str(self.row)


_ABSENT = Setting(None, "unknown", "the callee is not known")


def rows(facts: Facts, told: Callable[[Site], str] = lambda _: "") -> list[SiteRow]:
    """Return the sites of a file and the calls that may be sites, in source order.

    ``told`` says what a site is compared with.
    """
    found = [row_of(facts, site)._replace(reference=told(site)) for site in facts.sites]
    found += [_unresolved(item) for item in facts.unresolved]
    return by_place(found)


def by_place(found: list[SiteRow]) -> list[SiteRow]:
    """Return rows in the order of the text; of one call, what is known comes first and alone."""
    ordered = sorted(found, key=lambda row: (row.row, row.column, not row.api))
    return [
        row
        for before, row in zip([None, *ordered], ordered, strict=False)
        if row.api or before is None or (before.row, before.column) != (row.row, row.column)
    ]


def located(row: SiteRow, document: Document | None) -> SiteRow:
    """Return a row of the program of a ``document`` as one of that document."""
    places = Places(row.path, "", document)
    cell, line, column = places.place(row.row, row.column)
    return row._replace(
        row=line,
        column=column,
        cell=cell,
        why=places.said(row.why, cell),
        eps=row.eps._replace(why=places.said(row.eps.why, cell)),
        momentum=row.momentum._replace(why=places.said(row.momentum.why, cell)),
        axis=row.axis._replace(why=places.said(row.axis.why, cell)),
        channels_why=places.said(row.channels_why, cell),
        reference=places.said(row.reference),
    )


def row_of(facts: Facts, site: Site) -> SiteRow:
    """Return what is known of one site."""
    api = site.api
    span = site.module.span(site.call)
    momentum = site.value("momentum")
    number = momentum.number
    conventions = {a.convention for a in site.apis}
    size = _channels(facts, site)
    channels = int(size.number) if size.number is not None else None
    return SiteRow(
        site.module.path,
        span.row,
        span.column,
        api.id,
        tuple(dict.fromkeys(a.id for a in site.apis)),
        api.framework.title,
        site_name(site),
        _within(site.module, site.call),
        site.is_direct,
        _setting(site.value("eps")),
        _setting(momentum),
        decay(api, number) if number is not None and len(conventions) == 1 else None,
        _mode(site),
        _axis(site),
        channels,
        _parameters(facts, site, channels),
        site.presumed,
        takes_weight(site),
        size.why if size.kind == PRESUMED else "",
        norm=api.norm,
        eps_key=key.text if (key := configured_eps(site)) is not None else "",
        response=_response(site) if api.window else None,
    )


def _response(site: Site) -> Response:
    """Return what a local response layer computes, as far as that is known."""

    def known(role: str) -> object:
        value = site.value(role)
        return value.value if value.is_known else None

    return response(site.api, known)


def _unresolved(item: Unresolved) -> SiteRow:
    span = item.module.span(item.call)
    absent = Setting(None, "unknown", item.why)
    return SiteRow(
        item.module.path, span.row, span.column, "", (), "", "", _within(item.module, item.call),
        False, absent, absent, None, UNKNOWN, absent, None, None, item.why,
    )  # fmt: skip


def _setting(value: Value) -> Setting:
    return Setting(value.value, value.kind, value.why)


def _within(module: object, call: ast.Call) -> str:
    names = [
        around.name
        for around in module.ancestors(call)  # type: ignore[attr-defined]  # a Module
        if isinstance(around, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return ".".join(reversed(names))


def _mode(site: Site) -> str:
    modes = {api.default_mode for api in site.apis}
    if site.api.mode_switch == "argument" or _mode_is_built_in(site.api):
        flag = training_flag(site)
        if flag.is_known and isinstance(flag.value, bool):
            return "training" if flag.value else "inference"
        if not flag.is_known and flag.why:
            return "by argument"
    return modes.pop() if len(modes) == 1 else UNKNOWN


def _mode_is_built_in(api: Api) -> bool:
    """Tell whether the constructor of a layer takes the mode."""
    roles = (api.roles.get(role, "") for role in ("training", "inference"))
    return any(api.parameter(name) is not None for name in roles)


def _axis(site: Site) -> Setting:
    """Return the channel axis: the axis argument, what the data format says, or the API's own."""
    if "axis" in site.api.roles:
        return _setting(site.value("axis"))
    if "data_format" in site.api.roles:
        layout = site.value("data_format")
        if not layout.is_known:
            return _setting(layout)
        axis = site.api.data_formats.get(str(layout.value))
        if axis is not None and axis != UNKNOWN:
            return Setting(axis, layout.kind, layout.why)
    if isinstance(site.api.channel_axis, int):
        return Setting(site.api.channel_axis, "default")
    return Setting(None, "unknown", "nobody has measured it")


def _channels(facts: Facts, site: Site) -> Value:
    """Return the number of channels: as given, or what the layer before puts out."""
    if "channels" in site.api.roles:
        return site.value("channels")
    found = linear_before(facts.project.evaluator, site)
    if found is None:
        return absent("the layer before is not in view")
    return argument(facts.project.evaluator, found, "channels")


def _parameters(facts: Facts, site: Site, channels: int | None) -> Parameters | None:
    """Return the counts of a layer, less what its switches leave out."""
    api = site.api
    if api.kind == "functional" or UNKNOWN in api.parameters.values():
        return None
    trainable = _per_channel(api.parameters["trainable"])
    counted = _per_channel(api.parameters["counted"])
    if trainable is None or counted is None:
        return None
    dropped = _dropped(site, facts.project.frameworks.apis.get(api.in_tables, api))
    if dropped is None:
        return None
    texts = []
    for per_channel, fixed in (counted, trainable):
        per_channel = max(per_channel - dropped, 0)
        texts.append((f"{per_channel}C" + (f"+{fixed}" if fixed else ""), per_channel, fixed))
    (counted_text, counted_c, counted_f), (trainable_text, trainable_c, trainable_f) = texts
    known = channels is not None
    return Parameters(
        counted_text,
        trainable_text,
        counted_c * channels + counted_f if known and channels is not None else None,
        trainable_c * channels + trainable_f if known and channels is not None else None,
    )


def _per_channel(count: str) -> tuple[int, int] | None:
    if count == "0":
        return 0, 0
    match = _COUNT.match(count)
    if match is None:
        return None
    return int(match["per_channel"] or 1), int(match["fixed"] or 0)


def _dropped(site: Site, api: Api) -> int | None:
    """Return how many per-channel parameters switches leave out; ``None`` if not known.

    ``api`` is the table's entry, whose counts are those of its own defaults.
    """
    dropped = 0
    for role, weight in (("affine", 2), ("scale", 1), ("center", 1)):
        if role not in api.roles:
            continue
        value = site.value(role)
        on = api.leaves_on(role, value.value) if value.is_known else None
        if on is None:
            return None
        if value.from_default:
            continue
        parameter = api.parameter(api.roles[role])
        usual = parameter is None or parameter.default is not False
        if usual and not on:
            dropped += weight
        elif on and not usual:
            dropped -= weight
    return dropped


class Shared(NamedTuple):
    """Sites of one framework that have eps and decay in common."""

    framework: str
    eps: str
    decay: str
    rows: tuple[SiteRow, ...]


def summary(found: list[SiteRow]) -> Iterator[Shared]:
    """Yield the sites by framework and settings, the most common settings first.

    Calls that normalise weights are not among them.
    """
    shared: dict[tuple[str, str, str], list[SiteRow]] = {}
    for row in found:
        if row.api and not row.of_weight:
            key = (
                row.framework if row.norm == BATCH else f"{row.framework}, {NORM_NAMES[row.norm]}",
                _text(row.eps),
                "unknown" if row.decay is None else f"{row.decay:g}",
            )
            shared.setdefault(key, []).append(row)
    for key, rows in sorted(shared.items(), key=lambda i: (i[0][0], -len(i[1]), i[0])):
        yield Shared(*key, tuple(rows))


def _text(setting: Setting) -> str:
    if setting.kind == "unknown" or not isinstance(setting.value, (int, float)):
        return "unknown"
    return f"{in_floats(setting.value):g}"
