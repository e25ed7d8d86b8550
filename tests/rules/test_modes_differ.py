"""BN211: two sides of one comparison that run in different modes."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard, run

IMPORTS = """
import keras
import numpy as np
import torch
import torch.nn as nn
import mindspore as ms

x = np.ones((2, 3), "float32")

"""

TORCH = "port = torch.nn.BatchNorm1d(3)\n"
KERAS = "ref = keras.layers.BatchNormalization()\n"
MINDSPORE = "cell = ms.nn.BatchNorm1d(3)\n"

SAYS = (
    "'port' runs in training mode (as PyTorch starts), 'ref' on line ",
    " in inference mode (as Keras starts): one normalises with the batch, the other with running",
)
FIX = "unsafe: insert port.eval()"
KIND = "error high"

HAZARD = [
    hazard("both as built", KERAS + TORCH + "print(ref(x), «port(t)»)", *SAYS, kind=KIND, fix=FIX),
    hazard(
        "the torch side first: no one line switches Keras",
        TORCH + KERAS + "print(port(t), «ref(x)»)",
        "'ref' runs in inference mode (as Keras starts), 'port' on line ",
        kind=KIND,
        fix="",
    ),
    hazard(
        "Keras told to train, PyTorch switched to inference",
        KERAS + TORCH + "port.eval()\na = ref(x, training=True)\nb = «port(t)»",
        "'port' runs in inference mode (switched), 'ref' on line ",
        "in training mode (switched)",
        kind=KIND,
        fix="unsafe: insert port.train()",
    ),
    hazard(
        "both told: in opposite modes",
        KERAS + TORCH + "port.train()\na = ref(x, training=False)\nb = «port(t)»",
        "'port' runs in training mode (switched)",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "MindSpore as built",
        TORCH + MINDSPORE + "a = port(t)\nb = «cell(ms.Tensor(x))»",
        "'cell' runs in inference mode (as MindSpore starts), 'port' on line ",
        kind=KIND,
        fix="unsafe: insert cell.set_train()",
    ),
    hazard(
        "one name, bound anew for the other side",
        "bn = keras.layers.BatchNormalization()\na = bn(x)\n"
        "bn = torch.nn.BatchNorm1d(3)\nb = «bn(t)»",
        "'bn' runs in training mode (as PyTorch starts), 'bn' on line ",
        kind=KIND,
        fix="unsafe: insert bn.eval()",
    ),
    hazard(
        "in one function",
        "def compare():\n    ref = keras.layers.BatchNormalization()\n"
        "    port = torch.nn.BatchNorm1d(3)\n    return ref(x), «port(t)»",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "in two functions that one scope calls",
        "def by_keras():\n    ref = keras.layers.BatchNormalization()\n    return ref(x)\n\n"
        "def by_torch():\n    port = torch.nn.BatchNorm1d(3)\n    return «port(t)»\n\n"
        "print(by_keras() - by_torch())",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "made by a function",
        "def make():\n    port = torch.nn.BatchNorm1d(3)\n    return port\n\n"
        + KERAS
        + "port = make()\nprint(ref(x), «port(t)»)",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "whole models",
        "ref = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])\n"
        "port = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))\n"
        "print(ref(x), «port(t)»)",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the second of two pairs",
        KERAS + TORCH + "port.eval()\nprint(ref(x), port(t))\n"
        "ref2 = keras.layers.BatchNormalization()\nport2 = torch.nn.BatchNorm1d(3)\n"
        "print(ref2(x), «port2(t)»)",
        "'port2' runs in training mode",
        kind=KIND,
        fix="unsafe: insert port2.eval()",
    ),
    hazard(
        "a first call that only builds the layer counts for nothing",
        KERAS + TORCH + "ref(x, training=True)\nprint(ref(x), «port(t)»)",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "passed to code elsewhere only after the call",
        KERAS + TORCH + "print(ref(x), «port(t)»)\nsave(port)",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "weights copied between",
        KERAS + TORCH + "ref.build((None, 3))\nport.load_state_dict(state)\n"
        "port.weight.data = torch.from_numpy(ref.get_weights()[0])\nprint(ref(x), «port(t)»)",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN211", expected, IMPORTS)


PAIR = KERAS + TORCH
SEQUENTIAL = "ref = keras.Sequential([keras.layers.BatchNormalization()])\n"

PREDICTED = [
    hazard(
        "predict",
        SEQUENTIAL + TORCH + "print(ref.predict(x), «port(t)»)",
        "'port' runs in training mode (as PyTorch starts), 'ref' on line ",
        " in inference mode (predict() infers): one normalises with the batch",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "predict, of ready-made models of which no layer is in the file",
        """
        import torchvision

        ref = keras.applications.ResNet50(weights="imagenet")
        port = torchvision.models.resnet50()
        port.load_state_dict(torch.load("converted.pth"))
        expected = ref.predict(x)
        with torch.no_grad():
            found = «port(t)»
        print(np.abs(expected - found.numpy()).max())
        """,
        "'port' runs in training mode (as PyTorch starts), 'ref' on line ",
        "(predict() infers)",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the forward method of the port",
        SEQUENTIAL + TORCH + "a = ref.predict_on_batch(x)\nb = «port.forward(t)».detach()",
        "'port' runs in training mode (as PyTorch starts), 'ref' on line ",
        "(predict_on_batch() infers)",
        kind=KIND,
        fix=FIX,
    ),
]


@pytest.mark.parametrize("expected", PREDICTED)
def test_prediction(expected: Hazard) -> None:
    check_hazard("BN211", expected, IMPORTS)


CLEAN = [
    clean("PyTorch switched to inference", PAIR + "port.eval()\nprint(ref(x), port(t))"),
    clean(
        "switched where it is made",
        KERAS + "port = torch.nn.BatchNorm1d(3).eval()\nprint(ref(x), port(t))",
    ),
    clean("switched between the calls", PAIR + "a = ref(x)\nport.eval()\nb = port(t)"),
    clean("Keras told to train", PAIR + "print(ref(x, training=True), port(t))"),
    clean(
        "Keras told to train by a constant",
        PAIR + "FIT = True\nprint(ref(x, training=FIT), port(t))",
    ),
    clean("a flag that is not known", PAIR + "print(ref(x, training=flag), port(t))"),
    clean("arguments that are not in view", PAIR + "print(ref(x, **options), port(t))"),
    clean("a switch under a condition", PAIR + "if fast:\n    port.eval()\nprint(ref(x), port(t))"),
    clean("a switch as a flag says", PAIR + "port.train(flag)\nprint(ref(x), port(t))"),
    clean(
        "both modes on both sides",
        PAIR
        + """
