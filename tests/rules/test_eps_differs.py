"""BN103: the two sides guard the variance differently; and how sides are paired."""

from __future__ import annotations

import pytest
from one_rule import run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

HAZARD = [
    hazard(
        "PyTorch's default against Keras's",
        """
        import torch.nn as nn

        class Stem(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn = «nn.BatchNorm2d(32, momentum=0.01)»
        """,
        "BatchNorm2d leaves eps at PyTorch's default 1e-05, the Keras default is 0.001, "
        "if the reference leaves epsilon at its default",
        advice="write eps=0.001: where the running variance is 0.0001, outputs now differ by a "
        "factor 3.16",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2d(32, momentum=0.01) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "MindSpore's default against that of tf.layers",
        """
        from mindspore import nn

        bn = «nn.BatchNorm2d(32)»
        """,
        "MindSpore's default 1e-05, the TensorFlow (tf.layers) default is 0.001",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2d(32) has eps=0.001",
        from_family="tensorflow",
    ),
    hazard(
        "Keras's default against PyTorch's",
        """
        from keras.layers import BatchNormalization

        bn = «BatchNormalization(momentum=0.9)»
        """,
        "leaves epsilon at Keras's default 0.001, the PyTorch default is 1e-05",
        advice="write epsilon=1e-05",
        kind="warning medium",
        fix="unsafe: BatchNormalization(momentum=0.9) has epsilon=1e-05",
        from_family="torch",
    ),
    hazard(
        "the functional form, in inference as well",
        """
        import torch.nn.functional as F

        def norm(x, mean, var):
            return «F.batch_norm(x, mean, var)»
        """,
        "batch_norm leaves eps at PyTorch's default 1e-05",
        kind="warning medium",
        fix="unsafe: F.batch_norm(x, mean, var) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "an inference-only layer",
        """
        from torchvision.ops import FrozenBatchNorm2d

        bn = «FrozenBatchNorm2d(8)»
        """,
        kind="warning medium",
        fix="unsafe: FrozenBatchNorm2d(8) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "a model that sets its own eps elsewhere, from where it leaves it alone",
        """
        from keras import layers

        def yolov3(x):
            return «layers.BatchNormalization()»(x)
        """,
        kind="warning medium",
        fix="unsafe: layers.BatchNormalization() has epsilon=1e-05",
        from_family="darknet",
    ),
    hazard(
        "keywords that carry only device and dtype leave eps at its default",
        """
        import torch.nn as nn

        def block(c, device=None, dtype=None):
            dd = {"device": device, "dtype": dtype}
            return «nn.BatchNorm2d(c, **dd)»
        """,
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2d(c, **dd) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "a layer class that a caller may choose",
        """
        import torch.nn as nn

        class Block(nn.Module):
            def __init__(self, c, norm_layer=«nn.BatchNorm2d»):
                super().__init__()
                self.a = norm_layer(c)
                self.b = norm_layer(c)
        """,
        "(the default of parameter norm_layer of Block)",
        kind="warning medium",
        fix="manual",
        from_family="keras",
    ),
    hazard(
        "a subclass that fixes everything but eps",
        """
        import torch.nn as nn

        class Norm(nn.BatchNorm2d):
            def __init__(self, c):
                «super().__init__(c, momentum=0.01)»

        a, b = Norm(8), Norm(16)
        """,
        kind="warning medium",
        fix="unsafe: super().__init__(c, momentum=0.01) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "a pair of which neither side says eps",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(momentum=0.9)
        port = «nn.BatchNorm2d(8)»
        """,
        "leaves eps at PyTorch's default 1e-05, the Keras default is 0.001 (line 4)",
        fix="unsafe: nn.BatchNorm2d(8) has eps=0.001",
    ),
    hazard(
        "a pair of which the reference says eps",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(momentum=0.9, epsilon=2e-5)
        port = «nn.BatchNorm2d(8)»
        """,
        "the Keras layer has 2e-05 (line 4)",
        advice="factor 1.04",
        fix="unsafe: nn.BatchNorm2d(8) has eps=2e-5",
    ),
    hazard(
        "a pair of which both sides say eps",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
        port = nn.BatchNorm2d(8, eps=«1e-6»)
        """,
        "BatchNorm2d has eps=1e-06, the Keras layer has 0.001 (line 4)",
        fix="unsafe: 1e-6 -> 1e-3",
    ),
    hazard(
        "the side that stands first is named as the reference",
        """
        import keras
        import torch.nn as nn

        a = nn.BatchNorm2d(8)
        b = «keras.layers.BatchNormalization(momentum=0.9)»
        """,
        "the PyTorch default is 1e-05 (line 4)",
        fix="unsafe: keras.layers.BatchNormalization(momentum=0.9) has epsilon=1e-05",
    ),
    hazard(
        "a declared source is the reference wherever it stands",
        """
        import keras
        import torch.nn as nn

        a = «nn.BatchNorm2d(8, momentum=0.01)»
        b = keras.layers.BatchNormalization()
        """,
        "the Keras default is 0.001 (line 5)",
        fix="safe: nn.BatchNorm2d(8, momentum=0.01) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "the pair in the file is stronger than the declared defaults",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(epsilon=1e-4)
        port = nn.BatchNorm2d(8, eps=«1e-3», momentum=0.01)
        """,
        "the Keras layer has 0.0001 (line 4)",
        fix="safe: 1e-3 -> 1e-4",
        from_family="keras",
    ),
    hazard(
        "equal numbers of layers are paired by name",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="stem")
        b = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name="head")

        class Port(nn.Module):
            def __init__(self):
                super().__init__()
                self.head = «nn.BatchNorm2d(8)»
                self.stem = nn.BatchNorm2d(8)
        """,
        "the Keras layer has 0.001 (line 5)",
        fix="unsafe: nn.BatchNorm2d(8) has eps=1e-3",
    ),
    hazard(
        "equal numbers of layers without common names are paired by order",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        b = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
        x = nn.BatchNorm2d(8)
        y = «nn.BatchNorm2d(8)»
        """,
        "(line 5)",
        fix="unsafe: nn.BatchNorm2d(8) has eps=1e-3",
    ),
    hazard(
        "unequal numbers of layers are compared where each side is uniform",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(momentum=0.9)
        b = keras.layers.BatchNormalization(momentum=0.9)
        port = «nn.BatchNorm2d(8)»
        """,
        fix="unsafe: nn.BatchNorm2d(8) has eps=0.001",
    ),
    hazard(
        "a negative eps, of whose variance there is no root",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization()
        port = nn.BatchNorm2d(8, eps=«-1», momentum=0.01)
        """,
        "BatchNorm2d has eps=-1.0, the Keras default is 0.001 (line 4)",
        advice="write eps=0.001: a negative eps is refused, or gives nan where the variance is",
        fix="unsafe: -1 -> 0.001",
    ),
    hazard(
        "a negative eps that makes the variance zero",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization()
        port = nn.BatchNorm2d(8, eps=«-1e-4», momentum=0.01)
        """,
        "BatchNorm2d has eps=-0.0001, the Keras default is 0.001 (line 4)",
        advice="write eps=0.001: a negative eps is refused",
        fix="unsafe: -1e-4 -> 0.001",
    ),
    hazard(
        "a negative eps of the reference, which is not to be copied",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(epsilon=-1e-4)
        port = «nn.BatchNorm2d(8, momentum=0.01)»
        """,
        "leaves eps at PyTorch's default 1e-05, the Keras layer has -0.0001 (line 4)",
        advice="give both sides a positive one: a negative eps is refused, or gives nan",
    ),
    hazard(
        "an eps that is larger than a quotient of floats can be",
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.BatchNormalization(epsilon=1e308)
        port = «nn.BatchNorm2d(8, momentum=0.01)»
        """,
        "the Keras layer has 1e+308 (line 4)",
        advice="factor 9.53e+155",
        fix="unsafe: nn.BatchNorm2d(8, momentum=0.01) has eps=1e308",
    ),
    hazard(
        "functions are paired with functions",
        """
        import tensorflow as tf
        import torch.nn.functional as F

        def reference(x, mean, var, beta, gamma):
            return tf.nn.batch_normalization(x, mean, var, beta, gamma, 1e-3)

        def port(x, mean, var):
            return «F.batch_norm(x, mean, var)»
        """,
        "(line 5)",
        fix="unsafe: F.batch_norm(x, mean, var) has eps=1e-3",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_other_eps_is_reported(case: Hazard) -> None:
    finding = check_hazard("BN103", case)
    assert finding.reference is not None
    assert finding.values[0].argument == "eps"


CLEAN = sourced(
    """
--- a class of models that set their own eps: low confidence [from keras]
import torch.nn as nn
class YOLOHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
--- a function that makes a model which sets its own eps: low confidence [from torch]
from keras import layers
def yolov5(x):
    return layers.BatchNormalization()(x)
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
--- eps is Keras's [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, eps=1e-3)
--- under a declared source an explicit eps was somebody's decision [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32, eps=1.001e-5)
--- an explicit eps through a constant [from keras]
import torch.nn as nn
BN_EPS = 1e-5
bn = nn.BatchNorm2d(32, eps=BN_EPS)
--- an explicit eps through a parameter's default [from keras]
import torch.nn as nn

def norm(c, eps=1e-5):
    return nn.BatchNorm2d(c, eps=eps)
--- an explicit eps through a partial [from keras]
from functools import partial
import torch.nn as nn
norm = partial(nn.BatchNorm2d, eps=1e-5)
bn = norm(8)
--- both frameworks have the same default [from torch]
from mindspore import nn
bn = nn.BatchNorm2d(32)
--- the source is the framework itself [from mindspore]
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8), mint.nn.BatchNorm2d(8)
--- eps is set after construction [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32)
bn.eps = 1e-3
--- eps is set after construction to what is not known [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32)
bn.eps = max(bn.eps, 1e-3)
--- eps is set by setattr [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(32)
setattr(bn, "eps", 1e-3)
--- eps may be set by a helper [from keras]
import torch.nn as nn

def as_in_keras(bn):
    bn.eps = 1e-3
    return bn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        as_in_keras(self.bn)
--- eps may be set through a name compare [from keras]
import torch.nn as nn

def fix(m):
    if m.__class__.__name__.find("BatchNorm") != -1:
        m.eps = 1e-3

net = nn.Sequential(nn.BatchNorm2d(8))
net.apply(fix)
--- eps may be set through the common base class [from keras]
import torch.nn as nn
from torch.nn.modules.batchnorm import _BatchNorm

def fix(model):
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eps = 1e-3

net = nn.Sequential(nn.BatchNorm2d(8))
--- eps is the subclass's own attribute [from keras]
import torch.nn as nn

class Norm(nn.BatchNorm2d):
    def __init__(self, c):
        super().__init__(c)
        self.eps = 1e-3

bn = Norm(8)
--- the keywords are not known [from keras]
import torch.nn as nn

def block(c, **kwargs):
    return nn.BatchNorm2d(c, **kwargs)
--- the positional arguments are not known [from keras]
import torch.nn as nn

def block(*args):
    return nn.BatchNorm2d(*args)
--- a class of the project that is merely called so [from keras]
import torch.nn as nn

class BatchNorm2d(nn.Module):
    pass

bn = BatchNorm2d(8)
--- weight standardisation [from keras]
import torch.nn.functional as F

def forward(self, x):
    weight = F.batch_norm(self.weight.reshape(1, self.out_channels, -1), None, None, training=True)
    return F.conv2d(x, weight)
--- a group norm with the eps of the reference [from keras]
import torch.nn as nn
gn = nn.GroupNorm(8, 32, eps=1e-3)
--- values within two per cent are the same
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(momentum=0.9, epsilon=1.001e-5)
b = nn.BatchNorm2d(8)
--- the pair agrees
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(momentum=0.9)
b = nn.BatchNorm2d(8, eps=1e-3)
--- every pair agrees, by name
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="bn1")
b = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name="bn2")
bn2 = nn.BatchNorm2d(8, eps=1e-3)
bn1 = nn.BatchNorm2d(8)
--- unequal numbers, one side not uniform
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-4)
b = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
c = nn.BatchNorm2d(8)
--- unequal numbers, one setting not known
import keras
import torch.nn as nn

