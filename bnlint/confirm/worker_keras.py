"""What ``worker.py`` needs to know of Keras and TensorFlow. Imports nothing of bnlint.

Serves Keras 3, tf_keras, the layers of TensorFlow 1, the operations of tf.nn and TF-Slim, all in
one process.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any


def prepare() -> None:
    """Quieten TensorFlow and mend what keeps old packages from being imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow would take all memory of a GPU, on which the other side may run too.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if importlib.util.find_spec("tf_keras") is not None:
        # The layers of TensorFlow 1 live in Keras 2; from TensorFlow 2.16 they must be asked for.
        os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
        try:
            legacy = importlib.import_module("tf_keras.src.legacy_tf_layers")
            sys.modules.setdefault("tf_keras.legacy_tf_layers", legacy)
        except ImportError:
            pass
    try:
        tensorflow = importlib.import_module("tensorflow")
        ops: Any = importlib.import_module("tensorflow.python.framework.ops")
    except ImportError:
        return
    if not hasattr(ops, "Tensor"):
        ops.Tensor = tensorflow.Tensor  # where TF-Slim looks for it


def devices() -> list[str]:
    """Return the devices that the backend sees: of Keras 3 its own, else TensorFlow."""
    backend = _backend()
    if backend == "torch":
        torch = importlib.import_module("torch")
        seen = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
        mps = getattr(torch.backends, "mps", None)
        return seen + (["mps"] if mps is not None and mps.is_available() else [])
    if backend == "jax":
        platforms = {device.platform for device in importlib.import_module("jax").devices()}
        return ["cpu"] + (["cuda"] if "gpu" in platforms else [])
    if importlib.util.find_spec("tensorflow") is None:
        return ["cpu"]
    tensorflow = importlib.import_module("tensorflow")
    return ["cpu"] + (["cuda"] if tensorflow.config.list_physical_devices("GPU") else [])


def use(device: str) -> Any:
    """Compute on ``device`` in full float32, with deterministic kernels; return its driver."""
    global _device, _keras_device
    if device not in devices():
        title = {"torch": "Keras on PyTorch", "jax": "Keras on JAX"}.get(_backend(), "TensorFlow")
        raise ValueError(title + " sees no " + device + " here")
    if _backend() in ("torch", "jax"):
        _keras_device = {"cuda": "gpu"}.get(device, device)
        if _backend() == "jax":  # which wants a number; PyTorch takes "cpu:0" for another device
            _keras_device += ":0"
        return _use_torch() if _backend() == "torch" and device == "cuda" else ""
    if importlib.util.find_spec("tensorflow") is None:
        return ""
    tensorflow = importlib.import_module("tensorflow")
    _device = {"cpu": "/CPU:0", "cuda": "/GPU:0"}[device]
    if device != "cuda":
        return ""  # said, since TensorFlow takes a GPU by itself where there is one
    tensorflow.config.experimental.enable_tensor_float_32_execution(False)
    tensorflow.config.experimental.enable_op_determinism()
    tensorflow.random.set_seed(0)  # without one, initialisers that draw are refused now
    about = tensorflow.sysconfig.get_build_info()
    gpu = tensorflow.config.list_physical_devices("GPU")[0]
    name = tensorflow.config.experimental.get_device_details(gpu).get("device_name", "GPU")
    return (
        name
        + ", CUDA "
        + str(about.get("cuda_version"))
        + ", cuDNN "
        + str(about.get("cudnn_version"))
    )


def _use_torch() -> str:
    torch = importlib.import_module("torch")
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    return str(torch.cuda.get_device_name(0)) + ", CUDA " + str(torch.version.cuda)


def _backend() -> str:
    """Return the backend of Keras 3; empty where that has not been imported."""
    keras = sys.modules.get("keras")
    config = getattr(keras, "config", None)
    return str(config.backend()) if hasattr(keras, "device") and config is not None else ""


#: Where to compute; ``None`` leaves it to TensorFlow, and to Keras 3 on another backend.
_device: str | None = None
_keras_device: str | None = None


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or a function once per step; see ``worker.py``."""
    if _keras_device and str(getattr(target, "__module__", "")).startswith("keras."):
        with importlib.import_module("keras").device(_keras_device):
            return _run(target, request)
    if _device:
        with importlib.import_module("tensorflow").device(_device):
            return _run(target, request)
    return _run(target, request)


def _run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    path = request["path"]
    if any(step["mode"] for step in request["steps"]):
        raise ValueError("an argument sets the mode here, not the object")
    if request["kind"] == "functional":
        return _run_operation(target, request)
    if path.startswith(("tensorflow.layers.", "tensorflow.compat.v1.layers.", "tf_slim.")):
        return _run_graph(target, request)
    return _run_layer(target, request)


def _run_layer(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    steps = request["steps"]
    layer = target(**request["arguments"])
    layer.build(tuple(steps[0]["input"].shape))
    for name, value in request["plant"].items():
        getattr(layer, name).assign(value)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in steps:
        outputs.append(_array(layer(step["input"], **step["arguments"])))
        states.append({name: _array(getattr(layer, name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_graph(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Build the graph anew for each step, since its mode is fixed when it is built."""
    tf = importlib.import_module("tensorflow.compat.v1")
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    state = dict(request["plant"])
    for step in request["steps"]:
        # A graph does not take over the device of the eager context around it.
        with tf.Graph().as_default(), tf.device(_device), tf.Session() as session:
            inputs = tf.placeholder(step["input"].dtype, step["input"].shape)
            if request["kind"] == "layer":
                result = target(**request["arguments"])(inputs, **step["arguments"])
            else:
                result = target(inputs, **{**request["arguments"], **step["arguments"]})
            session.run(tf.global_variables_initializer())
            variables = {v.op.name.rpartition("/")[2]: v for v in tf.global_variables()}
            for name, value in state.items():
                variables[name].load(value, session)
            feed = {inputs: step["input"]}
            outputs.append(session.run(result, feed))
            session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS), feed)
            state = session.run(variables)
            states.append({name: state[name] for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _run_operation(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call an operation that returns its output and then the new statistics."""
    arrays = dict(request["plant"])
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        arguments = {**request["arguments"], **step["arguments"], **arrays}
        arguments[request["input"]] = step["input"]
        results = target(**arguments)
        if not isinstance(results, (tuple, list)):
            results = (results,)
        outputs.append(_array(results[0]))
        for i, name in enumerate(request["observe"]):
            arrays[name] = _array(results[1 + i])
        states.append({name: arrays[name] for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def _array(tensor: Any) -> Any:
    if hasattr(tensor, "detach"):  # the torch backend of Keras 3
        return tensor.detach().cpu().numpy()
    if hasattr(tensor, "value") and not hasattr(tensor, "numpy"):
        tensor = tensor.value
    return tensor.numpy() if hasattr(tensor, "numpy") else tensor.__array__()
