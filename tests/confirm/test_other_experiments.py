"""What is asked of layers that normalise otherwise than by batches, side by side of a trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bnlint.confirm import other_experiments
from bnlint.confirm.meaning import OracleError
from bnlint.confirm.other_experiments import (
    MAX_CHANNELS,
    MIN_CHANNELS,
    channels_for,
    experiment,
    moved,
    sizes_of,
)
from bnlint.confirm.unsuitable import Unsuitable
from bnlint.confirm.workers import Experiment
from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import catalogue
from bnlint.trial import INFERENCE, OUTPUT, STATISTICS, TRAINING, Layer, Literal, Trial

APIS = catalogue().load(catalogue().families).norms.apis
GROUP, LAYER = "torch.nn.GroupNorm", "torch.nn.LayerNorm"
KERAS_LAYER = "keras3.layers.LayerNormalization"


def asked(
    api: str, given: dict[str, Literal] | None = None, mode: str = "", **how: Any
) -> Experiment:
    """Return what is asked of a layer in a trial of eight channels."""
    layer = Layer(api, tuple(sorted((given or {}).items())), mode)
    trial = Trial(**{"quantity": OUTPUT, "port": layer, "channels": 8, **how})
    return experiment(APIS[api], "a.path", layer, trial)


@pytest.mark.parametrize(
    ("api", "given", "arguments"),
    [
        pytest.param(GROUP, {}, {"num_groups": 2, "num_channels": 8}, id="groups and channels"),
        pytest.param(
            GROUP, {"num_groups": 4}, {"num_groups": 4, "num_channels": 8}, id="groups given"
        ),
        pytest.param(
            "keras3.layers.GroupNormalization", {}, {"groups": 2},
            id="a default of more groups than there are channels",
        ),
        pytest.param(
            "chainer.links.GroupNormalization", {}, {"groups": 2, "size": 8}, id="Chainer"
        ),
        pytest.param(LAYER, {}, {"normalized_shape": [8]}, id="a shape"),
        pytest.param(
            LAYER, {"normalized_shape": (6, 6)}, {"normalized_shape": (6, 6)}, id="a shape given"
        ),
        pytest.param(LAYER, {"eps": 0.5}, {"normalized_shape": [8], "eps": 0.5}, id="eps given"),
        pytest.param(KERAS_LAYER, {}, {}, id="nothing is wanted"),
        pytest.param(
            "haiku.LayerNorm", {}, {"axis": -1, "create_scale": True, "create_offset": True},
            id="no defaults",
        ),
        pytest.param("mlx.core.fast.layer_norm", {}, {"eps": 1e-5}, id="eps has no default"),
        pytest.param("tinygrad.nn.RMSNorm", {}, {"dim": 8}, id="channels alone"),
        pytest.param("onnx.LRN", {}, {"size": 5}, id="the size of a window"),
        pytest.param(
            "timm.layers.GroupNormAct", {},
            {"num_channels": 8, "num_groups": 2, "apply_act": False}, id="no activation",
        ),
        pytest.param(
            "mindspore.nn.LayerNorm", {"begin_norm_axis": -2},
            {"normalized_shape": [6, 6], "begin_norm_axis": -2, "begin_params_axis": -2},
            id="the learned arrays begin where the axes do",
        ),
        pytest.param(
            "mindspore.nn.LayerNorm", {}, {"normalized_shape": [8]}, id="which one axis says"
        ),
    ],
)  # fmt: skip
def test_what_a_layer_is_built_with(
    api: str, given: dict[str, Literal], arguments: dict[str, Any]
) -> None:
    found = asked(api, given)
    assert found.arguments == arguments
    assert (found.path, found.kind) == ("a.path", APIS[api].kind)
    assert found.input == APIS[api].roles.get("input", "")


@pytest.mark.parametrize(
    ("api", "given", "own_axes", "axis"),
    [
        pytest.param(GROUP, {}, False, 1, id="channels first"),
        pytest.param("keras3.layers.GroupNormalization", {}, False, 3, id="channels last"),
        pytest.param(
            "keras3.layers.GroupNormalization", {"axis": 2}, False, 2, id="an axis of channels"
        ),
        pytest.param(LAYER, {}, False, 3, id="the last axis"),
        pytest.param(LAYER, {"normalized_shape": (6, 6)}, False, 1, id="the last two axes"),
        pytest.param(KERAS_LAYER, {"axis": 2}, False, 3, id="an axis, and channels are last"),
        pytest.param(KERAS_LAYER, {"axis": 2}, True, 2, id="an axis, and channels are there"),
        pytest.param(KERAS_LAYER, {"axis": (1, 2)}, True, 1, id="two axes"),
        pytest.param("timm.layers.LayerNorm2d", {}, False, 1, id="channels, which are first"),
        pytest.param("timm.layers.LayerNorm2d", {}, True, 1, id="channels, which are its own"),
    ],
)
def test_where_the_channels_are_put(
    api: str, given: dict[str, Literal], own_axes: bool, axis: int
) -> None:
    layer = Layer(api, tuple(given.items()))
    trial = Trial(OUTPUT, layer, channels=8, own_axes=own_axes)
    assert moved(APIS[api], layer, trial) == axis
    x = experiment(APIS[api], "", layer, trial).steps[0].input
    assert x.shape == tuple(8 if number == axis else 6 for number in range(4))
    assert x.flags.c_contiguous
    assert x.dtype == np.float32
    plain = asked(GROUP).steps[0].input
    assert np.array_equal(np.moveaxis(x, axis, 1), plain)


@pytest.mark.parametrize(("rank", "shape"), [(2, (6, 8)), (3, (6, 8, 6)), (5, (6, 8, 6, 6, 6))])
def test_sizes_are_of_a_rank(rank: int, shape: tuple[int, ...]) -> None:
    assert sizes_of(Trial(OUTPUT, Layer(GROUP), channels=8, rank=rank)) == shape
    assert asked(GROUP, rank=rank).steps[0].input.shape == shape


@pytest.mark.parametrize("variances", [(4.0,), (1.0, 1e-4), (1.0, 100.0, 1e4)])
def test_each_example_has_its_variance_and_half_of_its_root_as_mean(
    variances: tuple[float, ...],
) -> None:
    x = asked(GROUP, variances=variances, channels=256).steps[0].input
    for number, example in enumerate(x):
        root = np.sqrt(variances[number % len(variances)])
        assert np.std(example) == pytest.approx(root, rel=0.05)
        assert np.mean(example) == pytest.approx(root / 2, rel=0.1)


def test_what_is_drawn_is_the_same_in_every_release() -> None:
    """So that the figures of the documentation can be had again."""
    found = asked(GROUP, affine=True)
    first = np.random.default_rng(21).normal(0.5, 1.0, (6, 8, 6, 6)).astype(np.float32)
    assert np.array_equal(found.steps[0].input, first)
    drawn = np.random.default_rng(22)
    weight, bias = drawn.normal(0.5, 0.5, 8), drawn.normal(1.0, 0.5, 8)
    assert np.allclose(found.plant["weight"], weight)
    assert np.allclose(found.plant["bias"], bias)
    assert {value.dtype for value in found.plant.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("api", "given", "shapes", "needed"),
    [
        pytest.param(GROUP, {}, {"weight": (8,), "bias": (8,)}, (), id="both"),
        pytest.param(GROUP, {"affine": False}, {}, (), id="neither"),
        pytest.param(
            LAYER, {"normalized_shape": (6, 6)}, {"weight": (6, 6), "bias": (6, 6)}, (), id="axes"
        ),
        pytest.param(KERAS_LAYER, {"center": False}, {"gamma": (8,)}, (), id="no shift"),
        pytest.param(KERAS_LAYER, {"scale": False}, {"beta": (8,)}, (), id="no scale"),
        pytest.param("keras3.layers.RMSNormalization", {}, {"scale": (8,)}, (), id="one array"),
        pytest.param(
            "mlx.core.fast.layer_norm", {}, {"weight": (8,), "bias": (8,)}, ("weight", "bias"),
            id="a function that wants both",
        ),
        pytest.param(
            "onnx.LayerNormalization", {}, {"Scale": (8,), "B": (8,)}, ("Scale",),
            id="a function that wants one",
        ),
        pytest.param(
            "torch.nn.functional.group_norm", {}, {"weight": (8,), "bias": (8,)}, (),
            id="a function that wants neither",
        ),
        pytest.param("torch.nn.InstanceNorm2d", {}, {}, (), id="none by default"),
    ],
)  # fmt: skip
def test_arrays_that_are_planted(
    api: str, given: dict[str, Literal], shapes: dict[str, Any], needed: tuple[str, ...]
) -> None:
    """Without ``affine`` those alone that a function must be given, which change nothing then."""
    found = asked(api, given, affine=True, rank=3 if "mlx" in api else 4)
    assert {name: value.shape for name, value in found.plant.items()} == shapes
    assert all(np.std(value) > 0.1 for value in found.plant.values())
    plain = asked(api, given, rank=3 if "mlx" in api else 4).plant
    assert tuple(plain) == needed
    for number, name in enumerate(needed):
        assert plain[name].tolist() == [1.0 - number] * 8


@pytest.mark.parametrize("affine", [True, False])
def test_what_is_learned_for_a_group_is_left_as_it_is(affine: bool) -> None:
    """Frameworks differ in what such an array means."""
    plant = asked("mxnet.nd.GroupNorm", affine=affine).plant
    wanted = {"gamma": [1.0, 1.0], "beta": [0.0, 0.0]} if affine else {}
    assert {name: value.tolist() for name, value in plant.items()} == wanted


def test_a_scale_that_one_is_added_to_is_less_by_one() -> None:
    gemma = asked("transformers.models.gemma.modeling_gemma.GemmaRMSNorm", affine=True)
    llama = asked("transformers.models.llama.modeling_llama.LlamaRMSNorm", affine=True)
    assert np.allclose(gemma.plant["weight"] + 1.0, llama.plant["weight"], atol=1e-6)


def test_statistics_are_those_of_another_input() -> None:
    api, given = "torch.nn.InstanceNorm2d", {"track_running_stats": True}
    found = asked(api, given, INFERENCE)
    assert set(found.plant) == {"running_mean", "running_var"}
    assert found.plant["running_var"].tolist() == [1.0] * 8
    mean = found.plant["running_mean"]
    assert mean.shape == (8,)
    assert abs(float(np.mean(mean))) < 1.0 < float(np.ptp(mean)) < 4.0
    assert found.plant["running_var"].dtype == mean.dtype == np.float32
    assert found.steps[0].mode == INFERENCE
    for mode, tracks in ((TRAINING, True), (INFERENCE, False)):
        found = asked(api, {"track_running_stats": tracks}, mode)
        assert (found.plant, found.steps[0].mode) == ({}, "")


@pytest.mark.parametrize(
    ("api", "given", "how", "says"),
    [
        (KERAS_LAYER, {"axis": 5}, {}, r"an input of rank 4 has no axes \(5,\)"),
        (KERAS_LAYER, {"axis": (1, -5)}, {}, "rank 4 has no axes"),
        (LAYER, {}, {"quantity": STATISTICS}, f"{LAYER} is not known to keep running statistics"),
        ("torch.instance_norm", {}, {}, "what torch.instance_norm normalises together is not kno"),
    ],
)
def test_what_cannot_be_asked(
    api: str, given: dict[str, Literal], how: dict[str, Any], says: str
) -> None:
    with pytest.raises((Unsuitable, OracleError), match=says):
        asked(api, given, **how)


def test_an_argument_that_has_no_default_decides_for_an_axis() -> None:
    """Where a trial says none it is the last; one that a trial says is taken."""
    assert asked("haiku.LayerNorm").steps[0].input.shape == (6, 6, 6, 8)
    found = asked("haiku.LayerNorm", {"axis": 1}, own_axes=True)
    assert found.steps[0].input.shape == (6, 8, 6, 6)
    assert found.arguments["axis"] == 1


def test_sizes_where_no_side_says_one() -> None:
    assert (MIN_CHANNELS, MAX_CHANNELS) == (32, 1024)
    assert (other_experiments.GROUPS, other_experiments.SIZE) == (2, 5)


def trial(quantity: str = OUTPUT, **groups: Literal) -> Trial:
    return Trial(quantity, Layer(GROUP, tuple(groups.items())))


@pytest.mark.parametrize(
    ("groups", "channels"),
    [
        ({"num_groups": 2}, 32), ({"num_groups": 32}, 32), ({"num_groups": 33}, 33),
        ({"num_groups": 3}, 33), ({"num_groups": 1024}, 1024), ({}, 32), ({"num_groups": 0}, 32),
        ({"num_groups": True}, 32), ({"num_groups": -3}, 32), ({"num_groups": "x"}, 32),
    ],
)  # fmt: skip
def test_all_sides_can_divide_the_channels_of_an_experiment(
    groups: dict[str, Literal], channels: int
) -> None:
    found = channels_for(APIS, trial(**groups))
    assert (found, found >= MIN_CHANNELS, found <= MAX_CHANNELS) == (channels, True, True)


def test_what_is_too_much_or_unknown_is_no_experiment() -> None:
    with pytest.raises(Unsuitable, match="1025 channels are too many"):
        channels_for(APIS, trial(num_groups=1025))
    both = trial(num_groups=32)._replace(reference=Layer(GROUP, (("num_groups", 33),)))
    with pytest.raises(Unsuitable, match="1056 channels are too many"):
        channels_for(APIS, both)
    asked = trial(STATISTICS)
    with pytest.raises(Unsuitable, match="is not known to keep running statistics"):
        experiment(APIS[GROUP], GROUP, asked.port, asked)
    unknown = APIS[LAYER]._replace(reduces=UNKNOWN)
    asked = Trial(OUTPUT, Layer(LAYER))
    with pytest.raises(Unsuitable, match="normalises together is not known"):
        experiment(unknown, LAYER, asked.port, asked)
