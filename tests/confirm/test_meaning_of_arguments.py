"""What arguments mean to the oracle: which are taken, which mode, which arrays, which axis."""

from __future__ import annotations

from typing import Any

import pytest

from bnlint.confirm.meaning import (
    Given,
    Names,
    OracleError,
    RejectedError,
    axis_of,
    is_on,
    meaning_of,
    moves,
    names_of,
    required,
    tracks,
)
from bnlint.frameworks.records import UNKNOWN, Api, Parameter, SourceText
from bnlint.frameworks.tables import catalogue

FRAMEWORKS = catalogue().load(catalogue().families)
APIS = {**FRAMEWORKS.apis, **FRAMEWORKS.norms.apis}
TORCH, KERAS = APIS["torch.nn.BatchNorm2d"], APIS["keras3.layers.BatchNormalization"]
FUNCTION, STATIC = APIS["torch.nn.functional.batch_norm"], APIS["paddle.static.nn.batch_norm"]
HAIKU, FLAX = APIS["haiku.BatchNorm"], APIS["flax.linen.BatchNorm"]
MINDSPORE, PADDLE = APIS["mindspore.nn.BatchNorm2d"], APIS["paddle.nn.BatchNorm2D"]
KERAS2, GROUP = APIS["keras2.layers.BatchNormalization"], APIS["torch.nn.GroupNorm"]


@pytest.mark.parametrize(
    ("api", "built", "called", "says"),
    [
        pytest.param(TORCH, {"momentun": 0.1}, {}, "takes no argument 'momentun'", id="no such"),
        pytest.param(
            KERAS, {}, {"momentum": 0.1}, "takes no argument 'momentum'", id="not in a call"
        ),
        pytest.param(
            KERAS, {"training": True}, {}, "takes no argument 'training'", id="in a call alone"
        ),
        pytest.param(FUNCTION, {}, {"trainin": True}, "takes no argument 'trainin'", id="function"),
        pytest.param(
            KERAS, {"gamma_initializer": "zeros"}, {},
            "inert: what gamma_initializer='zeros' does to the numbers is not in the table",
            id="not in the table",
        ),
        pytest.param(
            APIS["timm.layers.BatchNormAct2d"], {"apply_act": True}, {},
            "plain: it does more than normalise unless apply_act=False", id="an activation",
        ),
    ],
)  # fmt: skip
def test_arguments_that_are_not_taken(
    api: Api, built: dict[str, Any], called: dict[str, Any], says: str
) -> None:
    with pytest.raises(OracleError, match=says) as caught:
        Given(api, built, called)
    assert str(caught.value).startswith(f"{api.id}: ")
    assert isinstance(caught.value, RejectedError) is ("takes no" in says)


@pytest.mark.parametrize(
    ("api", "built", "called"),
    [
        pytest.param(KERAS, {"momentum": 0.5}, {"training": True}, id="a layer and its call"),
        pytest.param(FUNCTION, {"eps": 0.5}, {"training": True}, id="a function, at any time"),
        pytest.param(FUNCTION, {"training": True}, {"eps": 0.5}, id="the other way round"),
        pytest.param(APIS["keras1.layers.BatchNormalization"], {"mode": 2}, {}, id="statistics"),
        pytest.param(
            APIS["equinox.nn.BatchNorm"], {"mode": "batch", "axis_name": "batch"}, {},
            id="a row of updates",
        ),
        pytest.param(KERAS, {"gamma_initializer": "ones"}, {}, id="a default"),
        pytest.param(KERAS, {"gamma_initializer": None}, {}, id="nothing"),
        pytest.param(APIS["timm.layers.BatchNormAct2d"], {"apply_act": False}, {}, id="plain"),
    ],
)  # fmt: skip
def test_arguments_that_are_taken(api: Api, built: dict[str, Any], called: dict[str, Any]) -> None:
    assert Given(api, built, called).values == {**built, **called}


