"""BN251: a part of a model that a method of its own freezes, where a script calls that."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch
import torch.nn as nn
import torchvision

"""

TRAIN = """
net = Net()
net.freeze()
optimizer = torch.optim.SGD(net.parameters(), 0.01)

def train(loader):
    net.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

BEGIN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18(weights="DEFAULT")
        self.head = nn.Linear(1000, 10)

    def forward(self, x):
        return self.head(self.backbone(x))
"""


def script(method: str, after: str = TRAIN) -> str:
    """Return a script whose class has ``method``, indented as a hazard is."""
    return (BEGIN + method + "\n" + after).replace("\n", "\n        ")


HAZARDS = [
    hazard(
        "a loop over the weights of a ready-made part",
        script(
            """
    def freeze(self):
        for p in «self.backbone.parameters()»:
            p.requires_grad = False
"""
        ),
        "the weights of self.backbone and not its statistics",
        kind="error medium",
        fix="unsafe: put the batch normalisation layers of net into inference mode here",
    ),
    hazard(
        "some of its layers are trained again",
        script(
            """
    def freeze(self):
        for p in «self.backbone.parameters()»:
            p.requires_grad = False
        for p in self.backbone.layer4.parameters():
            p.requires_grad = True
"""
        ),
        kind="error medium",
        fix="unsafe: put the batch normalisation layers of net into inference mode here",
    ),
    hazard(
        "only where the configuration asks for it",
        script(
            """
    def freeze(self):
        «self.backbone.requires_grad_(False)»
""",
            TRAIN.replace("net.freeze()", "if config['freeze']:\n    net.freeze()"),
        ),
        "requires_grad_ freezes",
        kind="error medium",
        fix="unsafe: put the batch normalisation layers of net into inference mode here",
    ),
]


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN251", expected, IMPORTS)


CLEAN = """
--- it freezes only if it is told to
    def freeze(self, on=True):
        for p in self.backbone.parameters():
            p.requires_grad = not on
--- it freezes in one of two branches
    def freeze(self, how="head"):
        if how == "head":
            for p in self.backbone.parameters():
                p.requires_grad = False
--- it returns before it freezes
    def freeze(self, how="all"):
        if how == "all":
            return
        for p in self.backbone.parameters():
            p.requires_grad = False
--- the part has no batch normalisation
    def freeze(self):
        for p in self.head.parameters():
            p.requires_grad = False
--- another method trains the part again
    def freeze(self):
        self.backbone.requires_grad_(False)

    def thaw(self):
        self.backbone.requires_grad_(True)
--- it puts the part into inference mode as well
    def freeze(self):
        self.backbone.requires_grad_(False)
        self.backbone.eval()
--- the class keeps the part in inference mode
    def freeze(self):
        self.backbone.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self
--- what it freezes is not known
    def freeze(self):
        for part in self.chosen():
            for p in part.parameters():
                p.requires_grad = False
"""

FREEZE = """
    def freeze(self):
        for p in self.backbone.parameters():
            p.requires_grad = False

    def thaw(self):
        for p in self.parameters():
            p.requires_grad = True
"""

CLEAN_SCRIPTS = """
--- nothing calls it
optimizer = torch.optim.SGD(net.parameters(), 0.01)
net.train()
nn.functional.cross_entropy(net(x), y).backward()
--- all is trained again after some epochs
net.freeze()
net.train()
for epoch in range(20):
    if epoch == 5:
        net.thaw()
    nn.functional.cross_entropy(net(x), y).backward()
--- the script trains all weights again
net.freeze()
net.train()
nn.functional.cross_entropy(net(x), y).backward()
for p in net.parameters():
    p.requires_grad = True
--- the part is put into inference mode after train()
net.freeze()
net.train()
net.backbone.eval()
nn.functional.cross_entropy(net(x), y).backward()
--- its layers are put into inference mode by a function
net.freeze()
net.train()
stop_statistics(net)
nn.functional.cross_entropy(net(x), y).backward()
--- nothing is trained
net.freeze()
net.eval()
print(net(x))
--- it is frozen after it was trained
net.train()
nn.functional.cross_entropy(net(x), y).backward()
net.freeze()
--- a copy that follows another model
momentum_net = Net()
momentum_net.freeze()
momentum_net.train()
nn.functional.cross_entropy(momentum_net(x), y).backward()
"""


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN251", BEGIN + code + "\n" + TRAIN, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN_SCRIPTS))
def test_clean_script(code: str) -> None:
    check_clean("BN251", BEGIN + FREEZE + "\n\nnet = Net()\n" + code, IMPORTS)
