"""Rules by which running statistics move, in experiments and in what the oracle foretells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bnlint.confirm import oracle
from bnlint.confirm.experiments import (
    corrected,
    difference,
    experiment,
    keep_of,
    measured,
    update_of,
)
from bnlint.confirm.meaning import required
from bnlint.confirm.workers import Experiment, Step
from bnlint.frameworks.tables import catalogue
from bnlint.trial import INFERENCE, OUTPUT, STATISTICS, TRAINING, Layer, Trial

APIS = catalogue().load(catalogue().families).apis

RULES = [
    pytest.param("keras3.layers.BatchNormalization", {}, "ema", id="ema"),
    pytest.param("equinox.nn.BatchNorm", {}, "first-then-ema", id="first-then-ema"),
    pytest.param(
        "equinox.nn.BatchNorm", {"mode": "batch"}, "debiased-from-initial", id="from-initial"
    ),
    pytest.param("haiku.BatchNorm", {"decay_rate": 0.9}, "zero-debiased", id="zero-debiased"),
]


@pytest.mark.parametrize(("name", "given", "rule"), RULES)
def test_the_other_estimator_is_a_correction(name: str, given: dict[str, Any], rule: str) -> None:
    """What is left of the start counts as the rule has it."""
    api = APIS[name]
    layer = Layer(name, tuple(given.items()), TRAINING)
    trial = Trial(STATISTICS, layer)
    assert update_of(api, layer) == rule
    biased, unbiased = (
        measured(trial, layer, entry, oracle.run(entry, experiment(entry, name, layer, trial)))
        for entry in (api, api._replace(estimator="unbiased"))
    )
    keep = keep_of(api, layer)
    assert keep is not None
    assert difference(biased, unbiased) > 1e-4
    assert difference(corrected(biased, keep, "biased", "unbiased", rule), unbiased) < 1e-12
    assert difference(corrected(unbiased, keep, "unbiased", "biased", rule), biased) < 1e-12


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("momentum", [0.0, 1.0, -1.0, 1e300, -1e300])
@pytest.mark.parametrize("eps", [0.0, -1.0, -1e-4, 1e308])
@pytest.mark.parametrize(("name", "given", "rule"), RULES)
def test_hostile_numbers_give_numbers_or_none(
    name: str, given: dict[str, Any], rule: str, eps: float, momentum: float
) -> None:
    """What no layer should be given makes infinity or nan, and neither warnings nor crashes."""
    api = APIS[name]
    given = {**given, api.roles["eps"]: eps, api.roles["momentum"]: momentum}
    layer = Layer(name, tuple(given.items()), TRAINING)
    keep = keep_of(api, layer)
    assert keep is not None
    for quantity in (STATISTICS, OUTPUT):
        trial = Trial(quantity, layer)
        values = measured(trial, layer, api, oracle.run(api, experiment(api, name, layer, trial)))
        assert difference(values, values) >= 0
        if quantity == STATISTICS:
            corrected(values, keep, "biased", "unbiased", rule)


def _run(name: str, batches: list[Any], modes: list[str], **given: Any) -> Any:
    """Run a layer on batches; return its outputs, and running means and variances."""
    api = APIS[name]
    arguments = {**required(api), **api.plain, **given}
    axis: Any = api.channel_axis
    if "channels" in api.roles:
        arguments[api.roles["channels"]] = batches[0].shape[axis]
    steps = []
    for batch, mode in zip(batches, modes, strict=True):
        called = {
            api.roles[role]: mode == role
            for role in ("training", "inference")
            if role in api.roles and api.mode_switch == "call-argument"
        }
        steps.append(Step(batch, "" if called else mode, called))
    names = api.state["statistics"]
    found = oracle.run(api, Experiment("", api.kind, arguments, steps, {}, names))
    return found.outputs, [[state[name] for state in found.states] for name in names]


A = np.array([[0.0], [2.0]])  # mean 1, variance 1
B = np.array([[3.0], [7.0]])  # mean 5, variance 4


@pytest.mark.parametrize(
    ("name", "given", "means", "variances"),
    [
        pytest.param("flax.nnx.BatchNorm", {"momentum": 0.5}, (0.5, 2.75), (1.0, 2.5), id="nnx"),
        pytest.param("equinox.nn.BatchNorm", {"momentum": 0.5}, (1, 3), (1, 2.5), id="ema"),
        # Hidden: 0.5, 2.75 and 1, 2.5, divided by 1/2 and 3/4.
        pytest.param(
            "equinox.nn.BatchNorm", {"momentum": 0.5, "mode": "batch"}, (1, 11 / 3), (2, 10 / 3),
            id="batch",
        ),
        # Hidden: 0.5, 2.75 and 0.5, 2.25, divided by 1/2 and 3/4.
        pytest.param("haiku.BatchNorm", {"decay_rate": 0.5}, (1, 11 / 3), (1, 3), id="haiku"),
    ],
)  # fmt: skip
def test_running_statistics_of_two_steps(
    name: str, given: dict[str, Any], means: tuple[float, ...], variances: tuple[float, ...]
) -> None:
    """Computed by hand."""
    _, (mean, variance) = _run(name, [A, B], ["training"] * 2, **given)
    assert np.allclose(np.ravel(mean), means)
    assert np.allclose(np.ravel(variance), variances)


@pytest.mark.parametrize(("mode", "mean", "variance"), [("ema", 3.0, 2.5), ("batch", 5.0, 4.0)])
def test_what_normalises_the_second_batch(mode: str, mean: float, variance: float) -> None:
    outputs, _ = _run(
        "equinox.nn.BatchNorm", [A, B], ["training"] * 2, momentum=0.5, mode=mode, eps=0.25
    )
    assert np.allclose(outputs[1], (B - mean) / np.sqrt(variance + 0.25))


@pytest.mark.parametrize(
    ("name", "given", "mean", "variance"),
    [
        ("haiku.BatchNorm", {"decay_rate": 0.9}, 1.0, 1.0),
        ("haiku.BatchNorm", {"decay_rate": 1.0}, np.nan, np.nan),
        ("equinox.nn.BatchNorm", {}, 0.0, 0.0),
        ("equinox.nn.BatchNorm", {"mode": "batch"}, 0.0, 1.0),
    ],
)
def test_inference_before_any_training(
    name: str, given: dict[str, Any], mean: float, variance: float
) -> None:
    """Haiku's layers have seen the batch that initialised them."""
    outputs, _ = _run(name, [A], ["inference"], eps=0.25, **given)
    assert np.allclose(outputs[0], (A - mean) / np.sqrt(variance + 0.25), equal_nan=True)


