"""Layers of frameworks whose tables have no tests elsewhere, read as code writes them."""

from __future__ import annotations

import pytest
from tables import apis, settings, table

EPS = table("""
--- MLX => default 1e-05; known 0.001
import mlx.nn as nn
class Block(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.a = nn.BatchNorm(dims)
        self.b = nn.BatchNorm(dims, 1e-3)
--- tinygrad, where momentum stands last => known 0.001
from tinygrad import Tensor, nn
bn = nn.BatchNorm2d(64, 1e-3, True, True, 0.03)
--- Chainer => default 2e-05; known 0.001
import chainer.links as L
a = L.BatchNormalization(64)
b = L.BatchNormalization(64, eps=1e-3)
--- Gluon, where the axis stands first => default 1e-05; known 0.001
from mxnet.gluon import nn
a = nn.BatchNorm()
b = nn.BatchNorm(1, 0.9, 1e-3)
--- operators of MXNet => default 0.001; default 0.001; known 2e-05
import mxnet as mx
a = mx.nd.BatchNorm(x, gamma, beta, mean, var)
b = mx.sym.BatchNorm(data=x, name="bn")
c = mx.symbol.BatchNorm(data=x, fix_gamma=False, eps=2e-5)
--- Sonnet 2: scale and offset must be said => default 1e-05
import sonnet as snt
bn = snt.BatchNorm(create_scale=True, create_offset=True)
--- Sonnet 1 => default 0.001; known 0.0001
import sonnet as snt
a = snt.BatchNorm()
b = snt.BatchNorm(scale=True, eps=1e-4)
--- Sonnet, in words of neither => unknown
import sonnet as snt
bn = snt.BatchNorm(affine=True)
--- Jittor => default 1e-05; known 0.001
from jittor import nn
a = nn.BatchNorm(64)
b = nn.BatchNorm2d(64, eps=1e-3)
--- OneFlow => default 1e-05
import oneflow as flow
bn = flow.nn.BatchNorm2d(64)
--- nodes of ONNX => default 1e-05; known 0.001
from onnx import helper
a = helper.make_node("BatchNormalization", inputs=names, outputs=["y"])
b = helper.make_node("BatchNormalization", names, ["y"], epsilon=1e-3, momentum=0.99)
--- functions of ONNX Script => default 1e-05; known 0.001
from onnxscript import opset15 as op
a = op.BatchNormalization(x, scale, bias, mean, var)
b = op.BatchNormalization(x, scale, bias, mean, var, epsilon=1e-3)
--- other nodes of ONNX =>
from onnx import helper
a = helper.make_node("Conv", inputs=names, outputs=["y"])
""")


@pytest.mark.parametrize(("code", "expected"), EPS)
def test_eps(code: str, expected: list[str]) -> None:
    assert settings(code) == expected


MOMENTUM = table("""
--- tinygrad, where momentum stands last => known 0.03
from tinygrad import nn
bn = nn.BatchNorm(64, 1e-3, True, True, 0.03)
--- Chainer calls it decay => default 0.9; known 0.99
import chainer.links as L
a = L.BatchNormalization(64)
b = L.BatchNormalization(64, 0.99)
--- so does Sonnet, by a longer name => default 0.999; known 0.9
import sonnet as snt
a = snt.BatchNorm(True, True)
b = snt.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)
--- nodes of ONNX => known 0.99
import onnx
a = onnx.helper.make_node("BatchNormalization", names, ["y"], momentum=0.99)
""")


@pytest.mark.parametrize(("code", "expected"), MOMENTUM)
def test_momentum(code: str, expected: list[str]) -> None:
    assert settings(code, "momentum") == expected


APIS = table("""
--- Sonnet 1 and 2 go by one name => sonnet.BatchNorm; sonnet.BatchNorm
import sonnet as snt
a = snt.BatchNorm(True, True)
b = snt.BatchNorm(scale=True)
--- a Keras layer may be of any release => keras.BatchNormalization
from keras.layers import BatchNormalization
a = BatchNormalization()
""")


@pytest.mark.parametrize(("code", "expected"), APIS)
def test_apis(code: str, expected: list[str]) -> None:
    assert apis(code) == expected
