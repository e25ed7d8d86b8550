"""The numbers of convolutions: kernel, stride and padding, as each framework says them."""

from __future__ import annotations

from typing import Any

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.tensors.convolutions import (
    Convolution,
    activation,
    bias,
    convolution,
    pads_at_end,
    rows_padded,
)
from bnlint.semantics.tensors.neighbours import Before, linear_layers

IMPORTS = """
import chainer.links as L
import flax.linen as linen
import haiku as hk
import mindspore as ms
import paddle
import tf_slim as slim
from mxnet.gluon import nn as gluon
from tensorflow.keras import layers
from torch import nn

norm = nn.BatchNorm2d(3)
"""

NONE, ONE = ((0, 0),), ((1, 1),)


def layer(call: str) -> tuple[Any, Before]:
    """Return the layer that a call makes, with what evaluates its arguments."""
    facts = read_facts(module_of(f"{IMPORTS}layer = {call}\n"))
    ev = facts.project.evaluator
    (found,) = linear_layers(ev, facts.sites[0].module)
    return ev, found


def numbers(call: str) -> Convolution:
    found = convolution(*layer(call))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("call", "kernel", "stride", "pads"),
    [
        ("nn.Conv2d(3, 8, 3)", (3, 3), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, 3, 2, 1)", (3, 3), (2, 2), ONE * 2),
        ("nn.Conv2d(3, 8, (3, 5), (2, 1), (1, 2))", (3, 5), (2, 1), ((1, 1), (2, 2))),
        ("nn.Conv2d(3, 8, 3, padding='valid')", (3, 3), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, 3, padding='same')", (3, 3), (1, 1), None),
        ("nn.Conv2d(3, 8, 3, padding=p)", (3, 3), (1, 1), None),
        ("nn.Conv2d(3, 8, 3, padding=0.5)", (3, 3), (1, 1), None),
        ("nn.Conv2d(3, 8, 3, padding=True)", (3, 3), (1, 1), None),
        ("nn.Conv2d(3, 8, 3, padding=(1, 2, 3))", (3, 3), (1, 1), None),
        ("nn.Conv2d(3, 8, k, s)", (), (), NONE * 2),
        ("nn.Conv2d(3, 8, 0)", (), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, 1)", (1, 1), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, True)", (), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, (3, 3, 3))", (), (1, 1), NONE * 2),
        ("nn.Conv2d(3, 8, (3, 0))", (), (1, 1), NONE * 2),
        ("nn.Conv1d(3, 8, 3, 2, 1)", (3,), (2,), ONE),
        ("nn.Conv3d(3, 8, 3, 2, (1, 1, 0))", (3, 3, 3), (2, 2, 2), (*ONE * 2, (0, 0))),
        ("layers.Conv2D(8, 3)", (3, 3), (1, 1), NONE * 2),
        ("layers.Conv2D(8, [3, 5], strides=2, padding='VALID')", (3, 5), (2, 2), NONE * 2),
        ("slim.conv2d(x, 8, [3, 3], 2, 'VALID')", (3, 3), (2, 2), NONE * 2),
        ("ms.nn.Conv2d(3, 8, 3, 2, 'valid')", (3, 3), (2, 2), NONE * 2),
        ("ms.nn.Conv2d(3, 8, 3, 2, 'pad', 1)", (3, 3), (2, 2), ONE * 2),
        ("ms.nn.Conv2d(3, 8, 3, 2, 'pad', (0, 1, 2, 3))", (3, 3), (2, 2), ((0, 1), (2, 3))),
        ("paddle.nn.Conv2D(3, 8, 3, padding=[1, 2])", (3, 3), (1, 1), ((1, 1), (2, 2))),
        ("paddle.nn.Conv2D(3, 8, 3, padding=[1, 2, 3, 4])", (3, 3), (1, 1), ((1, 2), (3, 4))),
        ("L.Convolution2D(3, 8, 3, 2, 1)", (3, 3), (2, 2), ONE * 2),
        ("gluon.Conv2D(8, 3, 2, 1)", (3, 3), (2, 2), ONE * 2),
        ("linen.Conv(8, (3,), padding='VALID')", (3,), (1,), NONE),
    ],
)
def test_kernel_stride_and_padding(
    call: str, kernel: tuple[int, ...], stride: tuple[int, ...], pads: Any
) -> None:
    """An amount on each side, one for each axis, or one for each side of each axis."""
    found = numbers(call)
    assert (found.kernel, found.stride, found.pads) == (kernel, stride, pads)
    assert (found.at_end, found.dilated) == (False, False)
    assert found.is_strided is (any(step > 1 for step in stride) if stride else None)
    assert rows_padded(found, (7, 7), (2, 2)) == (pads or ())


@pytest.mark.parametrize(
    "call",
    [
        "layers.Conv2D(8, 3, padding='same')", "layers.Conv2D(8, 3, padding='SAME')",
        "slim.conv2d(x, 8, 3)", "ms.nn.Conv2d(3, 8, 3)",
        "paddle.nn.Conv2D(3, 8, 3, padding='SAME')",
        "hk.Conv2D(8, 3)", "linen.Conv(8, (3, 3))",
    ],
)  # fmt: skip
def test_padding_at_the_end_depends_on_the_size(call: str) -> None:
    found = numbers(call)
    assert (found.pads, found.at_end, found.said_by) == (None, True, "padding")
    assert rows_padded(found, (3, 3), (1, 1)) == ONE * 2
    assert rows_padded(found, (3, 2), (2, 1)) == ((0, 1), (0, 1))
    assert rows_padded(found, (5, 7), (2, 2)) == ((1, 2), (2, 3))


