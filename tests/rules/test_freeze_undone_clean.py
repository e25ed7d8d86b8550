"""BN252: freezes that hold, and freezes of which nothing is sure."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean

IMPORTS = """
import torch
import torch.nn as nn
import torchvision


def freeze_bn(m):
    if isinstance(m, nn.BatchNorm2d):
        m.eval()


"""

CLEAN = """
--- by a helper, after train() in each epoch
def freeze(net):
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()

def main(loader):
    model = torchvision.models.resnet18()
    for epoch in range(10):
        model.train()
        freeze(model)
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
--- by a helper that is called again after train()
def freeze(net):
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()

def main(loader):
    model = torchvision.models.resnet18()
    freeze(model)
    for epoch in range(10):
        model.train()
        freeze(model)
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
--- by a helper, on one of two ways
def freeze(net):
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()

def main(loader, frozen):
    model = torchvision.models.resnet18()
    if frozen:
        freeze(model)
    else:
        model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- in each epoch, before one that only counts
def freeze(net):
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()

def count(model, loader):
    model.train()
    print(len(loader))

def main(loader):
    model = torchvision.models.resnet18()
    for _ in range(10):
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
        freeze(model)
        count(model, loader)
--- after train(), in each epoch
model = torchvision.models.resnet18()
for epoch in range(10):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- before the epochs, and after train() in each of them
model = torchvision.models.resnet18()
model.apply(freeze_bn)
for epoch in range(10):
    model.train()
    model.apply(freeze_bn)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- after a train() before the epochs
model = torchvision.models.resnet18()
model.train()
model.apply(freeze_bn)
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- at the end of an epoch and again at its start
model = torchvision.models.resnet18()
for epoch in range(10):
    model.train()
    model.layer1.eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
--- only one of the two runs
model = torchvision.models.resnet18()
if args.freeze:
    model.apply(freeze_bn)
else:
    model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- the whole model, for validation
model = torchvision.models.resnet18()
for epoch in range(10):
    model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- other layers
model = torchvision.models.resnet18()
for m in model.modules():
    if isinstance(m, nn.Dropout):
        m.eval()
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- a part without batch normalisation
model = torchvision.models.resnet18()
model.fc.eval()
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- nothing is trained after it
model = torchvision.models.resnet18()
model.apply(freeze_bn)
model.train()
print(model(x))
--- a function that weights are drawn by
def init(m):
    if isinstance(m, nn.BatchNorm2d):
        nn.init.ones_(m.weight)

model = torchvision.models.resnet18()
model.apply(init)
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- trained elsewhere
from engine import fit
model = torchvision.models.resnet18()
model.apply(freeze_bn)
fit(model)
--- frozen by its parameter's owner
def train(model, loader):
    model.apply(freeze_bn)
    model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- a train() that freezes again
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18()
        self.net.fc = nn.Linear(512, 10)
        self.freeze_bn()

    def train(self, mode=True):
        super().train(mode)
        self.freeze_bn()

    def freeze_bn(self):
        for m in self.net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

model = Net()
model.freeze_bn()
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- a train() that leaves a part alone
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.eval()
        self.head = nn.Linear(1000, 10)

    def train(self, mode=True):
        self.training = mode
        self.head.train(mode)
        return self
--- norm_eval, the way detectors do it
class Backbone(nn.Module):
    def __init__(self, norm_eval=True):
        super().__init__()
        self.norm_eval = norm_eval
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self._freeze_stages()

    def _freeze_stages(self):
        self.bn.eval()
        for p in self.bn.parameters():
            p.requires_grad = False

    def train(self, mode=True):
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()
--- a base class that is not in view
from mmengine.model import BaseModule

class Net(BaseModule):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)
        self.backbone.eval()
--- a trainer that leaves modes alone
import lightning

class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)
        self.backbone.eval()
--- put into inference mode in forward too
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)
        self.backbone.eval()

    def forward(self, x):
        self.backbone.eval()
        return self.head(self.backbone(x))
--- called by whoever trains, too
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.freeze_bn()

    def freeze_bn(self):
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

def train(net, loader):
    net.train()
    net.freeze_bn()
--- nothing else has weights: a wrapper that only infers
class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18()
        self.net.eval()

    def forward(self, x):
        return self.net(x)
--- a part without batch normalisation of a class
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.vgg = torchvision.models.vgg16()
        self.head = nn.Linear(1000, 10)
        self.vgg.eval()
--- switched back at once
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.eval()
        width = self.backbone(torch.zeros(1, 3, 32, 32)).shape[1]
        self.backbone.train()
        self.head = nn.Linear(width, 10)
--- handed to code that may freeze it again
from trainer import prepare

def main(loader):
    model = torchvision.models.resnet18()
    model.apply(freeze_bn)
    model.train()
    prepare(model)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- the builtin function
class Net(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.act = eval(act)
        self.head = nn.Linear(1000, 10)
--- the whole object
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.eval()
--- under a flag that nobody sets
class Net(nn.Module):
    def __init__(self, classes, freeze_bn=False):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, classes)
        if freeze_bn:
            self._freeze_bn()

    def _freeze_bn(self):
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

def small():
    return Net(10, freeze_bn=False)

def large():
    return Net(1000)
--- under a flag that says otherwise
class Net(nn.Module):
    def __init__(self, fine_tune):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)
        if not fine_tune:
            self.backbone.eval()

model = Net(fine_tune=True)
--- no module: somebody's own eval()
class Trainer:
    def __init__(self):
        self.model = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)
        self.model.eval()
"""


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN252", code, IMPORTS)
