"""What a call of a batch normalisation API means, read off its table entry and its arguments.

Nothing here knows a framework by name. What an entry leaves unknown, and what it says nothing
about, is refused by :class:`OracleError`; what the framework itself refuses, by
:class:`RejectedError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bnlint.confirm.workers import RequestError
from bnlint.frameworks.records import UNKNOWN, SourceText

if TYPE_CHECKING:
    from bnlint.frameworks.records import Api


class OracleError(Exception):
    """The table does not say what the API computes (one line: API, field, what is missing)."""


class RejectedError(OracleError, RequestError):
    """The framework raises an exception for this experiment, and so does the oracle (one line)."""


class Names(NamedTuple):
    """What the API calls the arrays it works on; empty for one that it does not have."""

    gamma: str
    beta: str
    mean: str
    variance: str
    counter: str


class Meaning(NamedTuple):
    """One call of a layer or a function, whatever the framework.

    ``axis`` counts from 0. ``decay`` is the weight of the old running value; ``None`` stands for
    the cumulative average of all batches, and for what has no momentum. ``uses_batch`` tells
    whether the statistics of the batch normalise it; ``updates`` whether the running statistics
    change (by the rule ``running_update``). ``estimator`` and ``normalises_with`` are those of the
    variance.
    """

    axis: int
    eps: float
    decay: float | None
    uses_batch: bool
    updates: bool
    running_update: str
    estimator: str
    normalises_with: str


_NOTHING: Mapping[str, Any] = {}


class Given:
    """The arguments of one call of ``api``: of its constructor and of the call itself.

    Raises:
        RejectedError: the API has no argument of that name.
        OracleError: the table does not say what an argument does to the numbers.
    """

    def __init__(
        self, api: Api, built: Mapping[str, Any], called: Mapping[str, Any] = _NOTHING
    ) -> None:
        self.api = api
        self.called = called
        self.values = {**built, **called}
        self._check(built, api.accepts)
        of_call = {parameter.name for parameter in api.call_signature}
        self._check(called, of_call.__contains__ if api.kind == "layer" else api.accepts)
        for name, value in api.plain.items():
            if self.of(name) != value:
                raise self.unclear("plain", f"it does more than normalise unless {name}={value!r}")

    def of(self, name: str) -> Any:
        """Return the argument called ``name``, or its default (``None`` where it has none)."""
        if name in self.values:
            return self.values[name]
        for parameter in (*self.api.signature, *self.api.call_signature):
            if parameter.name == name:
                return parameter.default
        return None

    def role(self, role: str) -> Any:
        """Return the argument in ``role`` or its default; ``None`` if no argument plays it.

        Raises:
            RejectedError: the argument is required and missing.
            OracleError: its default is no literal.
        """
        name = self.api.roles.get(role)
        if name is None:
            return None
        value = self.of(name)
        parameter = self.api.parameter(name)
        if name not in self.values and parameter is not None and parameter.required:
            raise RejectedError(f"{self.api.id}: {name} is missing")
        if isinstance(value, SourceText):
            raise self.unclear("signature", f"the default of {name} is {value.text}")
        return value

    def number(self, role: str) -> float:
        """Return the argument in ``role`` as a number.

        Raises:
            RejectedError: it is no number.
            OracleError: no argument plays the role.
        """
        value = self.role(role)
        if role not in self.api.roles:
            raise self.unclear("roles", f"no argument plays {role}")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RejectedError(f"{self.api.id}: {self.api.roles[role]}={value!r} is no number")
        return float(value)

    def meets(self, row: Mapping[str, Any]) -> bool:
        """Tell whether the condition of a row (``argument``, perhaps ``value``) is met."""
        value = self.of(row["argument"])
        return _same(value, row["value"]) if "value" in row else value is not None

    def flag(self, *, called: bool = False) -> str:
        """Return the mode that an argument asks for, empty if none does.

        With ``called``, only arguments of the call itself count.
        """
        for role, other in (("training", "inference"), ("inference", "training")):
            if called and self.api.roles.get(role) not in self.called:
                continue
            value = self.role(role)
            if value is not None:
                return role if value else other
        return ""

    def unclear(self, field: str, why: str) -> OracleError:
        """Return the error that names the API and the field of its table entry."""
        return OracleError(f"{self.api.id}: {field}: {why}")

    def _check(self, values: Mapping[str, Any], takes: Any) -> None:
        api = self.api
        known = {*api.roles.values(), *api.plain, *api.inert, api.statistics.get("argument")}
        known |= {row["argument"] for row in api.training_statistics_when}
        for name, value in values.items():
            if not takes(name):
                raise RejectedError(f"{api.id}: takes no argument {name!r}")
            if name in known or value is None or _same(value, self.default(name)):
                continue
            if not any(
                row["argument"] == name and "value" in row and self.meets(row)
                for row in api.estimator_when
            ):
                raise self.unclear(
                    "inert", f"what {name}={value!r} does to the numbers is not in the table"
                )

    def default(self, name: str) -> Any:
        """Return the literal default of the argument called ``name``, if it has one."""
        parameter = self.api.parameter(name)
        return None if parameter is None else parameter.default


def required(api: Api) -> dict[str, Any]:
    """Return a value for each argument without a default that whoever asks may leave to us."""
    keep = {"old-weight": 0.9, "new-weight": 0.1}.get(api.convention)
    found: dict[str, Any] = {}
    for role, value in (("scale", True), ("center", True), ("affine", True), ("momentum", keep)):
        parameter = api.parameter(api.roles.get(role, ""))
        if parameter is not None and parameter.required:
            found[parameter.name] = value
    return found


def names_of(given: Given) -> Names:
    """Return what the API of ``given`` calls its arrays, as far as it has them."""
    api, state = given.api, given.api.state
    if api.kind == "functional":
        weight, bias = api.roles.get("weight", ""), api.roles.get("bias", "")
        return Names(
            weight, bias, api.roles.get("running_mean", ""), api.roles.get("running_var", ""), ""
        )
    mean, variance = _pair(given, state["statistics"], "state.statistics")
    gamma, beta = _pair(given, state.get("affine") or state["trainable"], "state.trainable")
    statistics = api.statistics
    drops = statistics.get("drops_statistics", False)
    if drops and _same(given.of(statistics["argument"]), statistics.get("always_batch")):
        mean = variance = ""
    affine = is_on(given, "affine") or _known(given, "affine_off", api.affine_off) == "untrained"
    counter = "".join(state.get("counter", ())) if mean else ""
    return Names(
        gamma if affine and is_on(given, "scale") else "",
        beta if affine and is_on(given, "center") else "",
        mean,
        variance,
        counter,
    )


def meaning_of(given: Given, rank: int, mode: str) -> Meaning:
    """Return what a call with ``given`` arguments means for an input of ``rank``.

    ``mode`` is what the object was switched to, empty if nothing has switched it.

    Raises:
        RejectedError: the framework refuses these arguments or an input of this rank.
        OracleError: the table does not say what they mean.
    """
    api = given.api
    axis = axis_of(given, rank)
    trains, uses_batch, updates = _statistics(given, _mode(given, mode))
    rule, uses = api.running_update, api.training_statistics
    for row in api.training_statistics_when:
        if trains and given.meets(row):
            rule = row.get("running_update", rule)
            uses = row.get("training_statistics", uses)
    if trains and uses_batch:
        uses_batch = _known(given, "training_statistics", uses) == "batch"
    updates = updates and rule != "none" and api.convention != "none"
    estimator = normalises_with = "none"
    if uses_batch:
        normalises_with = _known(given, "normalises_with", api.normalises_with)
    if updates:
        estimator = _known(given, "estimator", _estimator(given, rank, axis))
    decay = None if api.convention == "none" else _decay(given)
    eps = given.number("eps")
    if api.eps_at_most is not None and eps > api.eps_at_most:
        raise RejectedError(f"{api.id}: takes no {api.roles['eps']} above {api.eps_at_most:g}")
    return Meaning(axis, eps, decay, uses_batch, updates, rule, estimator, normalises_with)


def _mode(given: Given, mode: str) -> str:
    api = given.api
    switch = _known(given, "mode_switch", api.mode_switch)
    if switch in ("argument", "call-argument"):
        if mode:
            raise given.unclear("mode_switch", f"an argument sets the mode, not {mode!r}")
        if flag := given.flag():
            return flag
    elif switch in ("object", "global"):
        # An argument of the call wins over the object, which wins over what it was built with.
        if found := given.flag(called=True) or mode or given.flag():
            return found
    default = _known(given, "default_mode", api.default_mode)
    if default == "required":
        raise RejectedError(f"{api.id}: the mode must be given")
    return default


def moves(given: Given, mode: str) -> bool:
    """Tell whether a call in ``mode`` may update the running statistics."""
    return _statistics(given, mode)[2]


def _statistics(given: Given, mode: str) -> tuple[bool, bool, bool]:
    """Return whether a call trains, normalises with its batch, updates the running statistics."""
    trains, statistics = mode == "training", given.api.statistics
    if not statistics:
        return trains, trains, trains
    value = given.of(statistics["argument"])
    if "always_batch" in statistics and _same(value, statistics["always_batch"]):
        return trains, True, trains or bool(statistics.get("updates_in_inference"))
    if "always_running" in statistics and _same(value, statistics["always_running"]):
        return trains, False, False
    return trains, trains, trains


def _estimator(given: Given, rank: int, axis: int) -> str:
    """Return the estimator under the arguments, where rows that contradict make it unknown."""
    found = {row["estimator"] for row in given.api.estimator_when if given.meets(row)}
    elsewhere = given.api.estimator_elsewhere
    if elsewhere and all(usual % rank != axis for usual in elsewhere["axes"]):
        found.add(elsewhere["estimator"])
    if not found:
        return given.api.estimator_at(rank)
    return str(found.pop()) if len(found) == 1 else UNKNOWN


def _decay(given: Given) -> float | None:
    api = given.api
    _known(given, "convention", api.convention)
    if given.role("momentum") is not None:
        return api.decay(given.number("momentum"))
    if api.momentum_none == "never":
        return 1.0
    if _known(given, "momentum_none", api.momentum_none) == "cumulative":
        return None
    raise RejectedError(f"{api.id}: {api.roles.get('momentum', 'momentum')} must be a number")


def axis_of(given: Given, rank: int) -> int:
    """Return the channel axis, counted from 0, of an input of ``rank``.

    Raises:
        RejectedError: there is no such axis or layout, or no input may have that rank.
        OracleError: the table does not say where it is.
    """
    api = given.api
    axis: Any = api.channel_axis
    value = given.role("axis")
    if value is not None:
        axis = value
    layout = given.role("data_format")
    if layout is not None:
        if layout not in api.data_formats:
            raise RejectedError(f"{api.id}: {api.roles['data_format']}={layout!r} is no layout")
        axis = api.data_formats[layout]
    ranks = api.ranks
    if isinstance(layout, str) and layout.isalpha() and len(ranks) == 1:
        ranks = (len(layout),)  # an API for one rank: a layout that spells another is for that
    if ranks == UNKNOWN:
        raise given.unclear("ranks", "unknown")
    if ranks != "any" and rank not in ranks:
        raise RejectedError(f"{api.id}: takes no input of rank {rank}")
    if type(axis) is not int:
        raise given.unclear("channel_axis", f"{axis!r} is no axis")
    if not -rank <= axis < rank:
        raise RejectedError(f"{api.id}: an input of rank {rank} has no axis {axis}")
    return axis % rank


def _known(given: Given, field: str, value: str) -> str:
    if value == UNKNOWN:
        raise given.unclear(field, "unknown")
    return value


def _pair(given: Given, names: tuple[str, ...], field: str) -> tuple[str, str]:
    if len(names) != 2:
        raise given.unclear(field, "a pair of names is wanted")
    return names[0], names[1]


def tracks(given: Given) -> bool:
    """Tell whether a layer that normalises otherwise than by batches has running statistics."""
    statistics = given.api.statistics
    if not given.api.state["statistics"] or not statistics:
        return False
    return not _same(given.of(statistics["argument"]), statistics.get("always_batch"))


def is_on(given: Given, role: str) -> bool:
    """Tell whether an argument leaves on what it can switch off."""
    if role not in given.api.roles:
        return True
    value = given.role(role)
    on = given.api.leaves_on(role, value)
    return bool(value) if on is None else on


def _same(first: Any, second: Any) -> bool:
    """Tell whether two literals are equal and of one type (``True`` is not 1)."""
    return bool(isinstance(first, bool) == isinstance(second, bool) and first == second)
