"""A model that is run on a made-up input, in training mode, before it is used.

What it does
------------
Reports a layer or model with batch normalisation that a class runs in its constructor, on constant
or random tensors and in training mode, to learn the shape of its output.

Where the layers have learned nothing yet, training soon makes up for it, and confidence is low.

So is a model that a script builds, if it is run so after it was given its weights (to warm it up,
say), and then saved, exported, run on real inputs or, switched to inference, handed on. All of its
life up to there must be in view, and nothing may train it.

Left alone are constructors that switch a mode, layers that never train or whose batch normalisation
is not in view, lazy layers, which need the run to be made, runs on the meta device, models whose
weights are loaded after the run, and those that are only ever tried out: measured, or printed.

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
Switches to inference before the run and, in a constructor, back to training after it.

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
from collections.abc import Iterable, Iterator, Sequence

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.hints.things import generates, tries_out
from bnlint.semantics.modes.dry_runs import is_made_up, may_be_empty
from bnlint.semantics.modes.freezing import normalising_framework
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.placement import placement
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    may_switch,
    mode_after,
    runs,
    switches,
    use_feeds_gradient,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.allocations import Made, variable_of
from bnlint.semantics.objects.events import ESCAPE, EXPORT, METHOD, SAVE, Life, Use, in_order
from bnlint.semantics.objects.history import life_in_call, may_be_switched_elsewhere
from bnlint.semantics.objects.models import Contents, contents, names_in
from bnlint.semantics.objects.order import may_precede
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import sets_up
from bnlint.semantics.values.domain import Candidate, ClassRef, FunctionRef, Instance, Symbol
from bnlint.semantics.values.modules import class_framework
from bnlint.trial import STATISTICS

RULE = Rule("BN209", "probe-in-training-mode", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report runs on made-up inputs in constructors, and of models that are ready."""
    module = context.module
    fillers = {path.rpartition(".")[2] for path in context.frameworks.word("fillers")}
    made_up = (call for name in fillers for call in module.calls_by_name.get(name, ()))
    probes = {run for call in made_up for run in _runs(module, call)}
    functions = {module.enclosing_function(run) for run in probes}
    for cls in module.classes:
        for statement in cls.body:
            if isinstance(statement, ast.FunctionDef) and statement in functions:
                if sets_up(statement):
                    inside = [run for run in probes if module.enclosing_function(run) is statement]
                    inside.sort(key=lambda run: (run.lineno, run.col_offset))
                    yield from _of_setup(statement, cls, inside, context)
    for history in context.histories(shows=bool(probes), initial=TRAINING, whole=False):
        yield from _of_script(history, context)


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
        if not _is_on_made_up(call, module, context):
            continue
        framework = normalising_framework(ev, context.sites, module, call.func)
        if framework is None:
            continue
        if _is_lazy(call.func, context):
            continue  # this run makes its weights
        starts = framework.modes.switch, framework.modes.initial
        if starts != ("object", TRAINING) or class_framework(ev, ClassRef(module, cls)) is None:
            continue
        if _may_be_switched_by_others(call, function, framework, context):
            continue
        learned = _has_learned(call.func, function, context)
        yield _report(call, framework, learned, context)
        return


def _is_on_made_up(call: ast.Call, module: Module, context: Context) -> bool:
    """Tell whether a model is given made-up tensors only, which hold values."""
    ev = context.evaluator
    return bool(call.args) and all(
        is_made_up(ev, module, argument) and not may_be_empty(ev, module, argument)
        for argument in call.args
    )


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
                lives.append(life_in_call(ev, module, function, call))
        lives += [
            life_in_call(ev, module, function, call, argument)
            for argument in call.args
            if ast.dump(argument) == held and not _is_of_framework(call, context)
        ]
    return any(life.escapes or may_switch(ev, life, framework, INFERENCE) for life in lives)


def _is_of_framework(call: ast.Call, context: Context) -> bool:
    """Tell whether a call is one of a framework: ``nn.Sequential(self.body, ...)``."""
    return all(
        isinstance(callee.object, Symbol) and context.frameworks.has_root(callee.object.path)
        for callee in context.evaluator.evaluate(context.module, call.func)
    )