def test_an_argument_has_the_default_of_the_layer_or_of_its_call() -> None:
    plain = Given(HAIKU, {})
    assert (plain.of("eps"), plain.of("test_local_stats"), plain.of("nothing")) == (
        1e-5, False, None,
    )  # fmt: skip
    assert Given(HAIKU, {}, {"is_training": True}).of("is_training") is True
    assert Given(HAIKU, {"eps": 0.5}).of("eps") == 0.5
    assert (plain.default("eps"), plain.default("decay_rate"), plain.default("x")) == (
        1e-5, None, None,
    )  # fmt: skip


def test_an_argument_without_a_default_is_missing() -> None:
    assert Given(TORCH, {}).role("axis") is None
    assert Given(HAIKU, {"decay_rate": None}).role("momentum") is None
    with pytest.raises(RejectedError, match=r"^haiku.BatchNorm: decay_rate is missing$"):
        Given(HAIKU, {}).role("momentum")


@pytest.mark.parametrize(("value", "number"), [(1, 1.0), (0.25, 0.25), (-3, -3.0)])
def test_a_number_is_one(value: Any, number: float) -> None:
    found = Given(TORCH, {"eps": value}).number("eps")
    assert (found, type(found)) == (number, float)


@pytest.mark.parametrize("value", [True, False, "1", None, (1,)])
def test_what_is_no_number_is_none(value: Any) -> None:
    api = TORCH._replace(inert=frozenset({"eps"}))
    with pytest.raises(RejectedError, match=r"^torch.nn.BatchNorm2d: eps=.* is no number$"):
        Given(api, {"eps": value}).number("eps")


@pytest.mark.parametrize(
    ("row", "met"),
    [
        ({"argument": "fused", "value": False}, True), ({"argument": "fused", "value": 0}, False),
        ({"argument": "fused"}, True), ({"argument": "virtual_batch_size"}, False),
        ({"argument": "fused", "value": True}, False),
    ],
)  # fmt: skip
def test_a_condition_is_met_by_an_equal_value_of_one_type(row: dict[str, Any], met: bool) -> None:
    assert Given(KERAS2, {"fused": False}).meets(row) is met


@pytest.mark.parametrize(
    ("api", "built", "called", "flag", "of_call"),
    [
        (KERAS, {}, {"training": True}, "training", "training"),
        (KERAS, {}, {"training": False}, "inference", "inference"),
        (KERAS, {}, {"training": None}, "", ""),
        (KERAS, {}, {}, "", ""),
        (FLAX, {"use_running_average": True}, {}, "inference", ""),
        (FLAX, {"use_running_average": False}, {}, "training", ""),
        (FLAX, {}, {"use_running_average": True}, "inference", "inference"),
        (FLAX, {}, {"use_running_average": False}, "training", "training"),
        (TORCH, {}, {}, "", ""),
    ],
)
def test_the_mode_that_an_argument_asks_for(
    api: Api, built: dict[str, Any], called: dict[str, Any], flag: str, of_call: str
) -> None:
    given = Given(api, built, called)
    assert (given.flag(), given.flag(called=True)) == (flag, of_call)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("haiku.BatchNorm", {"create_scale": True, "create_offset": True, "decay_rate": 0.9}),
        ("sonnet.BatchNorm", {"create_scale": True, "create_offset": True}),
        ("torch.batch_norm", {"momentum": 0.1}),
        ("torch.instance_norm", {"momentum": None}),
        ("haiku.LayerNorm", {"create_scale": True, "create_offset": True}),
        ("torch.nn.BatchNorm2d", {}),
        ("torch.nn.GroupNorm", {}),
    ],
)
def test_what_is_given_where_there_is_no_default(name: str, wanted: dict[str, Any]) -> None:
    """The momentum that most frameworks have, in its convention."""
    assert required(APIS[name]) == wanted


def test_a_switch_without_a_default_is_on() -> None:
    switch = Parameter("affine", "positional", True, None)
    signature = tuple(switch if p.name == "affine" else p for p in TORCH.signature)
    assert required(TORCH._replace(signature=signature)) == {"affine": True}


BUFFERS = ("running_mean", "running_var")


