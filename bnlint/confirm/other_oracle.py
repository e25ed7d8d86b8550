"""A float64 model of the layers that normalise otherwise than by batches, driven by the tables.

It takes the experiment that a worker takes and gives the result that a worker gives. The variance
is that of all values which are normalised together, divided by their number, as every framework has
it that was measured; it is computed in two passes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bnlint.confirm.meaning import Given, RejectedError, is_on
from bnlint.confirm.workers import Result
from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.responses import response
from bnlint.frameworks.together import (
    AXES,
    EXAMPLE,
    FROM,
    GROUPS,
    WINDOW,
    Together,
    together,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bnlint.confirm.workers import Experiment
    from bnlint.frameworks.records import Api

    Wide = NDArray[np.float64]


def run(api: Api, experiment: Experiment) -> Result:
    """Return what ``experiment`` gives by the table entry ``api``.

    Where that is no number, NumPy warns; :func:`bnlint.confirm.oracle.run` has it silent.

    Raises:
        RejectedError: the framework refuses the experiment (also a ``RequestError``).
        OracleError: the table does not say what it gives.
    """
    if experiment.observe:
        raise Given(api, {}).unclear("statistics", "running statistics are not known here")
    outputs: list[Any] = [
        _output(Given(api, experiment.arguments, step.arguments), experiment, step.input)
        for step in experiment.steps
    ]
    return Result(outputs, [{} for _ in outputs])


def _output(given: Given, experiment: Experiment, data: Any) -> Wide:
    api = given.api
    x: Wide = np.asarray(data, np.float64)
    for parameter in api.signature:
        there = {*given.values, *experiment.plant, experiment.input}
        if parameter.required and parameter.name not in there:
            raise RejectedError(f"{api.id}: {parameter.name} is missing")
    if api.ranks != "any" and api.ranks != UNKNOWN and x.ndim not in api.ranks:
        raise RejectedError(f"{api.id}: takes no input of rank {x.ndim}")
    axis = _argument(given, "axis")
    if api.least_axis is not None and type(axis) is int and axis < api.least_axis:
        raise RejectedError(f"{api.id}: takes no {api.roles['axis']} below {api.least_axis}")
    tracking = api.statistics
    if tracking and given.of(tracking["argument"]) is not tracking["always_batch"]:
        raise given.unclear("statistics", "what it does with them is not known")
    what = together(api, lambda role: _argument(given, role))
    if what is None:
        raise given.unclear("reduces", "what is normalised together is not known")
    if what.kind == WINDOW:
        return _by_window(given, x, what)
    y = normalised(x, what, eps_of(given), centred=api.norm != "rms", place=api.place)
    names = names_of(given)
    shape = shape_of_learned(api, x, what)
    for name, is_scale in zip(names, (True, False), strict=True):
        array = experiment.plant.get(name) if name else None
        if array is None:
            continue
        wide = _wide(given, name, np.asarray(array, np.float64), x, what, shape)
        y = y * (wide + api.weight_offset) if is_scale else y + wide
    return y


def _argument(given: Given, role: str) -> object:
    name = given.api.roles.get(role)
    return None if name is None else given.of(name)


def eps_of(given: Given) -> float:
    """Return the eps of a call; what ``None`` stands for is in the table.

    Raises:
        RejectedError: it is no number.
        OracleError: no argument sets it, and the table does not have it.
    """
    api = given.api
    if "eps" not in api.roles:
        if api.eps_fixed is None:
            raise given.unclear("eps_fixed", "no argument sets eps")
        return api.eps_fixed
    value = given.role("eps")
    if value is None and api.eps_none is not None:
        return api.eps_none
    # A switch in the place of eps is taken for the number that it is in Python.
    eps = float(value) if isinstance(value, bool) else given.number("eps")
    if api.eps_at_most is not None and eps > api.eps_at_most:
        raise RejectedError(f"{api.id}: takes no {api.roles['eps']} above {api.eps_at_most:g}")
    return eps


def names_of(given: Given) -> tuple[str, str]:
    """Return what the scale and the shift of a call are called; empty for one that it has not."""
    api = given.api
    if api.kind == "functional":
        return api.roles.get("weight", ""), api.roles.get("bias", "")
    scale, shift, *_ = (*api.state["trainable"], "", "")
    on = is_on(given, "affine")
    has = on and is_on(given, "scale"), on and is_on(given, "center")
    if api.switched == "together" and has[0] is not has[1]:
        raise RejectedError(f"{api.id}: has gamma and beta, or neither")
    return scale if has[0] else "", shift if has[1] else ""


def normalised(x: Wide, what: Together, eps: float, *, centred: bool, place: str) -> Wide:
    """Return ``x``, each set of values that belong together brought to mean 0 and deviation 1."""
    if what.kind == GROUPS:
        return _by_groups(x, what, eps, place)
    axes = axes_of(x, what)
    mean = x.mean(axes, keepdims=True) if centred else np.zeros(())
    power = x.var(axes, keepdims=True) if centred else (x * x).mean(axes, keepdims=True)
    return _divided(x - mean, power, eps, place)


def _divided(centred: Wide, power: Wide, eps: float, place: str) -> Wide:
    below = np.sqrt(power) + eps if place == "outside" else np.sqrt(power + eps)
    quotient: Wide = centred / below
    return quotient


def _by_groups(x: Wide, what: Together, eps: float, place: str) -> Wide:
    assert what.channel_axis is not None
    wide = np.moveaxis(x, what.channel_axis, 1)
    channels = wide.shape[1]
    groups = channels if what.groups == -1 else what.groups or 0
    if groups < 1 or channels % groups:
        raise RejectedError(f"{channels} channels are not to be divided into {groups} groups")
    order = np.arange(channels)
    if what.interleaved:
        # channel c is in group c modulo their number
        order = order.reshape(channels // groups, groups).T.ravel()
    sorted_ = wide[:, order]
    flat = sorted_.reshape(len(wide), groups, wide.size // (len(wide) * groups))
    mean, power = flat.mean(-1, keepdims=True), flat.var(-1, keepdims=True)
    done = _divided(flat - mean, power, eps, place).reshape(sorted_.shape)
    back: Wide = np.empty_like(done)
    back[:, order] = done
    moved: Wide = np.moveaxis(back, 1, what.channel_axis)
    return moved


def _by_window(given: Given, x: Wide, what: Together) -> Wide:
    """Return ``x`` divided by a power of the squares in the window of channels around each."""
    assert what.channel_axis is not None
    told = response(given.api, lambda role: _argument(given, role))
    if told.window is None or told.weight is None or told.beta is None or told.k is None:
        raise RejectedError(f"{given.api.id}: {told} is no response")
    squares = np.moveaxis(x * x, what.channel_axis, 0)
    before, after = told.window
    sums = [squares[max(0, c - before) : c + after + 1].sum(0) for c in range(len(squares))]
    below = told.k + told.weight * np.moveaxis(np.array(sums), 0, what.channel_axis)
    quotient: Wide = x / below**told.beta
    return quotient


def axes_of(x: NDArray[Any], what: Together) -> tuple[int, ...]:
    """Return the axes of ``x`` over which its values are normalised together.

    Raises:
        RejectedError: ``x`` has no such axes.
    """
    if what.kind == AXES:
        if any(not -x.ndim <= axis < x.ndim for axis in what.axes):
            raise RejectedError(f"an input of rank {x.ndim} has no axes {what.axes}")
        return tuple(axis % x.ndim for axis in what.axes)
    if what.kind == FROM:
        return tuple(range(what.axes[0], x.ndim))
    if what.kind == EXAMPLE:
        return tuple(range(1, x.ndim))
    assert what.channel_axis is not None
    return tuple(axis for axis in range(1, x.ndim) if axis != what.channel_axis % x.ndim)


def shape_of_learned(api: Api, x: NDArray[Any], what: Together) -> tuple[int, ...]:
    """Return the shape that the learned arrays have for an input."""
    if api.learned == "groups":
        return (what.groups or 1,)
    return tuple(x.shape[axis] for axis in _axes_of_learned(api, x, what))


def _axes_of_learned(api: Api, x: NDArray[Any], what: Together) -> tuple[int, ...]:
    if what.learned_from is not None:
        return tuple(range(what.learned_from % x.ndim, x.ndim))
    if api.learned == "reduced":
        return axes_of(x, what)
    return ((-1 if what.channel_axis is None else what.channel_axis) % x.ndim,)


def _wide(
    given: Given, name: str, array: Wide, x: Wide, what: Together, shape: tuple[int, ...]
) -> Wide:
    """Return a learned array in a shape that broadcasts over the input."""
    if array.size != math.prod(shape):
        raise RejectedError(f"{given.api.id}: {name} has shape {array.shape}, not {shape}")
    wide = [1] * x.ndim
    axes = _axes_of_learned(given.api, x, what)
    if given.api.learned == "groups":
        array = np.repeat(array.ravel(), x.shape[axes[0]] // array.size)
    for axis in axes:
        wide[axis] = x.shape[axis]
    return array.reshape(wide)
