"""Laws of batch normalisation that the oracle keeps, whatever the framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bnlint.confirm import oracle
from bnlint.confirm.meaning import Given, Meaning, meaning_of, names_of, required
from bnlint.confirm.workers import Experiment, RequestError, Result, Step
from bnlint.frameworks.records import UNKNOWN, Api, SourceText
from bnlint.frameworks.tables import catalogue

Wide = NDArray[np.float64]

APIS = catalogue().load(catalogue().families).apis
TORCH = APIS["torch.nn.BatchNorm2d"]
TORCH_1D = APIS["torch.nn.BatchNorm1d"]
KERAS = APIS["keras3.layers.BatchNormalization"]
MINDSPORE = APIS["mindspore.nn.BatchNorm2d"]
PADDLE = APIS["paddle.nn.BatchNorm"]
STATIC = APIS["paddle.static.nn.batch_norm"]
FUNCTION = APIS["torch.nn.functional.batch_norm"]

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(2, 6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
weights = st.floats(0, 1)


def drawn(seed: int, *shape: int) -> Wide:
    return np.random.default_rng(seed).normal(1.0, 2.0, shape)


def run(
    api: Api,
    *inputs: Wide,
    mode: str = "training",
    plant: dict[str, Any] | None = None,
    observe: tuple[str, ...] | None = None,
    **arguments: Any,
) -> Result:
    """Run a layer on some batches in one mode, and observe its statistics."""
    if "channels" in api.roles:
        axis = api.channel_axis if isinstance(api.channel_axis, int) else 1
        arguments = {api.roles["channels"]: inputs[0].shape[axis], **arguments}
    by_argument = api.mode_switch != "object"
    flags = [role for role in ("training", "inference") if role in api.roles]
    called = {api.roles[role]: mode == role for role in flags if by_argument}
    steps = [Step(x, "" if by_argument else mode, called) for x in inputs]
    names = api.state["statistics"] if observe is None else observe
    return oracle.run(api, Experiment("", api.kind, arguments, steps, plant or {}, names, "input"))


def state(mean: float, variance: float, channels: int) -> dict[str, Wide]:
    return {
        "running_mean": np.full(channels, mean),
        "running_var": np.full(channels, variance),
    }


@given(seeds, sizes)
def test_a_batch_in_training_gets_mean_0_and_variance_1(
    seed: int, size: tuple[int, int, int, int]
) -> None:
    x = drawn(seed, *size)
    y = run(TORCH, x, eps=0.5).outputs[0]
    variance = x.var((0, 2, 3))
    assert np.allclose(y.mean((0, 2, 3)), 0)
    assert np.allclose(y.var((0, 2, 3)), variance / (variance + 0.5))


@given(seeds, sizes, st.integers(-4, 3))
def test_the_axis_only_names_the_channels(
    seed: int, size: tuple[int, int, int, int], axis: int
) -> None:
    x = drawn(seed, *size)
    last = run(KERAS, x, axis=-1)
    moved = run(KERAS, np.moveaxis(x, -1, axis), axis=axis)
    assert np.allclose(np.moveaxis(moved.outputs[0], axis, -1), last.outputs[0])
    assert np.allclose(moved.states[0]["moving_mean"], last.states[0]["moving_mean"])


@given(seeds, sizes)
def test_the_shape_of_the_other_axes_does_not_matter(
    seed: int, size: tuple[int, int, int, int]
) -> None:
    x = drawn(seed, *size)
    flat = np.moveaxis(x, 1, -1).reshape(-1, size[1])
    wide, narrow = run(TORCH, x), run(TORCH_1D, flat)
    assert np.allclose(np.moveaxis(wide.outputs[0], 1, -1).reshape(flat.shape), narrow.outputs[0])
    assert np.allclose(wide.states[0]["running_var"], narrow.states[0]["running_var"])


@given(seeds, sizes, st.sampled_from(["training", "inference"]))
def test_gamma_and_beta_come_last(seed: int, size: tuple[int, int, int, int], mode: str) -> None:
    x, gamma, beta = drawn(seed, *size), drawn(seed + 1, size[1]), drawn(seed + 2, size[1])
    plain = run(TORCH, x, mode=mode, affine=False).outputs[0]
    full = run(TORCH, x, mode=mode, plant={"weight": gamma, "bias": beta}).outputs[0]
    by_channel = (1, size[1], 1, 1)
    assert np.allclose(full, plain * gamma.reshape(by_channel) + beta.reshape(by_channel))


@given(seeds, weights, st.integers(1, 6))
def test_steps_on_one_batch_compose(seed: int, momentum: float, steps: int) -> None:
    """After k steps the start counts decay**k."""
    x = drawn(seed, 3, 2, 2, 2)
    result = run(TORCH, *[x] * steps, plant=state(7.0, 3.0, 2), momentum=momentum)
    kept = (1 - momentum) ** steps
    wanted = kept * 7.0 + (1 - kept) * x.mean((0, 2, 3))
    assert np.allclose(result.states[-1]["running_mean"], wanted)


@given(seeds, weights)
def test_the_conventions_are_each_other_reversed(seed: int, momentum: float) -> None:
    x = drawn(seed, 4, 3, 2, 2)
    new = run(TORCH, x, momentum=momentum).states[0]
    old = run(MINDSPORE, x, momentum=1 - momentum).states[0]
    assert np.allclose(new["running_mean"], old["moving_mean"])
    assert np.allclose(new["running_var"], old["moving_variance"])


@given(seeds, sizes)
def test_the_estimators_differ_by_n_over_n_minus_1(
    seed: int, size: tuple[int, int, int, int]
) -> None:
    x = drawn(seed, *size)
    n = x.size // size[1]
    unbiased = run(TORCH, x, momentum=1.0).states[0]["running_var"]
    biased = run(KERAS, x, momentum=0.0, axis=1).states[0]["moving_variance"]
    assert np.allclose(unbiased, biased * n / (n - 1))


@given(seeds, sizes)
def test_inference_looks_at_one_sample_at_a_time(
    seed: int, size: tuple[int, int, int, int]
) -> None:
    x = drawn(seed, *size)
    together = run(TORCH, x, mode="inference", plant=state(0.5, 2.0, size[1])).outputs[0]
    apart = run(TORCH, *np.split(x, size[0]), mode="inference", plant=state(0.5, 2.0, size[1]))
    assert np.array_equal(together, np.concatenate(apart.outputs))
    assert apart.states[-1]["running_mean"].tolist() == [0.5] * size[1]


@given(seeds)
def test_momentum_1_forgets_and_momentum_0_learns_nothing(seed: int) -> None:
    x = drawn(seed, 4, 3, 2, 2)
    forgets = run(TORCH, 10 * x, x, momentum=1.0, plant=state(9.0, 9.0, 3)).states[-1]
    assert np.allclose(forgets["running_mean"], x.mean((0, 2, 3)))
    learns = run(TORCH, 10 * x, x, momentum=0.0, plant=state(9.0, 9.0, 3)).states[-1]
    assert learns["running_var"].tolist() == [9.0] * 3


@given(seeds, st.integers(1, 6))
def test_without_momentum_the_average_is_that_of_all_batches(seed: int, steps: int) -> None:
    batches = [drawn(seed + i, 4, 3, 2, 2) for i in range(steps)]
    names = ("running_mean", "num_batches_tracked")
    result = run(TORCH, *batches, momentum=None, plant=state(9.0, 9.0, 3), observe=names)
    wanted = np.mean([x.mean((0, 2, 3)) for x in batches], axis=0)
    assert np.allclose(result.states[-1]["running_mean"], wanted)
    assert result.states[-1]["num_batches_tracked"] == steps


@given(seeds, st.floats(0.05, 0.95), st.integers(1, 5))
def test_each_rule_of_the_running_statistics(seed: int, keep: float, steps: int) -> None:
    """As closed formulas: sums over the batches, not steps."""
    batches = [drawn(seed + i, 4, 3) for i in range(steps)]
    means = [x.mean(0) for x in batches]
    powers = keep ** np.arange(steps)[::-1]
    summed = (1 - keep) * sum(p * mean for p, mean in zip(powers, means, strict=True))
    after_first = summed + keep**steps / 1.0 * means[0]
    wanted = {
        "ema": keep**steps * 7.0 + summed,
        "zero-debiased": summed / (1 - keep**steps),
        "debiased-from-initial": (keep**steps * 7.0 + summed) / (1 - keep**steps),
        "first-then-ema": after_first,
        "none": np.full(3, 7.0),
    }
    for rule, value in wanted.items():
        api = TORCH_1D._replace(running_update=rule)
        result = run(api, *batches, momentum=1 - keep, plant=state(7.0, 1.0, 3))
        assert np.allclose(result.states[-1]["running_mean"], value), rule


@given(seeds)
def test_running_statistics_that_normalise_in_training_have_moved_before(seed: int) -> None:
    x = drawn(seed, 5, 3)
    api = TORCH_1D._replace(training_statistics="running")
    result = run(api, x, plant=state(7.0, 3.0, 3))
    mean, variance = (result.states[0][name] for name in ("running_mean", "running_var"))
    assert np.allclose(mean, 0.9 * 7.0 + 0.1 * x.mean(0))
    assert np.allclose(result.outputs[0], (x - mean) / np.sqrt(variance + 1e-5))


@given(seeds)
def test_an_argument_can_freeze_a_layer(seed: int) -> None:
    x = drawn(seed, 5, 3)
    frozen = run(KERAS, x, trainable=False)
    inference = run(KERAS, x, mode="inference")
    assert np.array_equal(frozen.outputs[0], inference.outputs[0])
    assert frozen.states[0]["moving_mean"].tolist() == [0.0] * 3


ONE = np.array([[2.0, -3.0, 5.0]])


@pytest.mark.parametrize(
    ("word", "output", "variance"),
    [("zero-variance", 4.0, 0.9), ("nan-variance", 4.0, np.nan), ("identity", ONE, 1.0)],
)
def test_one_value_per_channel(word: str, output: Any, variance: float) -> None:
    api = TORCH_1D._replace(single_value=word)
    result = run(api, ONE, plant={"bias": np.full(3, 4.0)})
    assert np.array_equal(result.outputs[0], np.broadcast_to(output, (1, 3)))
    assert np.allclose(result.states[0]["running_var"], variance, equal_nan=True)


X = drawn(0, 4, 3, 2, 2)


@pytest.mark.parametrize(
    ("api", "x", "arguments", "message"),
    [
        pytest.param(TORCH, X, {"decay": 0.9}, "takes no argument 'decay'", id="keyword"),
        pytest.param(TORCH, X, {"num_features": 4}, "the input wants", id="channels"),
        pytest.param(TORCH, X, {"eps": "1e-5"}, "eps='1e-5' is no number", id="eps"),
        pytest.param(TORCH, X[:, :, 0, 0], {}, "no input of rank 2", id="rank"),
        pytest.param(TORCH, X[:1, :, :1, :1], {}, "more than one value", id="one value"),
        pytest.param(KERAS, X, {"momentum": None}, "momentum must be a number", id="momentum"),
        pytest.param(KERAS, X, {"axis": 4}, "has no axis 4", id="axis"),
        pytest.param(MINDSPORE, X, {"data_format": "CHWN"}, "is no layout", id="layout"),
        pytest.param(STATIC, X, {"epsilon": 0.01}, "takes no epsilon above 0.001", id="large eps"),
    ],
)
def test_the_oracle_rejects_what_a_framework_rejects(
    api: Api, x: Wide, arguments: dict[str, Any], message: str
) -> None:
    """As a worker does: by a RequestError of one line, which names the API."""
    with pytest.raises(RequestError, match=message) as caught:
        run(api, x, **arguments)
    assert str(caught.value).startswith(api.id)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "built", "trains"),
    [
        ("", {}, True),
        ("", {"is_test": True}, False),
        ("training", {"is_test": True}, True),
        ("inference", {"is_test": False}, False),
    ],
)
def test_a_switch_wins_over_the_mode_a_layer_was_built_in(
    mode: str, built: dict[str, Any], trains: bool
) -> None:
    result = run(PADDLE, X, mode=mode, **built)
    assert np.allclose(result.states[0]["_mean"], 0) is not trains


@pytest.mark.parametrize(
    ("name", "how"),
    [("weight", {"affine": False}), ("running_mean", {"track_running_stats": False})],
)
def test_state_that_is_not_there_can_be_neither_planted_nor_observed(
    name: str, how: dict[str, Any]
) -> None:
    with pytest.raises(oracle.RejectedError, match=f"has no '{name}'"):
        run(TORCH, X, plant={name: np.ones(3)}, observe=(), **how)
    with pytest.raises(oracle.RejectedError, match=f"has no '{name}'"):
        run(TORCH, X, observe=(name,), **how)


def test_a_function_without_its_statistics_cannot_infer() -> None:
    with pytest.raises(oracle.RejectedError, match="running_mean is missing"):
        run(FUNCTION, X, observe=())
    nothing = {"running_mean": None, "running_var": None}
    y = run(FUNCTION, X, observe=(), **nothing).outputs[0]
    assert np.allclose(y.mean((0, 2, 3)), 0)
    with pytest.raises(oracle.RejectedError, match="the running statistics are missing"):
        run(FUNCTION, X, mode="inference", observe=(), **nothing)


def test_a_mode_that_must_be_given_is_asked_for() -> None:
    api = APIS["torch.batch_norm"]
    arrays = {"weight": None, "bias": None, "running_mean": None, "running_var": None}
    arguments = {**arrays, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}
    with pytest.raises(oracle.RejectedError, match="training is missing"):
        oracle.run(api, Experiment("", api.kind, arguments, [Step(X)], {}, (), "input"))


@pytest.mark.parametrize(
    "field",
    [
        "convention", "estimator", "normalises_with", "default_mode", "mode_switch",
        "channel_axis", "ranks", "running_update", "training_statistics", "affine_off",
    ],
)  # fmt: skip
def test_what_a_table_leaves_unknown_is_refused_by_name(field: str) -> None:
    """Never guessed."""
    mode = "" if field == "default_mode" else "training"
    how = {"affine": False} if field == "affine_off" else {}
    with pytest.raises(oracle.OracleError, match=rf"^{TORCH.id}: {field}: ") as caught:
        run(TORCH._replace(**{field: UNKNOWN}), X, mode=mode, **how)
    assert not isinstance(caught.value, RequestError)


@pytest.mark.parametrize(
    ("api", "arguments", "field"),
    [
        (TORCH._replace(single_value=UNKNOWN), {}, "single_value"),
        (TORCH._replace(initial_statistics={"mean": UNKNOWN}), {}, "initial_statistics"),
        (KERAS, {"renorm": True}, "estimator"),
        (KERAS, {"gamma_initializer": "zeros"}, "inert"),
        (APIS["keras2.layers.BatchNormalization"], {"virtual_batch_size": 2}, "inert"),
        (APIS["timm.layers.BatchNormAct2d"], {}, "plain"),
        (PADDLE, {"trainable_statistics": True}, "inert"),
        (PADDLE, {"act": "relu"}, "inert"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_table_says_nothing_about_is_refused_by_name(
    api: Api, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(oracle.OracleError, match=rf"^{api.id}: {field}: ") as caught:
        run(api, X[:1, :, :1, :1], **arguments)
    assert not isinstance(caught.value, RequestError)


@pytest.mark.parametrize(
    "api",
    [api for api in APIS.values() if api.framework.name in catalogue().described],
    ids=lambda api: api.id,
)
def test_no_api_is_left_out(api: Api) -> None:
    """Each is modelled in inference, or says what its table lacks."""
    ranks = api.ranks if isinstance(api.ranks, tuple) else (4,)
    x = drawn(3, *(2, 3, 4, 5, 6)[: ranks[0]])
    axis: Any = api.channel_axis
    size = x.shape[axis]
    arguments = {**required(api), **api.plain}
    eps = 0.5 if api.eps_at_most is None else api.eps_at_most
    for role, value in (("channels", size), ("eps", eps), ("momentum", 0.5)):
        if role in api.roles:
            arguments[api.roles[role]] = value
    plant = {}
    if api.kind == "functional":
        values = {"weight": 3.0, "bias": 1.0, "running_mean": 2.0, "running_var": 4.0}
        plant = {api.roles[role]: np.full(size, value) for role, value in values.items()}
    called = {}
    for role in ("training", "inference"):
        if role in api.roles and api.mode_switch not in ("object", "global"):
            called = {api.roles[role]: role == "inference"}
    mode = "inference" if api.mode_switch in ("object", "global") else ""
    experiment = Experiment("", api.kind, arguments, [Step(x, mode, called)], plant)
    try:
        y = oracle.run(api, experiment).outputs[0]
    except oracle.OracleError as error:
        field = str(error).removeprefix(f"{api.id}: ").partition(":")[0]
        assert UNKNOWN in repr(getattr(api, field))
        return
    if plant:
        wanted = (x - 2.0) / np.sqrt(4.0 + eps) * 3.0 + 1.0
    else:
        others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
        words: dict[Any, Any] = {
            ("mean", "first-batch"): x.mean(others, keepdims=True),
            ("variance", "first-batch"): x.var(others, keepdims=True),
            ("variance", "1-eps"): 1 - eps,
        }
        start = {"mean": 0.0, "variance": 1.0, **api.initial_statistics}
        mean, variance = (words.get(item, item[1]) for item in start.items())
        wanted = (x - mean) / np.sqrt(variance + eps)
    assert np.allclose(y, wanted)


def meant(api: Api, built: dict[str, Any], called: dict[str, Any], mode: str = "") -> Meaning:
    """Return what a call of a layer for images means."""
    return meaning_of(Given(api, {**required(api), **built}, called), 4, mode)


FLAX = APIS["flax.linen.BatchNorm"]


@pytest.mark.parametrize(
    ("api", "built", "called", "mode", "uses_batch"),
    [
        pytest.param(TORCH, {"num_features": 3}, {}, "training", True, id="an object, switched"),
        pytest.param(TORCH, {"num_features": 3}, {}, "inference", False, id="switched off"),
        pytest.param(TORCH, {"num_features": 3}, {}, "", True, id="as it was made"),
        pytest.param(KERAS, {}, {"training": True}, "", True, id="an argument of the call"),
        pytest.param(KERAS, {}, {"training": False}, "", False, id="an argument, off"),
        pytest.param(KERAS, {}, {}, "", False, id="no argument"),
        pytest.param(
            FLAX, {"use_running_average": True}, {}, "", False, id="an argument of the layer"
        ),
        pytest.param(
            FLAX, {}, {"use_running_average": False}, "", True, id="an argument of either"
        ),
        pytest.param(MINDSPORE, {"num_features": 3}, {}, "training", True, id="MindSpore"),
    ],
)
def test_what_sets_the_mode(
    api: Api, built: dict[str, Any], called: dict[str, Any], mode: str, uses_batch: bool
) -> None:
    found = meant(api, built, called, mode)
    assert (found.uses_batch, found.updates) == (uses_batch, uses_batch)


def test_the_call_wins_over_the_object_and_that_over_how_it_was_built() -> None:
    api = APIS["flax.nnx.BatchNorm"]
    flag = "use_running_average"
    built = {"num_features": 3, "rngs": 0, flag: True}
    assert not meant(api, built, {}).uses_batch
    assert meant(api, built, {}, "training").uses_batch
    assert not meant(api, built, {flag: True}, "training").uses_batch
    assert meant(api, built, {flag: False}, "inference").uses_batch


@pytest.mark.parametrize(
    ("api", "built", "mode", "says"),
    [
        (KERAS, {}, "training", "mode_switch: an argument sets the mode, not 'training'"),
        (FLAX, {}, "", "the mode must be given"),
        (TORCH, {"num_features": 3, "eps": True}, "", "eps=True is no number"),
        (TORCH, {"num_features": 3, "eps": "1e-5"}, "", "eps='1e-5' is no number"),
        (TORCH, {"num_features": 3, "momentum": "x"}, "", "momentum='x' is no number"),
        (TORCH._replace(roles={}), {}, "", "no argument plays eps"),
        (
            TORCH._replace(state={**TORCH.state, "statistics": ("a", "b", "c")}),
            {"num_features": 3}, "names", "state.statistics: a pair of names is wanted",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(
    api: Api, built: dict[str, Any], mode: str, says: str
) -> None:
    with pytest.raises(oracle.OracleError, match=says):
        if mode == "names":
            names_of(Given(api, built))
        else:
            meant(api, built, {}, mode)


def test_a_default_that_is_no_literal_is_not_known() -> None:
    eps = next(p for p in TORCH.signature if p.name == "eps")
    words = eps._replace(default=SourceText("EPSILON"))
    api = TORCH._replace(signature=tuple(words if p is eps else p for p in TORCH.signature))
    with pytest.raises(oracle.OracleError, match="signature: the default of eps is EPSILON"):
        meant(api, {"num_features": 3}, {})
    assert meant(api, {"num_features": 3, "eps": 0.5}, {}).eps == 0.5


@pytest.mark.parametrize(("axis", "estimator"), [(1, ""), (-1, ""), (3, ""), (2, "biased")])
def test_an_axis_that_no_kernel_takes_has_its_own_estimator(axis: int, estimator: str) -> None:
    """The fused kernel, with its unbiased variance, takes the channels first or last alone."""
    for api in APIS.values():
        if api.estimator_elsewhere.get("estimator") == "biased" and "axis" in api.roles:
            found = meant(api, {api.roles["axis"]: axis}, {api.roles["training"]: True})
            assert found.estimator == (estimator or api.estimator_at(4))
