"""What ``worker.py`` needs to know of Sonnet 2. Imports nothing of bnlint."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

np = importlib.import_module("numpy")


def prepare() -> None:
    """Nothing needs mending."""


_KINDS: dict[Any, str] = {
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "extra",
}


def signature(path: str, found: Any) -> list[list[Any]] | None:  # noqa: ARG001  # each worker is asked alike
    """Return the parameters of a module, which ``inspect`` reads as ``*args, **kwargs``."""
    if not isinstance(found, type):
        return None
    rows: list[list[Any]] = []
    for parameter in list(inspect.signature(found.__init__).parameters.values())[1:]:  # type: ignore[misc]
        default = None
        if parameter.default is not inspect.Parameter.empty:
            default = ["literal", parameter.default]
        rows.append([parameter.name, _KINDS.get(parameter.kind, "positional"), default])
    return rows


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a module once per step; see ``worker.py``."""
    tensorflow = importlib.import_module("tensorflow")
    layer = target(**request["arguments"])
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    # It makes its variables when it is called; inference leaves them as they are.
    layer(tensorflow.constant(request["steps"][0]["input"]), is_training=False)
    for name, value in request["plant"].items():
        held = state(layer, name)
        held.assign(np.reshape(value, held.shape))
    for step in request["steps"]:
        outputs.append(layer(tensorflow.constant(step["input"]), **step["arguments"]).numpy())
        states.append(
            {name: state(layer, name).numpy().ravel().copy() for name in request["observe"]}
        )
    return {"outputs": outputs, "states": states}


def state(layer: Any, name: str) -> Any:
    """Return a variable of a module, or of a part of it: ``moving_mean/average``."""
    for part in name.split("/"):
        layer = getattr(layer, part)
    return layer
