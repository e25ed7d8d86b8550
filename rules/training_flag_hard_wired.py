"""A batch normalisation layer that is told to train whatever the model does.

What it does
------------
Reports ``training=True`` (or a constant that is True) in the call of a batch normalisation layer,
inside a layer's ``call`` or in a functional model.

Inside ``if training:``, where the layer is called with ``training=False`` too, in a ``train_step``,
and in generators that sample in training mode on purpose, the flag is right. Passing the flag of
the enclosing ``call`` on is always right.

Why it matters
--------------
``predict``, ``evaluate`` and plain calls then normalise with the batch they are given, and move the
statistics: the output for a sample depends on the samples beside it. In a functional model of Keras
3 the flag that ``predict`` and ``evaluate`` pass wins over the one that is written; calls of the
model that pass none still train. In Keras 2 the one that is written always wins.

Example
-------
Hazard:

    from tensorflow import keras

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.bn = keras.layers.BatchNormalization()

        def call(self, x, training=None):
            return self.bn(x, training=True)

Clean:

    from tensorflow import keras

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.bn = keras.layers.BatchNormalization()

        def call(self, x, training=None):
            return self.bn(x, training=training)

Fix
---
Passes the enclosing ``call``'s own flag on where it has one. Else removes the argument, so that the
model decides.

Fix safety
----------
Safe where the enclosing ``call`` has the flag as a parameter and does not change it: training is
as before, and inference does what it is asked to.

Unsafe where the argument is removed: training mode in inference may be meant.

Numbers
-------
Predicting one sample of N(3, 4) in two different batches of 8 gives outputs that differ by 1.2.

References
----------
Measured with Keras 3.15.1 and tf_keras 2.21.0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.finding import SAFE, UNSAFE, Finding, Fix, Intent, RemoveArgument, ReplaceValue
from bnlint.frameworks.tables import Api
from bnlint.patterns import lazy
from bnlint.rule import Context, Rule
from bnlint.semantics.models import is_forward
from bnlint.semantics.module import last_name
from bnlint.semantics.objects import Instance, Symbol
from bnlint.semantics.traits import names_around
from bnlint.semantics.values import settle
from bnlint.trial import INFERENCE, OUTPUT, TRAINING, Layer, Trial

RULE = Rule("BN203", "training-flag-hard-wired", "error")

_MEANT = lazy(
    r"gener|gan|pix2pix|sample|train|style|mc_?drop|monte|adabn|adapt|meta|calibrat", re.IGNORECASE
)

#: Tests that ask for the mode.
_ASKS = lazy(r"train|phase|mode", re.IGNORECASE)


def check_file(context: Context) -> Iterator[Finding]:
    """Report calls of batch normalisation layers with a training flag that is always True."""
    module = context.module
    flags = {
        api.roles.get("training")
        for api in context.frameworks.apis.values()
        if api.mode_switch == "call-argument"
    }
    for call in module.calls:
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg not in flags:
                continue
            if not (api := _layer(call, keyword.arg, context)):
                continue
            value = settle(context.evaluator.evaluate(module, keyword.value), keyword.value)
            if value.kind != "known" or value.value is not True:
                continue
            if _is_meant(call, keyword.arg, context):
                continue
            yield from _report(call, keyword, api, context)


def _layer(call: ast.Call, keyword: str, context: Context) -> Api | None:
    """Return the API of the layer that is called, if ``keyword`` is its training flag."""
    apis: list[Api] = []
    for candidate in context.evaluator.evaluate(context.module, call.func):
        made = candidate.object
        if not isinstance(made, Instance) or not isinstance(made.cls, Symbol):
            return None
        found = context.frameworks.by_alias.get(made.cls.path, ())
        if not found:
            return None
        apis += found
    if not apis or any(a.kind != "layer" or a.roles.get("training") != keyword for a in apis):
        return None
    return apis[0]


def _is_meant(call: ast.Call, flag: str, context: Context) -> bool:
    """Tell whether training mode is meant here, or chosen by a test."""
    module = context.module
    if any(_MEANT.search(name) for name in names_around(module, call)):
        return True
    for around in module.ancestors(call):
        if isinstance(around, (ast.If, ast.IfExp)):
            if _ASKS.search(ast.unparse(around.test)):
                return True
    # The other branch of K.in_train_phase(...), tf.cond(...) and the like.
    function = module.enclosing_function(call) or module.tree
    while isinstance(function, ast.Lambda):
        function = module.enclosing_function(function) or module.tree
    return any(
        isinstance(other, ast.Call)
        and ast.dump(other.func) == ast.dump(call.func)
        and any(k.arg == flag and _is_false(k.value) for k in other.keywords)
        for other in ast.walk(function)
    )


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _report(call: ast.Call, keyword: ast.keyword, api: Api, context: Context) -> Iterator[Finding]:
    module = context.module
    function = module.enclosing_function(call)
    flag = str(keyword.arg)
    in_layer = function is not None and is_forward(context.evaluator, module, function)
    if not in_layer and not _builds_model(function, context):
        return
    parameters = (
        [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        else []
    )
    intent: Intent
    if in_layer and flag in parameters and not _is_rebound(flag, function):
        advice = f"write {flag}={flag}, the flag this call is given"
        intent = ReplaceValue(module.span(keyword.value), flag)
        fix = Fix(SAFE, advice, (intent,))
    else:
        advice = f"remove {flag}={ast.unparse(keyword.value)}: the model then decides"
        intent = RemoveArgument(module.span(call), flag)
        fix = Fix(UNSAFE, advice, (intent,), "training mode in inference may be meant")
    written = f"{flag}={ast.unparse(keyword.value)}"
    calls = "in inference too" if in_layer else f"wherever the model is called without {flag}="
    yield context.report(
        RULE,
        keyword,
        f"{written} makes {api.short_name} normalise with the batch and move its statistics "
        f"{calls}",
        help=advice,
        confidence=None if in_layer else "medium",
        fix=fix,
        trial=_trial(api),
    )


def _trial(api: Api) -> Trial:
    """Compare what such a call gives in inference with running statistics."""
    fixed = Layer(api.in_tables, (), INFERENCE)
    port = fixed._replace(mode=TRAINING)
    return Trial(OUTPUT, port, fixed, fixed, about="output in inference")


def _is_rebound(name: str, function: ast.AST | None) -> bool:
    """Tell whether ``name`` is stored to or deleted, and so no longer what the call was given."""
    return function is not None and any(
        isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
        for part in ast.walk(function)
    )


def _builds_model(function: ast.AST | None, context: Context) -> bool:
    """Tell whether a functional model is built around the call, to be used for inference too."""
    module = context.module
    where = function if function is not None else module.tree
    models = {path.rpartition(".")[2] for path in context.frameworks.word("functional_models")}
    return any(
        isinstance(part, ast.Call) and last_name(part.func) in models for part in ast.walk(where)
    )
