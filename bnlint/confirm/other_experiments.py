"""From a trial to experiments on layers that normalise otherwise than by batches.

Inputs are drawn with a fixed seed; in each example the deviation is the root of one of the
variances of the trial, and the mean half of it, so that eps shows, and what is not centred too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnlint.confirm.meaning import Given, tracks
from bnlint.confirm.other_oracle import axes_of, names_of, shape_of_learned
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment, Step
from bnlint.frameworks.records import Api
from bnlint.frameworks.together import AXES, OPEN, Together, together
from bnlint.trial import INFERENCE, OUTPUT, Layer, Trial

Array = NDArray[np.floating[Any]]

#: Examples in a batch, and values along each axis that holds no channels.
EXAMPLES, SIDE = 6, 6

#: Channels at least, for the variance over them to be near that of what is drawn, and at most.
MIN_CHANNELS, MAX_CHANNELS = 32, 1024

#: The number of groups, and the size of a window, where no side says one.
GROUPS, SIZE = 2, 5

_SEED = 21


def channels_for(apis: Mapping[str, Api], trial: Trial) -> int:
    """Return a number of channels that both sides can divide into their groups.

    Raises:
        Unsuitable: there would be too many.
    """
    wanted = 1
    for layer in (trial.port, trial.reference, trial.fixed):
        if layer is not None:
            groups = dict(layer.arguments).get(apis[layer.api].roles.get("groups", ""), GROUPS)
            if type(groups) is int and groups > 0:
                wanted = math.lcm(wanted, groups)
    if wanted > MAX_CHANNELS:
        raise Unsuitable(f"{wanted} channels are too many to try")
    return wanted * math.ceil(MIN_CHANNELS / wanted)


def experiment(api: Api, path: str, layer: Layer, trial: Trial) -> Experiment:
    """Return what to ask of ``api``, found at ``path``, for one side of a trial.

    Raises:
        Unsuitable: its table does not say what it normalises, or it keeps no running statistics.
        OracleError: the input has no such axes.
    """
    x = np.ascontiguousarray(np.moveaxis(_input(trial), 1, moved(api, layer, trial)))
    what = _together(api, layer)
    if what.kind == AXES:
        axes_of(x, what)  # raises where there are none
    shape = shape_of_learned(api, x, what)
    arguments: dict[str, Any] = {**api.plain, **_sizes(api, what, trial), **dict(layer.arguments)}
    given = Given(api, arguments)
    if trial.quantity != OUTPUT and not tracks(given):
        raise Unsuitable(f"{api.id} is not known to keep running statistics")
    plant: dict[str, Array] = {}
    drawn = np.random.default_rng(_SEED + 1)
    for role, name, neutral in zip(("weight", "bias"), names_of(given), (1.0, 0.0), strict=True):
        values = drawn.normal(1.0 - neutral / 2, 0.5, math.prod(shape)).reshape(shape)
        if not trial.affine or api.learned == "groups":
            values = np.full(shape, neutral)
        if role == "weight":
            values = values - api.weight_offset
        parameter = api.parameter(name) if name and api.kind == "functional" else None
        needed = parameter is not None and parameter.required
        if name and (trial.affine or needed):
            plant[name] = values.astype(np.float32)
    step = Step(x)
    if tracks(given) and layer.mode == INFERENCE:  # of another input than this one
        step = Step(x, INFERENCE)
        mean, variance = api.state["statistics"]
        plant[mean] = drawn.normal(0.0, 1.0, trial.channels).astype(np.float32)
        plant[variance] = np.ones(trial.channels, np.float32)
    return Experiment(path, api.kind, arguments, (step,), plant, (), api.roles.get("input", ""))


def sizes_of(trial: Trial) -> tuple[int, ...]:
    """Return the shape of the input of a trial, channels in axis 1."""
    return (EXAMPLES, trial.channels, *(SIDE,) * (trial.rank - 2))


def _input(trial: Trial) -> Array:
    """Return the input of a trial, channels in axis 1."""
    drawn = np.random.default_rng(_SEED).normal(0.5, 1.0, sizes_of(trial))
    deviations = np.sqrt(np.resize(np.array(trial.variances), EXAMPLES))
    scaled = drawn * deviations.reshape(-1, *(1,) * (trial.rank - 1))
    return scaled.astype(np.float32)


def moved(api: Api, layer: Layer, trial: Trial) -> int:
    """Return where the channels of the input are put for one side of a trial."""
    what = _together(api, layer)
    axis = what.channel_axis
    if what.kind == AXES:
        if len(what.axes) > 1:
            axis = 1
        elif trial.own_axes:
            (axis,) = what.axes
        elif axis is None:
            axis = -1
    return (1 if axis is None else axis) % trial.rank


def _together(api: Api, layer: Layer) -> Together:
    arguments = {**api.plain, **dict(layer.arguments)}

    def of(role: str) -> object:
        name = api.roles.get(role)
        parameter = api.parameter(name) if name is not None else None
        if name is None or parameter is None:
            return None
        if name in arguments:
            return arguments[name]
        if role == "groups":  # a default may be more groups than there are channels
            return GROUPS
        return _UNSAID.get(role, OPEN) if parameter.required else parameter.default

    what = together(api, of)
    if what is None:
        raise Unsuitable(f"what {api.id} normalises together is not known")
    return what


#: What roles without a default are given where a trial says nothing of them.
_UNSAID: Mapping[str, object] = {"shape": 1, "axis": -1, "groups": GROUPS, "size": SIZE}


def _sizes(api: Api, what: Together, trial: Trial) -> dict[str, Any]:
    """Return arguments that have no default, and the sizes that follow from the input."""
    found: dict[str, Any] = {}
    for role, value in (
        ("channels", trial.channels), ("groups", GROUPS), ("axis", -1), ("affine", True),
        ("scale", True), ("center", True), ("eps", 1e-5), ("shape", _shape(what, trial)),
        ("learned", what.axes[0] if what.axes else -1), ("size", SIZE),
    ):  # fmt: skip
        parameter = api.parameter(api.roles.get(role, ""))
        if parameter is None:
            continue
        told = role in ("channels", "groups") or (role == "learned" and len(what.axes) > 1)
        if parameter.required or parameter.name in api.needed or told:
            found[parameter.name] = value
    return found


def _shape(what: Together, trial: Trial) -> list[int]:
    if len(what.axes) < 2:
        return [trial.channels]
    return [sizes_of(trial)[axis] for axis in what.axes]
