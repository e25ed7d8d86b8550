"""What ``worker.py`` needs to know of MindSpore. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
from typing import Any

mindspore = importlib.import_module("mindspore")


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or a function once per step; see ``worker.py``."""
    if request["kind"] == "functional":
        return _run_function(target, request)
    layer = target(**request["arguments"])
    for name, value in request["plant"].items():
        _attribute(layer, name).set_data(mindspore.Tensor(value))
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            layer.set_train(step["mode"] == "training")
        result = layer(mindspore.Tensor(step["input"]), **step["arguments"])
        outputs.append(result.asnumpy().copy())
        states.append(
            {name: _attribute(layer, name).asnumpy().copy() for name in request["observe"]}
        )
    return {"outputs": outputs, "states": states}


def _run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    arrays = {
        name: mindspore.Parameter(mindspore.Tensor(value), name=name)
        for name, value in request["plant"].items()
    }
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        arguments[request["input"]] = mindspore.Tensor(step["input"])
        result = target(**arguments)
        outputs.append(result.asnumpy().copy())
        states.append({name: arrays[name].asnumpy().copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _attribute(layer: Any, name: str) -> Any:
    for part in name.split("."):
        layer = getattr(layer, part)
    return layer
