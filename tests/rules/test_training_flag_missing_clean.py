"""BN204, clean: the step trains its model as it should, or is no training step."""

from __future__ import annotations

import pytest
from one_rule import check_clean, clean
from test_training_flag_missing import IMPORTS, NET, PLAIN_STEP, SEQUENTIAL


def _step(call: str) -> str:
    return SEQUENTIAL + PLAIN_STEP.replace("model(x)", call)


CLEAN = [
    clean("the flag is given", _step("model(x, training=True)")),
    clean("the flag is passed on", _step("model(x, training=flag)")),
    clean("inference on purpose", _step("model(x, training=False)")),
    clean(
        "the flag by position",
        NET + "model = Net()\n" + PLAIN_STEP.replace("model(x)", "model(x, True)"),
    ),
    clean(
        "call() with the flag",
        NET + "model = Net()\n" + PLAIN_STEP.replace("model(x)", "model.call(x, training=True)"),
    ),
    clean("arguments not in view", _step("model(*inputs)")),
    clean(
        "no batch normalisation in the model",
        "model = keras.Sequential([layers.Dense(8)])\nbn = layers.BatchNormalization()\n"
        + PLAIN_STEP,
    ),
    clean(
        "a loaded model may have none",
        "model = keras.models.load_model('m')\nlayers.BatchNormalization()\n" + PLAIN_STEP,
    ),
    clean(
        "the model's call trains unless told otherwise",
        NET.replace("training=False", "training=True") + "model = Net()\n" + PLAIN_STEP,
    ),
    clean(
        "the model's layers are told to train",
        NET.replace("training=training", "training=True") + "model = Net()\n" + PLAIN_STEP,
    ),
    clean(
        "the learning phase is set",
        "keras.backend.set_learning_phase(1)\n" + SEQUENTIAL + PLAIN_STEP,
    ),
    clean(
        "gradients are taken and not applied",
        SEQUENTIAL
        + """
def gradients(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    return tape.gradient(loss, model.trainable_variables)
""",
    ),
    clean(
        "saliency: gradients of the input",
        SEQUENTIAL
        + """
def saliency(x, y):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = loss_fn(y, model(x))
    return tape.gradient(loss, x)
""",
    ),
    clean(
        "an adversarial example, optimised step by step",
        SEQUENTIAL
        + """
def attack(image, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(image))
    gradient = tape.gradient(loss, image)
    optimizer.apply_gradients([(gradient, image)])
""",
    ),
    clean(
        "Grad-CAM: gradients of activations",
        SEQUENTIAL
        + """
def grad_cam(x):
    with tf.GradientTape() as tape:
        activations, scores = model(x)
        loss = scores[:, 0]
    return tape.gradient(loss, activations)
""",
    ),
    clean(
        "a critic's gradient penalty",
        SEQUENTIAL
        + """
def penalty(real, fake):
    with tf.GradientTape() as tape:
        tape.watch(real)
        score = model(real)
    return tf.norm(tape.gradient(score, [real])[0])
""",
    ),
    clean(
        "a target network is not the one that is trained",
        SEQUENTIAL
        + """
target = keras.models.clone_model(model)
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(target(y), model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "a target by the same model, gradients stopped",
        SEQUENTIAL
        + """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(tf.stop_gradient(model(y)), predict(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "a target by the same model, recording stopped",
        SEQUENTIAL
        + """
def step(x, y):
    with tf.GradientTape() as tape:
        with tape.stop_recording():
            target = model(y)
        loss = loss_fn(target, predict(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "a target by the same model, recording stopped beside something else",
        SEQUENTIAL
        + """
def step(x, y):
    with tf.GradientTape() as tape:
        with tf.name_scope("target"), tape.stop_recording():
            target = model(y)
        loss = loss_fn(target, predict(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "the step calls the model with the flag too",
        SEQUENTIAL
        + """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(model(y), model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "only called outside of the tape",
        SEQUENTIAL
        + """
def step(x, y):
    before = model(x)
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "a nested layer gets the flag from the call context",
        NET.replace("x, training=False", "x").replace(", training=training", "")
        + "model = Net()\n"
        + PLAIN_STEP.replace("model(x)", "model(x, training=True)"),
    ),
    clean(
        "the helper that is given the model passes the flag",
        NET
        + """
def compute_loss(net, x, y, training):
    return loss_fn(y, net(x, training=training))

model = Net()
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = compute_loss(model, x, y, True)
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
    ),
    clean(
        "the discriminator, known by the function that builds it, has none",
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
        with tf.GradientTape() as tape:
            loss = loss_fn(x, self.discriminator(self.generator(x, training=True)))
        gradients = tape.gradient(loss, self.discriminator.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.discriminator.trainable_weights))
""",
    ),
    clean(
        "the model is a parameter, and the file makes one without batch normalisation too",
        NET
        + """
class Small(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

def train_step(model, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
    ),
    clean(
        "the model is a parameter, and the file has layers only",
        """
class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.bn = layers.BatchNormalization()

def train_step(model, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
    ),
    clean(
        "batch normalisation of another framework only",
        """
import torch
bn = torch.nn.BatchNorm2d(3)

def train_step(model, x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
""",
    ),
    clean("fit() trains", SEQUENTIAL + "model.compile('sgd', 'mse')\nmodel.fit(x, y)\n"),
    clean(
        "test_step() calls the model without the flag",
        NET
        + """
    def test_step(self, data):
        x, y = data
        return {"loss": self.compute_loss(y=y, y_pred=self(x))}
""",
    ),
    clean(
        "a tape of something else",
        SEQUENTIAL
        + """
from lib import GradientTape

def step(x, y):
    with GradientTape() as tape:
        loss = loss_fn(y, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
""",
    ),
    clean(
        "a tape whose gradients nobody asks for",
        SEQUENTIAL
        + """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    optimizer.apply_gradients(stored)
""",
    ),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN204", code, IMPORTS)
