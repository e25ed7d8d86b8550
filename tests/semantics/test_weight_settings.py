"""What keeps weights from training: of what, which of them, and whether it is known to."""

from __future__ import annotations

import ast

import pytest
from reading import evaluator, module_of

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.modes.frozen_weights import Freeze, weight_settings
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module

IMPORTS = "import torch\nfrom torch import nn\n\nnet = nn.Sequential()\n"


def _described(module: Module, one: Freeze) -> str:
    """Return all that a setting says: whose weights, by which tests, at which statement."""
    tests = [("" if g.holds else "not ") + ast.unparse(g.test) for g in one.tests]
    words = [
        one.name(module),
        {True: "kept", False: "trained", None: "either"}[one.keeps],
        f"where {' and '.join(tests)}" if tests else "",
        f"by {one.variable}" if one.variable else "",
        "of parts" if one.by_part else "",
        "the first" if one.first else "",
        f"line {one.statement.lineno - 4}" if one.statement.lineno > 5 else "",
    ]
    return " ".join(filter(None, words))


def settings(code: str) -> list[str]:
    """Return the settings of weights in ``code``, which is of PyTorch."""
    module = module_of(IMPORTS + code)
    tables = catalogue().load(("torch",))
    ev = Project(tables).evaluator
    return [_described(module, one) for one in weight_settings(ev, module)]


LOOP = "for p in net.parameters():\n    "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("net.requires_grad_(False)", "net kept", id="a method"),
        pytest.param("net.requires_grad_(requires_grad=False)", "net kept", id="by keyword"),
        pytest.param("net.requires_grad_(True)", "net trained", id="a method, to train"),
        pytest.param("net.requires_grad_()", "net either", id="its default"),
        pytest.param("net.requires_grad_(flag)", "net either", id="told by a variable"),
        pytest.param("net.requires_grad_(False, 1)", "net either", id="two arguments"),
        pytest.param("nets[0].requires_grad_(False)", "nets[0] kept", id="an item"),
        pytest.param("(net\n .stem).requires_grad_(False)", "net.stem kept", id="over two lines"),
        pytest.param("x = net.requires_grad_(False)", "net either", id="what it gives is kept"),
        pytest.param("f(net.requires_grad_(False))", "net either", id="what it gives goes on"),
        pytest.param("x = net.requires_grad_(True)", "net trained", id="trained, and kept"),
        pytest.param(LOOP + "p.requires_grad = False", "net kept", id="a loop"),
        pytest.param(LOOP + "p.requires_grad = True", "net trained", id="a loop, to train"),
        pytest.param(LOOP + "p.requires_grad = flag", "net either", id="a loop, told"),
        pytest.param(LOOP + "p.requires_grad: bool = False", "net either", id="annotated"),
        pytest.param(LOOP + "p.requires_grad_(False)", "net kept", id="a method in a loop"),
        pytest.param(
            LOOP + "def f():\n        p.requires_grad = False", "p kept line 3", id="in a function"
        ),
        pytest.param(
            "for p in list(net.parameters())[:-2]:\n    p.requires_grad = False",
            "net kept the first", id="the first weights",
        ),
        pytest.param(
            "for p in tuple(net.parameters())[:]:\n    p.requires_grad = False",
            "net kept", id="all of a tuple",
        ),
        pytest.param(
            "for p in list(net.parameters())[2:]:\n    p.requires_grad = False",
            "p kept line 2", id="the last weights",
        ),
        pytest.param(
            "for p in net.buffers():\n    p.requires_grad = False",
            "p kept line 2", id="what is no weight",
        ),
        pytest.param(
            "for p in params:\n    p.requires_grad = False", "p kept line 2", id="a variable"
        ),
        pytest.param(
            "async def f():\n    async for p in net.parameters():\n        p.requires_grad = False",
            "net kept line 2", id="an asynchronous loop",
        ),
    ],
)  # fmt: skip
def test_whose_weights(code: str, expected: str) -> None:
    assert settings(code) == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            "for n, p in net.named_parameters():\n    if 'fc' not in n:\n"
            "        p.requires_grad = False",
            "net kept where 'fc' not in n by n", id="a test of the name",
        ),
        pytest.param(
            "for n, p in net.items():\n    if 'fc' not in n:\n        p.requires_grad = False",
            "p kept line 3", id="a name beside what is no weight",
        ),
        pytest.param(
            LOOP + "if p.ndim == 1:\n        continue\n    p.requires_grad = False",
            "net kept where not p.ndim == 1", id="some are skipped",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    if 'fc' in n:\n        continue\n"
            "    p.requires_grad = False",
            "net kept where not 'fc' in n by n", id="some are skipped by name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    if 'fc' in n:\n        break\n"
            "    p.requires_grad = False",
            "net kept where not 'fc' in n", id="it ends at a name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    p.requires_grad = False\n"
            "    if 'layer2' in n:\n        break",
            "net kept where None", id="it ends after a name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    p.requires_grad = False\n"
            "    if 'layer2' in n:\n        continue\n    print(n)",
            "net kept where None", id="it goes on after a name",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    if 'fc' in n:\n"
            "        p.requires_grad = False\n    else:\n        continue",
            "net kept where 'fc' in n", id="others are skipped",
        ),
        pytest.param(
            "for n, p in list(net.named_parameters())[:9]:\n    if 'fc' in n:\n        break\n"
            "    p.requires_grad = False",
            "net kept where not 'fc' in n the first", id="it ends at a name, of the first",
        ),
        pytest.param(
            "for n, p in net.named_parameters():\n    if 'bn' in n:\n        if 'fc' in n:\n"
            "            continue\n        p.requires_grad = False",
            "net kept where not 'fc' in n and 'bn' in n by n", id="two tests",
        ),
    ],
)  # fmt: skip
def test_which_weights(code: str, expected: str) -> None:
    assert settings(code) == [expected]


