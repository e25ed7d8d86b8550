"""A model run for inference that nobody has switched to inference mode.

What it does
------------
Follows a model that a script builds. If it is run where gradients are off, in a function that
evaluates, tests or predicts, or for a result that is printed, compared or taken out of the
framework once weights are loaded and nothing is trained, and nothing ever switches it to inference,
the call is reported. The text differs where switching gradients off seems to have been taken for
switching the mode.

The whole life of the model must be in view, from where it is built. It is followed through
functions and plain classes of the project in any file: those that build it, that it is passed to,
and that keep it in an attribute, and through lists, dictionaries and partials. What another file
does is reported once, in the file that owns the model, at the call that leads there. A model that
is stored elsewhere, passed to code that is not of the project, returned to other files or given as
a parameter is left alone: whoever calls may have switched it. A call of a package that is not
known does not matter where no file of the project switches anything to inference; the message
names it. Left alone, too, are what a loader gives, which is in the mode in which it was saved, dry
runs on constant or random tensors, calls whose result is thrown away (they collect statistics),
models inside ``forward`` or a training step, outputs that feed a loss that is differentiated,
generators that sample, unit tests, and code that switches to training on purpose without training.

Why it matters
--------------
``torch.no_grad()`` does not change the mode. In training mode the output for a sample depends on
the batch it is in, and every forward pass moves the running statistics, without gradients too.

Example
-------
Hazard:

    import torch
    import torchvision

    model = torchvision.models.resnet18()
    model.load_state_dict(torch.load("weights.pt"))

    def predict(image):
        with torch.no_grad():
            return model(image)

Clean:

    import torch
    import torchvision

    model = torchvision.models.resnet18()
    model.load_state_dict(torch.load("weights.pt"))
    model.eval()

    def predict(image):
        with torch.no_grad():
            return model(image)

Fix
---
Inserts ``model.eval()`` above the loop or block in which the model infers, and ``model.train()``
after it where the model trains on.

Fix safety
----------
Unsafe always: that nothing else switches the mode is inferred from all of the model's life that is
in view.

Numbers
-------
On N(2, 9), training and inference of a fresh layer differ by 6.76; one such forward moves the
running mean by 0.24, under ``no_grad`` too.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator

from bnlint.engine.trials import layer_of_family
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test, is_unit_test
from bnlint.semantics.hints.purposes import (
    evaluates,
    learns,
    runs_in_training_on_purpose,
    tells_of_mode,
    trains,
)
from bnlint.semantics.hints.things import generates, tries_out
from bnlint.semantics.modes.dry_runs import is_made_up
from bnlint.semantics.modes.placement import placement
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    gives_result,
    has_gradient,
    is_gradient_free,
    is_made_of_switched,
    manages_itself,
    may_switch,
    mode_after,
    runs,
    use_feeds_gradient,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.allocations import Made, constructions_for, variable_of
from bnlint.semantics.objects.events import METHOD, CallSite, Life, Use
from bnlint.semantics.objects.history import (
    is_switched_anywhere,
    life_of,
    may_be_switched_elsewhere,
)
from bnlint.semantics.objects.models import is_forward
from bnlint.semantics.syntax.module import dotted
from bnlint.startup.typed import NamedTuple
from bnlint.trial import OUTPUT, Trial

RULE = Rule("BN201", "missing-eval", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report inference calls of models that are never switched."""
    shows = _has_inference(context)
    for made in constructions_for(context.evaluator, context.module, shows=shows):
        modes = made.framework.modes
        if modes.switch == "object" and modes.initial == TRAINING:
            finding = _check(context, made)
            if finding is not None:
                yield finding


def _has_inference(context: Context) -> bool:
    """Tell at little cost whether the file may run anything for inference."""
    module = context.module
    loads = context.frameworks.word("load_methods")
    if any(name in module.calls_by_name for name in loads):
        return True
    names = {path.rpartition(".")[2] for path in context.frameworks.word("gradient_free")}
    if any(name in module.uses for name in names):
        return True
    return any(
        evaluates(function.name) and _runs_objects(function, module.defined)
        for function in module.functions
    )


