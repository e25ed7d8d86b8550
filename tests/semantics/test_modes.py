"""What switches a model, and what a call of it is for."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.modes.freezing import drift
from bnlint.semantics.modes.placement import placement
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    is_gradient_free,
    is_made_of_switched,
    manages_itself,
    may_switch,
    mode_after,
)
from bnlint.semantics.objects.allocations import constructions, variable_of
from bnlint.semantics.objects.events import METHOD, Use
from bnlint.semantics.objects.history import life_of
from bnlint.semantics.objects.models import contents
from bnlint.semantics.syntax.module import parse

IMPORTS = """
import torch
from torch import nn
from torch.nn import functional as F
import mindspore as ms
from tensorflow import keras
"""


def facts(code: str):  # type: ignore[no-untyped-def]
    return read_facts(parse("m.py", IMPORTS.lstrip() + textwrap.dedent(code)))


def _call(text: str) -> ast.Call:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    return node


@pytest.mark.parametrize(
    ("framework", "call", "mode"),
    [
        pytest.param("torch", "m.eval()", INFERENCE, id="eval"),
        pytest.param("torch", "m.train()", TRAINING, id="train"),
        pytest.param("torch", "m.train(True)", TRAINING, id="train(True)"),
        pytest.param("torch", "m.train(False)", INFERENCE, id="train(False)"),
        pytest.param("torch", "m.train(mode=False)", INFERENCE, id="by keyword"),
        pytest.param("torch", "m.train(0)", INFERENCE, id="zero is false"),
        pytest.param("torch", "m.train(flag)", "", id="a flag"),
        pytest.param("torch", "m.train(loader, 3)", "", id="a method of the user's"),
        pytest.param("torch", "m.eval(x)", "", id="eval with an argument"),
        pytest.param("torch", "m.cuda()", None, id="another method"),
        pytest.param("torch", "m.set_train()", None, id="another framework's"),
        pytest.param("mindspore", "m.set_train()", TRAINING, id="set_train"),
        pytest.param("mindspore", "m.set_train(False)", INFERENCE, id="set_train(False)"),
        pytest.param("mindspore", "m.eval()", None, id="no such switch"),
        pytest.param("keras", "m.eval()", None, id="no switch at all"),
    ],
)
def test_mode_after(framework: str, call: str, mode: str | None) -> None:
    node = _call(call)
    assert isinstance(node.func, ast.Attribute)
    table = facts("").project.frameworks.frameworks[framework]
    assert mode_after(Use(METHOD, node, parse("m.py", ""), node.func.attr), table) == mode


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({}, "10 steps take its statistics 65% of the way to those of", id="known"),
        pytest.param({"convention": "none"}, "its statistics drift", id="without a convention"),
        pytest.param({"roles": {"momentum": "device"}}, "its statistics drift", id="no number"),
    ],
)
def test_how_far_statistics_drift(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], said: str
) -> None:
    frameworks = facts("").project.frameworks
    torch = frameworks.frameworks["torch"]
    api = frameworks.reference("torch")._replace(**changed)
    monkeypatch.setitem(frameworks.apis, api.id, api)
    assert drift(torch, frameworks).startswith(said)


@pytest.mark.parametrize(
    ("code", "to_inference", "to_training"),
    [
        pytest.param("m(x)", False, False, id="nothing"),
        pytest.param("m.eval()", True, False, id="eval"),
        pytest.param("m.train()", False, True, id="train"),
        pytest.param("m.train(flag)", True, True, id="either"),
        pytest.param("m.part.eval()", True, True, id="a part"),
        pytest.param("m.training = a", True, True, id="the attribute"),
        pytest.param("if m.training: pass", True, True, id="the attribute is asked for"),
        pytest.param("m.apply(f)", True, True, id="apply"),
        pytest.param("for p in m.children(): p", True, True, id="a walk over the parts"),
        pytest.param("m.fuse_model()", True, True, id="a telling name"),
        pytest.param("m.freeze()", True, True, id="another"),
        pytest.param("m.forward_features(x)", False, False, id="a plain name"),
        pytest.param("m.load_state_dict(w)", False, False, id="loading"),
    ],
)
def test_may_switch(code: str, to_inference: bool, to_training: bool) -> None:
    found = facts(f"m = nn.BatchNorm2d(3)\n{code}\nm(x)\n")
    ev = found.project.evaluator
    (made,) = constructions(ev, found.module)
    life = life_of(ev, found.module, made.origins)
    assert may_switch(ev, life, made.framework, INFERENCE) is to_inference
    assert may_switch(ev, life, made.framework, TRAINING) is to_training


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("def forward(self, x):\n    return self.bn(x)", False, id="nothing"),
        pytest.param("def forward(self, x):\n    if self.training: pass", False, id="it asks"),
        pytest.param("def f(self):\n    self.eval()", True, id="it switches"),
        pytest.param("def f(self):\n    self.bn.eval()", True, id="it switches a part"),
        pytest.param("def f(self):\n    self.training = False", True, id="it sets the attribute"),
        pytest.param("def train(self, mode=True): pass", True, id="it overrides the switch"),
        pytest.param("def training_step(self): pass", False, id="a name that begins so"),
    ],
)
def test_manages_itself(body: str, expected: bool) -> None:
    code = f"class A(nn.Module):\n{textwrap.indent(body, '    ')}\nm = A()\nm(x)\n"
    found = facts(code)
    (made,) = constructions(found.project.evaluator, found.module)
    what = contents(found.project.evaluator, found.sites, made.candidate)
    assert manages_itself(found.project.evaluator, what, made.framework) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("def call(self, x):\n    return self.bn(x)", False, id="nothing"),
        pytest.param("def call(self, x, training=None): pass", False, id="a flag left open"),
        pytest.param("def call(self, x, training=False): pass", False, id="a flag that is False"),
        pytest.param("def call(self, x, training=True): pass", True, id="a flag that is True"),
        pytest.param("def call(self, x, *, training=True): pass", True, id="keyword-only"),
        pytest.param(
            "def call(self, x, training=None):\n    return self.bn(x, training=training)",
            False,
            id="passed on",
        ),
        pytest.param("def call(self, x):\n    return self.bn(x, training=True)", True, id="fixed"),
    ],
)
def test_manages_itself_by_flags(body: str, expected: bool) -> None:
    code = f"class A(keras.Model):\n{textwrap.indent(body, '    ')}\nm = A()\nm(x)\n"
    found = facts(code)
    (made,) = constructions(found.project.evaluator, found.module)
    what = contents(found.project.evaluator, found.sites, made.candidate)
    assert manages_itself(found.project.evaluator, what, made.framework) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m = nn.Sequential(nn.ReLU())", False, id="fresh parts"),
        pytest.param("m = nn.Sequential(nn.ReLU().eval())", True, id="a part switched in place"),
        pytest.param("a = nn.ReLU()\na.eval()\nm = nn.Sequential(a)", True, id="in a variable"),
        pytest.param("a = nn.ReLU()\nb = [a]\na.eval()\nm = nn.Sequential(*b)", True, id="a list"),
        pytest.param("a = nn.ReLU()\nb = nn.ReLU()\nb.eval()\nm = nn.Sequential(a)", False, id="b"),
        pytest.param("m = nn.Sequential(f(args.eval))", True, id="an attribute of that name"),
    ],
)
def test_is_made_of_switched(code: str, expected: bool) -> None:
    found = facts(f"{code}\nm(x)\n")
    ev = found.project.evaluator
    made = next(
        m for m in constructions(ev, found.module) if variable_of(found.module, m.call) == "m"
    )
    assert is_made_of_switched(ev, found.module, made) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("torch.no_grad()", True, id="no_grad"),
        pytest.param("torch.no_grad", True, id="without parentheses"),
        pytest.param("torch.inference_mode()", True, id="inference_mode"),
        pytest.param("torch.set_grad_enabled(False)", True, id="set_grad_enabled(False)"),
        pytest.param("torch.set_grad_enabled(mode=False)", True, id="by keyword"),
        pytest.param("torch.set_grad_enabled(True)", False, id="set_grad_enabled(True)"),
        pytest.param("torch.set_grad_enabled(phase == 'train')", False, id="a test"),
        pytest.param("torch.enable_grad()", False, id="the other one"),
        pytest.param("torch.autocast('cuda')", False, id="another context"),
        pytest.param("open('a')", False, id="a builtin"),
        pytest.param("x.no_grad()", False, id="another object's"),
    ],
)
def test_is_gradient_free(text: str, expected: bool) -> None:
    found = facts(f"{text}\n")
    last = found.module.tree.body[-1]
    assert isinstance(last, ast.Expr)
    assert is_gradient_free(found.project.evaluator, found.module, last.value) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m(x).sum().backward()", True, id="at once"),
        pytest.param("y = m(x)\nloss = f(y)\nloss.backward()", True, id="through variables"),
        pytest.param("y = m(x)\nscaler.scale(f(y)).backward()", True, id="scaled"),
        pytest.param("y = m(x)\naccelerator.backward(f(y))", True, id="an argument of backward"),
        pytest.param("y = m(x)\nself.manual_backward(f(y))", True, id="backward by another name"),
        pytest.param("y = m(x)\ntorch.autograd.grad(f(y), p)", True, id="autograd"),
        pytest.param("a, b = m(x)\n(a + c).backward()", True, id="unpacked"),
        pytest.param("t = 0\nt += m(x)\nt.backward()", True, id="added up"),
        pytest.param("ys = []\nys.append(m(x))\nf(ys).backward()", True, id="kept in a list"),
        pytest.param("d = {}\nd[0] = m(x)\nf(d).backward()", True, id="kept in a dictionary"),
        pytest.param("d = {}\nd[0][1] = m(x)\nf(d).backward()", True, id="kept in one of several"),
        pytest.param("d = {}\nd[0][1] = m(x)\nprint(d)", False, id="kept there, and printed"),
        pytest.param("g()[0] = m(x)", True, id="kept in what a function gives"),
        pytest.param("y = m(x)\n" + "y = 1\n" * 101, True, id="a name that is bound too often"),
        pytest.param("y = m(x)\n" + "y = 1\n" * 99, False, id="a name that is bound often"),
        pytest.param("for y in m(x):\n    f(y).backward()", True, id="looped over"),
        pytest.param("self.y = m(x)", True, id="stored: it may go anywhere"),
        pytest.param("def g():\n    return m(x)\ng().backward()", True, id="returned and used"),
        pytest.param("def g():\n    yield m(x)", True, id="yielded"),
        pytest.param("def g(a):\n    a.backward()\ng(m(x))", True, id="given to a function"),
        pytest.param("head.fit(m(x), y)", True, id="given to code that trains, by its name"),
        pytest.param("y = m(x)\nprint(y)", False, id="printed"),
        pytest.param("y = m(x)\nloss = f(z)\nloss.backward()", False, id="another loss"),
        pytest.param("y = m(x)\ny = z\ny.backward()", False, id="bound to something else"),
        pytest.param("y = z\ny.backward()\ny = m(x)", False, id="bound later"),
        pytest.param(
            "for e in es:\n    y = n(x)\n    y.backward()\n    for v in vs:\n        y = m(x)",
            False,
            id="a name that each loop binds anew",
        ),
        pytest.param("meter.update(m(x))\nprint(meter.avg)", False, id="a meter"),
        pytest.param("def g():\n    return m(x)\nprint(g())", False, id="returned and printed"),
        pytest.param("def g():\n    return m(x)", False, id="returned, and nobody calls"),
        pytest.param("def g(a):\n    print(a)\ng(m(x))", False, id="given to another function"),
    ],
)
def test_feeds_gradient(code: str, expected: bool) -> None:
    found = facts(code)
    call = next(c for c in found.module.calls if ast.unparse(c) == "m(x)")
    assert feeds_gradient(found.project.evaluator, found.module, call) is expected


@pytest.mark.parametrize(("more", "knows"), [(0, True), (60, False)])
def test_what_trains_a_model_that_is_used_often_is_not_found_out(more: int, knows: bool) -> None:
    code = "m = nn.BatchNorm1d(3)\n" + "m(a)\n" * more
    found = facts(code + "for x in xs:\n    print(m(x))\nm(y).sum().backward()\n")
    ev, module = found.project.evaluator, found.module
    (made,) = constructions(ev, module)
    life = life_of(ev, module, made.origins)
    run = next(call for call in module.calls if ast.unparse(call) == "m(x)")
    placed = placement(ev, module, run, "m", life, made.framework)
    assert isinstance(placed.statement, ast.For) is knows
    assert placed.back is knows
