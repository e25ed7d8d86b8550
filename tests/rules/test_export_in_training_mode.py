"""BN604: models that are exported, or imported and run, in training mode."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch
import torch.nn as nn
import torchvision
from onnx2torch import convert


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x))


x = torch.rand(1, 3, 32, 32)

"""

SAYS = (
    "in training mode: no eval() in this file",
    "eval() on it later does not change that",
)
FIX = "unsafe: insert model.eval()"
KIND = "error medium"

IMPORTED = "convert() gives a model in training mode, and no eval() follows in this file"

HAZARDS = [
    hazard(
        "an object of a class",
        "model = Net()\ntraced = «torch.jit.trace(model, x)»\n",
        "model is given to torch.jit.trace() ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a ready-made model with loaded weights",
        """
        model = torchvision.models.resnet18()
        model.load_state_dict(torch.load("w.pt"))
        with torch.no_grad():
            «torch.jit.trace(model, x)».save("w.ts")
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "eval() on the trace",
        "model = Net()\ntraced = «torch.jit.trace(model, x)».eval()\n",
        "in training mode: nothing in this file calls eval() of it",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "trained before",
        """
        model = Net().cuda()
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for batch, y in loader:
            loss = nn.functional.mse_loss(model(batch), y)
            loss.backward()
            optimizer.step()
        «torch.jit.trace(model, x)».save("w.ts")
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "in a function that is given the model",
        """
        def save(net, path):
            traced = «torch.jit.trace(net, x)»
            traced.save(path)

        net = Net()
        save(net, "net.ts")
        """,
        "net is given to torch.jit.trace() ",
        *SAYS,
        kind=KIND,
        fix="unsafe: insert net.eval()",
    ),
    hazard(
        "an export",
        "model = Net()\nprogram = «torch.export.export(model, (x,))»\n",
        "model is given to torch.export.export() ",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a model without a name",
        "traced = «torch.jit.trace(Net(), x)»\n",
        "this model is given to torch.jit.trace() ",
        kind=KIND,
        fix="",
    ),
    hazard(
        "a model that was read from another format",
        """
        model = «convert("net.onnx")»
        with torch.no_grad():
            y = model(x)
        """,
        IMPORTED,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a model that was read from another format by its full name",
        """
        import onnx2torch
        model = «onnx2torch.convert("net.onnx")».cuda()
        print(model(x))
        """,
        "onnx2torch.convert() gives a model in training mode",
        kind="warning medium",
        fix=FIX,
    ),
]

CLEAN = """
--- switched before
model = Net()
model.eval()
traced = torch.jit.trace(model, x)
--- switched where it is given
model = Net()
traced = torch.jit.trace(model.eval(), x)
--- switched by train(False)
model = Net()
model.train(False)
program = torch.export.export(model, (x,))
--- switched where it is made
model = Net().eval()
traced = torch.jit.trace(model, x)
--- switched in a function
def prepare(net):
    net.eval()
    return net

model = Net()
prepare(model)
traced = torch.jit.trace(model, x)
--- a flag decides
model = Net()
model.train(args.train)
traced = torch.jit.trace(model, x)
--- no batch normalisation
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
traced = torch.jit.trace(model, x)
--- a scripted model follows its mode
model = Net()
scripted = torch.jit.script(model)
--- torch.onnx.export writes inference whatever the mode is
model = Net()
torch.onnx.export(model, x, "net.onnx")
--- a parameter: the caller may have switched it
def save(model, path):
    torch.jit.trace(model, x).save(path)
--- loaded whole: in the mode in which it was saved
model = torch.load("net.pt")
torch.jit.trace(model, x).save("net.ts")
--- out of view
from tools import prepare
model = Net()
prepare(model)
torch.jit.trace(model, x).save("net.ts")
--- a class that switches itself
class Detector(Net):
    def __init__(self):
        super().__init__()
        self.eval()

model = Detector()
torch.jit.trace(model, x).save("net.ts")
--- a function of its own called trace
from tools import trace
model = Net()
trace(model, x)
--- a frozen batch normalisation layer
model = nn.Sequential(nn.Conv2d(3, 8, 3), torchvision.ops.FrozenBatchNorm2d(8))
torch.jit.trace(model, x).save("net.ts")
--- a test of tracing
def test_traced_as_trained():
    model = Net()
    traced = torch.jit.trace(model, x)
    assert torch.allclose(traced(x), model(x))
--- read from another format and switched
model = convert("net.onnx")
model.eval()
y = model(x)
--- read from another format and switched at once
model = convert("net.onnx").eval()
y = model(x)
--- read from another format and trained
model = convert("net.onnx")
optimizer = torch.optim.SGD(model.parameters(), 0.1)
loss = model(x).sum()
loss.backward()
optimizer.step()
--- read from another format and not run
model = convert("net.onnx")
torch.save(model.state_dict(), "net.pt")
--- read from another format and given away
class Scorer:
    def __init__(self):
        self.model = convert("net.onnx")
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN604", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN604", code, IMPORTS)
