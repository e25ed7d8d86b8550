"""What ``worker.py`` needs to know of Chainer. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
from typing import Any

np = importlib.import_module("numpy")


def prepare() -> None:
    """Give NumPy back the names of Python's own types, which Chainer asks it for."""
    for kind in (bool, float, int, object):
        if kind.__name__ not in vars(np):
            setattr(np, kind.__name__, kind)


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a link once per step; see ``worker.py``."""
    chainer = importlib.import_module("chainer")
    if request["kind"] == "functional":
        return run_function(target, request)
    layer = target(**request["arguments"])
    if getattr(layer, "gamma", None) is not None and layer.gamma.array is None:
        with chainer.using_config("train", False):
            layer(request["steps"][0]["input"])
    for name, value in request["plant"].items():
        held = getattr(layer, name)
        if hasattr(held, "array"):
            held.array[...] = value
        else:
            held[...] = value
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    training = True
    for step in request["steps"]:
        if step["mode"]:
            training = step["mode"] == "training"
        with chainer.using_config("train", training):
            result = layer(step["input"], **step["arguments"])
        outputs.append(result.array.copy())
        states.append({name: observed(getattr(layer, name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a function that is given all its arrays, and changes none."""
    outputs = []
    for step in request["steps"]:
        given = {**request["arguments"], **step["arguments"], **request["plant"]}
        given[request["input"]] = step["input"]
        outputs.append(target(**given).array.copy())
    return {"outputs": outputs, "states": [{} for _ in outputs]}


def observed(held: Any) -> Any:
    """Return a copy of an array, or of that of a parameter."""
    return np.array(getattr(held, "array", held))
