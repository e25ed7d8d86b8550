"""Which APIs a call reaches: of which release, through which partials and classes, and how far."""

from __future__ import annotations

from itertools import pairwise

import pytest
from reading import known, sites

KERAS = "from keras.layers import BatchNormalization\nimport sonnet as snt\n"
TORCH = "import torch.nn as nn\nfrom functools import partial\n"

KERAS_1 = ["keras1", "keras1_1", "keras1_0_7", "keras1_0"]


@pytest.mark.parametrize(
    ("arguments", "releases"),
    [
        ("", ["keras3", "keras2", "keras_standalone"]),
        ("axis=1, name='bn'", ["keras3", "keras2", "keras_standalone"]),
        ("input_shape=(3, 4)", ["keras3", "keras2", "keras_standalone"]),
        ("**options", ["keras3", "keras2", "keras_standalone"]),
        ("synchronized=True", ["keras3", "keras2"]),
        ("renorm=True", ["keras3", "keras2"]),
        ("1e-3, 0", ["keras3", "keras2"]),
        ("fused=True", ["keras2"]),
        ("weights=w", ["keras2", "keras_standalone"]),
        ("beta_init='zero'", ["keras_standalone"]),
        ("mode=0", ["keras_standalone"]),
        ("mode=m", ["keras_standalone"]),
        ("mode=1", KERAS_1),
        ("mode=2, beta_init='zero'", KERAS_1),
        ("axis=1, unheard_of=2", ["keras3", "keras2", "keras_standalone"]),
        ("mode=0, synchronized=True", ["keras3", "keras2", "keras_standalone"]),
    ],
)
def test_releases_that_cannot_be_called_so_are_left_out(
    arguments: str, releases: list[str]
) -> None:
    """If none can, those that are there now are taken."""
    (site,) = sites(f"{KERAS}x = BatchNormalization({arguments})\n")
    assert [api.id.partition(".")[0] for api in site.apis] == releases


@pytest.mark.parametrize(
    ("arguments", "releases"),
    [
        ("True, True", ["sonnet", "sonnet1"]),
        ("create_scale=True, create_offset=True", ["sonnet"]),
        ("create_scale=True, **more", ["sonnet"]),
        ("", ["sonnet1"]),
    ],
)
def test_releases_that_want_more_are_left_out(arguments: str, releases: list[str]) -> None:
    (site,) = sites(f"{KERAS}x = snt.BatchNorm({arguments})\n")
    assert [api.id.partition(".")[0] for api in site.apis] == releases


def classes(count: int, body: str) -> str:
    """Return classes that derive from one another, and a layer of the last."""
    names = ["nn.BatchNorm2d", *(f"Norm{at}" for at in range(count))]
    made = "".join(f"class {own}({base}):\n{body}" for base, own in pairwise(names))
    return f"{TORCH}{made}x = {names[-1]}(8, 1e-3)\n"


PASSING = "    def __init__(self, c, eps):\n        super().__init__(c, eps)\n"


def test_as_many_classes_derive_from_one_another() -> None:
    assert known(classes(6, "    pass\n"), "eps") == ["known 0.001"]
    assert known(classes(7, "    pass\n"), "eps") == []
    assert known(classes(6, PASSING), "eps")[-1] == "known 0.001"
    assert sites(classes(6, PASSING))[-1].call.lineno == 21
    assert sites(classes(7, PASSING))[-1].call.lineno == 23


def test_partials_of_partials_are_followed_to_the_layer() -> None:
    code = f"{TORCH}p0 = partial(nn.BatchNorm2d, eps=1e-3)\n" + "".join(
        f"p{at + 1} = partial(p{at}, momentum=0.{at + 1})\n" for at in range(8)
    )
    assert known(f"{code}x = p8(8)\n", "eps") == ["known 0.001"]
    assert known(f"{code}x = p8(8)\n", "momentum") == ["known 0.8"]


def test_where_arguments_can_be_written() -> None:
    code = (
        f"{TORCH}norm = partial(nn.BatchNorm2d, momentum=0.2)\nx = norm(8)\ny = nn.BatchNorm2d(8)\n"
    )
    first, second = sites(code)
    assert (first.resolutions[0].holder, first.is_direct) == (
        first.module.calls_by_name["partial"][0],
        False,
    )
    assert first.anchor == (first.module, first.module.calls_by_name["partial"][0])
    assert (second.resolutions[0].holder, second.is_direct) == (second.call, True)


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        pytest.param(
            "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.bn = nn.BatchNorm2d(8)\n        nn.BatchNorm2d.__init__(self.bn, 16)\n"
            "net = Net()\n",
            [6, 7],
            id="a class that makes a layer anew is none",
        ),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    def __new__(cls, c):\n"
            "        return nn.BatchNorm2d(c, eps=1e-3)\nx = Norm(8)\n",
            [5],
            id="a class that gives another object",
        ),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    def __init__(self, c):\n"
            "        nn.BatchNorm2d.__init__(self, c)\nx = Norm(8)\n",
            [5, 6],
            id="a constructor called by the name of the base class",
        ),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    def __init__(self, c):\n        super().__init__(c)\n"
            "    def again(self, c):\n        super().__init__(c, eps=1e-3)\nx = Norm(8)\n",
            [5, 8],
            id="a constructor called anew",
        ),
        pytest.param(
            "class Norm(nn.BatchNorm2d):\n    def forward(self, x):\n        return x\n"
            "    def __init__(self, c):\n        super().__init__(c)\nx = Norm(8)\n",
            [7, 8],
            id="a constructor behind another method",
        ),
    ],
)
def test_layers_of_classes(code: str, rows: list[int]) -> None:
    assert [site.call.lineno for site in sites(TORCH + code)] == rows


def test_what_a_class_rests_on_is_said_of_its_layers() -> None:
    code = "class Norm(nn.BatchNorm2d):\n    pass\ndef block(norm=Norm):\n    return norm(8)\n"
    (site,) = sites(TORCH + code)
    assert site.presumed == "the default of parameter norm of block"
    assert site.resolutions[0].through is not None
    assert site.resolutions[0].through.node.name == "Norm"
    (site,) = sites(TORCH + code.replace("norm=Norm", "").replace("norm(8)", "Norm(8)"))
    assert site.presumed == ""


def test_one_way_that_is_taken_twice_is_one() -> None:
    code = "norm = nn.BatchNorm2d if x else nn.BatchNorm2d\ny = norm(8)\n"
    (site,) = sites(TORCH + code)
    assert [api.id for api in site.apis] == ["torch.nn.BatchNorm2d"]
    (site,) = sites(TORCH + code.replace("else nn.BatchNorm2d", "else nn.BatchNorm1d"))
    assert [api.id for api in site.apis] == ["torch.nn.BatchNorm2d", "torch.nn.BatchNorm1d"]
