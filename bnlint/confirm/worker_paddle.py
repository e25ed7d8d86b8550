"""What ``worker.py`` needs to know of PaddlePaddle. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import os
from typing import Any

# paddle.static.nn.batch_norm raises under the way in which Paddle 3 builds programs by default.
os.environ.setdefault("FLAGS_enable_pir_api", "0")

paddle = importlib.import_module("paddle")

_device: str = "cpu"

#: What the operator in a program calls the variables that hold the state.
_VARIABLES = {
    "scale": "Scale",
    "bias": "Bias",
    "moving_mean": "Mean",
    "moving_variance": "Variance",
}


def prepare() -> None:
    """Compute on the CPU until told otherwise."""
    paddle.set_device("cpu")


def devices() -> list[str]:
    """Return the devices that Paddle sees."""
    return ["cpu"] + (["cuda"] if paddle.device.cuda.device_count() else [])


def use(device: str) -> Any:
    """Compute on ``device`` in full float32, with deterministic kernels; return its driver."""
    global _device
    if device not in devices():
        raise ValueError("PaddlePaddle sees no " + device + " here")
    _device = device
    if device != "cuda":
        paddle.set_device("cpu")
        return ""
    paddle.set_flags({"FLAGS_cudnn_deterministic": True, "FLAGS_allow_tf32_cublas": False})
    paddle.set_device("gpu")
    name = paddle.device.cuda.get_device_name()
    return name + ", CUDA " + paddle.version.cuda() + ", cuDNN " + paddle.version.cudnn()


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or a function once per step; see ``worker.py``."""
    if request["kind"] == "functional":
        return _run_function(target, request)
    if request["kind"] == "function":
        paddle.enable_static()
        try:
            return _run_program(target, request)
        finally:
            paddle.disable_static()
    layer = target(**request["arguments"])
    for name, value in request["plant"].items():
        getattr(layer, name).set_value(value)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            getattr(layer, "train" if step["mode"] == "training" else "eval")()
        outputs.append(layer(paddle.to_tensor(step["input"]), **step["arguments"]).numpy())
        states.append({name: getattr(layer, name).numpy().copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_function(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    arrays = {name: paddle.to_tensor(value) for name, value in request["plant"].items()}
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        arguments[request["input"]] = paddle.to_tensor(step["input"])
        outputs.append(target(**arguments).numpy())
        states.append({name: arrays[name].numpy().copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_program(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Build the program anew for each step, since its mode is fixed when it is built."""
    static = paddle.static
    place = paddle.CUDAPlace(0) if _device == "cuda" else paddle.CPUPlace()
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    state = dict(request["plant"])
    for step in request["steps"]:
        program, startup = static.Program(), static.Program()
        x = step["input"]
        with static.scope_guard(static.Scope()), static.program_guard(program, startup):
            given = static.data("x", list(x.shape), str(x.dtype))
            result = target(given, **{**request["arguments"], **step["arguments"]})
            executor = static.Executor(place)
            executor.run(startup)
            held = static.global_scope()
            (operator,) = [op for op in program.global_block().ops if op.type == "batch_norm"]
            variables = {
                name: held.find_var(operator.input(slot)[0]).get_tensor()
                for name, slot in _VARIABLES.items()
                if operator.input(slot)
            }
            for name, value in state.items():
                variables[name].set(value, place)
            (output,) = executor.run(program, feed={"x": x}, fetch_list=[result])
            outputs.append(output)
            for name, tensor in variables.items():
                state[name] = tensor.__array__().copy()
            states.append({name: state[name] for name in request["observe"]})
    return {"outputs": outputs, "states": states}
