"""BN213: models and graphs that evaluate with their training flag on."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard, plain, run

IMPORTS = """
import tensorflow as tf
import tf_slim as slim
from tensorflow import keras
from tensorflow.keras import layers


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(8)
        self.bn = layers.BatchNormalization()

    def call(self, x, training=None):
        return self.bn(self.dense(x), training=training)


def network(x, is_training):
    x = tf.compat.v1.layers.dense(x, 8)
    return tf.compat.v1.layers.batch_normalization(x, training=is_training)


"""

SAYS = ("normalises what it evaluates with its own batches",)
FIX = "unsafe: write training=False"
KIND = "error medium"

HAZARDS = [
    hazard(
        "a step of a test",
        """
        model = Net()

        @tf.function
        def test_step(images, labels):
            predictions = model(images, «training=True»)
            test_loss(loss_object(labels, predictions))
        """,
        "training=True in test_step(): 'model' ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a function in a loop: it is the loop that is repeated",
        """
        model = Net()
        for repetition in range(10):
            def evaluate(x):
                return model(x, «training=True»)
        """,
        "training=True in evaluate(): 'model' ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "test_step of a model",
        """
        class Trained(Net):
            def test_step(self, data):
                x, y = data
                y_pred = self(x, «training=True»)
                return {"loss": self.compute_loss(y=y, y_pred=y_pred)}
        """,
        "training=True in test_step(): 'self' ",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a validation loop inside a training function",
        """
        model = Net()

        def train():
            for x, y in train_dataset:
                with tf.GradientTape() as tape:
                    loss = loss_fn(y, model(x, training=True))
                gradients = tape.gradient(loss, model.trainable_weights)
                optimizer.apply_gradients(zip(gradients, model.trainable_weights))
            for x_batch_val, y_batch_val in val_dataset:
                val_logits = model(x_batch_val, «training=True»)
                metric.update_state(y_batch_val, val_logits)
        """,
        "training=True in a loop over val_dataset",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a model that is given by a caller in view",
        """
        def evaluate(model, dataset):
            for x, y in dataset:
                metric.update_state(y, model(x, «training=True»))

        net = Net()
        evaluate(net, data)
        """,
        "training=True in evaluate()",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a graph of TensorFlow 1",
        """
        def evaluate(path):
            logits = network(images, «is_training=True»)
            saver = tf.compat.v1.train.Saver()
            with tf.compat.v1.Session() as session:
                saver.restore(session, path)
                print(session.run(logits))
        """,
        "is_training=True in evaluate(): 'network' ",
        *SAYS,
        kind=KIND,
        fix="unsafe: write is_training=False",
    ),
    hazard(
        "a function of TensorFlow 1 itself, with a constant",
        """
        TRAIN = True

        def predict(x):
            return tf.compat.v1.layers.batch_normalization(x, «training=TRAIN»)
        """,
        "training=TRAIN in predict()",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "slim",
        """
        def build_inference_graph(x):
            return slim.batch_norm(x, «is_training=True»)
        """,
        "is_training=True in build_inference_graph()",
        *SAYS,
        kind=KIND,
        fix="unsafe: write is_training=False",
    ),
    hazard(
        "a flag given by its position",
        """
        def evaluate(images):
            return tf.argmax(network(images, «True»), 1)
        """,
        "True in evaluate(): 'network' ",
        *SAYS,
        kind=KIND,
        fix="unsafe: write False",
    ),
    hazard(
        "a flag of another name, handed on from block to block",
        """
        def unit(x, phase):
            return tf.compat.v1.layers.batch_normalization(x, training=phase)

        def deep(x, train=True):
            for _ in range(3):
                x = unit(x, phase=train)
            return x

        def predict(images):
            return deep(images, «train=True»)
        """,
        "train=True in predict(): 'deep' ",
        *SAYS,
        kind=KIND,
        fix="unsafe: write train=False",
    ),
    hazard(
        "a flag set for a scope",
        """
        def graph(x, is_train=True):
            with slim.arg_scope([slim.batch_norm], is_training=is_train):
                return slim.batch_norm(slim.conv2d(x, 8, 3))

        def validate(images):
            return graph(images, «is_train=True»)
        """,
        "is_train=True in validate(): 'graph' ",
        *SAYS,
        kind=KIND,
        fix="unsafe: write is_train=False",
    ),
    hazard(
        "a flag of Keras layers in a function",
        """
        def graph(x, is_train):
            return layers.BatchNormalization()(layers.Dense(8)(x), training=is_train)

        def predict(images):
            return graph(images, «is_train=True»)
        """,
        "is_train=True in predict(): 'graph' ",
        *SAYS,
        kind=KIND,
        fix="unsafe: write is_train=False",
    ),
]

SCRIPT = """
logits = network(images, «is_training=True»)
with tf.compat.v1.Session() as session:
    tf.compat.v1.train.Saver().restore(session, "net.ckpt")
    print(session.run(logits))
