"""A model that is exported, or imported and run, in training mode.

What it does
------------
Follows a model that a script builds. If it is given to a function that fixes it in the mode it is
in (``torch.jit.trace``, ``torch.export.export``), and nothing in the script ever switches it to
inference, the export is reported. So is a model read from another format, which starts in training
mode (``onnx2torch.convert``), that is run and never switched.

The whole life of the model must be in view, from where it is built. Left alone are models that are
stored, passed to code that is not of the project or given as a parameter, and unit tests.
``torch.onnx.export`` is left alone too, as it writes inference whatever the mode of the model is,
unless it is told ``training=TrainingMode.PRESERVE`` or ``TRAINING`` and not ``dynamo=True``.

Why it matters
--------------
The exported graph normalises every input with its own batch, wherever it is run, and dropout stays
on. ``eval()`` on what ``torch.jit.trace`` gives does not change the graph.

Example
-------
Hazard:

    import torch
    import torchvision

    model = torchvision.models.resnet18(weights="DEFAULT")
    traced = torch.jit.trace(model, torch.rand(1, 3, 224, 224))
    traced.save("resnet18.pt")

Clean:

    import torch
    import torchvision

    model = torchvision.models.resnet18(weights="DEFAULT")
    model.eval()
    traced = torch.jit.trace(model, torch.rand(1, 3, 224, 224))
    traced.save("resnet18.pt")

Fix
---
Inserts ``model.eval()`` before the export, or after the import; writes EVAL for TRAINING. What runs
the model before the export moves its statistics: there the switch comes before that, where nothing
is trained.

Fix safety
----------
Unsafe always: that nothing else switches the mode is inferred from all of the model's life that is
in view, and exporting for training may be meant.

Not written where the model has no name.

Numbers
-------
On N(2, 9), a traced fresh layer differs from inference by 0.77, after ``eval()`` on the trace
too; a layer put into inference mode before it is traced by 0.0. A small model, exported to ONNX
and read back by onnx2torch, differs by 0.76 before ``eval()`` and by 0.0 after it. All are relative
to the largest value of the output.

Without dynamo, ``torch.onnx.export`` with PRESERVE writes BatchNormalization with training_mode=1
for a model in training mode and 0 for one in inference mode; with TRAINING it writes 1 for both.
With dynamo, the default from PyTorch 2.9 on, it writes inference whatever it is told.

References
----------
Measured with torch 2.13.0 and onnx2torch 1.5.15.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement, ReplaceValue
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test, names_around
from bnlint.semantics.hints.purposes import trains
from bnlint.semantics.modes.dry_runs import is_made_up
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.placement import placement
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    may_switch,
    runs,
    use_feeds_gradient,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.allocations import Made, variable_of
from bnlint.semantics.objects.events import CALL, EXPORT, Life, Use
from bnlint.semantics.objects.understood import is_traced_otherwise
from bnlint.semantics.project.marks import names_model
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.domain import Instance, Symbol
from bnlint.trial import OUTPUT

RULE = Rule("BN604", "export-in-training-mode", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report exports of models that are never switched, and imports that are not."""
    shows = _may_export(context)
    yield from _told_to_train(context)
    for history in context.histories(shows=shows):
        made, life = history.made, history.life
        if history.in_test or may_switch(context.evaluator, life, made.framework, INFERENCE):
            continue
        if _is_imported(made, context):
            if _only_infers(life, context):
                yield _report_import(made, context)
        elif made.framework.modes.initial == TRAINING and (use := _export(life)) is not None:
            if history.follows_its_mode():
                yield _report_export(use, history, context)


def _may_export(context: Context) -> bool:
    """Tell at little cost whether the file may export or import a model."""
    words = ("exporters", "importers", "keeping_values")
    paths = [path for word in words for path in context.frameworks.word(word)]
    return any(path.rpartition(".")[2] in context.module.uses for path in paths)


def _told_to_train(context: Context) -> Iterator[Finding]:
    """Report exports that are told to write training mode, whatever the model is in."""
    module, ev, means = context.module, context.evaluator, context.frameworks.means
    names = {path.rpartition(".")[2] for path in context.frameworks.word("training_values")}
    for name in sorted(names):
        for use in module.uses.of(name):
            keyword = module.parents[use]
            call = module.parents[keyword]
            if not isinstance(keyword, ast.keyword) or not isinstance(call, ast.Call):
                continue
            values = [v.object for v in ev.evaluate(module, use)]
            if not all(isinstance(o, Symbol) and means(o.path, "training_values") for o in values):
                continue
            if is_traced_otherwise(ev, call) or in_test(module, call):
                continue
            if any(map(trains, names_around(module, call))):
                continue  # exported to be trained on
            if _may_hold_norms(context):
                yield _report_told(keyword, call, context)


def _may_hold_norms(context: Context) -> bool:
    """Tell whether batch normalisation may be in what the file exports."""
    return bool(context.sites) or names_model(context.module.text)