@pytest.mark.parametrize(
    ("api", "built", "wanted"),
    [
        (TORCH, {}, ("weight", "bias", *BUFFERS, "num_batches_tracked")),
        (TORCH, {"affine": False}, ("", "", *BUFFERS, "num_batches_tracked")),
        (TORCH, {"track_running_stats": False}, ("weight", "bias", "", "", "")),
        (TORCH, {"track_running_stats": 0}, ("weight", "bias", *BUFFERS, "num_batches_tracked")),
        (KERAS, {"center": False}, ("gamma", "", "moving_mean", "moving_variance", "")),
        (KERAS, {"scale": False}, ("", "beta", "moving_mean", "moving_variance", "")),
        (MINDSPORE, {"use_batch_statistics": True},
         ("gamma", "beta", "moving_mean", "moving_variance", "")),
        (FUNCTION, {}, ("weight", "bias", *BUFFERS, "")),
        (APIS["torchvision.ops.FrozenBatchNorm2d"], {}, ("weight", "bias", *BUFFERS, "")),
        (APIS["chainer.links.BatchNormalization"], {}, ("gamma", "beta", "avg_mean", "avg_var",
                                                        "N")),
    ],
)  # fmt: skip
def test_arrays_that_a_layer_has(api: Api, built: dict[str, Any], wanted: tuple[str, ...]) -> None:
    assert names_of(Given(api, built)) == Names._make(wanted)


def test_arrays_that_are_no_pair_are_not_known() -> None:
    for field in ("statistics", "trainable"):
        api = TORCH._replace(state={**TORCH.state, field: ("one",)})
        with pytest.raises(OracleError, match=rf"state\.{field}: a pair of names is wanted"):
            names_of(Given(api, {}))


def meant(api: Api, built: dict[str, Any], mode: str = "training", rank: int = 4) -> Any:
    flags = {}
    for role in ("training", "inference"):
        if api.mode_switch == "call-argument" and role in api.roles:
            flags[api.roles[role]] = mode == role
    return meaning_of(Given(api, built, flags), rank, "" if flags else mode)


def test_what_is_put_together_of_a_call() -> None:
    assert meant(TORCH, {"momentum": 0.25, "eps": 0.5}) == (
        1, 0.5, 0.75, True, True, "ema", "unbiased", "biased",
    )  # fmt: skip
    assert meant(TORCH, {"momentum": None}).decay is None
    assert meant(TORCH, {}, "inference")[3:] == (False, False, "ema", "none", "none")
    assert meant(KERAS, {"momentum": 0.25})[:5] == (3, 1e-3, 0.25, True, True)
    assert meant(KERAS, {"trainable": False})[3:6] == (False, False, "none")
    equinox = APIS["equinox.nn.BatchNorm"]
    for mode, uses, rule in (("ema", False, "first-then-ema"),
                             ("batch", True, "debiased-from-initial")):  # fmt: skip
        found = meant(equinox, {"axis_name": "batch", "mode": mode})
        assert (found.uses_batch, found.updates, found.running_update) == (uses, True, rule)


@pytest.mark.parametrize(
    ("value", "mode", "uses", "updates"),
    [
        (None, "training", True, True), (None, "inference", False, False),
        (True, "training", True, True), (True, "inference", True, True),
        (False, "training", False, False), (False, "inference", False, False),
    ],
)  # fmt: skip
def test_an_argument_decides_whose_statistics_are_used(
    value: bool | None, mode: str, uses: bool, updates: bool
) -> None:
    """In MindSpore; a layer of PyTorch that tracks none uses its batch, and updates nothing."""
    given = Given(MINDSPORE, {"use_batch_statistics": value})
    found = meaning_of(given, 4, mode)
    assert (found.uses_batch, found.updates, moves(given, mode)) == (uses, updates, updates)
    alone = Given(TORCH, {"track_running_stats": False})
    assert meaning_of(alone, 4, "inference").uses_batch
    assert not meaning_of(alone, 4, "inference").updates
    assert not moves(alone, "inference")