"""


def test_script_that_is_named_for_evaluation() -> None:
    code = plain(IMPORTS) + plain(SCRIPT)
    start, code = code.index("«"), code.replace("«", "").replace("»", "")
    (finding,) = run("BN213", code, path="tools/eval_net.py")
    assert finding.span.start == start
    assert "is_training=True in eval_net.py: 'network' " in finding.message


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param("train.py", "", "", id="named for training"),
        pytest.param("train_and_eval.py", "", "", id="named for both"),
        pytest.param("network.py", "", "", id="named for nothing"),
        pytest.param("eval_net.py", "restore(session", "save(session", id="restores nothing"),
        pytest.param("eval_net.py", "training=True", "training=False", id="switched"),
        pytest.param("eval_net.py", "print(", "minimize(loss)\n    print(", id="trains too"),
        pytest.param("test_net.py", "", "", id="a file of unit tests"),
    ],
)
def test_other_scripts_are_left_alone(path: str, old: str, new: str) -> None:
    code = (plain(IMPORTS) + plain(SCRIPT)).replace("«", "").replace("»", "")
    assert old in code
    code = code.replace(old, new) if old else code
    assert run("BN213", code, path=path) == []


CLEAN = """
--- it infers
model = Net()
def test_step(x):
    return model(x, training=False)
--- a step of training
model = Net()
def train_step(x):
    return model(x, training=True)
--- training and evaluation in one function
model = Net()
def train_and_evaluate(x):
    return model(x, training=True)
--- a flag that is passed on
model = Net()
def evaluate(x, training=True):
    return model(x, training=training)
--- a flag that is computed
model = Net()
def evaluate(x):
    return model(x, training=args.mode == "train")
--- gradients of inputs: an adversarial test
model = Net()
def test_attack(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    return tape.gradient(loss, x)
--- images generated on purpose in training mode
generator = Net()
def generate_images(test_input):
    return generator(test_input, training=True)
--- a generator in a test
generator = Net()
def test(x):
    return generator(x, training=True)
--- dropout at random
model = Net()
def predict_mc_dropout(x):
    return [model(x, training=True) for _ in range(10)]
--- dropout at random in a step of a test, told by its repetition alone
model = Net()
def test_step(x, y):
    yhats = [model(x, training=True) for _ in range(4)]
    metric.update_state(y, tf.reduce_mean(yhats, axis=0))
--- dropout at random in a loop
def predict(model, x, n):
    found = []
    for i in range(n):
        found.append(model(x, training=True))
    return tf.stack(found)
--- no batch normalisation
model = keras.Sequential([layers.Dense(8), layers.Dropout(0.5)])
def predict(x):
    return model(x, training=True)
--- a model of another package
import other
model = other.build()
scorer = other.score
def evaluate(x):
    return scorer(x, training=True)
--- a model of which nothing is in view: not shown unless low confidence is asked for
def evaluate(model, dataset):
    for x, y in dataset:
        metric.update_state(y, model(x, training=True))
--- a flag that is not the mode
import data
def evaluate():
    return data.load("cifar", training=True)
--- a unit test
def test_trains():
    model = Net()
    y = model(tf.ones((2, 4)), training=True)
    assert y.shape == (2, 8)
--- a unit test that makes no assertion but by name
def test_model():
    model = Net()
    for x, y in test_loader:
        assert model(x, training=True).shape == y.shape
--- a model of another framework that is told the same
import torch

class Torch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = torch.nn.BatchNorm2d(8)

    def forward(self, x, training=False):
        return self.bn(x)

def evaluate(loader):
    model = Torch()
    for x, y in loader:
        model(x, training=True)
--- a unit test of a class
class TestNet(tf.test.TestCase):
    def test_call(self):
        model = Net()
        self.assertEqual(model(tf.ones((2, 4)), training=True).shape, (2, 8))
--- a loop over training data named with test in another place
model = Net()
def run():
    for x, y in train_test_split(data):
        model(x, training=True)
--- a graph for training, in a script that tests too
def build():
    logits = network(images, is_training=True)
    test_logits = network(test_images, is_training=False)
    return logits, test_logits
--- a graph function without normalisation
def plain(x, is_training):
    return tf.compat.v1.layers.dropout(x, training=is_training)

def evaluate():
    return plain(images, is_training=True)
--- a validation loop that differentiates
model = Net()
def search():
    for x_val, y_val in val_dataset:
        with tf.GradientTape() as tape:
            loss = loss_fn(y_val, model(x_val, training=True))
        gradients = tape.gradient(loss, alphas)
--- a flag of dropout beside normalisation that infers
def graph(x, train):
    x = tf.compat.v1.layers.batch_normalization(x)
    return tf.compat.v1.layers.dropout(x, training=train)

def evaluate(images):
    return graph(images, train=True)
--- a flag that is turned round
def graph(x, deploy):
    return tf.compat.v1.layers.batch_normalization(x, training=not deploy)

def evaluate(images):
    return graph(images, deploy=True)
--- a flag that is something else
def graph(x, is_training, softmax=False):
    x = tf.compat.v1.layers.batch_normalization(x, training=is_training)
    return tf.nn.softmax(x) if softmax else x

def evaluate(images):
    return graph(images, False, True)
--- a position that is no flag
def evaluate(images, y):
    return tf.reduce_mean(network(images, False), 0, True)
--- a flag by its position, in training
def train(images):
    return network(images, True)
--- test-time adaptation
model = Net()
def test_time_adapt(x):
    return model(x, training=True)
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN213", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN213", code, IMPORTS)
