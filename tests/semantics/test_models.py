"""Which calls make models, whose they are, and whether batch normalisation is in them."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.objects.allocations import constructions, variable_of
from bnlint.semantics.objects.models import contents, is_forward, normalises
from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.modules import model_framework

IMPORTS = """
import torch, torchvision
from torch import nn
from torch.nn import functional as F
import mindspore as ms
from tensorflow import keras
"""


def facts(code: str):  # type: ignore[no-untyped-def]
    return read_facts(parse("m.py", IMPORTS.lstrip() + textwrap.dedent(code)))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m = nn.BatchNorm2d(3)", ["torch nn.BatchNorm2d(3)"], id="a layer"),
        pytest.param("m = nn.Sequential()", ["torch nn.Sequential()"], id="a sequence"),
        pytest.param("m = keras.Sequential()", ["keras keras.Sequential()"], id="Keras"),
        pytest.param("m = ms.nn.Conv2d(3, 3, 3)", ["mindspore ms.nn.Conv2d(3, 3, 3)"], id="a cell"),
        pytest.param(
            "m = torchvision.models.resnet18()",
            ["torch torchvision.models.resnet18()"],
            id="a ready-made model",
        ),
        pytest.param(
            "class A(nn.Module): pass\nclass B(A): pass\nm = B()", ["torch B()"], id="a class"
        ),
        pytest.param("BN = nn.BatchNorm2d\nm = BN(3)", ["torch BN(3)"], id="another name"),
        pytest.param("m = nn.BatchNorm2d(3).to(d)", ["torch nn.BatchNorm2d(3)"], id="moved"),
        pytest.param("nn.BatchNorm2d(3)(x)", ["torch nn.BatchNorm2d(3)"], id="applied"),
        pytest.param(
            "m = nn.DataParallel(nn.ReLU())", ["torch nn.ReLU()"], id="what a wrapper is given"
        ),
        pytest.param(
            "def f():\n    return nn.ReLU()\nm = f()", ["torch nn.ReLU()"], id="not its caller"
        ),
        pytest.param("m = [nn.ReLU()]", ["torch nn.ReLU()"], id="put into a list"),
        pytest.param(
            "if a:\n    m = nn.ReLU()\nelse:\n    m = keras.layers.ReLU()",
            [],
            id="of one framework or of another",
        ),
        pytest.param("m = f(nn.ReLU())", ["torch nn.ReLU()"], id="given to something else"),
        pytest.param("class A: pass\nm = A()", [], id="a class that is no model"),
        pytest.param("from a import Net\nm = Net()", [], id="an imported class"),
        pytest.param("m = torch.load('m.pt')", [], id="a loader"),
        pytest.param("m = torch.zeros(3)", [], id="a tensor"),
        pytest.param("m = F.relu(x)", [], id="a function"),
        pytest.param("def f(cls=nn.ReLU):\n    m = cls()", [], id="a parameter"),
    ],
)
def test_constructions(code: str, expected: list[str]) -> None:
    found = facts(f"{code}\nm(x)")
    made = constructions(found.project.evaluator, found.module)
    assert [f"{m.framework.name} {ast.unparse(m.call)}" for m in made] == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m = nn.BatchNorm2d(3)", True, id="the layer itself"),
        pytest.param("m = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3))", True, id="in a sequence"),
        pytest.param("a = nn.BatchNorm2d(3)\nm = nn.Sequential(a)", True, id="through a variable"),
        pytest.param("a = nn.BatchNorm2d(3).cuda()\nm = nn.Sequential(a)", True, id="and a method"),
        pytest.param(
            "m = nn.Sequential()\nm.add_module('a', nn.BatchNorm2d(3))", True, id="added later"
        ),
        pytest.param(
            "m = keras.Sequential()\nm.add(keras.layers.BatchNormalization())", True, id="add()"
        ),
        pytest.param(
            "class A(nn.Module):\n    def __init__(self):\n        self.a = nn.BatchNorm2d(3)\n"
            "m = A()",
            True,
            id="in a class",
        ),
        pytest.param(
            "class A(nn.Module):\n    def __init__(self):\n        self.a = nn.BatchNorm2d(3)\n"
            "class B(A): pass\nm = B()",
            True,
            id="in a base class",
        ),
        pytest.param(
            "def block():\n    return nn.Sequential(nn.BatchNorm2d(3))\n"
            "class A(nn.Module):\n    def __init__(self):\n        self.a = block()\nm = A()",
            True,
            id="in a function that a class calls",
        ),
        pytest.param(
            "class A(nn.Module):\n    def __init__(self):\n"
            "        self.a = torchvision.models.resnet18()\nm = A()",
            True,
            id="a ready-made model in a class",
        ),
        pytest.param(
            "class A(nn.BatchNorm2d):\n    pass\nm = A(3)", True, id="a class of the layer's own"
        ),
        pytest.param(
            "import paddle\nclass A(paddle.nn.Layer):\n    def forward(self, x):\n"
            "        return paddle.static.nn.batch_norm(x, is_test=not self.training)\nm = A()",
            True,
            id="a function that is told whether to test",
        ),
        pytest.param(
            "import tensorflow as tf\nclass A(keras.Model):\n    def call(self, x):\n"
            "        return tf.nn.batch_normalization(x, 0.5, 0.2, None, None, 1e-3)\nm = A()",
            False,
            id="a function that is given the numbers",
        ),
        pytest.param(
            "a = keras.Input((8, 8, 3))\nb = a\n"
            "for c in (keras.layers.ReLU(), keras.layers.BatchNormalization()):\n"
            "    b = c(b)\nm = keras.Model(a, b)",
            True,
            id="in a graph that a loop makes",
        ),
        pytest.param(
            "def add(model, layer):\n    print(layer)\nm = keras.Sequential()\n"
            "add(m, keras.layers.BatchNormalization())",
            False,
            id="given to a function called add()",
        ),
        pytest.param(
            "class A(nn.Module):\n    def forward(self, x):\n"
            "        return F.batch_norm(x, self.m, self.v, training=self.training)\nm = A()",
            True,
            id="a functional call that follows the mode",
        ),
        pytest.param(
            "i = keras.Input(3)\nx = keras.layers.BatchNormalization()(i)\nm = keras.Model(i, x)",
            True,
            id="a functional model",
        ),
        pytest.param(
            "def block(x):\n    return keras.layers.BatchNormalization()(x)\n"
            "i = keras.Input(3)\nx = i\nfor _ in range(3):\n    x = block(x)\n"
            "m = keras.Model(i, x)",
            True,
            id="a functional model of blocks",
        ),
        pytest.param("m = nn.Sequential(nn.ReLU())", False, id="none"),
        pytest.param("a = nn.BatchNorm2d(3)\nm = nn.ReLU()", False, id="one beside it"),
        pytest.param("m = nn.BatchNorm2d(3, track_running_stats=False)", False, id="no statistics"),
        pytest.param(
            "from torchvision.ops import FrozenBatchNorm2d\nm = FrozenBatchNorm2d(3)",
            False,
            id="frozen",
        ),
        pytest.param(
            "class A(nn.Module):\n    def forward(self, x):\n"
            "        return F.batch_norm(x, self.m, self.v)\nm = A()",
            False,
            id="a functional call that always infers",
        ),
        pytest.param(
            "class A(nn.Module):\n    def __init__(self):\n        self.a = A()\nm = A()",
            False,
            id="a class that holds itself",
        ),
        pytest.param(
            "i = keras.Input(3)\nx = keras.layers.Dense(3)(i)\nm = keras.Model(i, x)\n"
            "b = keras.layers.BatchNormalization()(i)",
            False,
            id="a functional model beside one",
        ),
    ],
)
def test_normalises(code: str, expected: bool) -> None:
    found = facts(f"{textwrap.dedent(code)}\nm(x)")
    made = next(
        m
        for m in constructions(found.project.evaluator, found.module)
        if variable_of(found.module, m.call) == "m"
    )
    assert normalises(found.project.evaluator, found.sites, made.candidate) is expected


def test_contents_name_what_is_not_in_view() -> None:
    code = """
        from lib import Mixin
        class A(nn.Module, Mixin):
            def __init__(self):
                self.a = nn.BatchNorm2d(3)
        m = A()
        m(x)
    """
    found = facts(code)
    (made,) = (m for m in constructions(found.project.evaluator, found.module) if m.call.args == [])
    outside = contents(found.project.evaluator, found.sites, made.candidate).outside
    paths = {getattr(o, "path", "?") for o in outside}
    assert paths == {"torch.nn.Module", "lib.Mixin"}


@pytest.mark.parametrize(
    ("code", "framework"),
    [
        pytest.param("m = nn.ReLU()\nm", "torch", id="a variable"),
        pytest.param("m = nn.ReLU().to(d).eval()\nm", "torch", id="methods that return the model"),
        pytest.param("m = nn.ReLU()\nm = m.cuda()\nm", "torch", id="rebound to itself"),
        pytest.param("m = nn.ReLU()\nn = m.cuda()\nn", "torch", id="two variables"),
        pytest.param("m = f().cuda()\nm", "", id="something not known"),
        pytest.param("m = nn.ReLU().shape()\nm", "", id="another method"),
        pytest.param("def f(m):\n    m\nm = 1\nm", "", id="a number"),
        pytest.param("def f(m):\n    return m\nf", "", id="a function"),
    ],
)
def test_models_at(code: str, framework: str) -> None:
    found = facts(code)
    last = found.module.tree.body[-1]
    assert isinstance(last, ast.Expr)
    values = found.project.evaluator.evaluate(found.module, last.value)
    names = {getattr(model_framework(found.project.evaluator, v), "name", "") for v in values}
    assert names == {framework}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("class A(nn.Module):\n    def forward(self): pass", True, id="forward"),
        pytest.param("class A(nn.BatchNorm2d):\n    def forward(self): pass", True, id="a layer"),
        pytest.param("class A(keras.Model):\n    def call(self): pass", True, id="call"),
        pytest.param("class A(ms.nn.Cell):\n    def construct(self): pass", True, id="construct"),
        pytest.param("class A(nn.Module):\n    def call(self): pass", False, id="another's name"),
        pytest.param("class A(nn.Module):\n    def test(self): pass", False, id="another method"),
        pytest.param("class A:\n    def forward(self): pass", False, id="no module"),
        pytest.param("def forward(): pass", False, id="no method"),
    ],
)
def test_is_forward(code: str, expected: bool) -> None:
    found = facts(code)
    (function,) = found.module.functions
    assert is_forward(found.project.evaluator, found.module, function) is expected
