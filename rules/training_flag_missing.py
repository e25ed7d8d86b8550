"""A training step that runs its model in inference mode.

What it does
------------
Reports a gradient-tape step that differentiates a model with respect to the model's own trainable
weights, applies the gradients, and calls the model, or a layer in it, without ``training=True``:
in the step, or in a function of the file that the step gives the model to. ``fit`` does not help: a
plain ``self(x)`` or ``self.encoder(x)`` in a custom ``train_step`` stays in inference.

Gradients of inputs or activations (Grad-CAM, saliency, adversarial examples) and steps that do not
apply the gradients are left alone. So are models in which no batch normalisation is in view, models
whose ``call`` trains unless told otherwise, targets that gradients are stopped for, models that the
step calls with the flag too, and unit tests.

Why it matters
--------------
The model trains on its initial running statistics, mean 0 and variance 1, which never move; dropout
is off as well.

Example
-------
Hazard:

    import tensorflow as tf
    from tensorflow import keras

    model = keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization()])
    optimizer = keras.optimizers.Adam()

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

Clean:

    import tensorflow as tf
    from tensorflow import keras

    model = keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization()])
    optimizer = keras.optimizers.Adam()

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

Fix
---
Adds ``training=True``.

Fix safety
----------
Unsafe always: it switches dropout on too.

Numbers
-------
The moving mean after a step is unchanged (0.0) in Keras 2 and 3.

References
----------
Measured with Keras 3.15.1 and tf_keras 2.21.0, in a plain loop and in ``train_step`` under ``fit``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, SetKeyword
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.hints.things import is_any_model, word_of_model
from bnlint.semantics.layers.class_tests import LayerTests, guards
from bnlint.semantics.modes.switches import manages_itself
from bnlint.semantics.objects.models import contents
from bnlint.semantics.syntax.module import dotted, last_name
from bnlint.semantics.values.arguments import arguments_of, bind
from bnlint.semantics.values.classes import outside_bases
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    FunctionRef,
    Instance,
    Symbol,
    Unknown,
)
from bnlint.semantics.values.modules import model_framework
from bnlint.startup.typed import NamedTuple
from bnlint.trial import STATISTICS, TRAINING

RULE = Rule("BN204", "training-flag-missing", "error")


class TrainingStep(NamedTuple):
    """A block under a tape, and the models (as written) whose weights are differentiated."""

    block: ast.With | ast.AsyncWith
    models: frozenset[str]
    framework: Framework


def check_file(context: Context) -> Iterator[Finding]:
    """Report tape steps whose model infers."""
    if _sets_phase(context) or _freezes_norms(context):
        return
    names = {path.rpartition(".")[2] for path in context.frameworks.word("tapes")}
    for call in context.module.calls:
        if last_name(call.func) not in names or in_test(context.module, call):
            continue
        step = _step(call, context)
        if step is not None:
            for node, model in _plain_calls(step, context):
                confidence = _confidence(model, step, context)
                if confidence is not None:
                    yield _report(node, step, confidence, context)


# ---------------------------------------------------------------------------------- the step


def _step(call: ast.Call, context: Context) -> TrainingStep | None:
    module = context.module
    framework = _framework_of_tape(call, context)
    item = module.parents[call]
    match item, module.parents[item]:
        case ast.withitem(optional_vars=ast.Name(id=tape)), ast.With() | ast.AsyncWith() as block:
            function = module.enclosing_function(block) or module.tree
            models = _differentiated(tape, function, context)
            if framework is not None and models and _applies(function, context):
                return TrainingStep(block, frozenset(models), framework)
    return None


def _framework_of_tape(call: ast.Call, context: Context) -> Framework | None:
    for tape in context.evaluator.evaluate(context.module, call):
        match tape.object:
            case Instance(cls=Symbol(path=path)):
                return context.frameworks.means(path, "tapes")
    return None


def _differentiated(tape: str, function: ast.AST, context: Context) -> set[str]:
    """Return the models whose trainable weights the tape's gradients are taken of."""
    weights = context.frameworks.word("weights_attributes")
    gradients = context.frameworks.word("gradients")
    found: set[str] = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in gradients
            and dotted(node.func.value) == tape
        ):
            for argument in (*node.args[1:], *(k.value for k in node.keywords)):
                for part in _resolved(argument, context):
                    if isinstance(part, ast.Attribute) and part.attr in weights:
                        found.add(dotted(part.value))
    return found - {""}


