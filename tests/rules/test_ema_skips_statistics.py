"""BN405: averages of weights beside statistics that stay behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, run

IMPORTS = """
import copy
import torch
import torch.nn as nn
import torchvision

"""

FIX = "unsafe: copy the buffers too"

HAZARDS = [
    hazard(
        "an average that infers from its birth",
        """
        class Trainer:
            def __init__(self):
                self.model = torchvision.models.resnet18()
                self.ema = copy.deepcopy(self.model)
                self.ema.eval()

            def update(self, d):
                for e, p in «zip(self.ema.parameters(), self.model.parameters())»:
                    e.data.mul_(d).add_((1 - d) * p.data)
        """,
        "mixes the parameters of self.model into self.ema",
        "line 10 has it infer",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "cells of MindSpore, whose models give no buffers",
        """
        from mindspore import nn

        class Net(nn.Cell):
            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm1d(8)

            def construct(self, x):
                return self.bn(x)

        net = Net()
        mean_net = Net()
        mean_net.set_train(False)

        def update(d):
            for e, p in «zip(mean_net.trainable_params(), net.trainable_params())»:
                e.set_data(d * e + (1 - d) * p)
        """,
        "mixes the parameters of net into mean_net",
        kind="warning medium",
        fix="",
    ),
    hazard(
        "a soft update through a helper",
        """
        def soft_update(local, target, tau):
            for t, l in «zip(target.parameters(), local.parameters())»:
                t.data.copy_(tau * l.data + (1.0 - tau) * t.data)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm1d(8)

            def forward(self, x):
                return self.bn(x)

        class Agent:
            def __init__(self):
                self.local = Net()
                self.target = Net()
                self.target.eval()

            def learn(self):
                soft_update(self.local, self.target, 0.01)
        """,
        "into target (self.target)",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "an average that a function evaluates",
        """
        def evaluate(net, loader):
            net.eval()
            for x in loader:
                net(x)

        model = torchvision.models.resnet18()
        ema = torchvision.models.resnet18()
        for batch in range(9):
            for (n, e), (m, p) in «zip(ema.named_parameters(), model.named_parameters())»:
                e.data.lerp_(p.data, 0.01)
        evaluate(ema, [])
        """,
        "line 7 has it infer",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "written into the data",
        """
        model = torchvision.models.resnet18()
        ema = copy.deepcopy(model).eval()
        ema.eval()

        def update(d):
            for e, p in «zip(ema.parameters(), model.parameters())»:
                e.data = d * e.data + (1 - d) * p.data
        """,
        "mixes the parameters of model into ema",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "through dictionaries of weights, key by key",
        """
        def accumulate(average, current, decay=0.999):
            theirs = dict(average.named_parameters())
            mine = dict(current.named_parameters())
            for k in «theirs.keys()»:
                theirs[k].data.mul_(decay).add_(mine[k].data, alpha=1 - decay)

        net = torchvision.models.resnet18()
        mean_net = torchvision.models.resnet18()
        accumulate(mean_net, net)
        mean_net.eval()
        """,
        "mixes the parameters of current into average (mean_net)",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "through the items of a dictionary",
        """
        from collections import OrderedDict

        net = torchvision.models.resnet18()
        ema = torchvision.models.resnet18()
        ema.eval()

        def update(decay):
            averages = OrderedDict(ema.named_parameters())
            weights = OrderedDict(net.named_parameters())
            for name, weight in «weights.items()»:
                averages[name].mul_(decay).add_(weight.data, alpha=1 - decay)
        """,
        "mixes the parameters of net into ema",
        kind="warning medium",
        fix=FIX,
    ),
]

CLEAN = cases("""
--- dictionaries of all that a model has
net = torchvision.models.resnet18()
ema = torchvision.models.resnet18()
ema.eval()

def update(decay):
    averages = dict(ema.state_dict())
    weights = dict(net.state_dict())
    for name, weight in weights.items():
        averages[name].mul_(decay).add_(weight.data, alpha=1 - decay)
--- dictionaries of weights, and buffers beside them
net = torchvision.models.resnet18()
ema = torchvision.models.resnet18()
ema.eval()

def update(decay):
    averages = dict(ema.named_parameters())
    weights = dict(net.named_parameters())
    for name in averages:
        averages[name].mul_(decay).add_(weights[name].data, alpha=1 - decay)
    for there, here in zip(ema.buffers(), net.buffers()):
        there.copy_(here)
--- dictionaries that are compared, and moved nowhere
net = torchvision.models.resnet18()
ema = torchvision.models.resnet18()
ema.eval()

def distance():
    averages = dict(ema.named_parameters())
    weights = dict(net.named_parameters())
    total = 0.0
    for name in averages:
        total += (averages[name] - weights[name]).norm()
    return total
--- the buffers follow in a second loop
model = torchvision.models.resnet18()
ema = copy.deepcopy(model)
ema.eval()