def _report_told(keyword: ast.keyword, call: ast.Call, context: Context) -> Finding:
    module = context.module
    name = next(iter(context.frameworks.word("inference_values"))).rpartition(".")[2]
    text = f"{module.source(keyword.value).rpartition('.')[0]}.{name}"
    intent = ReplaceValue(module.span(keyword.value), text)
    return context.report(
        RULE,
        keyword,
        f"{module.source(keyword.value)} has {dotted(call.func)}() write training mode, after "
        "eval() too: where the exporter traces (dynamo=False, the default before PyTorch 2.9), "
        "the graph normalises with each batch",
        help="leave the argument out",
        fix=Fix(UNSAFE, f"write {name}", (intent,), "the graph may be meant to be trained"),
    )


def _is_imported(made: Made, context: Context) -> bool:
    match made.candidate.object:
        case Instance(cls=Symbol(path)):
            return context.frameworks.means(path, "importers") is not None
    return False


def _only_infers(life: Life, context: Context) -> bool:
    """Tell whether the model is run, and never for gradients."""
    weights = context.frameworks.word("weights_attributes")
    if any(use.name in weights for use in life.uses):
        return False
    calls = [use for use in life.uses if use.kind in (CALL, EXPORT)]
    return bool(calls) and not any(use_feeds_gradient(context.evaluator, use) for use in calls)


def _export(life: Life) -> Use | None:
    """Return the first export of the model."""
    for use in life.uses:
        if use.kind == EXPORT:
            if not any(in_test(step.module, step.node) for step in use.route):
                return use
    return None


# ---------------------------------------------------------------------------------- reports


def _report_export(use: Use, history: History, context: Context) -> Finding:
    life, framework, module = history.life, history.framework, context.module
    method = framework.modes.to_inference[0][0]
    assert isinstance(use.node, ast.Call)
    model: ast.expr | None = next(iter(use.node.args), None)
    function = f"{dotted(use.node.func)}()"
    place: ast.expr = use.node
    if use.module is not module:
        place, model = use.here, use.via[0].given
        function = f"{function} ({use.seen_from(module)})"
    nowhere = life.nowhere(method, module)
    name = dotted(model)
    advice = f"write {name or 'the model'}.{method}() before it is exported"
    fix = None
    if name:
        at = _first_move(place, name, life, framework, context)
        fix = _insert(InsertStatement(module.span(at), f"{name}.{method}()", "before"))
    return context.report(
        RULE,
        place,
        f"{name or 'this model'} is given to {function} in training mode: {nowhere}, and what is "
        f"exported goes on normalising with each batch; {method}() on it later does not change "
        "that",
        help=advice,
        fix=fix,
        trial=trial_of_modes(framework, OUTPUT),
        only_if=history.only_if,
    )


def _first_move(
    place: ast.expr, name: str, life: Life, framework: Framework, context: Context
) -> ast.stmt:
    """Return the statement before which to switch: the export, or what first moves statistics.

    The latter where nothing trains the model, and its function always runs it before the export. A
    run on data whose result is thrown away collects statistics: it is to be as it is.
    """
    ev, module = context.evaluator, context.module
    export = module.statement(place)
    ran = [use for use in life.uses if runs(ev, use)]
    if any(use_feeds_gradient(ev, use) for use in ran) or takes_gradients(ev, module):
        return export
    if any(_collects(use, context) for use in ran):
        return export
    for use in ran:
        at = placement(ev, module, use.here, name, life, framework).statement
        block = module.place(at).block
        named = (dotted(n) for n in ast.walk(at) if isinstance(n, (ast.Name, ast.Attribute)))
        if name in named and at.lineno < export.lineno:
            if export in block or any(around in block for around in module.ancestors(export)):
                return at
    return export


def _collects(run: Use, context: Context) -> bool:
    """Tell whether a run is there for its effect on the statistics."""
    assert isinstance(run.node, ast.Call)
    return isinstance(run.module.parents[run.node], ast.Expr) and not all(
        is_made_up(context.evaluator, run.module, argument) for argument in run.node.args
    )


def _report_import(made: Made, context: Context) -> Finding:
    module = context.module
    method = made.framework.modes.to_inference[0][0]
    name = variable_of(module, made.call)
    advice = f"write {name or 'the model'}.{method}() before it is run"
    fix = None
    if name:
        text = f"{name}.{method}()"
        fix = _insert(InsertStatement(module.span(module.statement(made.call)), text, "after"))
    return context.report(
        RULE,
        made.call,
        f"{dotted(made.call.func)}() gives a model in training mode, and no {method}() follows in "
        "this file: if batch normalisation is in it, it normalises with each batch",
        help=advice,
        severity="warning",
        fix=fix,
        trial=trial_of_modes(made.framework, OUTPUT),
    )


def _insert(intent: InsertStatement) -> Fix:
    return Fix(
        UNSAFE,
        f"insert {intent.text}",
        (intent,),
        "the mode may be switched in a way that is not seen",
    )
