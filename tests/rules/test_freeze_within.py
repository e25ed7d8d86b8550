"""BN251: frozen models that are run as parts of others, or without their head."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, plain

IMPORTS = """
import torch
import torch.nn as nn
import torchvision

"""

TRAIN = """
for epoch in range(10):
    model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
"""

BODY = """
resnet = torchvision.models.resnet18(weights="DEFAULT")
backbone = nn.Sequential(*list(resnet.children())[:-1])
"""

MODEL = """
model = nn.Sequential(backbone, nn.Flatten(), nn.Linear(512, 10))
"""


def frozen(name: str, code: str, owner: str, model: str) -> object:
    return hazard(
        name,
        code + TRAIN,
        f"the weights of '{owner}' and not its statistics",
        kind="warning medium",
        fix=f"unsafe: put the batch normalisation layers of {model} into inference mode here",
    )


HAZARDS = [
    frozen(
        "all but the last part, in a sequence",
        BODY + "for p in «backbone.parameters()»:\n    p.requires_grad = False\n" + MODEL,
        "backbone",
        "model",
    ),
    frozen(
        "the whole, before its parts are taken",
        """
resnet = torchvision.models.resnet18(weights="DEFAULT")
for p in «resnet.parameters()»:
    p.requires_grad = False
modules = list(resnet.children())[:-1]
model = nn.Sequential(*modules, nn.Flatten(), nn.Linear(512, 10))
""",
        "resnet",
        "model",
    ),
    frozen(
        "a whole model in a sequence of sequences",
        """
resnet = torchvision.models.resnet18(weights="DEFAULT")
«resnet.requires_grad_(False)»
body = nn.Sequential(resnet, nn.ReLU())
model = nn.DataParallel(nn.Sequential(body, nn.Linear(1000, 10)))
""",
        "resnet",
        "model",
    ),
    hazard(
        "a class that takes the parts of a model in its constructor",
        """
        class EncoderCNN(nn.Module):
            def __init__(self, embed_size):
                super().__init__()
                resnet = torchvision.models.resnet50(pretrained=True)
                for param in «resnet.parameters()»:
                    param.requires_grad_(False)
                modules = list(resnet.children())[:-1]
                self.resnet = nn.Sequential(*modules)
                self.embed = nn.Linear(resnet.fc.in_features, embed_size)

            def forward(self, images):
                features = self.resnet(images)
                return self.embed(features.view(features.size(0), -1))
        """,
        "the weights of self.resnet and not its statistics",
        kind="warning medium",
        fix="",
    ),
    hazard(
        "a class that freezes the parts that it takes",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                base = torchvision.models.resnet18(weights="DEFAULT")
                self.features = nn.Sequential(*list(base.children())[:-2])
                for p in «self.features.parameters()»:
                    p.requires_grad = False
                self.head = nn.Linear(512, 10)
        """,
        "the weights of self.features and not its statistics",
        kind="warning medium",
        fix="",
    ),
    hazard(
        "a class that freezes a model before it keeps it",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                base = torchvision.models.resnet18(weights="DEFAULT")
                for p in «base.parameters()»:
                    p.requires_grad = False
                self.base = base
                self.head = nn.Linear(1000, 10)
        """,
        "the weights of self.base and not its statistics",
        kind="warning medium",
        fix="",
    ),
]


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN251", expected, IMPORTS)


FROZEN = BODY + "for p in backbone.parameters():\n    p.requires_grad = False\n" + MODEL

CLEAN = """
--- the part is put into inference mode after each train()
for epoch in range(10):
    model.train()
    backbone.eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- the part is put into inference mode by its place
for epoch in range(10):
    model.train()
    model[0].eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- the whole is in inference mode
model.eval()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- the model that the parts are of is in inference mode
resnet.eval()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- nothing is trained
for x, y in loader:
    print(model(x).argmax(1))
--- the frozen part is not in what is trained
model = nn.Sequential(nn.Flatten(), nn.Linear(512, 10))
for x, y in loader:
    with torch.no_grad():
        features = backbone.eval()(x)
    nn.functional.cross_entropy(model(features), y).backward()
--- it is unfrozen later
for p in backbone.parameters():
    p.requires_grad = True
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
--- trained elsewhere, where it may be switched
from engine import train
train(model)
"""


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN251", FROZEN + plain(code), IMPORTS)


OTHERS = """
--- parts without normalisation
vgg = torchvision.models.vgg16(weights="DEFAULT")
model = nn.Sequential(*list(vgg.children())[:-1])
for p in model.parameters():
    p.requires_grad = False
--- the first layer only
resnet = torchvision.models.resnet18(weights="DEFAULT")
model = nn.Sequential(*list(resnet.children())[:1])
for p in model.parameters():
    p.requires_grad = False
--- the head only
resnet = torchvision.models.resnet18(weights="DEFAULT")
model = nn.Sequential(*list(resnet.children())[-1:])
for p in model.parameters():
    p.requires_grad = False
--- parts of what is not known
from models import build
model = nn.Sequential(*list(build().children())[:-1])
for p in model.parameters():
    p.requires_grad = False
"""


@pytest.mark.parametrize("code", cases(OTHERS))
def test_clean_parts(code: str) -> None:
    check_clean("BN251", plain(code) + TRAIN, IMPORTS)


CLASSES = """
--- the class keeps the part in inference mode
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        base = torchvision.models.resnet18(weights="DEFAULT")
        for p in base.parameters():
            p.requires_grad = False
        self.base = nn.Sequential(*list(base.children())[:-1])
        self.head = nn.Linear(512, 10)

    def train(self, mode=True):
        super().train(mode)
        self.base.eval()
--- another model is kept
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        base = torchvision.models.resnet18(weights="DEFAULT")
        for p in base.parameters():
            p.requires_grad = False
        self.base = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.head = nn.Linear(base.fc.in_features, 10)
--- nothing else is trained
class Extractor(nn.Module):
    def __init__(self):
        super().__init__()
        base = torchvision.models.resnet18(weights="DEFAULT")
        for p in base.parameters():
            p.requires_grad = False
        self.base = nn.Sequential(*list(base.children())[:-1])
--- frozen in a method that callers may use with eval()
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        base = torchvision.models.resnet18(weights="DEFAULT")
        self.base = base
        self.head = nn.Linear(1000, 10)

    def freeze(self):
        base = self.base
        for p in base.parameters():
            p.requires_grad = False
"""


@pytest.mark.parametrize("code", cases(CLASSES))
def test_clean_class(code: str) -> None:
    check_clean("BN251", code, IMPORTS)
