"""Finds out by experiment what an installed API does: its convention, estimator, axis and mode.

The table says how to build and call the API; what it computes is read off the numbers, from
running statistics that start at mean 0 and variance 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bnlint.confirm.workers import Experiment, RequestError, Step, Worker

if TYPE_CHECKING:
    from bnlint.confirm.workers import Array
    from bnlint.frameworks.records import Api

#: The batch has as many of these axes as its rank. All differ, so that an axis is known by its
#: length, and few elements fall to a channel, so that n/(n-1) shows.
SHAPE = (5, 4, 3, 2, 6)

#: The momentum of every experiment: the weight of the new batch is this, or one minus this.
MOMENTUM = 0.3

#: The eps of every experiment.
EPS = 1e-3

#: Two numbers are the same if they differ by less than this, relative to the largest.
TOLERANCE = 4e-4


class Measured(NamedTuple):
    """What one training step shows, in the words of a table; ``channel_axis`` counts from 0."""

    channel_axis: int
    convention: str
    estimator: str
    normalises_with: str


def batch(rank: int, dtype: str = "float32") -> Array:
    """Return the input of every experiment: drawn from N(3, 4) with a fixed seed."""
    drawn: Array = np.random.default_rng(0).normal(3.0, 2.0, SHAPE[:rank]).astype(dtype)
    return drawn


def training_step(
    worker: Worker, path: str, api: Api, rank: int, arguments: Mapping[str, Any]
) -> Measured:
    """Run one training step and read off what it did.

    The axis that the table names is tried first, then the others: an API that must be told its
    number of channels rejects the wrong ones.

    Raises:
        RequestError: no axis worked; the message is that for the first.
        WorkerError: the worker gave no answer.
    """
    failure: RequestError | None = None
    for axis in _axes(api, rank):
        experiment = _experiment(path, api, rank, axis, arguments, "training")
        try:
            result = worker.run(experiment)
        except RequestError as error:
            failure = failure or error
            continue
        mean, variance = (np.asarray(result.states[0][name]) for name in experiment.observe)
        return _read(experiment.steps[0].input, result.outputs[0], mean, variance)
    raise failure or RequestError("nothing to measure")


def mode_of_call(
    worker: Worker,
    path: str,
    api: Api,
    rank: int,
    arguments: Mapping[str, Any],
    mode: str = "",
) -> str:
    """Return the mode a new layer (or a function) runs in: ``training``, ``inference`` or neither.

    ``mode`` switches it first; without, the call says nothing about the mode.

    Raises:
        RequestError: the framework raised an exception.
        WorkerError: the worker gave no answer.
    """
    axis = next(_axes(api, rank))
    experiment = _experiment(path, api, rank, axis, arguments, mode)._replace(observe=())
    x = experiment.steps[0].input
    y = worker.run(experiment).outputs[0]
    if _same(y, _normalised(x, *_moments(x, axis))):
        return "training"
    if _same(y, _normalised(x, np.float64(0.0), np.float64(1.0))):
        return "inference"
    return "neither"


def _axes(api: Api, rank: int) -> Iterator[int]:
    first = api.channel_axis % rank if isinstance(api.channel_axis, int) else 1
    yield first
    if "channels" in api.roles or "running_mean" in api.roles:
        yield from (axis for axis in range(rank) if axis != first)


def _experiment(
    path: str, api: Api, rank: int, axis: int, arguments: Mapping[str, Any], mode: str
) -> Experiment:
    x = batch(rank, "float64" if arguments.get("dtype") == "float64" else "float32")
    roles = api.roles
    given: dict[str, Any] = {}
    for role, value in (("eps", EPS), ("momentum", MOMENTUM), ("channels", x.shape[axis])):
        if role in roles:
            given[roles[role]] = value
    given |= {**api.plain, **arguments}
    plant: dict[str, Array] = {}
    observe = api.state["statistics"]
    if api.kind == "functional":
        for role, value in _ARRAYS.items():
            if role in roles:
                plant[roles[role]] = np.full(x.shape[axis], value, x.dtype)
        observe = (roles["running_mean"], roles["running_var"])
    step = Step(x)
    if mode and api.mode_switch == "object":
        step = Step(x, mode)
    elif mode:
        for role in ("training", "inference"):
            if role in roles:
                step = Step(x, "", {roles[role]: mode == role})
    return Experiment(path, api.kind, given, (step,), plant, observe, roles.get("input", ""))


_ARRAYS = {"running_mean": 0.0, "running_var": 1.0, "weight": 1.0, "bias": 0.0}


def _read(x: Array, y: Array, running_mean: Array, running_var: Array) -> Measured:
    if running_mean.ndim != 1 or running_mean.shape[0] not in x.shape:
        raise RequestError(f"the running mean has shape {running_mean.shape}")
    axis = x.shape.index(running_mean.shape[0])
    mean, variance = _moments(x, axis)
    per_channel = mean.ravel()
    weight = float(running_mean @ per_channel / (per_channel @ per_channel))
    if not _same(running_mean, weight * per_channel):
        convention = "the running mean is no multiple of that of the batch"
    elif abs(weight) < TOLERANCE:
        convention = "none"
    elif abs(weight - MOMENTUM) < TOLERANCE:
        convention = "new-weight"
    elif abs(weight - (1 - MOMENTUM)) < TOLERANCE:
        convention = "old-weight"
    else:
        convention = f"weight {weight:.4g} of the new batch for momentum {MOMENTUM}"
    n = x.size // x.shape[axis]
    estimates = {"biased": variance, "unbiased": variance * n / (n - 1)}
    estimator = "none" if _same(running_var, np.ones_like(running_var)) else "neither"
    for name, estimate in estimates.items():
        if estimator != "none" and _same(running_var, 1 - weight + weight * estimate.ravel()):
            estimator = name
    normalises_with = "neither"
    if _same(y, _normalised(x, np.float64(0.0), np.float64(1.0))):
        normalises_with = "none"
    for name, estimate in estimates.items():
        if _same(y, _normalised(x, mean, estimate)):
            normalises_with = name
    return Measured(axis, convention, estimator, normalises_with)


def _moments(x: Array, axis: int) -> tuple[Any, Any]:
    others = tuple(i for i in range(x.ndim) if i != axis)
    wide = x.astype(np.float64)
    return wide.mean(others, keepdims=True), wide.var(others, keepdims=True)


def _normalised(x: Array, mean: Any, variance: Any) -> Any:
    return (x - mean) / np.sqrt(variance + EPS)


def _same(first: Any, second: Any) -> bool:
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    scale = max(float(np.abs(second).max()), 1.0)
    return first.shape == second.shape and float(np.abs(first - second).max()) < TOLERANCE * scale