WEIGHTS = "    for p in part.parameters():\n        p.requires_grad = False"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(f"for part in net.children():\n{WEIGHTS}", "net kept", id="all"),
        pytest.param(
            f"for name, part in net.named_children():\n{WEIGHTS}",
            "net kept by name of parts", id="all, with their names",
        ),
        pytest.param(
            f"for n, part in net.named_modules():\n{WEIGHTS}", "net kept", id="another walk"
        ),
        pytest.param(
            "for name, part in net.named_children():\n    if name == 'layer1':\n"
            "        for p in part.parameters():\n            p.requires_grad = False",
            "net kept where name == 'layer1' by name of parts", id="by the name of the part",
        ),
        pytest.param(
            "for name, part in net.named_children():\n    for n, p in part.named_parameters():\n"
            "        if 'bn' in n:\n            p.requires_grad = False",
            "part kept where 'bn' in n by n line 2", id="by the name in the part",
        ),
        pytest.param(
            f"for part in list(net.children())[:3]:\n{WEIGHTS}", "net kept the first",
            id="the first",
        ),
        pytest.param(
            "for part in net.children():\n    for p in list(part.parameters())[:2]:\n"
            "        p.requires_grad = False",
            "net kept the first", id="the first of each",
        ),
        pytest.param(f"for part in blocks:\n{WEIGHTS}", "part kept line 2", id="a variable"),
        pytest.param(f"for part in blocks():\n{WEIGHTS}", "part kept line 2", id="a function"),
        pytest.param(f"for part in net.heads():\n{WEIGHTS}", "part kept line 2", id="a method"),
        pytest.param(
            "for part in net.modules():\n    part.requires_grad_(False)", "net kept",
            id="of a layer",
        ),
        pytest.param(
            "for part in net.modules():\n    if isinstance(part, nn.Linear):\n"
            "        part.requires_grad_(False)",
            "net kept where isinstance(part, nn.Linear)", id="of some layers",
        ),
        pytest.param(
            "for part in net.modules():\n    if hasattr(part, 'weight'):\n"
            "        part.weight.requires_grad = False",
            "net kept where hasattr(part, 'weight')", id="a weight of some",
        ),
        pytest.param(
            "for part in net.modules():\n    part.weight.requires_grad = False",
            "net kept where None", id="a weight of each",
        ),
        pytest.param(
            "for part in list(net.children())[:3]:\n    part.requires_grad_(False)",
            "net kept where None", id="of the first layers",
        ),
        pytest.param(
            "for part in blocks:\n    part.requires_grad_(False)", "part kept line 2",
            id="of a layer in a variable",
        ),
        pytest.param(
            "for part in blocks():\n    part.requires_grad_(False)", "part kept line 2",
            id="of a layer that a function gives",
        ),
        pytest.param(
            "for part in net.heads():\n    part.requires_grad_(False)", "part kept line 2",
            id="of a layer that a method gives",
        ),
        pytest.param(
            "for part in net.heads():\n    part.bn.weight.requires_grad = False",
            "part.bn.weight kept line 2", id="a weight of what a method gives",
        ),
    ],
)  # fmt: skip
def test_weights_of_parts(code: str, expected: str) -> None:
    assert settings(code) == [expected]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("requires_grad_(False)", id="a function"),
        pytest.param("net.trainable = False", id="an attribute of another framework"),
        pytest.param("requires_grad = False", id="a variable"),
        pytest.param("print(net.requires_grad)", id="asked for"),
    ],
)
def test_no_setting(code: str) -> None:
    assert settings(code) == []


def test_what_stops_statistics_too_is_none() -> None:
    module = module_of("import keras\nnet = keras.Sequential()\nnet.trainable = False\n")
    ev = Project(catalogue().load(("keras",))).evaluator
    assert list(weight_settings(ev, module)) == []


def test_what_several_frameworks_have_is_one_setting() -> None:
    module = module_of(IMPORTS + LOOP + "p.requires_grad = False")
    assert len(list(weight_settings(evaluator(), module))) == 1
