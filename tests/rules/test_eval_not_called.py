"""BN212: mode switches that are named and not called."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard, run

IMPORTS = """
import torch
import torch.nn as nn
import torchvision


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

"""


def _hazard(name: str, code: str, text: str) -> object:
    says = f"{text} names the method and does not call it: the mode stays as it is"
    return hazard(name, code, says, kind="error high", fix=f"safe: write {text}()")


HAZARD = [
    _hazard("an object of a class", "model = Net()\n«model.eval»", "model.eval"),
    _hazard("the other switch", "model = Net()\n«model.train»", "model.train"),
    _hazard(
        "moved to a device where it is made", "model = Net().to(device)\n«model.eval»", "model.eval"
    ),
    _hazard("rebound to itself", "model = Net()\nmodel = model.cuda()\n«model.eval»", "model.eval"),
    _hazard(
        "at the end of a line with a comment",
        "model = Net()\n«model.eval»  # inference",
        "model.eval",
    ),
    _hazard("before a semicolon", "model = Net()\n«model.eval»; print(1)", "model.eval"),
    _hazard("without a line end", "model = Net()\n«model.eval»", "model.eval"),
    _hazard("on a ready-made model", "m = torchvision.models.resnet18()\n«m.eval»", "m.eval"),
    _hazard("on a wrapper", "m = nn.DataParallel(Net())\n«m.eval»", "m.eval"),
    _hazard("on a Sequential", "m = nn.Sequential(nn.BatchNorm2d(3))\n«m.eval»", "m.eval"),
    _hazard("on either of two models", "m = Net() if a else nn.Sequential()\n«m.eval»", "m.eval"),
    _hazard(
        "in a method of the model",
        "class Big(Net):\n    def test(self):\n        «self.eval»\n",
        "self.eval",
    ),
    _hazard(
        "on a model that an attribute holds",
        "class T:\n    def __init__(self):\n        self.net = Net()\n"
        "    def test(self):\n        «self.net.eval»\n",
        "self.net.eval",
    ),
    _hazard("on a part of a model", "m = Net()\n«m.bn.eval»", "m.bn.eval"),
    _hazard("where it is made", "«Net().eval»", "Net().eval"),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN212", expected, IMPORTS)


def test_set_train_of_the_other_framework() -> None:
    code = """
        from mindspore import nn

        net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
        «net.set_train»
    """
    expected = Hazard(
        code, ("net.set_train names the method",), "error high", "safe: write net.set_train()"
    )
    check_hazard("BN212", expected)


CLEAN = [
    clean("called", "model = Net()\nmodel.eval()"),
    clean("called with an argument", "model = Net()\nmodel.train(False)"),
    clean("data", "from data import mnist\nmnist.train"),
    clean("a parameter may be anything", "def f(model):\n    model.eval"),
    clean("an imported model may be anything", "from zoo import model\nmodel.eval"),
    clean("made elsewhere", "model = build()\nmodel.eval"),
    clean("a loaded object may be anything", "model = torch.load('m.pt')\nmodel.eval"),
    clean("a model or something else", "m = Net() if a else data\nm.eval"),
    clean("the method is passed on", "model = Net()\nrun(model.eval)"),
    clean("the method is kept", "model = Net()\nswitch = model.eval"),
    clean("the method is compared", "model = Net()\nassert model.eval"),
    clean("the method is returned", "model = Net()\ndef f():\n    return model.eval"),
    clean("an argument of that name", "args = parse()\nargs.train"),
    clean("a class that is no module", "class Data:\n    train = 1\nd = Data()\nd.train"),
    clean("the name of the class", "Net.eval"),
    clean(
        "a property that does something",
        """
        class Phased(Net):
            @property
            def train(self):
                return self.fit()

        model = Phased()
        model.train
    """,
    ),
    clean("another method", "model = Net()\nmodel.cuda"),
    clean("a string", "'model.eval'"),
    clean(
        "no such switch there: Keras models have none",
        """
        from tensorflow import keras

        model = keras.Sequential([keras.layers.BatchNormalization()])
        model.eval
    """,
    ),
    clean(
        "a model of either of two frameworks, of which one has no such method",
        "from mindspore import nn as ms\nm = Net() if a else ms.BatchNorm1d(8)\nm.eval",
    ),
    clean("rebound to data before", "m = Net()\nm = data\nm.train"),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN212", code, IMPORTS)


@pytest.mark.parametrize("end", ["", "\r\n", "\n"], ids=["no line end", "CRLF", "LF"])
def test_line_ends(end: str) -> None:
    """The file has no other word of batch normalisation: the switch alone gets it read."""
    code = f"import torch.nn as nn{end or chr(10)}m = nn.Linear(2, 2){end or chr(10)}m.eval{end}"
    assert [f.span.row for f in run("BN212", code.encode())] == [3]
