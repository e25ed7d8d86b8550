"""BN104: gamma or beta on one side only."""

from __future__ import annotations

import pytest
from one_rule import run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

HAZARD = [
    hazard(
        "a reference without gamma and beta",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False, center=False)
        b = «nn.BatchNorm2d(64)»
        """,
        "BatchNorm2d has gamma and beta, the Keras reference does not (line 4)",
        kind="warning high",
        advice="write affine=False",
        fix="unsafe: nn.BatchNorm2d(64) has affine=False",
    ),
    hazard(
        "a port without gamma and beta",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
        b = «nn.BatchNorm2d(64, affine=False)»
        """,
        "BatchNorm2d lacks gamma and beta, the Keras reference has (line 4)",
        kind="warning high",
        advice="write affine=True",
        fix="unsafe: False -> True",
    ),
    hazard(
        "a port to two switches",
        """
        import torch.nn as nn
        import keras

        a = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01, affine=False)
        b = «keras.layers.BatchNormalization()»
        """,
        "BatchNormalization has gamma and beta, the PyTorch reference does not (line 4)",
        kind="warning high",
        advice="write scale=False, center=False",
        fix="unsafe: keras.layers.BatchNormalization() has scale=False; "
        "keras.layers.BatchNormalization() has center=False",
    ),
    hazard(
        "safe with a direction",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False, center=False)
        b = «nn.BatchNorm2d(64)»
        """,
        kind="warning high",
        fix="safe: nn.BatchNorm2d(64) has affine=False",
        from_family="keras",
    ),
    hazard(
        "gamma alone has no counterpart where one switch stands for both",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False)
        b = «nn.BatchNorm2d(64)»
        """,
        "has gamma, the Keras reference does not",
        kind="warning high",
        advice="BatchNorm2d has one switch for both",
        fix="manual",
    ),
    hazard(
        "beta alone has none either",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, center=False)
        b = «nn.BatchNorm2d(64)»
        """,
        "has beta, the Keras reference does not",
        kind="warning high",
        fix="manual",
    ),
    hazard(
        "slim leaves out gamma: one summary for the file",
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn1 = «nn.BatchNorm2d(8, eps=1e-3, momentum=0.001)»
                self.bn2 = nn.BatchNorm2d(8, eps=1e-3, momentum=0.001)
                self.bn3 = nn.BatchNorm2d(8, eps=1e-3, momentum=0.001)
        """,
        "BatchNorm2d has gamma, the TF-Slim default does not",
        "as may every other layer in this file",
        kind="warning high",
        fix="manual",
        from_family="slim",
    ),
    hazard(
        "a Keras port of slim can do without gamma",
        """
        import keras

        bn = «keras.layers.BatchNormalization(momentum=0.999)»
        """,
        kind="warning high",
        advice="write scale=False, center=True",
        fix="unsafe: keras.layers.BatchNormalization(momentum=0.999) has scale=False; "
        "keras.layers.BatchNormalization(momentum=0.999) has center=True",
        from_family="slim",
    ),
    hazard(
        "a layer class that a caller may choose",
        """
        import torch.nn as nn

        def block(c, norm_layer=«nn.BatchNorm2d»):
            return norm_layer(c, eps=1e-3, momentum=0.001)
        """,
        "(the default of parameter norm_layer of block)",
        kind="warning medium",
        fix="manual",
        from_family="slim",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_other_parameters_are_reported(case: Hazard) -> None:
    check_hazard("BN104", case)


CLEAN = sourced(
    """
--- there is no reference
import torch.nn as nn
bn = nn.BatchNorm2d(64, affine=False)
--- both sides have both
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
b = nn.BatchNorm2d(64)
--- both sides lack both
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False, center=False)
b = nn.BatchNorm2d(64, affine=False)
--- the switches are left at their defaults under a source that has both [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(64)
--- under a declared source an explicit switch was somebody's decision [from keras]
import torch.nn as nn
bn = nn.BatchNorm2d(64, affine=False)
--- a switch written out, although it is the default [from slim]
import torch.nn as nn
bn = nn.BatchNorm2d(64, affine=True)
--- one of two switches written out: somebody chose [from slim]
import keras
bn = keras.layers.BatchNormalization(momentum=0.999, scale=True)
--- the other of two switches written out: somebody chose [from slim]
import keras
bn = keras.layers.BatchNormalization(momentum=0.999, center=True)
--- a Keras layer that says scale=False [from slim]
import keras
bn = keras.layers.BatchNormalization(scale=False)
--- a switch that is not known
import keras
import torch.nn as nn

def port(affine):
    return nn.BatchNorm2d(64, affine=affine)

a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False, center=False)
--- slim with scale against a layer that has one [from torch]
import tf_slim as slim
y = slim.batch_norm(x, scale=True, epsilon=1e-5, decay=0.9)
--- functions are given their gamma, or not, in the call
import tensorflow as tf
import torch.nn.functional as F

def reference(x, mean, var):
    return tf.nn.batch_normalization(x, mean, var, None, None, 1e-5)

def port(x, mean, var, weight, bias):
    return F.batch_norm(x, mean, var, weight, bias)
--- a layer without such switches [from slim]
from torchvision.ops import FrozenBatchNorm2d
bn = FrozenBatchNorm2d(8, eps=1e-3)
--- sides of unequal numbers that are not uniform
import keras
import torch.nn as nn
a = keras.layers.BatchNormalization(scale=False, center=False)
b = keras.layers.BatchNormalization()
c = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN104", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)


def test_every_layer_of_a_pair_is_reported() -> None:
    code = """
    import keras
    import torch.nn as nn
    a = keras.layers.BatchNormalization(scale=False, center=False)
    b = keras.layers.BatchNormalization(scale=False, center=False)
    c = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
    d = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
    """
    assert [f.span.row for f in run("BN104", code)] == [5, 6]
