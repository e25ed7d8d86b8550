"""What ``worker.py`` needs to know of MXNet. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import re
from typing import Any

np = importlib.import_module("numpy")


def prepare() -> None:
    """Give NumPy back the names of Python's own types, which MXNet asks it for."""
    for kind in (bool, float, int, object):
        if kind.__name__ not in vars(np):
            setattr(np, kind.__name__, kind)


_DEFAULT = re.compile(r"^(\w+) : (\w+)[^\n]*default=(\S+)$", re.MULTILINE)


def signature(found: Any) -> list[list[Any]] | None:
    """Return the parameters of an operator, whose defaults stand in its documentation alone."""
    inspect = importlib.import_module("inspect")
    if isinstance(found, type):
        return None
    told = {name: (kind, text) for name, kind, text in _DEFAULT.findall(found.__doc__ or "")}
    rows: list[list[Any]] = []
    for parameter in inspect.signature(found).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            rows.append([parameter.name, "extra", None])
            continue
        value = literal(*told.get(parameter.name, ("", "None")))
        rows.append([parameter.name, "positional", ["literal", value]])
    return rows


def literal(kind: str, text: str) -> Any:
    """Return the value that a documentation writes: numbers have six digits in truth."""
    text = text.strip("'")
    if text == "None":
        return None
    if kind == "boolean":
        return text in ("1", "True")
    if re.match(r"-?\d+$", text):
        return int(text)
    try:
        return float(f"{float(text):.6g}")
    except ValueError:
        return text


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer or an operator once per step; see ``worker.py``."""
    mx = importlib.import_module("mxnet")
    if request["kind"] == "function":
        return run_symbol(mx, target, request)
    layer: Any = None
    if request["kind"] == "layer":
        layer = target(**request["arguments"])
        layer.initialize()
        layer(mx.nd.array(request["steps"][0]["input"]))  # which tells it the number of channels
        held = {name: getattr(layer, name).data() for name in names_of(layer)}
    else:
        held = {name: mx.nd.array(value) for name, value in request["plant"].items()}
    for name, value in request["plant"].items():
        held[name][:] = mx.nd.array(value)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    training = False
    for step in request["steps"]:
        if step["mode"]:
            training = step["mode"] == "training"
        x = mx.nd.array(step["input"])
        x.attach_grad()
        with mx.autograd.record(train_mode=training):
            if layer is not None:
                result = layer(x, **step["arguments"])
            else:
                given = {**request["arguments"], **step["arguments"], **held}
                given[request["input"]] = x
                result = target(**given)
        if training:
            result.backward()  # only now the running statistics move; some layers spoil them else
        mx.nd.waitall()  # what reads an array does not always wait for what still moves it
        outputs.append(result.asnumpy().copy())
        states.append({name: held[name].asnumpy().copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def names_of(layer: Any) -> list[str]:
    """Return the names that a layer has for its arrays."""
    return [name for name in vars(layer) if hasattr(getattr(layer, name), "data")]


def run_symbol(mx: Any, target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Bind an operator on symbols, which makes its own variables, and run it."""
    steps = request["steps"]
    arguments = {**request["arguments"], **steps[0]["arguments"], "name": "layer"}
    symbol = target(data=mx.sym.Variable("data"), **arguments)
    bound = symbol.simple_bind(mx.cpu(), data=steps[0]["input"].shape)
    arrays = {**bound.arg_dict, **bound.aux_dict}
    held = {name[len("layer_") :]: array for name, array in arrays.items() if name != "data"}
    for name, array in held.items():
        array[:] = 1 if name in ("gamma", "moving_var") else 0
    for name, value in request["plant"].items():
        held[name][:] = mx.nd.array(value)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    training = False
    for step in steps:
        if step["mode"]:
            training = step["mode"] == "training"
        x = mx.nd.array(step["input"])
        (result,) = bound.forward(is_train=training, data=x)
        if training:
            bound.backward(mx.nd.ones(result.shape))
        mx.nd.waitall()  # what reads an array does not always wait for what still moves it
        outputs.append(result.asnumpy().copy())
        states.append({name: held[name].asnumpy().copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}
