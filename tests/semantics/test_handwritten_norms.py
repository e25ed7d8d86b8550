"""Classes of a project that normalise over channels by themselves are read as layers."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent, indent
from typing import Protocol

import pytest

from bnlint.cli.main import main

TORCH = """
import torch
from torch import nn
from torch.nn import functional as F

class {name}(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
{body}

layer = {name}(8{given})
"""
FLAX = """
import jax
import jax.numpy as jnp
from flax import linen as nn

class RMSNorm(nn.Module):
    dim: int
    eps: float = 1e-6

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (self.dim,))
{body}

layer = RMSNorm(8)
"""
KERAS = """
import tensorflow as tf
from tensorflow import keras

class RMSNorm(keras.layers.Layer):
    def __init__(self, eps=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.variance_epsilon = eps

    def build(self, shape):
        self.weight = self.add_weight(shape=shape[-1:], initializer="ones")

    def call(self, x):
{body}

layer = RMSNorm()
"""
MINDSPORE = """
from mindspore import nn, ops, Parameter, Tensor

class RMSNorm(nn.Cell):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.rsqrt = ops.Rsqrt()

    def construct(self, x):
{body}

layer = RMSNorm(8)
"""
MLX = """
import mlx.core as mx
import mlx.nn as nn

class RMSNorm(nn.Module):
    def __init__(self, dims, eps=1e-6):
        super().__init__()
        self.weight = mx.ones((dims,))
        self.eps = eps

    def __call__(self, x):
{body}

layer = RMSNorm(8)
"""
PADDLE = """
import paddle
from paddle import nn

class RMSNorm(nn.Layer):
    def __init__(self, dim, epsilon=1e-6):
        super().__init__()
        self.eps = epsilon

    def forward(self, x):
{body}

layer = RMSNorm(8)
"""


class Reader(Protocol):
    """Gives the kind and the eps, or why it has none, of each layer of a class with a body."""

    def __call__(
        self, template: str, body: str, name: str = ..., given: str = ...
    ) -> list[str]: ...


@pytest.fixture
def found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Reader:
    monkeypatch.chdir(tmp_path)

    def read(template: str, body: str, name: str = "RMSNorm", given: str = "") -> list[str]:
        """Return the kind and the eps of each layer of a class with that body."""
        text = template.format(body=indent(dedent(body).strip(), 8 * " "), name=name, given=given)
        compile(text, "net.py", "exec")
        Path("net.py").write_text(text)
        assert main(["sites", "--other-norms", "--output-format", "json", "net.py"]) == 0
        rows = json.loads(capsys.readouterr().out)
        return [f"{row['norm']} {row['eps']['value'] or row['eps']['why']}" for row in rows]

    return read


RMS = {
    "Llama": (
        TORCH,
        """
        dtype = x.dtype
        x = x.to(torch.float32)
        variance = x.pow(2).mean(-1, keepdim=True)
        x = x * torch.rsqrt(variance + self.eps)
        return self.weight * x.to(dtype)
        """,
    ),
    "in one line": (
        TORCH,
        "return self.weight * (x * torch.rsqrt(torch.mean(x * x, dim=-1) + self.eps))",
    ),
    "divided by the root": (TORCH, "return x / torch.sqrt(x.square().mean(dim=-1) + self.eps)"),
    "to the power of a half": (TORCH, "return x / (x.pow(2).mean((-1,), True) + self.eps) ** 0.5"),
    "to the power of minus a half": (
        TORCH,
        "return x * ((x ** 2).mean(-1, True) + self.eps) ** -0.5",
    ),
    "eps first": (TORCH, "return x / (self.eps + (x ** 2).mean(-1, keepdim=True)).sqrt()"),
    "as many roots as are read": (
        TORCH,
        "x = x * torch.rsqrt((x ** 2).mean(-1) + self.eps)\n" * 8 + "return x",
    ),
    "the inverse first": (
        MINDSPORE,
        "return ops.mul(ops.rsqrt(ops.mean(ops.square(x), -1, True) + self.eps), x)",
    ),
    "eps behind the root": (
        TORCH,
        """
        rms = torch.sqrt(torch.mean(x ** 2, dim=-1, keepdim=True))
        return self.weight * x / (rms + self.eps)
        """,
    ),
    "the root has a name": (
        TORCH,
        """
        root = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return (x.float() * root).type_as(x)
        """,
    ),
    "by functions": (
        TORCH,
        "return torch.div(x, torch.sqrt(torch.mean(torch.pow(x, 2), -1) + self.eps))",
    ),
    "functions by their own names": (
        TORCH,
        """
        from torch import mean, rsqrt, square
        variance = mean(square(x), -1, keepdim=True)
        return x * rsqrt(variance + self.eps)
        """,
    ),
    "channels of images": (
        TORCH,
        "return x / torch.sqrt((x ** 2).mean(1, keepdim=True) + self.eps)",
    ),
    "the constructor keeps more": (
        TORCH.replace("        self.eps = eps\n", "        width = dim\n        self.eps = eps\n"),
        "return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)",
    ),
    "cast before the root": (
        TORCH,
        """
        variance = x.float().pow(2).mean(-1, keepdim=True)
        return x * torch.rsqrt(variance.to(x.dtype) + self.eps)
        """,
    ),
    "Flax": (
        FLAX,
        """
        ms = jnp.mean(jax.lax.square(x), axis=-1, keepdims=True)
        return x * jax.lax.rsqrt(ms + self.eps) * scale
        """,
    ),
    "Flax, power": (
        FLAX,
        """
        variance = jnp.power(x.astype("f4"), 2).mean(axis=-1, keepdims=True)
        return scale * (x / jnp.sqrt(variance + self.eps))
        """,
    ),
    "Keras": (
        KERAS,
        """
        variance = tf.math.reduce_mean(tf.math.square(x), axis=-1, keepdims=True)
        return self.weight * (x * tf.math.rsqrt(variance + self.variance_epsilon))
        """,
    ),
    "Keras, divide": (
        KERAS,
        """
        variance = tf.reduce_mean(tf.square(tf.cast(x, tf.float32)), axis=-1, keepdims=True)
        return tf.divide(x, tf.sqrt(variance + self.variance_epsilon))
        """,
    ),
    "MindSpore": (MINDSPORE, "return x * ops.rsqrt(x.pow(2).mean(-1, keep_dims=True) + self.eps)"),
    "MindSpore, cast by a function": (
        MINDSPORE,
        """
        inverse = ops.rsqrt(ops.mean(ops.square(x), -1, True) + self.eps)
        return ops.mul(x, ops.cast(inverse, x.dtype))
        """,
    ),
    "MindSpore, an operator": (
        MINDSPORE,
        """
        variance = ops.square(x).mean(-1, keep_dims=True)
        return ops.mul(x, self.rsqrt(variance + self.eps))
        """,
    ),
    "MLX": (MLX, "return self.weight * x * mx.rsqrt(mx.mean(mx.square(x), axis=-1) + self.eps)"),
    "Paddle": (PADDLE, "return paddle.rsqrt(x.astype('float32').pow(2).mean(-1) + self.eps) * x"),
}


@pytest.mark.parametrize("case", RMS)
def test_rms_normalisation(found: Reader, case: str) -> None:
    """What multiplies by the inverse root of the mean of squares, or divides by the root."""
    assert found(*RMS[case]) == ["rms 1e-06"]


LAYER = {
    "the mean taken off by name": """
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + self.eps)
        return self.weight[:, None, None] * x
        """,
    "a power of what the mean is taken off": """
        u = x.mean(1, keepdim=True)
        s = torch.pow(x - u, 2).mean(1, keepdim=True)
        return (x - u) / torch.sqrt(s + self.eps)
        """,
    "a square of what the mean is taken off": """
        u = x.mean(1, keepdim=True)
        s = torch.mean(torch.square(x - u), 1, keepdim=True)
        return (x - u) / torch.sqrt(s + self.eps)
        """,
    "a product of what the mean is taken off": """
        x = x - x.mean(1, keepdim=True)
        return x / torch.sqrt(torch.mean(x * x, 1, keepdim=True) + self.eps)
        """,
    "a square by a method": """
        x = x - x.mean(1, keepdim=True)
        return x / torch.sqrt(x.square().mean(1, keepdim=True) + self.eps)
        """,
    "centred before": """
        x = x - x.mean(-1, keepdim=True)
        return x * torch.rsqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        """,
}


@pytest.mark.parametrize("case", LAYER)
def test_layer_normalisation(found: Reader, case: str) -> None:
    """A mean is taken off before."""
    assert found(TORCH, LAYER[case], "LayerNorm2d") == ["layer 1e-06"]


def test_eps_is_a_number_in_the_formula(found: Reader) -> None:
    """No argument plays the part; nothing but the number of the formula is its eps."""
    body = "return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-8) * self.weight"
    assert found(TORCH, body) == ["rms RMSNorm has no argument for it, which is 1e-08"]


def test_a_framework_without_layers_that_could_be_alike(found: Reader) -> None:
    """Nothing is known of what the class is like, where its framework has no such layer."""
    body = "return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), -1, keepdims=True) + 1e-6)"
    assert found(KERAS, body) == ["rms RMSNorm has no argument for it, which is 1e-06"]
    assert found(KERAS.replace("keras.layers.Layer", "tf.Module"), body) == []


@pytest.mark.parametrize(
    ("given", "eps"), [("", "1e-06"), (", eps=1e-5", "1e-05"), (", 1e-3", "0.001")]
)
def test_eps_is_what_the_class_is_given(found: Reader, given: str, eps: str) -> None:
    """The constructor's own parameter plays the part."""
    assert found(*RMS["Llama"], given=given) == [f"rms {eps}"]


