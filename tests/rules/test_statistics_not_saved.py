"""BN410: checkpoints without running statistics."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import tensorflow as tf
import torch
import torchvision

"""

HAZARDS = [
    hazard(
        "a dictionary of named parameters",
        """
        model = torchvision.models.resnet18()
        torch.save(«dict(model.named_parameters())», "model.pt")
        """,
        "named_parameters() has what is trained of model, and no running statistics",
        kind="error medium",
        fix="unsafe: save model.state_dict()",
    ),
    hazard(
        "the parameters of a cell, beside a library that has state_dict()",
        """
        import mindspore
        from mindspore import nn

        net = nn.SequentialCell(nn.Dense(8, 8), nn.BatchNorm1d(8))
        mindspore.save_checkpoint(«net.trainable_params()», "net.ckpt")
        """,
        "trainable_params() has what is trained of net",
        kind="error medium",
        fix="",
    ),
    hazard(
        "a comprehension in a variable",
        """
        model = torchvision.models.resnet18()

        def save(path):
            weights = {name: p.detach().cpu() for name, p in model.named_parameters()}
            torch.save(«weights», path)
        """,
        "has what is trained of model",
        kind="error medium",
        fix="",
    ),
    hazard(
        "a saver of trainable variables",
        """
        def net(x, train):
            return tf.layers.batch_normalization(x, training=train)

        def main():
            logits = net(tf.placeholder(tf.float32, [None, 8]), True)
            saver = tf.train.Saver(«tf.trainable_variables()», max_to_keep=3)
            with tf.Session() as session:
                saver.save(session, "model")
        """,
        "trainable_variables() has what is trained, and no running statistics",
        kind="error medium",
        fix="unsafe: save tf.global_variables()",
    ),
]

CLEAN = cases("""
--- the whole state
model = torchvision.models.resnet18()
torch.save(model.state_dict(), "model.pt")
--- buffers beside
model = torchvision.models.resnet18()
state = dict(model.named_parameters())
state.update(model.named_buffers())
torch.save(state, "model.pt")
--- shapes, and no weights
model = torchvision.models.resnet18()
torch.save({name: p.shape for name, p in model.named_parameters()}, "shapes.pt")
--- gradients
model = torchvision.models.resnet18()
torch.save([p.grad for p in model.parameters()], "gradients.pt")
--- some of them, beside the whole state
model = torchvision.models.resnet18()

def save(path):
    torch.save(dict(model.named_parameters()), path)
    torch.save(model.state_dict(), path + ".all")
--- a dump for inspection, beside that of the state
model = torchvision.models.resnet18()

def dump_parameters(path):
    torch.save(dict(model.named_parameters()), path)

def dump_state(path):
    torch.save(model.state_dict(), path)
--- no batch normalisation in it
model = torch.nn.Linear(8, 8)
torch.save(dict(model.named_parameters()), "model.pt")
bn = torch.nn.BatchNorm2d(3)
--- a saver of what is trained and of statistics
def main(logits):
    wanted = tf.trainable_variables()
    wanted += [v for v in tf.global_variables() if "moving_mean" in v.name]
    saver = tf.train.Saver(wanted)
    saver.save(None, "model")
    tf.layers.batch_normalization(logits)
--- another saver has all variables
def main(logits):
    small = tf.train.Saver(tf.trainable_variables())
    saver = tf.train.Saver()
    small.save(None, "small")
    saver.save(None, "model")
    tf.layers.batch_normalization(logits)
--- a saver in a file that makes no batch normalisation
def main(logits):
    saver = tf.train.Saver(tf.trainable_variables())
    saver.save(None, "model")
--- a saver that restores, beside a function called save
def evaluate(x):
    y = tf.layers.batch_normalization(x, training=False)
    saver = tf.train.Saver(tf.trainable_variables())
    saver.restore(session, "w")
    save(y)
--- a saver that restores what was trained elsewhere
def main(logits):
    tf.layers.batch_normalization(logits)
    saver = tf.train.Saver(tf.trainable_variables())
    saver.restore(None, "pretrained")
--- more is added before it is saved
model = torchvision.models.resnet18()

def save(path, extra):
    weights = dict(model.named_parameters())
    weights.update(extra)
    torch.save(weights, path)
--- only the head is saved
model = torchvision.models.resnet18()
torch.save({n: p for n, p in model.named_parameters() if n.startswith("fc")}, "head.pt")
--- the variables of one scope
def policy(x, train):
    return tf.layers.batch_normalization(x, training=train)

def save(session):
    policy(tf.placeholder(tf.float32, [None, 8]), True)
    saver = tf.train.Saver(tf.trainable_variables("critic"))
    saver.save(session, "critic")
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN410", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN410", code, before=IMPORTS)
