"""What a freeze does to statistics in each framework, and that the fix makes both sides do it."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

ROUNDING = 1e-5

X = np.random.default_rng(0).normal(2.0, 3.0, (64, 4)).astype(np.float32)
Y = np.zeros((64, 1), np.float32)

#: What 10 steps do at PyTorch's default momentum.
MOVED = 1 - 0.9**10

PAIR = """
import keras
import torch
import torch.nn as nn
from keras import layers

torch.manual_seed(0)
reference = keras.Sequential([layers.BatchNormalization(momentum=0.9, epsilon=1e-5)])
reference.trainable = False
tuned = keras.Sequential([reference, layers.Dense(1)])
tuned.compile(keras.optimizers.SGD(0.01), "mse")

port = nn.Sequential(nn.BatchNorm1d(4))
for p in port.parameters():
    p.requires_grad = False
port.append(nn.Linear(4, 1))
optimizer = torch.optim.SGD(port[1].parameters(), 0.01)

def train(x, y):
    tuned.fit(x, y, batch_size=len(x), epochs=10, verbose=0)
    port.train()
    for _ in range(10):
        loss = nn.functional.mse_loss(port(torch.from_numpy(x)), torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def test_the_port_trains_as_its_reference_does() -> None:
    """Statistics and features: 65 % and 0.0 before the fix, and as in Keras, 0 and 2.0, after."""
    import torch

    result = fixed(PAIR)
    assert codes(result) == ["BN254"]
    for text, moved, mean in ((PAIR, MOVED, 0.0), (result.after or b"", 0.0, 2.0)):
        names = run(text)
        names["train"](X, Y)
        theirs, mine = names["reference"].layers[0], names["port"][0]
        assert not np.asarray(theirs.moving_mean).any()
        assert mine.running_mean.numpy() / X.mean(0) == pytest.approx(moved, rel=1e-4)
        features = mine(torch.from_numpy(X)).numpy()
        expected = np.asarray(theirs(X, training=True))
        assert expected.mean() == pytest.approx(2.0, abs=0.05)
        assert features.mean() == pytest.approx(mean, abs=0.05)
        assert (relative(features, expected) < ROUNDING) is (moved == 0)


def model_of(package: str) -> tuple[Any, Any, Any]:
    """Return a part with batch normalisation, the model it is in, and its framework."""
    keras = importlib.import_module(package)
    layers = keras.layers
    part = keras.Sequential([layers.BatchNormalization(momentum=0.9), layers.Dense(3)])
    model = keras.Sequential([part, layers.Dense(1)])
    model.build((None, 4))
    return part, model, keras


def fit(model: Any, keras: Any) -> None:
    model.compile(keras.optimizers.SGD(0.01), "mse")
    model.fit(X, Y, batch_size=len(X), epochs=10, verbose=0)


def moved(part: Any) -> np.ndarray:
    return np.asarray(part.layers[0].moving_mean) / X.mean(0)


def is_fresh(part: Any) -> bool:
    """Tell whether gamma and beta are what they were."""
    norm = part.layers[0]
    return bool((np.asarray(norm.gamma) == 1).all() and (np.asarray(norm.beta) == 0).all())


@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_keras_stops_statistics_with_the_weights(package: str) -> None:
    part, model, keras = model_of(package)
    part.trainable = False
    fit(model, keras)
    assert not moved(part).any()
    built = keras.layers.BatchNormalization(trainable=False)
    given = np.asarray(built(X, training=True))
    assert relative(given, X / np.sqrt(1 + 1e-3)) < ROUNDING
    assert not np.asarray(built.moving_mean).any()


def test_keras_3_can_stop_the_weights_alone() -> None:
    """As the rule says of a Keras port: at a momentum of 0.9 the same 65 % as PyTorch."""
    part, model, keras = model_of("keras")
    part.trainable = False
    norm = part.layers[0]
    norm.trainable = True
    norm.gamma.trainable = norm.beta.trainable = False
    fit(model, keras)
    assert moved(part) == pytest.approx(MOVED, rel=1e-4)
    assert is_fresh(part)


def test_keras_2_has_no_switch_for_the_weights_alone() -> None:
    part, _, _ = model_of("tf_keras")
    with pytest.raises(AttributeError):
        part.layers[0].gamma.trainable = False


@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_a_step_that_leaves_the_weights_out_moves_statistics(package: str) -> None:
    import tensorflow as tf

    part, model, keras = model_of(package)
    optimizer = keras.optimizers.SGD(0.01)
    variables = model.layers[1].trainable_variables
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=True) - Y))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    assert moved(part) == pytest.approx(MOVED, rel=1e-4)
    assert is_fresh(part)
