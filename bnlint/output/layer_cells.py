"""How ``bnlint compare`` says the settings of one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bnlint.files.display import clean
from bnlint.frameworks.records import BATCH
from bnlint.output.text import literal

if TYPE_CHECKING:
    from bnlint.engine.inventory import Setting, SiteRow


def axis(row: SiteRow) -> str:
    """Return the channel axis, which only batch normalisation is compared by."""
    return _value(row.axis) if row.norm == BATCH else ""


def _value(setting: Setting) -> str:
    if setting.kind == "unknown":
        return "?"
    return _number(setting.value) + ("?" if setting.kind == "presumed" else "")


def eps(row: SiteRow) -> str:
    """Return eps, or the key of a configuration that it is taken of."""
    if row.response is not None:  # which has none
        return ""
    return clean(row.eps_key) if row.eps.kind == "unknown" and row.eps_key else _value(row.eps)


def _number(value: object) -> str:
    """Return a value, of a float the six digits that count: the eps of a converter is 0.001."""
    return literal(float(f"{value:.6g}") if isinstance(value, float) else value)


def decay(row: SiteRow) -> str:
    """Return how much of the old running value an update keeps, marked where that is presumed."""
    if row.decay is None:
        return "?" if row.norm == BATCH else ""
    return _number(row.decay) + ("?" if row.momentum.kind == "presumed" else "")


def per_channel(row: SiteRow) -> str:
    """Return how many parameters a layer of ``C`` channels has: ``4C``."""
    return row.parameters.counted if row.parameters is not None else count(row)


def count(row: SiteRow) -> str:
    """Return how many parameters a layer has, where the channels are known, and of how many."""
    if row.parameters is None:
        return "?" if row.norm == BATCH else ""
    if row.parameters.counted_number is None:
        return row.parameters.counted
    doubt = "?" if row.channels_why else ""
    return f"{row.parameters.counted_number}{doubt} = {row.parameters.counted}"


def _window(row: SiteRow) -> str:
    assert row.response is not None and row.response.window is not None
    before, after = row.response.window
    return f"{before} before, {after} after"


def _of_response(field: str) -> Callable[[SiteRow], str]:
    return lambda row: _number(getattr(row.response, field))


#: How the table says what local response normalisation computes, by what differs.
RESPONSES: Mapping[str, Callable[[SiteRow], str]] = {
    "window": _window,
    "alpha": _of_response("weight"),
    "beta": _of_response("beta"),
    "k": _of_response("k"),
}
