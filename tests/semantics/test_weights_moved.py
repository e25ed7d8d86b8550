"""Statements that move weights between models, save them, or move them to another eps."""

from __future__ import annotations

import ast

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.project.project import Project
from bnlint.semantics.weights.compensation import makes_up_for_eps
from bnlint.semantics.weights.loops import Moving, movings
from bnlint.semantics.weights.saving import saved
from bnlint.semantics.weights.shared_memory import moved_in_place


def _shown(moving: Moving) -> str:
    source = ast.unparse(moving.source) if moving.source is not None else "something"
    mixes = ", mixed" if moving.mixes else ""
    return f"{ast.unparse(moving.target)} from {source}{mixes}"


PAIRS = "for a, b in zip(net.parameters(), other.parameters()):\n    "
NAMED = "for (n, a), (m, b) in zip(net.named_parameters(), other.named_parameters()):\n    "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(PAIRS + "a.data.copy_(b.data)", ["net from other"], id="copied"),
        pytest.param(PAIRS + "a.copy_(b)", ["net from other"], id="copied as they are"),
        pytest.param(PAIRS + "a.data = b.data", ["net from other"], id="stored"),
        pytest.param(PAIRS + "a.data[:] = b.data", ["net from other"], id="stored into"),
        pytest.param(PAIRS + "b.data = a.data", ["other from net"], id="the other way round"),
        pytest.param(PAIRS + "a.grad = b.data", [], id="gradients"),
        pytest.param(PAIRS + "a = b.data", [], id="a variable"),
        pytest.param(PAIRS + "print(a, b)", [], id="shown"),
        pytest.param(PAIRS + "a.data.copy_(a.data)", [], id="copied onto itself"),
        pytest.param(PAIRS + "a.data.copy_(c)", [], id="copied from something else"),
        pytest.param(PAIRS + "a.data.copy_(src=b)", ["net from other"], id="by keyword"),
        pytest.param(
            PAIRS + "a.data = 0.9 * a.data + 0.1 * b.data", ["net from other, mixed"], id="mixed"
        ),
        pytest.param(PAIRS + "a.data += 0.1 * b.data", ["net from other, mixed"], id="added"),
        pytest.param(PAIRS + "a += 0.1 * b.data", [], id="added to a variable"),
        pytest.param(
            PAIRS + "a.data.mul_(0.9).add_(b.data, alpha=0.1)", ["net from other, mixed"],
            id="scaled and added",
        ),
        pytest.param(PAIRS + "a.data.add_(b.data)", [], id="added without a scale"),
        pytest.param(PAIRS + "a.lerp_(b, 0.1)", ["net from other, mixed"], id="moved towards"),
        pytest.param(PAIRS + "a.data.fill_(b)", [], id="another method"),
        pytest.param(PAIRS + "with f():\n        a.data = b.data", ["net from other"], id="within"),
        pytest.param(
            PAIRS + "a.data = b.data\n    b.data = a.data", ["net from other"], id="the first"
        ),
        pytest.param(PAIRS + "if a.requires_grad:\n        a.data = b.data", [], id="some"),
        pytest.param(NAMED + "a.data.copy_(b.data)", ["net from other"], id="with names"),
        pytest.param(
            "for a, b in zip(net.buffers(), other.buffers()):\n    a.data = b.data", [],
            id="buffers",
        ),
        pytest.param(
            "for a, b in zip(net.parameters(), saved):\n    a.data = b.data",
            ["net from something"], id="from a list",
        ),
        pytest.param(
            "for a, b in zip(saved, net.parameters()):\n    a.data = b.data", [], id="into a list"
        ),
        pytest.param(
            "for a, b in zip(net.parameters(), net.parameters()):\n    a.data = b.data", [],
            id="of the same model",
        ),
        pytest.param(
            "for a, b in zip(list(net.parameters()), other.parameters()):\n    a.data = b.data",
            ["net from other"], id="listed",
        ),
        pytest.param(
            "for a, b in zip(net.parameters(True), other.parameters()):\n    a.data = b.data", [],
            id="of some of them",
        ),
        pytest.param(
            "for a, b, c in zip(net.parameters(), x.parameters(), y.parameters()):\n"
            "    a.data = (b.data + c.data) / 2",
            [], id="of two models",
        ),
        pytest.param(
            "for a, b, c in zip(net.parameters(), x.parameters(), y.parameters()):\n"
            "    a.data = b.data",
            ["net from x"], id="of one of two models",
        ),
        pytest.param(
            "for a, b in zip(net.parameters(), x.parameters(), y.parameters()):\n    a.data = b",
            [], id="of other numbers",
        ),
        pytest.param(
            "for a, b.c in zip(net.parameters(), other.parameters()):\n    a.data = b.c", [],
            id="an attribute for a variable",
        ),
        pytest.param("for a in zip(net.parameters(), other.parameters()):\n    a.data = b", [],
            id="no pair"),
        pytest.param("pairs = zip(net.parameters(), other.parameters())", [], id="no loop"),
        pytest.param(
            "for n, p in net.named_parameters():\n    p.data = average[n]", ["net from something"],
            id="by name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    p.data.copy_(average[n].data)",
            ["net from something"], id="copied by name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    p.data = average[0]", [], id="by a number"
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    average[n] = p.data", [], id="kept by name"
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    other.data = average[n]", [],
            id="into something else",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    if p.requires_grad:\n"
            "        p.data = average[n]",
            [], id="some by name",
        ),
        pytest.param(
            "for p in net.parameters():\n    p.data = average[n]", [], id="without a name"
        ),
        pytest.param(
            "for n, p in net.named_buffers():\n    p.data = average[n]", [], id="buffers by name"
        ),
        pytest.param(
            "torch.nn.utils.vector_to_parameters(v, net.parameters())", ["net from something"],
            id="of a vector",
        ),
        pytest.param("vector_to_parameters(v, params)", [], id="of a vector, into a list"),
        pytest.param("vector_to_parameters(net.parameters())", [], id="of nothing"),
        pytest.param(
            "a = dict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "for k in a.keys():\n    a[k].data.copy_(b[k].data)",
            ["net from other"], id="by key",
        ),
        pytest.param(
            "a = OrderedDict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "for k in a:\n    a[k].data.mul_(0.9).add_(b[k].data)",
            ["net from other, mixed"], id="by key, of the dictionary itself",
        ),
        pytest.param(
            "a = dict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "for k, p in a.items():\n    p.data = b[k].data",
            ["net from other"], id="by key, with values",
        ),
        pytest.param(
            "a = dict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "for p in a.values():\n    p.data = b[k].data",
            [], id="values alone",
        ),
        pytest.param(
            "a = dict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "for k in names:\n    a[k].data = b[k].data",
            [], id="by other keys",
        ),
        pytest.param(
            "a = b = dict(net.named_parameters())\nc = dict(other.named_parameters())\n"
            "for k in c:\n    b[k].data = c[k].data",
            ["net from other"], id="by key, in two variables",
        ),
        pytest.param(
            "def f():\n    a = dict(net.named_parameters())\n    b = dict(other.named_parameters())"
            "\n    for k in a:\n        a[k].data = b[k].data",
            ["net from other"], id="by key, in a function",
        ),
        pytest.param(
            "a = dict(net.named_parameters())\nb = dict(other.named_parameters())\n"
            "def f(a, b):\n    for k in a:\n        a[k].data = b[k].data",
            [], id="by key, in a function beside",
        ),
        pytest.param("a = dict()\nb = dict(other)\nfor k in a:\n    a[k] = b[k]", [], id="others"),
        pytest.param("f(dict(net.named_parameters()))", [], id="a dictionary for a function"),
    ],
)  # fmt: skip
def test_movings(code: str, expected: list[str]) -> None:
    assert [_shown(moving) for moving in movings(module_of(code))] == expected


