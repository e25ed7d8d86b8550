"""A model run for inference that nobody has switched to inference mode.

What it does
------------
Follows a model that a script builds. If it is run where gradients are off, in a function that
evaluates, tests or predicts, on data that is held out (``test_loader``), in every phase of a loop
that takes gradients in one of them only, or for a result that is printed, compared or taken out of
the framework once weights are loaded and nothing is trained, and nothing ever switches it to
inference, the call is reported. The text differs where switching gradients off seems to have been
taken for switching the mode.

The whole life of the model must be in view, from where it is built. It is followed through
functions and plain classes of the project in any file: those that build it, that it is passed to,
and that keep it in an attribute, and through lists, dictionaries and partials. What another file
does is reported once, in the file that owns the model, at the call that leads there. A model that
is stored elsewhere, passed to code that is not of the project, returned to other files or given as
a parameter is left alone: whoever calls may have switched it. A call of a package that is not
known does not matter where no file of the project switches anything to inference; the message
names it.

Where it is decided as the script runs which of several models is made, the finding names those in
which batch normalisation is known to be.

Two kinds of code are judged by themselves, whatever the model: a class of which one method switches
what it holds before it infers, and another infers without (``predict()`` calls ``eval()``,
``predict_proba()`` does not, and no caller in view does it for it); and a function that switches to
training in every phase it is asked for, and takes gradients in one of them.

Left alone are what a loader gives, which is in the mode in which it was saved, dry runs on constant
or random tensors (unless weights were loaded and the result is held against another one), calls
whose result is thrown away (they collect statistics), models inside ``forward`` or a training step,
outputs that feed a loss that is differentiated, generators that sample, unit tests, and code that
switches to training on purpose without training.

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

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.purposes import (
    evaluates,
    learns,
    tells_of_mode,
)
from bnlint.semantics.hints.things import is_held_out
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.inference import (
    infers,
    only_gives_result,
    only_infers,
    why_inference,
)
from bnlint.semantics.modes.phases import EveryPhase, tests_phases, training_in_every_phase
from bnlint.semantics.modes.placement import above_loops, placement, trains_after
from bnlint.semantics.modes.siblings import Sibling, siblings
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    may_switch,
    mode_after,
    runs,
)
from bnlint.semantics.objects.allocations import variable_of
from bnlint.semantics.objects.events import METHOD, Life, Use
from bnlint.semantics.objects.history import (
    is_switched_anywhere,
    may_be_switched_elsewhere,
)
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.trial import OUTPUT

RULE = Rule("BN201", "missing-eval", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report inference calls of models that are never switched."""
    shows = _has_inference(context)
    known = set()
    for history in context.histories(shows=shows, initial=TRAINING, whole=False):
        finding = _check(context, history)
        if finding is not None:
            known.add(finding.span)
            yield finding
    asked = context.evaluator, context.module, context.sites
    for sibling in siblings(*asked):
        yield _report_sibling(context, sibling)
    for training in training_in_every_phase(*asked):
        if context.module.span(training.run) not in known:
            yield _report_training(context, training)


def _has_inference(context: Context) -> bool:
    """Tell at little cost whether the file may run anything for inference."""
    module = context.module
    loads = context.frameworks.word("load_methods")
    if any(name in module.calls_by_name for name in loads):
        return True
    names = {path.rpartition(".")[2] for path in context.frameworks.word("gradient_free")}
    if any(name in module.uses for name in names):
        return True
    if any(
        evaluates(function.name) and _runs_objects(function, module.defined)
        for function in module.functions
    ):
        return True
    return any(map(is_held_out, module.uses.nodes)) or tests_phases(context.evaluator, module)


