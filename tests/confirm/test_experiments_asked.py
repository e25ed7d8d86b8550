"""What is asked of batch normalisation layers for each side of a trial, and what is read of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bnlint.confirm import experiments
from bnlint.confirm.experiments import (
    batches,
    channel_axis,
    corrected,
    difference,
    estimator,
    experiment,
    keep_of,
    measured,
    planted,
    rank_for,
    stands_still,
    state_names,
    update_of,
)
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment, Result
from bnlint.frameworks.tables import catalogue
from bnlint.trial import INFERENCE, OUTPUT, STATISTICS, TRAINING, Layer, Trial

FRAMEWORKS = catalogue().load(catalogue().families)
APIS = {**FRAMEWORKS.apis, **FRAMEWORKS.norms.apis}
TORCH, KERAS = "torch.nn.BatchNorm2d", "keras3.layers.BatchNormalization"
FUNCTION, BARE = "torch.nn.functional.batch_norm", "torch.batch_norm"
MOVING = ("moving_mean", "moving_variance")
RUNNING = ("running_mean", "running_var")


def asked(api: str, quantity: str, mode: str = "", steps: int = 2, **how: Any) -> Experiment:
    given = how.pop("given", {})
    layer = Layer(api, tuple(given.items()), mode)
    trial = Trial(quantity, layer, **{"channels": 3, **how})
    return experiment(APIS[api], "a.path", layer, trial, steps)


@pytest.mark.parametrize(
    ("api", "given", "mode", "arguments", "first", "told", "observe"),
    [
        pytest.param(
            TORCH, {"momentum": 0.5}, TRAINING, {"num_features": 3, "momentum": 0.5}, TRAINING, {},
            RUNNING, id="an object",
        ),
        pytest.param(TORCH, {}, "", {"num_features": 3}, "", {}, RUNNING, id="as it is"),
        pytest.param(
            TORCH, {"track_running_stats": False}, TRAINING,
            {"num_features": 3, "track_running_stats": False}, TRAINING, {}, None, id="dropped",
        ),
        pytest.param(KERAS, {}, TRAINING, {}, "", {"training": True}, MOVING, id="an argument"),
        pytest.param(KERAS, {}, INFERENCE, {}, "", {"training": False}, MOVING, id="and off"),
        pytest.param(
            "flax.linen.BatchNorm", {}, TRAINING, {}, "", {"use_running_average": False},
            ("mean", "var"), id="the other argument",
        ),
        pytest.param(
            "timm.layers.BatchNormAct2d", {}, TRAINING, {"num_features": 3, "apply_act": False},
            TRAINING, {}, RUNNING, id="plain",
        ),
        pytest.param(
            FUNCTION, {"momentum": 0.5}, TRAINING, {"momentum": 0.5}, "", {"training": True},
            RUNNING, id="a function",
        ),
        pytest.param(
            "haiku.BatchNorm", {"decay_rate": 0.5}, TRAINING,
            {"create_scale": True, "create_offset": True, "decay_rate": 0.5}, "",
            {"is_training": True}, None, id="no defaults",
        ),
        pytest.param(
            "torch.nn.InstanceNorm2d", {}, TRAINING,
            {"num_features": 3, "track_running_stats": True}, TRAINING, {}, RUNNING,
            id="what keeps none by default is told to",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_for_statistics(
    api: str, given: dict[str, Any], mode: str, arguments: dict[str, Any], first: str,
    told: dict[str, bool], observe: tuple[str, ...] | None,
) -> None:  # fmt: skip
    if given.get("track_running_stats") is False:
        with pytest.raises(Unsuitable, match=r"^torch.nn.BatchNorm2d keeps no running statistics$"):
            asked(api, STATISTICS, mode, given=given)
        assert asked(api, OUTPUT, mode, given=given).plant == {}
        return
    found = asked(api, STATISTICS, mode, given=given)
    assert (found.path, found.kind, found.arguments) == ("a.path", APIS[api].kind, arguments)
    assert [step.mode for step in found.steps] == [first, ""]
    assert [step.arguments for step in found.steps] == [told] * 2
    assert found.observe == (APIS[api].state["statistics"] if observe is None else observe)
    axis = channel_axis(APIS[api], 4)
    trial = Trial(STATISTICS, Layer(api), channels=3)
    for step, drawn in zip(found.steps, batches(trial, 2), strict=True):
        assert np.array_equal(np.moveaxis(step.input, axis, 1), drawn)


@pytest.mark.parametrize(
    ("affine", "api", "plant"),
    [
        (True, TORCH, {}),
        (True, FUNCTION, {"running_mean": 0.0, "running_var": 1.0, "weight": None, "bias": None}),
        (False, FUNCTION, {"running_mean": 0.0, "running_var": 1.0}),
        (False, BARE, {"running_mean": 0.0, "running_var": 1.0, "weight": 1.0, "bias": 0.0}),
    ],
)
def test_statistics_start_as_those_of_a_new_layer(
    affine: bool, api: str, plant: dict[str, float | None]
) -> None:
    """A function is given them, and what it must be given."""
    given = {"cudnn_enabled": False, "eps": 1e-5} if api == BARE else {}
    found = asked(api, STATISTICS, TRAINING, affine=affine, given=given, variances=(4.0,)).plant
    assert found.keys() == plant.keys()
    for name, value in plant.items():
        drawn = planted(Trial(STATISTICS, Layer(api), affine=True, channels=3)).get(name)
        wanted = drawn if value is None else np.full(3, value, np.float32)
        assert np.array_equal(found[name], wanted)
        assert found[name].dtype == np.float32


def test_what_is_drawn_is_the_same_in_every_release() -> None:
    """So that the figures of the documentation can be had again."""
    trial = Trial(STATISTICS, Layer(TORCH), channels=3, affine=True, variances=(4.0, 9.0))
    drawn = np.random.default_rng(20)
    for x in batches(trial, 3):
        assert np.array_equal(x, drawn.normal(3.0, 2.0, (16, 3, 8, 8)).astype(np.float32))
    assert len(batches(trial)) == 50
    assert len(batches(trial._replace(quantity=OUTPUT))) == 1
    drawn = np.random.default_rng(21)
    wanted = {
        "running_mean": drawn.normal(0.0, 1.0, 3),
        "running_var": np.array([4.0, 9.0, 4.0]),
        "weight": drawn.normal(1.0, 0.5, 3),
        "bias": drawn.normal(0.0, 1.0, 3),
    }
    found = planted(trial)
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert np.array_equal(found[name], value.astype(np.float32))
    assert list(planted(trial._replace(affine=False))) == list(RUNNING)


def test_statistics_are_compared_after_1_and_after_50_steps() -> None:
    """As the documentation has it."""
    assert experiments.STEPS == (1, 50)
    states = [
        {"moving_mean": np.array([[number]]), "moving_variance": np.array([[-number]])}
        for number in range(1, 51)
    ]
    trial = Trial(STATISTICS, Layer(KERAS))
    found = measured(trial, trial.port, APIS[KERAS], Result([], states))
    assert {name: value.tolist() for name, value in found.items()} == {
        "running_mean after 1": [1.0], "running_var after 1": [-1.0],
        "running_mean after 50": [50.0], "running_var after 50": [-50.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("api", "axis", "given"),
    [
        (TORCH, 1, {}), (KERAS, 3, {}), ("torch.nn.GroupNorm", 1, {}),
        ("keras3.layers.GroupNormalization", 3, {}),
        ("keras3.layers.GroupNormalization", 2, {"axis": 2}),
    ],
)  # fmt: skip
def test_outputs_are_read_with_their_channels_in_axis_1(
    api: str, axis: int, given: dict[str, Any]
) -> None:
    first, last = np.zeros((2, 3, 4, 5), np.float32), np.arange(120.0).reshape(2, 3, 4, 5)
    trial = Trial(OUTPUT, Layer(api, tuple(given.items())))
    result = Result([np.moveaxis(x, 1, axis) for x in (first, last)], [{}, {}])
    found = measured(trial, trial.port, APIS[api], result)
    assert list(found) == ["output"]
    assert np.array_equal(found["output"], last)
    assert found["output"].dtype == np.float64


@pytest.mark.parametrize(
    ("api", "names"),
    [
        (TORCH, (*RUNNING, "weight", "bias")), (KERAS, (*MOVING, "gamma", "beta")),
        (FUNCTION, (*RUNNING, "weight", "bias")), ("haiku.RMSNorm", ("scale",)),
        ("torch.nn.functional.rms_norm", ("weight",)),
    ],
)  # fmt: skip
def test_what_a_layer_calls_its_state(api: str, names: tuple[str, ...]) -> None:
    roles = ("running_mean", "running_var", "weight", "bias") if len(names) > 1 else ("weight",)
    assert state_names(APIS[api]) == dict(zip(roles, names, strict=True))


@pytest.mark.parametrize(
    ("names", "rank"),
    [
        ((TORCH, KERAS), 4), ((KERAS,), 4), (("torch.nn.BatchNorm1d",), 2),
        (("torch.nn.InstanceNorm1d",), 3), (("torch.nn.GroupNorm",), 4),
        (("chainer.links.LayerNormalization",), 2), (("torch.nn.InstanceNorm3d",), 5),
        (("torch.nn.BatchNorm1d", "mlx.core.fast.layer_norm"), 3),
        (("mlx.core.fast.layer_norm",), 3),
    ],
)  # fmt: skip
def test_the_rank_of_a_trial(names: tuple[str, ...], rank: int) -> None:
    """A layer that normalises each example by itself is not tried on single values."""
    assert rank_for(*(APIS[name] for name in names)) == rank


@pytest.mark.parametrize(
    ("rule", "keep", "starts"),
    [
        ("ema", 0.5, (0.5, 0.5**50)),
        ("debiased-from-initial", 0.5, (1.0, 0.5**50 / (1 - 0.5**50))),
        ("zero-debiased", 0.5, (0.0, 0.0)), ("first-then-ema", 0.5, (0.0, 0.0)),
    ],
)  # fmt: skip
def test_the_other_estimator_is_another_factor_on_what_is_new(
    rule: str, keep: float, starts: tuple[float, float]
) -> None:
    values = {f"{role} after {step}": np.array([3.0, 5.0]) for role in RUNNING for step in (1, 50)}
    for mine, theirs, factor in (("unbiased", "biased", 1023 / 1024),
                                 ("biased", "unbiased", 1024 / 1023)):  # fmt: skip
        found = corrected(values, keep, mine, theirs, rule)
        assert found.keys() == values.keys()
        for step, start in zip((1, 50), starts, strict=True):
            assert found[f"running_mean after {step}"].tolist() == [3.0, 5.0]
            wanted = start + (np.array([3.0, 5.0]) - start) * factor
            assert np.allclose(found[f"running_var after {step}"], wanted, rtol=1e-14)
    assert corrected(values, keep, "biased", "unbiased").keys() == values.keys()


@pytest.mark.filterwarnings("error")
def test_what_keeps_all_has_no_start_to_divide_by() -> None:
    values = {f"running_var after {step}": np.ones(1) for step in (1, 50)}
    for keep in (1.0, -1e300):
        found = corrected(values, keep, "biased", "unbiased", "debiased-from-initial")
        assert not np.isfinite(found["running_var after 50"]).any()


@pytest.mark.parametrize(
    ("given", "mode", "update", "still"),
    [
        ({}, TRAINING, "ema", False), ({}, "", "ema", False), ({}, INFERENCE, "ema", True),
        ({"trainable": False}, TRAINING, "none", True),
        ({"trainable": True}, TRAINING, "ema", False),
    ],
)  # fmt: skip
def test_what_stands_still(given: dict[str, Any], mode: str, update: str, still: bool) -> None:
    layer = Layer(KERAS, tuple(given.items()), mode)
    assert update_of(APIS[KERAS], layer) == update
    assert stands_still(APIS[KERAS], layer) is still


def test_what_a_layer_must_be_given_counts_as_given() -> None:
    """The decay that is given for it, and the arguments without which it does more."""
    assert keep_of(APIS["haiku.BatchNorm"], Layer("haiku.BatchNorm")) == 0.9
    assert keep_of(APIS[BARE], Layer(BARE)) == 0.9
    assert keep_of(APIS[TORCH], Layer(TORCH)) == 0.9
    assert keep_of(APIS["tf.nn.batch_normalization"], Layer("tf.nn.batch_normalization")) is None
    equinox = "equinox.nn.BatchNorm"
    assert not stands_still(APIS[equinox], Layer(equinox))
    assert not stands_still(APIS["haiku.BatchNorm"], Layer("haiku.BatchNorm"))


@pytest.mark.parametrize(
    ("given", "rank", "wanted"),
    [
        ({}, 4, "unbiased"), ({}, 2, "biased"), ({"fused": False}, 4, "biased"),
        ({"virtual_batch_size": 4}, 4, "biased"), ({"fused": None}, 4, "unbiased"),
    ],
)  # fmt: skip
def test_the_estimator_of_a_rank(given: dict[str, Any], rank: int, wanted: str) -> None:
    api = "keras2.layers.BatchNormalization"
    assert estimator(APIS[api], Layer(api, tuple(given.items())), rank) == wanted


def test_the_largest_of_all_differences_counts() -> None:
    zero, one = np.zeros(2), np.ones(2)
    theirs = {"a": one, "b": one, "c": one}
    mine = {"a": one + 0.25, "b": one - 0.5, "c": one + 0.125}
    assert difference(mine, theirs) == 0.5
    assert difference({"a": one * 3}, {"a": zero}) == 3.0
    assert difference({"a": np.array([np.nan])}, {"a": one[:1]}) == float("inf")
    assert difference({"a": np.array([np.nan, 3.0])}, {"a": np.array([np.nan, 2.0])}) == 0.5
    assert difference({"a": zero[:1]}, {"a": zero}) == float("inf")


@pytest.mark.parametrize(
    ("api", "given", "names"),
    [
        (TORCH, {}, ("weight", "bias")), (TORCH, {"affine": False}, ()),
        (KERAS, {"scale": False}, ("beta",)), (KERAS, {"center": False}, ("gamma",)),
        ("paddle.nn.BatchNorm2D", {"weight_attr": False}, ("bias",)),
        ("paddle.nn.BatchNorm2D", {"bias_attr": False}, ("weight",)),
        ("paddle.nn.BatchNorm2D", {}, ("weight", "bias")),
        ("sonnet.BatchNorm", {}, ("scale", "offset")),
        ("sonnet.BatchNorm", {"create_scale": False}, ("offset",)),
    ],
)  # fmt: skip
def test_gamma_and_beta_of_an_output(
    api: str, given: dict[str, Any], names: tuple[str, ...]
) -> None:
    found = asked(api, OUTPUT, INFERENCE, given=given, affine=True)
    assert tuple(found.plant) == (*APIS[api].state["statistics"], *names)
    assert (len(found.steps), found.observe) == (1, ())


def test_a_mode_that_cannot_be_asked_for() -> None:
    """A layer that is frozen for good is in inference, and so is what has no mode."""
    frozen = "torchvision.ops.FrozenBatchNorm2d"
    with pytest.raises(Unsuitable, match=f"^{frozen} has no training mode$"):
        asked(frozen, OUTPUT, TRAINING)
    found = asked(frozen, OUTPUT, INFERENCE).steps[0]
    assert (found.mode, found.arguments) == ("", {})