NO_LAYERS = {
    "an error": "return torch.sqrt(((x - self.weight) ** 2).mean(-1) + self.eps)",
    "an error by name": """
        rmse = torch.sqrt((x ** 2).mean(-1) + self.eps)
        return rmse * self.weight
        """,
    "the length, not the mean": "return x / torch.sqrt((x ** 2).sum(-1, keepdim=True) + self.eps)",
    "over examples": "return x / torch.sqrt((x ** 2).mean(0, keepdim=True) + self.eps)",
    "over places": "return x / torch.sqrt((x ** 2).mean((2, 3), keepdim=True) + self.eps)",
    "over all": "return x / torch.sqrt((x ** 2).mean() + self.eps)",
    "an axis not in view": "return x / torch.sqrt((x ** 2).mean(self.axis) + self.eps)",
    "no eps": "return x * torch.rsqrt((x ** 2).mean(-1, keepdim=True))",
    "the third power, by a method": "return x / torch.sqrt(x.pow(3).mean(-1) + self.eps)",
    "a power not in view": "return x / torch.sqrt(x.pow(self.p).mean(-1) + self.eps)",
    "the third power": "return x / torch.sqrt((x ** 3).mean(-1, keepdim=True) + self.eps)",
    "the root of the values": "return x / torch.sqrt(x.mean(-1, keepdim=True) + self.eps)",
    "a product of two": "return x / torch.sqrt((x * self.weight).mean(-1, True) + self.eps)",
    "times the root": "return x * torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)",
    "less the root": "return x - torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)",
    "the root is divided": "return torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps) / x",
    "the inverse root is divided by": "return x / torch.rsqrt((x ** 2).mean(-1, True) + self.eps)",
    "an eps that is not given": """
        eps = self.find_eps()
        return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + eps)
        """,
    "two of them": """
        a = x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        return a / torch.sqrt((a ** 2).mean(-1, keepdim=True) + 1e-3)
        """,
    "the root is shown": """
        root = torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        print(root, root[0])
        return x
        """,
    "the root is cast, and no more": """
        root = torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        return x.type_as(root)
        """,
    "the root is kept": """
        self.root = torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        return x
        """,
    "the root and eps are given back": """
        root = torch.sqrt((x ** 2).mean(-1, keepdim=True))
        return x, root + self.eps
        """,
    "the variance is changed before the root": """
        variance = x.pow(2).mean(-1, keepdim=True)
        return x * torch.rsqrt(variance.relu() + self.eps)
        """,
    "the root times eps": """
        root = torch.sqrt((x ** 2).mean(-1, keepdim=True))
        return x / (root * self.eps)
        """,
    "a product under the root": "return x / torch.sqrt((x ** 2).mean(-1, True) * self.eps)",
    "a mean that is no part of it": "return (x - x.mean(-1)) / torch.sqrt(x.var(-1) + self.eps)",
    "a power given by name": "return x / torch.sqrt(x.pow(exponent=2).mean(-1) + self.eps)",
    "nothing under the root": """
        from torch import sqrt
        return x.mean(-1) / sqrt()
        """,
    "eps behind the inverse root": "return x * (torch.rsqrt((x ** 2).mean(-1)) + self.eps)",
    "the second power of the sum": "return x / ((x ** 2).mean(-1, True) + self.eps) ** 2",
    "the power of one and a half": "return x / ((x ** 2).mean(-1, True) + self.eps) ** 1.5",
    "the length beside a mean": "return x / torch.sqrt((x ** 2).sum(-1) + self.eps) - x.mean(-1)",
    "a mean of halves": "return x / torch.sqrt((x / 2).mean(-1, keepdim=True) + self.eps)",
    "a mean of a sum": "return x / torch.sqrt((x + x).mean(-1, keepdim=True) + self.eps)",
    "a mean of what is cut off": "return x / torch.sqrt(x.clamp(2).mean(-1) + self.eps)",
    "over rows and columns": "return x / torch.sqrt((x ** 2).mean((-1, -2), True) + self.eps)",
    "over examples, by name": "return x / torch.sqrt((x ** 2).mean(keepdim=1, dim=0) + self.eps)",
    "the inverse is cut off": "return x * torch.relu(torch.rsqrt((x ** 2).mean(-1) + self.eps))",
    "divided by something else": """
        root = torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        scale = self.weight
        return x / scale, root
        """,
    "a whole program": "x = x * torch.rsqrt((x ** 2).mean(-1) + self.eps)\n" * 9 + "return x",
    "one as it trains, one as it infers": """
        if self.training:
            return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)
        return x / (torch.sqrt((x ** 2).mean(-1, keepdim=True)) + self.eps)
        """,
}  # fmt: skip