def _resolved(argument: ast.expr, context: Context) -> Iterator[ast.AST]:
    """Yield the parts of an argument, looking through one variable."""
    yield from ast.walk(argument)
    if isinstance(argument, ast.Name):
        scope = context.evaluator.scope(context.module, context.module.scope_node(argument))
        for binding in scope.bindings.get(argument.id, ()):
            if binding.value is not None:
                yield from ast.walk(binding.value)


def _applies(function: ast.AST, context: Context) -> bool:
    methods = {path.rpartition(".")[2] for path in context.frameworks.word("apply_methods")}
    return any(
        isinstance(node, ast.Call) and last_name(node.func) in methods
        for node in ast.walk(function)
    )


def _freezes_norms(context: Context) -> bool:
    """Tell whether the file freezes batch normalisation by itself: that it infers is meant."""
    frozen = {
        (row.name, row.value)
        for framework in context.frameworks.frameworks.values()
        for row in framework.modes.freezes
        if row.statistics
    }
    for site in context.sites:
        for keyword in site.call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if (keyword.arg, value) in frozen:
                return True
    module = context.module
    for store in module.stores:
        statement = module.statement(store)
        value = getattr(statement, "value", None)
        plain = value.value if isinstance(value, ast.Constant) else None
        if (store.attr, plain) in frozen and isinstance(store.value, ast.Name):
            tests = list(guards(module, statement, module.enclosing_function(store)))
            if LayerTests(context.evaluator, module, tests, store.value.id).ask_for_class:
                return True
    return False


def _sets_phase(context: Context) -> bool:
    return any(
        path.rpartition(".")[2] in context.module.calls_by_name
        for path in context.frameworks.word("phase_setters")
    )


# ---------------------------------------------------------------------------------- the calls


def _plain_calls(step: TrainingStep, context: Context) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield the calls that give a model one input and no flag, and the model called."""
    flagged = {
        dotted(node.func)
        for node in ast.walk(step.block)
        if isinstance(node, ast.Call) and not _is_plain(node)
    }
    for node in ast.walk(step.block):
        if not isinstance(node, ast.Call) or _is_detached(node, step, context):
            continue
        name = dotted(node.func)
        if _is_plain(node) and name not in flagged:
            if name in step.models:
                yield node, node.func
            elif any(name.startswith(f"{model}.") for model in step.models):
                if _is_layer(node.func, step, context):
                    yield node, node.func
        yield from _handed_on(node, step, context)


def _is_plain(call: ast.Call) -> bool:
    return len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)


def _is_layer(node: ast.expr, step: TrainingStep, context: Context) -> bool:
    found = context.evaluator.evaluate(context.module, node)
    return all(model_framework(context.evaluator, made) is step.framework for made in found)


def _is_detached(call: ast.Call, step: TrainingStep, context: Context) -> bool:
    """Tell whether gradients are kept out of what ``call`` gives: it is a target."""
    names = {path.rpartition(".")[2] for path in context.frameworks.word("detaches")}
    for around in context.module.ancestors(call):
        if around is step.block:
            break
        if isinstance(around, ast.Call) and last_name(around.func) in names:
            return True
        if isinstance(around, (ast.With, ast.AsyncWith)):
            calls = [i.context_expr for i in around.items if isinstance(i.context_expr, ast.Call)]
            if any(last_name(call.func) in names for call in calls):
                return True
    return False


def _handed_on(
    call: ast.Call, step: TrainingStep, context: Context
) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield the plain calls in a function of the file that ``call`` gives a model to."""
    given = [a for a in (*call.args, *(k.value for k in call.keywords)) if dotted(a) in step.models]
    if not given:
        return
    for callee in context.evaluator.evaluate(context.module, call.func):
        found = callee.object
        if not isinstance(found, FunctionRef) or found.module is not context.module:
            return
        if isinstance(found.node, ast.Lambda) or found.receiver is not None:
            return
        arguments = arguments_of(context.evaluator, context.module, call, None)
        bound = bind(context.module, found.node, arguments, None)
        for (_, name), argument in bound.items():
            if argument.node not in given:
                continue
            calls = [
                node
                for node in ast.walk(found.node)
                if isinstance(node, ast.Call) and dotted(node.func) == name
            ]
            if all(_is_plain(node) for node in calls):
                for node in calls:
                    assert argument.node is not None
                    yield node, argument.node


