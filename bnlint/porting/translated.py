"""A translation of one call, and what those of all kinds of normalisation have in common."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from bnlint.frameworks.tables import UNKNOWN, Api
from bnlint.porting.given_call import Given
from bnlint.semantics.syntax.numbers import close, complement, in_floats, shown
from bnlint.semantics.values.value import Value
from bnlint.startup.typed import NamedTuple


class Translation(NamedTuple):
    """The equal call in one framework.

    ``call`` is source text; what the source call does not hold stands in angle brackets
    (``<channels>``). ``notes`` account for every argument and default that the text does not show.
    ``checked`` has what came of running both calls, where that was asked for.
    """

    family: str
    title: str
    api: str
    call: str
    notes: tuple[str, ...]
    checked: Mapping[str, object] | None = None


def call_name(source: Api, target: Api) -> str:
    """Return the name to write; the digit that says the rank stays open where it is not known."""
    name = target.aliases[0]
    if isinstance(target.ranks, tuple) and source.ranks != target.ranks:
        last = target.short_name
        digits = [c for c in last if c.isdigit()]
        if len(digits) == 1 and last[-2:-1].isdigit():
            return name[: -len(last)] + last.replace(digits[0], "<rank>")
    return name


def stem(api: Api) -> str:
    """Return the id without the digit that tells BatchNorm1d from BatchNorm2d."""
    return "".join(c for c in api.in_tables if not c.isdigit())


def has_keyword(arguments: Iterable[str]) -> bool:
    """Tell whether one of the arguments written so far has a name."""
    return any("=" in argument for argument in arguments)


def same(left: object, right: object) -> bool:
    """Tell whether two literals say the same; numbers do that are as close as eps are."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return close(in_floats(left), in_floats(right))
    return left == right


def one_switch(scale: bool | str | None, center: bool | str | None) -> str:
    """Say what an API without separate switches for gamma and beta cannot be told."""
    start = "one switch stands for gamma and beta here: "
    if scale in (True, False) and center in (True, False):
        which = "gamma" if scale else "beta"
        return f"{start}only {which} is wanted, the other has to be kept at its initial value"
    return f"{start}the source has scale={scale} and center={center}"


def momentum(given: Given, target: Api, value: Value) -> tuple[str | None, list[str]]:
    """Return the text for the momentum of the target (``None``: leave it out), and notes."""
    source = given.api
    parameter = target.parameter(target.roles["momentum"])
    assert parameter is not None
    name, here = source.roles["momentum"], target.roles["momentum"]
    if UNKNOWN in (source.convention, target.convention):
        return None, [f"{name}: which weight it is has not been measured: not translated"]
    flips = source.convention != target.convention
    if value.is_known and value.value is None:
        if target.momentum_none == "cumulative":
            return "None", []
        return None, [f"{name}=None (the cumulative average) has no counterpart"]
    if value.number is None:
        text = given.texts["momentum"]
        return (f"1 - {operand(text)}" if flips else text), []
    number = complement(value.number) if flips else shown(value.number)
    notes = []
    if flips:
        kept = shown(value.number) if source.convention == "old-weight" else number
        notes.append(
            f"{name}={shown(value.number)} keeps {kept} of the old running value per step; "
            f"here that is {here}={number}"
        )
    if not parameter.required and isinstance(parameter.default, (int, float)):
        default = parameter.default
        if close(1 - float(number), 1 - default) and close(float(number), default):
            return None, [n + " (the default)" for n in notes]
    return number, notes


def operand(text: str) -> str:
    """Return an expression as it can stand right of a minus."""
    plain = isinstance(ast.parse(text, mode="eval").body, (ast.Name, ast.Attribute, ast.Call))
    return text if plain else f"({text})"
