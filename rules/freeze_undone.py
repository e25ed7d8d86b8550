"""Layers that are put into inference mode to freeze them, and woken by the next ``train()``.

What it does
------------
Reports batch normalisation layers, or a part of a model that holds some, that are put into
inference mode (in a loop over the layers, by ``apply``, by a method of the model, by
``model.backbone.eval()``) where ``train()`` of the whole model comes later and the freeze does not
come again before training goes on. All of the model's life must be in view.

So is a class whose constructor freezes a part of itself, that has other layers to be trained, and
that has no ``train()`` of its own to freeze the part again.

To call ``train()`` first and to freeze then is the right order. Left alone are classes that switch
modes in other places too, those that freeze under a flag which nothing in the project sets, and
modules whose trainer leaves each part in its mode.

Why it matters
--------------
``train()`` switches every layer below the model. The layers that were to stand still normalise with
each batch again, and their statistics drift, from the first epoch on.

Example
-------
Hazard:

    import torch
    import torch.nn as nn
    import torchvision

    model = torchvision.models.resnet18(weights="DEFAULT")
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
    for epoch in range(10):
        model.train()
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

Clean:

    import torch
    import torch.nn as nn
    import torchvision

    model = torchvision.models.resnet18(weights="DEFAULT")
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for epoch in range(10):
        model.train()
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

Fix
---
Writes the freeze again after ``train()``; in a class, a ``train()`` that does.

Fix safety
----------
Unsafe always: that the layers are frozen for a while only may be meant.

Not written where freeze and ``train()`` stand in different functions.

Numbers
-------
After ``train()``, ``training`` of a layer that was put into inference mode is True again; 10 steps
then take its running mean 65 % of the way from its old value to that of the new data.

References
----------
Measured with torch 2.13.0. What trainers do: read in lightning 2.6.6.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.files.display import current, displayed
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.modes.freezing import (
    has_other_weights,
    holds_freeze,
    is_for_norm_layers,
    is_kept_out,
    is_of_norm,
    is_part_switched,
    normalising_framework,
    runs_only_at_setup,
)
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    mode_after,
    runs,
    switches,
    switches_to,
)
from bnlint.semantics.modes.training import may_be_woken, takes_gradients
from bnlint.semantics.objects.allocations import Made
from bnlint.semantics.objects.events import METHOD, PART, Frame, Use, frames, in_order
from bnlint.semantics.objects.history import switched_by_users
from bnlint.semantics.objects.order import (
    are_exclusive,
    calls_later,
    common_loop,
    is_after,
    running_in,
)
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.classes import method, outside_bases, sets_up
from bnlint.semantics.values.domain import ClassRef, FunctionRef, Instance, Symbol
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework
from bnlint.trial import STATISTICS

#: Functions that are called one out of another are followed this far.
_MAX_CALLS = 3

RULE = Rule("BN252", "freeze-undone", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report freezes that a later switch of the whole model undoes."""
    modes = [framework.modes for framework in context.frameworks.frameworks.values()]
    infers = any(switches_to(context.module, m.to_inference) for m in modes)
    trains = any(switches_to(context.module, m.to_training) for m in modes)
    shows = (infers and trains) or _applies(context)
    for history in context.histories(shows=shows):
        yield from _of_object(history, context)
    if not infers:
        return
    for cls in context.module.classes:
        yield from _of_class(ClassRef(context.module, cls), context)


def _applies(context: Context) -> bool:
    """Tell at little cost whether the file may freeze by a function of another file."""
    visits = context.frameworks.word("visits")
    if not any(method in context.module.calls_by_name for method in visits):
        return False
    return takes_gradients(context.evaluator, context.module)


# ---------------------------------------------------------------------------------- objects


