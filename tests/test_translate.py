"""One constructor call to the equal call in another framework."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from bnlint.frameworks.tables import catalogue
from bnlint.porting.translate import TranslateError, Translation, translate

FAMILIES = catalogue().described


def to(family: str, call: str, from_family: str | None = None) -> Translation:
    """Return the translation of ``call`` to ``family``."""
    (found,) = translate(call, from_family, [family])
    assert found.family == family
    return found


@pytest.mark.parametrize(
    ("call", "family", "expected"),
    [
        pytest.param("keras.layers.BatchNormalization(momentum=0.9)", "torch",
                     "torch.nn.BatchNorm<rank>d(<channels>, eps=0.001)", id="keras to torch"),
        pytest.param("keras.layers.BatchNormalization()", "torch",
                     "torch.nn.BatchNorm<rank>d(<channels>, eps=0.001, momentum=0.01)",
                     id="defaults are written out"),
        pytest.param("tf.keras.layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5)",
                     "torch", "torch.nn.BatchNorm<rank>d(<channels>)", id="the same defaults"),
        pytest.param("torch.nn.BatchNorm2d(64)", "keras",
                     "keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05)",
                     id="torch to keras"),
        pytest.param("chainer.links.BatchNormalization()", "torch",
                     "torch.nn.BatchNorm<rank>d(<channels>, eps=2e-05)",
                     id="channels that the source leaves open"),
        pytest.param("torch.nn.BatchNorm2d(64)", "mindspore", "mindspore.nn.BatchNorm2d(64)",
                     id="torch to mindspore"),
        pytest.param("torch.nn.BatchNorm2d(64)", "flax",
                     "flax.linen.BatchNorm(momentum=0.9)", id="torch to flax"),
        pytest.param("linen.BatchNorm(use_scale=False, epsilon=1e-3)", "keras",
                     "keras.layers.BatchNormalization(scale=False)", id="flax to keras"),
        pytest.param("torch.nn.BatchNorm2d(64)", "nnx",
                     "flax.nnx.BatchNorm(64, momentum=0.9, rngs=<rngs>)",
                     id="what must be given by name"),
        pytest.param("hk.BatchNorm(True, False, 0.9, eps=1e-3)", "keras",
                     "keras.layers.BatchNormalization(momentum=0.9, center=False)",
                     id="haiku to keras"),
        pytest.param("torch.nn.BatchNorm2d(64, affine=False)", "haiku",
                     "haiku.BatchNorm(False, False, 0.9)", id="what has no default is written"),
        pytest.param("keras.layers.BatchNormalization()", "equinox",
                     "equinox.nn.BatchNorm(<channels>, <axis_name>, eps=0.001, mode='batch')",
                     id="the mode in which Equinox normalises with the batch"),
        pytest.param("eqx.nn.BatchNorm(8, 'batch', mode='batch')", "torch",
                     "torch.nn.BatchNorm<rank>d(8, momentum=0.01)", id="equinox to torch"),
        pytest.param("torch.nn.BatchNorm2d(64, 1e-3, 0.3)", "paddle",
                     "paddle.nn.BatchNorm2D(64, momentum=0.7, epsilon=1e-3)",
                     id="torch to paddle"),
        pytest.param("paddle.nn.BatchNorm2D(64, 0.99, 1e-3)", "keras",
                     "keras.layers.BatchNormalization()", id="paddle to keras"),
        pytest.param("paddle.nn.BatchNorm2D(64, weight_attr=False, bias_attr=False)", "torch",
                     "torch.nn.BatchNorm2d(64, affine=False)", id="parameters switched off"),
        pytest.param("paddle.nn.BatchNorm2D(64)", "slim",
                     "tf_slim.batch_norm(<inputs>, decay=0.9, scale=True, epsilon=1e-05)",
                     id="parameters that are there by default"),
        pytest.param("torch.nn.BatchNorm3d(64, affine=False)", "paddle",
                     "paddle.nn.BatchNorm3D(64, weight_attr=False, bias_attr=False)",
                     id="one switch to two"),
        pytest.param("torch.nn.BatchNorm2d(64, track_running_stats=False)", "paddle",
                     "paddle.nn.BatchNorm2D(64, use_global_stats=False)",
                     id="batch statistics always"),
        pytest.param("paddle.static.nn.batch_norm(x, is_test=flag)", "slim",
                     "tf_slim.batch_norm(x, decay=0.9, scale=True, epsilon=1e-05, "
                     "is_training=not flag)", id="a mode the other way round"),
        pytest.param("torch.nn.BatchNorm1d(64, 1e-3, 0.3)", "mindspore",
                     "mindspore.nn.BatchNorm1d(64, eps=1e-3, momentum=0.7)", id="positional"),
        pytest.param("mindspore.nn.BatchNorm3d(8, momentum=0.5)", "torch",
                     "torch.nn.BatchNorm3d(8, momentum=0.5)", id="one half is its own complement"),
        pytest.param("torch.nn.BatchNorm2d(64)", "slim",
                     "tf_slim.batch_norm(<inputs>, decay=0.9, scale=True, epsilon=1e-05)",
                     id="slim has no scale by default"),
        pytest.param("slim.batch_norm(net, scale=True)", "torch",
                     "torch.nn.BatchNorm<rank>d(<channels>, eps=0.001, momentum=0.001)",
                     id="slim to torch"),
        pytest.param("tf.layers.batch_normalization(x, training=flag)", "slim",
                     "tf_slim.batch_norm(x, decay=0.99, scale=True, is_training=flag)",
                     id="the mode goes with a function"),
        pytest.param("torch.nn.BatchNorm2d(c, eps=e, momentum=m, affine=a)", "keras",
                     "keras.layers.BatchNormalization(momentum=1 - m, epsilon=e, center=a, "
                     "scale=a)", id="expressions"),
        pytest.param("torch.nn.BatchNorm2d(c, momentum=p + q)", "keras",
                     "keras.layers.BatchNormalization(momentum=1 - (p + q), epsilon=1e-05)",
                     id="an expression in brackets"),
        pytest.param("torch.nn.BatchNorm2d(2 * c, momentum=1 - 0.9)", "mindspore",
                     "mindspore.nn.BatchNorm2d(2 * c)", id="arithmetic"),
        pytest.param("torch.nn.BatchNorm2d(64, affine=False)", "keras",
                     "keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05, center=False, "
                     "scale=False)", id="one switch for two"),
        pytest.param("keras.layers.BatchNormalization(scale=False, center=False)", "torch",
                     "torch.nn.BatchNorm<rank>d(<channels>, eps=0.001, momentum=0.01, "
                     "affine=False)", id="two switches that agree"),
        pytest.param("torch.nn.BatchNorm2d(64, track_running_stats=False)", "mindspore",
                     "mindspore.nn.BatchNorm2d(64, use_batch_statistics=True)",
                     id="the statistics of the batch always"),
        pytest.param("torch.nn.BatchNorm2d(64, track_running_stats=True)", "mindspore",
                     "mindspore.nn.BatchNorm2d(64)", id="the statistics as the mode has it"),
        pytest.param("torchvision.ops.FrozenBatchNorm2d(4)", "mindspore",
                     "mindspore.nn.BatchNorm2d(4, use_batch_statistics=False)", id="frozen"),
        pytest.param("torch.nn.BatchNorm2d(64, momentum=None)", "torch",
                     "torch.nn.BatchNorm2d(64, momentum=None)", id="cumulative average"),
        pytest.param("torch.nn.functional.batch_norm(x, m, v, w, b, True, 0.2)", "mindspore",
                     "mindspore.ops.batch_norm(x, m, v, w, b, training=True, momentum=0.2)",
                     id="functional"),
        pytest.param("tf.nn.batch_normalization(x, m, v, beta, gamma, 1e-3)", "torch",
                     "torch.nn.functional.batch_norm(x, m, v, weight=gamma, bias=beta, eps=1e-3)",
                     id="functional, in another order"),
    ],
)  # fmt: skip
def test_call(call: str, family: str, expected: str) -> None:
    assert to(family, call).call.replace("0.001", "1e-3") == expected.replace("0.001", "1e-3")


KERAS = "keras.layers.BatchNormalization"
TF_LAYERS = "tf.compat.v1.layers.batch_normalization"


@pytest.mark.parametrize(
    ("call", "from_family", "full"),
    [
        ("nn.BatchNorm2d(4)", "torch", "torch.nn.BatchNorm2d(4)"),
        ("nn.BatchNorm2d(4)", "mindspore", "mindspore.nn.BatchNorm2d(4)"),
        ("BatchNorm2d(4)", "torch", "torch.nn.BatchNorm2d(4)"),
        ("nn.LazyBatchNorm2d(eps=1e-4)", None, "torch.nn.LazyBatchNorm2d(eps=1e-4)"),
        ("F.batch_norm(x, m, v)", None, "torch.nn.functional.batch_norm(x, m, v)"),
        ("tf.keras.layers.BatchNormalization(axis=1)", None, f"{KERAS}(axis=1)"),
        ("L.BatchNormalization(axis=1)", None, f"{KERAS}(axis=1)"),
        ("BatchNormalization(axis=1)", "keras", f"{KERAS}(axis=1)"),
        ("slim.batch_norm(x)", None, "tf_slim.batch_norm(x)"),
        ("tf.layers.batch_normalization(x)", None, f"{TF_LAYERS}(x)"),
    ],
)
def test_name_as_people_write_it(call: str, from_family: str | None, full: str) -> None:
    assert translate(call, from_family, FAMILIES) == translate(full, None, FAMILIES)


@pytest.mark.parametrize(
    ("call", "from_family", "message"),
    [
        ("nn.BatchNorm2d(64)", None,
         "nn.BatchNorm2d is Jittor or MindSpore or MindTorch or OneFlow or tinygrad or "),
        ("BatchNormalization()", None, "is Chainer or Keras or ONNX or TensorFlow"),
        ("nn.BatchNorm2d(64)", "keras", "nn.BatchNorm2d is no normalisation API known in"),
        ("torch.nn.ReLU()", None, "torch.nn.ReLU is no normalisation API known"),
        ("BatchNorm9d(4)", None, "BatchNorm9d is no normalisation API known"),
        ("f()(4)", None, "this is no normalisation API known"),
        ("", None, "give one call, such as 'torch.nn.BatchNorm2d(64)', not ''"),
        ("torch.nn.BatchNorm2d", None, "give one call, such as"),
        ("torch.nn.BatchNorm2d(4); f()", None, "give one call, such as"),
        ("bn = torch.nn.BatchNorm2d(4)", None, "give one call, such as"),
        ("torch.nn.BatchNorm2d(", None, "not a Python expression: 'torch.nn.BatchNorm2d('"),
        ("torch.nn.BatchNorm2d(", None, "'(' was never closed)"),
        ("torch.nn.BatchNorm2d(4\0)", None, "not a Python expression"),
        ("torch.nn.BatchNorm2d(" + "(" * 300 + ")" * 301, None, "not a Python expression"),
        ("torch.nn.BatchNorm2d(4, epsilon=1)", None,
         "torch.nn.BatchNorm2d has no argument epsilon; it has num_features, eps, momentum,"),
        ("torch.nn.BatchNorm2d(1, 2, 3, 4, 5, 6, 7, 8, 9)", None, "does not take that many"),
        ("torch.nn.BatchNorm2d(4, num_features=4)", None,
         "torch.nn.BatchNorm2d is given num_features twice, by place and by name"),
        ("torch.nn.BatchNorm2d(*args)", None, "* and ** are not translated"),
        ("torch.nn.BatchNorm2d(4, **options)", None, "* and ** are not translated"),
    ],
)  # fmt: skip
def test_what_cannot_be_translated(call: str, from_family: str | None, message: str) -> None:
    with pytest.raises(TranslateError) as raised:
        translate(call, from_family, [])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("call", "family", "note"),
    [
        pytest.param("keras.layers.BatchNormalization(momentum=0.9)", "torch",
                     "momentum=0.9 keeps 0.9 of the old running value per step; here that is "
                     "momentum=0.1 (the default)", id="momentum that is the default here"),
        pytest.param("torch.nn.BatchNorm2d(4, momentum=0.3)", "slim",
                     "momentum=0.3 keeps 0.7 of the old running value per step; here that is "
                     "decay=0.7", id="momentum"),
        pytest.param("torch.nn.BatchNorm2d(4, momentum=None)", "keras",
                     "momentum=None (the cumulative average) has no counterpart", id="cumulative"),
        pytest.param("keras.layers.BatchNormalization(scale=False)", "torch",
                     "only beta is wanted, the other has to be kept at its initial value",
                     id="beta only"),
        pytest.param("keras.layers.BatchNormalization(center=False)", "torch",
                     "only gamma is wanted, the other has to be kept at its initial value",
                     id="gamma only"),
        pytest.param("keras.layers.BatchNormalization(scale=s)", "torch",
                     "the source has scale=s and center=True", id="switch that is not known"),
        pytest.param("torch.nn.BatchNorm2d(4)", "keras",
                     "channels are in axis -1 here, in 1 there (axis=1 keeps the layout)",
                     id="layout"),
        pytest.param("keras.layers.BatchNormalization(axis=i)", "torch",
                     "axis=i: its axis is not known", id="layout that is not known"),
        pytest.param("torch.nn.BatchNorm2d(4)", "keras", "a new layer is in inference mode here",
                     id="mode"),
        pytest.param("slim.batch_norm(x, is_training=True)", "torch",
                     "is_training=True: the mode is switched elsewhere in PyTorch",
                     id="mode that is an argument"),
        pytest.param("F.batch_norm(x, m, v, training=True)", "tensorflow",
                     "training=True has no counterpart in TensorFlow (tf.layers)",
                     id="a function without modes"),
        pytest.param("torch.nn.BatchNorm2d(4)", "keras",
                     "the running variance is biased here: it differs by n / (n - 1)",
                     id="estimator"),
        pytest.param("torch.nn.BatchNorm2d(4, track_running_stats=flag)", "mindspore",
                     "track_running_stats=flag has no counterpart in MindSpore",
                     id="flag that is not known"),
        pytest.param("torchvision.ops.FrozenBatchNorm2d(4)", "keras",
                     "the statistics never move there: keep this layer in inference mode",
                     id="frozen"),
        pytest.param("timm.layers.BatchNormAct2d(4)", "torch",
                     "BatchNormAct2d there: it applies a ReLU after normalising unless "
                     "apply_act=False", id="more than batch normalisation"),
        pytest.param("F.batch_norm(x, m, v)", "keras",
                     "Keras has no functional form here: a layer is written", id="no such form"),
    ],
)  # fmt: skip
def test_note(call: str, family: str, note: str) -> None:
    assert any(note in line for line in to(family, call).notes)


def test_nothing_is_said_of_what_is_the_same() -> None:
    assert to("torch", "torch.nn.BatchNorm2d(4, momentum=0.2)").notes == ()
    axis_kept = to("torch", "tf.keras.layers.BatchNormalization(axis=1)").notes
    assert not any("axis" in note for note in axis_kept)


#: Calls in which every argument has a value of its own, so that it can be found again.
EVERY_ARGUMENT = [
    (
        "torch.nn.BatchNorm2d(c1, eps=c2, momentum=c3, affine=c4, track_running_stats=c5, "
        "device=c6, dtype=c7)"
    ),
    "torch.nn.SyncBatchNorm(c1, eps=c2, momentum=c3, affine=c4, process_group=c5)",
    "torch.nn.functional.batch_norm(c1, c2, c3, c4, c5, training=c6, momentum=c7, eps=c8)",
    (
        "keras.layers.BatchNormalization(axis=c1, momentum=c2, epsilon=c3, center=c4, scale=c5, "
        "beta_initializer=c6, moving_mean_initializer=c7, synchronized=c8, name=c9)"
    ),
    (
        "mindspore.nn.BatchNorm2d(c1, eps=c2, momentum=c3, affine=c4, gamma_init=c5, "
        "use_batch_statistics=c6, data_format=c7)"
    ),
    (
        "slim.batch_norm(c1, decay=c2, center=c3, scale=c4, epsilon=c5, activation_fn=c6, "
        "param_initializers=c7, updates_collections=c8, is_training=c9, data_format=d1, fused=d2)"
    ),
    (
        "tf.layers.batch_normalization(c1, axis=c2, momentum=c3, epsilon=c4, center=c5, scale=c6, "
        "training=c7, renorm=c8, virtual_batch_size=c9)"
    ),
    "timm.layers.BatchNormAct2d(c1, eps=c2, momentum=c3, affine=c4, apply_act=c5, act_layer=c6)",
]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("call", EVERY_ARGUMENT, ids=lambda call: call.partition("(")[0])
def test_every_argument_is_accounted_for(call: str, family: str) -> None:
    """In the call or in a note."""
    found = to(family, call)
    names = {n.id for n in ast.walk(ast.parse(call)) if isinstance(n, ast.Name)}
    values = {name for name in names if len(name) == 2 and name[1].isdigit()}
    assert len(values) >= 5
    shown = " ".join([found.call, *found.notes])
    assert {value for value in values if value not in shown} == set()


@pytest.mark.parametrize("call", EVERY_ARGUMENT, ids=lambda call: call.partition("(")[0])
def test_what_is_written_is_python(call: str) -> None:
    for found in translate(call, None, FAMILIES):
        text = found.call.replace("<rank>", "2").replace("<", "").replace(">", "")
        assert isinstance(ast.parse(text, mode="eval").body, ast.Call)


@pytest.mark.parametrize("call", ["torch.nn.BatchNorm2d(64)", "slim.batch_norm(x)"])
def test_families(call: str) -> None:
    """All others without targets; targets in the order in which they are given."""
    own = {"torch": "torch", "slim": "slim"}[call.partition(".")[0]]
    assert {t.family for t in translate(call, None, [])} == {*FAMILIES} - {own}
    assert [t.family for t in translate(call, None, ["slim", "keras"])] == ["slim", "keras"]


# ------------------------------------------------------------------- what the numbers say

#: Pairs of calls whose numbers are checked by building both layers.
TORCH_CALLS = [
    "torch.nn.BatchNorm2d(3)",
    "torch.nn.BatchNorm2d(3, eps=0.01, momentum=0.25)",
    "torch.nn.BatchNorm2d(3, momentum=0.01, affine=False)",
]
KERAS_CALLS = [
    "keras.layers.BatchNormalization()",
    "keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-2)",
    "keras.layers.BatchNormalization(axis=-1, momentum=0.75, center=False, scale=False)",
]


def _step(torch_call: str, keras_call: str) -> None:
    """Hold a training step and an inference after it of both layers against each other."""
    import keras
    import numpy as np
    import torch

    names: dict[str, Any] = {"torch": torch, "keras": keras}
    one = eval(torch_call.replace("<rank>", "2").replace("<channels>", "3"), names)
    other = eval(keras_call, names)
    rng = np.random.default_rng(0)
    # the variance is small, so that eps shows
    first, second = (rng.normal(0.1, 0.02, (4, 5, 5, 3)).astype("float32") for _ in range(2))

    def turned(images: Any) -> Any:
        return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))

    one.train()
    with torch.no_grad():
        ours = one(turned(first)).numpy().transpose(0, 2, 3, 1)
    theirs = np.asarray(other(first, training=True))
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    mean, variance = one.running_mean.numpy(), one.running_var.numpy()
    np.testing.assert_allclose(mean, np.asarray(other.moving_mean), atol=1e-6)
    kept = 1 - one.momentum
    n = first[..., 0].size
    biased = kept + (variance - kept) * (n - 1) / n  # as the note on the estimator has it
    np.testing.assert_allclose(biased, np.asarray(other.moving_variance), atol=1e-6)
    other.moving_variance.assign(variance)
    one.eval()
    with torch.no_grad():
        ours = one(turned(second)).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(ours, np.asarray(other(second, training=False)), atol=2e-5)


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.parametrize("call", TORCH_CALLS)
def test_numbers_of_torch_in_keras(call: str) -> None:
    _step(call, to("keras", call).call)


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.parametrize("call", KERAS_CALLS)
def test_numbers_of_keras_in_torch(call: str) -> None:
    _step(to("torch", call).call, call)


@pytest.mark.torch
@pytest.mark.tensorflow
def test_numbers_of_a_wrong_translation_differ() -> None:
    """The comparison sees a decay and an eps that are not translated."""
    for wrong in ("momentum=0.1, epsilon=1e-5", "momentum=0.9, epsilon=1e-3"):
        with pytest.raises(AssertionError):
            _step("torch.nn.BatchNorm2d(3)", f"keras.layers.BatchNormalization({wrong})")
