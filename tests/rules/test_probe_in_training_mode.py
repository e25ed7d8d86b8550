"""BN209: runs on made-up inputs in constructors, in training mode."""

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
