"""BN202: loops that switch their model to inference and never back."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch
import torch.nn as nn
import torchvision

"""

SAYS = (
    "is never followed by train() in the loop of line ",
    "from its second pass on, the model is trained in inference mode",
)
FIX = "unsafe: insert model.train() at the head of the loop"
KIND = "warning medium"

HAZARDS = [
    hazard(
        "validation inside the loop over epochs",
        """
        model = torchvision.models.resnet18()
        model.train()
        for epoch in range(10):
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            «model.eval()»
            for x, y in validation:
                print(model(x))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "now and then",
        """
        model = torchvision.models.resnet18()
        for step, (x, y) in enumerate(loader):
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            if step % 100 == 0:
                «model.eval()»
                print(model(x))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "in a function that validates",
        """
        def validate(net, loader):
            «net.eval()»
            with torch.no_grad():
                return [net(x) for x, y in loader]

        def main():
            model = torchvision.models.resnet18()
            for epoch in range(10):
                for x, y in loader:
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                validate(model, validation)
        """,
        "net.eval() (called in line ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "training in a function, and train() before the loop only",
        """
        def train_epoch(net, loader):
            for x, y in loader:
                nn.functional.cross_entropy(net(x), y).backward()
                optimizer.step()

        model = torchvision.models.resnet18().cuda()
        model.train()
        for epoch in range(10):
            train_epoch(model, loader)
            «model.eval()»
            print(model(x))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "by a helper that is told the mode",
        """
        def set_mode(mode, nets):
            for net in nets:
                if mode == "train":
                    net.train()
                elif mode == "eval":
                    «net.eval()»

        model = torchvision.models.resnet18()
        set_mode("train", [model])
        for epoch in range(10):
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            set_mode("eval", [model])
            print(model(x))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "by a helper that hands a flag on",
        """
        def to_mode(net, training):
            «net.train(training)»

        def evaluate(net):
            to_mode(net, training=False)
            with torch.no_grad():
                return net(x)

        model = torchvision.models.resnet18()
        to_mode(model, True)
        for epoch in range(10):
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            print(evaluate(model))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a helper wakes another model",
        """
        def wake(net):
            net.train()

        model = torchvision.models.resnet18()
        other = torchvision.models.resnet18()
        wake(model)
        for epoch in range(10):
            wake(other)
            for x, y in loader:
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            «model.eval()»
            print(model(x))
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
]

CLEAN = """
--- switched back at the head of the loop
model = torchvision.models.resnet18()
for epoch in range(10):
    model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- switched back after validation
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
    model.train()
--- switched back in the function that trains
def train_epoch(net):
    net.train()
    for x, y in loader:
        nn.functional.cross_entropy(net(x), y).backward()

def validate(net):
    net.eval()
    return net(x)

model = torchvision.models.resnet18()
for epoch in range(10):
    train_epoch(model)
    validate(model)
--- the mode is restored
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    was_training = model.training
    model.eval()
    print(model(x))
    model.train(was_training)
--- the mode is restored by a helper
from contextlib import contextmanager

@contextmanager
def evaluating(net):
    was_training = net.training
    net.eval()
    yield
    net.train(was_training)

model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    with evaluating(model):
        print(model(x))
--- one loop over both phases
model = torchvision.models.resnet18()
for phase in phases:
    if phase == "train":
        model.train()
    else:
        model.eval()
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        if phase == "train":
            loss.backward()
--- frozen on purpose, before each pass
model = torchvision.models.resnet18()
for epoch in range(10):
    model.eval()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
--- frozen on purpose, before the loop
model = torchvision.models.resnet18()
model.eval()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- on the way out of the loop
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    if epoch == 9:
        model.eval()
        print(model(x))
        break
--- after the loop
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
model.eval()
print(model(x))
--- a model of its own for each fold
for fold in range(5):
    model = torchvision.models.resnet18()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- made by a function for each fold
def build():
    model = torchvision.models.resnet18()
    return model

for fold in range(5):
    model = build()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- nothing is trained
model = torchvision.models.resnet18()
for x, y in loader:
    model.eval()
    print(model(x))
--- parts are switched back
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
    model.fc.train()
--- no batch normalisation
model = torchvision.models.vgg16()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- a class without batch normalisation in a file that has some
class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 8)
    def forward(self, x):
        return self.fc(x)
other = nn.Sequential(nn.BatchNorm2d(8))
model = Plain()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    print(model(x))
--- validated elsewhere: it may be switched back there
from engine import validate
model = torchvision.models.resnet18()
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    model.eval()
    validate(model)
--- a helper that is told the mode switches back
def set_mode(mode, nets):
    for net in nets:
        if mode == "train":
            net.train()
        else:
            net.eval()

model = torchvision.models.resnet18()
for epoch in range(10):
    set_mode("train", [model])
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    set_mode("eval", [model])
    print(model(x))
--- a helper is told a mode that is not known
def set_mode(mode, net):
    if mode == "train":
        net.train()
    else:
        net.eval()

model = torchvision.models.resnet18()
for epoch in range(10):
    for phase in phases:
        set_mode(phase, model)
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            if phase == "train":
                loss.backward()
--- a helper with a flag that is true by default
def to_mode(net, training=True):
    net.train(training)

model = torchvision.models.resnet18()
for epoch in range(10):
    to_mode(model)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    to_mode(model, False)
    print(model(x))
--- a helper with a flag that is computed
def to_mode(net, training):
    net.train(training)

model = torchvision.models.resnet18()
for epoch in range(10):
    to_mode(model, epoch < 5)
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    to_mode(model, False)
    print(model(x))
--- one function for both, by whether it is given an optimizer
def run(net, loader, optimizer=None):
    if optimizer is None:
        net.eval()
    else:
        net.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        if optimizer is not None:
            loss.backward()
            optimizer.step()

model = torchvision.models.resnet18()
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for epoch in range(10):
    run(model, training, optimizer)
    run(model, validation)
--- the helper is told to switch this model before the loop, and another one in it
def set_mode(mode, net):
    if mode == "train":
        net.train()
    else:
        net.eval()

model = torchvision.models.resnet18()
teacher = torchvision.models.resnet18()
set_mode("train", model)
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    set_mode("eval", teacher)
    print(teacher(x))
--- the helper put it into inference mode on purpose, before the loop
def set_mode(mode, net):
    if mode == "train":
        net.train()
    else:
        net.eval()

model = torchvision.models.resnet18()
set_mode("eval", model)
for epoch in range(10):
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
    set_mode("eval", model)
    print(model(x))
--- a unit test of what goes wrong
def test_training_goes_on_in_inference_mode():
    model = torchvision.models.resnet18()
    model.train()
    for epoch in range(10):
        for x, y in loader:
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        model.eval()
        for x, y in validation:
            print(model(x))
--- a unit test
def test_modes():
    model = torchvision.models.resnet18()
    for _ in range(2):
        model(x).sum().backward()
        model.eval()
        assert not model.training
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN202", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN202", code, IMPORTS)
