"""BN252: layers that are frozen in inference mode, and woken by the next train()."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_hazard, hazard

IMPORTS = """
import torch
import torch.nn as nn
import torchvision

"""

TRAIN = """
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

SAYS = ("is undone by model.train() (line ", "puts every layer into training mode again")
CLASS = ("in the constructor lasts until the first train() of the whole model",)
FIX = "unsafe: freeze again here"
WRITE = "unsafe: write a train() that freezes the part again"
KIND = "error medium"

HAZARDS = [
    hazard(
        "by a helper, before the epochs",
        """
        def freeze(net):
            for m in net.modules():
                if isinstance(m, nn.BatchNorm2d):
                    «m.eval()»

        def main(loader):
            model = torchvision.models.resnet18()
            freeze(model)
            for epoch in range(10):
                model.train()
                for x, y in loader:
                    nn.functional.cross_entropy(model(x), y).backward()
        """,
        *SAYS,
        kind=KIND,
        fix="",
    ),
    hazard(
        "by a helper in each epoch, before one that trains",
        """
        def freeze(net):
            for m in net.modules():
                if isinstance(m, nn.BatchNorm2d):
                    «m.eval()»

        def epoch(model, loader):
            model.train()
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()

        def main(loader):
            model = torchvision.models.resnet18()
            for _ in range(10):
                freeze(model)
                epoch(model, loader)
        """,
        *SAYS,
        kind=KIND,
        fix="",
    ),
    hazard(
        "a loop over the layers, before the epochs",
        """
        model = torchvision.models.resnet18()
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                «m.eval()»
        for epoch in range(10):
            model.train()
        """
        + TRAIN.replace("\n", "\n        "),
        "m.eval() ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a loop over the named layers, by the name of the class",
        """
        model = torchvision.models.resnet18()
        for name, m in model.named_modules():
            if "BatchNorm" in type(m).__name__:
                «m.eval()»
        model.train()
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a function given to apply",
        """
        def freeze_bn(m):
            if m.__class__.__name__.find("BatchNorm") != -1:
                m.eval()

        model = torchvision.models.resnet18()
        «model.apply(freeze_bn)»
        for epoch in range(10):
            model.train()
        """
        + TRAIN.replace("\n", "\n        "),
        "model.apply(freeze_bn) ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a part of a ready-made model",
        """
        model = torchvision.models.resnet18()
        «model.layer1.eval()»
        model.train()
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a method of the model's own",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn = nn.BatchNorm2d(8)

            def freeze_bn(self):
                for m in self.modules():
                    if isinstance(m, nn.BatchNorm2d):
                        m.eval()

            def forward(self, x):
                return self.bn(self.conv(x))

        model = Net().cuda()
        «model.freeze_bn()»
        for epoch in range(10):
            model.train()
        """
        + TRAIN.replace("\n", "\n        "),
        "model.freeze_bn() ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "train() in a function that is called later",
        """
        def train(net, loader, optimizer):
            net.train()
            for x, y in loader:
                nn.functional.cross_entropy(net(x), y).backward()
                optimizer.step()

        def main():
            model = torchvision.models.resnet18()
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    «m.eval()»
            for epoch in range(10):
                train(model, loader, optimizer)
        """,
        "m.eval() is undone by net.train()",
        kind=KIND,
        fix="",
    ),
    hazard(
        "a part of a class, in its constructor",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.backbone = torchvision.models.resnet18()
                self.head = nn.Linear(1000, 10)
                «self.backbone.eval()»

            def forward(self, x):
                return self.head(self.backbone(x))
        """,
        "self.backbone.eval() ",
        *CLASS,
        kind=KIND,
        fix=WRITE,
    ),
    hazard(
        "layers of a class, by a method that only the constructor calls",
        """
        class Net(nn.Module):
            def __init__(self, freeze_bn=False):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn = nn.BatchNorm2d(8)
                if freeze_bn:
                    self._freeze_bn()

            def _freeze_bn(self):
                for m in self.modules():
                    if isinstance(m, nn.BatchNorm2d):
                        «m.eval()»

            def forward(self, x):
                return self.bn(self.conv(x))
        """,
        *CLASS,
        kind=KIND,
        fix="",
    ),
]


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN252", expected, IMPORTS)