def test_two_rows_that_contradict_each_other_are_not_known() -> None:
    rows = tuple(
        {"argument": name, "value": True, "estimator": word}
        for name, word in (("fused", "biased"), ("renorm", "unbiased"))
    )
    api = KERAS2._replace(estimator_when=rows)
    assert meant(api, {"fused": True}).estimator == "biased"
    assert meant(api, {"renorm": True}).estimator == "unbiased"
    with pytest.raises(OracleError, match="estimator: unknown"):
        meant(api, {"fused": True, "renorm": True})


def test_the_largest_eps_is_taken_itself() -> None:
    assert meant(STATIC, {"epsilon": 1e-3}, "").eps == 1e-3
    with pytest.raises(RejectedError, match=r"takes no epsilon above 0\.001"):
        meant(STATIC, {"epsilon": 1.1e-3}, "")


@pytest.mark.parametrize("word", ["raises", "never"])
def test_no_momentum_is_refused_or_keeps_all(word: str) -> None:
    api = TORCH._replace(momentum_none=word)
    if word == "never":
        assert meant(api, {"momentum": None}).decay == 1.0
    else:
        with pytest.raises(RejectedError, match="momentum must be a number"):
            meant(api, {"momentum": None})


@pytest.mark.parametrize(
    ("api", "built", "rank", "axis"),
    [
        (TORCH, {}, 4, 1), (KERAS, {}, 4, 3), (KERAS, {}, 2, 1), (KERAS, {"axis": 1}, 4, 1),
        (KERAS, {"axis": 3}, 4, 3), (KERAS, {"axis": -4}, 4, 0), (KERAS, {"axis": 0}, 4, 0),
        (MINDSPORE, {"data_format": "NHWC"}, 4, 3), (PADDLE, {"data_format": "NHWC"}, 4, 3),
        (APIS["paddle.nn.BatchNorm1D"], {"data_format": "NLC"}, 3, 2),
        (APIS["paddle.nn.BatchNorm1D"], {"data_format": "NC"}, 2, 1),
        (APIS["tf.nn.fused_batch_norm"], {"data_format": "NDHWC"}, 5, 4),
        (APIS["haiku.BatchNorm"], {"data_format": "NC..."}, 3, 1),
        (APIS["sonnet.BatchNorm"], {"data_format": "channels_first"}, 4, 1),
    ],
)  # fmt: skip
def test_where_the_channels_are(api: Api, built: dict[str, Any], rank: int, axis: int) -> None:
    assert axis_of(Given(api, built), rank) == axis


@pytest.mark.parametrize(
    ("api", "built", "rank", "says"),
    [
        (KERAS, {"axis": 4}, 4, "an input of rank 4 has no axis 4"),
        (KERAS, {"axis": -5}, 4, "an input of rank 4 has no axis -5"),
        (TORCH, {}, 3, "takes no input of rank 3"),
        (MINDSPORE, {"data_format": "CHWN"}, 4, "data_format='CHWN' is no layout"),
        (APIS["tf.nn.fused_batch_norm"], {"data_format": "NDHWC"}, 4, "takes no input of rank 4"),
        (KERAS, {"axis": (1, 2)}, 4, r"channel_axis: \(1, 2\) is no axis"),
        (KERAS, {"axis": True}, 4, "channel_axis: True is no axis"),
        (TORCH._replace(ranks=UNKNOWN), {}, 4, "ranks: unknown"),
        (TORCH._replace(channel_axis=UNKNOWN), {}, 4, "channel_axis: 'unknown' is no axis"),
    ],
)
def test_where_no_channels_can_be(api: Api, built: dict[str, Any], rank: int, says: str) -> None:
    with pytest.raises(OracleError, match=f"{says}$"):
        axis_of(Given(api, built), rank)


def test_any_rank_may_be_taken() -> None:
    assert axis_of(Given(TORCH._replace(ranks="any"), {}), 7) == 1


