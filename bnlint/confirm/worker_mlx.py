"""What ``worker.py`` needs to know of MLX. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
from typing import Any

mx = importlib.import_module("mlx.core")
np = importlib.import_module("numpy")


def prepare() -> None:
    """Compute on the CPU."""
    mx.set_default_device(mx.cpu)


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or a function once per step; see ``worker.py``."""
    if request["kind"] == "functional":
        return _run_function(target, request)
    layer = target(**request["arguments"])
    for name, value in request["plant"].items():
        setattr(layer, name, mx.array(value))
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            layer.train(step["mode"] == "training")
        outputs.append(np.array(layer(mx.array(step["input"]), **step["arguments"])))
        states.append({name: np.array(getattr(layer, name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    arrays = {name: mx.array(value) for name, value in request["plant"].items()}
    outputs: list[Any] = []
    for step in request["steps"]:
        # Some functions take their array by its place alone.
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        outputs.append(np.array(target(mx.array(step["input"]), **arguments)))
    return {"outputs": outputs, "states": [{} for _ in outputs]}
