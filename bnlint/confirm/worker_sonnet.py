"""What ``worker.py`` needs to know of Sonnet 2. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
from typing import Any

np = importlib.import_module("numpy")


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a module once per step; see ``worker.py``."""
    tensorflow = importlib.import_module("tensorflow")
    layer = target(**request["arguments"])
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    # It makes its variables when it is called; inference leaves them as they are.
    first = tensorflow.constant(request["steps"][0]["input"])
    try:
        layer(first, is_training=False)
    except TypeError:  # it has no running statistics
        layer(first)
    for name, value in request["plant"].items():
        held = state(layer, name)
        held.assign(np.reshape(value, held.shape))
    for step in request["steps"]:
        outputs.append(layer(tensorflow.constant(step["input"]), **step["arguments"]).numpy())
        states.append(
            {name: state(layer, name).numpy().ravel().copy() for name in request["observe"]}
        )
    return {"outputs": outputs, "states": states}


def state(layer: Any, name: str) -> Any:
    """Return a variable of a module, or of a part of it: ``moving_mean/average``."""
    for part in name.split("/"):
        layer = getattr(layer, part)
    return layer
