"""Tensors that are made up, and results that are held against others."""

from __future__ import annotations

import ast

import pytest
from reading import evaluator, last_expression, module_of

from bnlint.semantics.modes.dry_runs import is_compared, is_made_up, may_be_empty

IMPORTS = "import torch\nimport numpy as np\nfrom torch.autograd import Variable\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("torch.rand(3)", True, id="random"),
        pytest.param("load(path)", False, id="loaded"),
        pytest.param("torch.rand(3) * 5", True, id="scaled"),
        pytest.param("1 - torch.rand(3)", True, id="a number first"),
        pytest.param("torch.rand(3) + torch.ones(3)", True, id="two that are made up"),
        pytest.param("torch.rand(3) + image", False, id="noise on an image"),
        pytest.param("image * 5", False, id="an image that is scaled"),
        pytest.param("torch.rand(3).to(device)", True, id="moved"),
        pytest.param("load(path).to(device)", False, id="an image that is moved"),
        pytest.param("x = torch.rand(3).to(device)\nx", True, id="moved, in a variable"),
        pytest.param("x = load(path).to(device)\nx", False, id="an image, in a variable"),
        pytest.param("x = load(path)\nx", False, id="an image that is not moved"),
        pytest.param("Variable(torch.rand(3))", True, id="wrapped"),
        pytest.param("Variable(load(path))", False, id="an image that is wrapped"),
        pytest.param("Variable(torch.rand(3), x)", False, id="wrapped with another"),
        pytest.param("import cv2\ncv2.blur(torch.rand(3))", False, id="of no framework"),
        pytest.param("class A: pass\nA(torch.rand(3))", False, id="in an object of the file"),
        pytest.param("x = torch.rand(3)\nx[0] = image\nx", False, id="an item is stored"),
        pytest.param("x = torch.rand(3)\nx[0][1] = image\nx", False, id="an item of an item"),
        pytest.param("x = torch.rand(3)\nprint(x[0])\nx", True, id="an item is read"),
        pytest.param("x = torch.rand(3)\nx.copy_(image)\nx", False, id="copied into"),
        pytest.param("x = torch.rand(3)\nx[0].copy_(image)\nx", False, id="an item copied into"),
        pytest.param("x = torch.rand(3)\nx.requires_grad_()\nx", True, id="asks for gradients"),
        pytest.param("x = torch.rand(3)\nx.copy(image)\nx", True, id="a method that changes none"),
        pytest.param("x = torch.rand(3)\ndef f(x): x[0] = image\nx", True, id="another variable"),
        pytest.param("x = torch.rand(3)\nother.x[0] = image\nx", True, id="an attribute"),
    ],
)
def test_is_made_up(code: str, expected: bool) -> None:
    module = module_of(IMPORTS + code)
    assert is_made_up(evaluator(), module, last_expression(module)) is expected


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [pytest.param("Variable(", ")", 8, id="wrapped"), pytest.param("2 * ", "", 9, id="scaled")],
)
def test_how_far_what_is_made_up_is_followed(before: str, after: str, most: int) -> None:
    def follows(times: int) -> bool:
        module = module_of(f"{IMPORTS}{before * times}torch.rand(3){after * times}")
        return is_made_up(evaluator(), module, last_expression(module))

    assert (follows(most), follows(most + 1)) == (True, False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m(x) - y", True, id="less another"),
        pytest.param("y - m(x)", True, id="another less it"),
        pytest.param("m(x) - 1", False, id="less a number"),
        pytest.param("1 - m(x)", False, id="a number less it"),
        pytest.param("m(x) + y", False, id="more than another"),
        pytest.param("m(x) - x", False, id="less what it is of"),
        pytest.param("m(x)[0].numpy() - y", True, id="of an item"),
        pytest.param("f(m(x)) - y", True, id="of what is made of it"),
        pytest.param("[m(x)] - y", False, id="of a list"),
        pytest.param("np.allclose(m(x), y)", True, id="allclose"),
        pytest.param("np.dot(m(x), y)", False, id="another function"),
        pytest.param("print(m(x))", False, id="printed"),
        pytest.param("a = m(x)\na - y", True, id="in a variable"),
        pytest.param("a = m(x)\na - a.mean()", False, id="less its mean"),
        pytest.param("a = m(x)\nprint(a)\na - y", True, id="printed first"),
        pytest.param("a = m(x)\nprint(a)", False, id="printed only"),
        pytest.param("a = b = m(x)\nb - y", True, id="in two variables"),
        pytest.param("a, b = m(x)\na - y", False, id="unpacked"),
        pytest.param("a = m(x)\ndef f(a): return a - y", False, id="another variable"),
        pytest.param("a = m(x)\nother.a - y", False, id="an attribute"),
    ],
)
def test_is_compared(code: str, expected: bool) -> None:
    module = module_of(IMPORTS + code)
    run = next(call for call in module.calls if ast.unparse(call) == "m(x)")
    assert is_compared(evaluator(), module, run) is expected


def test_how_far_what_is_compared_is_followed() -> None:
    def follows(times: int) -> bool:
        names = "".join(f"a{n} = a{n - 1}\n" for n in range(1, times))
        module = module_of(f"a0 = m(x)\n{names}a{times - 1} - y")
        return is_compared(evaluator(), module, module.calls[0])

    assert (follows(7), follows(8)) == (True, False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("torch.rand(3)", False, id="no device"),
        pytest.param("torch.rand(3, device='cpu')", False, id="a device that computes"),
        pytest.param("torch.rand(3, device='meta')", True, id="a device that does not"),
        pytest.param("torch.rand(3, device=device)", True, id="a device that is not known"),
        pytest.param("torch.rand(3, dtype=dtype)", False, id="another argument"),
        pytest.param("torch.rand(3, layout='meta')", False, id="another argument of that value"),
        pytest.param("x = torch.rand(3, device='meta')\nx", True, id="in a variable"),
        pytest.param("f(torch.rand(3, device='meta'))", True, id="inside"),
    ],
)
def test_may_be_empty(code: str, expected: bool) -> None:
    module = module_of(IMPORTS + code)
    assert may_be_empty(evaluator(), module, last_expression(module)) is expected
