"""What switches a model, and what a call of it is for."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.modes.freezing import drift
from bnlint.semantics.modes.placement import above_loops, placement
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    gives_only_shape,
    gives_result,
    is_gradient_free,
    is_made_of_switched,
    manages_itself,
    may_switch,
    mode_after,
    runs,
    switches_to,
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


OF_SELF = "self.a.b.eval()\n"


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
        pytest.param("torch", "m.train(True, 1)", "", id="two arguments"),
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
        pytest.param("def f(self, verbose=True): pass", False, id="another flag"),
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
        pytest.param(f"{OF_SELF}m = nn.Sequential(self.a)", True, id="a part of self"),
        pytest.param(f"{OF_SELF}m = nn.Sequential(self.a.b)", True, id="a part of that"),
        pytest.param(f"{OF_SELF}m = nn.Sequential(self.c)", False, id="another part of self"),
        pytest.param("m = nn.Sequential(a['b'])\nc['b'].eval()", False, id="what has no name"),
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
        pytest.param("head.fit(x=m(x))", True, id="given to it by keyword"),
        pytest.param("f(m(x)).fit(z)", False, id="made into what is trained with something else"),
        pytest.param("t[m(x)] = z\nt.backward()", False, id="an index"),
        pytest.param("with a(z) as b, f(m(x)) as c:\n    b.backward()", True, id="entered beside"),
        pytest.param("np.save(m(x))\nnp.mean(z).backward()", False, id="given to a function"),
        pytest.param("import np\nnp.save(m(x))\nnp.mean(z).backward()", False, id="of a module"),
        pytest.param("import np\nnp.push(m(x))\nnp.mean(z).backward()", False, id="that keeps"),
        pytest.param("b = []\nb.push(m(x))\nf(b).backward()", True, id="pushed"),
        pytest.param("b = []\nb.show(m(x))\nf(b).backward()", False, id="shown"),
        pytest.param("b = g()\nb.c.push(m(x))\nf(b).backward()", True, id="pushed onto a part"),
        pytest.param("b = g()\nb.c.update(m(x))\nf(b).backward()", False, id="given to a part"),
        pytest.param("b = g()\nb.update(m(x))\nf(b).backward()", True, id="given to an object"),
        pytest.param("b = g()\nb.log_loss(m(x))\nf(b).backward()", False, id="logged"),
        pytest.param("f().push(m(x))", True, id="pushed onto what a function gives"),
        pytest.param("y: int = m(x)\ny.backward()", True, id="annotated"),
        pytest.param("async for y in m(x):\n    y.backward()", True, id="looped over at leisure"),
        pytest.param("with m(x) as y:\n    y.backward()", True, id="entered"),
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


@pytest.mark.parametrize(("functions", "expected"), [(4, False), (5, True)])
def test_through_how_many_functions_a_result_is_followed(functions: int, expected: bool) -> None:
    """Behind the last, it may go anywhere."""
    inner = "m(x)"
    code = ""
    for number in range(functions):
        code += f"def g{number}():\n    return {inner}\n"
        inner = f"g{number}()"
    found = facts(f"{code}print({inner})\n")
    call = next(c for c in found.module.calls if ast.unparse(c) == "m(x)")
    assert feeds_gradient(found.project.evaluator, found.module, call) is expected


@pytest.mark.parametrize(("often", "expected"), [(99, False), (100, True)])
def test_how_often_a_name_may_be_bound(often: int, expected: bool) -> None:
    found = facts("y = m(x)\n" + "y = 1\n" * often)
    call = next(c for c in found.module.calls if ast.unparse(c) == "m(x)")
    assert feeds_gradient(found.project.evaluator, found.module, call) is expected


def _run_in(code: str):
    """Return the evaluator, and the use of the model ``m`` that runs it."""
    found = facts(f"m = nn.BatchNorm1d(3)\n{code}\n")
    ev = found.project.evaluator
    (made,) = constructions(ev, found.module)
    return ev, next(u for u in life_of(ev, found.module, made.origins).uses if runs(ev, u))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("print(m(x))", True, id="printed"),
        pytest.param("y = m(x)\nprint(y)", True, id="printed by its name"),
        pytest.param("y = m(x)\nz = f(y)\nprint(z)", True, id="what is made of it is printed"),
        pytest.param("y = m(x)\nprint(y.shape)", False, id="its shape is printed"),
        pytest.param("y = m(x)\nprint(y.shape, y)", True, id="it is printed beside its shape"),
        pytest.param("print(m(x).size)", False, id="its size is printed at once"),
        pytest.param("print(m(x).sum())", True, id="its sum is printed"),
        pytest.param("y = m(x)\nprint(z)", False, id="something else is printed"),
        pytest.param("y = m(x)\nf(y)", False, id="it is given to another function"),
        pytest.param("y = m(x).argmax()", True, id="its class is asked for"),
        pytest.param("self.y = m(x)", False, id="an attribute keeps it"),
    ],
)
def test_gives_result(code: str, expected: bool) -> None:
    assert gives_result(*_run_in(code)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("n = m(x).shape[1]", True, id="at once"),
        pytest.param("y = m(x)\nn = y.shape", True, id="by its name"),
        pytest.param("y = m(x)\nn = y.shape[0] + k", True, id="beside other names"),
        pytest.param("y, z = m(x)\nn = y.size", True, id="of a part"),
        pytest.param("y = m(x)\nn = y.ndim\nprint(y)", False, id="and it is printed"),
        pytest.param("y = m(x)", False, id="nothing is looked at"),
        pytest.param("m(x)", False, id="not even a name is"),
        pytest.param("n = f(m(x))", False, id="something else is made of it"),
        pytest.param("n = m(x).sum()", False, id="its sum"),
        pytest.param("self.y = m(x)", False, id="an attribute keeps it"),
    ],
)
def test_gives_only_shape(code: str, expected: bool) -> None:
    assert gives_only_shape(*_run_in(code)) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m(x)", "m(x)", id="a call"),
        pytest.param("m.forward(x)", "m.forward(x)", id="forward"),
        pytest.param("m.construct(x)", "m.construct(x)", id="another framework's"),
        pytest.param("m.encode(x)", "m.encode(x)", id="a part of a forward pass"),
        pytest.param("m.cuda()\ng = m.forward", "", id="named only"),
        pytest.param("m.cuda()", "", id="another method"),
    ],
)
def test_runs(code: str, expected: str) -> None:
    found = facts(f"m = nn.BatchNorm1d(3)\n{code}\n")
    ev = found.project.evaluator
    (made,) = constructions(ev, found.module)
    uses = life_of(ev, found.module, made.origins).uses
    assert "".join(ast.unparse(use.node) for use in uses if runs(ev, use)) == expected


@pytest.mark.parametrize(
    ("code", "to_inference", "to_training"),
    [
        pytest.param("m.eval()", True, False, id="eval"),
        pytest.param("m.eval(x)", False, False, id="eval of something"),
        pytest.param("eval('m')", False, False, id="a function"),
        pytest.param("eval()", False, False, id="a function without arguments"),
        pytest.param("m.train()", False, True, id="train"),
        pytest.param("m.train(True)", False, True, id="train(True)"),
        pytest.param("m.train(False)", True, False, id="train(False)"),
        pytest.param("m.train(mode=False)", True, False, id="by keyword"),
        pytest.param("m.train(flag)", False, False, id="a flag"),
        pytest.param("m.cuda()", False, False, id="another method"),
    ],
)
def test_switches_to(code: str, to_inference: bool, to_training: bool) -> None:
    found = facts(code)
    modes = found.project.frameworks.frameworks["torch"].modes
    assert switches_to(found.module, modes.to_inference) is to_inference
    assert switches_to(found.module, modes.to_training) is to_training


@pytest.mark.parametrize(("more", "knows"), [(58, True), (59, False)])
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


@pytest.mark.parametrize(
    ("code", "above", "back"),
    [
        pytest.param("print(m(x))", "print(m(x))", False, id="alone"),
        pytest.param("for x in xs:\n    print(m(x))", "for x in xs:", False, id="in a loop"),
        pytest.param(
            "for e in es:\n    with f():\n        print(m(x))", "for e in es:", False, id="in two"
        ),
        pytest.param("if c:\n    print(m(x))", "print(m(x))", False, id="under a test"),
        pytest.param(
            "for x in xs:\n    pass\nelse:\n    print(m(x))", "print(m(x))", False, id="at the end"
        ),
        pytest.param(
            "for m.last in xs:\n    print(m(x))", "for m.last in xs:", False, id="of a part"
        ),
        pytest.param(
            "print(m(x))\nm(y).sum().backward()", "print(m(x))", True, id="trained later"
        ),
        pytest.param(
            "m(y).sum().backward()\nprint(m(x))", "print(m(x))", False, id="trained before"
        ),
        pytest.param(
            "if c:\n    m(y).sum().backward()\n    print(m(x))", "print(m(x))", False,
            id="trained before, in one block",
        ),
        pytest.param(
            "for e in es:\n    m(y).sum().backward()\n    print(m(x))", "print(m(x))", True,
            id="trained before, in each pass",
        ),
        pytest.param(
            "for e in es:\n    m(y).sum().backward()\n    for x in xs:\n        print(m(x))",
            "for x in xs:", True, id="trained in each pass, before a loop",
        ),
        pytest.param("m.train()\nprint(m(x))", "print(m(x))", False, id="woken before"),
        pytest.param(
            "for e in es:\n    m.train()\n    print(m(x))", "print(m(x))", True, id="woken anew"
        ),
        pytest.param(
            "def f():\n    m(y).sum().backward()\nfor x in xs:\n    print(m(x))", "print(m(x))",
            True, id="trained in a function that nobody calls",
        ),
        pytest.param(
            "def f():\n    m(y).sum().backward()\nf()\nfor x in xs:\n    print(m(x))",
            "for x in xs:", True, id="trained in a function",
        ),
        pytest.param(
            "def f():\n    m(y).sum().backward()\nfor x in xs:\n    print(m(x))\n    f()",
            "print(m(x))", True, id="trained in a function that the loop calls",
        ),
    ],
)  # fmt: skip
def test_placement(code: str, above: str, back: bool) -> None:
    found = facts(f"m = nn.BatchNorm1d(3)\n{code}\n")
    ev, module = found.project.evaluator, found.module
    (made,) = constructions(ev, module)
    life = life_of(ev, module, made.origins)
    run = next(call for call in module.calls if ast.unparse(call) == "m(x)")
    placed = placement(ev, module, run, "m", life, made.framework)
    assert (ast.unparse(placed.statement).splitlines()[0], placed.back) == (above, back)


@pytest.mark.parametrize(
    ("code", "above"),
    [
        pytest.param("for m in ms:\n    for x in xs:\n        m(x)", "for x in xs:", id="a name"),
        pytest.param(
            "for t in ts:\n    for x in xs:\n        t.m(x)", "for x in xs:", id="what holds it"
        ),
        pytest.param(
            "for t.m in ms:\n    for x in xs:\n        t.m(x)", "for x in xs:", id="an attribute"
        ),
        pytest.param(
            "for t in ts:\n    while c:\n        print(m, t)\n        m(x)",
            "for t in ts:",
            id="read",
        ),
        pytest.param(
            "for t in ts:\n    m = f()\n    with g():\n        m(x)", "with g():", id="bound in it"
        ),
        pytest.param("def f():\n    while c:\n        m(x)", "while c:", id="in a function"),
        pytest.param("while c:\n    if d:\n        m(x)", "m(x)", id="under a test"),
    ],
)
def test_above_loops(code: str, above: str) -> None:
    module = parse("m.py", f"{code}\n")
    run = next(call for call in module.calls if ast.unparse(call.func) in ("m", "t.m"))
    names = {ast.unparse(run.func)}
    assert ast.unparse(above_loops(module, run, names)).splitlines()[0] == above


@pytest.mark.parametrize("name", ["shape", "size", "ndim", "dim", "dtype", "device"])
def test_what_tells_of_a_result_without_its_values(name: str) -> None:
    assert gives_only_shape(*_run_in(f"y = m(x)\nn = y.{name}"))
    assert not gives_result(*_run_in(f"y = m(x)\nprint(y.{name})"))


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("abc.ABC", False),
        ("typing.Generic", False),
        ("collections.abc.Sized", False),
        ("enum.Enum", False),
        ("object", False),
        ("other.Base", True),
        ("unknown", True),
    ],
)
def test_manages_itself_by_a_base_out_of_view(base: str, expected: bool) -> None:
    imports = "import abc, typing, collections.abc, enum, other\n"
    body = "    def forward(self, x):\n        return self.bn(x)\n"
    found = facts(f"{imports}class A(nn.Module, {base}):\n{body}m = A()\nm(x)\n")
    (made,) = constructions(found.project.evaluator, found.module)
    what = contents(found.project.evaluator, found.sites, made.candidate)
    assert manages_itself(found.project.evaluator, what, made.framework) is expected
