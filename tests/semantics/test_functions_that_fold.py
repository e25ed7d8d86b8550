"""Functions that put batch normalisation into the layer before it, and what they do there."""

from __future__ import annotations

import ast

import pytest
from reading import module_of

from bnlint.semantics.weights.folds import folds, guards, unscaled

FOLD = "def fold(conv, bn):\n    w, m = bn.weight, bn.running_mean\n    "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("s = torch.sqrt(bn.running_var + bn.eps)", ["bn + bn.eps"], id="a root"),
        pytest.param("s = torch.sqrt(1e-5 + bn.running_var)", ["bn + 1e-05"], id="a number first"),
        pytest.param("s = (bn.running_var + 1e-5).sqrt()", ["bn + 1e-05"], id="a method"),
        pytest.param("s = (bn.running_var + 1e-5) ** 0.5", ["bn + 1e-05"], id="a power"),
        pytest.param("s = (bn.running_var + 1e-5) * 0.5", ["bn"], id="a product"),
        pytest.param("s = f(bn.running_var + 1e-5)", ["bn"], id="another function"),
        pytest.param("s = (bn.running_var + 1e-5).mean()", ["bn"], id="another method"),
        pytest.param("s = torch.sqrt(bn.running_var - 1e-5)", ["bn"], id="less"),
        pytest.param("s = torch.sqrt(bn.running_var)", ["bn"], id="without"),
        pytest.param(
            "s = torch.sqrt(bn.running_var.data.cpu().numpy() + 1e-5)", ["bn + 1e-05"], id="moved"
        ),
        pytest.param(
            "s = torch.sqrt(bn.running_var.reshape(-1) + 1e-5)", ["bn + 1e-05"], id="reshaped"
        ),
        pytest.param("s = torch.sqrt(bn.running_var.view(1, -1) + a)", ["bn + a"], id="viewed"),
        pytest.param("s = torch.sqrt(bn.running_var.abs() + 1e-5)", ["bn"], id="made positive"),
        pytest.param("s = torch.sqrt(other.running_var + 1e-5)", [], id="of another layer"),
        pytest.param(
            "s = torch.sqrt(bn.running_var + 1e-5)\n    t = torch.sqrt(bn.running_var + 1e-3)",
            ["bn + 1e-05 + 0.001"], id="twice",
        ),
        pytest.param("bn.running_var = x", [], id="stored"),
    ],
)  # fmt: skip
def test_folds(code: str, expected: list[str]) -> None:
    module = module_of(f"import torch\n{FOLD}{code}\n")
    shown = [
        " + ".join([fold.norm, *(ast.unparse(guard.number) for guard in guards(module, fold))])
        for fold in folds(module)
    ]
    assert shown == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("def f(bn):\n    return bn.running_var, bn.running_mean", [], id="no scale"),
        pytest.param("def f(bn):\n    return bn.running_var, bn.weight", [], id="no mean"),
        pytest.param("def f(bn):\n    return bn.var, bn.mean, bn.scale", [], id="plain names"),
        pytest.param(
            "def f(cls):\n    return cls.running_var, cls.running_mean, cls.weight", [],
            id="of its class",
        ),
        pytest.param("print(bn.running_var, bn.running_mean, bn.weight)", [], id="no function"),
        pytest.param(
            "def f(self):\n    return self.running_var, self.running_mean, self.weight", [],
            id="of itself",
        ),
        pytest.param(
            "def f(a, b):\n    x = a.running_var, a.running_mean, a.weight\n"
            "    return x, b.running_var, b.running_mean, b.weight",
            ["a", "b"], id="of two layers",
        ),
        pytest.param(
            "async def f(bn):\n    return bn.running_var, bn.running_mean, bn.weight", ["bn"],
            id="an asynchronous function",
        ),
        pytest.param("def f(s):\n    running_var = s\n    return s.weight, s.running_mean", [],
            id="a variable of the name"),
    ],
)  # fmt: skip
def test_functions_that_fold(code: str, expected: list[str]) -> None:
    assert sorted(fold.norm for fold in folds(module_of(code))) == expected