def _runs_objects(function: ast.FunctionDef | ast.AsyncFunctionDef, known: Collection[str]) -> bool:
    """Tell whether a function calls anything but functions and classes, of which ``known`` are."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            root = dotted(node.func).partition(".")[0]
            if not root or (root not in known and not hasattr(builtins, root)):
                return True
    return False


def _check(context: Context, history: History) -> Finding | None:
    ev, module = context.evaluator, context.module
    made, life = history.made, history.life
    if (life.escapes and not _only_outside(life)) or may_switch(
        ev, life, made.framework, INFERENCE
    ):
        return None
    calls = [use for use in life.uses if runs(ev, use)]
    first = next((use for use in calls if infers(ev, use, life)), None)
    if first is None and only_infers(ev, module, life):
        first = next((use for use in calls if only_gives_result(ev, use, life)), None)
    if first is None:
        return None
    if not history.follows_its_mode():
        return None
    if may_be_switched_elsewhere(ev, module, life, made.framework):
        return None
    if life.outside and is_switched_anywhere(ev, module, made.framework):
        return None
    return _report(context, first, history)


def _only_outside(life: Life) -> bool:
    """Tell whether all but functions outside of the project is in view, none named for modes."""
    names = [name.rpartition(".")[2] for name in life.outside]
    return bool(names) and not any(
        tells_of_mode(name) or learns(name) or evaluates(name) for name in names
    )


# ---------------------------------------------------------------------------------- report


def _report(context: Context, use: Use, history: History) -> Finding:
    made, life = history.made, history.life
    ev, module, framework = context.evaluator, context.module, made.framework
    method = framework.modes.to_inference[0][0]
    model: ast.expr | None = use.model
    place = use.node
    if use.module is not module:
        place = use.here
        model = use.via[0].given
    written = dotted(model) if model is not None else ""
    variable = written or variable_of(module, made.call) or module.source(model or place)
    run = as_said(variable)
    if use.module is not module:
        run += f" ({use.seen_from(module)})"
    makers = (candidate.module for candidate in made.candidates)
    nowhere = life.nowhere(method, module, *makers)
    why = why_inference(ev, use)
    if why is None:
        message = (
            f"{run} runs in training mode on the weights that were loaded: {nowhere}, and nothing "
            "trains it, so it normalises with each batch and moves its statistics"
        )
    elif why.phase is not None:
        message = (
            f"{run} runs in training mode in every phase, and gradients are taken only if "
            f"{use.module.source(why.phase)}: {nowhere}, so in the others too it normalises with "
            "each batch and moves its statistics"
        )
    elif why.data:
        message = (
            f"{run} runs on {why.data} in training mode: {nowhere}, so it normalises with each "
            "batch and moves its statistics with data that is held out"
        )
    elif why.is_gradient_free:
        message = (
            f"{run} infers here in training mode: {nowhere}. Switching "
            "gradients off does not switch the mode: it normalises with each batch and goes on "
            "moving its statistics"
        )
    else:
        message = (
            f"{run} runs in {why.function}() in training mode: {nowhere}, so it "
            "normalises with each batch and moves its statistics"
        )
    if life.outside:
        calls = " and ".join(f"{name}()" for name in life.outside)
        message += f" (what {calls} does with it was not looked into)"
    loads = any(True for _ in life.methods(*context.frameworks.word("load_methods")))
    text = f"{variable}.{method}()" if written or use.module is module else ""
    if place is not use.node and _is_woken(place, life, framework):
        text = ""  # what is written before this call would be undone in it
    if why is not None and why.phase is not None:
        text = _by_phase(module, variable, why.phase, framework) if not use.via else ""
        names = {variable, *(n.id for n in ast.walk(why.phase) if isinstance(n, ast.Name))}
        statement = above_loops(module, place, names)
        back = trains_after(ev, module, statement, life, use, framework)
    else:
        statement, back = placement(ev, module, place, variable, life, framework)
    intents = [InsertStatement(module.span(statement), text)]
    if back:
        again = _training(variable, framework)
        intents.append(InsertStatement(intents[0].anchor, again, "after"))
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
        severity="error" if loads and why is not None and why.is_gradient_free else None,
        fix=fix if text else None,
        trial=trial_of_modes(framework, OUTPUT),
        only_if=history.only_if,
    )
    return finding._replace(subject=module.span(made.call).start, argument="mode")


def _report_sibling(context: Context, found: Sibling) -> Finding:
    name = found.function.name
    assert isinstance(found.switch.func, ast.Attribute)
    method = found.switch.func.attr
    text = f"{found.model}.{method}()"
    return context.report(
        RULE,
        found.run,
        f"{as_said(found.model)} runs in {name}() in whichever mode it was left: "
        f"{found.switching.name}() calls {method}() of it, and "
        f"{name}() does not. In training mode it normalises with each batch and moves its "
        "statistics",
        help=f"write {text} before the first inference call, as {found.switching.name}() does "
        f"(line {found.switch.lineno})",
        fix=_switch_above(context, found.run, text, {found.model}),
        trial=trial_of_modes(found.framework, OUTPUT),
    )


def _report_training(context: Context, found: EveryPhase) -> Finding:
    module, test = context.module, context.module.source(found.phase)
    text = _by_phase(module, found.model, found.phase, found.framework)
    return context.report(
        RULE,
        found.run,
        f"{as_said(found.model)} runs in training mode in every phase: line "
        f"{found.switch.lineno} switches "
        f"it whatever the phase, and gradients are taken only if {test}, so in the others too it "
        "normalises with each batch and moves its statistics",
        help=f"write {text or 'a switch that depends on the phase'} there",
        trial=trial_of_modes(found.framework, OUTPUT),
    )


def _switch_above(context: Context, run: ast.expr, text: str, names: Collection[str]) -> Fix:
    """Return the fix that inserts ``text`` above the loops around ``run`` that bind no name."""
    place = above_loops(context.module, run, names)
    return Fix(
        UNSAFE,
        f"insert {text}",
        (InsertStatement(context.module.span(place), text),),
        "the mode may be switched in a way that is not seen",
    )


def _training(variable: str, framework: Framework) -> str:
    """Return the statement that switches a model to training."""
    method, argument = framework.modes.to_training[0]
    return f"{variable}.{method}({'' if argument is None else argument})"


def _by_phase(module: Module, variable: str, phase: ast.expr, framework: Framework) -> str:
    """Return the statement that switches a model to training where ``phase`` holds, if it can be.

    A test that may do more than compare is left alone: it would be made twice.
    """
    if any(isinstance(part, (ast.Call, ast.BoolOp, ast.NamedExpr)) for part in ast.walk(phase)):
        return ""
    test, modes = module.source(phase), framework.modes
    for method, argument in modes.to_training:
        if argument is True:
            return f"{variable}.{method}({test})"
    method, _ = modes.to_inference[0]
    return f"{_training(variable, framework)} if {test} else {variable}.{method}()"


def _is_woken(place: ast.expr, life: Life, framework: Framework) -> bool:
    """Tell whether the call ``place`` leads to a switch to training."""
    return any(
        use.kind == METHOD and use.here is place and mode_after(use, framework) == TRAINING
        for use in life.uses
    )
