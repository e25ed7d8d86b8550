"""A batch normalisation layer that is told to train whatever the model does.

What it does
------------
Reports ``training=True`` (or a constant that is True) in the call of a batch normalisation layer,
inside a layer's ``call`` or in a functional model. In Flax and Equinox the flag says the opposite:
there it is ``use_running_average=False`` and ``inference=False``, in linen also where the layer is
built, which must be told its mode.

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
Passes the enclosing ``call``'s own flag on where it has one, or the opposite of its ``train``. Else
removes the argument, so that the model decides.

Fix safety
----------
Safe where the enclosing ``call`` has the flag as a parameter and does not change it: training is
as before, and inference does what it is asked to.

Unsafe where the argument is removed: training mode in inference may be meant. Unsafe, too, where a
parameter of another name is taken for the flag.

Not written where the layer must be told its mode and nothing around the call says it.

Numbers
-------
Predicting one sample of N(3, 4) in two different batches of 8 gives outputs that differ by 1.2.

References
----------
Measured with Keras 3.15.1 and tf_keras 2.21.0; Flax 0.12.8, Haiku 0.0.17 and Equinox 0.13.8.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import (
    MANUAL,
    SAFE,
    UNSAFE,
    Finding,
    Fix,
    Intent,
    RemoveArgument,
    ReplaceValue,
)
from bnlint.frameworks.tables import Api
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import names_around
from bnlint.semantics.hints.purposes import (
    SAYS_TO_TRAIN,
    always_trains_on_purpose,
)
from bnlint.semantics.modes.told import Told, is_in_one_branch, told
from bnlint.semantics.objects.models import is_forward
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.value import settle
from bnlint.trial import INFERENCE, OUTPUT, TRAINING, Layer, Trial

RULE = Rule("BN203", "training-flag-hard-wired", "error")


def check_file(context: Context) -> Iterator[Finding]:
    """Report calls of batch normalisation layers with a flag that always says to train."""
    ev, module = context.evaluator, context.module
    for flag in told(ev, module, "layer"):
        value = settle(ev.evaluate(module, flag.keyword.value), flag.keyword.value)
        if value.kind != "known" or value.value is not flag.trains:
            continue
        if any(map(always_trains_on_purpose, names_around(module, flag.call))):
            continue
        if not is_in_one_branch(ev, module, flag):
            yield from _report(flag, context)


def _report(flag: Told, context: Context) -> Iterator[Finding]:
    module, call, api = context.module, flag.call, flag.api
    name = str(flag.keyword.arg)
    function = module.enclosing_function(call)
    in_layer = function is not None and is_forward(context.evaluator, module, function)
    if not in_layer and not _builds_model(function, context):
        return
    written = f"{name}={ast.unparse(flag.keyword.value)}"
    calls = "in inference too" if in_layer else f"wherever the model is called without {name}="
    yield context.report(
        RULE,
        flag.keyword,
        f"{written} makes {api.short_name} normalise with the batch and move its statistics "
        f"{calls}",
        help=(fix := _fix(flag, function if in_layer else None, context)).message,
        confidence="medium" if flag.built or not in_layer else None,
        fix=fix,
        trial=_trial(api),
    )


def _fix(flag: Told, forward: ast.AST | None, context: Context) -> Fix:
    """Return the fix: the flag of the method around the call, where it has one, or none at all."""
    module, name = context.module, str(flag.keyword.arg)
    free: list[str] = []
    if isinstance(forward, (ast.FunctionDef, ast.AsyncFunctionDef)):
        parameters = [a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)]
        free = [p for p in parameters if not _is_rebound(p, forward)]
    if name in free:
        advice = f"write {name}={name}, the flag this call is given"
        return Fix(SAFE, advice, (ReplaceValue(module.span(flag.keyword.value), name),))
    told = next((p for p in free if p in SAYS_TO_TRAIN), "")
    if told:
        text = told if flag.trains else f"not {told}"
        intent = ReplaceValue(module.span(flag.keyword.value), text)
        return Fix(UNSAFE, f"write {name}={text}", (intent,), f"{told} is taken to say the mode")
    if flag.api.default_mode == "required":
        return Fix(MANUAL, f"give {name} the mode that the model runs in", (), "it must be given")
    advice = f"remove {name}={ast.unparse(flag.keyword.value)}: the model then decides"
    intents: tuple[Intent, ...] = (RemoveArgument(module.span(flag.call), name),)
    return Fix(UNSAFE, advice, intents, "training mode in inference may be meant")


def _trial(api: Api) -> Trial:
    """Compare what such a call gives in inference with running statistics."""
    fixed = Layer(api.in_tables, (), INFERENCE)
    port = fixed._replace(mode=TRAINING)
    return Trial(OUTPUT, port, fixed, fixed, about="output in inference")


def _is_rebound(name: str, function: ast.AST) -> bool:
    """Tell whether ``name`` is stored to or deleted, and so no longer what the call was given."""
    return any(
        isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
        for part in ast.walk(function)
    )


def _builds_model(function: ast.AST | None, context: Context) -> bool:
    """Tell whether a functional model is built around the call, to be used for inference too."""
    module = context.module
    where = function if function is not None else module.tree
    known = _BUILDS.of(context.evaluator)
    if where not in known:
        models = {path.rpartition(".")[2] for path in context.frameworks.word("functional_models")}
        known[where] = any(
            isinstance(part, ast.Call) and last_name(part.func) in models
            for part in ast.walk(where)
        )
    return known[where]


#: Whether a functional model is built in a function or a file.
_BUILDS: Memo[ast.AST, bool] = Memo()