# ---------------------------------------------------------------------------------- scripts


def _of_script(history: History, context: Context) -> Iterator[Finding]:
    """Report the first run on a made-up input of a model that has its weights and is used."""
    ev, module, made, life = context.evaluator, context.module, history.made, history.life
    ran = [use for use in life.uses if runs(ev, use)]
    dry = [use for use in ran if _is_dry(use, context)]
    if not dry or history.in_test or any(use_feeds_gradient(ev, use) for use in ran):
        return
    if any(in_test(step.module, step.node) for step in dry[0].route):
        return
    before, after = _parted(life, dry[0], context)
    if not _is_ready(made, before, after, context) or _is_trained(life, context):
        return
    if not _is_used(after, dry, context) or (life.escapes and not _is_handed_on(after, made)):
        return
    if not history.follows_its_mode() or _has_lazy_layers(history.contents, context):
        return
    if not may_be_switched_elsewhere(ev, module, life, history.framework):
        yield _report_script(dry[0], history, context)


def _is_dry(use: Use, context: Context) -> bool:
    """Tell whether a run is on made-up tensors, and of no model that makes images of noise."""
    assert isinstance(use.node, ast.Call)
    return not generates(dotted(use.node.func)) and _is_on_made_up(use.node, use.module, context)


def _parted(life: Life, run: Use, context: Context) -> tuple[Life, Life]:
    """Return what may be done with a model before ``run``, and what is only done after it."""
    before: list[Use] = []
    after: list[Use] = []
    for use in life.uses:
        if use == run:
            continue
        if use.here is run.here:
            comes_first = in_order(use)[1:] < in_order(run)[1:]
        else:
            comes_first = may_precede(context.evaluator, context.module, use.here, run.here)
        (before if comes_first else after).append(use)
    return life._replace(uses=tuple(before)), life._replace(uses=tuple(after))


def _is_ready(made: Made, before: Life, after: Life, context: Context) -> bool:
    """Tell whether the model has its weights before the run, and may not be switched until then."""
    if any(use.kind == ESCAPE for use in before.uses):
        return False
    if may_switch(context.evaluator, before, made.framework, INFERENCE):
        return False
    loads = context.frameworks.word("load_methods")
    if any(True for _ in after.methods(*loads)):
        return False
    if any(True for _ in before.methods(*loads)):
        return True
    return all(_comes_with_weights(candidate, context) for candidate in made.candidates)


def _is_trained(life: Life, context: Context) -> bool:
    """Tell whether a file that has to do with the model trains something."""
    modules = {context.module, *(use.module for use in life.uses)}
    return any(takes_gradients(context.evaluator, module) for module in modules)


def _is_used(after: Life, dry: Sequence[Use], context: Context) -> bool:
    """Tell whether the model is saved, exported, handed on or run in earnest after the dry runs."""
    for use in after.uses:
        if use.kind in (SAVE, EXPORT) or _is_state(use, context):
            return True
        if runs(context.evaluator, use) and not _is_tried_out(use, dry):
            return True
    return bool(after.escapes)


def _is_state(use: Use, context: Context) -> bool:
    """Tell whether what a use gives, the weights of the model, is given to what saves it."""
    parent = use.module.parents[use.node]
    return (
        use.kind == METHOD
        and isinstance(parent, ast.Call)
        and any(
            isinstance(callee.object, Symbol)
            and context.frameworks.means(callee.object.path, "savers")
            for callee in context.evaluator.evaluate(use.module, parent.func)
        )
    )


def _is_tried_out(use: Use, dry: Sequence[Use]) -> bool:
    """Tell whether a run is one of the ``dry`` ones, or by the name of its input another."""
    assert isinstance(use.node, ast.Call)
    names = [n.id for a in use.node.args for n in ast.walk(a) if isinstance(n, ast.Name)]
    return use in dry or any(map(tries_out, names))


def _is_handed_on(after: Life, made: Made) -> bool:
    """Tell whether it is in view that the model is switched to inference and then handed on."""
    switched = [
        use
        for use in after.uses
        if use.kind == METHOD and mode_after(use, made.framework) == INFERENCE
    ]
    ends = [use for use in after.uses if use.kind == ESCAPE]
    return bool(switched) and all(in_order(switched[0]) < in_order(end) for end in ends)


