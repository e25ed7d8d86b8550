"""Which calls are layers, which may be, and where arguments of them can be written."""

from __future__ import annotations

import ast

import pytest
from reading import known, sites, unresolved

HEAD = "import torch.nn as nn\nimport tf_slim as slim\nfrom functools import partial\nimport lib\n"

CHOSEN = "other = elsewhere(norm_layer=nn.BatchNorm2d)\n"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param(
            "x = slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm)\n"
            "y = slim.batch_norm(slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm))\n",
            [(5, 4), (6, 4), (6, 20)],
            id="those that others name stand where these do",
        ),
        pytest.param("y = (nn.BatchNorm2d if x else nn.BatchNorm1d)(8)\n", [(5, 4)], id="a choice"),
        pytest.param("y = (x and nn.BatchNorm2d)(8)\n", [(5, 4)], id="and"),
        pytest.param("y = (x or y)(8)\n", [], id="a choice of other things"),
        pytest.param("y = [nn.BatchNorm2d][0](8)\n", [], id="a list"),
        pytest.param("y = NORMS[0](8)\nNORMS = [nn.BatchNorm2d]\n", [(5, 4)], id="of a list"),
        pytest.param("y = getattr(nn, 'BatchNorm2d')(8)\n", [(5, 4)], id="getattr"),
        pytest.param("y = partial(nn.BatchNorm2d, eps=1e-3)(8)\n", [(5, 4)], id="partial"),
        pytest.param("y = nn.SyncBatchNorm.convert_sync_batchnorm(model)\n", [], id="a method"),
        pytest.param("nn.BatchNorm2d.__init__(bn, 8)\n", [], id="a constructor in a script"),
        pytest.param(
            "class A(nn.BatchNorm2d):\n    init = lambda self: nn.BatchNorm2d.__init__(self, 8)\n",
            [],
            id="a constructor in a lambda",
        ),
        pytest.param(
            "def __init__(self):\n    nn.BatchNorm2d.__init__(self, 8)\n", [], id="in no class"
        ),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    def reset(self):\n        super().__init__(8)\n",
            [],
            id="in another method",
        ),
        pytest.param(
            "class A(nn.BatchNorm2d):\n    def __init__(self, c):\n        super().__init__(c)\n",
            [(7, 8)],
            id="in a constructor",
        ),
    ],
)
def test_calls_that_are_layers(code: str, found: list[tuple[int, int]]) -> None:
    said = [(site.call.lineno, site.call.col_offset) for site in sites(HEAD + code)]
    assert said == found
    assert unresolved(HEAD + code) == []


def block(body: str) -> str:
    """Return a function behind one that binds ``norm`` to a layer, as many in one file do."""
    return f"def stem():\n    norm = nn.BatchNorm2d\n    return norm(8)\ndef head(layers):\n{body}"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param(
            "y = getattr(nn, name)(8)(x)\n",
            [(5, "getattr() with an unknown name")],
            id="what is applied at once is one call that may make it",
        ),
        pytest.param(
            f"def head(c, norm_layer=None):\n    return norm_layer(c)\n{CHOSEN}",
            [(6, "the default of parameter norm_layer of head is None, and a caller may give it")],
            id="None by default",
        ),
        pytest.param(
            f"def head(c, norm_layer):\n    return norm_layer(c)\n{CHOSEN}",
            [(6, "parameter norm_layer of head has no default")],
            id="no default",
        ),
        pytest.param(
            block("    norm = lib.make(layers)\n    return norm(8)\n"),
            [(10, "what lib.make() gives is not in view")],
            id="what a function gives",
        ),
        pytest.param(
            block("    norm = lib.mX(layers)\n    return norm(8)\n"),
            [(10, "what lib.mX() gives is not in view")],
            id="what a function with a short first word gives",
        ),
        pytest.param(
            block("    norm = lib.Make(layers)\n    return norm(8)\n"), [], id="a layer that is run"
        ),
        pytest.param(
            block("    norm = next(layers)\n    return norm(8)\n"), [], id="one of several"
        ),
        pytest.param(block("    norm = None\n    return norm(8)\n"), [], id="nothing"),
        pytest.param(
            "from mmcv.cnn import build_norm_layer\nname, bn = build_norm_layer(cfg, 8)\n",
            [(6, "cfg is not defined here")],
            id="a name that is not known",
        ),
    ],
)
def test_calls_that_may_be_layers(code: str, found: list[tuple[int, str]]) -> None:
    assert [(call.call.lineno, call.why) for call in unresolved(HEAD + code)] == found


