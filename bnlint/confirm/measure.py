"""Finds out by experiment what an installed API does: its convention, estimator, axis and mode.

The table says how to build and call the API; what it computes is read off the numbers of two
training steps, on batches that differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bnlint.confirm.meaning import required
from bnlint.confirm.workers import Experiment, RequestError, Result, Step, Worker

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
    """What two training steps show, in the words of a table; ``channel_axis`` counts from 0."""

    channel_axis: int
    convention: str
    estimator: str
    normalises_with: str
    running_update: str
    training_statistics: str


def batch(rank: int, dtype: str = "float32", seed: int = 0) -> Array:
    """Return an input of the experiments: drawn from N(3, 4) with a fixed seed."""
    drawn: Array = np.random.default_rng(seed).normal(3.0, 2.0, SHAPE[:rank]).astype(dtype)
    return drawn


def training_steps(
    worker: Worker, path: str, api: Api, rank: int, arguments: Mapping[str, Any]
) -> Measured:
    """Run two training steps and read off what they did.

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
        inputs = [step.input for step in experiment.steps]
        return _read(inputs, result, _start(api), *experiment.observe)
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
    experiment = _experiment(path, api, rank, axis, arguments, mode)
    x = experiment.steps[0].input
    experiment = experiment._replace(observe=(), steps=experiment.steps[:1])
    y = worker.run(experiment).outputs[0]
    if _same(y, _normalised(x, *_moments(x, axis))):
        return "training"
    if _same(y, _normalised(x, np.float64(0.0), _start(api))):
        return "inference"
    return "neither"


def _start(api: Api) -> Any:
    """Return the running variance of a new layer that never moves it."""
    return np.float64(1 - EPS if api.initial_statistics.get("variance") == "1-eps" else 1)


def _axes(api: Api, rank: int) -> Iterator[int]:
    first = api.channel_axis % rank if isinstance(api.channel_axis, int) else 1
    yield first
    if "channels" in api.roles or "running_mean" in api.roles:
        yield from (axis for axis in range(rank) if axis != first)


def _experiment(
    path: str, api: Api, rank: int, axis: int, arguments: Mapping[str, Any], mode: str
) -> Experiment:
    dtype = "float64" if arguments.get("dtype") == "float64" else "float32"
    x = batch(rank, dtype)
    roles = api.roles
    given = required(api)
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
    if mode and api.mode_switch in ("object", "global"):
        step = Step(x, mode)
    elif mode:
        for role in ("training", "inference"):
            if role in roles:
                step = Step(x, "", {roles[role]: mode == role})
    steps = (step, step._replace(input=batch(rank, dtype, 1)))
    return Experiment(path, api.kind, given, steps, plant, observe, roles.get("input", ""))


_ARRAYS = {"running_mean": 0.0, "running_var": 1.0, "weight": 1.0, "bias": 0.0}


def _read(inputs: list[Array], result: Result, start: Any, mean: str, variance: str) -> Measured:
    means = [np.asarray(state[mean]) for state in result.states]
    variances = [np.asarray(state[variance]) for state in result.states]
    x, y = inputs[0], result.outputs[0]
    axes = {(length,): axis for axis, length in enumerate(x.shape)}
    for shape in (held.shape for held in (*means, *variances)):
        if shape not in axes:
            raise RequestError(f"the running statistics have shape {shape}")
    axis = axes[shape]
    batch_mean, batch_variance = _moments(x, axis)
    n = x.size // x.shape[axis]
    estimates = {"biased": batch_variance, "unbiased": batch_variance * n / (n - 1)}
    normalises_with = "neither"
    if _same(y, _normalised(x, np.float64(0.0), start)):
        normalises_with = "none"
    for name, estimate in estimates.items():
        if _same(y, _normalised(x, batch_mean, estimate)):
            normalises_with = name
    flat = {name: estimate.ravel() for name, estimate in estimates.items()}
    batch_means = [_moments(batch, axis)[0].ravel() for batch in inputs]
    update = _update(means, variances[0], batch_means, flat.values())
    estimator = "none" if _same(variances[0], np.full_like(variances[0], start)) else "neither"
    for name, estimate in flat.items():
        if _same(variances[0], update.start + update.new * estimate):
            estimator = name
    running = (wide.reshape(batch_mean.shape) for wide in (means[1], variances[1]))
    uses = "running" if _same(result.outputs[1], _normalised(inputs[1], *running)) else "batch"
    return Measured(axis, update.convention, estimator, normalises_with, update.rule, uses)


class _Update(NamedTuple):
    """What a step does to the running statistics; the weights are those of its first variance.

    They are no numbers where no estimate of a variance is in it.
    """

    convention: str
    rule: str
    start: float = math.nan
    new: float = math.nan


def _update(
    means: list[Array], variance: Array, batch_means: list[Any], estimates: Iterable[Any]
) -> _Update:
    """Find the rule that gives the running means of both steps, and the first variance.

    Means start at 0, so that the rules which treat the start differently differ in the variance.
    """
    first, second = batch_means
    weight = float(means[0] @ first / (first @ first))
    if not _same(means[0], weight * first):
        return _Update("the running mean is no multiple of that of the batch", "?")
    if abs(weight) < TOLERANCE:
        return _Update("none", "none")
    for convention, keep in (("new-weight", 1 - MOMENTUM), ("old-weight", MOMENTUM)):
        new, left = 1 - keep, 1 - keep**2
        rules = (
            (_Update(convention, "ema", keep, new), keep * new, new),
            (_Update(convention, "first-then-ema", 0.0, 1.0), keep, new),
            (
                _Update(convention, "debiased-from-initial", keep / new, 1.0),
                keep * new / left,
                new / left,
            ),
            (_Update(convention, "zero-debiased", 0.0, 1.0), keep * new / left, new / left),
        )
        for found, before, now in rules:
            if abs(weight - found.new) > TOLERANCE:
                continue
            if not _same(means[1], before * first + now * second):
                continue
            if found.rule == "debiased-from-initial" and not any(
                _same(variance, found.start + estimate) for estimate in estimates
            ):
                continue
            return found
    return _Update(f"weight {weight:.4g} of the new batch for momentum {MOMENTUM}", "?")


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