def _runs(module: Module, made_up: ast.Call) -> Iterator[ast.Call]:
    """Yield the calls that are given a made-up tensor, and may be runs of a model."""
    node, parent = _outermost(module, made_up)
    given = [(node, parent)]
    if isinstance(parent, (ast.Assign, ast.AnnAssign)):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        given = [_outermost(module, use) for name in names for use in module.uses.of(name)]
    for _, call in given:
        if isinstance(call, ast.Call):
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
    return any(
        _has_lazy_layers(contents(context.evaluator, context.sites, value), context)
        for value in found
    )


def _has_lazy_layers(found: Contents, context: Context) -> bool:
    lazy = tuple(
        path.rpartition(".")[2].removesuffix("*") for path in context.frameworks.word("lazy_layers")
    )
    return any(name.startswith(lazy) for node in found.nodes for name in names_in(node))


def _has_learned(model: ast.expr, function: ast.FunctionDef, context: Context) -> bool:
    """Tell whether a model comes with weights, or is given some in its constructor."""
    values = context.evaluator.evaluate(context.module, model)
    if any(_comes_with_weights(value, context) for value in values):
        return True
    loads = context.frameworks.word("load_methods")
    return any(isinstance(p, ast.Attribute) and p.attr in loads for p in ast.walk(function))


def _comes_with_weights(candidate: Candidate, context: Context) -> bool:
    """Tell whether the call that makes a model asks for weights."""
    match candidate.object:
        case Instance(call=ast.Call(keywords=keywords)):
            asks = context.frameworks.word("weights_arguments")
            given = [k.value for k in keywords if k.arg in asks]
            return any(not isinstance(v, ast.Constant) or bool(v.value) for v in given)
    return False


def _report(call: ast.Call, framework: Framework, learned: bool, context: Context) -> Finding:
    module = context.module
    name = dotted(call.func) or module.source(call.func)
    (off, _), (on, _) = framework.modes.to_inference[0], framework.modes.to_training[0]
    fix = None
    statement = module.statement(call)
    if isinstance(statement, (ast.Assign, ast.Expr)):
        span = module.span(statement)
        fix = Fix(
            UNSAFE,
            f"insert {name}.{off}() before and {name}.{on}() after it",
            (
                InsertStatement(span, f"{name}.{off}()"),
                InsertStatement(span, f"{name}.{on}()", "after"),
            ),
            "the mode may have been chosen before",
        )
    return context.report(
        RULE,
        call,
        f"{as_said(name)} is run on a made-up input in training mode: its running statistics "
        "take a step "
        "towards those of an input that never occurs, with gradients off too",
        help=f"call {name}.{off}() before it, and {name}.{on}() after it",
        confidence="medium" if learned else "low",
        fix=fix,
        trial=trial_of_modes(framework, STATISTICS),
    )


def _report_script(use: Use, history: History, context: Context) -> Finding:
    made, life = history.made, history.life
    module, method = context.module, made.framework.modes.to_inference[0][0]
    assert isinstance(use.node, ast.Call)
    model: ast.expr | None = use.node.func
    match model:
        case ast.Attribute(value) if use.kind == METHOD:  # model.forward(x)
            model = value
    through = ""
    if use.module is not module:
        model, through = use.via[0].given, f" ({use.seen_from(module)})"
    name = dotted(model) if model is not None else ""
    fix = None
    if name:
        at = placement(context.evaluator, module, use.here, name, life, made.framework)
        fix = Fix(
            UNSAFE,
            f"insert {name}.{method}()",
            (InsertStatement(module.span(at.statement), f"{name}.{method}()"),),
            "the mode may be switched in a way that is not seen",
        )
    name = name or variable_of(module, made.call) or "the model"
    return context.report(
        RULE,
        use.here,
        f"{as_said(name)} is run on a made-up input in training mode{through}: its running "
        "statistics, which came with its weights, take a step towards those of an input that "
        "never occurs, with gradients off too",
        help=f"call {name}.{method}() before it",
        fix=fix,
        trial=trial_of_modes(made.framework, STATISTICS),
        only_if=history.only_if,
    )
