"""A float64 model of every API that normalises, driven by the framework tables alone.

:func:`run` takes the experiment that a worker takes and gives the result that a worker gives, so
that either can stand for the other; the arrays are float64. The variance is computed in two
passes whatever the table says of the framework's formula: in exact arithmetic both are the same,
and rounding is what an oracle leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bnlint.confirm import other_oracle
from bnlint.confirm.meaning import (
    Given,
    Meaning,
    Names,
    OracleError,
    RejectedError,
    axis_of,
    meaning_of,
    names_of,
    tracks,
)
from bnlint.confirm.workers import Result
from bnlint.frameworks.records import BATCH, FIRST_BATCH, UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bnlint.confirm.workers import Experiment, Step
    from bnlint.frameworks.records import Api

    Wide = NDArray[np.float64]

__all__ = ["OracleError", "RejectedError", "run"]


@np.errstate(all="ignore")  # nan and infinity are answers, as they are of frameworks
def run(api: Api, experiment: Experiment) -> Result:
    """Return what ``experiment`` gives by the table entry ``api``.

    The path of the experiment says where to import the API from and is of no interest here.

    Raises:
        RejectedError: the framework refuses the experiment (also a ``RequestError``).
        OracleError: the table does not say what it gives.
    """
    first = experiment.steps[0]
    if api.norm != BATCH and not tracks(Given(api, experiment.arguments)):
        return other_oracle.run(api, experiment)
    given = Given(api, experiment.arguments, first.arguments)
    _complete(given, experiment)
    names = names_of(given)
    if api.kind == "functional":
        names = Names._make(name if name in experiment.plant else "" for name in names)
        start = {name: np.zeros(np.shape(array)) for name, array in experiment.plant.items()}
    else:
        start = _initial(given, names, first)
    state = _planted(api, start, experiment.plant)
    running = _Running(names, state)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    mode = ""
    for step in experiment.steps:
        mode = step.mode or mode
        given = Given(api, experiment.arguments, step.arguments)
        x = np.asarray(step.input, np.float64)
        meaning = meaning_of(given, x.ndim, mode)
        outputs.append(_Call(given, meaning, running, x).output())
        states.append({name: _there(api, state, name).copy() for name in experiment.observe})
    return Result(outputs, states)


def _complete(given: Given, experiment: Experiment) -> None:
    """Reject a call that lacks an argument which has no default."""
    there = {*given.values, *experiment.plant, given.api.roles.get("input")}
    for parameter in given.api.signature:
        if parameter.required and parameter.name not in there:
            raise RejectedError(f"{given.api.id}: {parameter.name} is missing")


def _initial(given: Given, names: Names, first: Step) -> dict[str, Wide]:
    """Return the state of a new layer, which takes its size from its first input."""
    x = np.asarray(first.input, np.float64)
    channels = given.role("channels")
    if channels is None:
        channels = x.shape[axis_of(given, x.ndim)]
    said = dict(given.api.initial_statistics)
    for row in given.api.training_statistics_when:
        if given.meets(row):
            said.update(row.get("initial_statistics", {}))
    mean, variance = said.get("mean", 0.0), said.get("variance", 1.0)
    if UNKNOWN in (mean, variance):
        raise given.unclear("initial_statistics", UNKNOWN)
    values: list[Any] = [
        1.0,
        0.0,
        mean,
        1.0 - given.number("eps") if variance == "1-eps" else variance,
    ]
    if FIRST_BATCH in (mean, variance):
        others = tuple(i for i in range(x.ndim) if i != axis_of(given, x.ndim))
        new = np.float64(1 - (given.api.decay(given.number("momentum")) or 0.0))
        # A step that keeps all has nothing to debias, and gives no number.
        values[2:] = new * x.mean(others) / new, new * x.var(others) / new
    state = {
        name: np.full(channels, value, np.float64)
        for name, value in zip(names, values, strict=False)
        if name
    }
    if names.counter:
        state[names.counter] = np.zeros(())
    return state


def _planted(api: Api, start: Mapping[str, Wide], plant: Mapping[str, Any]) -> dict[str, Wide]:
    """Return the state with the planted arrays in it."""
    state = dict(start)
    for name, value in plant.items():
        shape = _there(api, state, name).shape
        state[name] = np.array(value, np.float64)
        if state[name].shape != shape:
            raise RejectedError(f"{api.id}: {name} has shape {shape}, not {np.shape(value)}")
    return state


def _there(api: Api, state: Mapping[str, Wide], name: str) -> Wide:
    """Return the state called ``name``; reject a name that the layer does not have."""
    if name not in state:
        raise RejectedError(f"{api.id}: has no {name!r}")
    return state[name]


class _Running:
    """The running statistics on their way from step to step, and what the rules keep beside."""

    def __init__(self, names: Names, state: dict[str, Wide]) -> None:
        self.names, self.state = names, state
        #: The number of updates so far.
        self.steps = 0
        #: The averages that are not debiased, by name.
        self.hidden = {name: state[name] for name in (names.mean, names.variance) if name}

    def update(self, given: Given, meaning: Meaning, mean: Wide, variance: Wide) -> None:
        """Move the statistics towards those of a batch, by the rule and the decay of a call."""
        self.steps += 1
        seen: float = self.steps
        if self.names.counter:
            self.state[self.names.counter] = self.state[self.names.counter] + 1
            seen = float(self.state[self.names.counter])
        keep = 1 - 1 / seen if meaning.decay is None else meaning.decay
        rule = meaning.running_update
        for name, value in ((self.names.mean, mean), (self.names.variance, variance)):
            old = self.hidden[name]
            if self.steps == 1 and rule == "zero-debiased":
                old = np.zeros_like(old)
            new = keep * old + (1 - keep) * value
            if self.steps == 1 and rule == "first-then-ema":
                new = value
            self.hidden[name] = self.state[name] = new
            if rule in ("zero-debiased", "debiased-from-initial"):
                # What keeps all leaves nothing to divide by: NumPy has nan there, and no exception.
                self.state[name] = new / (1 - np.float64(keep) ** self.steps)
            elif rule not in ("ema", "first-then-ema"):
                raise given.unclear("running_update", rule)


class _Call:
    """One call: what goes in, and the state, which it changes."""

    def __init__(self, given: Given, meaning: Meaning, running: _Running, x: Wide) -> None:
        self.given, self.meaning, self.running, self.x = given, meaning, running, x
        self.names, self.state = running.names, running.state
        self.others = tuple(axis for axis in range(x.ndim) if axis != meaning.axis)
        #: The axes of what is normalised together: each example by itself, or the batch.
        self.within = self.others if given.api.norm == BATCH else self.others[1:]
        self.channels = x.shape[meaning.axis]
        #: The number of values that are normalised together.
        self.n = math.prod(x.shape[axis] for axis in self.within) if self.channels else 0

    def output(self) -> Wide:
        """Return the normalised input; the running statistics have moved.

        Raises:
            RejectedError: sizes do not fit, statistics are missing, or too few values are there.
            OracleError: the table does not say what comes of one value per channel.
        """
        meaning, names = self.meaning, self.names
        for name in (names.gamma, names.beta, names.mean, names.variance):
            self._check_size(name)
        of_batch: tuple[Wide, Wide] | None = None
        if meaning.uses_batch or meaning.updates:
            if self.n < 1:
                raise self.given.unclear("single_value", "no value per channel")
            if self.n == 1 and self._single_value() == "identity":
                same: Wide = self.x.copy()
                return same
            mean: Wide = self.x.mean(self.within, keepdims=True)
            variance: Wide = self.x.var(self.within, keepdims=True)
            if meaning.updates and names.mean and names.variance:
                towards = variance * self._ratio(meaning.estimator)
                means = mean.mean(self.others), towards.mean(self.others)
                self.running.update(self.given, meaning, *means)
            if meaning.uses_batch:
                of_batch = mean, variance * self._ratio(meaning.normalises_with)
        mean, variance = of_batch or (self._stored(names.mean), self._stored(names.variance))
        y: Wide = (self.x - self._wide(mean)) / np.sqrt(self._wide(variance) + meaning.eps)
        if names.gamma:
            y = y * self._wide(self.state[names.gamma])
        if names.beta:
            y = y + self._wide(self.state[names.beta])
        return y

    def _ratio(self, estimator: str) -> float:
        """Return what turns the variance over n into ``estimator``."""
        if estimator != "unbiased":
            return 1.0
        if self.n > 1:
            return self.n / (self.n - 1)
        return float("nan") if self._single_value() == "nan-variance" else 1.0

    def _single_value(self) -> str:
        """Return what comes of one value per channel."""
        word = self.given.api.single_value
        if word == UNKNOWN:
            raise self.given.unclear("single_value", UNKNOWN)
        if word == "raises":
            raise RejectedError(f"{self.given.api.id}: takes more than one value per channel")
        return word

    def _stored(self, name: str) -> Wide:
        if not name:
            raise RejectedError(f"{self.given.api.id}: the running statistics are missing")
        return self.state[name]

    def _check_size(self, name: str) -> None:
        wanted = (self.channels,)
        if name and self.state[name].shape != wanted:
            there = self.state[name].shape
            raise RejectedError(
                f"{self.given.api.id}: {name} has shape {there}, the input wants {wanted}"
            )

    def _wide(self, array: Wide) -> Wide:
        """Return one value per channel in a shape that broadcasts over the input."""
        if array.ndim == self.x.ndim:
            return array
        shape = [1] * self.x.ndim
        shape[self.meaning.axis] = self.channels
        wide: Wide = array.reshape(shape)
        return wide
