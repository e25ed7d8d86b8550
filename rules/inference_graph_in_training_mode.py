"""A model or graph for evaluation that is called with its training flag on.

What it does
------------
Reports ``training=True``, ``is_training=True`` (or a constant that is True) in a call of a model
with batch normalisation, of a function that builds such a graph, or of a batch normalisation
function, where the code evaluates: in a function that is named for evaluation, test or prediction
and takes no gradients, in a loop over validation or test data whose results no gradient is taken
of, or in a script that is named so, loads weights and trains none. The function that builds the
graph may stand in another file, and call its flag as it likes, as long as the name speaks of
training, a phase or a mode.

Where the model comes from out of view, and the file only builds others like it, confidence is low.

A flag that is passed on, code that samples (calls the model a number of times), generates or drops
out at random on purpose, unit tests, and models in which no batch normalisation is in view are left
alone.

Why it matters
--------------
The evaluation normalises with its own batches: the output for a sample depends on the samples
beside it, the score on the batch size, and where updates run the statistics of the model move to
the data it is evaluated on.

Example
-------
Hazard:

    from tensorflow import keras

    model = keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization()])

    def test_step(x, y, metric):
        metric.update_state(y, model(x, training=True))

Clean:

    from tensorflow import keras

    model = keras.Sequential([keras.layers.Dense(8), keras.layers.BatchNormalization()])

    def test_step(x, y, metric):
        metric.update_state(y, model(x, training=False))

Fix
---
Writes ``False``.

Fix safety
----------
Unsafe always: evaluating with batch statistics may be meant.

Numbers
-------
Predicting one sample of N(3, 4) in two different batches of 8 gives outputs that differ by 1.2.

References
----------
Measured with Keras 3.15.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, ReplaceValue
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import (
    in_test,
    is_test_file,
    makes_assertions,
    names_around,
)
from bnlint.semantics.hints.purposes import (
    asks_for_mode,
    begins_to_evaluate,
    evaluates_in_training_on_purpose,
    is_test_class,
    trains,
)
from bnlint.semantics.hints.things import is_model
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import training_flag
from bnlint.semantics.modes.flags import decide_mode
from bnlint.semantics.modes.switches import feeds_gradient, has_gradient
from bnlint.semantics.modes.training import trains as may_train
from bnlint.semantics.objects.models import contents
from bnlint.semantics.syntax.module import FunctionNode, last_name
from bnlint.semantics.values.arguments import parameters_given
from bnlint.semantics.values.domain import Candidate, FunctionRef, Instance, Symbol, Unknown
from bnlint.semantics.values.modules import model_framework
from bnlint.semantics.values.value import DEFAULT, KNOWN, settle
from bnlint.trial import OUTPUT

RULE = Rule("BN213", "inference-graph-in-training-mode", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report calls that evaluate with a training flag that is True."""
    if not _flags(context):
        return
    for call in context.module.calls:
        arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.keyword) else argument
            if isinstance(argument, ast.keyword) and argument.arg is None:
                continue
            if not _may_be_true(value, argument) or not (where := _evaluates(call, context)):
                continue
            if _is_true(value, context) and not _is_meant(call, context):
                framework = _normalising(call, argument, context)
                if framework is not None:
                    yield _report(call, argument, where, framework, context)


def _may_be_true(value: ast.expr, argument: ast.expr | ast.keyword) -> bool:
    """Tell at little cost whether an argument may be a flag that is on."""
    if isinstance(value, ast.Constant):
        return value.value is True
    return isinstance(argument, ast.keyword) and isinstance(value, (ast.Name, ast.Attribute))


def _flags(context: Context) -> set[str]:
    """Return what the arguments are called by which calls choose a mode."""
    frameworks = context.frameworks.frameworks.values()
    return {
        framework.modes.argument
        for framework in frameworks
        if framework.modes.switch in ("call-argument", "argument") and framework.modes.argument
    }


def _is_true(node: ast.expr, context: Context) -> bool:
    value = settle(context.evaluator.evaluate(context.module, node), node)
    return value.kind == "known" and value.value is True


# ---------------------------------------------------------------------------------- its place


def _evaluates(call: ast.Call, context: Context) -> str:
    """Return what says that the call evaluates, as a message names it; else nothing."""
    module = context.module
    for around in module.ancestors(call):
        if isinstance(around, (ast.For, ast.AsyncFor)) and call not in set(ast.walk(around.iter)):
            if isinstance(around.body[-1], ast.Break):
                continue  # it tries one batch
            names = [n for part in (around.iter, around.target) for n in _names(part)]
            told = next(filter(begins_to_evaluate, names), "")
            if told and not any(map(trains, names)):
                if not has_gradient(context.evaluator, around):
                    return f"a loop over {told}"
        elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if trains(around.name):
                return ""
            if not begins_to_evaluate(around.name):
                return _evaluating_script(context)
            return "" if has_gradient(context.evaluator, around) else f"{around.name}()"
        elif isinstance(around, (ast.Lambda, ast.ClassDef)):
            return ""
    return _evaluating_script(context)


def _evaluating_script(context: Context) -> str:
    """Return the name of the file if it is named for evaluation, loads weights and trains none."""
    module = context.module
    name = module.path.replace("\\", "/").rpartition("/")[2]
    if not begins_to_evaluate(name) or trains(name) or may_train(context.evaluator, module):
        return ""
    loads = context.frameworks.word("load_methods")
    return name if any(method in module.calls_by_name for method in loads) else ""