def update(d):
    for e, p in zip(ema.parameters(), model.parameters()):
        e.data.mul_(d).add_((1 - d) * p.data)
    for e, b in zip(ema.buffers(), model.buffers()):
        e.copy_(b)
--- the teacher runs in training mode
model = torchvision.models.resnet18()
teacher = copy.deepcopy(model)

def update(d):
    teacher.train()
    for e, p in zip(teacher.parameters(), model.parameters()):
        e.data.mul_(d).add_((1 - d) * p.data)

def validate():
    teacher.eval()
--- nobody switches the target to inference
model = torchvision.models.resnet18()
target = copy.deepcopy(model)

def update(d):
    for e, p in zip(target.parameters(), model.parameters()):
        e.data.mul_(d).add_((1 - d) * p.data)
--- no batch normalisation in it
class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

model = Plain()
ema = Plain()
ema.eval()
for e, p in zip(ema.parameters(), model.parameters()):
    e.data.mul_(0.9).add_(0.1 * p.data)
other = nn.BatchNorm2d(3)
--- its own layers are left out by their names
model = torchvision.models.resnet18()
ema = copy.deepcopy(model)
ema.eval()

def update(d):
    for (n, e), (m, p) in zip(ema.named_parameters(), model.named_parameters()):
        if "bn" not in n:
            e.data.mul_(d).add_((1 - d) * p.data)
--- statistics are recomputed before it is used
model = torchvision.models.resnet18()
ema = copy.deepcopy(model)
ema.eval()
for e, p in zip(ema.parameters(), model.parameters()):
    e.data.mul_(0.9).add_(0.1 * p.data)
torch.optim.swa_utils.update_bn([], ema)
--- only what is trained is meant
model = torchvision.models.resnet18()
ema = copy.deepcopy(model)
ema.eval()
for e, p in zip(ema.parameters(), model.parameters()):
    if p.requires_grad:
        e.data.mul_(0.9).add_(0.1 * p.data)
--- the model is handed in, and lives elsewhere
class Follower:
    def __init__(self, model, ema):
        self.model = model
        self.ema = ema
        self.ema.eval()

    def update(self):
        for e, p in zip(self.ema.parameters(), self.model.parameters()):
            e.data.mul_(0.9).add_(0.1 * p.data)
bn = nn.BatchNorm2d(3)
--- whole states are loaded each epoch
model = torchvision.models.resnet18()
ema = copy.deepcopy(model)
ema.eval()

def update():
    for e, p in zip(ema.parameters(), model.parameters()):
        e.data.mul_(0.9).add_(0.1 * p.data)

def epoch():
    ema.load_state_dict(model.state_dict())
--- it gathers statistics of its own before it is evaluated
model = torchvision.models.resnet18()
target = torchvision.models.resnet18()

def step(x):
    y = target(x)
    for t, p in zip(target.parameters(), model.parameters()):
        t.data.mul_(0.9).add_(0.1 * p.data)
    return y

def validate():
    target.eval()
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN405", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN405", code, before=IMPORTS)


def test_a_helper_in_another_file_is_looked_at(tmp_path: Path) -> None:
    helper = """
import torch

def update(ema, model, d):
    for e, p in zip(ema.parameters(), model.parameters()):
        e.data.mul_(d).add_((1 - d) * p.data)
"""
    script = """
import copy
import torchvision
from helper import update

def main():
    model = torchvision.models.resnet18()
    ema = copy.deepcopy(model)
    ema.eval()
    update(ema, model, 0.9)

bn = "BatchNorm2d"
"""
    (tmp_path / "helper.py").write_text(helper)
    (tmp_path / "script.py").write_text(script)
    (finding,) = run("BN405", helper, path="helper.py", folder=str(tmp_path))
    assert "script.py:9 has it infer" in finding.message


def test_a_derived_class_in_another_file_may_train_the_model(tmp_path: Path) -> None:
    base = (
        IMPORTS
        + """
class Client:
    def __init__(self):
        self.model = torchvision.models.resnet18()

    def receive(self, other):
        for p, o in zip(self.model.parameters(), other.parameters()):
            p.data = o.data.clone()

    def test(self):
        self.model.eval()
"""
    )
    derived = """
from base import Client

class Trained(Client):
    def train(self):
        self.model.train()
"""
    found = []
    for name, other in (("alone", ""), ("derived", derived)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "pyproject.toml").write_text("")
        (folder / "base.py").write_text(base)
        (folder / "derived.py").write_text(other)
        found.append(len(run("BN404", base, path="base.py", folder=str(folder))))
    assert found == [1, 0]


def test_a_copy_of_parameters_is_no_average() -> None:
    code = (
        IMPORTS
        + """
model = torchvision.models.resnet18()
target = copy.deepcopy(model)
target.eval()

def update():
    for t, p in zip(target.parameters(), model.parameters()):
        t.data.copy_(p.data)
"""
    )
    assert run("BN405", code) == []
    (finding,) = run("BN404", code)
    assert "copies the parameters of model into target" in finding.message
