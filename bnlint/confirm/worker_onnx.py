"""What ``worker.py`` needs to know of ONNX. Imports nothing of bnlint.

Operators are run by ONNX Runtime where it is installed, else by the reference evaluator of ONNX.
"""

from __future__ import annotations

import importlib
from typing import Any

onnx = importlib.import_module("onnx")
np = importlib.import_module("numpy")


def signature(found: Any) -> list[list[Any]]:
    """Return inputs and attributes of an operator; float32 defaults have six digits."""
    schema = schema_of(found)
    rows: list[list[Any]] = []
    for item in schema.inputs:
        optional = item.option == onnx.defs.OpSchema.FormalParameterOption.Optional
        rows.append([item.name, "positional", ["literal", None] if optional else None])
    for name in sorted(schema.attributes):
        rows.append([name, "keyword", None])
        if not schema.attributes[name].required:
            value = onnx.helper.get_attribute_value(schema.attributes[name].default_value)
            rows[-1][2] = ["literal", float(f"{value:.6g}") if isinstance(value, float) else value]
    return rows


def schema_of(operator: Any) -> Any:
    """Return the schema of a function of ONNX Script, which is a method of the operators' set."""
    return onnx.defs.get_schema(operator.__name__, operator.__self__.version)


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run a node once per step; see ``worker.py``. The statistics it gives are fed to the next."""
    schema, opset = schema_of(target), target.__self__.version
    there = {*request["plant"], request["input"]}
    names = [item.name if item.name in there else "" for item in schema.inputs]
    while names[-1] == "":
        names.pop()
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
        result = evaluated(node, feeds, opset)
        outputs.append(np.array(result[0]))
        for name, value in zip(request["observe"], result[1:], strict=False):
            held[name] = np.array(value)
        states.append({name: held[name].copy() for name in request["observe"]})
    return {"outputs": outputs, "states": states}


def evaluated(node: Any, feeds: dict[str, Any], opset: int) -> Any:
    """Return the outputs of a node for the arrays that it is fed."""
    try:
        runtime = importlib.import_module("onnxruntime")
    except ImportError:
        return importlib.import_module("onnx.reference").ReferenceEvaluator(node).run(None, feeds)
    helper, kind = onnx.helper, onnx.helper.np_dtype_to_tensor_dtype
    inputs = [
        helper.make_tensor_value_info(name, kind(array.dtype), array.shape)
        for name, array in feeds.items()
    ]
    outputs = [
        helper.make_tensor_value_info(name, inputs[0].type.tensor_type.elem_type, None)
        for name in node.output
    ]
    graph = helper.make_graph([node], "node", inputs, outputs)
    operators = [helper.make_opsetid("", opset)]
    # Runtimes lag behind the newest version of the format.
    model = helper.make_model(graph, opset_imports=operators, ir_version=9)
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    on = ["CPUExecutionProvider"]
    return runtime.InferenceSession(model.SerializeToString(), options, providers=on).run(
        None, feeds
    )


def attribute(value: Any) -> Any:
    """Return an attribute as ONNX has it, which knows no truth values."""
    return int(value) if isinstance(value, bool) else value
