"""Which layers a freeze reaches, of what, and whether a test decides that it happens."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.layers.references import Side
from bnlint.semantics.modes.region import Action, Freezes

KERAS = """
import keras
from keras import layers

class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.bn = layers.BatchNormalization()

class Norm(layers.BatchNormalization):
    pass

net = keras.Sequential([layers.Conv2D(8, 3), layers.BatchNormalization(), Norm()])
plain = keras.Sequential([layers.Conv2D(8, 3)])
either = net if flag else plain
"""

TORCH = """
import torch
from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
plain = nn.Sequential(nn.Conv2d(3, 8, 3))
bn = nn.BatchNorm2d(8)
"""


def _described(action: Action) -> str:
    reach = action.reach
    owner = ast.unparse(reach.owner) if reach is not None and reach.owner is not None else ""
    words = {True: "frozen", False: "trained", None: "either"}
    parts = [
        words[action.freezes],
        "unknown" if reach is None else reach.kind,
        f"of {owner}" if owner else "",
        "if so told" if action.flagged else "",
    ]
    assert isinstance(action.flagged, bool)
    return " ".join(filter(None, parts))


def _actions(code: str, family: str) -> Iterator[Action]:
    facts = read_facts(module_of(code))
    side = Side(facts.project, facts.module, facts.sites)
    framework = facts.project.frameworks.frameworks[family]
    search = Freezes(side, framework)
    for row in framework.modes.freezes:
        yield from search.of_layers(row) if row.statistics else search.of_weights(row)


def _loop(test: str, layer: str = "layer", over: str = "net.layers") -> str:
    return f"for layer in {over}:\n    if {test}:\n        {layer}.trainable = False\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("net.trainable = False", "frozen whole of net", id="a model"),
        pytest.param("net.trainable = True", "trained whole of net", id="trained"),
        pytest.param("net.trainable = flag", "either unknown", id="told by a variable"),
        pytest.param("plain.trainable = False", "frozen others of plain", id="without any"),
        pytest.param("either.trainable = False", "frozen others of either", id="one of two"),
        pytest.param("f().trainable = False", "frozen unknown", id="what is not known"),
        pytest.param(
            "layers.BatchNormalization().trainable = False",
            "frozen layer of layers.BatchNormalization()", id="a layer",
        ),
        pytest.param("Block().trainable = False", "frozen whole of Block()", id="a block"),
        pytest.param(
            "if flag:\n    net.trainable = False", "frozen whole of net if so told", id="if told"
        ),
        pytest.param(
            "for layer in net.layers:\n    layer.trainable = False", "frozen whole of net",
            id="all layers",
        ),
        pytest.param(
            "for i, layer in enumerate(net.layers):\n    layer.trainable = False",
            "frozen whole of net", id="all layers, counted",
        ),
        pytest.param(
            "for layer in list(net.layers):\n    layer.trainable = False", "frozen whole of net",
            id="a list of them",
        ),
        pytest.param(
            "for layer in reversed(net.layers):\n    layer.trainable = False", "frozen unknown",
            id="in another order",
        ),
        pytest.param(
            "for layer in net._flatten_layers():\n    layer.trainable = False",
            "frozen whole of net", id="by a method",
        ),
        pytest.param(
            "for layer in net.layers[:3]:\n    layer.trainable = False", "frozen unknown",
            id="the first layers",
        ),
        pytest.param(
            "for layer in net.heads:\n    layer.trainable = False", "frozen unknown",
            id="another attribute",
        ),
        pytest.param(
            "if flag:\n    for layer in net.layers:\n        layer.trainable = False",
            "frozen whole of net if so told", id="all layers, if told",
        ),
        pytest.param(_loop("layer.name == 'a'"), "frozen unknown", id="some layers"),
        pytest.param(
            "if flag:\n    layer = f()\n    layer.trainable = False",
            "frozen unknown if so told", id="a variable, if told",
        ),
    ],
)  # fmt: skip
def test_of_layers(code: str, expected: str) -> None:
    assert [_described(one) for one in _actions(KERAS + code, "keras")] == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            _loop("isinstance(layer, layers.BatchNormalization)"), "frozen norms of net", id="norms"
        ),
        pytest.param(
            _loop("not isinstance(layer, layers.BatchNormalization)"), "frozen others of net",
            id="all but norms",
        ),
        pytest.param(
            _loop("isinstance(layer, layers.Conv2D)"), "frozen others of net",
            id="another class",
        ),
        pytest.param(_loop("isinstance(layer, Norm)"), "frozen norms of net", id="a class of ours"),
        pytest.param(_loop("isinstance(layer, kind)"), "frozen unknown", id="what is not known"),
        pytest.param(
            _loop("isinstance(layer, layers.BatchNormalization)", over="f()"), "frozen unknown",
            id="of what is not known",
        ),
        pytest.param(
            _loop("isinstance(layer, layers.BatchNormalization)", over="net.heads"),
            "frozen unknown", id="of another attribute",
        ),
        pytest.param(
            "if flag:\n    for layer in net.layers:\n"
            "        if isinstance(layer, layers.BatchNormalization):\n"
            "            layer.trainable = False",
            "frozen norms of net if so told", id="if told",
        ),
        pytest.param(
            "def freeze(layer):\n    if isinstance(layer, layers.BatchNormalization):\n"
            "        layer.trainable = False",
            "frozen norms", id="in a function",
        ),
        pytest.param(
            "def freeze(layer):\n    if flag:\n"
            "        if isinstance(layer, layers.BatchNormalization):\n"
            "            layer.trainable = False",
            "frozen unknown if so told", id="in a function, if told",
        ),
        pytest.param(
            "for layer in net.layers:\n"
            "    layer.trainable = isinstance(layer, layers.BatchNormalization)",
            "trained norms of net", id="what is asked is stored",
        ),
        pytest.param(
            "for layer in net.layers:\n"
            "    layer.trainable = not isinstance(layer, layers.BatchNormalization)",
            "frozen norms of net", id="what is asked is stored, turned",
        ),
        pytest.param(
            "for layer in f():\n"
            "    layer.trainable = not isinstance(layer, layers.BatchNormalization)",
            "frozen unknown", id="stored, of what is not known",
        ),
        pytest.param(
            "for layer in net.layers:\n    layer.trainable = not isinstance(layer, kind)",
            "either unknown", id="stored, of a class that is not known",
        ),
        pytest.param(
            "for layer in net.layers:\n    layer.trainable = not flag",
            "either unknown", id="stored, of something else",
        ),
        pytest.param(
            "def freeze(layer):\n"
            "    layer.trainable = not isinstance(layer, layers.BatchNormalization)",
            "frozen norms", id="stored, in a function",
        ),
        pytest.param(
            "net.stem.trainable = not isinstance(net.stem, layers.BatchNormalization)",
            "either unknown", id="stored, of a part",
        ),
    ],
)  # fmt: skip
def test_of_layers_of_a_class(code: str, expected: str) -> None:
    assert [_described(one) for one in _actions(KERAS + code, "keras")] == [expected]


NORMS = "for m in net.modules():\n    if isinstance(m, nn.BatchNorm2d):\n        "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("net.requires_grad_(False)", ["frozen whole of net"], id="a model"),
        pytest.param("net.requires_grad_(True)", ["trained whole of net"], id="trained"),
        pytest.param("net.requires_grad_()", ["trained whole of net"], id="no argument"),
        pytest.param("requires_grad_(False)", [], id="a function"),
        pytest.param("bn.requires_grad_(requires_grad=False)", ["frozen layer of bn"], id="layer"),
        pytest.param("bn.weight.requires_grad = False", ["frozen layer of bn"], id="its weight"),
        pytest.param("bn.bias.requires_grad = False", ["frozen layer of bn"], id="its bias"),
        pytest.param(
            "net.stem.requires_grad = False", ["frozen unknown"], id="a part that is no weight"
        ),
        pytest.param("net[1].bias.requires_grad = False", ["frozen unknown"], id="an item"),
        pytest.param(
            "for p in net.parameters():\n    p.requires_grad = False", ["frozen whole of net"],
            id="a loop",
        ),
        pytest.param(
            "for p in net.parameters():\n    if p.ndim:\n        p.requires_grad = False",
            ["frozen unknown"], id="some weights",
        ),
        pytest.param(
            "if flag:\n    for p in net.parameters():\n        p.requires_grad = False",
            ["frozen whole of net if so told"], id="a loop, if told",
        ),
        pytest.param(
            "for p in weights:\n    p.requires_grad = False", ["frozen unknown"], id="a variable"
        ),
        pytest.param(
            f"{NORMS}m.weight.requires_grad = False\n        m.bias.requires_grad = False",
            ["frozen norms of net", "frozen norms of net"], id="norms",
        ),
        pytest.param(
            f"{NORMS}for p in m.parameters():\n            p.requires_grad = False",
            ["frozen norms of net"], id="all weights of norms",
        ),
        pytest.param(f"{NORMS}m.requires_grad_(False)", ["frozen norms of net"], id="by a method"),
        pytest.param(
            "for m in net.modules():\n    if isinstance(m, nn.BatchNorm1d):\n"
            "        m.requires_grad_(False)",
            ["frozen norms of net"], id="of another number of axes",
        ),
        pytest.param(
            "for m in net.modules():\n    if isinstance(m, nn.modules.batchnorm._BatchNorm):\n"
            "        m.requires_grad_(False)",
            ["frozen norms of net"], id="of their base class",
        ),
        pytest.param(
            "for m in net.modules():\n    if 'BatchNorm' in type(m).__name__:\n"
            "        m.requires_grad_(False)",
            ["frozen norms of net"], id="by the name of the class",
        ),
        pytest.param(
            "for m in net.modules():\n    if not isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)):\n"
            "        m.requires_grad_(False)",
            ["frozen others of net"], id="all but two classes",
        ),
        pytest.param(
            "for m in net.modules():\n    if isinstance(m, nn.Conv2d):\n"
            "        m.requires_grad_(False)",
            ["frozen others of net"], id="other layers",
        ),
        pytest.param(
            "net.trainable = False", [], id="an attribute of another framework"
        ),
    ],
)  # fmt: skip
def test_of_weights(code: str, expected: list[str]) -> None:
    assert [_described(one) for one in _actions(TORCH + code, "torch")] == expected
