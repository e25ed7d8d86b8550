"""Which names that a file imports from others of its project may stand for an API."""

from __future__ import annotations

import pytest
from project_files import Files, Project

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.imported_carriers import ImportedCarriers


def carried(files: Files) -> ImportedCarriers:
    return ImportedCarriers(files.resolver, catalogue().aliases)


#: What ``norms.py`` holds, how ``net.py`` imports it, and whether what is imported is an API.
CARRIED = [
    ("from torch.nn import BatchNorm2d as Norm", "from norms import Norm", True),
    ("from torch.nn import BatchNorm2d", "from norms import BatchNorm2d as Norm", True),
    ("from torch.nn import *", "from norms import BatchNorm2d as Norm", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from norms import Norm", True),
    ("from torch import nn\nNorm = nn.Conv2d", "from norms import Norm", False),
    ("from torch import nn\nclass Norm(nn.BatchNorm2d): ...", "from norms import Norm", True),
    ("from torch import nn\nclass MyBatchNorm(nn.Module): ...\nx = nn.BatchNorm2d(1)",
     "from norms import MyBatchNorm as Norm", True),
    ("from torch import nn\nclass Block(nn.Module):\n    norm = nn.BatchNorm2d",
     "from norms import Block as Norm", False),
    ("from torch import nn\ndef Norm(n):\n    return nn.BatchNorm2d", "from norms import Norm",
     True),
    ("from torch import nn\ndef Norm(n):\n    return nn.BatchNorm2d(n)", "from norms import Norm",
     False),
    ("from torch import nn\ndef Norm(n):\n    x = nn.BatchNorm2d(n)", "from norms import Norm",
     False),
    ("from torch import nn\nKIND = nn.BatchNorm2d\ndef Norm(n):\n    return KIND",
     "from norms import Norm", True),
    ("from torch import nn\nKIND = nn.Conv2d\nX = nn.BatchNorm2d\ndef Norm(n):\n    return KIND",
     "from norms import Norm", False),
    ("from deep import Norm", "from norms import Norm", True),
    ("from deep import *", "from norms import Norm", True),
    ("import deep\nNorm = deep.Norm", "from norms import Norm", False),
    ("from deep import Norm\nclass Other(Norm): ...", "from norms import Other as Norm", True),
    ("from deep import Norm\nOther = Norm", "from norms import Other as Norm", True),
    ("from round import Norm", "from norms import Norm", False),
    ("", "from norms import Norm", False),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from norms import *", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "import norms", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "import norms as n", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from . import norms", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from gone import Norm", False),
]  # fmt: skip


@pytest.mark.parametrize(("norms", "imports", "is_api"), CARRIED)
def test_what_may_stand_for_an_api(
    project: Project, norms: str, imports: str, is_api: bool
) -> None:
    """As an answer to the whole file, and to its text before anything is parsed."""
    text = f"{imports}\nlayer = norms.Norm(8)\nother = Norm(8)\n"
    files = project(
        net=text, norms=norms, deep="from torch.nn import BatchNorm2d as Norm\n",
        round="from round2 import Norm", round2="from round import Norm",
    )  # fmt: skip
    module = files.resolver.sources.module(files.path("net"))
    assert module is not None
    frameworks = catalogue().load(("torch",))
    for _ in range(2):
        assert carried(files).reaches(files.place("net"), text) is is_api
        assert ("Norm" in carried(files).of(module, frameworks)) is is_api


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("from torch.nn import BatchNorm2d as B\nx = B(8)", True),
        ("from torch.nn import BatchNorm2d as B", False),
        ("from torch.nn import Conv2d as B\nx = B(8)", False),
        ("from norms import Norm\nx = Norm(8)", True),
        ("from norms import Norm\n", False),
        ("from norms import Norm as N\nx = N(8)", True),
        ("from pkg import norms\nx = norms.Norm(8)", True),
        ("from pkg import norms\nx = norms.conv(8)", False),
        ("import pkg.norms\nx = pkg.norms.Norm(8)", True),
        ("x = Norm(8)", False),
    ],
)
def test_a_text_reaches_an_api_where_it_uses_what_it_imports(
    project: Project, text: str, reaches: bool
) -> None:
    norms = "from torch import nn\nclass Norm(nn.BatchNorm2d): ...\ndef conv(): ...\n"
    files = project(net=text, norms=norms, pkg__INIT="", pkg__norms=norms)
    assert carried(files).reaches(files.place("net"), text) is reaches


def test_answers_do_not_depend_on_what_was_asked_before(project: Project) -> None:
    chain = {f"m{n}": f"from m{n + 1} import A, B\n" for n in range(4)}
    files = project(
        **chain, m4="from torch.nn import BatchNorm2d as A\nfrom torch.nn import Conv2d as B\n"
    )
    for first, last in ((0, 3), (3, 0)):
        known = carried(files)
        for name, is_api in (("B", False), ("A", True)):
            for at in (first, last):
                text = f"from m{at} import {name}\nx = {name}(8)\n"
                assert known.reaches(files.place("m0"), text) is is_api


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("from mmcv.cnn import build_norm_layer\nx = build_norm_layer(c, 8)\n", "build_norm_layer"),
        ("from timm.layers import get_norm_layer\nx = get_norm_layer('bn')\ny = x(8)\n", "x"),
        ("from timm.layers import create_norm_layer\nx = create_norm_layer('bn', 8)\n",
         "create_norm_layer"),
        ("class MyBatchNorm: ...\nx = MyBatchNorm(8)\n", "MyBatchNorm"),
        ("from torch.nn import BatchNorm2d as B\nx = B(8)\n", "B"),
    ],
)  # fmt: skip
def test_what_makes_layers_by_name_stands_for_them(project: Project, text: str, names: str) -> None:
    """And what gives a class stands under the name that this is given; a layer is none."""
    files = project(net=text)
    main = files.resolver.sources.module(files.path("net"))
    assert main is not None
    carried = ImportedCarriers(files.resolver, catalogue().aliases)
    found = carried.of(main, catalogue().load(("torch",)))
    assert names in found
    assert ("x" in found) is (names == "x")
    assert "y" not in found
