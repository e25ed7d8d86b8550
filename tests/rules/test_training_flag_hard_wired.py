"""BN203: layers that are told to train whatever the model does."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard

IMPORTS = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers

"""

IN_LAYER = (
    (
        "training=True makes BatchNormalization normalise with the batch and move its statistics "
        "in inference too"
    ),
)
IN_MODEL = ("wherever the model is called without training=",)
PASS_ON = "safe: write training=training, the flag this call is given"
REMOVE = "unsafe: remove training=True: the model then decides"

HAZARD = [
    hazard(
        "the call has a flag and does not pass it on",
        """
        class Block(layers.Layer):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()

            def call(self, x, training=None):
                return self.bn(x, «training=True»)
        """,
        *IN_LAYER,
        kind="error high",
        fix=PASS_ON,
    ),
    hazard(
        "the flag of the call is keyword-only",
        """
        class Block(layers.Layer):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()

            def call(self, x, *, training):
                return self.bn(x, «training=True»)
        """,
        *IN_LAYER,
        kind="error high",
        fix=PASS_ON,
    ),
    hazard(
        "the call has no flag",
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()

            def call(self, x):
                return self.bn(x, «training=True»)
        """,
        *IN_LAYER,
        kind="error high",
        fix=REMOVE,
    ),
    hazard(
        "a constant that is True",
        """
        BATCH_STATISTICS = True

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()

            def call(self, x):
                return self.bn(x, «training=BATCH_STATISTICS»)
        """,
        "training=BATCH_STATISTICS makes BatchNormalization normalise with the batch",
        kind="error high",
        fix="unsafe: remove training=BATCH_STATISTICS: the model then decides",
    ),
    hazard(
        "a functional model in a function",
        """
        def build():
            inputs = keras.Input((8,))
            x = layers.Dense(4)(inputs)
            x = layers.BatchNormalization()(x, «training=True»)
            return keras.Model(inputs, x)
        """,
        *IN_MODEL,
        kind="error medium",
        fix=REMOVE,
    ),
    hazard(
        "a functional model in a script",
        """
        inputs = keras.Input((8,))
        x = layers.BatchNormalization()(inputs, «training=True»)
        model = keras.Model(inputs, x)
        model.predict(data)
        """,
        *IN_MODEL,
        kind="error medium",
        fix=REMOVE,
    ),
    hazard(
        "a layer held by a variable",
        """
        def build():
            norm = layers.BatchNormalization(epsilon=1e-5)
            inputs = keras.Input((8,))
            return keras.Model(inputs, norm(inputs, «training=True»))
        """,
        *IN_MODEL,
        kind="error medium",
        fix=REMOVE,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN203", expected, IMPORTS)
    assert expected.fix.endswith(finding.help)


BLOCK = """
class Block(layers.Layer):
    def __init__(self, flag=True):
        super().__init__()
        self.flag = flag
        self.bn = layers.BatchNormalization()
        self.drop = layers.Dropout(0.5)

"""

CALL = [
    clean(
        "the flag is passed on",
        "def call(self, x, training=None):\n    return self.bn(x, training=training)",
    ),
    clean("the call context decides", "def call(self, x):\n    return self.bn(x)"),
    clean(
        "passed on by position",
        "def call(self, x, training=None):\n    return self.bn(x, training)",
    ),
    clean("inference on purpose", "def call(self, x):\n    return self.bn(x, training=False)"),
    clean(
        "a flag from the constructor",
        "def call(self, x):\n    return self.bn(x, training=self.flag)",
    ),
    clean(
        "a default of the call, which a caller overrides",
        "def call(self, x, training=True):\n    return self.bn(x, training=training)",
    ),
    clean(
        "inside `if training:`",
        """
        def call(self, x, training=None):
            if training:
                return self.bn(x, training=True)
            return self.bn(x)
    """,
    ),
    clean(
        "in the other branch of `if not training:`",
        """
        def call(self, x, training=None):
            if not training:
                return x
            else:
                return self.bn(x, training=True)
    """,
    ),
    clean(
        "both flags, by a conditional expression",
        """
        def call(self, x, training=None):
            return self.bn(x, training=True) if training else self.bn(x, training=False)
    """,
    ),
    clean(
        "both flags, by a test with another name",
        """
        def call(self, x, fit=None):
            if fit:
                return self.bn(x, training=True)
            return self.bn(x, training=False)
    """,
    ),
    clean(
        "both flags, in in_train_phase()",
        """
        def call(self, x):
            return K.in_train_phase(self.bn(x, training=True), self.bn(x, training=False))
    """,
    ),
    clean(
        "both flags, in lambdas of tf.cond()",
        """
        def call(self, x, flag=None):
            return tf.cond(
                flag, lambda: self.bn(x, training=True), lambda: self.bn(x, training=False)
            )
    """,
    ),
    clean(
        "the learning phase is asked",
        """
        def call(self, x):
            if K.learning_phase():
                return self.bn(x, training=True)
            return x
    """,
    ),
    clean(
        "another layer: dropout in inference is Monte Carlo",
        "def call(self, x):\n    return self.drop(x, training=True)",
    ),
    clean(
        "the layer's own train_step",
        "def train_step(self, x):\n    return self.bn(x, training=True)",
    ),
    clean(
        "a method that is named for training",
        "def train_on(self, x):\n    return self.bn(x, training=True)",
    ),
]

ELSEWHERE = [
    clean(
        "a generator that samples in training mode",
        """
        def build_generator():
            inputs = keras.Input((8,))
            x = layers.BatchNormalization()(inputs, training=True)
            return keras.Model(inputs, x)
    """,
    ),
    clean(
        "pix2pix normalises with the one image it translates",
        """
        def define_pix2pix():
            inputs = keras.Input((8,))
            return keras.Model(inputs, layers.BatchNormalization()(inputs, training=True))
    """,
    ),
    clean(
        "the class is named for sampling",
        """
        class Sampler(layers.Layer):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()
            def call(self, x):
                return self.bn(x, training=True)
    """,
    ),
    clean(
        "adaptive batch normalisation",
        """
        class AdaBN(layers.Layer):
            def __init__(self):
                super().__init__()
                self.bn = layers.BatchNormalization()
            def call(self, x):
                return self.bn(x, training=True)
    """,
    ),
    clean(
        "a whole model called in training mode",
        """
        model = keras.Sequential([layers.BatchNormalization()])
        y = model(x, training=True)
    """,
    ),
    clean(
        "a measurement of one layer, no model around it",
        """
        bn = layers.BatchNormalization()
        y = bn(x, training=True)
    """,
    ),
    clean(
        "a helper whose model is built elsewhere",
        """
        def block(x):
            return layers.BatchNormalization()(x, training=True)
    """,
    ),
    clean(
        "a layer of TensorFlow 1, in a graph for training",
        """
        def network(x):
            return tf.compat.v1.layers.batch_normalization(x, training=True)
    """,
    ),
    clean(
        "a user class that is merely called BatchNormalization",
        """
        class BatchNormalization(layers.Layer):
            def call(self, x, training=None):
                return x

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.bn = BatchNormalization()
            def call(self, x):
                return self.bn(x, training=True)
    """,
    ),
    clean(
        "a layer that is given as a parameter",
        """
        class Net(keras.Model):
            def __init__(self, norm):
                super().__init__()
                self.bn = norm
            def call(self, x):
                return self.bn(x, training=True)
        layers.BatchNormalization()
    """,
    ),
]


@pytest.mark.parametrize("code", CALL)
def test_clean_in_a_layer(code: str) -> None:
    import textwrap

    method = textwrap.indent(textwrap.dedent(code).strip("\n"), "    ")
    check_clean("BN203", IMPORTS.lstrip("\n") + BLOCK.lstrip("\n") + method + "\n")


@pytest.mark.parametrize("code", ELSEWHERE)
def test_clean_elsewhere(code: str) -> None:
    check_clean("BN203", code, IMPORTS)


def _keras() -> object:
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


@pytest.mark.tensorflow
def test_hard_wired_flag_makes_predictions_depend_on_the_batch() -> None:
    """The figure in the documentation: one sample, predicted in two batches of N(3, 4)."""
    import numpy as np

    keras = _keras()

    class Net(keras.Model):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()  # type: ignore[attr-defined]

        def call(self, x: object) -> object:
            return self.bn(x, training=True)

    x = np.random.RandomState(0).normal(3, 2, (16, 4)).astype("float32")
    model = Net()
    one = model.predict(x[:8], verbose=0)[0]
    other = model.predict(np.concatenate([x[:1], x[9:]]), verbose=0)[0]
    assert np.abs(one - other).max() == pytest.approx(1.2, abs=0.05)


@pytest.mark.tensorflow
def test_what_a_functional_model_does_with_a_hard_wired_flag() -> None:
    """Keras 3: predict() infers, a plain call trains, which is what the message says."""
    import numpy as np

    keras = _keras()
    if not keras.__version__.startswith("3"):  # type: ignore[attr-defined]
        pytest.skip("this is about Keras 3")
    x = np.random.RandomState(0).normal(3, 2, (16, 4)).astype("float32")
    inputs = keras.Input((4,))  # type: ignore[attr-defined]
    outputs = keras.layers.BatchNormalization()(inputs, training=True)  # type: ignore[attr-defined]
    model = keras.Model(inputs, outputs)  # type: ignore[attr-defined]
    assert abs(model.predict(x, verbose=0).mean() - x.mean()) < 0.1
    assert abs(np.asarray(model(x)).mean()) < 1e-6