a = ref(x)
b = ref(x, training=True)
c = port(t)
port.eval()
d = port(t)
""",
    ),
    clean("switched by a helper elsewhere", PAIR + "prepare(port)\nprint(ref(x), port(t))"),
    clean(
        "switched by a helper of the file",
        "def prepare(model):\n    model.eval()\n\n"
        + PAIR
        + "prepare(port)\nprint(ref(x), port(t))",
    ),
    clean(
        "a part is switched",
        KERAS + "port = nn.Sequential(nn.BatchNorm1d(3))\nport[0].eval()\nprint(ref(x), port(t))",
    ),
    clean(
        "every layer is switched",
        KERAS + "port = nn.Sequential(nn.BatchNorm1d(3))\n"
        "for m in port.modules():\n    m.eval()\nprint(ref(x), port(t))",
    ),
    clean("the attribute is set", PAIR + "port.training = False\nprint(ref(x), port(t))"),
    clean(
        "Keras kept in inference by trainable",
        TORCH + KERAS + "port.eval()\nref.trainable = False\nprint(port(t), ref(x, training=True))",
    ),
    clean(
        "predict, and PyTorch switched to inference",
        SEQUENTIAL + TORCH + "port.eval()\nprint(ref.predict(x), port(t))",
    ),
    clean(
        "what predict gives is thrown away",
        SEQUENTIAL + TORCH + "ref.predict(x)\nprint(port(t))",
    ),
    clean(
        "fitted before it predicts",
        SEQUENTIAL + TORCH + "ref.fit(x, y)\nprint(ref.predict(x), port(t))",
    ),
    clean(
        "predict of a model of the project's own",
        "class Scorer(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.bn = nn.BatchNorm1d(3)\n\n    def predict(self, x):\n"
        "        return self.bn(x)\n\nscorer = Scorer()\n"
        + KERAS
        + "print(ref(x, training=True), scorer.predict(t))",
    ),
    clean(
        "a ready-made model without normalisation",
        "ref = keras.applications.VGG16()\n" + TORCH + "print(ref.predict(x), port(t))",
    ),
    clean(
        "PyTorch is trained, and Keras is its teacher",
        SEQUENTIAL
        + TORCH
        + "loss = ((port(t) - torch.from_numpy(ref.predict(x))) ** 2).sum()\nloss.backward()",
    ),
    clean(
        "fit decides",
        "ref = keras.Sequential([keras.layers.BatchNormalization()])\n"
        + TORCH
        + "ref.fit(x, x)\nprint(ref(x), port(t))",
    ),
    clean(
        "the learning phase is set",
        "keras.backend.set_learning_phase(1)\n" + PAIR + "print(ref(x), port(t))",
    ),
    clean(
        "the model's call trains unless told otherwise",
        """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.bn = keras.layers.BatchNormalization()

    def call(self, x, training=True):
        return self.bn(x, training=training)

