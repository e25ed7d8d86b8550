"""BN251: weights that are frozen, or left out, by their names."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, plain

IMPORTS = """
import torch
import torch.nn as nn
import torchvision


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))

    def forward(self, x):
        return self.head(self.norm(self.stem(x)).mean((2, 3)))


"""

TRAIN = """
model.train()
for x, y in loader:
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
"""

RESNET = 'model = torchvision.models.resnet18(weights="DEFAULT")\n'


def named(name: str, code: str, model: str = RESNET) -> object:
    return hazard(
        name,
        model + plain(code) + TRAIN,
        "requires_grad",
        " of 'model' and not its statistics",
        kind="warning medium",
        fix="unsafe: put the batch normalisation layers of model into inference mode here",
    )


HAZARDS = [
    named(
        "all but the head, after all were set to train",
        """
        for name, p in «model.named_parameters()»:
            p.requires_grad = True
            if "fc" not in name:
                p.requires_grad = False
        """,
    ),
    named(
        "either way, by the beginning of the name",
        """
        for name, p in «model.named_parameters()»:
            if name.startswith("fc."):
                p.requires_grad = True
            else:
                p.requires_grad = False
        """,
    ),
    named(
        "the head is passed over",
        """
        for name, p in «model.named_parameters()»:
            if name in ("fc.weight", "fc.bias"):
                continue
            p.requires_grad_(False)
        """,
    ),
    named(
        "the last stage and the head train on",
        """
        for name, p in «model.named_parameters()»:
            if not ("layer4" in name or "fc" in name):
                p.requires_grad = False
        """,
    ),
    named(
        "a list of parts to freeze",
        """
        freeze = ["conv1.", "layer1.", "layer2."]
        for k, v in «model.named_parameters()»:
            if any(x in k for x in freeze):
                v.requires_grad = False
        """,
    ),
    named(
        "by the first part of the name",
        """
        for k, v in «model.named_parameters()»:
            if k.split(".")[0] not in ["layer4", "fc"]:
                v.requires_grad = False
        """,
    ),
    named(
        "all, and then the head by its name not",
        """
        for p in «model.parameters()»:
            p.requires_grad = False
        for name, p in model.named_parameters():
            if "fc" in name:
                p.requires_grad = True
        """,
    ),
    named(
        "part by part",
        """
        for name, child in «model.named_children()»:
            if name in ["layer4", "fc"]:
                for p in child.parameters():
                    p.requires_grad = True
            else:
                for p in child.parameters():
                    p.requires_grad = False
        """,
    ),
    named(
        "a class of the file, of which one part has its statistics frozen",
        """
        for name, p in «model.named_parameters()»:
            if "head" not in name:
                p.requires_grad = False
        """,
        "model = Net()\n",
    ),
    named(
        "one part of a class of the file",
        """
        for name, p in «model.named_parameters()»:
            if name.startswith("stem"):
                p.requires_grad = False
        """,
        "model = Net()\n",
    ),
]


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN251", expected, IMPORTS)


CLEAN = """
--- batch normalisation is what trains
for name, p in model.named_parameters():
    if "bn" not in name and "fc" not in name:
        p.requires_grad = False
--- batch normalisation is passed over
for name, p in model.named_parameters():
    if "bn" in name:
        continue
    p.requires_grad = False
--- only the head is frozen
for name, p in model.named_parameters():
    if "fc" in name:
        p.requires_grad = False
--- only convolutions are frozen
for name, p in model.named_parameters():
    if "conv" in name:
        p.requires_grad = False
--- only biases train
for name, p in model.named_parameters():
    if not name.endswith("bias"):
        p.requires_grad = False
--- a list that is not in view
for name, p in model.named_parameters():
    if any(x in name for x in args.freeze):
        p.requires_grad = False
--- an empty list: nothing is frozen
freeze = []
for name, p in model.named_parameters():
    if any(x in name for x in freeze):
        p.requires_grad = False
--- by number
for i, p in enumerate(model.parameters()):
    if i < 30:
        p.requires_grad = False
--- by shape
for name, p in model.named_parameters():
    if p.dim() > 1:
        p.requires_grad = False
--- up to a certain weight
for name, p in model.named_parameters():
    if name == "layer4.0.conv1.weight":
        break
    p.requires_grad = False
--- all train in the end
for name, p in model.named_parameters():
    if "fc" not in name:
        p.requires_grad = False
for p in model.parameters():
    p.requires_grad = True
--- the body is woken by name later
for name, p in model.named_parameters():
    if "fc" not in name:
        p.requires_grad = False
for name, p in model.named_parameters():
    if "layer" in name or "bn" in name:
        p.requires_grad = True
--- a function wakes them
for name, p in model.named_parameters():
    if "fc" not in name:
        p.requires_grad = False

def unfreeze():
    for name, p in model.named_parameters():
        p.requires_grad = True
--- a flag decides
for name, p in model.named_parameters():
    if "fc" not in name:
        p.requires_grad = tune
--- the tests ask for different things
for name, p in model.named_parameters():
    if "fc" not in name and p.numel() > 1000:
        p.requires_grad = False
--- part by part, counted
count = 0
for child in model.children():
    count += 1
    if count < 7:
        for p in child.parameters():
            p.requires_grad = False
--- parts without normalisation
for name, child in model.named_children():
    if name in ["conv1", "fc"]:
        for p in child.parameters():
            p.requires_grad = False
"""


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN251", RESNET + plain(code) + TRAIN, IMPORTS)


OWN = """
--- the part with the layer trains
for name, p in model.named_parameters():
    if name.split(".")[0] in ("stem", "norm", "head"):
        continue
    p.requires_grad = False
--- the layers themselves train
for name, p in model.named_parameters():
    if name not in ("norm.weight", "norm.bias") and "1." not in name:
        p.requires_grad = False
--- a part that is not there
for name, p in model.named_parameters():
    if name.startswith("encoder"):
        p.requires_grad = False
"""


@pytest.mark.parametrize("code", cases(OWN))
def test_clean_class_of_the_file(code: str) -> None:
    check_clean("BN251", "model = Net()\n" + plain(code) + TRAIN, IMPORTS)
