"""What fixes write of and for the layers of TensorFlow 1 and TF-Slim, run as they stand."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured import (
    Statistics,
    adapted,
    apart,
    codes,
    exact_output,
    exact_statistics,
    fixed,
    inference,
    planted,
    prove,
    relative,
    run,
)

HERE = Path(__file__).parent
STEPS = [1, 50]

TORCH = "import torch.nn as nn\nbn = nn.BatchNorm2d(4)\n"
KERAS = "from keras import layers\nbn = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)\n"

LAYERS = """import tensorflow as tf

def normalise(x, training):
    return tf.compat.v1.layers.batch_normalization(x, training=training)
"""
SLIM = """import tf_slim as slim

def normalise(x, training):
    return slim.batch_norm(x, is_training=training)
"""

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]
needs_slim = pytest.mark.skipif(
    importlib.util.find_spec("tf_slim") is None, reason="tf_slim is not installed"
)


def measured(folder: Path, *texts: str) -> list[dict[str, Any]]:
    """Return what graphs give: ``output`` in inference, ``statistics`` by number of steps."""
    request, result = folder / "request.json", folder / "result.npz"
    request.write_text(json.dumps({"texts": texts, "steps": STEPS}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-B", str(HERE / "graph_layers.py"), str(request), str(result)],
        cwd=folder,
        # The figures are those of CPUs.
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent.parent)]),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    arrays = np.load(result)
    return [
        {
            "output": arrays[f"{i} output"],
            "gamma": bool(arrays[f"{i} has gamma"]),
            "statistics": {
                n: Statistics(arrays[f"{i} mean {n}"], arrays[f"{i} variance {n}"]) for n in STEPS
            },
        }
        for i in range(len(texts))
    ]


def statistics(side: dict[str, Any], decay: float, steps: int) -> tuple[Statistics, float]:
    """Return the running statistics of a graph, and their floor.

    TensorFlow works out 1 - decay in float32, which costs 1e-5 where decay is 0.999.
    """
    found = side["statistics"][steps]
    return found, apart(found, exact_statistics(decay, steps))


def output(side: dict[str, Any], eps: float) -> tuple[Any, float]:
    """Return the output of a graph in inference, and its floor."""
    state = planted()
    if not side["gamma"]:
        state = state._replace(gamma=np.ones(4))
    return side["output"], relative(side["output"], exact_output(state, eps))


def test_tensorflow_port_of_torch(tmp_path: Path) -> None:
    """eps is written as TensorFlow calls it, and is then PyTorch's; momentum is left alone."""
    result = fixed(LAYERS, "torch")
    assert codes(result) == ["BN103"]
    old, new = measured(tmp_path, LAYERS, (result.after or b"").decode())
    reference = adapted(run(TORCH)["bn"])
    prove(output(old, 1e-3), output(new, 1e-5), inference(reference))


@pytest.mark.parametrize(
    ("from_family", "graph"),
    [
        pytest.param("tensorflow", LAYERS, id="tf.layers"),
        pytest.param("slim", SLIM, id="slim", marks=needs_slim),
    ],
)
def test_torch_port(from_family: str, graph: str, tmp_path: Path) -> None:
    """A layer at PyTorch's defaults takes the graph's, but for the gamma that slim has not."""
    result = fixed(TORCH, from_family)
    assert codes(result) == ["BN103"]
    (reference,) = measured(tmp_path, graph)
    old, new = (adapted(run(text)["bn"]) for text in (TORCH, result.after or b""))
    sides = inference(old), inference(new)
    if not reference["gamma"]:
        gamma, beta = (v.reshape(1, -1, 1, 1) for v in (planted().gamma, planted().beta))
        sides = tuple(((y - beta) / gamma + beta, floor) for y, floor in sides)
    prove(*sides, output(reference, 1e-3))


@needs_slim
def test_keras_port_without_gamma(tmp_path: Path) -> None:
    """scale=False makes a Keras layer what slim's is, with weights as after training."""
    result = fixed(KERAS, "slim")
    assert codes(result) == ["BN104"]
    (reference,) = measured(tmp_path, SLIM)
    old, new = (inference(adapted(run(text)["bn"])) for text in (KERAS, result.after or b""))
    assert not reference["gamma"]
    prove(old, new, output(reference, 1e-3))
