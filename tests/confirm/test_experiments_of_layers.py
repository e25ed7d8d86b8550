"""What experiments take a layer to do is what the oracle takes it to do, in every table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bnlint.confirm import experiments, oracle
from bnlint.confirm.experiments import Unsuitable, experiment, rank_for
from bnlint.confirm.meaning import Given, OracleError, meaning_of, required
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.tables import catalogue
from bnlint.trial import (
    INFERENCE,
    INITIAL,
    OUTPUT,
    ROOT,
    SMALL_VARIANCES,
    STATISTICS,
    TRAINING,
    Layer,
    Trial,
)

APIS = catalogue().load(catalogue().described).apis
TORCH, KERAS = APIS["torch.nn.BatchNorm2d"], APIS["keras3.layers.BatchNormalization"]


def _variants(api: Api) -> Iterator[dict[str, Any]]:
    """Yield the arguments that the table says something about, one at a time."""
    yield {}
    for row in (*api.estimator_when, *api.training_statistics_when):
        yield {row["argument"]: row.get("value", 4)}
    for key in ("always_batch", "always_running"):
        if key in api.statistics:
            yield {api.statistics["argument"]: api.statistics[key]}
    if "momentum" in api.roles:
        yield {api.roles["momentum"]: 0.25}
        yield {api.roles["momentum"]: None}


LAYERS = [
    pytest.param(api, Layer(api.id, tuple(given.items()), mode), id=f"{name} {given} {mode}")
    for name, api in APIS.items()
    for given in _variants(api)
    for mode in (TRAINING, INFERENCE)
]


@pytest.mark.parametrize(("api", "layer"), LAYERS)
def test_a_layer_means_the_same_to_both(api: Api, layer: Layer) -> None:
    """The estimator, the rule of the update, the decay, and whether anything moves."""
    try:
        mode, called = experiments._mode(api, layer)
    except Unsuitable as error:
        assert layer.mode == TRAINING
        assert str(error) == f"{api.id} has no training mode"
        return
    for rank in api.ranks if isinstance(api.ranks, tuple) else (2, 4):
        arguments = {**required(api), **api.plain, **dict(layer.arguments)}
        if "channels" in api.roles:
            arguments[api.roles["channels"]] = 4
        built, called = (arguments, called) if api.kind == "layer" else ({}, arguments | called)
        try:
            meaning = meaning_of(Given(api, built, called), rank, mode)
        except OracleError:
            continue
        still = experiments.stands_still(api, layer)
        assert still is not meaning.updates
        if meaning.updates:
            assert experiments.estimator(api, layer, rank) == meaning.estimator
            assert experiments.update_of(api, layer) == meaning.running_update
            keep = experiments.keep_of(api, layer)
            assert keep == meaning.decay


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
@pytest.mark.parametrize("quantity", [OUTPUT, STATISTICS])
def test_an_experiment_can_be_run_or_says_why_not(api: Api, quantity: str) -> None:
    """What it plants and observes is there; what it measures has as many values as channels."""
    mode = INFERENCE if quantity == OUTPUT else TRAINING
    layer = Layer(api.id, (), mode)
    try:
        trial = Trial(quantity, layer, affine=True, rank=rank_for(api), channels=3)
        asked = experiment(api, "a.path", layer, trial)
    except Unsuitable as error:
        assert api.id in str(error)
        assert quantity == STATISTICS or not isinstance(api.channel_axis, int)
        return
    assert (asked.path, asked.kind) == ("a.path", api.kind)
    assert len(asked.steps) == (50 if quantity == STATISTICS else 1)
    assert len(asked.observe) == (2 if quantity == STATISTICS else 0)
    for step in asked.steps:
        axis = api.channel_axis
        assert isinstance(axis, int)
        assert step.input.shape[axis % trial.rank] == 3
        assert step.input.ndim == trial.rank
        assert step.input.size == experiments.VALUES * 3
    assert bool(asked.plant) == (quantity == OUTPUT or api.kind == "functional")
    try:
        result = oracle.run(api, asked)
    except OracleError as error:
        assert api.id in str(error)
        return
    found = experiments.measured(trial, layer, api, result)
    if quantity == OUTPUT:
        assert list(found) == ["output"]
        assert found["output"].shape[1] == 3
    else:
        assert set(found) == {
            f"{role} after {step}"
            for role in ("running_mean", "running_var")
            for step in experiments.STEPS
        }
        assert all(value.shape == (3,) for value in found.values())


@pytest.mark.parametrize(
    ("api", "arguments", "has"),
    [
        pytest.param("torch.nn.BatchNorm2d", {}, {"weight", "bias"}, id="PyTorch"),
        pytest.param("torch.nn.BatchNorm2d", {"affine": False}, set(), id="PyTorch without"),
        pytest.param("keras3.layers.BatchNormalization", {}, {"weight", "bias"}, id="Keras"),
        pytest.param(
            "keras3.layers.BatchNormalization", {"scale": False}, {"bias"}, id="Keras, no gamma"
        ),
        pytest.param(
            "keras3.layers.BatchNormalization", {"center": False}, {"weight"}, id="Keras, no beta"
        ),
        pytest.param("tf_slim.batch_norm", {}, {"bias"}, id="slim has no gamma"),
        pytest.param("tf_slim.batch_norm", {"scale": True}, {"weight", "bias"}, id="slim, asked"),
        pytest.param("torch.nn.functional.batch_norm", {}, {"weight", "bias"}, id="a function"),
    ],
)
def test_gamma_and_beta_are_planted_where_there_are_any(
    api: str, arguments: dict[str, Any], has: set[str]
) -> None:
    layer = Layer(api, tuple(arguments.items()), INFERENCE)
    for affine in (True, False):
        trial = Trial(OUTPUT, layer, affine=affine)
        planted = experiment(APIS[api], "", layer, trial).plant
        names = experiments.state_names(APIS[api])
        roles = {role for role, name in names.items() if name in planted}
        assert roles == {"running_mean", "running_var", *(has if affine else ())}


def test_channels_are_those_of_the_trial_within_limits() -> None:
    layer = Layer(TORCH.id, (), INFERENCE)
    for channels, used in ((5, 5), (64, 64), (65, 64), (10**9, 64), (0, 1), (-3, 1)):
        asked = experiment(TORCH, "", layer, Trial(OUTPUT, layer, channels=channels))
        assert asked.arguments["num_features"] == used
        assert asked.steps[0].input.shape == (16, used, 8, 8)


@pytest.mark.parametrize(
    ("rank", "shape"),
    [(2, (1024, 4)), (3, (32, 4, 32)), (4, (16, 4, 8, 8)), (5, (16, 4, 4, 4, 4))],
)
def test_inputs_have_the_same_values_whatever_their_rank(rank: int, shape: tuple[int, ...]) -> None:
    trial = Trial(STATISTICS, Layer(KERAS.id, (), TRAINING), rank=rank)
    drawn = experiments.batches(trial)
    assert len(drawn) == experiments.STEPS[-1]
    assert {x.shape for x in drawn} == {shape}
    assert abs(float(np.mean(drawn)) - experiments.MEAN) < 0.05
    assert abs(float(np.std(drawn)) - experiments.DEVIATION) < 0.05
    assert not np.array_equal(drawn[0], drawn[1])
    first = experiments.batches(trial)[0]
    assert np.array_equal(first, drawn[0])
    assert first.dtype == np.float32


def test_variances_are_planted_channel_by_channel() -> None:
    layer = Layer(TORCH.id, (), INFERENCE)
    trial = Trial(OUTPUT, layer, variances=SMALL_VARIANCES, channels=5)
    variance = experiments.planted(trial)["running_var"]
    assert variance.tolist() == np.float32([1e-4, 1e-2, 1.0, 1e-4, 1e-2]).tolist()


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        pytest.param((), {"m": "m", "v": "v", "w": "w", "b": "b"}, id="each in its place"),
        pytest.param(
            (("running_mean", "running_var"), ("running_var", "running_mean")),
            {"m": "v", "v": "m", "w": "w", "b": "b"},
            id="exchanged",
        ),
        pytest.param(
            (("running_var", ROOT),), {"m": "m", "v": "root", "w": "w", "b": "b"}, id="a root"
        ),
        pytest.param(
            (("running_mean", INITIAL), ("running_var", INITIAL)),
            {"w": "w", "b": "b"},
            id="those of a new layer",
        ),
        pytest.param((("weight", "bias"),), {"m": "m", "v": "v", "w": "b", "b": "b"}, id="twice"),
    ],
)
def test_arrays_that_stand_in_the_place_of_others(
    arrays: tuple[tuple[str, str], ...], found: dict[str, str]
) -> None:
    layer = Layer(TORCH.id, (), INFERENCE, arrays)
    trial = Trial(OUTPUT, layer, affine=True, variances=(0.25,))
    own = {role[len("running_") :][0] if "_" in role else role[0]: value
           for role, value in experiments.planted(trial).items()}  # fmt: skip
    own["root"] = np.sqrt(own["v"])
    planted = experiment(TORCH, "", layer, trial).plant
    names = {"m": "running_mean", "v": "running_var", "w": "weight", "b": "bias"}
    assert set(planted) == {names[key] for key in found}
    for key, source in found.items():
        assert np.array_equal(planted[names[key]], own[source])


@pytest.mark.parametrize(
    ("names", "rank"),
    [
        (("torch.nn.BatchNorm2d",), 4),
        (("torch.nn.BatchNorm1d",), 2),
        (("torch.nn.BatchNorm3d",), 5),
        (("keras3.layers.BatchNormalization", "torch.nn.BatchNorm3d"), 5),
        (("keras3.layers.BatchNormalization", "torch.nn.BatchNorm1d"), 2),
    ],
)
def test_both_sides_take_inputs_of_one_rank(names: tuple[str, ...], rank: int) -> None:
    assert rank_for(*(APIS[name] for name in names)) == rank


def test_sides_without_a_common_rank_are_not_compared() -> None:
    with pytest.raises(Unsuitable, match="no input of the same rank"):
        rank_for(APIS["torch.nn.BatchNorm1d"], APIS["torch.nn.BatchNorm2d"])


def test_an_axis_that_is_not_known_cannot_be_asked_for() -> None:
    layer = Layer(TORCH.id, (), INFERENCE)
    with pytest.raises(Unsuitable, match=r"where the channels of .*BatchNorm2d are"):
        experiment(TORCH._replace(channel_axis=UNKNOWN), "", layer, Trial(OUTPUT, layer))


@pytest.mark.parametrize(
    ("mine", "theirs", "gap"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.0], 0.0, id="alike"),
        pytest.param([1.0, 2.0], [1.0, 4.0], 0.5, id="relative to the largest of theirs"),
        pytest.param([1.0, 4.0], [1.0, 2.0], 1.0, id="not to the largest of mine"),
        pytest.param([0.25], [0.0], 0.25, id="theirs is nothing"),
        pytest.param([np.nan, 1.0], [np.nan, 1.0], 0.0, id="both are no number"),
        pytest.param([np.nan, 1.0], [1.0, 1.0], np.inf, id="one is no number"),
        pytest.param([np.inf], [1.0], np.inf, id="one is infinite"),
        pytest.param([1.0], [1.0, 1.0], np.inf, id="of another shape"),
    ],
)
def test_difference(mine: list[float], theirs: list[float], gap: float) -> None:
    port, reference = {"x": np.array(mine)}, {"x": np.array(theirs)}
    assert experiments.difference(port, reference) == gap
    zero = {"y": np.zeros(2)}
    assert experiments.difference({**zero, **port}, {**zero, **reference}) == gap
    assert experiments.difference({**port, **zero}, {**reference, **zero}) == gap


@pytest.mark.parametrize("pair", [("biased", "biased"), ("biased", "none"), ("neither", "biased")])
def test_estimators_that_are_alike_or_not_known_correct_nothing(pair: tuple[str, str]) -> None:
    values = {"running_var after 1": np.ones(2)}
    assert experiments.corrected(values, 0.9, *pair) == values


@pytest.mark.parametrize("momentum", [True, "0.9"])
def test_a_momentum_that_is_no_number_keeps_nothing(momentum: object) -> None:
    layer = Layer(TORCH.id, (("momentum", momentum),), TRAINING)  # type: ignore[arg-type]
    assert experiments.keep_of(TORCH, layer) is None
    assert experiments.keep_of(TORCH, layer.without("momentum")) == 0.9
    assert experiments.keep_of(KERAS, Layer(KERAS.id, (("momentum", 1),))) == 1.0
