"""BN209: runs on made-up inputs in training mode, in constructors and of models that are ready."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch
import torch.nn as nn
import torchvision


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x))


"""

SAYS = ("is run on a made-up input in training mode", "with gradients off too")
FIX = "unsafe: insert self.features.eval() before and self.features.train() after it"
KIND = "warning medium"

HAZARDS = [
    hazard(
        "twice in a constructor",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = torchvision.models.resnet18(weights="DEFAULT")
                out = «self.features(torch.zeros(1, 3, 224, 224))»
                other = self.features(torch.zeros(1, 3, 96, 96))
                self.head = nn.Linear(out.shape[1] + other.shape[1], 10)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "zeros, without gradients",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = torchvision.models.resnet18(weights="DEFAULT")
                with torch.no_grad():
                    out = «self.features(torch.zeros(1, 3, 224, 224))»
                self.head = nn.Linear(out.shape[1], 10)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a variable, with a class of the file",
        """
        class Net(nn.Module):
            def __init__(self, size=32):
                super().__init__()
                self.features = Block()
                self.features.load_state_dict(torch.load("w.pt"))
                dummy = torch.randn(2, 3, size, size)
                out = «self.features(dummy)»
                self.head = nn.Linear(out.flatten(1).shape[1], 10)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "in an expression",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
                self.features.load_state_dict(torch.load("w.pt"))
                self.width = «self.features(torch.rand(1, 3, 32, 32).float())».numel()
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a variable of the constructor",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                net = torchvision.models.resnet18(pretrained=True)
                y = «net(torch.ones(1, 3, 64, 64))»
                self.net = net
        """,
        *SAYS,
        kind=KIND,
        fix="unsafe: insert net.eval() before and net.train() after it",
    ),
    hazard(
        "warmed up, switched, and run on images",
        """
        model = Block()
        model.load_state_dict(torch.load("w.pt"))
        dummy = torch.randn(1, 3, 224, 224).to("cuda")
        for _ in range(10):
            «model(dummy)»
        model.eval()
        for image in images:
            print(model(image).argmax(1))
        """,
        *SAYS,
        "which came with its weights",
        kind=KIND,
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "asked for its width before it extracts features",
        """
        net = torchvision.models.resnet18(weights="DEFAULT")
        width = «net(torch.zeros(1, 3, 224, 224))».shape[1]
        net.eval()
        features = [net(image) for image in images]
        """,
        *SAYS,
        kind=KIND,
        fix="unsafe: insert net.eval()",
    ),
    hazard(
        "saved after a look at its output",
        """
        def main():
            model = torchvision.models.resnet50(pretrained=True)
            y = «model(torch.rand(2, 3, 64, 64))»
            print(y.shape)
            torch.save(model.state_dict(), "copy.pt")


        main()
        """,
        *SAYS,
        kind=KIND,
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "a helper loads it, warms it up and then switches it",
        """
        def load(path):
            model = Block()
            model.load_state_dict(torch.load(path))
            «model(torch.zeros(1, 3, 32, 32))»
            model.eval()
            return model


        def serve(app):
            return app(load("w.pt"))
        """,
        *SAYS,
        kind=KIND,
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "switched by a function that nothing calls before the run",
        """
        model = Block()
        model.load_state_dict(torch.load("w.pt"))


        def predict(image):
            model.eval()
            return model(image)


        «model(torch.zeros(1, 3, 32, 32))»
        print(predict(image))
        """,
        *SAYS,
        kind=KIND,
        fix="unsafe: insert model.eval()",
    ),
]

