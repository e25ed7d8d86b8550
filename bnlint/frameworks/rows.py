"""Builds the records of frameworks, APIs and neighbours out of the checked entries of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bnlint.frameworks.records import (
    UNKNOWN,
    Api,
    Framework,
    Freeze,
    Ignored,
    Maker,
    Modes,
    Neighbour,
    Parameter,
    SourceText,
)
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def framework_of(table: Mapping[str, Any]) -> Framework:
    """Return the head of a checked table, with how its modes are switched."""
    head, modes = table["framework"], table["modes"]
    return Framework(
        head["name"],
        head["title"],
        head["ecosystem"],
        tuple(head["imports"]),
        head["reference"],
        head["checked"],
        Modes(
            modes["switch"],
            modes["initial"],
            modes.get("attribute", ""),
            _switches(modes.get("to_inference", ())),
            _switches(modes.get("to_training", ())),
            modes.get("argument", ""),
            tuple(
                Freeze(row["kind"], row["name"], row["value"], row.get("statistics", False))
                for row in modes.get("freezes", ())
            ),
            modes.get("inference_argument", ""),
            tuple(
                Ignored(row["name"], row["value"], row["of"], row.get("instead", ""))
                for row in modes.get("ignored", ())
            ),
            modes.get("forwards", False),
            modes.get("drops_lists", False),
        ),
        head.get("worker", ""),
        head.get("neighbours_from", {}),
        head.get("shorthand", {}),
        tuple(head.get("kept_defaults", ("eps",))),
        head.get("names", ""),
        head.get("distributions", {}),
    )


def _switches(rows: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, bool | None], ...]:
    return tuple((row["method"], row.get("argument")) for row in rows)


def _parameters(rows: Iterable[list[Any]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, kind, default is None and kind != "extra", _default(default))
        for name, kind, default in rows
    )


def _default(default: list[Any] | None) -> object:
    if default is None:
        return None
    how, value = default
    return SourceText(value) if how == "source" else _tupled(value)


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


def neighbour_of(framework: Framework, row: Mapping[str, Any]) -> Neighbour:
    """Return an entry of a neighbouring layer."""
    return Neighbour(
        tuple(row["aliases"]),
        framework,
        row["kind"],
        _parameters(row["signature"]),
        row["roles"],
        row.get("rank", 0),
        row.get("channel_axis", UNKNOWN),
        row.get("data_formats", {}),
        row.get("transposed", False),
        row.get("padding_modes", {}),
        row.get("bias_off", "false"),
    )


def maker_of(framework: Framework, row: Mapping[str, Any]) -> Maker:
    """Return an entry of a function that makes layers by their names."""
    return Maker(
        tuple(row["aliases"]),
        framework,
        _parameters(row["signature"]),
        row["chooses"],
        row["gives"],
        row["layers"],
        row.get("key", ""),
        row.get("roles", {}),
    )


#: Of what the learned arrays of a layer are, by what it normalises together; else of the channels.
_LEARNED = dict.fromkeys(("trailing", "axes", "axis", "from-axis"), "reduced")


def norm_of(framework: Framework, row: Mapping[str, Any]) -> Api:
    """Return an entry of a layer that normalises otherwise than by batches."""
    given = {
        "convention": "none",
        "estimator": "none",
        "normalises_with": "biased",
        "default_mode": "none",
        "mode_switch": "none",
        "channel_axis": UNKNOWN,
        "momentum_none": "not-applicable",
        "ranks": UNKNOWN,
        "parameters": {"trainable": UNKNOWN, "counted": UNKNOWN},
        "state": {"trainable": row.get("trainable", ()), "statistics": row.get("tracked", ())},
        **row,
    }
    return api_of(framework, given)._replace(
        norm=row["norm"],
        eps_none=row.get("eps_none"),
        eps_fixed=row.get("eps_fixed"),
        usual_eps=tuple(row.get("usual_eps", ())),
        place=row.get("place", "inside"),
        reduces=row.get("reduces", UNKNOWN),
        learned=row.get("learned", _LEARNED.get(row.get("reduces", ""), "channels")),
        grouping=row.get("grouping", "contiguous"),
        grouping_when=tuple(row.get("grouping_when", ())),
        weight_offset=row.get("weight_offset", 0.0),
        switched=row.get("switched", "apart"),
        shape_as=row.get("shape_as", "any"),
        needed=frozenset(row.get("needed", ())),
        window=row.get("window", ""),
        least_axis=row.get("least_axis"),
        alpha_divided=row.get("alpha_divided", False),
    )


def api_of(framework: Framework, row: Mapping[str, Any]) -> Api:
    """Return an entry of an API."""
    ranks = row["ranks"]
    return Api(
        row["id"],
        framework,
        tuple(row["aliases"]),
        row["kind"],
        _parameters(row["signature"]),
        _parameters(row.get("call_signature", ())),
        frozenset(row.get("extra_keywords", ())),
        row["roles"],
        row["convention"],
        row["estimator"],
        tuple(row.get("estimator_when", ())),
        row["normalises_with"],
        row["default_mode"],
        row["mode_switch"],
        row["channel_axis"],
        row.get("data_formats", {}),
        ranks if isinstance(ranks, str) else tuple(ranks),
        row["momentum_none"],
        row.get("momentum_none_how", ""),
        row.get("statistics", {}),
        {name: tuple(names) for name, names in row["state"].items()},
        tuple(row.get("saved_order", ())),
        row["parameters"],
        row.get("versions", ""),
        frozenset(row["read"]),
        tuple(row.get("notes", ())),
        tuple(row.get("bases", ())),
        tuple(row.get("installed", ())),
        row.get("plain", {}),
        row.get("running_update", "ema"),
        row.get("training_statistics", "batch"),
        tuple(row.get("training_statistics_when", ())),
        row.get("single_value", UNKNOWN),
        row.get("variance_formula", UNKNOWN),
        tuple(row.get("variance_formula_when", ())),
        row.get("initial_statistics", {}),
        frozenset(row.get("inert", ())),
        row.get("affine_off", "absent"),
        row.get("estimator_elsewhere", {}),
        row.get("eps_at_most"),
        row.get("attributes"),
        tuple(row.get("releases", ())),
        row.get("only_declared", False),
        tuple(row.get("refuses", ())),
    )
