"""What the rules about Keras models in evaluation and fine-tuning claim, and what the fixes do."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

ROUNDING = 1e-5

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(3.0, 2.0, (64, 4)).astype(np.float32)


def both(text: str, rule: str) -> list[dict[str, Any]]:
    """Return the names of a program and of what the fix of ``rule`` makes of it."""
    result = fixed(text)
    assert codes(result) == [rule]
    return [run(text), run(result.after or b"")]


EVALUATE = """
from tensorflow import keras

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.BatchNormalization()])

def evaluate(x):
    return model(x, training=True).numpy()
"""


def test_a_sample_is_evaluated_by_itself() -> None:
    """Its output no longer depends on the samples beside it, and is that of PyTorch's layer."""
    import torch

    expected = torch.nn.BatchNorm1d(4, eps=1e-3).eval()(torch.from_numpy(X[:1])).detach().numpy()
    for names, is_wrong in zip(both(EVALUATE, "BN213"), (True, False), strict=True):
        outputs = [
            names["evaluate"](batch)[:1] for batch in (X[:8], np.concatenate([X[:1], X[8:15]]))
        ]
        apart = relative(outputs[1], outputs[0])
        assert apart > 0.1 if is_wrong else apart < ROUNDING
        assert (relative(outputs[0], expected) < ROUNDING) is not is_wrong
        moved = np.abs(names["model"].layers[-1].moving_mean.numpy()).max()
        assert moved > 0.01 if is_wrong else moved == 0


@pytest.mark.parametrize(
    ("package", "how", "moves"),
    [
        ("keras", "plain", True),
        ("keras", "training=False", True),
        ("keras", "untrainable layers", False),
        ("tf_keras", "plain", True),
        ("tf_keras", "training=False", False),
        ("tf_keras", "untrainable layers", False),
    ],
)
def test_unfrozen_statistics_move(package: str, how: str, moves: bool) -> None:
    """What BN255 says of Keras 3 and 2, and what its fix writes: only the last holds in both.

    The learning rate is 0, so that nothing but statistics can move.
    """
    keras = importlib.import_module(package)
    base = keras.Sequential([keras.layers.Input((4,)), keras.layers.BatchNormalization()])
    inputs = keras.layers.Input((4,))
    called = base(inputs, training=False) if how == "training=False" else base(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(called))
    base.trainable = False
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(X, X[:, :1], batch_size=64, verbose=0)
    assert not base.layers[-1].moving_mean.numpy().any()
    base.trainable = True
    if how == "untrainable layers":
        for layer in base.layers:
            if "BatchNormalization" in type(layer).__name__:
                layer.trainable = False
    before = model.predict(X[:2], verbose=0)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(X, X[:, :1], batch_size=64, epochs=10, verbose=0)
    share = base.layers[-1].moving_mean.numpy() / X.mean(0)
    assert share == pytest.approx(1 - 0.99**10 if moves else 0.0, rel=1e-3)
    apart = relative(model.predict(X[:2], verbose=0), before)
    assert apart > 0.01 if moves else apart < ROUNDING


@pytest.mark.parametrize(
    "wrapping", ["keras.Sequential([base, head])", "keras.Model(base.input, head(base.output))"]
)
def test_statistics_stand_still_in_a_model_that_is_unfrozen_layer_by_layer(wrapping: str) -> None:
    """The fix reaches the layers, whether the model around them has them or one that has them."""
    text = f"""
import keras
import numpy as np

WEIGHTS = None  # what would be downloaded
x = np.random.default_rng(0).normal(3.0, 2.0, (8, 32, 32, 3)).astype("float32")
base = keras.applications.MobileNetV2(
    (32, 32, 3), alpha=0.35, include_top=False, pooling="avg", weights=WEIGHTS
)
head = keras.layers.Dense(1)
model = {wrapping}
base.trainable = False
model.compile(keras.optimizers.SGD(0.0), "mse")
model.fit(x, x[:, 0, 0, :1], verbose=0)
for layer in model.layers:
    layer.trainable = True
model.compile(keras.optimizers.SGD(0.0), "mse")
model.fit(x, x[:, 0, 0, :1], verbose=0)
means = [layer.moving_mean.numpy() for layer in base.layers if hasattr(layer, "moving_mean")]
moved = max(abs(mean).max() for mean in means)
"""
    old, new = both(text, "BN255")
    assert old["moved"] > 0.001
    assert new["moved"] == 0
