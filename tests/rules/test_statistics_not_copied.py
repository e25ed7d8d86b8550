"""BN404: weights that are copied without the running statistics."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, run

IMPORTS = """
import torch
import torch.nn as nn
import torchvision
from tensorflow import keras

"""

FIX = "unsafe: copy what is missing too"

HAZARDS = [
    hazard(
        "the variance is left",
        """
        def copy(k, bn):
            gamma, beta, mean, var = k.get_weights()
            bn.weight.data = torch.from_numpy(gamma)
            bn.bias.data = torch.from_numpy(beta)
            «bn.running_mean.data = torch.from_numpy(mean)»
        """,
        "gamma and beta of bn are copied, and the variance never",
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "both are left, for every layer of the class",
        """
        def copy(old, new):
            for a, b in zip(old.modules(), new.modules()):
                if isinstance(b, nn.BatchNorm2d):
                    b.weight.data.copy_(a.weight.data)
                    «b.bias.data.copy_(a.bias.data)»
        """,
        "the mean and the variance never",
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "a layer made here",
        """
        def widen(old):
            new = nn.BatchNorm1d(8)
            new.weight.data = old.weight.data.clone()
            «new.bias.data = old.bias.data.clone()»
            return new
        """,
        "gamma and beta of new are copied",
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "parameters of clients, set on the server that evaluates",
        """
        def set_parameters(net, arrays):
            for p, a in «zip(net.parameters(), arrays)»:
                p.data = torch.tensor(a)

        def test(net, loader):
            net.eval()
            return [net(x) for x in loader]

        def evaluate(arrays, loader):
            net = torchvision.models.resnet18()
            set_parameters(net, arrays)
            return test(net, loader)
        """,
        "this sets the parameters of net, and its running statistics stay",
        "line 11 has it infer",
        kind="error medium",
        fix="",
    ),
    hazard(
        "an average by names, set into the global model",
        """
        class Server:
            def __init__(self):
                self.net = torchvision.models.resnet18()

            def merge(self, average):
                for name, p in «self.net.named_parameters()»:
                    p.data.copy_(average[name])

            def accuracy(self, loader):
                self.net.eval()
                return [self.net(x) for x in loader]
        """,
        "this sets the parameters of self.net",
        kind="error medium",
        fix="",
    ),
    hazard(
        "one vector for all of them",
        """
        model = torchvision.models.resnet18()
        model.eval()

        def merge(vector):
            «torch.nn.utils.vector_to_parameters(vector, model.parameters())»
        """,
        "this sets the parameters of model",
        kind="error medium",
        fix="",
    ),
    hazard(
        "arrays of a checkpoint, by their names",
        """
        def convert(arrays, bn):
            bn.weight = nn.Parameter(torch.from_numpy(arrays["bn/gamma"]))
            bn.bias = nn.Parameter(torch.from_numpy(arrays["bn/beta"]))
            «bn.running_var = torch.from_numpy(arrays["bn/moving_variance"])»
        """,
        "the mean never",
        kind="error high",
        fix="",
    ),
]

CLEAN = cases("""
--- all four
def copy(old, new):
    new.weight.data.copy_(old.weight.data)
    new.bias.data.copy_(old.bias.data)
    new.running_mean.copy_(old.running_mean)
    new.running_var.copy_(old.running_var)
--- any layer has a weight and a bias
def copy(old, new):
    new.weight.data.copy_(old.weight.data)
    new.bias.data.copy_(old.bias.data)
--- a layer that keeps no statistics
def copy(old):
    new = nn.BatchNorm2d(8, track_running_stats=False)
    new.weight.data = old.weight.data
    new.bias.data = old.bias.data
    return new