def _of_object(history: History, context: Context) -> Iterator[Finding]:
    module, made, life = context.module, history.made, history.life
    freezes = [use for use in life.uses if _freezes(use, made, context)]
    if not freezes or not any(_wakes(use, made) for use in life.uses):
        return
    if not history.contents.normalises or _overrides(made, context):
        return
    for frame in frames(module, life):
        freezes = [use for use in frame.life.uses if _freezes(use, made, context)]
        wakes = [use for use in frame.life.uses if _wakes(use, made)]
        for freeze in freezes:
            wake = next((w for w in wakes if _undoes(w, freeze, freezes, frame, context)), None)
            if wake is not None and not in_test(freeze.module, freeze.node):
                yield _report(freeze, wake, frame, history, context)
                return


def _wakes(use: Use, made: Made) -> bool:
    return use.kind == METHOD and mode_after(use, made.framework) == TRAINING


def _overrides(made: Made, context: Context) -> bool:
    """Tell whether the class of the object has a way of its own to be switched."""
    match made.candidate.object:
        case Instance(cls=ClassRef() as cls):
            if not all(isinstance(p, Symbol) for p in outside_bases(context.evaluator, cls)):
                return True
            names = switches(made.framework)
            return any(method(context.evaluator, cls, name) is not None for name in names)
    return False


def _freezes(use: Use, made: Made, context: Context) -> bool:
    """Tell whether a use puts a part of the model, with its normalisation, into inference mode."""
    ev, module, framework = context.evaluator, use.module, made.framework
    call = use.node
    if not isinstance(call, ast.Call):
        return False
    if use.kind == PART:
        return mode_after(use, framework) == INFERENCE and is_of_norm(
            ev, context.sites, module, call
        )
    if use.kind != METHOD or use.name in switches(framework):
        return False
    for argument in call.args:  # model.apply(freeze_bn)
        if isinstance(argument, (ast.Name, ast.Attribute)):
            for value in context.evaluator.evaluate(module, argument):
                if isinstance(value.object, FunctionRef):
                    return holds_freeze(value.object.module, value.object.node, framework)
    match made.candidate.object:
        case Instance(cls=ClassRef() as cls):
            own = method(context.evaluator, cls, use.name)
            return own is not None and holds_freeze(own[0].module, own[1], framework)
    return False


def _undoes(wake: Use, freeze: Use, freezes: list[Use], frame: Frame, context: Context) -> bool:
    """Tell whether ``wake`` is sure to come after ``freeze``, and training after that."""
    module = frame.module
    in_other_only = False
    if freeze.here is wake.here:
        return False  # one call does both: the frame of what it calls tells in which order
    around, other = running_in(module, freeze.here), running_in(module, wake.here)
    rests = [*freezes, *(u for u in frame.life.uses if _rests_part_of(u, freeze, context))]
    again = [f for f in rests if running_in(module, f.here) is other and _comes_after(f, wake)]
    if any(f is not freeze for f in again):
        return False
    if around is other:
        if is_after(freeze.here, wake.here) or are_exclusive(module, wake.here, freeze.here):
            return False
    elif len(freezes) > 1:
        return False
    elif not calls_later(context.evaluator, module, freeze.here, other):
        again_each_pass = _comes_before(freeze.here, wake.here, frame, context)
        if again_each_pass is None:
            return False
        in_other_only = again_each_pass
    return any(
        runs(context.evaluator, use)
        and feeds_gradient(context.evaluator, use.module, use.node, (*frame.outer, *use.via))
        and (
            _comes_after(use, wake) if running_in(module, use.here) is other else not in_other_only
        )
        for use in frame.life.uses
    )


def _rests_part_of(use: Use, freeze: Use, context: Context) -> bool:
    """Tell whether ``use`` puts a part of the name of the one that ``freeze`` rests to inference.

    What the part is may not be known there: ``model.backbone`` of a parameter.
    """
    if use.kind != PART or _part_of(use) != _part_of(freeze):
        return False
    frameworks = context.frameworks.frameworks.values()
    return any(mode_after(use, framework) == INFERENCE for framework in frameworks)


