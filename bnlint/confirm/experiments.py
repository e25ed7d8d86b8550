"""From a trial to the experiments that worker processes and the oracle carry out.

Inputs are drawn with a fixed seed from N(3, 4), 1024 values per channel; the number of channels
is that of the layer, capped, so that no size in the source decides how much is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnlint.confirm import other_experiments
from bnlint.confirm.meaning import Given, moves, names_of, required
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment, Result, Step
from bnlint.frameworks.records import BATCH, Api
from bnlint.trial import INFERENCE, INITIAL, OUTPUT, ROOT, STATISTICS, TRAINING, Layer, Trial

Array = NDArray[np.floating[Any]]

#: Values per channel in a batch, and channels at most.
VALUES, MAX_CHANNELS = 1024, 64

#: Steps after which running statistics are compared.
STEPS = (1, 50)

#: The mean and the standard deviation of what is drawn as input, in every channel.
MEAN, DEVIATION = 3.0, 2.0

_SEED = 20


def batches(trial: Trial, steps: int = STEPS[-1]) -> list[Array]:
    """Return the inputs of a trial, channels in axis 1: one, or one for each step."""
    channels = max(1, min(trial.channels, MAX_CHANNELS))
    shape = {2: (VALUES, channels), 3: (32, channels, 32), 4: (16, channels, 8, 8)}.get(
        trial.rank, (16, channels, 4, 4, 4)
    )
    drawn = np.random.default_rng(_SEED)
    count = steps if trial.quantity == STATISTICS else 1
    return [drawn.normal(MEAN, DEVIATION, shape).astype(np.float32) for _ in range(count)]


def planted(trial: Trial) -> dict[str, Array]:
    """Return the state to start from, by role: mean, variance and, if wanted, gamma and beta."""
    channels = max(1, min(trial.channels, MAX_CHANNELS))
    drawn = np.random.default_rng(_SEED + 1)
    values: dict[str, Array] = {
        "running_mean": drawn.normal(0.0, 1.0, channels),
        "running_var": np.resize(np.array(trial.variances), channels),
    }
    if trial.affine:
        values["weight"] = drawn.normal(1.0, 0.5, channels)
        values["bias"] = drawn.normal(0.0, 1.0, channels)
    return {name: value.astype(np.float32) for name, value in values.items()}


def experiment(
    api: Api, path: str, layer: Layer, trial: Trial, steps: int = STEPS[-1]
) -> Experiment:
    """Return what to ask of ``api``, found at ``path``, for one side of a trial.

    Raises:
        Unsuitable: the API keeps no running statistics, or its layout is not known.
    """
    if api.norm != BATCH and trial.quantity != STATISTICS:
        return other_experiments.experiment(api, path, layer, trial)
    axis = channel_axis(api, trial.rank)
    inputs = [np.moveaxis(x, 1, axis) for x in batches(trial, steps)]
    state = planted(trial)
    keeps = _keeping(api) if trial.quantity == STATISTICS else {}
    told = {**required(api), **keeps, **dict(layer.arguments)}
    layer = layer._replace(arguments=tuple(told.items()))
    arguments: dict[str, Any] = {**api.plain, **dict(layer.arguments)}
    if "channels" in api.roles:
        arguments[api.roles["channels"]] = len(state["running_mean"])
    if trial.quantity == STATISTICS:  # from where a new layer starts, which a function is given
        start = state["running_mean"]
        state = {**state, "running_mean": np.zeros_like(start), "running_var": np.ones_like(start)}
    state = _in_place(state, layer)
    names, held = state_names(api), names_of(Given(api, arguments))
    roles = ["running_mean", "running_var"] if held.mean else []
    if trial.quantity == STATISTICS and not roles:
        raise Unsuitable(f"{api.id} keeps no running statistics")
    present = {*roles, *_affine(api, layer)}
    plant = {names[role]: state[role] for role in state if role in names and role in present}
    if api.kind == "functional":
        for role, neutral in (("weight", np.ones_like), ("bias", np.zeros_like)):
            name = names.get(role, "")
            if getattr(api.parameter(name), "required", False):  # what a layer has all the same
                plant.setdefault(name, neutral(state["running_mean"]))
    elif trial.quantity == STATISTICS:
        plant = {}
    mode, given = _mode(api, layer)
    asked = tuple(Step(x, mode if not number else "", given) for number, x in enumerate(inputs))
    observe = tuple(names[role] for role in roles) if trial.quantity == STATISTICS else ()
    return Experiment(path, api.kind, arguments, asked, plant, observe, api.roles.get("input", ""))


def _keeping(api: Api) -> dict[str, Any]:
    """Return what makes a layer keep the running statistics that it has not by default."""
    statistics = api.statistics
    parameter = api.parameter(statistics.get("argument", ""))
    if parameter is None or not statistics.get("drops_statistics"):
        return {}
    dropped = parameter.default is statistics["always_batch"]
    return {parameter.name: not statistics["always_batch"]} if dropped else {}


def _in_place(state: Mapping[str, Array], layer: Layer) -> dict[str, Array]:
    """Return what stands in the place of each array of ``layer``; what is a new layer's is left."""
    moved = dict(layer.arrays)
    found = {role: value for role, value in state.items() if moved.get(role) != INITIAL}
    for role, source in moved.items():
        if source == ROOT:
            found[role] = np.sqrt(state[role])
        elif source in state:
            found[role] = state[source]
    return found


