"""BN214: layers that are built anew at every call."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, run

IMPORTS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from flax import linen
from mindspore import nn as mnn
from tensorflow import keras
from tensorflow.keras import layers

"""


def _hazard(name: str, code: str, says: str) -> object:
    return hazard(name, code, says, kind="error high", fix="")


IN_FORWARD = "BatchNorm2d is built anew in forward() at every call: it is never trained, saved or"

HAZARD = [
    _hazard(
        "applied at once",
        """
        class Block(nn.Module):
            def forward(self, x):
                return «nn.BatchNorm2d(x.shape[1])»(x)
    """,
        IN_FORWARD,
    ),
    _hazard(
        "moved to the input's device first",
        """
        class Block(nn.Module):
            def forward(self, x):
                return F.relu(«nn.BatchNorm2d(x.shape[1])».to(x.device)(x))
    """,
        IN_FORWARD,
    ),
    _hazard(
        "applied through a variable",
        """
        class Block(nn.Module):
            def forward(self, x):
                bn = «nn.BatchNorm2d(x.shape[1])»
                return bn(x)
    """,
        IN_FORWARD,
    ),
    _hazard(
        "moved and switched through a variable",
        """
        class Block(nn.Module):
            def forward(self, x):
                bn = «nn.BatchNorm2d(x.shape[1])»
                bn.to(x.device)
                bn.eval()
                return bn(x)
    """,
        IN_FORWARD,
    ),
    _hazard(
        "in methods that call each other",
        """
        class Block(nn.Module):
            def forward(self, x):
                return self.down(x, 3)

            def down(self, x, depth):
                return self.up(x, depth - 1) if depth else x

            def up(self, x, depth):
                return self.down(«nn.BatchNorm2d(8)»(x), depth)
    """,
        "BatchNorm2d is built anew in a function that forward() calls at every call",
    ),
    _hazard(
        "in another method that forward() calls",
        """
        class Block(nn.Module):
            def normalise(self, x):
                return «nn.BatchNorm2d(8)»(x)

            def forward(self, x):
                return self.normalise(x)
    """,
        "BatchNorm2d is built anew in a function that forward() calls at every call",
    ),
    _hazard(
        "in a function that forward() calls",
        """
        def normalise(x):
            return «nn.BatchNorm2d(8)»(x)

        class Block(nn.Module):
            def forward(self, x):
                return normalise(x)
    """,
        "in a function that forward() calls",
    ),
    _hazard(
        "in a function that a method calls that forward() calls",
        """
        def normalise(x):
            return «nn.BatchNorm2d(8)»(x)

        class Block(nn.Module):
            def stem(self, x):
                return normalise(x)

            def forward(self, x):
                return self.stem(x)
    """,
        "in a function that forward() calls",
    ),
    _hazard(
        "in a class that derives from one of the file",
        """
        class Base(nn.Module):
            pass

        class Block(Base):
            def forward(self, x):
                return «nn.BatchNorm2d(8)»(x)
    """,
        IN_FORWARD,
    ),
    _hazard(
        "in call() of a Keras layer",
        """
        class Block(layers.Layer):
            def call(self, x):
                return «layers.BatchNormalization()»(x)
    """,
        "BatchNormalization is built anew in call()",
    ),
    _hazard(
        "in call() of a Keras model",
        """
        class Net(keras.Model):
            def call(self, x, training=None):
                x = layers.Dense(3)(x)
                return «layers.BatchNormalization()»(x, training=training)
    """,
        "BatchNormalization is built anew in call()",
    ),
    _hazard(
        "in construct() of a MindSpore cell",
        """
        class Block(mnn.Cell):
            def construct(self, x):
                return «mnn.BatchNorm2d(8)»(x)
    """,
        "BatchNorm2d is built anew in construct()",
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN214", expected, IMPORTS)
    assert finding.help == "build it in the constructor, keep it on the object and call it here"


CLEAN = cases("""
--- built in the constructor
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        return self.bn(x)

--- built lazily and kept
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = None
    def forward(self, x):
        if self.bn is None:
            self.bn = nn.BatchNorm2d(x.shape[1]).to(x.device)
        return self.bn(x)

--- kept through a variable
class Block(nn.Module):
    def forward(self, x):
        bn = nn.BatchNorm2d(8)
        self.bn = bn
        return bn(x)

--- kept as a module
class Block(nn.Module):
    def forward(self, x):
        bn = nn.BatchNorm2d(8)
        self.add_module("bn", bn)
        return bn(x)

--- kept in a dictionary
class Block(nn.Module):
    def forward(self, x, task):
        if task not in self.bns:
            self.bns[task] = nn.BatchNorm2d(8)
        return self.bns[task](x)

--- given the module's weights: used as arithmetic
class Block(nn.Module):
    def forward(self, x):
        bn = nn.BatchNorm2d(8)
        bn.weight = self.weight
        bn.bias = self.bias
        return bn(x)

--- given statistics
class Block(nn.Module):
    def forward(self, x):
        bn = nn.BatchNorm2d(8)
        bn.load_state_dict(self.state)
        return bn(x)

--- returned, not applied
class Block(nn.Module):
    def forward(self, x):
        return nn.BatchNorm2d(8)

--- built in build()
class Block(layers.Layer):
    def build(self, shape):
        self.bn = layers.BatchNormalization()
    def call(self, x):
        return self.bn(x)

--- a functional model is built
def block(x):
    x = layers.Conv2D(8, 3)(x)
    return layers.BatchNormalization()(x)

def build():
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, block(inputs))

--- a functional model is built in a constructor
class Net(keras.Model):
    def __init__(self):
        inputs = keras.Input((8,))
        super().__init__(inputs, layers.BatchNormalization()(inputs))

--- a factory of TensorFlow 1
import tensorflow as tf

class Net:
    def call(self, x):
        return tf.compat.v1.layers.batch_normalization(x)

--- a method called forward of a class that is no module
class Pipeline:
    def forward(self, x):
        return nn.BatchNorm2d(8)(x)

--- a base class that is not in view
from lib import Base

class Block(Base):
    def forward(self, x):
        return nn.BatchNorm2d(8)(x)

--- another method, that forward() does not call
class Block(nn.Module):
    def check(self, x):
        return nn.BatchNorm2d(8)(x)
    def forward(self, x):
        return x

--- a compact method, whose layers the framework keeps
class Block(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.BatchNorm(use_running_average=True)(x)

--- the functional form
class Block(nn.Module):
    def forward(self, x):
        return F.batch_norm(x, None, None, training=True)

--- a layer class that is a parameter
class Block(nn.Module):
    def __init__(self, norm=nn.BatchNorm2d):
        super().__init__()
        self.norm = norm
    def forward(self, x):
        return self.norm(8)(x)

--- a script
y = nn.BatchNorm2d(8)(x)

--- a module inside a test
def test_export():
    class Block(nn.Module):
        def forward(self, x):
            return nn.BatchNorm2d(8)(x)
    export(Block())

--- a class of tests
class TestBlock(nn.Module):
    def forward(self, x):
        return nn.BatchNorm2d(8)(x)

--- a comparison
def compare(x):
    class Block(nn.Module):
        def forward(self, x):
            return nn.BatchNorm2d(8)(x)
    return Block()(x)

--- a user class that is merely called BatchNorm2d
class BatchNorm2d(nn.Module):
    def forward(self, x):
        return x

class Block(nn.Module):
    def forward(self, x):
        return BatchNorm2d()(x)
""")


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN214", code, IMPORTS)


@pytest.mark.parametrize(
    ("path", "count"),
    [
        pytest.param("src/model.py", 1, id="a module of the project"),
        pytest.param("src/latest.py", 1, id="a file whose name merely ends so"),
        pytest.param("tests/model.py", 0, id="in a folder of tests"),
        pytest.param("src/test_model.py", 0, id="a file of tests"),
        pytest.param("src/model_test.py", 0, id="a file of tests, named the other way"),
    ],
)
def test_files_of_tests_are_clean(path: str, count: int) -> None:
    code = """
        import torch.nn as nn

        class Block(nn.Module):
            def forward(self, x):
                return nn.BatchNorm2d(8)(x)
    """
    assert len(run("BN214", code, path=path)) == count


@pytest.mark.torch
def test_the_layer_is_not_among_the_parameters() -> None:
    import torch

    class Block(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.BatchNorm1d(x.shape[1])(x)

    block = Block().eval()
    out = block(torch.full((4, 3), 7.0))
    assert list(block.parameters()) == []
    assert out.abs().max().item() < 1e-3  # normalised with the batch, eval() or not