"""
        "ref = Net()\n" + TORCH + "print(ref(x), port(t))",
    ),
    clean(
        "the model's layer is told to train",
        """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.bn = keras.layers.BatchNormalization()

    def call(self, x):
        return self.bn(x, training=True)

"""
        "ref = Net()\n" + TORCH + "print(ref(x), port(t))",
    ),
    clean(
        "the PyTorch class switches itself",
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(3)
        self.eval()

    def forward(self, x):
        return self.bn(x)

"""
        + KERAS
        + "port = Net()\nprint(ref(x), port(t))",
    ),
    clean(
        "one side is trained, the other converted to",
        PAIR
        + """
for t in loader:
    loss = criterion(port(t))
    loss.backward()
print(ref(x))
""",
    ),
    clean(
        "one side has no mode",
        TORCH + "ref = keras.layers.Dense(3)\nkeras.layers.BatchNormalization\n"
        "print(ref(x), port(t))",
    ),
    clean(
        "one side always uses the batch",
        KERAS + "port = torch.nn.BatchNorm1d(3, track_running_stats=False)\nprint(ref(x), port(t))",
    ),
    clean(
        "one side is given",
        "def compare(port):\n    ref = keras.layers.BatchNormalization()\n"
        "    return ref(x), port(t)\ntorch.nn.BatchNorm1d(3)",
    ),
    clean(
        "two unit tests, which compare nothing",
        """
def test_keras():
    ref = keras.layers.BatchNormalization()
    assert ref(x).shape == (2, 3)

def test_torch():
    port = torch.nn.BatchNorm1d(3)
    assert port(t).shape == (2, 3)
""",
    ),
    clean(
        "a function that runs either, order not in view",
        """
def run(model, data):
    return model(data)

port = torch.nn.BatchNorm1d(3)
port.eval()
ref = keras.layers.BatchNormalization()
print(run(port, t), run(ref, x))
""",
    ),
    clean(
        "switched in a function defined above, called before",
        """
def prepare():
    port.eval()

port = torch.nn.BatchNorm1d(3)
ref = keras.layers.BatchNormalization()
prepare()
print(ref(x), port(t))
""",
    ),
    clean(
        "one framework only",
        "a = torch.nn.BatchNorm1d(3)\nb = torch.nn.BatchNorm1d(3).eval()\nprint(a(t), b(t))",
    ),
    clean(
        "MindSpore switched to training",
        TORCH + MINDSPORE + "cell.set_train()\nprint(port(t), cell(ms.Tensor(x)))",
    ),
    clean(
        "Keras and MindSpore both start in inference",
        KERAS + MINDSPORE + "print(ref(x), cell(ms.Tensor(x)))",
    ),
    clean("only one side is run", PAIR + "print(ref(x), port.weight)"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN211", code, IMPORTS)


def test_torch_against_layers_of_its_own_ecosystem_is_no_pair() -> None:
    code = """
        import timm.layers
        import torch

        a = torch.nn.BatchNorm2d(3)
        b = timm.layers.BatchNormAct2d(3).eval()
        print(a(t), b(t))
    """
    assert run("BN211", code) == []


@pytest.mark.torch
def test_torch_layer_starts_in_training_mode() -> None:
    """The figures in the documentation: ones through a fresh layer."""
    import torch

    bn = torch.nn.BatchNorm1d(3)
    ones = torch.ones(2, 3)
    assert bn(ones).abs().max().item() == 0.0
    assert torch.nn.BatchNorm1d(3).eval()(ones)[0, 0].item() == pytest.approx(0.999995, abs=1e-7)


@pytest.mark.tensorflow
def test_keras_layer_starts_in_inference_mode() -> None:
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    out = np.asarray(keras.layers.BatchNormalization()(np.ones((2, 3), "float32")))
    assert out[0, 0] == pytest.approx(0.9995004, abs=1e-7)


@pytest.mark.mindspore
def test_mindspore_layer_starts_in_inference_mode() -> None:
    import mindspore as ms
    import numpy as np

    bn = ms.nn.BatchNorm1d(3)
    assert not bn.training
    out = bn(ms.Tensor(np.ones((2, 3), "float32"))).asnumpy()
    assert out[0, 0] == pytest.approx(0.999995, abs=1e-6)