def _part_of(use: Use) -> str:
    """Return the name of the part that a method is called of, whatever it is a part of."""
    func = use.node.func if isinstance(use.node, ast.Call) else None
    return last_name(func.value) if isinstance(func, ast.Attribute) else ""


def _comes_before(freeze: ast.expr, wake: ast.expr, frame: Frame, context: Context) -> bool | None:
    """Tell whether what freezes and what wakes are both run, in this order, by each pass of a loop.

    Each may stand in a function that is called in one place. ``None`` where the order is another
    or not known.
    """
    module = frame.module
    for at in _called_from(freeze, frame, context):
        for then in _called_from(wake, frame, context):
            if running_in(module, at) is not running_in(module, then):
                continue
            if not is_after(then, at) or are_exclusive(module, at, then):
                return None
            return common_loop(module, then, at) is not None
    return None


def _called_from(node: ast.expr, frame: Frame, context: Context) -> Iterator[ast.expr]:
    """Yield ``node``, and the one call of the function that it stands in, and so on outwards."""
    for _ in range(_MAX_CALLS):
        yield node
        function = running_in(frame.module, node)
        if not isinstance(function, ast.FunctionDef):
            return
        found = callers(context.evaluator, frame.module, function)
        if len(found) != 1:
            return
        node = found[0][0]


def _comes_after(use: Use, other: Use) -> bool:
    if use.here is other.here:
        return in_order(use) > in_order(other)
    return is_after(use.here, other.here)


# ---------------------------------------------------------------------------------- classes


_CALLED: Memo[tuple[Module, str], dict[ast.AST, list[ast.Call]]] = Memo()


def _called_in(context: Context, name: str) -> dict[ast.AST, list[ast.Call]]:
    """Return the calls of methods called ``name`` by the class they stand in."""
    known, module = _CALLED.of(context.evaluator), context.module
    if (module, name) not in known:
        found = known[module, name] = {}
        for call in module.calls_by_name.get(name, ()):
            cls = module.enclosing_class(call)
            if cls is not None and isinstance(call.func, ast.Attribute):
                found.setdefault(cls, []).append(call)
    return known[module, name]


def _of_class(cls: ClassRef, context: Context) -> Iterator[Finding]:
    """Report parts that a class freezes in its constructor and leaves to ``train()``."""
    ev, module = context.evaluator, context.module
    framework = class_framework(ev, cls)
    if framework is None or framework.modes.switch != "object":
        return
    methods = switches(framework)
    calls = [
        call for name in sorted(methods) for call in _called_in(context, name).get(cls.node, ())
    ]
    if not calls or any(method(ev, cls, name) is not None for name in methods):
        return
    for base in outside_bases(ev, cls):
        if not isinstance(base, Symbol) or ev.frameworks.means(base.path, "keeps_modes"):
            return
        if not ev.frameworks.has_root(base.path) and not base.path.startswith(
            ("builtins.", "abc.")
        ):
            return
    if not all(runs_only_at_setup(ev, module, call, cls) for call in calls):
        return
    if any(_may_be_called_elsewhere(call, context) for call in calls):
        return
    if not may_be_woken(ev, cls, framework):
        return
    if any(
        mode_after(Use(PART, call, module, last_name(call.func)), framework) != INFERENCE
        for call in calls
    ):
        return  # switched back at once: it was to be run there
    for call in calls:
        part = _frozen_part(call, context)
        if part is None or not has_other_weights(ev, part, cls):
            continue
        if part and is_part_switched(module, part, methods, calls):
            continue
        if not in_test(module, call) and not is_kept_out(ev, module, call, cls):
            yield _report_class(call, framework, context)
            return


def _may_be_called_elsewhere(call: ast.Call, context: Context) -> bool:
    """Tell whether another file calls a method of the name around ``call``: to freeze again."""
    module, resolver = context.module, context.project.resolver
    function = module.enclosing_function(call)
    name = getattr(function, "name", "")
    if resolver is None or sets_up(function):
        return False
    found = resolver.sources.search(module.file, rf"(?<!\bself)\.{re.escape(name)}\(")
    return bool(set(found) - {module.file})


