"""Fixes of what code only seems to say: layers that are not found, flags that go nowhere, freezes.

Each is written, and the program trained on: what stood still moves, or what moved stands still.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured import codes, exact_statistics, fixed, relative, run
from test_graphs_proof import measured

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(2.0, 3.0, (64, 4)).astype(np.float32)


def both(text: str, rule: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the names of a program and of what the fix of ``rule`` makes of it."""
    result = fixed(text)
    assert codes(result) == [rule]
    return run(text), run(result.after or b"")


LISTED = """
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = [nn.BatchNorm1d(4) for _ in range(2)]

    def forward(self, x):
        for norm in self.norms:
            x = norm(x)
        return x
"""


def test_layers_of_a_list_are_switched_saved_and_trained() -> None:
    """BN208: of a plain list, a model finds no layer for ``eval()``, its state or an optimiser."""
    import torch

    for names, is_wrong in zip(both(LISTED, "BN208"), (True, False), strict=True):
        model = names["Net"]()
        assert (not model.state_dict()) is is_wrong
        assert (not list(model.parameters())) is is_wrong
        for _ in range(10):
            model.train()(torch.from_numpy(X))
        mean = model.norms[0].running_mean.clone()
        assert mean.numpy() == pytest.approx((1 - 0.9**10) * X.mean(0), rel=1e-4)
        model.eval()(torch.from_numpy(X))
        assert torch.equal(model.norms[0].running_mean, mean) is not is_wrong
        if not is_wrong:
            other = names["Net"]()
            other.load_state_dict(model.state_dict())
            assert torch.equal(other.norms[0].running_mean, mean)
            optimizer = torch.optim.SGD(model.parameters(), 0.1)
            model.train()(torch.from_numpy(X)).pow(3).sum().backward()
            optimizer.step()
            assert not torch.equal(model.norms[0].weight, torch.ones(4))


#: A graph whose layer always infers, in a function that is told the mode.
GRAPHS = {
    "BN215": "batch_normalization(x)",
    "BN216": "batch_normalization(x, training=False)",
}


@pytest.mark.parametrize(("rule", "call"), GRAPHS.items(), ids=GRAPHS.keys())
def test_a_graph_that_is_told_to_train_moves_statistics(
    rule: str, call: str, tmp_path: Path
) -> None:
    """Before the fix they stay at 0 and 1 for ever; after it they go the way of the layer."""
    text = (
        "import tensorflow as tf\n\ndef normalise(x, is_training):\n"
        f"    return tf.compat.v1.layers.{call}\n"
    )
    result = fixed(text)
    assert codes(result) == [rule]
    old, new = measured(tmp_path, text, (result.after or b"").decode())
    for steps in old["statistics"]:
        assert not old["statistics"][steps].mean.any()
        assert (old["statistics"][steps].variance == 1).all()
        expected = exact_statistics(0.99, steps)
        assert relative(new["statistics"][steps].mean, expected.mean) < 1e-4
        assert relative(new["statistics"][steps].variance, expected.variance) < 2e-3
    assert relative(new["output"], old["output"]) < 1e-5  # in inference, nothing changes


WEIGHTS = """
import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)).eval()
for p in model.parameters():
    p.trainable = False
head = nn.Linear(3, 1)
optimizer = torch.optim.SGD([*model.parameters(), *head.parameters()], 0.01)

def train(x):
    for _ in range(10):
        loss = head(model(x)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def test_a_freeze_in_the_words_of_keras_freezes_weights_in_pytorch() -> None:
    """BN257: nobody reads ``trainable`` of a weight, so that it is trained as before."""
    import torch

    for names, is_wrong in zip(both(WEIGHTS, "BN257"), (True, False), strict=True):
        before = [p.clone() for p in names["model"].parameters()]
        names["train"](torch.from_numpy(X))
        moved = [
            not torch.equal(p, b) for p, b in zip(names["model"].parameters(), before, strict=True)
        ]
        assert moved == [is_wrong] * len(before)
        assert not names["model"][0].running_mean.any()


LAYERS = """
from tensorflow.keras import Sequential, layers, optimizers

model = Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.Dense(1)])
for layer in model.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.{} = False
model.compile(optimizers.SGD(0.01), "mse")
"""


def test_a_freeze_in_the_words_of_pytorch_freezes_layers_in_keras() -> None:
    """BN257: ``training`` of a layer of Keras is nobody's; ``trainable`` stops statistics too."""
    for names, is_wrong in zip(both(LAYERS.format("training"), "BN257"), (1, 0), strict=True):
        model = names["model"]
        norm, head = model.layers
        start = head.get_weights()[0]
        model.fit(X, X[:, :1], batch_size=64, epochs=10, verbose=0)
        moved = norm.get_weights()[2] / X.mean(0)
        assert moved == pytest.approx((1 - 0.99**10) * is_wrong, rel=1e-3)
        assert (norm.get_weights()[0] != 1).any() == bool(is_wrong)
        assert (head.get_weights()[0] != start).any()  # the rest trains on


FREEZES = {
    "pairs that are not taken apart": (
        "for m in model.named_modules():\n"
        "        if isinstance(m, nn.BatchNorm1d):\n            m.eval()"
    ),
    "the name is tested": (
        "for name, m in model.named_modules():\n"
        "        if isinstance(name, nn.BatchNorm1d):\n            m.eval()"
    ),
    "weights that are asked whether they are layers": (
        "for m in model.parameters():\n"
        "        if isinstance(m, nn.BatchNorm1d):\n            m.eval()"
    ),
}

NEVER = """
import torch
import torch.nn as nn

model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.01)

def freeze():
    {}

def train(x):
    for _ in range(10):
        model.train()
        freeze()
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


@pytest.mark.parametrize("freeze", FREEZES.values(), ids=FREEZES.keys())
def test_a_test_for_layers_finds_them(freeze: str) -> None:
    """BN258: what stands behind the test has never run; after the fix statistics stand still."""
    import torch

    for names, is_wrong in zip(both(NEVER.format(freeze), "BN258"), (True, False), strict=True):
        names["train"](torch.from_numpy(X))
        norm, dropout, _ = names["model"]
        expected = (1 - 0.9**10 if is_wrong else 0.0) * X.mean(0)
        assert norm.running_mean.numpy() == pytest.approx(expected, rel=1e-4)
        assert norm.training is is_wrong
        assert dropout.training  # the rest trains on
