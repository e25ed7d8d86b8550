"""Which calls make the operation that trains a graph of TensorFlow 1."""

from __future__ import annotations

import pytest
from reading import module_of

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.graph_steps import step_makers, training_steps
from bnlint.semantics.project.project import Project

HEAD = "import tensorflow.compat.v1 as tf\nimport torch\n"


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("step = tf.train.AdamOptimizer(1e-3).minimize(loss)", [3]),
        ("opt = tf.train.AdamOptimizer(1e-3)\nstep = opt.minimize(loss)", [4]),
        ("opt = tf.train.AdamOptimizer(1e-3)\nstep = opt.apply_gradients(grads)", [4]),
        ("opt = tf.train.AdamOptimizer(1e-3)\ngrads = opt.compute_gradients(loss)", []),
        ("opt = make(1e-3)\nstep = opt.minimize(loss)", []),
        ("opt = torch.optim.Adam(p)\nstep = opt.minimize(loss)", []),
        ("opt = tf.keras.optimizers.Adam()\nstep = opt.minimize(loss)", []),
        ("step = minimize(loss)", []),
        (
            "opt = tf.train.AdamOptimizer(1e-3) if adam else other()\nstep = opt.minimize(loss)",
            [4],
        ),
        ("def test_step():\n    return tf.train.AdamOptimizer(1e-3).minimize(loss)", []),
        ("def step():\n    return tf.train.AdamOptimizer(1e-3).minimize(loss)", [4]),
        (
            "opt = tf.train.AdamOptimizer(1e-3)\na = opt.minimize(x)\nb = opt.minimize(y)",
            [4, 5],
        ),
    ],
)
def test_calls_that_train_a_graph(code: str, rows: list[int]) -> None:
    tables = catalogue()
    ev = Project(tables.load(tuple(tables.families))).evaluator
    found = training_steps(ev, module_of(f"{HEAD}{code}\n"))
    assert [call.lineno for call in found] == rows


def test_nothing_trains_a_graph_without_tensorflow() -> None:
    assert step_makers(catalogue().load(("torch",))) == []
    assert "minimize" in step_makers(catalogue().load(("tensorflow", "torch")))
