"""What is read off the numbers of two training steps, whatever gave them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnlint.confirm import measure
from bnlint.confirm.workers import Experiment, RequestError, Result
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.tables import catalogue

APIS = catalogue().load(catalogue().families).apis
TORCH, KERAS = APIS["torch.nn.BatchNorm2d"], APIS["keras3.layers.BatchNormalization"]
FUNCTION = APIS["torch.nn.functional.batch_norm"]
FROZEN = APIS["detectron2.layers.FrozenBatchNorm2d"]

#: Gives the running mean and the running variance after each step, of the moments of each batch.
Rule = Callable[[Any, Any], tuple[Any, Any]]


class Made:
    """A worker whose layer normalises by its batch, and moves its statistics by a rule."""

    def __init__(self, rule: Rule, axis: int, refuses: tuple[int, ...] = ()) -> None:
        self.rule, self.axis, self.refuses = rule, axis, refuses
        self.asked: list[Experiment] = []

    def run(self, asked: Experiment) -> Result:
        self.asked.append(asked)
        if len(self.asked) - 1 in self.refuses:
            raise RequestError(f"refused {len(self.asked)}")
        inputs = [step.input.astype(np.float64) for step in asked.steps]
        others = tuple(i for i in range(inputs[0].ndim) if i != self.axis)
        means = np.array([x.mean(others) for x in inputs])
        variances = np.array([x.var(others) for x in inputs])
        outputs = [
            (x - x.mean(others, keepdims=True)) / np.sqrt(x.var(others, keepdims=True) + 1e-3)
            for x in inputs
        ]
        pairs = zip(*self.rule(means, variances), strict=True)
        states = [dict(zip(asked.observe, pair, strict=False)) for pair in pairs]
        return Result(outputs, states)


def measured(rule: Rule, api: Api = TORCH, axis: int = 1, rank: int = 4) -> measure.Measured:
    return measure.training_steps(Made(rule, axis), "a.path", api, rank, {})


def moving(new: float, start: float = 1.0, factor: float = 1.0) -> Rule:
    """Return the rule by which a new batch weighs ``new``, its variance times ``factor``."""

    def rule(means: Any, variances: Any) -> tuple[Any, Any]:
        mean, variance, found = 0.0, start, []
        for one, other in zip(means, variances, strict=True):
            mean = (1 - new) * mean + new * one
            variance = (1 - new) * variance + new * factor * other
            found.append((mean, variance))
        return tuple(zip(*found, strict=True))

    return rule


def first(keep: float) -> Rule:
    """Return the rule that takes over the first batch."""

    def rule(means: Any, variances: Any) -> tuple[Any, Any]:
        return tuple(
            (values[0], keep * values[0] + (1 - keep) * values[1]) for values in (means, variances)
        )

    return rule


def debiased(keep: float, start: float) -> Rule:
    """Return the rule that divides by what is new in the average."""

    def rule(means: Any, variances: Any) -> tuple[Any, Any]:
        plain = moving(1 - keep, start)(means, variances)
        return tuple(
            tuple(value / (1 - keep ** (number + 1)) for number, value in enumerate(values))
            for values in plain
        )

    return rule


#: The batch of rank 4 has 5, 4, 3 and 2 values along its axes, of which those of axis 1 are
#: channels: a variance is of 30.
UNBIASED = 30 / 29


@pytest.mark.parametrize(
    ("rule", "convention", "estimator", "update"),
    [
        pytest.param(moving(0.3), "new-weight", "biased", "ema", id="new"),
        pytest.param(moving(0.7), "old-weight", "biased", "ema", id="old"),
        pytest.param(moving(0.3, 1.0, UNBIASED), "new-weight", "unbiased", "ema", id="n - 1"),
        pytest.param(moving(0.3, 1.0, 1.5), "new-weight", "neither", "ema", id="half more"),
        pytest.param(moving(0.3, 0.0), "new-weight", "neither", "ema", id="from zero"),
        pytest.param(first(0.7), "new-weight", "biased", "first-then-ema", id="the first, new"),
        pytest.param(first(0.3), "old-weight", "biased", "first-then-ema", id="the first, old"),
        pytest.param(
            debiased(0.7, 1.0), "new-weight", "biased", "debiased-from-initial", id="from 1, new"
        ),
        pytest.param(
            debiased(0.3, 1.0), "old-weight", "biased", "debiased-from-initial", id="from 1, old"
        ),
        pytest.param(debiased(0.7, 0.0), "new-weight", "biased", "zero-debiased", id="from 0, new"),
        pytest.param(debiased(0.3, 0.0), "old-weight", "biased", "zero-debiased", id="from 0, old"),
        pytest.param(lambda m, v: (0 * m, 0 * v + 1), "none", "none", "none", id="at rest"),
        pytest.param(lambda m, v: (0 * m, 0 * v + 1.0003), "none", "none", "none", id="nearly"),
        pytest.param(lambda m, v: (0 * m, 0 * v + 1.0006), "none", "neither", "none", id="moved"),
        pytest.param(lambda m, v: (0 * m, v), "none", "neither", "none", id="the mean at rest"),
        pytest.param(
            lambda m, v: (0.5 * m, 0 * v + 1),
            "weight 0.5 of the new batch for momentum 0.3", "none", "?", id="a weight of its own",
        ),
        pytest.param(
            lambda m, v: (0.5 * m, 0 * v),
            "weight 0.5 of the new batch for momentum 0.3", "neither", "?", id="and no variance",
        ),
        pytest.param(
            lambda m, v: (m + np.eye(4)[:1], v), "the running mean is no multiple of that of "
            "the batch", "neither", "?", id="one channel is off",
        ),
        pytest.param(
            lambda m, v: (0.3 * m, 0.7 + 0.3 * v), "weight 0.3 of the new batch for momentum 0.3",
            "neither", "?", id="the second step forgets the first",
        ),
    ],
)  # fmt: skip
def test_the_rule_by_which_statistics_move(
    rule: Rule, convention: str, estimator: str, update: str
) -> None:
    found = measured(rule)
    assert (found.convention, found.estimator, found.running_update) == (
        convention, estimator, update,
    )  # fmt: skip
    assert (found.channel_axis, found.normalises_with) == (1, "biased")
    assert found.training_statistics == "batch"


@pytest.mark.parametrize("rank", [2, 3, 4, 5])
def test_the_axis_is_known_by_its_length(rank: int) -> None:
    for axis in range(rank):
        assert measured(moving(0.3), KERAS, axis, rank).channel_axis == axis


@pytest.mark.parametrize("shape", [(5, 4), (7,), (), (4, 1)])
def test_a_running_mean_has_one_value_for_each_channel(shape: tuple[int, ...]) -> None:
    odd = np.zeros(shape)
    for number in range(4):

        def rule(means: Any, variances: Any, at: int = number) -> tuple[Any, Any]:
            rows = [*means, *variances]
            rows[at] = odd
            return rows[:2], rows[2:]

        says = rf"the running statistics have shape {re.escape(str(shape))}$"
        with pytest.raises(RequestError, match=says):
            measured(rule)


def test_what_starts_at_one_less_eps_and_rests() -> None:
    """As a frozen layer that folds its eps into its variance."""

    def rest(start: float) -> Rule:
        return lambda m, v: (0 * m, 0 * v + start)

    assert measured(rest(1 - 1e-3), FROZEN).estimator == "none"
    assert measured(rest(1.0), FROZEN).estimator == "neither"
    assert measured(rest(1 - 1e-3), TORCH).estimator == "neither"


def test_what_is_asked_is_the_same_in_every_release() -> None:
    worker = Made(moving(0.3), 1)
    measure.training_steps(worker, "a.path", TORCH, 4, {"affine": False})
    (asked,) = worker.asked
    assert asked.arguments == {
        "num_features": 4, "eps": 1e-3, "momentum": 0.3, "affine": False,
    }  # fmt: skip
    assert (asked.path, asked.kind, asked.plant) == ("a.path", "layer", {})
    assert asked.observe == ("running_mean", "running_var")
    assert [step.mode for step in asked.steps] == ["training"] * 2
    for seed, step in enumerate(asked.steps):
        drawn = np.random.default_rng(seed).normal(3.0, 2.0, (5, 4, 3, 2))
        assert np.array_equal(step.input, drawn.astype(np.float32))
        assert step.arguments == {}


@pytest.mark.parametrize(
    ("api", "mode", "told"),
    [
        (TORCH, "training", {}),
        (KERAS, "training", {"training": True}),
        (KERAS, "inference", {"training": False}),
        (APIS["flax.linen.BatchNorm"], "training", {"use_running_average": False}),
        (APIS["flax.linen.BatchNorm"], "inference", {"use_running_average": True}),
        (KERAS, "", {}),
        (TORCH, "", {}),
    ],
)
def test_how_a_mode_is_asked_for(api: Api, mode: str, told: dict[str, bool]) -> None:
    """One call in it, of which the first output tells."""
    axis = api.channel_axis
    assert isinstance(axis, int)
    worker = Made(moving(0.3), axis % 4)
    found = measure.mode_of_call(worker, "", api, 4, {}, mode)
    assert found == "training"
    (asked,) = worker.asked
    assert [step.arguments for step in asked.steps] == [told]
    assert asked.steps[0].mode == (mode if api is TORCH else "")
    assert asked.observe == ()


def test_a_function_is_given_arrays_that_change_nothing() -> None:
    worker = Made(moving(0.3), 1)
    measure.training_steps(worker, "", FUNCTION, 3, {})
    (asked,) = worker.asked
    assert {name: value.tolist() for name, value in asked.plant.items()} == {
        "running_mean": [0.0] * 4, "running_var": [1.0] * 4,
        "weight": [1.0] * 4, "bias": [0.0] * 4,
    }  # fmt: skip
    assert asked.observe == ("running_mean", "running_var")
    assert asked.input == "input"
    assert [step.arguments for step in asked.steps] == [{"training": True}] * 2


@pytest.mark.parametrize(
    ("api", "sizes"),
    [
        pytest.param(TORCH, [4, 5, 3, 2], id="the axis of the table first"),
        pytest.param(TORCH._replace(channel_axis=-1), [2, 5, 4, 3], id="counted from the end"),
        pytest.param(TORCH._replace(channel_axis=UNKNOWN), [4, 5, 3, 2], id="not known"),
    ],
)
def test_every_axis_is_tried_where_channels_are_told(api: Api, sizes: list[int]) -> None:
    """The first refusal is what is told if all refuse."""
    worker = Made(moving(0.3), 1, (0, 1, 2, 3))
    with pytest.raises(RequestError, match=r"^refused 1$"):
        measure.training_steps(worker, "", api, 4, {})
    assert [asked.arguments["num_features"] for asked in worker.asked] == sizes
    worker = Made(moving(0.3), 2, (0, 1))
    assert measure.training_steps(worker, "", api, 4, {}).channel_axis == 2


def test_every_axis_is_tried_where_arrays_are_given() -> None:
    worker = Made(moving(0.3), 2, (0, 1))
    found = measure.training_steps(worker, "", FUNCTION, 4, {})
    assert found.channel_axis == 2
    assert [len(asked.plant["weight"]) for asked in worker.asked] == [4, 5, 3]


def test_one_axis_is_tried_where_the_layer_finds_it_itself() -> None:
    worker = Made(moving(0.3), 1, (0, 1))
    with pytest.raises(RequestError, match=r"^refused 1$"):
        measure.training_steps(worker, "", KERAS, 4, {})
    assert len(worker.asked) == 1


def test_double_precision_is_asked_for_in_it() -> None:
    worker = Made(moving(0.3), 3)
    measure.training_steps(worker, "", KERAS, 4, {"dtype": "float64"})
    measure.training_steps(worker, "", KERAS, 4, {"dtype": "float16"})
    kinds = [step.input.dtype.name for asked in worker.asked for step in asked.steps]
    assert kinds == ["float64"] * 2 + ["float32"] * 2


@pytest.mark.parametrize(("apart", "convention"), [(1e-4, "new-weight"), (5e-4, "weight 0.3005")])
def test_numbers_are_the_same_within_rounding(apart: float, convention: str) -> None:
    assert measured(moving(0.3 + apart)).convention.startswith(convention)
