"""What ``worker.py`` needs to know of PyTorch. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

torch = importlib.import_module("torch")

_libraries: list[Any] = []

_device: str = "cpu"


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


def devices() -> list[str]:
    """Return the devices that PyTorch sees."""
    seen = ["cpu"]
    if torch.cuda.is_available():
        seen.append("cuda")
    if getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        seen.append("mps")
    return seen


def use(device: str) -> Any:
    """Compute on ``device`` in full float32, with deterministic kernels; return its driver."""
    global _device
    if device not in devices():
        raise ValueError("PyTorch sees no " + device + " here")
    _device = device
    if device != "cuda":
        return ""
    if hasattr(torch.backends.cuda.matmul, "fp32_precision"):  # from PyTorch 2.9 on
        torch.backends.cuda.matmul.fp32_precision = "ieee"
        torch.backends.cudnn.conv.fp32_precision = "ieee"
    else:
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    hip = getattr(torch.version, "hip", None)  # AMD's devices are called cuda too
    toolkit = "ROCm " + str(hip) if hip else "CUDA " + str(torch.version.cuda)
    cudnn = str(torch.backends.cudnn.version())
    return str(torch.cuda.get_device_name(0)) + ", " + toolkit + ", cuDNN " + cudnn


def signature(found: Any) -> list[list[Any]] | None:
    """Return the parameters of an operator written in C++, which ``inspect`` cannot read."""
    if hasattr(found, "__code__"):
        return None
    packet = getattr(torch.ops.aten, found.__name__, None)
    if packet is None:  # a class, or a function of another kind
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
    layer = target(**request["arguments"]).to(_device)
    if hasattr(layer, "initialize_parameters"):  # a lazy layer is empty until it sees its input
        layer.initialize_parameters(torch.from_numpy(request["steps"][0]["input"]))
    with torch.no_grad():
        for name, value in request["plant"].items():
            _attribute(layer, name).copy_(torch.from_numpy(value))
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            layer.train(step["mode"] == "training")
        result = layer(torch.from_numpy(step["input"]).to(_device), **step["arguments"])
        outputs.append(_array(result))
        states.append({name: _array(_attribute(layer, name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    plant = request["plant"].items()
    arrays = {name: torch.from_numpy(value.copy()).to(_device) for name, value in plant}
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        arguments[request["input"]] = torch.from_numpy(step["input"]).to(_device)
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
