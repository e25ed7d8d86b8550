"""What is known of a setting of a layer that the code around it may set anew."""

from __future__ import annotations

import pytest
from reading import known

#: Code with layers, each piece under its name, with what is known of the momentum of each.
CASES = """
--- a store behind it: known 0.5
bn = nn.BatchNorm2d(8)
bn.momentum = 0.5
--- a store into what has the name before it: default 0.1
bn = nn.Linear(8, 8)
bn.momentum = 0.5
bn = nn.BatchNorm2d(8)
--- a store behind an exit: unknown
def f(z):
    bn = nn.BatchNorm2d(8, momentum=0.99)
    if z:
        return bn
    bn.momentum = 0.01
    return bn
--- a store before an exit: known 0.01
def f(z):
    bn = nn.BatchNorm2d(8, momentum=0.99)
    bn.momentum = 0.01
    if z:
        return bn
    return bn
--- a store that may be left out: unknown
bn = nn.BatchNorm2d(8)
if flag:
    bn.momentum = 0.5
--- a store in another branch: unknown
if flag:
    bn = nn.BatchNorm2d(8, momentum=0.9)
else:
    bn.momentum = 0.5
--- two stores: known 0.7
bn = nn.BatchNorm2d(8)
bn.momentum = 0.5
bn.momentum = 0.7
--- another setting: default 0.1
bn = nn.BatchNorm2d(8)
bn.eps = 0.5
--- another object: default 0.1
bn = nn.BatchNorm2d(8)
other = nn.Linear(8, 8)
other.momentum = 0.5
--- an attribute: known 0.5
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.bn.momentum = 0.5
--- an attribute in another method: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

    def forget(self):
        self.bn.momentum = 0.5
--- an attribute of the same name elsewhere: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def f(net):
    net.bn.momentum = 0.5
--- another attribute elsewhere: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def f(net):
    net.norm.momentum = 0.5
--- one of a list: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bns = nn.ModuleList()
        self.bns.append(nn.BatchNorm2d(8))

def f(net):
    net.bns[0].momentum = 0.5
--- all parts: known 0.5
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, before the layer is made: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
        self.bn = nn.BatchNorm2d(8)
--- all parts, perhaps: unknown
class Net(nn.Module):
    def __init__(self, slow):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        if slow:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = 0.5
--- all parts of another class: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class Other(nn.Module):
    def __init__(self):
        super().__init__()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts of a class that uses it: unknown
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts of a class that uses it by another: unknown
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stage = Stage()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts of a class that uses it by a function: unknown
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def block():
    return Block()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = block()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts of a model that is given: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.5
--- each, by a function that is applied: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(m):
    m.momentum = 0.5

Net().apply(slow)
--- by a function of which nothing says that it is applied: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(m):
    m.momentum = 0.5
--- each, by a function that asks for the class: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(m):
    if isinstance(m, nn.BatchNorm2d):
        m.momentum = 0.5
--- each, by a function that asks for another class: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(m):
    if isinstance(m, nn.BatchNorm1d):
        m.momentum = 0.5
--- counted up: unknown
bn = nn.BatchNorm2d(8)
bn.momentum += 0.5
--- set by name: known 0.5
bn = nn.BatchNorm2d(8)
setattr(bn, "momentum", 0.5)
--- another setting by name: default 0.1
bn = nn.BatchNorm2d(8)
setattr(bn, "weight", 0.5)
--- by a name that is not known: default 0.1
bn = nn.BatchNorm2d(8)
setattr(bn, name, 0.5)
setattr(*pair)
--- a method above the constructor: unknown
class Net(nn.Module):
    def forget(self):
        self.bn.momentum = 0.7

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.bn.momentum = 0.5
--- one of two layers: default 0.1, unknown, unknown
first = nn.BatchNorm2d(8)
second = nn.BatchNorm2d(8)
third = nn.BatchNorm2d(8)
last = second if deep else third
last.momentum = 0.5
--- each of two layers: default 0.1, known 0.5, known 0.5
first = nn.BatchNorm2d(8)
second = nn.BatchNorm2d(8)
third = nn.BatchNorm2d(8)
for bn in (second, third):
    bn.momentum = 0.5
--- a layer that a caller may choose: unknown
def net(own=True):
    bn = nn.BatchNorm2d(8)
    chosen = bn if own else None
    chosen.momentum = 0.5
    return bn
--- a loop that is left behind the store: known 0.5
def net(z):
    bn = nn.BatchNorm2d(8)
    for layer in (bn,):
        layer.momentum = 0.5
        if z:
            return layer
    return bn
--- in a branch of a loop: unknown
bn = nn.BatchNorm2d(8)
for layer in (bn,):
    if z:
        layer.momentum = 0.5
--- by its own class: known 0.5
class Norm(nn.BatchNorm2d):
    def __init__(self):
        super().__init__(8); self.momentum = 0.5
--- by its own class, perhaps: unknown
class Norm(nn.BatchNorm2d):
    def __init__(self, slow):
        super().__init__(8)
        if slow:
            self.momentum = 0.5
--- by its own class, before it is one: unknown
class Gate(nn.Module):
    def __init__(self):
        super().__init__()

class Norm(nn.BatchNorm2d):
    def __init__(self):
        self.momentum = 0.5
        super().__init__(8)
--- by another method of its class: unknown
class Norm(nn.BatchNorm2d):
    def reset(self):
        super().__init__(8)
        self.momentum = 0.5

bn = Norm(8)
--- by a function in a loop: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            def slow():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = 0.5
--- in a loop of a script: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

model = Net()
for m in model.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.momentum = 0.5
--- in a loop of a function that is no method: unknown
def slow(self):
    self.bn = nn.BatchNorm2d(8)
    for m in self.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.5
--- in a loop over another object: unknown
class Net(nn.Module):
    def __init__(self, other):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in other.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, behind an exit: unknown
class Net(nn.Module):
    def __init__(self, fast):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        if fast:
            return
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, behind an exit before the layer: known 0.5
class Net(nn.Module):
    def __init__(self, bare):
        super().__init__()
        if bare:
            return
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, where the layer is made: known 0.5
class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        if norm:
            self.bn = nn.BatchNorm2d(8)
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = 0.5
--- all parts, behind where the layer may be made: known 0.5
class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        if norm:
            self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, as the layer is made: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for m in self.modules():
            self.bn = nn.BatchNorm2d(8)
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts, in a function of the method: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()

        def add():
            self.bn = nn.BatchNorm2d(8)

        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- all parts that are of one class or of what is not known: unknown
class Net(nn.Module):
    def __init__(self, kinds):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, kinds):
                m.momentum = 0.5
--- all parts of a class that a class uses which this one does not: default 0.1
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.5
--- a layer of a loop, by a name that is not known: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for bn in (nn.BatchNorm2d(8), nn.ReLU()):
            self.add_module("bn", bn)

def slow(net):
    net.bn.momentum = 0.5
--- a part of a list, by its number: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class List(nn.Sequential):
    def slow(self):
        self[0].momentum = 0.5
--- what a list gets, by what adds to it: default 0.1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bns = nn.ModuleList()
        self.bns.append(nn.BatchNorm2d(8))

def slow(net):
    net.append.momentum = 0.5
--- what a function gives: unknown
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

def slow(net):
    net.bn().momentum = 0.5
"""


def cases() -> list[object]:
    parts = ("\n" + CASES.strip("\n")).split("\n--- ")[1:]
    heads = [(part.partition("\n")[0].partition(": "), part.partition("\n")[2]) for part in parts]
    return [pytest.param(code, says, id=name) for (name, _, says), code in heads]


@pytest.mark.parametrize(("code", "says"), cases())
def test_store(code: str, says: str) -> None:
    assert known(f"import torch.nn as nn\n{code}", "momentum") == says.split(", ")