def _is_repeated(call: ast.Call, context: Context) -> bool:
    """Tell whether the call is made a number of times, as sampling by dropout does."""
    for around in context.module.ancestors(call):
        if isinstance(around, FunctionNode):
            return False
        if isinstance(around, (ast.For, ast.comprehension)):
            loops = [around.iter]
        elif isinstance(around, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            loops = [generator.iter for generator in around.generators]
        else:
            continue
        if any(
            isinstance(part, ast.Call) and last_name(part.func) in ("range", "trange")
            for loop in loops
            for part in ast.walk(loop)
        ):
            return True
    return False


def _names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, (ast.Name, ast.Attribute)):
            yield last_name(part)


def _is_meant(call: ast.Call, context: Context) -> bool:
    """Tell whether training mode is meant: by the names around, or since gradients are taken."""
    module = context.module
    names = [*names_around(module, call), *_names(call.func)]
    if any(map(evaluates_in_training_on_purpose, names)) or _is_repeated(call, context):
        return True
    if in_test(module, call) and not _is_step(call, context):
        return True
    return feeds_gradient(context.evaluator, module, call)


def _is_step(call: ast.Call, context: Context) -> bool:
    """Tell whether code that is named for a test is one of a model, not a unit test."""
    module = context.module
    if is_test_file(module.path):
        return False
    cls = module.enclosing_class(call)
    if cls is not None and is_test_class(cls.name):
        return False
    return not any(
        isinstance(around, FunctionNode) and makes_assertions(around)
        for around in module.ancestors(call)
    )


# ---------------------------------------------------------------------------------- the model


def _normalising(
    call: ast.Call, argument: ast.expr | ast.keyword, context: Context
) -> Framework | None:
    """Return the framework of what is called, if batch normalisation follows the flag in it."""
    ev, module = context.evaluator, context.module
    name = argument.arg if isinstance(argument, ast.keyword) else None
    for site in context.sites:
        if site.call is call:  # a layer's own call is another rule's business
            is_flag = site.api.kind != "layer" and name in _flags(context)
            return site.api.framework if is_flag else None
    found: Framework | None = None
    for value in ev.evaluate(module, call.func):
        framework = _of_value(value, call, argument, context)
        if framework is None:
            return None
        found = framework
    return found


def _of_value(
    value: Candidate, call: ast.Call, argument: ast.expr | ast.keyword, context: Context
) -> Framework | None:
    ev, made = context.evaluator, value.object
    name = argument.arg if isinstance(argument, ast.keyword) else None
    if isinstance(made, FunctionRef):  # a function that builds a graph
        given = argument.value if isinstance(argument, ast.keyword) else argument
        names = parameters_given(ev, context.module, made, call, given)
        names = [parameter for parameter in names if asks_for_mode(parameter)]
        if not names and name not in _flags(context):
            return None
        sites = contents(ev, context.sites, value).sites
        deciding = [s for s in sites if name in _flags(context) and _takes_flag(s)]
        if not deciding and any(decide_mode(ev, made, name, sites) for name in names):
            deciding = [*sites]
        return deciding[0].api.framework if deciding else None
    if name not in _flags(context):
        return None
    if isinstance(made, Instance):
        framework = model_framework(ev, value)
        if framework is None or framework.modes.switch != "call-argument":
            return None
        if isinstance(made.cls, Symbol) and made.cls.path in context.frameworks.by_alias:
            return None
        return framework if contents(ev, context.sites, value).normalises else None
    if _is_given(value, call):  # in a file that builds models with normalisation
        given_to = [s for s in context.sites if s.api.framework.modes.switch == "call-argument"]
        return given_to[0].api.framework if given_to else None
    return None


def _is_given(value: Candidate, call: ast.Call) -> bool:
    """Tell whether a model comes from out of view, and is only known by its name."""
    return isinstance(value.object, Unknown) and is_model(last_name(call.func))


def _takes_flag(site: Site) -> bool:
    """Tell whether a site is told its mode by whoever builds the graph."""
    return site.api.kind == "function" and training_flag(site).kind not in (KNOWN, DEFAULT)


def _report(
    call: ast.Call,
    argument: ast.expr | ast.keyword,
    where: str,
    framework: Framework,
    context: Context,
) -> Finding:
    values = context.evaluator.evaluate(context.module, call.func)
    flag = argument.value if isinstance(argument, ast.keyword) else argument
    name = f"{argument.arg}=" if isinstance(argument, ast.keyword) else ""
    return context.report(
        RULE,
        argument,
        f"{name}{context.module.source(flag)} in {where}: {as_said(ast.unparse(call.func))} "
        "normalises what "
        "it evaluates with its own batches, so that the output for a sample depends on the samples "
        "beside it",
        help=f"write {name}False",
        confidence="low" if any(_is_given(value, call) for value in values) else None,
        fix=Fix(
            UNSAFE,
            f"write {name}False",
            (ReplaceValue(context.module.span(flag), "False"),),
            "evaluating with batch statistics may be meant",
        ),
        trial=trial_of_modes(framework, OUTPUT),
    )