# ---------------------------------------------------------------------------------- the model


def _confidence(model: ast.expr, step: TrainingStep, context: Context) -> str | None:
    """Return how sure it is that the model has batch normalisation; ``None`` if nothing says so."""
    ev = context.evaluator
    values = ev.evaluate(context.module, model)
    if any(isinstance(v.object, Unknown) for v in values):
        return _by_name(model, step, context)
    for value in values:
        found = contents(ev, context.sites, value)
        if not found.normalises or manages_itself(ev, found, step.framework):
            return None
    return "high" if all(_is_known(value, context) for value in values) else "medium"


def _is_known(model: Candidate, context: Context) -> bool:
    """Tell whether it is known what a model is made of: of a functional one, names only are."""
    made = model.object
    if model.presumed or not isinstance(made, Instance):
        return False
    path = made.cls.path if isinstance(made.cls, Symbol) else ""
    return context.frameworks.means(path, "functional_models") is None


def _by_name(model: ast.expr, step: TrainingStep, context: Context) -> str | None:
    """Judge a model that is given from outside by what the file makes under its name, or at all."""
    switch = step.framework.modes.switch
    sites = [s for s in context.sites if s.api.framework.modes.switch == switch]
    if not sites:
        return None
    makers = list(_makers(step, context))
    word = word_of_model(last_name(model))
    named = [m for m in makers if word and word in m.node.name.lower()]  # type: ignore[attr-defined]
    if not named and (not makers or (word and not is_any_model(word))):
        is_scattered = any(s.module.enclosing_class(s.call) is not None for s in sites)
        return None if makers or is_scattered else "medium"
    for maker in named or makers:
        found = contents(context.evaluator, sites, maker)
        if not found.normalises or manages_itself(context.evaluator, found, step.framework):
            return None
    return "medium"


def _makers(step: TrainingStep, context: Context) -> Iterator[Candidate]:
    """Yield the classes and functions of the file that make whole models."""
    ev, module = context.evaluator, context.module
    for cls in module.classes:
        bases = outside_bases(ev, ClassRef(module, cls))
        if any(
            isinstance(b, Symbol) and ev.frameworks.means(b.path, "functional_models")
            for b in bases
        ):
            if step.block not in set(ast.walk(cls)):
                yield Candidate(ClassRef(module, cls), module, cls)
    for function in module.functions:
        calls = [part for part in ast.walk(function) if isinstance(part, ast.Call)]
        if not any(_makes_model(call, context) for call in calls):
            continue
        if step.block not in set(ast.walk(function)):
            yield Candidate(FunctionRef(module, function), module, function)


def _makes_model(call: ast.Call, context: Context) -> bool:
    names = {
        path.rpartition(".")[2]
        for word in ("functional_models", "sequential")
        for path in context.frameworks.word(word)
    }
    return last_name(call.func) in names


def _report(node: ast.Call, step: TrainingStep, confidence: str, context: Context) -> Finding:
    flag = step.framework.modes.argument
    advice = f"write {ast.unparse(node.func)}({ast.unparse(node.args[0])}, {flag}=True)"
    return context.report(
        RULE,
        node,
        f"{as_said(ast.unparse(node.func))} is trained here and called without {flag}=True: batch "
        "normalisation infers with its initial statistics, which never move",
        help=advice,
        confidence=confidence,
        fix=Fix(
            UNSAFE,
            advice,
            (SetKeyword(context.module.span(node), flag, "True"),),
            "it switches dropout on too",
        ),
        trial=trial_of_modes(step.framework, STATISTICS, "", TRAINING),
    )
