"""A model that is run on a made-up input when it is built, in training mode.

What it does
------------
Reports a layer or model with batch normalisation that a class runs in its constructor, on constant
or random tensors and in training mode, to learn the shape of its output.

Where the layers have learned nothing yet, training soon makes up for it, and confidence is low.

Left alone are constructors that switch a mode, layers that never train or whose batch normalisation
is not in view, lazy layers, which need the run to be made, and runs on the meta device.

Why it matters
--------------
The run is a step of training for the statistics: they are no longer the initial ones, or those of
the weights that were loaded, but part of the way to those of an input that never occurs. Gradients
being off does not change that. With a batch of one sample it can fail, too: a layer needs more than
one value per channel to normalise in training mode.

Example
-------
Hazard:

    import torch
    import torch.nn as nn
    import torchvision

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torchvision.models.resnet18(weights="DEFAULT")
            with torch.no_grad():
                width = self.features(torch.zeros(1, 3, 224, 224)).shape[1]
            self.head = nn.Linear(width, 10)

Clean:

    import torch
    import torch.nn as nn
    import torchvision

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torchvision.models.resnet18(weights="DEFAULT")
            self.features.eval()
            with torch.no_grad():
                width = self.features(torch.zeros(1, 3, 224, 224)).shape[1]
            self.features.train()
            self.head = nn.Linear(width, 10)

Fix
---
Switches to inference before the run and back to training after it.

Fix safety
----------
Unsafe always: code that is not in view may have chosen the mode before.

Not written where the run shares its line with other statements, or is not a statement by itself.

Numbers
-------
One run on zeros takes the running variance from 1 to 0.9, and the running mean 10 % of the way from
what was learned to 0.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.engine.trials import layer_of_family
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.modes.freezing import normalising_framework
from bnlint.semantics.modes.switches import INFERENCE, TRAINING, may_switch, switches
from bnlint.semantics.objects.events import ESCAPE, Life
from bnlint.semantics.objects.history import life_in_call
from bnlint.semantics.objects.models import contents, names_in
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import sets_up
from bnlint.semantics.values.domain import ClassRef, FunctionRef, Instance, Symbol
from bnlint.semantics.values.modules import class_framework, model_framework
from bnlint.trial import STATISTICS, Trial

RULE = Rule("BN209", "probe-in-training-mode", "warning", confidence="medium")

_MAX_DEPTH = 4


def check_file(context: Context) -> Iterator[Finding]:
    """Report runs on made-up inputs in constructors."""
    module = context.module
    fillers = {path.rpartition(".")[2] for path in context.frameworks.word("fillers")}
    made_up = (call for name in fillers for call in module.calls_by_name.get(name, ()))
    runs = {run for call in made_up for run in _runs(module, call)}
    functions = {module.enclosing_function(run) for run in runs}
    for cls in module.classes:
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef) and statement in functions:
                if sets_up(statement):
                    inside = [run for run in runs if module.enclosing_function(run) is statement]
                    inside.sort(key=lambda run: (run.lineno, run.col_offset))
                    yield from _of_setup(statement, cls, inside, context)


def _of_setup(
    function: ast.FunctionDef, cls: ast.ClassDef, runs: Iterable[ast.Call], context: Context
) -> Iterator[Finding]:
    """Report the first of ``runs`` of a constructor that moves statistics."""
    ev, module = context.evaluator, context.module
    if in_test(module, function):
        return
    methods = {n for f in context.frameworks.frameworks.values() for n in switches(f)}
    attributes = {f.modes.attribute for f in context.frameworks.frameworks.values()} | methods
    if any(isinstance(p, ast.Attribute) and p.attr in attributes for p in ast.walk(function)):
        return
    for call in runs:
        if not all(_is_made_up(argument, context, 0) for argument in call.args):
            continue
        framework = normalising_framework(ev, context.sites, module, call.func)
        if framework is None or framework.modes.switch != "object":
            continue
        if _is_lazy(call.func, context):
            continue  # this run makes its weights
        if (
            framework.modes.initial != TRAINING
            or class_framework(ev, ClassRef(module, cls)) is None
        ):
            continue
        if _may_be_switched_by_others(call, function, framework, context):
            continue
        learned = _has_learned(call.func, function, context)
        yield _report(call, framework, learned, context)
        return


def _may_be_switched_by_others(
    run: ast.Call, function: ast.FunctionDef, framework: Framework, context: Context
) -> bool:
    """Tell whether what makes the model, or is given it in the constructor, may switch it."""
    ev, module = context.evaluator, context.module
    held = ast.dump(run.func)
    lives: list[Life] = []
    for call in module.calls:
        if module.enclosing_function(call) is not function:
            continue
        targets = getattr(module.parents[call], "targets", ())
        if any(dotted(target) == dotted(run.func) for target in targets):
            if isinstance(ev.evaluate(module, call.func)[0].object, FunctionRef):
                if any(model_framework(ev, value) is None for value in ev.evaluate(module, call)):
                    return True
                life = life_in_call(ev, module, call)
                lives.append(life)
        lives += [
            life_in_call(ev, module, call, argument)
            for argument in call.args
            if ast.dump(argument) == held and not _is_of_framework(call, context)
        ]
    return any(
        life.escapes
        or any(use.kind == ESCAPE for use in life.uses)
        or may_switch(ev, life, framework, INFERENCE)
        for life in lives
    )


def _is_of_framework(call: ast.Call, context: Context) -> bool:
    """Tell whether a call is one of a framework: ``nn.Sequential(self.body, ...)``."""
    return all(
        isinstance(callee.object, Symbol) and context.frameworks.has_root(callee.object.path)
        for callee in context.evaluator.evaluate(context.module, call.func)
    )


def _runs(module: Module, made_up: ast.Call) -> Iterator[ast.Call]:
    """Yield the calls that are given a made-up tensor, and may be runs of a model."""
    node, parent = _outermost(module, made_up)
    given = [(node, parent)]
    if isinstance(parent, (ast.Assign, ast.AnnAssign)):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        given = [_outermost(module, use) for name in names for use in module.uses.of(name)]
    for argument, call in given:
        if isinstance(call, ast.Call) and call.func is not argument:
            root = dotted(call.func).partition(".")[0]
            # Functions and classes are no models.
            if root not in module.defined and not last_name(call.func)[:1].isupper():
                yield call


def _outermost(module: Module, node: ast.expr) -> tuple[ast.expr, ast.AST]:
    """Return the last of the methods called on a tensor (``.to(device)``), and what holds it."""
    parent = module.parents[node]
    while isinstance(parent, ast.Attribute) or (
        isinstance(parent, ast.Call) and parent.func is node
    ):
        node, parent = parent, module.parents[parent]
    return node, parent


def _is_lazy(model: ast.expr, context: Context) -> bool:
    """Tell whether layers in a model get their shape from the first input."""
    found = context.evaluator.evaluate(context.module, model)
    nodes = (n for v in found for n in contents(context.evaluator, context.sites, v).nodes)
    lazy = tuple(
        path.rpartition(".")[2].removesuffix("*") for path in context.frameworks.word("lazy_layers")
    )
    return any(name.startswith(lazy) for node in nodes for name in names_in(node))


def _has_learned(model: ast.expr, function: ast.FunctionDef, context: Context) -> bool:
    """Tell whether a model comes with weights, or is given some in its constructor."""
    for value in context.evaluator.evaluate(context.module, model):
        made = value.object
        if isinstance(made, Instance) and made.call is not None:
            asks = context.frameworks.word("weights_arguments")
            given = [k.value for k in made.call.keywords if k.arg in asks]
            if any(not isinstance(v, ast.Constant) or v.value for v in given):
                return True
    loads = context.frameworks.word("load_methods")
    return any(isinstance(p, ast.Attribute) and p.attr in loads for p in ast.walk(function))


def _is_made_up(node: ast.expr, context: Context, depth: int) -> bool:
    """Tell whether a tensor is constant or random, and holds values."""
    values = context.evaluator.evaluate(context.module, node)
    if values and all(
        isinstance(v.object, Instance)
        and isinstance(v.object.cls, Symbol)
        and context.frameworks.means(v.object.cls.path, "fillers") is not None
        and v.object.call is not None
        and not any(_may_be_empty(keyword, context) for keyword in v.object.call.keywords)
        for v in values
    ):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and depth < _MAX_DEPTH:
        return _is_made_up(node.func.value, context, depth + 1)
    return False


def _may_be_empty(argument: ast.keyword, context: Context) -> bool:
    """Tell whether an argument may put a tensor on a device where it holds no values."""
    if argument.arg not in context.frameworks.word("device_arguments"):
        return False
    device = argument.value
    return not isinstance(device, ast.Constant) or device.value in context.frameworks.word(
        "empty_devices"
    )


def _report(call: ast.Call, framework: Framework, learned: bool, context: Context) -> Finding:
    module = context.module
    name = dotted(call.func) or module.source(call.func)
    off, on = framework.modes.to_inference[0], framework.modes.to_training[0]
    fix = None
    statement = module.statement(call)
    if off[1] is None and on[1] is None and isinstance(statement, (ast.Assign, ast.Expr)):
        span = module.span(statement)
        fix = Fix(
            UNSAFE,
            f"insert {name}.{off[0]}() before and {name}.{on[0]}() after it",
            (
                InsertStatement(span, f"{name}.{off[0]}()"),
                InsertStatement(span, f"{name}.{on[0]}()", "after"),
            ),
            "the mode may have been chosen before",
        )
    return context.report(
        RULE,
        call,
        f"{name} is run on a made-up input in training mode: its running statistics take a step "
        "towards those of an input that never occurs, with gradients off too",
        help=f"call {name}.{off[0]}() before it, and {name}.{on[0]}() after it",
        confidence="medium" if learned else "low",
        fix=fix,
        trial=_trial(framework),
    )


def _trial(framework: Framework) -> Trial:
    """Compare running statistics after steps in training mode, and in inference."""
    fixed = layer_of_family(framework.name, INFERENCE)
    port = fixed._replace(mode=TRAINING)
    return Trial(STATISTICS, port, fixed, fixed, about="running statistics")