IMPORTS = "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.BatchNorm2d(8))\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("torch.save(list(net.parameters()), 'f')", "net", id="a list"),
        pytest.param("torch.save(dict(net.named_parameters()), 'f')", "net", id="a dictionary"),
        pytest.param("torch.save(net.parameters(), 'f')", "net", id="as it is given"),
        pytest.param("torch.save(OrderedDict(net.named_parameters()), 'f')", "net", id="ordered"),
        pytest.param("torch.save(sorted(net.parameters()), 'f')", "", id="sorted"),
        pytest.param("w = f()\ntorch.save(w, 'f')", "", id="what a function gives"),
        pytest.param("torch.save(w, 'f')", "", id="what is not bound"),
        pytest.param("torch.save(net.state_dict(), 'f')", "", id="the whole state"),
        pytest.param("torch.save(net.named_buffers(), 'f')", "", id="buffers"),
        pytest.param("torch.save(net, 'f')", "", id="the model"),
        pytest.param("torch.save()", "", id="nothing"),
        pytest.param("torch.load(list(net.parameters()))", "", id="loaded"),
        pytest.param("save(list(net.parameters()), 'f')", "", id="a function of another name"),
        pytest.param("w = list(net.parameters())\ntorch.save(w, 'f')", "net", id="a variable"),
        pytest.param("w = list(net.parameters())\nw.append(x)\ntorch.save(w, 'f')", "", id="more"),
        pytest.param("w = list(net.parameters())\nw += x\ntorch.save(w, 'f')", "", id="added"),
        pytest.param("w = dict(net.named_parameters())\nw[0] = x\ntorch.save(w, 'f')", "", id="in"),
        pytest.param(
            "w = dict(net.named_parameters())\nprint(w[0])\ntorch.save(w, 'f')", "net", id="read"
        ),
        pytest.param("torch.save({n: p for n, p in net.named_parameters()}, 'f')", "net", id="n"),
        pytest.param(
            "torch.save({n: p.data.cpu() for n, p in net.named_parameters()}, 'f')", "net",
            id="moved",
        ),
        pytest.param(
            "torch.save({n: p.grad for n, p in net.named_parameters()}, 'f')", "", id="gradients"
        ),
        pytest.param(
            "torch.save({n: n for n, p in net.named_parameters()}, 'f')", "", id="names"
        ),
        pytest.param(
            "torch.save({n: p for n, p in net.named_parameters() if p.ndim}, 'f')", "", id="some"
        ),
        pytest.param("torch.save([p for p in net.parameters()], 'f')", "net", id="comprehended"),
        pytest.param("torch.save([2 * p for p in net.parameters()], 'f')", "", id="computed"),
        pytest.param(
            "torch.save(list(net.parameters()), 'f')\ntorch.save(net.state_dict(), 'g')", "",
            id="beside the whole state",
        ),
        pytest.param(
            "def f():\n    torch.save(list(net.parameters()), 'f')\n"
            "def g():\n    torch.save({'net': net.state_dict()}, 'g')", "",
            id="and elsewhere the whole state",
        ),
        pytest.param(
            "def f():\n    torch.save(list(net.parameters()), 'f')\n"
            "def g():\n    return net.buffers()", "net",
            id="and elsewhere buffers",
        ),
        pytest.param(
            "def f():\n    torch.save(list(net.parameters()), 'f')\n    print(net.buffers())", "",
            id="beside buffers",
        ),
        pytest.param(
            "def f():\n    torch.save(list(net.parameters()), 'f')\n    torch.save(running_mean)",
            "", id="beside statistics",
        ),
        pytest.param(
            "a = list(net.parameters())\nb = tuple(a)\nc = list(b)\ntorch.save(c, 'f')", "",
            id="through too many names",
        ),
        pytest.param(
            "a = list(net.parameters())\nb = a\ntorch.save(b, 'f')", "net", id="through two names"
        ),
    ],
)  # fmt: skip
def test_saved(code: str, expected: str) -> None:
    facts = read_facts(module_of(IMPORTS + code))
    found = saved(facts.project.evaluator, facts.module, facts.sites)
    models = [one.model for one in found if one.model is not None]
    assert "".join(map(ast.unparse, models)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("var += 1e-3 - 1e-5", True, id="added"),
        pytest.param("var = var + 1e-3 - 1e-5", True, id="in a sum"),
        pytest.param("var = var - a.eps + b.eps", False, id="no minus between them"),
        pytest.param("var = var + (1e-3 - 1e-5)", True, id="in parentheses"),
        pytest.param("var = var - (1e-3 - 1e-5)", True, id="taken away"),
        pytest.param("var = var + (keras_eps - torch_eps)", True, id="by names"),
        pytest.param("var = var + (a.eps - b.eps)", True, id="by attributes"),
        pytest.param("var = var + (a['eps'] - b['eps'])", True, id="by keys"),
        pytest.param("w['moving_variance'] += a.eps - b.eps", True, id="under a key"),
        pytest.param("mean += 1e-3 - 1e-5", False, id="a mean"),
        pytest.param("var += 1e-3 - 1e-3", False, id="one eps twice"),
        pytest.param("var = var - 1e-3 - 1e-5", False, id="both taken away"),
        pytest.param("var += 1e-3", False, id="one eps"),
        pytest.param("var += 1e-2 - 1e-5", True, id="the largest eps"),
        pytest.param("var += 1.1e-2 - 1e-5", False, id="a number too large for one"),
        pytest.param("var += 1e-3 - -1e-5", False, id="a negative one"),
        pytest.param("var += 1e-3 * 1e-5", False, id="a product"),
        pytest.param("var += 3 - 1e-5", False, id="a whole number"),
        pytest.param("var += (1e-3 - 1e-5) * 2", True, id="a multiple"),
        pytest.param("g *= sqrt(var + 1e-5) / sqrt(var + 1e-3)", True, id="a quotient of roots"),
        pytest.param("g *= sqrt((1e-5 + var) / (1e-3 + var))", True, id="the root of a quotient"),
        pytest.param("g *= sqrt(var + 1e-5) / sqrt(var + 1e-5)", False, id="of one eps"),
        pytest.param("g *= sqrt(var + 1e-5) / sqrt(x + 1e-3)", False, id="of something else"),
        pytest.param("g *= sqrt(var - 1e-5) / sqrt(var - 1e-3)", False, id="less an eps"),
        pytest.param("g *= sqrt(var + 1e-5) // sqrt(var + 1e-3)", False, id="divided otherwise"),
        pytest.param("def f(var):\n    return var + 1e-3 - 1e-5", True, id="in a function"),
        pytest.param("x = 1\n\nvar = (\n    var\n    + 1e-3 - 1e-5\n)", True, id="over lines"),
        pytest.param("var = var + 1e-3 \\\n    - 1e-5", False, id="in two lines"),
        pytest.param("# var += 1e-3 - 1e-5", False, id="a comment"),
        pytest.param("f(var, 1e-3 - 1e-5)", True, id="given to a function"),
    ],
)
def test_makes_up_for_eps(code: str, expected: bool) -> None:
    facts = read_facts(module_of(f"{IMPORTS}{code}\n"))
    project = Project(facts.project.frameworks)
    assert makes_up_for_eps(project, facts.sites[0]) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("v = bn.running_var.numpy()\nv += eps", True, id="shares memory"),
        pytest.param("v = bn.running_var.detach().numpy()\nv += eps", True, id="detached"),
        pytest.param("v = bn.running_var.data.numpy()\nv -= eps", True, id="taken away"),
        pytest.param("v = bn.running_var.clone()\nv += eps", False, id="copied"),
        pytest.param("v = bn.running_var.cpu().numpy().copy()\nv += eps", False, id="copied last"),
        pytest.param("v = bn.running_var.clone().numpy()\nv += eps", False, id="copied first"),
        pytest.param("v = bn.running_var.numpy()\nv *= eps", False, id="scaled"),
        pytest.param("v = bn.running_var.numpy()\nv += x  # eps", False, id="something else"),
        pytest.param("v = bn.running_mean.numpy()\nv += eps", False, id="a mean"),
        pytest.param("v = bn.running_var.numpy()\nv = v + eps", False, id="not in place"),
        pytest.param("v = bn.running_var\nw = v.numpy()\nw += eps", True, id="two names"),
        pytest.param(
            "s = net.state_dict()\nv = s['bn.running_var'].numpy()\nv += eps", True, id="a state"
        ),
        pytest.param(
            "v = net.state_dict()['bn.running_var'].numpy()\nv += eps", True, id="a state at once"
        ),
        pytest.param(
            "s = torch.load('f')\nv = s['bn.running_var'].numpy()\nv += eps", False, id="loaded"
        ),
        pytest.param(
            "s = net.state_dict()\nv = s.get('bn.running_var').numpy()\nv += eps", True, id="get"
        ),
        pytest.param("v = f(bn.running_var).numpy()\nv += eps", False, id="a function"),
        pytest.param("v = 3\nv += eps", False, id="a number"),
    ],
)
def test_moved_in_place(code: str, expected: bool) -> None:
    facts = read_facts(module_of(f"{IMPORTS}{code}\n"))
    found = moved_in_place(facts.project.evaluator, facts.module, facts.sites)
    assert (next(found, None) is not None) is expected
