"""What the oracle gives for layers that normalise otherwise than by batches, and what it refuses.

Outputs are held to closed forms that are written out here; installed layers are compared in
``test_other_oracle.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bnlint.confirm import oracle, other_oracle
from bnlint.confirm.meaning import Given, OracleError, RejectedError
from bnlint.confirm.workers import Experiment, RequestError, Step
from bnlint.frameworks.records import UNKNOWN, Api
from bnlint.frameworks.tables import catalogue
from bnlint.frameworks.together import Together

Wide = NDArray[np.float64]

APIS = catalogue().load(catalogue().families).norms.apis
GROUP = APIS["torch.nn.GroupNorm"]
INSTANCE = APIS["torch.nn.InstanceNorm2d"]
LAYER = APIS["torch.nn.LayerNorm"]
RMS = APIS["torch.nn.RMSNorm"]
INTERLEAVED = APIS["mlx.nn.GroupNorm"]

#: Six channels of 2 x 2 values, in two examples.
X: Wide = np.random.default_rng(5).normal(1.0, 2.0, (2, 6, 2, 2))


def run(
    api: Api, x: Wide, plant: dict[str, Any] | None = None, observe: tuple[str, ...] = (),
    **arguments: Any,
) -> Wide:  # fmt: skip
    """Return what the oracle gives for one call."""
    asked = Experiment(
        "", api.kind, arguments, [Step(x)], plant or {}, observe, api.roles.get("input", "")
    )
    output: Wide = other_oracle.run(api, asked).outputs[0]
    return output


def brought(x: Wide, axes: tuple[int, ...], eps: float) -> Wide:
    """Return values brought to mean 0 and deviation 1 over some axes."""
    centred: Wide = x - x.mean(axes, keepdims=True)
    root: Wide = np.sqrt(x.var(axes, keepdims=True) + eps)
    return centred / root


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_channels_that_lie_together_are_a_group(groups: int) -> None:
    wanted = brought(X.reshape(2, groups, -1), (2,), 0.5).reshape(X.shape)
    given = run(GROUP, X, num_groups=groups, num_channels=6, eps=0.5)
    assert np.allclose(given, wanted)


def test_every_nth_channel_is_a_group_where_they_are_interleaved() -> None:
    last = np.moveaxis(X, 1, -1)
    wanted = np.empty_like(X)
    for first in (0, 1, 2):
        wanted[:, first::3] = brought(X[:, first::3], (1, 2, 3), 0.5)
    given = run(INTERLEAVED, last, num_groups=3, dims=6, eps=0.5)
    assert np.allclose(given, np.moveaxis(wanted, 1, -1))
    contiguous = run(INTERLEAVED, last, num_groups=3, dims=6, eps=0.5, pytorch_compatible=True)
    assert np.allclose(np.moveaxis(contiguous, -1, 1), run(GROUP, X, num_groups=3, num_channels=6,
                                                          eps=0.5))  # fmt: skip


def test_groups_of_minus_one_are_one_for_each_channel() -> None:
    keras = APIS["keras3.layers.GroupNormalization"]
    given = run(keras, X, groups=-1, axis=1, epsilon=0.5)
    assert np.allclose(given, brought(X, (2, 3), 0.5))


def test_eps_outside_of_the_root_is_added_to_the_deviation() -> None:
    for api, arguments, axes in (
        (LAYER, {"normalized_shape": 2}, (3,)),
        (GROUP, {"num_groups": 1, "num_channels": 6}, (1, 2, 3)),
    ):
        mean, deviation = X.mean(axes, keepdims=True), X.std(axes, keepdims=True)
        given = run(api._replace(place="outside"), X, eps=0.5, **arguments)
        assert np.allclose(given, (X - mean) / (deviation + 0.5))


def test_what_is_not_centred_is_divided_by_the_root_of_its_power() -> None:
    power = (X * X).mean((2, 3), keepdims=True)
    given = run(RMS, X, normalized_shape=(2, 2), eps=0.5)
    assert np.allclose(given, X / np.sqrt(power + 0.5))


def test_scale_and_shift_come_last_along_the_axes_that_are_learned() -> None:
    scale, shift = np.arange(1.0, 5.0).reshape(2, 2), np.arange(4.0).reshape(2, 2)
    plain = brought(X, (2, 3), 1e-5)
    given = run(LAYER, X, {"weight": scale, "bias": shift}, normalized_shape=(2, 2))
    assert np.allclose(given, plain * scale + shift)
    channels = np.arange(1.0, 7.0)
    given = run(INSTANCE, X, {"weight": channels}, num_features=6, affine=True)
    assert np.allclose(given, plain * channels.reshape(6, 1, 1))


def test_what_eps_none_stands_for_is_in_the_table() -> None:
    api = APIS["keras3.ops.layer_normalization"]
    small = 1e-4 * X
    assert np.allclose(run(api, small, epsilon=None), brought(small, (3,), 1e-7))
    assert np.allclose(run(api, small, epsilon=1e-7), brought(small, (3,), 1e-7))


def test_a_switch_in_the_place_of_eps_is_the_number_that_it_is() -> None:
    given = run(LAYER, X, normalized_shape=2, eps=True)
    assert np.allclose(given, brought(X, (3,), 1.0))


@pytest.mark.parametrize(
    ("api", "arguments", "says"),
    [
        (GROUP, {"num_channels": 6}, "num_groups is missing"),
        (GROUP, {"num_groups": 4, "num_channels": 6}, "6 channels are not to be divided into 4"),
        (GROUP, {"num_groups": 0, "num_channels": 6}, "6 channels are not to be divided into 0"),
        (GROUP, {"num_groups": -2, "num_channels": 6}, "6 channels are not to be divided into -2"),
        (GROUP, {"num_groups": 2, "num_channels": 6, "eps": "x"}, "eps='x' is no number"),
        (APIS["torch.nn.InstanceNorm1d"], {"num_features": 6}, "takes no input of rank 4"),
        (APIS["paddle.nn.LayerNorm"], {"normalized_shape": 2, "epsilon": 0.0011}, "above 0.001"),
        (
            APIS["paddle.nn.InstanceNorm2D"], {"num_features": 6, "weight_attr": False},
            "has gamma and beta, or neither",
        ),
        (
            APIS["keras3.layers.LayerNormalization"], {"axis": 4},
            r"an input of rank 4 has no axes \(4,\)",
        ),
        (
            APIS["keras3.layers.LayerNormalization"], {"axis": -5},
            r"an input of rank 4 has no axes \(-5,\)",
        ),
    ],
)  # fmt: skip
def test_what_a_framework_refuses_is_refused(
    api: Api, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(RejectedError, match=says):
        run(api, X, **arguments)


@pytest.mark.torch
@pytest.mark.parametrize("groups", [4, 0])
def test_pytorch_refuses_such_groups(groups: int) -> None:
    import torch

    with pytest.raises((ValueError, ZeroDivisionError, RuntimeError)):
        torch.nn.GroupNorm(groups, 6)(torch.zeros(2, 6, 2, 2))


def test_bounds_are_allowed_themselves() -> None:
    api = APIS["paddle.nn.LayerNorm"]
    given = run(api, X, normalized_shape=2, epsilon=0.001)
    assert np.allclose(given, brought(X, (3,), 0.001))
    keras = APIS["keras3.layers.LayerNormalization"]
    for axis in (3, -4):
        given = run(keras, X, axis=axis, epsilon=0.5)
        assert np.allclose(given, brought(X, (axis,), 0.5))


def test_both_or_neither_is_what_a_layer_with_one_switch_has() -> None:
    api = APIS["paddle.nn.InstanceNorm2D"]
    plain = brought(X, (2, 3), 1e-5)
    off = run(api, X, {}, num_features=6, weight_attr=False, bias_attr=False)
    on = run(api, X, {"scale": np.full(6, 2.0)}, num_features=6)
    assert np.allclose(off, plain)
    assert np.allclose(on, 2 * plain)


def test_an_array_of_another_size_is_refused() -> None:
    with pytest.raises(RejectedError, match=r"weight has shape \(5,\), not \(6,\)"):
        run(GROUP, X, {"weight": np.ones(5)}, num_groups=2, num_channels=6)


@pytest.mark.parametrize(
    ("api", "arguments", "observe", "field"),
    [
        (INSTANCE, {"num_features": 6}, ("running_mean",), "statistics"),
        (INSTANCE, {"num_features": 6, "track_running_stats": True}, (), "statistics"),
        (LAYER._replace(reduces=UNKNOWN), {"normalized_shape": 2}, (), "reduces"),
        (LAYER._replace(roles={"shape": "normalized_shape"}), {"normalized_shape": 2}, (),
         "eps_fixed"),
    ],
)  # fmt: skip
def test_what_a_table_does_not_say_is_refused_by_name(
    api: Api, arguments: dict[str, Any], observe: tuple[str, ...], field: str
) -> None:
    with pytest.raises(OracleError, match=rf"^{api.id}: {field}: ") as caught:
        run(api, X, observe=observe, **arguments)
    assert not isinstance(caught.value, RequestError)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("api", "arguments"),
    [
        (LAYER, {"normalized_shape": 2, "eps": 0.0}), (LAYER, {"normalized_shape": 2, "eps": -1.0}),
        (GROUP, {"num_groups": 2, "num_channels": 6, "eps": 0.0}),
        (APIS["torch.nn.LocalResponseNorm"], {"size": 3, "alpha": 0.0, "k": 0.0}),
    ],
)  # fmt: skip
def test_no_number_comes_without_a_warning(api: Api, arguments: dict[str, Any]) -> None:
    asked = Experiment("", "layer", arguments, [Step(np.zeros((2, 6, 2, 2)))])
    (output,) = oracle.run(api, asked).outputs
    assert np.isnan(output).all()


NAMES = [
    ("torch.nn.GroupNorm", {}, ("weight", "bias")),
    ("torch.nn.GroupNorm", {"affine": False}, ("", "")),
    ("torch.nn.InstanceNorm2d", {}, ("", "")),
    ("torch.nn.InstanceNorm2d", {"affine": True}, ("weight", "bias")),
    ("torch.nn.LayerNorm", {"bias": False}, ("weight", "")),
    ("torch.nn.RMSNorm", {}, ("weight", "")),
    ("keras3.layers.LayerNormalization", {"scale": False}, ("", "beta")),
    ("keras3.layers.LayerNormalization", {"center": False}, ("gamma", "")),
    ("keras3.layers.LayerNormalization", {"center": False, "scale": False}, ("", "")),
    ("paddle.nn.InstanceNorm2D", {"weight_attr": False, "bias_attr": False}, ("", "")),
    ("torch.nn.functional.layer_norm", {}, ("weight", "bias")),
    ("torch.nn.functional.rms_norm", {}, ("weight", "")),
    ("onnx.LayerNormalization", {}, ("Scale", "B")),
    ("torch.nn.LocalResponseNorm", {}, ("", "")),
]


@pytest.mark.parametrize(("name", "given", "wanted"), NAMES)
def test_what_the_learned_arrays_of_a_call_are_called(
    name: str, given: dict[str, Any], wanted: tuple[str, str]
) -> None:
    assert other_oracle.names_of(Given(APIS[name], given)) == wanted


@pytest.mark.parametrize(
    ("name", "given", "eps"),
    [
        ("torch.nn.LayerNorm", {}, 1e-5), ("torch.nn.LayerNorm", {"eps": 1}, 1.0),
        ("torch.nn.LayerNorm", {"eps": False}, 0.0), ("tf_slim.layer_norm", {}, 1e-12),
        ("keras3.ops.layer_normalization", {"epsilon": None}, 1e-7),
        ("keras3.ops.layer_normalization", {"epsilon": 0.5}, 0.5),
    ],
)  # fmt: skip
def test_the_eps_of_a_call(name: str, given: dict[str, Any], eps: float) -> None:
    found = other_oracle.eps_of(Given(APIS[name], given))
    assert (found, type(found)) == (eps, float)


def test_each_call_has_an_output_and_no_state() -> None:
    steps = [Step(X), Step(2 * X)]
    asked = Experiment("", "layer", {"normalized_shape": 2, "eps": 0.5}, steps)
    found = oracle.run(LAYER, asked)
    assert found.states == [{}, {}]
    for x, output in zip((X, 2 * X), found.outputs, strict=True):
        assert np.allclose(output, brought(x, (3,), 0.5))


def test_an_input_and_what_is_planted_are_there() -> None:
    """A function that wants a scale is given it as an array, or as an argument of its call."""
    api = APIS["onnx.LayerNormalization"]
    assert run(api, X, {"Scale": np.ones(2)}, axis=-1, epsilon=0.5).shape == X.shape
    with pytest.raises(RejectedError, match=r"^onnx.LayerNormalization: Scale is missing$"):
        run(api, X, axis=-1, epsilon=0.5)
    asked = Experiment("", "functional", {}, [Step(X)], {"Scale": np.ones(2)}, (), "")
    with pytest.raises(RejectedError, match=r"^onnx.LayerNormalization: X is missing$"):
        other_oracle.run(api, asked)


MINDSPORE = APIS["mindspore.nn.LayerNorm"]._replace(ranks="any")


@pytest.mark.parametrize(
    ("axis", "learned", "refused"), [(-1, -1, False), (1, 1, False), (3, 3, False), (-2, -2, True)]
)
def test_an_axis_below_the_least_is_refused(axis: int, learned: int, refused: bool) -> None:
    sizes = list(X.shape[axis:])
    given = {"normalized_shape": sizes, "begin_norm_axis": axis, "begin_params_axis": learned}
    if refused:
        with pytest.raises(RejectedError, match="takes no begin_norm_axis below -1"):
            run(MINDSPORE, X, **given)
    else:
        axes = tuple(range(axis % 4, 4))
        assert np.allclose(run(MINDSPORE, X, **given), brought(X, axes, 1e-7))


@pytest.mark.parametrize(
    ("what", "axes"),
    [
        (Together("axes", (-1,)), (3,)), (Together("axes", (1, -1)), (1, 3)),
        (Together("from", (2,)), (2, 3)), (Together("example"), (1, 2, 3)),
        (Together("spatial", channel_axis=1), (2, 3)),
        (Together("spatial", channel_axis=-1), (1, 2)),
    ],
)  # fmt: skip
def test_axes_that_are_normalised_together(what: Together, axes: tuple[int, ...]) -> None:
    assert other_oracle.axes_of(X, what) == axes


@pytest.mark.parametrize(
    ("name", "what", "shape"),
    [
        ("torch.nn.GroupNorm", Together("groups", groups=2, channel_axis=1), (6,)),
        ("mxnet.nd.GroupNorm", Together("groups", groups=2, channel_axis=1), (2,)),
        ("mxnet.nd.GroupNorm", Together("groups", channel_axis=1), (1,)),
        ("torch.nn.LayerNorm", Together("axes", (-2, -1)), (2, 2)),
        ("tf_slim.layer_norm", Together("from", (1,), learned_from=-3), (6, 2, 2)),
        ("keras3.layers.LayerNormalization", Together("axes", (1,)), (6,)),
        ("flax.linen.LayerNorm", Together("axes", (1, 2)), (2,)),
    ],
)
def test_the_shape_of_what_is_learned(name: str, what: Together, shape: tuple[int, ...]) -> None:
    assert other_oracle.shape_of_learned(APIS[name], X, what) == shape


def test_what_is_learned_for_a_group_counts_for_its_channels() -> None:
    api = APIS["mxnet.nd.GroupNorm"]
    scale, shift = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    given = run(api, X, {"gamma": scale, "beta": shift}, num_groups=2, eps=0.5)
    plain = brought(X.reshape(2, 2, -1), (2,), 0.5)
    wanted = plain * scale.reshape(1, 2, 1) + shift.reshape(1, 2, 1)
    assert np.allclose(given, wanted.reshape(X.shape))


@pytest.mark.parametrize(("size", "before", "after"), [(1, 0, 0), (2, 1, 0), (3, 1, 1), (4, 2, 1)])
def test_a_window_ends_at_the_channels(size: int, before: int, after: int) -> None:
    api = APIS["torch.nn.LocalResponseNorm"]
    given = run(api, X, size=size, alpha=float(size), beta=1.0, k=2.0)
    for c in range(6):
        near = X[:, max(0, c - before) : c + after + 1]
        wanted = X[:, c] / (2.0 + (near * near).sum(1))
        assert np.allclose(given[:, c], wanted)


def test_a_scale_may_be_what_is_added_to_one() -> None:
    api = APIS["transformers.models.gemma.modeling_gemma.GemmaRMSNorm"]
    scale = np.array([0.5, 1.0])
    plain = run(api, X, dim=2, eps=0.5)
    assert np.allclose(run(api, X, {"weight": scale}, dim=2, eps=0.5), plain * (1 + scale))
