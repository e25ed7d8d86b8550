"""BN502: biases that batch normalisation takes out, and biases that a port lost."""

from __future__ import annotations

import pytest
from one_rule import check_clean, check_hazard, hazard
from pairs import run_pair

IMPORTS = """
import keras
import tensorflow.compat.v1 as tf1
import tf_slim as slim
import torch
import torch.nn.functional as F
from keras import layers
from mindspore import nn as ms
from torch import nn

"""

KIND = "info high"
OFF = "unsafe: write bias=False"

HAZARD = [
    hazard(
        "neighbours in a Sequential, the default",
        "m = nn.Sequential(«nn.Conv2d(3, 8, 3)», nn.BatchNorm2d(8), nn.ReLU())",
        "Conv2d has a bias (bias=True, the default), which BatchNorm2d (line 10) takes out again",
        kind=KIND,
        fix=OFF,
    ),
    hazard(
        "written down",
        "m = nn.Sequential(nn.Linear(3, 8, bias=«True»), nn.BatchNorm1d(8))",
        "Linear has a bias (bias=True), which BatchNorm1d",
        kind=KIND,
        fix=OFF,
    ),
    hazard(
        "a list that becomes a Sequential",
        "a = [«nn.Conv2d(3, 8, 3)», nn.BatchNorm2d(8)]\nm = nn.Sequential(*a)",
        kind=KIND,
        fix=OFF,
    ),
    hazard(
        "a class that is a Sequential",
        """
        class Block(nn.Sequential):
            def __init__(self, c):
                super().__init__(«nn.Conv2d(c, 8, 3)», nn.BatchNorm2d(8), nn.ReLU())
        """,
        kind=KIND,
        fix=OFF,
    ),
    hazard(
        "attributes, applied in forward",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = «nn.Conv2d(3, 8, 3)»
                self.bn = nn.BatchNorm2d(8)

            def forward(self, x):
                y = self.conv(x)
                y = self.bn(y)
                return F.relu(y) + x
        """,
        kind=KIND,
        fix=OFF,
    ),
    hazard(
        "functional code of Keras",
        "x = «layers.Conv2D(8, 3)»(x)\nx = layers.BatchNormalization()(x)\nx = layers.ReLU()(x)",
        "Conv2D has a bias (use_bias=True, the default), which BatchNormalization (line 11) takes",
        kind=KIND,
        fix="unsafe: write use_bias=False",
    ),
    hazard(
        "added to a model",
        "m = keras.Sequential()\nm.add(«layers.Dense(8)»)\nm.add(layers.BatchNormalization())",
        kind=KIND,
        fix="unsafe: write use_bias=False",
    ),
    hazard(
        "a linear activation is none",
        "x = layers.BatchNormalization()(«layers.Conv2D(8, 3, activation='linear')»(x))",
        kind=KIND,
        fix="unsafe: write use_bias=False",
    ),
    hazard(
        "MindSpore, whose convolutions have none unless asked for",
        "m = ms.SequentialCell([ms.Conv2d(3, 8, 3, has_bias=«True»), ms.BatchNorm2d(8)])",
        kind=KIND,
        fix="unsafe: write has_bias=False",
    ),
    hazard(
        "layer functions",
        "x = «tf1.layers.conv2d(x, 8, 3)»\nx = tf1.layers.batch_normalization(x, training=True)",
        kind=KIND,
        fix="unsafe: write use_bias=False",
    ),
    hazard(
        "a default that callers may override",
        """
        def block(bias=True):
            return nn.Sequential(nn.Conv2d(3, 8, 3, bias=«bias»), nn.BatchNorm2d(8))
        """,
        "takes out again (the default of parameter bias of block)",
        kind="info medium",
        fix=OFF,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: object) -> None:
    check_hazard("BN502", expected, IMPORTS)  # type: ignore[arg-type]  # a parameter's value


BN = "nn.BatchNorm2d(8)"

CLEAN = [
    pytest.param(f"m = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), {BN})", id="no bias"),
    pytest.param(f"m = nn.Sequential(nn.Conv2d(3, 8, 3, bias=BIAS), {BN})", id="not known"),
    pytest.param(f"m = nn.Sequential(nn.Conv2d(3, 8, 3, **options), {BN})", id="may be given"),
    pytest.param(f"m = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), {BN})", id="an activation"),
    pytest.param(f"m = nn.Sequential(nn.Conv2d(3, 8, 3), Block(), {BN})", id="something else"),
    pytest.param(f"m = nn.Sequential({BN}, nn.Conv2d(8, 8, 3))", id="the other way round"),
    pytest.param(f"m = nn.ModuleList([nn.Conv2d(3, 8, 3), {BN}])", id="a list that runs nothing"),
    pytest.param("m = ms.SequentialCell([ms.Conv2d(3, 8, 3), ms.BatchNorm2d(8)])", id="MindSpore"),
    pytest.param(
        "x = layers.Conv2D(8, 3, activation='relu')(x)\nx = layers.BatchNormalization()(x)",
        id="an activation of its own",
    ),
    pytest.param(
        "x = layers.Conv2D(8, 3, activation=ACT)(x)\nx = layers.BatchNormalization()(x)",
        id="maybe an activation of its own",
    ),
    pytest.param(
        "y = layers.Conv2D(8, 3)(x)\nz = layers.BatchNormalization()(y)\nout = y + z",
        id="used beside the normalisation",
    ),
    pytest.param(
        """
        y = layers.Conv2D(8, 3)(x)
        if normalise:
            y = layers.BatchNormalization()(y)
        out = layers.ReLU()(y)
        """,
        id="normalised on one path only",
    ),
    pytest.param(
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn = nn.BatchNorm2d(8)

            def forward(self, x):
                if self.training:
                    return self.bn(self.conv(x))
                return self.conv(x)
        """,
        id="applied in two places",
    ),
    pytest.param(
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn = nn.BatchNorm2d(8)

            def forward(self, x):
                y = self.conv(x)
                if self.normalise:
                    y = self.bn(y)
                else:
                    y += self.offset
                return F.relu(y)
        """,
        id="changed in place on another path",
    ),
    pytest.param(
        """
        def make(normalise):
            conv = nn.Conv2d(3, 8, 3)
            if normalise:
                return nn.Sequential(conv, nn.BatchNorm2d(8))
            return nn.Sequential(conv, nn.ReLU())
        """,
        id="in two sequences, of which one has none",
    ),
    pytest.param(
        "m = nn.Sequential(nn.Conv2d(3, 8, 3), ops.FrozenBatchNorm2d(8))".replace("ops.", "tv."),
        id="a layer that is not known",
    ),
    pytest.param(
        """
        from torchvision.ops import FrozenBatchNorm2d
        m = nn.Sequential(nn.Conv2d(3, 8, 3), FrozenBatchNorm2d(8))
        """,
        id="statistics that never move",
    ),
    pytest.param(
        "x = slim.conv2d(x, 8, 3, activation_fn=None)\nx = slim.batch_norm(x)",
        id="TF-Slim, where scopes may say otherwise",
    ),
    pytest.param("x = F.batch_norm(F.conv2d(x, w, b), m, v)", id="functional calls"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN502", code, IMPORTS)


# --------------------------------------------------------------------------- biases that were lost

REFERENCE = """
    from keras import layers

    def model(x):
        x = layers.Conv2D(8, 3, use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        return layers.{head}(x)
    """

PORT = """
    from torch import nn

    class Port(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, bias=False)
            self.bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
            self.head = nn.{head}

        def forward(self, x):
            x = self.bn(self.conv(x)).relu()
            return {result}
    """


def lost(reference: str, head: str, result: str = "self.head(x)") -> list[str]:
    """Return what is said of a port that ends in ``head``, and of nothing else."""
    found = run_pair(
        "BN502", REFERENCE.format(head=reference), PORT.format(head=head, result=result)
    )
    assert all((f.severity, f.confidence, f.span.row) == ("warning", "medium", 8) for f in found)
    assert all(f.help == "give it a bias: bias=True" for f in found)
    return [f.message for f in found]


@pytest.mark.parametrize(
    ("reference", "head", "result"),
    [
        ("Dense(10)", "Linear(8, 10, bias=False)", "self.head(x)"),
        ("Conv2D(10, 1)", "Conv2d(8, 10, 1, bias=False)", "self.head(x)"),
        ("Conv2D(10, 1)", "LazyConv2d(10, 1, bias=False)", "nn.Sigmoid()(self.head(x))"),
    ],
)
def test_lost(reference: str, head: str, result: str) -> None:
    (message,) = lost(reference, head, result)
    name, other = head.partition("(")[0], reference.partition("(")[0]
    assert message == (
        f"{name} has no bias (bias=False), {other} of the Keras reference (reference.py:7) has "
        "one, and no batch normalisation follows that would take it out"
    )


@pytest.mark.parametrize(
    ("reference", "head", "result"),
    [
        pytest.param("Dense(10)", "Linear(8, 10)", "self.head(x)", id="both have one"),
        pytest.param("Dense(10, use_bias=False)", "Linear(8, 10, bias=False)", "x", id="neither"),
        pytest.param("Dense(10, use_bias=False)", "Linear(8, 10)", "self.head(x)", id="one more"),
        pytest.param("Dense(10)", "Linear(8, 10, bias=B)", "self.head(x)", id="not known"),
        pytest.param("Dense(10)", "Linear(8, 9, bias=False)", "self.head(x)", id="another size"),
        pytest.param(
            "Dense(10)", "Conv2d(8, 10, 1, bias=False)", "self.head(x)", id="another kind"
        ),
        pytest.param(
            "Conv2D(10, 3)", "Conv2d(8, 10, 1, bias=False)", "self.head(x)", id="another kernel"
        ),
        pytest.param(
            "Dense(10)", "Linear(8, 10, bias=False)", "f(self.head(x))", id="goes somewhere unknown"
        ),
        pytest.param(
            "Dense(10)", "Linear(8, 10, bias=False)", "self.head(x) + self.b", id="a bias by hand"
        ),
        pytest.param(
            "Dense(10)",
            "Linear(8, 10, bias=False)",
            "self.bn(self.head(x))",
            id="normalised, in a second place",
        ),
    ],
)
def test_not_lost(reference: str, head: str, result: str) -> None:
    assert lost(reference, head, result) == []


def test_lost_with_another_number_of_layers() -> None:
    """Layers are paired by their order only where there are as many."""
    reference = REFERENCE.format(head="Dense(10)(layers.Dense(10)(x)) or layers.Dense(10)")
    port = PORT.format(head="Linear(8, 10, bias=False)", result="self.head(x)")
    assert run_pair("BN502", reference, port) == []


def test_lost_where_normalisation_follows() -> None:
    """The mean takes a bias out, whichever side has it."""
    reference = REFERENCE.replace("use_bias=False", "use_bias=True").format(head="Dense(10)")
    port = PORT.format(head="Linear(8, 10)", result="self.head(x)")
    assert run_pair("BN502", reference, port) == []


def test_lost_where_no_value_gives_a_bias() -> None:
    """What is not given initial values has no bias; none of them is asked for by name."""
    reference = """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, bias=False)
                self.bn = nn.BatchNorm2d(8)
                self.head = nn.Conv2d(8, 10, 1)

            def forward(self, x):
                return self.head(self.bn(self.conv(x)))
        """
    port = """
        import tf_slim as slim

        def net(x):
            x = slim.conv2d(x, 8, 3, biases_initializer=None, activation_fn=None)
            x = slim.batch_norm(x)
            return slim.conv2d(x, 10, 1, biases_initializer=None, activation_fn=None)
        """
    (found,) = run_pair("BN502", reference, port)
    assert (found.help, found.fix) == ("give it a bias", None)