METHOD = f"""class Net(nn.Module):
    def __init__(self, norm_layer):
        super().__init__()
        self.norm_layer = norm_layer

    def forward(self, x):
        return self.norm_layer(x)

{CHOSEN}"""


@pytest.mark.parametrize(
    ("old", "new", "is_said"),
    [
        pytest.param("forward(self", "forward(self", False, id="a layer that the model runs"),
        pytest.param("def forward", "async def forward", False, id="and waits for"),
        pytest.param("forward(self", "head(self", True, id="in another method"),
        pytest.param("self.norm_layer(x)", "x.norm_layer(x)", True, id="of another object"),
        pytest.param("self.norm_layer(x)", "self.a.norm_layer(x)", True, id="of a part"),
        pytest.param("self.norm_layer(x)", "norm_layer(x)", True, id="of no object"),
        pytest.param("(self, x)", "(x, self)", True, id="of the second parameter"),
        pytest.param("(self, x)", "(*self)", True, id="of no parameter"),
        pytest.param(
            "    def forward(self, x):\n    ", "def forward(self, x):\n", True, id="apart"
        ),
    ],
)
def test_what_a_model_runs_is_no_layer_that_is_made(old: str, new: str, is_said: bool) -> None:
    assert METHOD.count(old) == 1
    assert bool(unresolved(HEAD + METHOD.replace(old, new))) is is_said


@pytest.mark.parametrize(
    ("code", "holder"),
    [
        pytest.param("y = nn.BatchNorm2d(8)\n", "call", id="by its name"),
        pytest.param("BN = nn.BatchNorm2d\ny = BN(8)\n", "call", id="by another name"),
        pytest.param("y = getattr(nn, 'BatchNorm2d')(8)\n", "call", id="by getattr"),
        pytest.param("BN = getattr(nn, 'BatchNorm2d')\ny = BN(8)\n", "", id="by a name for that"),
        pytest.param("def f(norm=nn.BatchNorm2d):\n    return norm(8)\n", "", id="a parameter"),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    pass\ndef f(norm=Norm):\n    return norm(8)\n",
            "call",
            id="a parameter that is a class of the file",
        ),
        pytest.param("p = partial(nn.BatchNorm2d, 8)\ny = p()\n", "partial", id="a partial"),
    ],
)
def test_where_arguments_are_written(code: str, holder: str) -> None:
    (site,) = sites(HEAD + code)
    call = site.module.calls_by_name["partial"][0] if holder == "partial" else site.call
    assert site.resolutions[0].holder is (call if holder else None)
    assert site.is_direct is (holder == "call")
    node = site.anchor[1]
    assert node is call if holder else ast.unparse(node) in ("nn.BatchNorm2d", HELD)


MAY = "norm may be something else"
HELD = "getattr(nn, 'BatchNorm2d')"


@pytest.mark.parametrize(
    ("code", "doubt", "presumed"),
    [
        ("norm = nn.BatchNorm2d\ny = norm(8)\n", "", ""),
        ("norm = nn.BatchNorm2d if x else nn.Identity\ny = norm(8)\n", MAY, ""),
        ("norm = nn.Identity if x else nn.BatchNorm2d\ny = norm(8)\n", MAY, ""),
        ("norm = nn.BatchNorm2d if x else read()\ny = norm(8)\n", MAY, ""),
        ("y = (x and nn.BatchNorm2d)(8)\n", "the callee may be something else", ""),
        (
            "def f(a=nn.BatchNorm2d, x=z):\n    n = nn.BatchNorm1d if x else a\n    return n(8)\n",
            "",
            "the default of parameter a of f",
        ),
    ],
)  # fmt: skip
def test_what_else_a_call_may_be(code: str, doubt: str, presumed: str) -> None:
    (site,) = sites(HEAD + code)
    assert site.doubt == doubt
    assert site.presumed == (doubt or presumed)


def test_every_layer_has_an_eps_if_only_a_fixed_one() -> None:
    code = "from torchvision.ops import FrozenBatchNorm2d\nx = FrozenBatchNorm2d(8)\n"
    (site,) = sites(code)
    assert site.value("eps").value == 1e-5
    assert not site.value("momentum").is_known
    assert known("import torch.nn as nn\nx = nn.BatchNorm2d(8)\n", "momentum") == ["default 0.1"]