@pytest.mark.parametrize(
    ("call", "axes", "dilated"),
    [
        ("nn.Conv2d(3, 8, 3, dilation=1)", 2, False), ("nn.Conv2d(3, 8, 3, dilation=2)", 2, True),
        ("nn.Conv2d(3, 8, 3, dilation=(1, 2))", 2, True),
        ("nn.Conv2d(3, 8, 3, dilation=d)", 2, True),
        ("linen.Conv(8, (3, 3, 3))", 3, False), ("linen.Conv(8, k)", 0, True),
        ("layers.Conv1D(8, 3)", 1, False), ("L.Convolution2D(3, 8, 3)", 2, False),
    ],
)  # fmt: skip
def test_axes_and_dilation(call: str, axes: int, dilated: bool) -> None:
    found = numbers(call)
    assert (found.axes, found.dilated) == (axes, dilated)


@pytest.mark.parametrize(
    ("call", "said", "role"),
    [
        ("nn.Conv2d(3, 8, 3, padding=2)", 2, "padding"),
        ("ms.nn.Conv2d(3, 8, 3, 2, 'pad', 1)", 1, "amount"),
        ("ms.nn.Conv2d(3, 8, 3, 2, 'same', 1)", "same", "padding"),
        ("layers.Conv2D(8, 3)", "valid", "padding"),
    ],
)
def test_what_says_how_it_pads(call: str, said: object, role: str) -> None:
    found = numbers(call)
    assert (found.padding.value, found.said_by) == (said, role)


@pytest.mark.parametrize(
    "call", ["nn.Linear(3, 8)", "nn.ConvTranspose2d(3, 8, 3)", "layers.Conv2DTranspose(8, 3)"]
)
def test_what_is_no_convolution(call: str) -> None:
    assert convolution(*layer(call)) is None


@pytest.mark.parametrize("kernel", range(1, 8))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [5, 6, 7, 128, 192])
def test_rows_that_are_padded_at_the_end(kernel: int, stride: int, size: int) -> None:
    """As few as give a row of output for each stride that begins within the input."""
    before, after = pads_at_end(kernel, stride, size)
    wanted = len(range(0, size, stride))
    fewest = next(
        n for n in range(20) if (size + n - kernel) // stride + 1 >= wanted and size + n >= kernel
    )
    assert before + after == fewest
    assert after - before in (0, 1)


@pytest.mark.parametrize(
    ("call", "has"),
    [
        ("nn.Linear(3, 8)", True), ("nn.Linear(3, 8, False)", False), ("nn.Linear(3, 8, b)", None),
        ("nn.Conv2d(3, 8, 3, bias=0)", False), ("layers.Conv2D(8, 3)", True),
        ("layers.Dense(8, use_bias=False)", False), ("ms.nn.Conv2d(3, 8, 3)", False),
        ("ms.nn.Conv2d(3, 8, 3, has_bias=True)", True), ("slim.conv2d(x, 8, 3)", True),
        ("slim.conv2d(x, 8, 3, biases_initializer=None)", False),
        ("slim.fully_connected(x, 8)", True), ("hk.Conv2D(8, 3, with_bias=False)", False),
        ("L.Convolution2D(3, 8, 3, nobias=True)", None),
    ],
)  # fmt: skip
def test_whether_there_is_a_bias(call: str, has: bool | None) -> None:
    assert bias(*layer(call)) is has


@pytest.mark.parametrize(
    ("call", "between", "has"),
    [
        ("layers.Conv2D(8, 3)", (), False), ("layers.Conv2D(8, 3)", ("pooling",), False),
        ("layers.Conv2D(8, 3)", ("pooling", "activation"), True),
        ("layers.Conv2D(8, 3, activation='relu')", (), True),
        ("layers.Conv2D(8, 3, activation='linear')", (), False),
        ("layers.Conv2D(8, 3, activation=None)", (), False),
        ("layers.Conv2D(8, 3, activation=a)", (), None),
        ("layers.Conv2D(8, 3, activation=a)", ("activation",), True),
        ("nn.Conv2d(3, 8, 3)", (), False), ("nn.Conv2d(3, 8, 3)", ("activation",), True),
        ("slim.conv2d(x, 8, 3)", (), True), ("slim.conv2d(x, 8, 3, activation_fn=None)", (), False),
    ],
)  # fmt: skip
def test_whether_it_is_linear(call: str, between: tuple[str, ...], has: bool | None) -> None:
    ev, found = layer(call)
    assert activation(ev, found._replace(between=between)) is has


def test_layers_come_in_the_order_of_the_source() -> None:
    code = f"{IMPORTS}a = nn.Linear(3, 8); b = nn.Conv2d(3, 8, 3)\nc = nn.ReLU()\n"
    code += "d = nn.Conv2d(8, 8, 1)\ne = [nn.Linear(1, 2), nn.Conv1d(1, 2, 3)]\n"
    facts = read_facts(module_of(code))
    found = linear_layers(facts.project.evaluator, facts.sites[0].module)
    kinds = [layer.neighbour.aliases[0].rpartition(".")[2] for layer in found]
    assert kinds == ["Linear", "Conv2d", "Conv2d", "Linear", "Conv1d"]