@pytest.mark.parametrize(
    "name", [name for name, api in APIS.items() if "always_running" in api.statistics]
)
def test_what_always_uses_its_running_statistics_infers_in_either_mode(name: str) -> None:
    """By the argument that the table names, and neither by its other value nor by its absence."""
    api = APIS[name]
    argument, always = api.statistics["argument"], api.statistics["always_running"]
    x = np.random.default_rng(0).normal(3.0, 2.0, (8, 4)).astype(np.float32)
    if 2 not in api.ranks:
        x = x.reshape(8, 4, 1, 1) if 4 in api.ranks else x.reshape(8, 4, 1, 1, 1)
    state = {"mean": x.mean((0, *range(2, x.ndim))) + 1, "var": np.full(4, 2.0, np.float32)}
    names = (
        [api.roles["running_mean"], api.roles["running_var"]]
        if api.kind == "functional"
        else api.state["statistics"]
    )
    plant = dict(zip(names, state.values(), strict=True))

    def output(mode: str, **given: object) -> Any:
        arguments = {**required(api), **api.plain, **given}
        if "channels" in api.roles:
            arguments[api.roles["channels"]] = 4
        flag = next((role for role in (TRAINING, INFERENCE) if role in api.roles), "")
        told = {api.roles[flag]: mode == flag} if api.mode_switch == "argument" else {}
        step = Step(x, mode if api.mode_switch != "argument" else "", told)
        asked = Experiment(name, api.kind, arguments, [step], plant, (), api.roles.get("input", ""))
        return oracle.run(api, asked).outputs[0]

    by_running = output(INFERENCE, **{argument: always})
    assert np.array_equal(output(TRAINING, **{argument: always}), by_running)
    if isinstance(always, bool):
        assert not np.allclose(output(TRAINING, **{argument: not always}), by_running)