def _frozen_part(call: ast.Call, context: Context) -> str | None:
    """Return the name of the part that is frozen, empty for layers of the whole, else ``None``."""
    module = context.module
    assert isinstance(call.func, ast.Attribute)
    held = call.func.value
    if isinstance(held, ast.Name):  # for m in self.modules()
        return "" if is_for_norm_layers(module, call) else None
    if not isinstance(held, ast.Attribute) or not isinstance(held.value, ast.Name):
        return None
    if normalising_framework(context.evaluator, context.sites, module, held) is None:
        return None
    return held.attr


# ---------------------------------------------------------------------------------- reports


def _report(freeze: Use, wake: Use, frame: Frame, history: History, context: Context) -> Finding:
    module = context.module
    text, waking = freeze.module.source(freeze.node), wake.module.source(wake.node)
    place = freeze.node
    if freeze.module is not module:
        place = frame.anchor(freeze.here)
        text = f"{text} ({freeze.seen_from(module)})"
    is_here = freeze.module is module and wake.module is module
    return context.report(
        RULE,
        place,
        f"{text} is undone by {waking} ({wake.seen_from(module)}), which puts every layer into "
        "training mode again: batch normalisation normalises with each batch, and its statistics "
        "drift",
        help=f"freeze after {waking}",
        fix=_again(freeze.node, wake.node, context) if is_here else None,
        trial=trial_of_modes(history.framework, STATISTICS),
        only_if=history.only_if,
    )


def _again(freeze: ast.expr, wake: ast.expr, context: Context) -> Fix | None:
    """Return the fix that repeats the freeze after the model is switched."""
    module = context.module
    if running_in(module, freeze) is not running_in(module, wake):
        return None
    at = module.statement(wake)
    statement: ast.stmt = module.statement(freeze)
    for around in module.ancestors(freeze):
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
            break
        if isinstance(around, (ast.For, ast.AsyncFor)):
            statement = around
    if not isinstance(at, ast.Expr):
        return None
    first, *rest = module.source(statement).splitlines()
    indent = " " * statement.col_offset
    if any(line.strip() and not line.startswith(indent) for line in rest):
        return None
    text = "\n".join([first, *(line[len(indent) :] for line in rest)])
    intents = (InsertStatement(module.span(at), text, "after"),)
    return Fix(UNSAFE, "freeze again here", intents, "the layers may be frozen for a while only")


def _report_class(call: ast.Call, framework: Framework, context: Context) -> Finding:
    module = context.module
    waking, fix = framework.modes.to_training[0][0], None
    takes_mode = (waking, True) in framework.modes.to_training
    match call.func:
        case ast.Attribute(value=ast.Attribute() as part) if takes_mode:
            me = dotted(part).partition(".")[0]
            lines = (
                "",
                f"def {waking}({me}, mode=True):",
                f"    super().{waking}(mode)",
                f"    {dotted(part)}.{framework.modes.to_inference[0][0]}()",
                f"    return {me}",
            )
            around = next(module.definitions(call))
            intents = (InsertStatement(module.span(around), "\n".join(lines), "after"),)
            why = "the part may be meant to stand still for a while only"
            fix = Fix(UNSAFE, f"write a {waking}() that freezes the part again", intents, why)
    resolver, where = context.project.resolver, ""
    if resolver is not None:
        found = switched_by_users(resolver, module, framework, to=TRAINING)
        if found is not None:
            where = f" ({displayed(found[0], current())}:{found[1]})"
    return context.report(
        RULE,
        call,
        f"{module.source(call)} in the constructor lasts until the first {waking}() of the whole "
        f"model{where}, which puts every layer into training mode again: batch normalisation "
        "normalises with each batch, and its statistics drift",
        help=f"override {waking}() so that it freezes again after that of the base class",
        fix=fix,
        trial=trial_of_modes(framework, STATISTICS),
    )
