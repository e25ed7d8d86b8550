"""Where the output of a layer goes, where a layer is applied, and what functions are called."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.tensors.applications import application, applications, imported_as
from bnlint.semantics.tensors.consumers import goes_nowhere_unknown, is_shared
from bnlint.semantics.tensors.neighbours import linear_layers

IMPORTS = """
from tensorflow.keras import Sequential, layers
from tensorflow.compat.v1 import layers as old
from torch import nn

norm = nn.BatchNorm2d(3)
"""

CONV = "layers.Conv2D(8, 3)"

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.act = nn.ReLU()
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
{body}
"""


def first(code: str) -> tuple[Any, Any, Any]:
    """Return the first layer with weights of a program, what evaluates it, and its module."""
    facts = read_facts(module_of(IMPORTS + textwrap.dedent(code)))
    module = facts.sites[0].module
    found = linear_layers(facts.project.evaluator, module)[0]
    return facts.project.evaluator, module, found


def in_net(body: str) -> str:
    return NET.format(body=textwrap.indent(textwrap.dedent(body), " " * 8))


@pytest.mark.parametrize(
    ("code", "shared", "known"),
    [
        pytest.param(f"y = layers.ReLU()({CONV}(x))", False, True, id="one applied to the other"),
        pytest.param(f"y = f({CONV}(x))", False, False, id="given to something unknown"),
        pytest.param(f"y = {CONV}(x)\nz = layers.ReLU()(y)", False, True, id="by a variable"),
        pytest.param(
            f"y = {CONV}(x)\nz = layers.ReLU()(y)\nw = y + z", True, False, id="used twice"
        ),
        pytest.param(
            f"y = {CONV}(x)\nz = layers.ReLU()(y)\nw = layers.ReLU()(y)", True, True,
            id="used by two layers",
        ),
        pytest.param(
            f"y = {CONV}(x)\ny = layers.ReLU()(y)\nz = layers.ReLU()(y)", False, True,
            id="a variable that is bound again",
        ),
        pytest.param(f"y = {CONV}(x)\ny += x", False, False, id="added to"),
        pytest.param(f"y = {CONV}(x)\nz = layers.ReLU()(y)\ny += x", True, False, id="and used"),
        pytest.param(f"y = {CONV}(x)", False, True, id="never used"),
        pytest.param(f"def f(x):\n    return {CONV}(x)", False, True, id="returned"),
        pytest.param(f"def f(x):\n    y = {CONV}(x)\n    return y, x", False, True, id="a tuple"),
        pytest.param(f"def f(x):\n    y = {CONV}(x)\n    return [y]", False, True, id="in a list"),
        pytest.param(f"y = {CONV}(x).sum()", False, False, id="a method of it"),
        pytest.param(f"Sequential([{CONV}, layers.ReLU()])", False, True, id="before a layer"),
        pytest.param(f"Sequential([{CONV}, f()])", False, False, id="before something unknown"),
        pytest.param(f"Sequential([layers.ReLU(), {CONV}])", False, True, id="the last of all"),
        pytest.param(f"Sequential((f(), {CONV}, layers.ReLU()))", False, True, id="in a tuple too"),
        pytest.param(
            "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())", False, True, id="among arguments"
        ),
        pytest.param("nn.Sequential(nn.Conv2d(3, 8, 3), f())", False, False, id="and not known"),
        pytest.param("f(x=nn.Conv2d(3, 8, 3))", False, False, id="under a keyword"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\nb = nn.Sequential(a, nn.ReLU())", False, False,
                     id="under a name"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\nb = nn.Sequential(a, a)", True, False, id="twice"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\ny = nn.ReLU()(a(x))\nz = nn.ReLU()(a(y))", True, True,
                     id="applied twice"),
        pytest.param(in_net("return self.act(self.conv(x))"), False, True, id="in a module"),
        pytest.param(in_net("return self.bn(self.conv(x))"), False, False, id="normalised"),
        pytest.param(in_net("y = self.conv(x)\nreturn self.act(y)"), False, True, id="and a name"),
        pytest.param(in_net("y = self.conv(x)\nreturn self.act(y) + y"), True, False, id="back"),
        pytest.param(in_net("return self.act(self.conv(x)) + self.act(self.conv(x))"), True, True,
                     id="twice in a module"),
        pytest.param("y = old.conv2d(x, 8, 3)\nz = old.dense(y, 3)", False, True, id="a function"),
        pytest.param("y = old.conv2d(x, 8, 3)\nz = old.dense(y, 3) + y", True, False,
                     id="a function, used twice"),
    ],
)  # fmt: skip
def test_where_the_output_of_a_layer_goes(code: str, shared: bool, known: bool) -> None:
    ev, module, found = first(code)
    assert (is_shared(ev, module, found), goes_nowhere_unknown(ev, found)) == (shared, known)


