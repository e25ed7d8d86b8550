"""BN204: training steps under a tape whose model infers."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_hazard, hazard

IMPORTS = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

loss_fn = keras.losses.MeanSquaredError()
optimizer = keras.optimizers.Adam()

"""

NET = """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)
        self.bn = layers.BatchNormalization()

    def call(self, x, training=False):
        return self.bn(self.dense(x), training=training)

"""

SEQUENTIAL = "model = keras.Sequential([layers.Dense(8), layers.BatchNormalization()])\n"

STEP = """
@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, «model(x)»)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""

PLAIN_STEP = STEP.replace("«", "").replace("»", "")

SAYS = (
    "'model' is trained here and called without training=True: batch normalisation infers",
    "with its initial statistics, which never move",
)
FIX = "unsafe: write model(x, training=True)"

HAZARD = [
    hazard("a Sequential", SEQUENTIAL + STEP, *SAYS, kind="error high", fix=FIX),
    hazard(
        "a Sequential filled by add()",
        "model = keras.Sequential()\nmodel.add(layers.BatchNormalization())\n" + STEP,
        *SAYS,
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "an object of a class", NET + "model = Net()\n" + STEP, *SAYS, kind="error high", fix=FIX
    ),
    hazard(
        "a ready-made model",
        "model = keras.applications.ResNet50(weights=None)\n" + STEP,
        *SAYS,
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "a functional model, whose layers are followed by names",
        """
        def build():
            inputs = keras.Input((8,))
            x = layers.Dense(4)(inputs)
            x = layers.BatchNormalization()(x)
            return keras.Model(inputs, x)

        model = build()

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = loss_fn(y, «model(x)»)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """,
        *SAYS,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "the model is a parameter: the file's only one has batch normalisation",
        NET
        + """
def train_step(model, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, «model(x)»)
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
        *SAYS,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "the weights are in a variable",
        SEQUENTIAL
        + """
for x, y in data:
    with tf.GradientTape() as tape:
        loss = loss_fn(y, «model(x)»)
    weights = model.trainable_variables
    gradients = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(gradients, weights))
""",
        *SAYS,
        kind="error high",
        fix=FIX,
    ),
    hazard(
        "train_step() inside fit()",
        NET
        + """
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=«self(x)»)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}
""",
        "'self' is trained here and called without training=True",
        kind="error high",
        fix="unsafe: write self(x, training=True)",
    ),
    hazard(
        "a part of the model inside train_step()",
        """
        class Autoencoder(keras.Model):
            def __init__(self):
                super().__init__()
                self.encoder = keras.Sequential([layers.Dense(4), layers.BatchNormalization()])

            def train_step(self, data):
                with tf.GradientTape() as tape:
                    loss = loss_fn(data, «self.encoder(data)»)
                gradients = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
                return {}
        """,
        "self.encoder is trained here",
        kind="error high",
        fix="unsafe: write self.encoder(data, training=True)",
    ),
    hazard(
        "the call stands in a helper that is given the model",
        NET
        + """
def compute_loss(net, x, y):
    return loss_fn(y, «net(x)»)

model = Net()

def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = compute_loss(model, x, y)
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
        "'net' is trained here",
        kind="error high",
        fix="unsafe: write net(x, training=True)",
    ),
    hazard(
        "the generator of two models, known by the function that builds it",
        """
        def build_generator():
            return keras.Sequential([layers.Dense(8), layers.BatchNormalization()])

        def build_discriminator():
            return keras.Sequential([layers.Dense(8), layers.Dense(1)])

        class GAN(keras.Model):
            def __init__(self, generator, discriminator):
                super().__init__()
                self.generator = generator
                self.discriminator = discriminator

            def train_step(self, x):
                with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
                    fake = «self.generator(x)»
                    d_loss = loss_fn(x, self.discriminator(fake))
                g = g_tape.gradient(d_loss, self.generator.trainable_weights)
                d = d_tape.gradient(d_loss, self.discriminator.trainable_weights)
                self.g_optimizer.apply_gradients(zip(g, self.generator.trainable_weights))
                self.d_optimizer.apply_gradients(zip(d, self.discriminator.trainable_weights))
        """,
        "self.generator is trained here",
        kind="error medium",
        fix="unsafe: write self.generator(x, training=True)",
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN204", expected, IMPORTS)
    assert expected.fix.endswith(finding.help)


@pytest.mark.tensorflow
@pytest.mark.parametrize("flag", [False, True], ids=["self.part(x)", "self.part(x, training=True)"])
def test_a_part_called_in_train_step_moves_its_statistics_only_if_told_to(flag: bool) -> None:
    """The figure in the documentation: fit() switches nothing that train_step() calls plainly."""
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np
    import tensorflow as tf

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()

        def call(self, x: object) -> object:
            return self.bn(x)

        def train_step(self, data: object) -> dict[str, object]:
            x, y = data  # type: ignore[misc]
            with tf.GradientTape() as tape:
                pred = self.bn(x, training=True) if flag else self.bn(x)
                loss = tf.reduce_mean((pred - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    x = np.random.RandomState(0).normal(3, 2, (16, 4)).astype("float32")
    model = Net()
    model.compile(optimizer="sgd")
    model.fit(x, x, verbose=0)
    moved = float(np.abs(np.asarray(model.bn.moving_mean)).max())
    assert (moved > 0.01) if flag else (moved == 0.0)


@pytest.mark.tensorflow
def test_a_default_of_true_in_call_trains_a_plain_call() -> None:
    """Why such a model is left alone."""
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()

        def call(self, x: object, training: bool = True) -> object:
            return self.bn(x)

    model = Net()
    model(np.full((8, 4), 3.0, "float32"))
    assert float(np.asarray(model.bn.moving_mean).max()) == pytest.approx(0.03)
