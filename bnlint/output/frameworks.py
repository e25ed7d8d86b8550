"""What ``bnlint frameworks`` prints: what each framework's layers mean by default."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from bnlint.files.display import clean
from bnlint.frameworks.records import SourceText
from bnlint.output.listing import Column, Row, listing
from bnlint.output.report import FormatError, Style
from bnlint.output.text import literal, wrapped

if TYPE_CHECKING:
    from bnlint.frameworks.records import Api, Framework
    from bnlint.frameworks.tables import Frameworks

#: The formats of the list.
FORMATS = ("table", "json")

_FAMILIES = (
    Column("--from", "bold", title=True),
    Column("framework", title=True),
    Column("means the defaults of", plain=True),
    Column("checked with", prose=True),
)

_APIS = (
    Column("API", "bold", title=True),
    Column("eps"),
    Column("momentum"),
    Column("keeps"),
    Column("convention", plain=True),
    Column("new layers"),
    Column("axis"),
    Column("variance"),
    Column("but", "dim", prose=True),
)

_LEGEND = (
    "convention: which value a momentum is the weight of, the old running one or the new batch's. "
    "keeps: the weight of the old running value in an update, at the default momentum. "
    "new layers: the mode that they are in, or a bare call is; by argument: each call has to say. "
    "axis: where the channels are. "
    "variance: what goes into the running one, biased (divided by n) or unbiased (by n-1)."
)


def lines(frameworks: Frameworks, format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the lines of what the tables say in one of :data:`FORMATS`.

    Raises:
        FormatError: there is no such format.
    """
    if format == "table":
        return _tables(frameworks, style)
    if format == "json":
        return _json(frameworks)
    raise FormatError(f"frameworks can be written as {', '.join(FORMATS)}, not as {format}")


def _tables(frameworks: Frameworks, style: Style) -> Iterator[str]:
    families = [
        (family.name, family.title, family.reference, family.checked)
        for family in frameworks.frameworks.values()
    ]
    yield from listing(_FAMILIES, [("", families)], style)
    yield ""
    apis = groupby(frameworks.apis.values(), key=lambda api: api.framework.title)
    groups = [(title, [_columns(api) for api in group]) for title, group in apis]
    yield from listing(_APIS, groups, style)
    yield ""
    yield from wrapped(_LEGEND, style.width)


def _columns(api: Api) -> Row:
    return (
        api.id,
        default_text(api, "eps"),
        default_text(api, "momentum"),
        _kept(api),
        api.convention,
        "by argument" if api.default_mode == "required" else api.default_mode,
        str(api.channel_axis),
        api.estimator if isinstance(api.estimator, str) else "by rank",
        _exceptions(api),
    )


def default_text(api: Api, role: str) -> str:
    """Return the default of the argument in ``role``, ``-`` where no argument plays it."""
    name = api.roles.get(role)
    parameter = api.parameter(name) if name is not None else None
    if parameter is None:
        return "-" if name is None else "?"
    if parameter.required:
        return "required"
    default = parameter.default
    return clean(default.text) if isinstance(default, SourceText) else literal(default)


def decay_of(api: Api) -> float | None:
    """Return what is kept of the old value at the default momentum, if that is known."""
    try:
        momentum = api.default("momentum")
    except KeyError:
        return None
    if not isinstance(momentum, (int, float)) or isinstance(momentum, bool):
        return None
    decay = api.decay(momentum)
    return None if decay is None else round(decay, 12)  # 1 - 0.9 is 0.1, not a bit less


def _kept(api: Api) -> str:
    decay = decay_of(api)
    if decay is not None:
        return f"{decay:g}"
    if "momentum" not in api.roles:
        return "-"
    required = default_text(api, "momentum") == "required"
    return "as given" if required else "?"


def _exceptions(api: Api) -> str:
    """Return where the axis or the estimator is another: by data format, by rank."""
    axes: dict[int | str, list[str]] = {}
    for name, axis in api.data_formats.items():
        if axis != api.channel_axis:
            axes.setdefault(axis, []).append(name)
    parts = [f"axis {axis} for {', '.join(names)}" for axis, names in axes.items()]
    if not isinstance(api.estimator, str):
        ranks: dict[str, list[str]] = {}
        for rank, estimator in api.estimator.items():
            ranks.setdefault(estimator, []).append(rank)
        parts += [f"{name} at rank {', '.join(found)}" for name, found in ranks.items()]
    return "; ".join(parts)


def _json(frameworks: Frameworks) -> Iterator[str]:
    from bnlint.output.json import dumps

    yield dumps([_family(frameworks, family) for family in frameworks.frameworks.values()])


def _family(frameworks: Frameworks, family: Framework) -> dict[str, object]:
    return {
        "name": family.name,
        "title": family.title,
        "reference": family.reference,
        "checked": family.checked,
        "apis": [
            {
                "id": api.id,
                "aliases": api.aliases,
                "kind": api.kind,
                "eps": _default_value(api, "eps"),
                "momentum": _default_value(api, "momentum"),
                "decay": decay_of(api),
                "convention": api.convention,
                "estimator": api.estimator,
                "estimator_when": api.estimator_when,
                "default_mode": api.default_mode,
                "mode_switch": api.mode_switch,
                "channel_axis": api.channel_axis,
                "data_formats": api.data_formats,
                "parameters": api.parameters,
                "read": sorted(api.read),
                "notes": api.notes,
            }
            for api in frameworks.apis.values()
            if api.framework.name == family.name
        ],
    }


def _default_value(api: Api, role: str) -> object:
    try:
        return api.default(role)
    except KeyError:
        return None