def channel_axis(api: Api, rank: int) -> int:
    """Return where ``api`` has its channels by default.

    Raises:
        Unsuitable: the table does not say.
    """
    if not isinstance(api.channel_axis, int):
        raise Unsuitable(f"where the channels of {api.id} are is not known")
    return api.channel_axis % rank


def rank_for(*apis: Api) -> int:
    """Return a rank that all ``apis`` take, 4 if it may be.

    Raises:
        Unsuitable: there is none.
    """
    # What normalises each example by itself needs something to normalise in it.
    for rank in (4, 2, 3, 5) if all(api.norm == BATCH for api in apis) else (4, 3, 5, 2):
        if all(isinstance(api.ranks, str) or rank in api.ranks for api in apis):
            return rank
    raise Unsuitable("the two sides take no input of the same rank")


def measured(trial: Trial, layer: Layer, api: Api, result: Result) -> dict[str, Array]:
    """Return what one side of a trial gave, channels in axis 1, by name."""
    if trial.quantity == OUTPUT:
        output = np.asarray(result.outputs[-1], np.float64)
        if api.norm != BATCH:
            return {"output": np.moveaxis(output, other_experiments.moved(api, layer, trial), 1)}
        return {"output": np.moveaxis(output, channel_axis(api, trial.rank), 1)}
    names = state_names(api)
    found: dict[str, Array] = {}
    for step in STEPS:
        for role in ("running_mean", "running_var"):
            value = np.asarray(result.states[step - 1][names[role]], np.float64)
            found[f"{role} after {step}"] = value.ravel()
    return found


@np.errstate(all="ignore")  # nan and infinity are values that a wrong setting can give
def difference(port: Mapping[str, Array], reference: Mapping[str, Array]) -> float:
    """Return the largest difference, relative to the largest value on the reference side."""
    worst = 0.0
    for name, theirs in reference.items():
        mine = port[name]
        if mine.shape != theirs.shape:
            return float("inf")
        scale = float(np.nan_to_num(np.abs(theirs)).max()) or 1.0
        apart = np.where(np.isnan(mine) & np.isnan(theirs), 0.0, np.abs(mine - theirs))
        gap = float(apart.max()) / scale
        if not np.isfinite(gap):
            return float("inf")
        worst = max(worst, gap)
    return worst


