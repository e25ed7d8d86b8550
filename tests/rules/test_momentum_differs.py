"""BN102: the two sides keep different shares of the old running value."""

from __future__ import annotations

import pytest
from one_rule import run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

HAZARD = [
    hazard(
        "PyTorch's default against Keras's",
        """
        import torch.nn as nn

        bn = «nn.BatchNorm2d(32, eps=1e-3)»
        """,
        "BatchNorm2d keeps 0.9 of the old running value per step (momentum=0.1, PyTorch's default)",
        "the Keras default keeps 0.99 (momentum=0.99)",
        kind="warning medium",
        advice="write momentum=0.01, which is what Keras calls 0.99",
        fix="unsafe: nn.BatchNorm2d(32, eps=1e-3) has momentum=0.01",
        from_family="keras",
    ),
    hazard(
        "PyTorch's default against slim's",
        """
        import torch.nn as nn

        bn = «nn.BatchNorm2d(32)»
        """,
        "the TF-Slim default keeps 0.999 (decay=0.999)",
        kind="info medium",
        advice="write momentum=0.001",
        from_family="slim",
    ),
    hazard(
        "Keras's default against PyTorch's",
        """
        from tensorflow import keras

        bn = «keras.layers.BatchNormalization(epsilon=1e-5)»
        """,
        "BatchNormalization keeps 0.99",
        "the PyTorch default keeps 0.9 (momentum=0.1)",
        kind="info medium",
        advice="write momentum=0.9, which is what PyTorch calls 0.1",
        from_family="torch",
    ),
    hazard(
        "MindSpore's default against Keras's",
        """
        from mindspore import nn

        bn = «nn.BatchNorm2d(32, eps=1e-3)»
        """,
        "keeps 0.9 of the old running value per step (momentum=0.9, MindSpore's default)",
        kind="warning medium",
        advice="write momentum=0.99",
        fix="unsafe: nn.BatchNorm2d(32, eps=1e-3) has momentum=0.99",
        from_family="keras",
    ),
    hazard(
        "slim's default against that of tf.layers",
        """
        import tf_slim as slim

        y = «slim.batch_norm(x)»
        """,
        "the TensorFlow (tf.layers) default keeps 0.99",
        kind="info medium",
        from_family="tensorflow",
    ),
    hazard(
        "the default of a layer class that a caller may choose",
        """
        import torch.nn as nn

        def block(c, norm_layer=«nn.BatchNorm2d»):
            return norm_layer(c)
        """,
        "(the default of parameter norm_layer of block)",
        kind="warning medium",
        fix="manual",
        from_family="keras",
    ),
    hazard(
        "a partial that leaves it at its default is written to where it stands",
        """
        from functools import partial

        import torch.nn as nn

        norm = «partial(nn.BatchNorm2d, eps=1e-3)»
        bn = norm(32)
        """,
        kind="warning medium",
        fix="unsafe: partial(nn.BatchNorm2d, eps=1e-3) has momentum=0.01",
        from_family="keras",
    ),
    hazard(
        "a subclass that does not hand it on",
        """
        import torch.nn as nn

        class Norm(nn.BatchNorm2d):
            def __init__(self, c):
                «super().__init__(c, eps=1e-3)»

        bn = Norm(32)
        """,
        kind="warning medium",
        fix="unsafe: super().__init__(c, eps=1e-3) has momentum=0.01",
        from_family="keras",
    ),
    hazard(
        "a same-file pair has no direction, so the fix is unsafe",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(epsilon=1e-5)
        port = «nn.BatchNorm2d(32)»
        """,
        "the Keras reference keeps 0.99 (momentum=0.99) (line 4)",
        kind="warning high",
        fix="unsafe: nn.BatchNorm2d(32) has momentum=0.01",
    ),
    hazard(
        "a declared source gives a same-file pair its direction",
        """
        import torch.nn as nn
        import keras

        reference = nn.BatchNorm2d(32)
        port = «keras.layers.BatchNormalization(epsilon=1e-5)»
        """,
        "the PyTorch reference keeps 0.9 (momentum=0.1) (line 4)",
        kind="warning high",
        fix="safe: keras.layers.BatchNormalization(epsilon=1e-5) has momentum=0.9",
        from_family="torch",
    ),
    hazard(
        "explicit against explicit",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(momentum=0.999)
        port = nn.BatchNorm2d(32, eps=1e-3, momentum=«0.01»)
        """,
        "keeps 0.99 of the old running value per step (momentum=0.01)",
        "keeps 0.999 (momentum=0.999)",
        kind="warning high",
        fix="unsafe: 0.01 -> 0.001",
    ),
    hazard(
        "default against explicit",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(momentum=0.9)
        port = nn.BatchNorm2d(32, eps=1e-3, momentum=«0.2»)
        """,
        kind="warning high",
        advice="write momentum=0.1",
        fix="unsafe: 0.2 -> 0.1",
    ),
    hazard(
        "a presumed momentum in a pair with a direction is not safe to change",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(epsilon=1e-5)

        def port(c, momentum=«0.1»):
            return nn.BatchNorm2d(c, momentum=momentum)
        """,
        "(the default of parameter momentum of port)",
        kind="warning medium",
        fix="unsafe: momentum -> 0.01",
        from_family="keras",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_other_decay_is_reported(case: Hazard) -> None:
    finding = check_hazard("BN102", case)
    assert finding.reference is not None
    assert finding.values[0].unit == "decay"


CLEAN = sourced(
    """
--- a default that the file's own models replace, out of view [from keras]
from functools import partial
import torch.nn as nn
from builder import build
class Stem(nn.Module):
    def __init__(self, norm_layer=nn.BatchNorm2d):
        super().__init__()
        self.bn = norm_layer(32)
def tf_net(**kwargs):
    return build(Stem, norm_layer=partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01), **kwargs)
--- a default that the file's own models may replace, out of view [from keras]
from functools import partial
import torch.nn as nn
from builder import build, settings
class Stem(nn.Module):
    def __init__(self, norm_layer=None):
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        self.bn = norm_layer(32)
def tf_net(**kwargs):
    return build(Stem, norm_layer=partial(nn.BatchNorm2d, **settings(kwargs)))
--- there is no reference
import torch.nn as nn
bn = nn.BatchNorm2d(32)
--- the port's framework is the declared source [from torch]
import torch.nn as nn
bn = nn.BatchNorm2d(32)
--- converted by hand [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)
--- under a declared source an explicit number was somebody's decision [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, momentum=0.1)
--- a constant is somebody's decision, too [from keras]
import torch.nn as nn
BN_MOMENTUM = 0.1
bn = nn.BatchNorm2d(32, momentum=BN_MOMENTUM)
--- the defaults of both frameworks keep the same share [from torch]
from mindspore import nn
bn = nn.BatchNorm2d(32)
--- tf.layers has Keras's default [from keras]
import tensorflow as tf
y = tf.layers.batch_normalization(x, training=True)
--- the momentum is not known [from keras]
import torch.nn as nn

def block(c, options):
    return nn.BatchNorm2d(c, **options)
--- it is set for all layers in the constructor [from keras]
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(32)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.01
--- it may be set for all layers elsewhere [from keras]
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(32)

def initialize_weights(model):
    for m in model.modules():
        t = type(m)
        if t is nn.Conv2d:
            pass
        elif t is nn.BatchNorm2d:
            m.eps = 1e-3
            m.momentum = 0.03
--- an argument scope that is not resolved may set it [from torch]
import tf_slim as slim

def block(net, scope):
    with slim.arg_scope(scope):
        return slim.batch_norm(net)
--- an argument scope around the callers may set it [from torch]
import tf_slim as slim

def arg_scope():
    with slim.arg_scope([slim.batch_norm], decay=0.9) as scope:
        return scope

def block(net):
    return slim.batch_norm(net)
--- a layer without statistics [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, track_running_stats=False)
--- a functional call in inference, which is the default [from keras]
import torch.nn.functional as F

def norm(x, mean, var):
    return F.batch_norm(x, mean, var)
--- an inference-only layer [from keras]
from torchvision.ops import FrozenBatchNorm2d
bn = FrozenBatchNorm2d(32)
--- weight standardisation [from keras]
import torch.nn.functional as F

def forward(self, x, mean, var):
    weight = F.batch_norm(self.weight.view(1, -1, 9), mean, var, training=True)
    return F.conv2d(x, weight)
--- an instance norm [from keras]
import torch.nn as nn
n = nn.InstanceNorm2d(32)
--- cumulative averages have no decay [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, momentum=None)
--- the pair agrees once converted
import keras
import torch.nn as nn
reference = keras.layers.BatchNormalization(epsilon=1e-5)
port = nn.BatchNorm2d(32, momentum=0.01)
--- the new-batch weights of the pair agree within two per cent
import keras
import torch.nn as nn
reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
port = nn.BatchNorm2d(32, momentum=0.101)
--- import candidates are no pair
try:
    from torch.nn import BatchNorm2d as Norm
except ImportError:
    from keras.layers import BatchNormalization as Norm
bn = Norm()
--- tf.layers and Keras are no pair
import tensorflow as tf
a = tf.layers.batch_normalization(x, training=True)
b = tf.keras.layers.BatchNormalization(momentum=0.9)
--- slim and Keras are no pair
import keras
import tf_slim as slim
a = slim.batch_norm(x)
b = keras.layers.BatchNormalization()
--- mint and nn are no pair
from mindspore import mint, nn
a = nn.BatchNorm2d(8, momentum=0.99)
b = mint.nn.BatchNorm2d(8)
--- a function and a layer are no pair
import keras
import torch.nn.functional as F

def port(x, mean, var):
    return F.batch_norm(x, mean, var, training=True)

reference = keras.layers.BatchNormalization()
--- sides of unequal numbers that are not uniform
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization()
b = keras.layers.BatchNormalization(momentum=0.9)
port = nn.BatchNorm2d(32, eps=1e-3)
--- the momentum of the reference is not known
import keras
import torch.nn as nn

def reference(momentum):
    return keras.layers.BatchNormalization(momentum=momentum)

port = nn.BatchNorm2d(32, eps=1e-3)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN102", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)


def test_decays_that_look_alike_are_told_apart() -> None:
    """0.999 is not 0.99: the weights of the new batch differ by a factor ten."""
    code = """
    import keras
    import torch.nn as nn
    a = keras.layers.BatchNormalization(momentum=0.999)
    b = nn.BatchNorm2d(8, momentum=0.01)
    """
    assert len(run("BN102", code)) == 1
