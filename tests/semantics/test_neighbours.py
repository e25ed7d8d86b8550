"""What feeds a layer, and what is known of it."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.syntax.module import parse
from bnlint.semantics.tensors.neighbours import argument, linear_before

IMPORTS = """
import tensorflow as tf
from tensorflow.keras import Sequential, layers
from torch import nn
"""

CONV = "layers.Conv2D(8, 3, padding='same')"
BN = "layers.BatchNormalization()"


def _before(code: str):  # type: ignore[no-untyped-def]
    facts = read_facts(parse("m.py", IMPORTS.lstrip() + textwrap.dedent(code)))
    (site,) = facts.sites
    return facts.project.evaluator, linear_before(facts.project.evaluator, site)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(f"{BN}({CONV}(x))", "convolution", id="one applied to the other"),
        pytest.param(f"x = {CONV}(x)\nx = {BN}(x)", "convolution", id="through a variable"),
        pytest.param(
            f"x = {CONV}(x)\nx = layers.ReLU()(x)\nx = layers.Dropout(0.1)(x)\ny = {BN}(x)",
            "convolution",
            id="past activation and dropout",
        ),
        pytest.param(
            f"x = {CONV}(x)\nx = layers.MaxPooling2D()(x)\ny = {BN}(x)",
            "convolution",
            id="past pooling",
        ),
        pytest.param(f"Sequential([{CONV}, {BN}])", "convolution", id="in a Sequential"),
        pytest.param(f"Sequential(({CONV}, {BN}))", "convolution", id="in a tuple"),
        pytest.param(f"a = [{CONV}, {BN}]\nSequential(a)", "convolution", id="a variable"),
        pytest.param(f"a = [{CONV}, {BN}]\nnn.Sequential(*a)", "convolution", id="unpacked"),
        pytest.param(
            "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8))",
            "convolution",
            id="arguments of a Sequential",
        ),
        pytest.param(f"m.add({CONV})\nm.add({BN})", "convolution", id="added"),
        pytest.param(
            f"c = {CONV}\nm.add(c)\nprint(m)\nm.add({BN})", "convolution", id="added by name"
        ),
        pytest.param(f"Sequential([layers.Dense(3), {BN}])", "dense", id="a dense layer"),
        pytest.param(
            "class A(layers.Layer):\n    def __init__(self):\n"
            f"        self.c = {CONV}\n        self.b = {BN}\n"
            "    def call(self, x):\n        y = self.c(x)\n        return self.b(y)",
            "convolution",
            id="attributes of an object",
        ),
        pytest.param(
            "x = tf.compat.v1.layers.conv2d(x, 8, 3)\n"
            "x = tf.compat.v1.layers.batch_normalization(x)",
            "convolution",
            id="layer functions",
        ),
        pytest.param(
            "x = tf.compat.v1.layers.conv2d(x, 8, 3)\n"
            "x = tf.compat.v1.layers.batch_normalization(inputs=x)",
            "convolution",
            id="layer functions, by keyword",
        ),
        pytest.param(f"{BN}(x)", "", id="something not known"),
        pytest.param(f"def f(x):\n    return {BN}(x)", "", id="a parameter"),
        pytest.param(f"x = {CONV}(x)\nx = layers.Flatten()(x)\ny = {BN}(x)", "", id="flattened"),
        pytest.param(f"x = {CONV}(x)\nx = f(x)\ny = {BN}(x)", "", id="past something unknown"),
        pytest.param(f"x = {CONV}(x)\nif a:\n    x = f(x)\ny = {BN}(x)", "", id="on one path"),
        pytest.param(f"[{CONV}, {BN}]", "", id="a list of no model"),
        pytest.param(f"Sequential([{BN}, {CONV}])", "", id="the first"),
        pytest.param(f"Sequential({BN})", "", id="alone"),
        pytest.param(f"a.add({CONV})\nb.add({BN})", "", id="another model"),
        pytest.param(f"m.add({CONV})\nif a:\n    pass\nm.add({BN})", "", id="a branch between"),
        pytest.param(f"m.add({CONV})\nm.add(f())\nm.add({BN})", "", id="an unknown one between"),
    ],
)
def test_before(code: str, kind: str) -> None:
    _, found = _before(code)
    assert (found.neighbour.kind if found is not None else "") == kind


@pytest.mark.parametrize(
    ("conv", "role", "kind", "value"),
    [
        pytest.param("layers.Conv2D(8, 3)", "data_format", "default", None, id="a default"),
        pytest.param("layers.Conv2D(8, 3, (1, 1), 'same')", "padding", "known", "same", id="place"),
        pytest.param("layers.Conv2D(8, 3, padding=P)", "padding", "known", "same", id="a name"),
        pytest.param("layers.Conv2D(8, 3, **k)", "padding", "unknown", None, id="not in view"),
        pytest.param("layers.Conv2D(8, 3, padding=p)", "padding", "unknown", None, id="unknown"),
        pytest.param("layers.Conv2D(8)", "kernel", "unknown", None, id="a required one missing"),
        pytest.param("layers.Dense(8)", "data_format", "unknown", None, id="no such argument"),
    ],
)
def test_argument(conv: str, role: str, kind: str, value: object) -> None:
    ev, found = _before(f"P = 'same'\n{BN}({conv}(x))")
    known = argument(ev, found, role)
    assert (known.kind, known.value) == (kind, value)
