"""What ``worker.py`` needs to know of PyTorch. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

torch = importlib.import_module("torch")

_libraries: list[Any] = []


def prepare() -> None:
    """Declare the operators that torchvision asks for when its compiled part cannot be loaded.

    Its Python layers work without that part, for instance beside a CPU build of PyTorch, but
    importing it fails at the first operator that is missing.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return
    try:
        for library in Path(spec.origin).parent.glob("_C*.so"):
            torch.ops.load_library(library)
    except OSError:
        missing = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            missing.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _libraries.append(missing)  # they are withdrawn when it is collected


def signature(path: str, found: object) -> list[list[Any]] | None:
    """Return the parameters of an operator written in C++, which ``inspect`` cannot read."""
    name = path.rpartition(".")[2]
    packet = getattr(torch.ops.aten, name, None)
    if isinstance(found, type) or hasattr(found, "__code__") or packet is None:
        return None
    rows = []
    for argument in packet.default._schema.arguments:
        default = ["literal", argument.default_value] if argument.has_default_value() else None
        rows.append([argument.name, "positional", default])
    return rows


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or a function once per step; see ``worker.py``."""
    if request["kind"] == "functional":
        return _run_function(target, request)
    layer = target(**request["arguments"])
    with torch.no_grad():
        for name, value in request["plant"].items():
            _attribute(layer, name).copy_(torch.from_numpy(value))
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            layer.train(step["mode"] == "training")
        result = layer(torch.from_numpy(step["input"]), **step["arguments"])
        outputs.append(_array(result))
        states.append({name: _array(_attribute(layer, name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    arrays = {name: torch.from_numpy(value.copy()) for name, value in request["plant"].items()}
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        arguments[request["input"]] = torch.from_numpy(step["input"])
        result = target(**arguments)
        outputs.append(_array(result[0] if isinstance(result, tuple) else result))
        states.append({name: _array(arrays[name]) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _attribute(layer: Any, name: str) -> Any:
    for part in name.split("."):
        layer = getattr(layer, part)
    return layer


def _array(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy().copy()