def reference(eps):
    a = keras.layers.BatchNormalization(momentum=0.9, epsilon=eps)
    b = keras.layers.BatchNormalization(momentum=0.9)

c = nn.BatchNorm2d(8)
--- import candidates are no pair
try:
    from torch.nn import BatchNorm2d as Norm
except ImportError:
    from keras.layers import BatchNormalization as Norm
a, b = Norm(8), Norm(8)
--- tf.layers and Keras are no pair
import tensorflow as tf
a = tf.layers.batch_normalization(x, epsilon=1e-5)
b = tf.keras.layers.BatchNormalization()
--- mint and nn are no pair
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8, eps=1e-3), mint.nn.BatchNorm2d(8)
--- a layer class that a caller may choose is in no pair
import keras
import torch.nn as nn

def port(c, norm_layer=nn.BatchNorm2d):
    return norm_layer(c)

reference = keras.layers.BatchNormalization(momentum=0.9)
--- a reference of the same framework is none
import torch.nn as nn
a, b = nn.BatchNorm2d(8), nn.BatchNorm2d(8, eps=1e-3)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN103", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)


def test_a_chosen_class_is_reported_once_however_often_it_is_used() -> None:
    code = """
    import torch.nn as nn

    def block(c, norm_layer=nn.BatchNorm2d):
        return nn.Sequential(norm_layer(c), norm_layer(c), norm_layer(c))
    """
    assert len(run("BN103", code, from_family="keras")) == 1


def test_a_misplaced_eps_is_reported_as_such() -> None:
    code = """
    import keras
    import torch.nn as nn
    a = keras.layers.BatchNormalization()
    b = nn.BatchNorm2d(8, 0.99, 1e-3)
    """
    assert run("BN103", code) == []
    assert len(run("BN108", code)) == 1