def _runs_objects(function: ast.FunctionDef | ast.AsyncFunctionDef, known: Collection[str]) -> bool:
    """Tell whether a function calls anything but functions and classes, of which ``known`` are."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            root = dotted(node.func).partition(".")[0]
            if not root or (root not in known and not hasattr(builtins, root)):
                return True
    return False


def _check(context: Context, made: Made) -> Finding | None:
    ev, module = context.evaluator, context.module
    life = life_of(ev, module, made.origins)
    if (life.escapes and not _only_outside(life)) or may_switch(
        ev, life, made.framework, INFERENCE
    ):
        return None
    calls = [use for use in life.uses if runs(ev, use)]
    first = next((use for use in calls if _is_inference(use, life, context)), None)
    if first is None and _only_infers(life, context):
        first = next((use for use in calls if _gives_result(use, context)), None)
    if first is None:
        return None
    found = made.contents(ev, context.sites)
    if not found.normalises or manages_itself(ev, found, made.framework):
        return None
    if is_made_of_switched(ev, module, made):
        return None
    if may_be_switched_elsewhere(ev, module, life, made.framework):
        return None
    if life.outside and is_switched_anywhere(ev, module, made.framework):
        return None
    return _report(context, first, life, made)


def _only_outside(life: Life) -> bool:
    """Tell whether all but functions outside of the project is in view, none named for modes."""
    names = [name.rpartition(".")[2] for name in life.outside]
    return bool(names) and not any(
        tells_of_mode(name) or learns(name) or evaluates(name) for name in names
    )


# ---------------------------------------------------------------------------------- one call


def _is_inference(use: Use, life: Life, context: Context) -> bool:
    why = _why_inference(use, context)
    if why is None or isinstance(use.module.parents[use.node], ast.Expr):
        return False  # what gives nothing back is run for its effect on the statistics
    for step in use.route:
        if (
            _is_meant(step, context)
            or is_unit_test(step.module, step.node)
            or _tries_out(step, context)
        ):
            return False
    ev = context.evaluator
    trains = any(has_gradient(ev, _function(step)) for step in use.route)
    if has_gradient(ev, _function(why.step)) and why.name:
        return False
    if not trains and _switched_to_training(use, life, context) and not _is_trained(life, context):
        return False
    return not use_feeds_gradient(ev, use)


def _only_infers(life: Life, context: Context) -> bool:
    """Tell whether weights are loaded into the model, and nothing in its life trains it."""
    ev = context.evaluator
    weights = context.frameworks.word("weights_attributes")
    if not any(True for _ in life.methods(*context.frameworks.word("load_methods"))):
        return False
    modules = {context.module, *(use.module for use in life.uses)}
    if any(takes_gradients(ev, module) for module in modules):
        return False
    return not any(
        use.name in weights
        or (
            use.kind == METHOD
            and any(mode_after(use, f) == TRAINING for f in ev.frameworks.frameworks.values())
        )
        for use in life.uses
    )


def _gives_result(use: Use, context: Context) -> bool:
    """Tell whether a run gives a result, and is no test or trial."""
    return gives_result(context.evaluator, use) and not any(
        _is_meant(step, context)
        or _tries_out(step, context)
        or is_unit_test(step.module, step.node)
        or in_test(step.module, step.node)
        for step in use.route
    )


class _Why(NamedTuple):
    """Why a call counts as inference: the name of a function that it is in, or gradients are off.

    ``name`` is empty in the second case. ``step`` is the part of the way to the call that says so.
    """

    step: CallSite
    name: str = ""


def _why_inference(use: Use, context: Context) -> _Why | None:
    """Return why the call counts as inference, if it does: what is nearest to it decides."""
    ev = context.evaluator
    for step in reversed(use.route):
        for around in step.module.ancestors(step.node):
            if isinstance(around, (ast.With, ast.AsyncWith)):
                if any(is_gradient_free(ev, step.module, i.context_expr) for i in around.items):
                    return _Why(step)
            elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if any(is_gradient_free(ev, step.module, d) for d in around.decorator_list):
                    return _Why(step)
                if evaluates(around.name) and not trains(around.name):
                    return _Why(step, around.name)
    return None


def _function(step: CallSite) -> ast.AST:
    return step.module.enclosing_function(step.node) or step.module.tree


def _is_meant(step: CallSite, context: Context) -> bool:
    """Tell whether training mode is meant: in a forward pass, by what it is called, or adapting."""
    if isinstance(step.node, ast.Call) and generates(dotted(step.node.func)):
        return True
    return any(
        is_forward(context.evaluator, step.module, around)
        or runs_in_training_on_purpose(around.name)
        for around in step.module.ancestors(step.node)
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def _switched_to_training(use: Use, life: Life, context: Context) -> bool:
    """Tell whether a function on the way to the call switches the model to training itself."""
    functions = [_function(step) for step in use.route]
    return any(
        other.kind == METHOD
        and _function(other.route[-1]) in functions
        and any(
            mode_after(other, framework) == TRAINING
            for framework in context.frameworks.frameworks.values()
        )
        for other in life.uses
    )


def _is_trained(life: Life, context: Context) -> bool:
    """Tell whether gradients are taken of what the model gives, in another file or in a method."""
    ev = context.evaluator
    return any(runs(ev, u) and u.via and use_feeds_gradient(ev, u) for u in life.uses)


def _tries_out(step: CallSite, context: Context) -> bool:
    """Tell whether the model is only tried out: on constant or random tensors, or on noise."""
    if not isinstance(step.node, ast.Call):
        return False
    args = [argument for argument in step.node.args if argument is not step.given]
    names = [p.id for a in args for p in ast.walk(a) if isinstance(p, ast.Name)]
    if any(map(tries_out, names)):
        return True
    some_or_all = any if step.given is not None else all  # a helper takes more than the input
    return bool(args) and some_or_all(is_made_up(context.evaluator, step.module, a) for a in args)


# ---------------------------------------------------------------------------------- report


def _report(context: Context, use: Use, life: Life, made: Made) -> Finding:
    module, framework = context.module, made.framework
    method = framework.modes.to_inference[0][0]
    assert isinstance(use.node, ast.Call)
    model = use.node.func
    if use.kind == METHOD and isinstance(model, ast.Attribute):  # model.forward(x)
        model = model.value
    place: ast.expr = use.node
    if use.module is not module:
        place = use.here
        model = use.via[0].given or use.here
    variable = dotted(model) or variable_of(module, made.call) or module.source(model)
    run = variable if use.module is module else f"{variable} ({use.seen_from(module)})"
    makers = (candidate.module for candidate in made.candidates)
    nowhere = life.nowhere(method, module, *makers)
    why = _why_inference(use, context)
    if why is None:
        message = (
            f"{run} runs in training mode on the weights that were loaded: {nowhere}, and nothing "
            "trains it, so it normalises with each batch and moves its statistics"
        )
    elif not why.name:
        message = (
            f"{run} infers here in training mode: {nowhere}. Switching "
            "gradients off does not switch the mode: it normalises with each batch and goes on "
            "moving its statistics"
        )
    else:
        message = (
            f"{run} runs in {why.name}() in training mode: {nowhere}, so it "
            "normalises with each batch and moves its statistics"
        )
    if life.outside:
        calls = " and ".join(f"{name}()" for name in life.outside)
        message += f" (what {calls} does with it was not looked into)"
    loads = any(True for _ in life.methods(*context.frameworks.word("load_methods")))
    text = f"{variable}.{method}()" if dotted(model) or use.module is module else ""
    if place is not use.node and _is_woken(place, life, framework):
        text = ""  # what is written before this call would be undone in it
    at = placement(context.evaluator, module, place, variable, life, framework)
    intents = [InsertStatement(module.span(at.statement), text)]
    if at.back:
        intents.append(InsertStatement(intents[0].anchor, _training(variable, framework), "after"))
    fix = Fix(
        UNSAFE,
        f"insert {text}",
        tuple(intents),
        "the mode may be switched in a way that is not seen",
    )
    finding = context.report(
        RULE,
        place,
        message,
        help=f"write {text or f'{method}() of the model'} before the first inference call",
        severity="error" if loads and why is not None and not why.name else None,
        fix=fix if text else None,
        trial=_trial(framework),
    )
    return finding._replace(subject=module.span(made.call).start, argument="mode")


def _training(variable: str, framework: Framework) -> str:
    """Return the statement that switches a model to training."""
    method, argument = framework.modes.to_training[0]
    return f"{variable}.{method}({'' if argument is None else argument})"


def _is_woken(place: ast.expr, life: Life, framework: Framework) -> bool:
    """Tell whether the call ``place`` leads to a switch to training."""
    return any(
        use.kind == METHOD and use.here is place and mode_after(use, framework) == TRAINING
        for use in life.uses
    )


def _trial(framework: Framework) -> Trial:
    """Compare what a new layer gives in the mode it starts in, and in inference."""
    fixed = layer_of_family(framework.name, INFERENCE)
    port = fixed._replace(mode=TRAINING)
    return Trial(OUTPUT, port, fixed, fixed, about="output in inference")
