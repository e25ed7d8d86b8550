"""BN107: momentum=None where it means nothing."""

from __future__ import annotations

import pytest
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

HAZARD = [
    hazard(
        "Keras",
        """
        from tensorflow import keras

        bn = keras.layers.BatchNormalization(momentum=«None»)
        """,
        "Keras's BatchNormalization does not take momentum=None",
        advice="give a number",
    ),
    hazard(
        "import keras is Keras 3, or a release of which nobody knows",
        """
        import keras

        bn = keras.layers.BatchNormalization(momentum=«None»)
        """,
        "does not take momentum=None in Keras 3 (TypeError when the layer is built)",
        kind="error medium",
    ),
    hazard(
        "MindSpore's nn",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(8, momentum=«None»)
        """,
        "MindSpore's BatchNorm2d does not take momentum=None",
    ),
    hazard(
        "slim",
        """
        import tf_slim as slim

        y = slim.batch_norm(x, decay=«None»)
        """,
        "does not take decay=None",
    ),
    hazard(
        "a parameter's default",
        """
        import keras

        def norm(momentum=«None»):
            return keras.layers.BatchNormalization(momentum=momentum)
        """,
        "(the default of parameter momentum of norm)",
        kind="error medium",
    ),
    hazard(
        "the complement of None",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, momentum=«1 - None»)
        """,
        "1 - None raises a TypeError",
    ),
    hazard(
        "a port of the cumulative average",
        """
        import torch.nn as nn
        import keras

        reference = nn.BatchNorm2d(8, eps=1e-3, momentum=None)
        port = «keras.layers.BatchNormalization()»
        """,
        "the PyTorch reference (line 4) takes the cumulative average of all batches",
        "BatchNormalization cannot",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_momentum_none_is_reported(case: Hazard) -> None:
    check_hazard("BN107", case)


CLEAN = sourced(
    """
--- PyTorch takes the cumulative average
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=None)
--- so does MindSpore's mint
from mindspore import mint
bn = mint.nn.BatchNorm2d(8, momentum=None)
--- a number
import keras
bn = keras.layers.BatchNormalization(momentum=0.9)
--- None is replaced before it is used
import keras

def norm(momentum=None):
    if momentum is None:
        momentum = 0.99
    return keras.layers.BatchNormalization(momentum=momentum)
--- None is replaced in passing
import keras

def norm(momentum=None):
    return keras.layers.BatchNormalization(momentum=momentum or 0.99)
--- None is replaced in an expression
import keras

def norm(momentum=None):
    return keras.layers.BatchNormalization(
        momentum=momentum if momentum is not None else 0.99
    )
--- None is turned away
import keras

def norm(momentum=None):
    if momentum is None:
        raise ValueError("momentum is required")
    return keras.layers.BatchNormalization(momentum=momentum)
--- None is asserted away
import keras

def norm(momentum=None):
    assert momentum is not None
    return keras.layers.BatchNormalization(momentum=momentum)
--- None returns early
import keras

def norm(momentum=None):
    if not momentum:
        return None
    return keras.layers.BatchNormalization(momentum=momentum)
--- None is only one of the possibilities
import keras

def norm(flag):
    momentum = None
    if flag:
        momentum = 0.9
    return keras.layers.BatchNormalization(momentum=momentum)
--- one candidate takes None
try:
    from torch.nn import BatchNorm2d as Norm
except ImportError:
    from mindspore.nn import BatchNorm2d as Norm
bn = Norm(8, momentum=None)
--- both sides take the cumulative average, as far as they can
import torch.nn as nn
from mindspore import mint
a = nn.BatchNorm2d(8, momentum=None)
b = mint.nn.BatchNorm2d(8, momentum=None)
--- the reference has a decay
import torch.nn as nn
import keras
a = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
b = keras.layers.BatchNormalization()
--- functions without momentum
import tensorflow as tf
y = tf.nn.batch_normalization(x, mean, var, None, None, 1e-3)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN107", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)
