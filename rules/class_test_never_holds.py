"""A test for batch normalisation layers, of something that is never a layer.

What it does
------------
Reports ``isinstance(x, nn.BatchNorm2d)`` where ``x`` runs over weights (``parameters()``), over
pairs of a name and a layer (``named_modules()``) that are not taken apart, or over the names in
them.

Code that takes the pair apart, in the loop or after it, is right, and so are classes that define a
method of that name themselves.

Why it matters
--------------
The test never holds, and nothing fails: layers that were to be frozen, set up or switched there
stay as they are.

Example
-------
Hazard:

    import torch.nn as nn

    def freeze(model):
        for module in model.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

Clean:

    import torch.nn as nn

    def freeze(model):
        for _, module in model.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

Fix
---
Takes the pair apart, tests the layer instead of its name, or runs over the layers instead of the
weights.

Fix safety
----------
Unsafe always: what stands behind the test has never run.

Not written where the loop does anything else with what it runs over.

Numbers
-------
After such a loop, none of three batch normalisation layers is in inference mode; after the loop
over ``modules()``, all three are. ``named_modules()`` of PyTorch, ``named_sublayers()`` of Paddle,
``cells_and_names()`` of MindSpore and ``iter_modules()`` of nnx give tuples.

References
----------
Measured with torch 2.13.0, Paddle 3.3.1, MindSpore 2.10.0 and Flax 0.12.8.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import MANUAL, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.class_tests import layer_classes
from bnlint.semantics.layers.repeated import LAYER, NAME, PAIR, Repeated, repeated
from bnlint.semantics.modes.switches import switches
from bnlint.semantics.syntax.module import last_name
from bnlint.trial import STATISTICS

RULE = Rule("BN258", "class-test-never-holds", "error")


def check_file(context: Context) -> Iterator[Finding]:
    """Report tests of a class that no value of the loop can pass."""
    ev, module = context.evaluator, context.module
    for test in module.calls_by_name.get("isinstance", ()):
        if len(test.args) != 2 or not isinstance(test.args[0], ast.Name):
            continue
        loop = repeated(ev, module, test.args[0])
        if loop is None or loop.what == LAYER or loop.is_changed:
            continue
        layer = next(layer_classes(ev, module, test.args[1]), None)
        if layer is None:
            continue
        ran = f"{module.source(loop.over)}{_parentheses(loop, context)}"
        fix = _fix(test, loop, context)
        yield context.report(
            RULE,
            test,
            f"this never holds: of {ran}, it tests {loop.what}, which is no {layer.short_name}",
            help=fix.message,
            fix=fix,
            trial=trial_of_modes(layer.framework, STATISTICS),
        )


# ---------------------------------------------------------------------------------- fix


def _fix(test: ast.Call, loop: Repeated, context: Context) -> Fix:
    module, variable = context.module, test.args[0]
    assert isinstance(variable, ast.Name)
    why = "what stands behind the test has never run"
    if loop.what == NAME:
        assert isinstance(loop.target, ast.Tuple)
        other = loop.target.elts[1]
        if isinstance(other, ast.Name):
            intent = ReplaceValue(module.span(variable), other.id)
            return Fix(UNSAFE, f"test {other.id}, which is the layer", (intent,), why)
        return Fix(MANUAL, "test the second of the pair, which is the layer")
    uses = _uses(variable.id, loop)
    if loop.what == PAIR and not context.frameworks.shares(
        loop.over.attr, "weight_names", loop.framework
    ):
        message = f"take the pair apart: for _, {variable.id} in {module.source(loop.over)}()"
        if any(isinstance(module.parents[use], (ast.Subscript, ast.Assign)) for use in uses):
            return Fix(MANUAL, message, (), "the loop takes the pair apart elsewhere")
        intent = ReplaceValue(module.span(loop.target), f"_, {variable.id}")
        return Fix(UNSAFE, message, (intent,), why)
    walk = context.frameworks.first("walks", loop.framework)
    layers = f"{module.source(loop.over.value)}.{walk}"
    message = f"run over the layers: {layers}{_parentheses(loop, context)}"
    if not isinstance(loop.target, ast.Name) or not all(
        _is_of_layer(use, test, loop, context) for use in uses
    ):
        return Fix(MANUAL, message, (), "the loop may need the weights elsewhere")
    intent = ReplaceValue(module.span(loop.over), layers)
    return Fix(UNSAFE, message, (intent,), why)


def _parentheses(loop: Repeated, context: Context) -> str:
    """Return what calls a method that gives what is run over; of Keras it is an attribute."""
    return "()" if isinstance(context.module.parents[loop.over], ast.Call) else ""


def _uses(name: str, loop: Repeated) -> list[ast.Name]:
    return [
        part
        for part in ast.walk(loop.node)
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)
    ]


def _is_of_layer(use: ast.Name, test: ast.Call, loop: Repeated, context: Context) -> bool:
    """Tell whether ``use`` is the test, or switches the mode of what it takes for a layer."""
    parent = context.module.parents[use]
    if isinstance(parent, ast.Call):
        return parent is test or last_name(parent.func) == "isinstance"
    called = context.module.parents[parent]
    return (
        isinstance(parent, ast.Attribute)
        and parent.attr in switches(loop.framework)
        and isinstance(called, ast.Call)
    )
