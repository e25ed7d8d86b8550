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
    asks_for_mode,
)
from bnlint.semantics.objects.models import is_forward
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.domain import Instance, Symbol
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.value import settle
from bnlint.startup.typed import NamedTuple
from bnlint.trial import INFERENCE, OUTPUT, TRAINING, Layer, Trial

RULE = Rule("BN203", "training-flag-hard-wired", "error")


class Flag(NamedTuple):
    """A keyword that is given the same value always: the API's role for it, and that value.

    ``built`` tells that it is given when the layer is built, and not when it is called.
    """

    call: ast.Call
    keyword: ast.keyword
    api: Api
    role: str
    value: bool
    built: bool


def check_file(context: Context) -> Iterator[Finding]:
    """Report calls of batch normalisation layers with a flag that always says to train."""
    module = context.module
    names = {
        api.roles[role]
        for api in context.frameworks.apis.values()
        for role in _ROLES
        if role in api.roles and api.kind == "layer"
    }
    for call in module.calls:
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg not in names:
                continue
            flag = _layer(call, keyword, context)
            if flag is None:
                continue
            value = settle(context.evaluator.evaluate(module, keyword.value), keyword.value)
            if value.kind != "known" or value.value is not flag.value:
                continue
            if _is_meant(flag, context):
                continue
            yield from _report(flag, context)


#: The value of each role that says to train.
_ROLES = {"training": True, "inference": False}


def _layer(call: ast.Call, keyword: ast.keyword, context: Context) -> Flag | None:
    """Return the flag that ``keyword`` is of the layer that is called, or that must be told so."""
    apis: list[Api] = []
    built = False
    for candidate in context.evaluator.evaluate(context.module, call.func):
        made = candidate.object
        if isinstance(made, Symbol):
            cls, built = made, True
        elif isinstance(made, Instance) and isinstance(made.cls, Symbol):
            cls = made.cls
        else:
            return None
        found = context.frameworks.by_alias.get(cls.path, ())
        if not found:
            return None
        apis += found
    for role, value in _ROLES.items():
        if apis and all(_takes(api, role, str(keyword.arg), built) for api in apis):
            return Flag(call, keyword, apis[0], role, value, built)
    return None


def _takes(api: Api, role: str, name: str, built: bool) -> bool:
    """Tell whether the mode of the layer is said by ``name``, where it is built or called."""
    if api.kind != "layer" or api.roles.get(role) != name:
        return False
    if built:  # a mode that has a default is only that of a new layer
        return api.default_mode == "required" and api.parameter(name) is not None
    return any(parameter.name == name for parameter in api.call_signature)


def _is_meant(flag: Flag, context: Context) -> bool:
    """Tell whether training mode is meant here, or chosen by a test."""
    module, call = context.module, flag.call
    if any(map(always_trains_on_purpose, names_around(module, call))):
        return True
    for around in module.ancestors(call):
        if isinstance(around, (ast.If, ast.IfExp)):
            if asks_for_mode(ast.unparse(around.test)):
                return True
    if flag.built:
        return False  # another layer, which may be told another mode
    # The other branch of K.in_train_phase(...), tf.cond(...) and the like.
    function = module.enclosing_function(call) or module.tree
    while isinstance(function, ast.Lambda):
        function = module.enclosing_function(function) or module.tree
    known = _SWITCHED.of(context.evaluator)
    if function not in known:
        known[function] = set(_switched(function))
    written = ast.dump(call.func), flag.keyword.arg
    return any((*written, value) in known[function] for value in _OTHERS[flag.value])


#: The values of a keyword that differ from one that is written: a switch, or none.
_OTHERS: dict[bool, tuple[bool | None, ...]] = {True: (False, None), False: (True, None)}

#: What is called in a function with a constant under a keyword: the callee, keyword and value.
_SWITCHED: Memo[ast.AST, set[tuple[str, str | None, bool | None]]] = Memo()


def _switched(function: ast.AST) -> Iterator[tuple[str, str | None, bool | None]]:
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                if isinstance(keyword.value, ast.Constant):
                    value = keyword.value.value
                    yield (
                        ast.dump(call.func),
                        keyword.arg,
                        value if isinstance(value, bool) else None,
                    )


def _report(flag: Flag, context: Context) -> Iterator[Finding]:
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


def _fix(flag: Flag, forward: ast.AST | None, context: Context) -> Fix:
    """Return the fix: the flag of the method around the call, where it has one, or none at all."""
    module, name = context.module, str(flag.keyword.arg)
    parameters = (
        [a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)]
        if isinstance(forward, (ast.FunctionDef, ast.AsyncFunctionDef))
        else []
    )
    free = [p for p in parameters if not _is_rebound(p, forward)]
    if name in free:
        advice = f"write {name}={name}, the flag this call is given"
        return Fix(SAFE, advice, (ReplaceValue(module.span(flag.keyword.value), name),))
    told = next((p for p in free if p in SAYS_TO_TRAIN), "")
    if told:
        text = told if flag.value else f"not {told}"
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
