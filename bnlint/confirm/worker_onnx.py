"""What ``worker.py`` needs to know of ONNX. Imports nothing of bnlint.

Operators are run by the reference evaluator of ONNX, which computes what the standard says.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

onnx = importlib.import_module("onnx")
np = importlib.import_module("numpy")


def prepare() -> None:
    """Nothing needs mending."""


def signature(path: str, found: Any) -> list[list[Any]]:  # noqa: ARG001  # each worker is asked alike
    """Return inputs and attributes of an operator; float32 defaults have six digits."""
    schema = schema_of(path)
    rows: list[list[Any]] = [[item.name, "positional", None] for item in schema.inputs]
    for name in sorted(schema.attributes):
        value = onnx.helper.get_attribute_value(schema.attributes[name].default_value)
        if isinstance(value, float):
            value = float(f"{value:.6g}")
        rows.append([name, "keyword", ["literal", value]])
    return rows


def schema_of(path: str) -> Any:
    """Return the schema of the operator that a path of ONNX Script names: ``opset15.LRN``."""
    version = re.search(r"opset(\d+)", path)
    return onnx.defs.get_schema(path.rpartition(".")[2], int(version.group(1)) if version else 15)


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  # each worker is asked alike
    """Run a node once per step; see ``worker.py``. The statistics it gives are fed to the next."""
    reference = importlib.import_module("onnx.reference")
    schema = schema_of(request["path"])
    names = [item.name for item in schema.inputs]
    held = {name: np.array(value) for name, value in request["plant"].items()}
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        attributes = {**request["arguments"], **step["arguments"]}
        attributes = {name: attribute(value) for name, value in attributes.items()}
        given = [outcome.name for outcome in schema.outputs]
        given = given if attributes.get("training_mode") else given[:1]
        node = onnx.helper.make_node(schema.name, names, given, **attributes)
        feeds = {**held, request["input"]: step["input"]}
        result = reference.ReferenceEvaluator(node).run(None, feeds)
        outputs.append(np.array(result[0]))
        for name, value in zip(request["observe"], result[1:], strict=False):
            held[name] = np.array(value)
        states.append({name: held[name].copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def attribute(value: Any) -> Any:
    """Return an attribute as ONNX has it, which knows no truth values."""
    return int(value) if isinstance(value, bool) else value
