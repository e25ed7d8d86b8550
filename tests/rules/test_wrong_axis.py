"""BN301: layers that normalise another axis than the channels."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_hazard, hazard

IMPORTS = """
import tensorflow as tf
import tf_slim as slim
from mindspore import nn
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers
from tensorflow.keras.layers import Activation, BatchNormalization, Conv2D, Dropout

"""

DEFAULT = (
    "BatchNormalization normalises axis 3 (axis=-1, the default), but Conv2D on line ",
    "has its channels in axis 1 (data_format='channels_first')",
)
WRITTEN = "error high"
ASSUMED = "error medium"

HAZARD = [
    hazard(
        "one applied to the other's output",
        """
        x = Conv2D(8, 3, data_format="channels_first")(x)
        x = «BatchNormalization()»(x)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "in one expression",
        'x = «BatchNormalization()»(Conv2D(8, 3, data_format="channels_first")(x))',
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "the last axis written down",
        """
        x = Conv2D(8, 3, data_format="channels_first")(x)
        x = BatchNormalization(axis=«-1»)(x)
        """,
        "normalises axis 3 (axis=-1), but",
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "activation, dropout, pooling and padding in between",
        """
        x = Conv2D(8, 3, data_format="channels_first")(x)
        x = layers.ZeroPadding2D(1, data_format="channels_first")(x)
        x = Activation("relu")(x)
        x = layers.MaxPooling2D(2, data_format="channels_first")(x)
        x = Dropout(0.5)(x)
        x = «BatchNormalization(epsilon=1e-5)»(x)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "neighbours in a Sequential",
        """
        model = keras.Sequential([
            Conv2D(8, 3, data_format="channels_first"),
            Activation("relu"),
            «BatchNormalization()»,
        ])
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "neighbours in a list that becomes a Sequential",
        """
        stem = [Conv2D(8, 3, data_format="channels_first"), «BatchNormalization()»]
        model = keras.Sequential(stem)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "in a list that is extended",
        """
        stack = []
        stack += [Conv2D(8, 3, data_format="channels_first"), «BatchNormalization()»]
        model = keras.Sequential(layers=stack)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "added one after the other",
        """
        model = keras.Sequential()
        model.add(Conv2D(8, 3, data_format="channels_first"))
        model.add(Activation("relu"))
        model.add(«BatchNormalization()»)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "layers of an object, applied in call()",
        """
        class Block(layers.Layer):
            def __init__(self):
                super().__init__()
                self.conv = Conv2D(8, 3, data_format="channels_first")
                self.bn = «BatchNormalization()»

            def call(self, x):
                x = self.conv(x)
                return self.bn(tf.identity(x)) if False else self.bn_of(x)

            def bn_of(self, x):
                y = self.conv(x)
                return y
        """.replace(
            "return self.bn(tf.identity(x)) if False else self.bn_of(x)", "return self.bn(x)"
        ),
        *DEFAULT,
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "a layout in a constant of the file: another value asks for another axis",
        """
        LAYOUT = "channels_first"
        x = Conv2D(8, 3, data_format=LAYOUT)(x)
        x = «BatchNormalization()»(x)
        """,
        *DEFAULT,
        kind=WRITTEN,
        fix="unsafe: write axis=1",
    ),
    hazard(
        "axis 1 after channels last, written down",
        """
        x = Conv2D(8, 3, data_format="channels_last")(x)
        x = BatchNormalization(axis=«1»)(x)
        """,
        "normalises axis 1 (axis=1), but Conv2D on line ",
        "has its channels in axis 3 (data_format='channels_last')",
        kind=WRITTEN,
        fix="safe: write axis=-1",
    ),
    hazard(
        "axis 1 after a layout left at its default",
        """
        x = Conv2D(8, 3)(x)
        x = BatchNormalization(axis=«1»)(x)
        """,
        "has its channels in axis 3 (its default layout)",
        kind=ASSUMED,
        fix="unsafe: write axis=-1",
    ),
    hazard(
        "an axis counted from the end",
        """
        x = Conv2D(8, 3, data_format="channels_last")(x)
        x = BatchNormalization(axis=«-3»)(x)
        """,
        "normalises axis 1 (axis=-3)",
        kind=WRITTEN,
        fix="safe: write axis=-1",
    ),
    hazard(
        "an axis in a constant",
        """
        BN_AXIS = 3
        x = Conv2D(8, 3, data_format="channels_first")(x)
        x = BatchNormalization(axis=«BN_AXIS»)(x)
        """,
        "normalises axis 3 (axis=3)",
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "one dimension",
        """
        x = layers.Conv1D(8, 3, data_format="channels_first")(x)
        x = «BatchNormalization()»(x)
        """,
        "normalises axis 2 (axis=-1, the default), but Conv1D",
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "three dimensions",
        """
        x = layers.Conv3D(8, 3, data_format="channels_first")(x)
        x = «BatchNormalization()»(x)
        """,
        "normalises axis 4 (axis=-1, the default), but Conv3D",
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "layer functions of TensorFlow 1",
        """
        x = tf.compat.v1.layers.conv2d(x, 8, 3, data_format="channels_first")
        x = «tf.compat.v1.layers.batch_normalization(x, training=flag)»
        """,
        "batch_normalization normalises axis 3 (axis=-1, the default), but conv2d",
        kind=WRITTEN,
        fix="safe: write axis=1",
    ),
    hazard(
        "layer functions of slim, which take a layout themselves",
        """
        x = slim.conv2d(x, 8, [3, 3], data_format="NCHW")
        x = «slim.batch_norm(x)»
        """,
        "normalises axis 3 (data_format='NHWC', the default), but conv2d",
        "(data_format='NCHW')",
        kind=WRITTEN,
        fix="safe: write data_format='NCHW'",
    ),
    hazard(
        "cells of MindSpore",
        """
        net = nn.SequentialCell(
            nn.Conv2d(3, 8, 3, data_format="NHWC"), «nn.BatchNorm2d(8)»
        )
        """,
        "BatchNorm2d normalises axis 1 (data_format='NCHW', the default), but Conv2d",
        kind=WRITTEN,
        fix="safe: write data_format='NHWC'",
    ),
    hazard(
        "cells of MindSpore in a list",
        """
        net = nn.SequentialCell([
            nn.Conv2d(3, 8, 3, data_format="NCHW"),
            nn.ReLU(),
            nn.BatchNorm2d(8, data_format=«"NHWC"»),
        ])
        """,
        "normalises axis 3 (data_format='NHWC'), but Conv2d",
        kind=WRITTEN,
        fix="safe: write data_format='NCHW'",
    ),
    hazard(
        "a spectrogram may be normalised per frequency: a warning",
        """
        def encode(spectrogram):
            x = Conv2D(8, 3, data_format="channels_last")(spectrogram)
            return BatchNormalization(axis=«1»)(x)
        """,
        "normalises axis 1 (axis=1)",
        kind="warning high",
        fix="safe: write axis=-1",
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN301", expected, IMPORTS)
    assert expected.fix.endswith(finding.help)


@pytest.mark.tensorflow
def test_a_layer_on_the_wrong_axis_has_a_scale_per_column() -> None:
    """The figure in the documentation: 8 gammas for 4 channels, and no exception."""
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    x = np.random.RandomState(0).normal(1, 2, (16, 4, 8, 8)).astype("float32")
    wrong, right = keras.layers.BatchNormalization(), keras.layers.BatchNormalization(axis=1)
    a, b = np.asarray(wrong(x, training=True)), np.asarray(right(x, training=True))
    assert (wrong.gamma.shape, right.gamma.shape) == ((8,), (4,))
    assert 0.01 < np.abs(a - b).max() / np.abs(b).max() < 0.3