@pytest.mark.parametrize(
    ("code", "applied", "to"),
    [
        pytest.param("a = nn.Conv2d(3, 8, 3)\na(x)", ["a(x)"], "x", id="by its name"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na(x)\na(y)", ["a(x)", "a(y)"], None, id="twice"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na(x, y)", ["a(x, y)"], None, id="to two"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na(*x)", ["a(*x)"], None, id="unpacked"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na()", ["a()"], None, id="to nothing"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na(x)\na(y, z)", ["a(x)", "a(y, z)"], "x",
                     id="once to one"),
        pytest.param("nn.Conv2d(3, 8, 3)(x)", ["nn.Conv2d(3, 8, 3)(x)"], "x", id="at once"),
        pytest.param("f(nn.Conv2d(3, 8, 3))", [], None, id="given away"),
        pytest.param("a = nn.Conv2d(3, 8, 3)\na = nn.ReLU()\na(x)", [], None, id="bound again"),
        pytest.param(in_net("return self.conv(x[0])"), ["self.conv(x[0])"], "x[0]", id="a module"),
        pytest.param("a, b = nn.Conv2d(3, 8, 3), 1\na(x)", [], None, id="by a tuple"),
    ],
)  # fmt: skip
def test_where_a_layer_is_applied(code: str, applied: list[str], to: str | None) -> None:
    ev, module, found = first(code)
    uses = applications(ev, module, found.call)
    assert [ast.unparse(use) for use in uses] == applied
    given = application(ev, module, found.call)
    assert (ast.unparse(given) if given is not None else None) == to


@pytest.mark.parametrize(
    ("imports", "paths", "name"),
    [
        ("import torch", ["torch.nn.Linear"], "torch.nn.Linear"),
        ("import torch as t", ["torch.nn.Linear"], "t.nn.Linear"),
        ("import torch.nn", ["torch.nn.Linear"], "torch.nn.Linear"),
        ("import torch.nn as nn", ["torch.nn.Linear"], "nn.Linear"),
        ("import torch.nn.functional", ["torch.nn.Linear"], "torch.nn.Linear"),
        ("import torch.nn.functional as F", ["torch.nn.Linear"], ""),
        ("from torch import nn", ["torch.nn.Linear"], "nn.Linear"),
        ("from torch import nn as n", ["torch.nn.Linear"], "n.Linear"),
        ("from torch.nn import Linear", ["torch.nn.Linear"], "Linear"),
        ("from torch.nn import Linear as L", ["torch.nn.Linear"], "L"),
        ("from torch.nn import Lin", ["torch.nn.Linear"], ""),
        ("from .torch import nn", ["torch.nn.Linear"], ""),
        ("from . import torch", ["torch.nn.Linear"], ""),
        ("import torchvision", ["torch.nn.Linear"], ""),
        ("import torch\nfrom torch import nn", ["torch.nn.Linear"], "nn.Linear"),
        ("from torch import nn\nimport torch", ["torch.nn.Linear"], "nn.Linear"),
        ("from torch import nn", ["keras.Dense", "torch.nn.Linear"], "nn.Linear"),
        ("from torch import nn", ["torch.nn.Linear", "torch.nn.Lin"], "nn.Lin"),
        ("from torch import nn", ["torch.nn.b", "torch.nn.a"], "nn.a"),
        ("from torch import nn", ["torch.nn"], "nn"),
        ("import os, torch as t", ["torch.nn"], "t.nn"),
        ("import os", ["torch.nn"], ""),
    ],
)
def test_how_a_file_can_name_a_path(imports: str, paths: list[str], name: str) -> None:
    """The shortest way, and of these the first in the alphabet."""
    assert imported_as(module_of(f"{imports}\n"), paths) == name
