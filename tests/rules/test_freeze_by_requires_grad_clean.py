"""BN251: frozen weights that are right, or about which nothing is sure."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean

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

FROZEN = """
model = torchvision.models.resnet18(weights="DEFAULT")
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(512, 10)
"""

CLEAN_SCRIPTS = """
--- layers put into inference mode after train()
def train(loader):
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- layers put into inference mode by apply()
def set_bn_eval(m):
    if m.__class__.__name__.find("BatchNorm") != -1:
        m.eval()

def train(loader):
    model.train()
    model.apply(set_bn_eval)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- parts put into inference mode
def train(loader):
    model.eval()
    model.fc.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- trained in inference mode
model.eval()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- only runs
for x, y in loader:
    print(model(x).argmax(1))
--- the input is optimised
model.eval()
image = torch.rand(1, 3, 32, 32, requires_grad=True)
loss = model(image).sum()
loss.backward()
--- trained elsewhere
from engine import train
train(model)
--- unfrozen later
for p in model.parameters():
    p.requires_grad = True
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- weights of nothing, which are frozen
net = torchvision.models.resnet18(weights=None)
for p in net.parameters():
    p.requires_grad = False
net.fc = nn.Linear(512, 10)
for epoch in range(10):
    net.train()
    for x, y in loader:
        nn.functional.cross_entropy(net(x), y).backward()
--- a flag decides later
def set_grad(flag):
    for p in model.parameters():
        p.requires_grad = flag
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
"""

CLEAN = """
--- no batch normalisation
model = torchvision.models.vgg16(weights="DEFAULT")
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- some weights are left out
model = torchvision.models.resnet18(weights="DEFAULT")
for name, p in model.named_parameters():
    if "bn" not in name:
        p.requires_grad = False
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- some weights are passed over
model = torchvision.models.resnet18(weights="DEFAULT")
for name, p in model.named_parameters():
    if "bn" in name:
        continue
    p.requires_grad = False
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- a layer that never trains normalises
model = torchvision.models.resnet18(norm_layer=torchvision.ops.FrozenBatchNorm2d)
for p in model.parameters():
    p.requires_grad = False
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- discriminator and generator take turns
D, G = Block(), Block()
for x in loader:
    for p in D.parameters():
        p.requires_grad = True
    D(x).mean().backward()
    for p in D.parameters():
        p.requires_grad = False
    D(G(x)).mean().backward()
--- a momentum encoder follows the encoder
class MoCo(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder_q = Block()
        self.encoder_k = Block()
        self.proj = nn.Linear(8, 8)
        for q, k in zip(self.encoder_q.parameters(), self.encoder_k.parameters()):
            k.data.copy_(q.data)
        for p in self.encoder_k.parameters():
            p.requires_grad = False
--- train() overridden
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self
--- overridden in a base class
class Base(nn.Module):
    def train(self, mode=True):
        super().train(mode)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

class Net(Base):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)
--- a base class that is not in view
from mmengine.model import BaseModule

class Net(BaseModule):
    def __init__(self):
        super().__init__()
        self.backbone = Block()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)
--- put into inference mode in forward
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)

    def forward(self, x):
        self.backbone.eval()
        return self.head(self.backbone(x))
--- put into inference mode by whoever trains
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.backbone.requires_grad_(False)
        self.head = nn.Linear(1000, 10)

def train(net, loader):
    net.train()
    net.backbone.eval()
--- nothing else is trained: an extractor of features
class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.inception_v3(weights="DEFAULT")
        self.net.requires_grad_(False)

    def forward(self, x):
        return self.net(x)
--- frozen by a method that callers may use with eval()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        self.head = nn.Linear(1000, 10)

    def freeze(self):
        self.backbone.requires_grad_(False)
--- under a flag that nobody sets
class Net(nn.Module):
    def __init__(self, classes, freeze=False):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        if freeze:
            for p in self.backbone.parameters():
                p.requires_grad = False
        self.head = nn.Linear(1000, classes)

model = Net(10)
--- under a flag that nobody sets, by a method
class Net(nn.Module):
    def __init__(self, classes, mode="full"):
        super().__init__()
        self.backbone = torchvision.models.resnet18()
        if mode == "probe":
            self.freeze()
        self.head = nn.Linear(1000, classes)

    def freeze(self):
        self.backbone.requires_grad_(False)

models = [Net(10), Net(20, mode="full")]
--- a backbone that is given
class Net(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad = False
        self.head = nn.Linear(1000, 10)
--- a tensor
mask = torch.zeros(3)
mask.requires_grad_(False)
mask.requires_grad = False
--- a test of freezing
def test_frozen():
    model = Block()
    model.requires_grad_(False)
    model(torch.rand(2, 3, 8, 8)).sum().backward()
"""


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN251", code, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN_SCRIPTS))
def test_clean_script(code: str) -> None:
    check_clean("BN251", FROZEN + code, IMPORTS)