SCALED = "conv.weight = conv.weight * s\n    "
UNSCALED = FOLD + "s = w / torch.sqrt(bn.running_var + bn.eps)\n    "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(SCALED + "return conv.bias + bn.bias - m * s", False,
            id="in another order"),
        pytest.param(
            SCALED + "return conv.bias + (bn.bias - m * s)", True, id="as it is"
        ),
        pytest.param(
            SCALED + "return (bn.bias - m * s) + conv.bias", True, id="second"
        ),
        pytest.param(
            SCALED + "return conv.bias * s + (bn.bias - m * s)", False,
            id="scaled",
        ),
        pytest.param("return conv.bias + (bn.bias - m * s)", False, id="its weights are not"),
        pytest.param(
            "k = conv.weight\n    k = k * s\n    return conv.bias + (bn.bias - m * s)", True,
            id="weights in a variable",
        ),
        pytest.param(
            "conv.weight.data.mul_(s)\n    return conv.bias + (bn.bias - m * s)", True,
            id="weights scaled in place",
        ),
        pytest.param(
            "conv.weight.data *= s\n    return conv.bias + (bn.bias - m * s)", True,
            id="weights scaled by a statement",
        ),
        pytest.param(
            "torch.mm(s, conv.weight)\n    return conv.bias + (bn.bias - m * s)", True,
            id="weights multiplied by a function",
        ),
        pytest.param(
            SCALED + "b = conv.bias\n    return b + (bn.bias - m * s)",
            True, id="the bias in a variable",
        ),
        pytest.param(
            SCALED + "b = conv.bias\n    b *= s\n"
            "    return b + (bn.bias - m * s)",
            False, id="a variable that is scaled",
        ),
        pytest.param(
            SCALED + "b = conv.bias\n    if b is None:\n"
            "        b = torch.zeros_like(m)\n    return b + (bn.bias - m * s)",
            True, id="or zeros",
        ),
        pytest.param(
            SCALED + "b = conv.bias\n    if b is None:\n        b = 0\n"
            "    return b + (bn.bias - m * s)",
            True, id="or nothing",
        ),
        pytest.param(
            SCALED + "b = conv.bias\n    if b is None:\n        b = f()\n"
            "    return b + (bn.bias - m * s)",
            False, id="or something else",
        ),
        pytest.param(
            SCALED + "t = bn.bias - m * s\n    return conv.bias + t", True,
            id="the shift in a variable",
        ),
        pytest.param(
            SCALED + "t = bn.bias - m * s\n    t = f(t)\n"
            "    return conv.bias + t",
            False, id="a shift that is changed",
        ),
        pytest.param(SCALED + "return 0.5 + (bn.bias - m * s)", False, id="a number"),
        pytest.param(SCALED + "return conv.weight + (bn.bias - m * s)", False, id="a weight"),
        pytest.param(
            "b = conv.bias\n    c = b * s\n    return conv.bias + (bn.bias - m * s)", False,
            id="its bias alone is scaled, elsewhere",
        ),
        pytest.param(
            SCALED + "b = conv.bias * s\n    return conv.bias + (bn.bias - m * s)", False,
            id="scaled elsewhere",
        ),
        pytest.param(
            "conv.weight -= s\n    return conv.bias + (bn.bias - m * s)", False, id="less it"
        ),
        pytest.param(
            SCALED + "t = bn.bias - m * s\n    t += m\n    return conv.bias + t", False,
            id="a shift that is added to",
        ),
        pytest.param(
            SCALED + "t = bn.bias - m * s\n    for t in ts: pass\n    return conv.bias + t",
            False, id="a shift that is looped over",
        ),
        pytest.param(
            SCALED + "t = bn.bias - m * s\n    print(t := f(t))\n    return conv.bias + t",
            False, id="a shift that is named anew",
        ),
        pytest.param(
            SCALED + "counts[0] += 1\n    return conv.bias + (bn.bias - m * s)", True,
            id="an item is added to",
        ),
        pytest.param(
            SCALED + "return conv.bias - (bn.bias - m * s)", False, id="less"
        ),
        pytest.param(
            SCALED + "return conv.bias + (bn.bias + m * s)", False,
            id="no difference",
        ),
        pytest.param(
            SCALED + "return conv.bias + (conv.bias - m * s)", False,
            id="no shift",
        ),
        pytest.param(
            "conv.bias *= s\n    conv.weight = conv.weight * s\n"
            "    return conv.bias + (bn.bias - m * s)",
            False, id="scaled before",
        ),
        pytest.param(
            "conv.bias -= m\n    conv.weight = conv.weight * s\n"
            "    return conv.bias + (bn.bias - m * s)",
            False, id="changed before",
        ),
    ],
)  # fmt: skip
def test_unscaled(code: str, expected: bool) -> None:
    module = module_of(f"import torch\n{UNSCALED}{code}\n")
    (fold,) = folds(module)
    assert (unscaled(module, fold) is not None) is expected


@pytest.mark.parametrize(
    "name", ["mm", "matmul", "mul", "mul_", "multiply", "einsum", "bmm", "mv", "dot"]
)
def test_what_multiplies(name: str) -> None:
    code = f"x = torch.{name}(s, conv.weight)\n    return conv.bias + (bn.bias - m * s)"
    module = module_of(f"import torch\n{UNSCALED}{code}\n")
    (fold,) = folds(module)
    assert unscaled(module, fold) is not None
    (fold,) = folds(module_of(f"import torch\n{UNSCALED}{code.replace(name, 'other')}\n"))
    assert unscaled(module, fold) is None
