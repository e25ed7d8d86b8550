"""Runs layers of TensorFlow 1 and TF-Slim: ``python graph_layers.py REQUEST.json RESULT.npz``.

They want Keras 2, and so a process of their own. A request has texts that define
``normalise(x, training)``; each is run with the planted state in inference, and from mean 0 and
variance 1 for each number of steps.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from measured import SHAPE, State, batches, planted

from bnlint.confirm.worker_keras import prepare

#: What the variables of such layers are called.
NAMES = State("moving_mean", "moving_variance", "gamma", "beta")


def main(request: str, result: str) -> None:
    """Measure every text of the request and write the arrays."""
    prepare()
    with open(request, encoding="utf-8") as stream:
        wanted = json.load(stream)
    arrays: dict[str, Any] = {}
    for index, text in enumerate(wanted["texts"]):
        names: dict[str, Any] = {}
        exec(compile(text, "program.py", "exec"), names)
        for name, array in measure(names["normalise"], wanted["steps"]):
            arrays[f"{index} {name}"] = array
    np.savez(result, **arrays)


def measure(normalise: Any, steps: list[int]) -> Any:
    """Yield what one layer gives, as pairs of name and array."""
    import tensorflow.compat.v1 as tf

    n, c, h, w = SHAPE
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder("float32", (n, h, w, c))
        training = tf.placeholder("bool", ())
        output = normalise(x, training)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        variables = {v.op.name.rpartition("/")[2]: v for v in tf.global_variables()}
        for name, value in zip(NAMES, planted(), strict=True):
            if name in variables:
                variables[name].load(value, session)
            yield f"has {name}", np.array(name in variables)
        images = [batch.transpose(0, 2, 3, 1) for batch in batches(max(steps))]
        y = session.run(output, {x: images[0], training: False})
        yield "output", y.transpose(0, 3, 1, 2)
        for name, value in zip(NAMES, (0, 1, 1, 0), strict=True):
            if name in variables:
                variables[name].load(np.full(c, value, "float32"), session)
        for step, image in enumerate(images, 1):
            session.run(updates, {x: image, training: True})
            if step in steps:
                yield f"mean {step}", session.run(variables["moving_mean"])
                yield f"variance {step}", session.run(variables["moving_variance"])


if __name__ == "__main__":
    main(*sys.argv[1:])