--- weights that are made, and not copied
def reset(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.data = torch.ones(8)
            m.bias.data = torch.zeros(8)
--- a group normalisation takes what it can
def convert(bn):
    gn = nn.GroupNorm(4, 8)
    gn.weight.data = bn.weight.data
    gn.bias.data = bn.bias.data
    return gn
--- a client trains the model that it is given
def set_parameters(net, arrays):
    for p, a in zip(net.parameters(), arrays):
        p.data = torch.tensor(a)

def fit(arrays, loader):
    net = torchvision.models.resnet18()
    set_parameters(net, arrays)
    net.train()
    net.eval()
--- gradients, and no weights
def correct(net, controls):
    for p, c in zip(net.parameters(), controls):
        p.grad.data = c
net = torchvision.models.resnet18()
net.eval()
correct(net, [])
--- whole states
def set_parameters(net, arrays):
    keys = net.state_dict().keys()
    net.load_state_dict({k: torch.tensor(a) for k, a in zip(keys, arrays)})

def evaluate(arrays):
    net = torchvision.models.resnet18()
    set_parameters(net, arrays)
    net.eval()
--- a vector beside the buffers
model = torchvision.models.resnet18()
model.eval()

def merge(vector, buffers):
    torch.nn.utils.vector_to_parameters(vector, model.parameters())
    for b, other in zip(model.buffers(), buffers):
        b.copy_(other)
--- a model without batch normalisation
class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

net = Linear()
net.eval()
torch.nn.utils.vector_to_parameters(torch.zeros(72), net.parameters())
bn = nn.BatchNorm2d(8)
--- the buffers follow by name
def copy(old):
    new = nn.BatchNorm2d(8)
    new.weight.data = old.weight.data
    new.bias.data = old.bias.data
    for name in ("running_mean", "running_var"):
        setattr(new, name, getattr(old, name))
    return new
--- a helper takes the rest over
def copy(old, finish):
    new = nn.BatchNorm2d(8)
    new.weight.data = old.weight.data
    new.bias.data = old.bias.data
    finish(old, new)
    return new
--- the statistics are set where they are known
def copy(old, new):
    if isinstance(new, nn.BatchNorm2d):
        new.weight.data = old.weight.data
        new.bias.data = old.bias.data
        new.load_state_dict(old.state_dict())
--- its own weights, on another device
def move(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.weight.data = m.weight.data.cuda()
            m.bias.data = m.bias.data.cuda()
--- what is left when batch normalisation is not
def copy(old, new):
    for a, b in zip(old.modules(), new.modules()):
        if isinstance(b, nn.BatchNorm2d):
            b.reset_parameters()
        else:
            b.weight.data.copy_(a.weight.data)
            b.bias.data.copy_(a.bias.data)
--- the source is tested, and gives to a layer of another class
def convert(old, new):
    for a, b in zip(old.modules(), new):
        if isinstance(a, nn.BatchNorm2d):
            b.weight.data.copy_(a.weight.data)
            b.bias.data.copy_(a.bias.data)
--- weights that are clipped beside themselves
net = torchvision.models.resnet18()
net.eval()

def clip():
    for p, q in zip(net.parameters(), net.parameters()):
        p.data.copy_(q.data.clamp(-1, 1))
--- only what is trained is set by its name
net = torchvision.models.resnet18()
net.eval()

def apply_shadow(shadow):
    for name, p in net.named_parameters():
        if p.requires_grad:
            p.data.copy_(shadow[name])
--- a new copy each time
class Tester:
    def __init__(self):
        self.probe = None

    def build(self, arrays):
        self.probe = torchvision.models.resnet18(weights="DEFAULT")
        for p, a in zip(self.probe.parameters(), arrays):
            p.data = torch.tensor(a)
        self.probe.eval()
--- another class evaluates its own
class Server:
    def __init__(self):
        self.net = torchvision.models.resnet18()

    def set(self, arrays):
        for p, a in zip(self.net.parameters(), arrays):
            p.data = torch.tensor(a)

class Critic:
    def __init__(self):
        self.net = torchvision.models.resnet18()
        self.net.eval()
--- another function evaluates its own
def fill(arrays):
    net = torchvision.models.resnet18()
    for p, a in zip(net.parameters(), arrays):
        p.data = torch.tensor(a)
    return net

def score(x):
    net = torchvision.models.resnet18()
    net.eval()
    return net(x)
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN404", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN404", code, before=IMPORTS)


def test_fix_is_written_as_its_neighbours_are() -> None:
    (finding,) = run(
        "BN404",
        IMPORTS
        + """
def copy(k, bn):
    gamma, beta, mean, var = k.get_weights()
    bn.weight.data = torch.from_numpy(gamma)
    bn.bias.data = torch.from_numpy(beta)
    bn.running_mean.data = torch.from_numpy(mean)
""",
    )
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    assert edit.text.strip() == "bn.running_var.data = torch.from_numpy(var)"