CLEAN = """
--- switched before
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block()
        self.features.eval()
        out = self.features(torch.zeros(1, 3, 32, 32))
        self.features.train()
--- the whole switched before
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block()
        self.eval()
        out = self.features(torch.zeros(1, 3, 32, 32))
        self.train()
--- the mode saved and restored
class Net(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.features = Block()
        training = self.features.training
        if training:
            self.features.eval()
        out = self.features(torch.zeros(1, 3, 32, 32))
        self.features.train(training)
--- no batch normalisation
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 8, 3)
        out = self.features(torch.zeros(1, 3, 32, 32))
--- a model that is given
class Net(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.features = features
        out = self.features(torch.zeros(1, 3, 32, 32))
--- no values
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block()
        out = self.features(torch.zeros(1, 3, 32, 32, device="meta"))
--- a real input
class Net(nn.Module):
    def __init__(self, sample):
        super().__init__()
        self.features = Block()
        out = self.features(sample)
--- made up in one of two branches
class Net(nn.Module):
    def __init__(self, sample=None):
        super().__init__()
        self.features = Block()
        if sample is None:
            x = torch.zeros(1, 3, 32, 32)
        else:
            x = sample
        out = self.features(x)
--- in forward
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block()

    def forward(self, x):
        return self.features(torch.zeros_like(x))
--- a layer that never trains
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torchvision.ops.FrozenBatchNorm2d(3)
        out = self.norm(torch.zeros(1, 3, 32, 32))
--- lazy layers
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d())
        self.net.load_state_dict(torch.load("w.pt"))
        self.net(torch.zeros(1, 3, 32, 32))
--- nothing is learned yet: not shown unless low confidence is asked for
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = Block()
        out = self.features(torch.zeros(1, 3, 32, 32))
--- a ready-made model without weights
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torchvision.models.resnet18(weights=None)
        out = self.features(torch.zeros(1, 3, 32, 32))
--- a class that is no model
class Benchmark:
    def __init__(self):
        self.net = Block()
        self.net(torch.zeros(1, 3, 32, 32))
--- a script: switched before it is warmed up
model = Block()
model.load_state_dict(torch.load("w.pt"))
model.eval()
model(torch.zeros(1, 3, 32, 32))
torch.save(model, "m.pt")
--- a script: switched by a helper before it is warmed up
def ready(model):
    model.eval()


model = Block()
model.load_state_dict(torch.load("w.pt"))
ready(model)
model(torch.zeros(1, 3, 32, 32))
print(model(image).argmax(1))
--- a script: switched by a function that runs first, though it stands further down
def main():
    predict(first)
    model(torch.zeros(1, 3, 32, 32))
    predict(second)


def predict(image):
    model.eval()
    return model(image)


model = Block()
model.load_state_dict(torch.load("w.pt"))
main()
--- a script: the weights are loaded after the run
model = Block()
model(torch.zeros(1, 3, 32, 32))
model.load_state_dict(torch.load("w.pt"))
model.eval()
print(model(image).argmax(1))
--- a script: only tried out
model = torchvision.models.resnet18(weights="DEFAULT")
y = model(torch.randn(1, 3, 224, 224))
print(y.shape)
--- a script: only timed
model = torchvision.models.resnet18(weights="DEFAULT")
dummy_input = torch.randn(1, 3, 224, 224)
model(dummy_input)
model.eval()
for _ in range(100):
    model(dummy_input)
--- a script: trained on after the run
model = torchvision.models.resnet18(weights="DEFAULT")
print(model(torch.randn(2, 3, 64, 64)).shape)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for x, y in loader:
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "w.pt")
--- a script: nothing is learned yet
model = Block()
model(torch.zeros(1, 3, 32, 32))
torch.save(model.state_dict(), "initial.pt")
--- a script: handed on without being switched, maybe to be trained
def build():
    model = torchvision.models.resnet18(weights="DEFAULT")
    print(model(torch.zeros(1, 3, 64, 64)).shape)
    return model
--- a script: handed on before the run
model = torchvision.models.resnet18(weights="DEFAULT")
prepare(model)
model(torch.zeros(1, 3, 64, 64))
torch.save(model, "m.pt")
--- a script: what is zeros at first holds an image
model = torchvision.models.resnet18(weights="DEFAULT")
batch = torch.zeros(1, 3, 64, 64)
batch[0] = image
features = model(batch)
torch.save(model, "m.pt")
--- a script: images are made of noise
netG = Block()
netG.load_state_dict(torch.load("g.pt"))
fake = netG(torch.randn(64, 100, 1, 1))
torch.save(netG, "g.pt")
--- a script: lazy layers
model = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d())
model.load_state_dict(torch.load("w.pt"))
model(torch.zeros(1, 3, 32, 32))
torch.save(model, "m.pt")
--- a constructor in a unit test
def test_width():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = Block()
            out = self.features(torch.zeros(1, 3, 32, 32))
--- a script: no batch normalisation
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
model.load_state_dict(torch.load("w.pt"))
model(torch.zeros(1, 3, 32, 32))
torch.save(model, "m.pt")
--- a script: a unit test
def test_saved():
    model = torchvision.models.resnet18(weights="DEFAULT")
    model(torch.zeros(1, 3, 64, 64))
    torch.save(model, "m.pt")
    assert True
--- a test
class TestBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Block()
        self.net(torch.zeros(1, 3, 32, 32))
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN209", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN209", code, IMPORTS)