@pytest.mark.parametrize("case", NO_LAYERS)
def test_other_arithmetic_is_no_layer(found: Reader, case: str) -> None:
    """Errors, lengths and other means are something else."""
    assert found(TORCH, NO_LAYERS[case]) == []


def test_a_class_that_is_not_named_for_normalising_is_not_read(found: Reader) -> None:
    """Most classes that divide by a root are no layers that anybody ports as one."""
    assert found(*RMS["Llama"], name="Gate") == []


MODEL = """
from torch import nn

class Config:
    def __init__(self, hidden=8, eps={eps}):
        self.hidden = hidden
        self.eps = eps

class Base(nn.Module):
    config_class = Config

class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = nn.LayerNorm(config.hidden, eps=config.eps)

class Model(Base):
    def __init__(self, config):
        super().__init__()
        self.block = Block(config)
"""


@pytest.mark.parametrize(
    ("changed", "eps"),
    [
        (("", ""), 1e-12),
        (("config_class = Config", "config_class = None"), None),
        (("config_class", "config_type"), None),
    ],
)
def test_what_a_model_says_its_configuration_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: tuple[str, str], eps: float | None
) -> None:
    """``config_class`` says of which class the configuration is that a model is given."""
    path = tmp_path / "net.py"
    path.write_text(MODEL.format(eps="1e-12").replace(*changed))
    main(["sites", "--other-norms", "--output-format", "json", str(path)])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["eps"]["value"] == eps


@pytest.mark.parametrize("power", ["3", "self.dim"])
def test_other_powers_by_a_function_are_no_squares(found: Reader, power: str) -> None:
    """What raises to a power squares only where that is 2."""
    body = """
        variance = jnp.power(x, {}).mean(axis=-1, keepdims=True)
        return scale * (x / jnp.sqrt(variance + self.eps))
        """
    assert found(FLAX, body.format(2)) == ["rms 1e-06"]
    assert found(FLAX, body.format(power)) == []
