"""What is known of the argument that a layer is given for a role, by whatever it may call."""

from __future__ import annotations

from bnlint.frameworks.tables import Api, SourceText, catalogue
from bnlint.semantics.layers.resolution import Resolution
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.value import (
    DEFAULT,
    KNOWN,
    PRESUMED,
    Value,
    absent,
    agreed,
    settle,
)

#: The argument that decides, whatever the mode, which statistics are used; see ``Api.statistics``.
STATISTICS = "statistics"


def value_of(ev: Evaluate, resolutions: list[Resolution], role: str, doubt: str) -> Value:
    """Return what is known of the argument in ``role``, the same for every API reached."""
    values: list[Value] = []
    for resolution in resolutions:
        value = _of_one(ev, resolution, role)
        if role == "eps" and value.is_known and value.value is None:
            value = value._replace(value=resolution.api.eps_none)
        why = resolution.presumed or doubt
        if why and value.is_known:
            value = value._replace(kind=PRESUMED, why=value.why or why)
        values.append(value)
    return agreed(values)


def _of_one(ev: Evaluate, resolution: Resolution, role: str) -> Value:
    api = resolution.api
    name = api.roles.get(role) if role != STATISTICS else api.statistics.get("argument")
    if name is None:
        fixed = f", which is {api.eps_fixed:g}" if role == "eps" and api.eps_fixed else ""
        return absent(f"{api.short_name} has no argument for it{fixed}")
    argument = resolution.matched.given.get(name)
    if argument is not None:
        return settle(ev.argument(argument), argument.node)
    why = resolution.matched.unclear.get(name)
    if why:
        return absent(why)
    stranger = _undeclared(api, role, resolution.matched.strangers)
    if stranger:
        return absent(f"{api.id} is declared without saying what its argument {stranger} is")
    parameter = api.parameter(name)
    if parameter is None:  # an argument of the layer's call, not of its construction
        return absent("it is given when the layer is called")
    if parameter.required:
        return absent(f"the required argument {name} is missing")
    if isinstance(parameter.default, SourceText):
        why = f"the default of {name} is {parameter.default.text}"
        return absent(why)._replace(from_default=True)
    is_default = name not in api.declared
    if resolution.overridable:
        return Value(PRESUMED, parameter.default, resolution.overridable, from_default=is_default)
    if not is_default:
        return Value(KNOWN, parameter.default)
    return Value(DEFAULT, parameter.default, from_default=True)


def _undeclared(api: Api, role: str, strangers: tuple[str, ...]) -> str:
    """Return the argument of a declared wrapper that may play ``role``: some framework calls it so.

    The declaration does not have it, so that neither it nor the default can be relied on.
    """
    if not api.like or not strangers:
        return ""
    names = catalogue().parameter_names(role)
    return next((name for name in strangers if name in names), "")