@pytest.mark.parametrize(
    ("api", "built", "role", "on"),
    [
        (TORCH, {}, "affine", True), (TORCH, {"affine": False}, "affine", False),
        (TORCH, {"affine": 0}, "affine", False), (TORCH, {"affine": 1}, "affine", True),
        (TORCH, {}, "scale", True), (KERAS, {"center": False}, "center", False),
        (PADDLE, {"weight_attr": False}, "scale", False), (PADDLE, {}, "scale", True),
    ],
)  # fmt: skip
def test_what_an_argument_leaves_on(api: Api, built: dict[str, Any], role: str, on: bool) -> None:
    assert is_on(Given(api, built), role) is on


def test_a_norm_that_has_no_statistics_tracks_none() -> None:
    instance = APIS["torch.nn.InstanceNorm2d"]
    assert tracks(Given(instance, {"track_running_stats": True}))
    assert not tracks(Given(instance, {"track_running_stats": False}))
    assert not tracks(Given(instance._replace(statistics={}), {}))
    bare = instance._replace(state={**instance.state, "statistics": ()})
    assert not tracks(Given(bare, {"track_running_stats": True}))


def test_a_default_that_is_no_literal_is_named() -> None:
    words = Parameter("eps", "positional", False, SourceText("EPS"))
    signature = tuple(words if p.name == "eps" else p for p in TORCH.signature)
    api = TORCH._replace(signature=signature)
    with pytest.raises(OracleError, match=r"signature: the default of eps is EPS$"):
        Given(api, {}).role("eps")
    assert Given(api, {"eps": 0.5}).role("eps") == 0.5


@pytest.mark.parametrize(
    ("field", "mode"),
    [
        ("convention", "training"), ("estimator", "training"), ("normalises_with", "training"),
        ("training_statistics", "training"), ("mode_switch", "training"), ("default_mode", ""),
    ],
)  # fmt: skip
def test_what_is_unknown_is_refused_by_its_name(field: str, mode: str) -> None:
    api = TORCH._replace(**{field: UNKNOWN})
    with pytest.raises(OracleError, match=rf"^torch.nn.BatchNorm2d: {field}: unknown$") as caught:
        meant(api, {}, mode)
    assert not isinstance(caught.value, RejectedError)


@pytest.mark.parametrize("field", ["estimator", "normalises_with", "training_statistics"])
def test_what_is_unknown_of_training_matters_in_training_alone(field: str) -> None:
    assert not meant(TORCH._replace(**{field: UNKNOWN}), {}, "inference").uses_batch


@pytest.mark.parametrize(
    ("switch", "default", "mode", "uses"),
    [
        ("object", "training", "", True), ("object", "inference", "", False),
        ("object", "inference", "training", True), ("global", "training", "inference", False),
        ("global", "training", "", True), ("none", "training", "", True),
        ("argument", "training", "", True), ("argument", "required", "", None),
        ("argument", "inference", "training", None),
    ],
)  # fmt: skip
def test_the_mode_of_a_call_by_what_switches_it(
    switch: Any, default: str, mode: str, uses: bool | None
) -> None:
    api = TORCH._replace(mode_switch=switch, default_mode=default)
    if uses is None:
        says = "the mode must be given" if not mode else "an argument sets the mode, not 'training'"
        with pytest.raises(OracleError, match=says):
            meaning_of(Given(api, {}), 4, mode)
    else:
        assert meaning_of(Given(api, {}), 4, mode).uses_batch is uses


def test_an_affine_switch_that_is_off_may_leave_what_is_not_trained() -> None:
    off = {"affine": False}
    assert names_of(Given(MINDSPORE, off))[:2] == ("gamma", "beta")
    with pytest.raises(OracleError, match=r"affine_off: unknown$"):
        names_of(Given(TORCH._replace(affine_off=UNKNOWN), off))
    assert names_of(Given(TORCH._replace(affine_off=UNKNOWN), {}))[:2] == ("weight", "bias")


@pytest.mark.parametrize(("axis", "estimator"), [(1, "unbiased"), (3, "unbiased"), (2, "biased")])
def test_axes_elsewhere_have_another_estimator(axis: int, estimator: str) -> None:
    elsewhere = {"axes": [1, -1], "estimator": "biased"}
    api = KERAS._replace(estimator="unbiased", estimator_elsewhere=elsewhere)
    assert meant(api, {"axis": axis}).estimator == estimator
