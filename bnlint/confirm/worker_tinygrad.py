"""What ``worker.py`` needs to know of tinygrad. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any

# The CPU needs a compiler; without one tinygrad interprets its operators in Python.
if shutil.which("clang") is None:
    os.environ.setdefault("DEV", "PYTHON")

tinygrad = importlib.import_module("tinygrad")


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer once per step; see ``worker.py``."""
    layer = target(**request["arguments"])
    for name, value in request["plant"].items():
        setattr(layer, name, tinygrad.Tensor(value))
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    training = False
    for step in request["steps"]:
        if step["mode"]:
            training = step["mode"] == "training"
        with switched(training):
            result = layer(tinygrad.Tensor(step["input"]), **step["arguments"]).numpy()
            outputs.append(result.copy())
            states.append(
                {name: getattr(layer, name).numpy().copy() for name in request["observe"]}
            )
    return {"outputs": outputs, "states": states}


def switched(training: bool) -> Any:
    """Return what switches all layers: a setting of the process since 0.14, of tensors before."""
    if hasattr(tinygrad.Tensor, "train"):
        return tinygrad.Tensor.train(training)
    return tinygrad.helpers.Context(TRAINING=int(training))