@np.errstate(all="ignore")  # a decay beyond one grows without limit, a decay of one divides by 0
def corrected(
    values: Mapping[str, Array], keep: float, mine: str, theirs: str, rule: str = "ema"
) -> dict[str, Array]:
    """Return running statistics as they would be with the other side's estimator.

    The estimators differ by n/(n - 1), which no argument can change. ``keep`` is the decay of the
    layer, and ``rule`` how it updates its running variance, which starts at one where that counts.
    """
    factors = {"unbiased": VALUES / (VALUES - 1), "biased": 1.0}
    if mine not in factors or theirs not in factors or mine == theirs:
        return dict(values)
    factor = factors[theirs] / factors[mine]
    done = dict(values)
    for step in STEPS:
        name = f"running_var after {step}"
        start = np.float64(0.0)
        if rule in ("ema", "debiased-from-initial"):
            start = np.float64(keep) ** step
        if rule == "debiased-from-initial":
            start /= 1 - start
        done[name] = start + (values[name] - start) * factor
    return done


def update_of(api: Api, layer: Layer) -> str:
    """Return the rule by which ``layer`` updates its running statistics."""
    given = dict(layer.arguments)
    for row in api.training_statistics_when:
        if given.get(row["argument"]) == row["value"]:
            return str(row.get("running_update", api.running_update))
    return api.running_update


def stands_still(api: Api, layer: Layer) -> bool:
    """Tell whether no step moves the running statistics of ``layer``."""
    given = Given(api, {**required(api), **api.plain, **dict(layer.arguments)})
    return not moves(given, layer.mode or TRAINING) or update_of(api, layer) == "none"


def estimator(api: Api, layer: Layer, rank: int) -> str:
    """Return the estimator of the running variance of ``layer``, at ``rank``."""
    given = dict(layer.arguments)
    for row in api.estimator_when:
        name = row["argument"]
        if name in given and ("value" not in row or given[name] == row["value"]):
            return str(row["estimator"])
    return api.estimator_at(rank)


def keep_of(api: Api, layer: Layer) -> float | None:
    """Return the weight of the old running value of ``layer``, if its momentum is a number."""
    name = api.roles.get("momentum", "")
    default = getattr(api.parameter(name), "default", None)
    momentum = {**required(api), **dict(layer.arguments)}.get(name, default)
    if isinstance(momentum, bool) or not isinstance(momentum, (int, float)):
        return None
    return api.decay(float(momentum))


def state_names(api: Api) -> dict[str, str]:
    """Return what ``api`` calls its state, by role."""
    if api.kind == "functional":
        roles = ("running_mean", "running_var", "weight", "bias")
        return {role: api.roles[role] for role in roles if role in api.roles}
    names = dict(zip(("running_mean", "running_var"), api.state["statistics"], strict=False))
    names |= dict(zip(("weight", "bias"), api.state["trainable"], strict=False))
    return names


def _affine(api: Api, layer: Layer) -> set[str]:
    """Return which of gamma and beta ``layer`` has."""
    switches = {"weight": ("affine", "scale"), "bias": ("affine", "center")}
    given = dict(layer.arguments)
    found: set[str] = set()
    for role, names in switches.items():
        switch = next((name for name in names if name in api.roles), None)
        if switch is None:
            found.add(role)
            continue
        default = getattr(api.parameter(api.roles[switch]), "default", True)
        value = given.get(api.roles[switch], default)
        on = api.leaves_on(switch, value)
        if value if on is None else on:
            found.add(role)
    return found


def _mode(api: Api, layer: Layer) -> tuple[str, dict[str, Any]]:
    """Return how to run ``layer`` in its mode: by switching the object, or by an argument."""
    if not layer.mode:
        return "", {}
    if api.mode_switch in ("object", "global"):
        return layer.mode, {}
    for role in (TRAINING, INFERENCE):
        if role in api.roles:
            return "", {api.roles[role]: layer.mode == role}
    if api.default_mode == layer.mode or layer.mode == INFERENCE:
        return "", {}
    raise Unsuitable(f"{api.id} has no {layer.mode} mode")
