"""What stops the statistics of layers whose weights are frozen: in words, and as statements."""

from __future__ import annotations

import ast
import re

from bnlint.finding import InsertStatement
from bnlint.semantics.modes.frozen_weights import is_partial
from bnlint.semantics.modes.moving_statistics import Drift, whole_model
from bnlint.semantics.modes.switches import TRAINING, mode_after
from bnlint.semantics.objects.events import METHOD, PART
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.domain import Evaluate


def advice(drift: Drift, module: Module) -> str:
    """Return what to write so that the statistics stand still, in words."""
    modes = drift.framework.modes
    rest, train = (_called(*rows[0]) for rows in (modes.to_inference, modes.to_training))
    if drift.flag:
        return (
            f"where {drift.flag} is set, call {rest} of the batch normalisation layers, and again "
            f"after each {train}"
        )
    if drift.life is None:
        method, name = modes.to_training[0][0], drift.name(module)
        return f"override {method}() so that it calls {name}.{rest} after that of the base class"
    return f"call {rest} of its batch normalisation layers after each {train}"


def _called(method: str, value: bool | None) -> str:
    return f"{method}({'' if value is None else value})"


def stop(drift: Drift, ev: Evaluate, module: Module) -> tuple[str, list[InsertStatement]] | None:
    """Return the model's name and what puts its batch normalisation into inference mode.

    It stands after each switch to training. ``None`` where one of them is not written by name in
    this file, or the model is never switched: it starts there.
    """
    framework = drift.framework
    if drift.life is None or framework.modes.to_inference[0][1] is not None:
        return None
    found: dict[ast.stmt, str] = {}
    for use in drift.life.uses:
        if use.kind != METHOD or mode_after(use, framework) != TRAINING:
            continue
        statement = use.module.statement(use.node)
        assert isinstance(use.node, ast.Call) and isinstance(use.node.func, ast.Attribute)
        model = dotted(use.node.func.value)
        if use.module is not module or not isinstance(statement, ast.Expr) or not model:
            return None
        found[statement] = model
    intents = [
        InsertStatement(module.span(at), _stops(drift, model, ev, at), "after")
        for at, model in found.items()
    ]
    return (next(iter(found.values())), intents) if found else None


def _stops(drift: Drift, model: str, ev: Evaluate, after: ast.stmt) -> str:
    """Return the loop that stops the statistics of ``model``.

    Where some of it is trained, or other models may come the same way, it looks at the weights.
    """
    framework, module = drift.framework, drift.module
    method = framework.modes.to_inference[0][0]
    layer = re.sub(r"\d[dD]$", "", framework.reference.rpartition(".")[2])
    function = module.enclosing_function(after)
    root = model.partition(".")[0]
    is_given = function is not None and any(
        isinstance(part, ast.arg) and part.arg == root for part in ast.walk(function)
    )
    freeze = drift.freeze
    is_part = whole_model(ev, module, freeze.owner) is not freeze.owner or (
        drift.use is not None and drift.use.kind == PART
    )
    walk, weights = (ev.frameworks.first(w, framework) for w in ("walks", "weights_attributes"))
    lines = [f"for layer in {model}.{walk}():", f'    if "{layer}" in type(layer).__name__:']
    row = framework.modes.freezes[0]  # an attribute
    if is_given or is_part or freeze.first or is_partial(ev, module, freeze):
        weights = f"weight.{row.name} for weight in layer.{weights}()"
        lines.append(f"        if {'all' if row.value else 'not any'}({weights}):")
    return "\n".join([*lines, "    " * len(lines) + f"layer.{method}()"])
