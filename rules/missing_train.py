"""A loop that switches its model to inference, and never back to training.

What it does
------------
Follows a model that a script builds. If a loop trains it, switches it to inference after that in
the same pass (for validation, say, itself or in a function it calls), and nothing in the loop
switches it back, the switch is reported. All of the model's life must be in view. Of a function
that is told which mode to switch to, what each call tells it counts.

Left alone are loops that switch to inference before they train, which is how layers are frozen on
purpose, switches on the way out of the loop, modes that are saved and restored, and classes that
switch themselves.

Why it matters
--------------
Only the first pass trains in training mode. From the second on, batch normalisation uses running
statistics that no longer move, while the weights before it go on changing, and dropout is off.

Example
-------
Hazard:

    import torch
    import torch.nn as nn
    import torchvision

    model = torchvision.models.resnet18()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    model.train()
    for epoch in range(10):
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for x, y in validation:
                print((model(x).argmax(1) == y).sum())

Clean:

    import torch
    import torch.nn as nn
    import torchvision

    model = torchvision.models.resnet18()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for epoch in range(10):
        model.train()
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for x, y in validation:
                print((model(x).argmax(1) == y).sum())

Fix
---
Inserts ``model.train()`` at the head of the loop.

Fix safety
----------
Unsafe always: that the model is to stand in inference mode after its first pass may be meant.

Not written where the loop does not name the model.

Numbers
-------
In 10 passes with a validation after each, the running mean of a layer goes 10 % of the way to its
batches', which is what one pass does; with ``train()`` in each pass, 65 %.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    may_switch,
    mode_after,
    mode_at,
    runs,
    switches,
    switches_to,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.aliases import aliases_at, is_copy
from bnlint.semantics.objects.allocations import Made
from bnlint.semantics.objects.events import CALL, METHOD, Frame, Life, Use, frames, in_order
from bnlint.semantics.objects.order import LOOPS, Way, is_after, places_in, running_in, ways_in
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.domain import Unknown
from bnlint.trial import STATISTICS

RULE = Rule("BN202", "missing-train", "warning", confidence="medium")

_Loop = ast.For | ast.AsyncFor | ast.While

_LEAVES = (ast.Break, ast.Return, ast.Raise)


def check_file(context: Context) -> Iterator[Finding]:
    """Report switches to inference after which a loop goes on training."""
    ev, module = context.evaluator, context.module
    shows = _may_infer(context) and takes_gradients(ev, module)
    for history in context.histories(shows=shows):
        if history.in_test or not _may_miss(history.life, history.framework):
            continue
        if not history.follows_its_mode():
            continue
        told: set[ast.AST] = set()
        for frame in frames(module, history.life):
            yield from _check(history, frame, context, told)


def _may_infer(context: Context) -> bool:
    frameworks = context.frameworks.frameworks.values()
    return any(
        switches_to(context.module, framework.modes.to_inference)
        or any(
            isinstance(argument, ast.Name)  # train(flag)
            for method in switches(framework)
            for call in context.module.calls_by_name.get(method, ())
            if isinstance(call.func, ast.Attribute)
            for argument in call.args
        )
        for framework in frameworks
    )


def _may_miss(life: Life, framework: Framework) -> bool:
    return any(
        use.kind == METHOD and mode_after(use, framework) in (INFERENCE, "") for use in life.uses
    )


def _check(
    history: History, frame: Frame, context: Context, told: set[ast.AST]
) -> Iterator[Finding]:
    """Report the switches of one function that were not ``told`` of before, with their loops."""
    ev, module, life = context.evaluator, frame.module, frame.life
    made, framework = history.made, history.framework
    switched = [(u, mode_after(u, framework)) for u in life.uses if u.kind == METHOD]
    switched = [(use, mode) for use, mode in switched if mode is not None]
    plain = Life(tuple(u for u in life.uses if all(u is not use for use, _ in switched)))
    if not switched or may_switch(ev, plain, framework, TRAINING):
        return  # parts of it are switched, or methods of its own may do so
    trained = [
        use
        for use in life.uses
        if runs(ev, use) and feeds_gradient(ev, use.module, use.node, (*frame.outer, *use.via))
    ]
    for loop in _loops(frame):
        if not frame.outer and places_in(ev, module, loop, made.call):
            continue  # each pass has a model of its own
        trains = [(use, at) for use in trained for at in places_in(ev, module, loop, use.here)]
        if not trains:
            continue
        modes = [
            (use, way.place, mode_at(ev, use, framework, way.env))
            for use, _ in switched
            for way in ways_in(ev, module, loop, use.here)
            if _is_of(made, use, way, frame, context)
        ]
        places = [(use, at) for use, at, mode in modes if mode == INFERENCE]
        if len(places) < len(modes):
            continue
        if not places or any(not _is_after(place, trains[0], module) for place in places):
            continue  # it is trained as it infers, on purpose
        if _infers_before(made, loop, [use for use, _ in switched], frame, context):
            continue
        use, at = places[0]
        if use.node not in told and not _leaves(at, loop, module):
            told.add(use.node)
            yield _report(use, at, trains[0][1], loop, frame, history, context)


def _is_of(made: Made, use: Use, way: Way, frame: Frame, context: Context) -> bool:
    """Tell whether a switch is one of the model ``made`` where ``way`` leads to it.

    A function switches what it is given, by one call this model and by another one that. A copy of
    the model is another one.
    """
    model = use.via[0].given if use.via else use.model
    if model is None:
        return True
    ev, module = context.evaluator, frame.module
    if is_copy(ev, module, model):
        return False
    if way.env is None:
        return True
    if any(isinstance(value.object, Unknown) for value in ev.evaluate(module, model, way.env)):
        return True
    return any(key in made.origins for key, _ in aliases_at(ev, module, model, way.env))


def _is_after(place: tuple[Use, ast.expr], other: tuple[Use, ast.expr], module: Module) -> bool:
    """Tell whether one use comes after another in a pass of a loop; each with what runs it there.

    Where one call runs both, what that call leads to decides, if that is one function.
    """
    (use, at), (run, there) = place, other
    if at is not there:
        return is_after(at, there)
    shared = running_in(module, use.here) is running_in(module, run.here)
    return shared and in_order(use) > in_order(run)


def _loops(frame: Frame) -> list[_Loop]:
    """Return the loops of the file, or of the function that is followed, inner ones first."""
    around: ast.AST = frame.module.tree
    if frame.outer:
        around = running_in(frame.module, frame.life.uses[0].here)
    return [node for node in ast.walk(around) if isinstance(node, LOOPS)][::-1]


def _infers_before(
    made: Made, loop: _Loop, switched: list[Use], frame: Frame, context: Context
) -> bool:
    """Tell whether the model comes to the loop in inference mode, as far as its function shows."""
    module, around = frame.module, running_in(frame.module, loop)
    modes = [
        (way.place.lineno, mode_at(context.evaluator, use, made.framework, way.env) == INFERENCE)
        for use in switched
        for way in ways_in(context.evaluator, module, around, use.here)
        if way.place.lineno < loop.lineno and _is_of(made, use, way, frame, context)
    ]
    return bool(modes) and max(modes)[1]


def _leaves(at: ast.expr, loop: _Loop, module: Module) -> bool:
    """Tell whether what comes after ``at`` leaves the loop, or is of one pass, maybe the last."""
    for around in (module.statement(at), *module.ancestors(module.statement(at))):
        if around is loop:
            return False
        if isinstance(around, ast.If) and _asks_for_one_pass(around.test, loop):
            return True
        if isinstance(around, ast.stmt):
            block = module.place(around).block
            if any(isinstance(s, _LEAVES) for s in block[block.index(around) :]):
                return True
    return False


def _asks_for_one_pass(test: ast.expr, loop: _Loop) -> bool:
    """Tell whether a test holds for one value of a loop variable: ``epoch == epochs - 1``."""
    if isinstance(loop, ast.While) or not isinstance(test, ast.Compare):
        return False
    names = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    parts = list(ast.walk(test))
    return (
        isinstance(test.ops[0], ast.Eq)
        and not any(isinstance(part, ast.Mod) for part in parts)
        and any(isinstance(part, ast.Name) and part.id in names for part in parts)
    )


def _report(
    use: Use,
    at: ast.expr,
    trained: ast.expr,
    loop: _Loop,
    frame: Frame,
    history: History,
    context: Context,
) -> Finding:
    framework = history.framework
    method = framework.modes.to_training[0][0]
    through = ""
    if use.module is not context.module:
        through = f" ({use.seen_from(context.module)})"
    elif at is not use.node:
        through = f" (called in line {at.lineno})"
    here = "line " if frame.module is context.module else f"{frame.module.path}:"
    return context.report(
        RULE,
        use.node if use.module is context.module else frame.anchor(use.here),
        f"{use.module.source(use.node)}{through} is never followed by {method}() in the loop of "
        f"{here}{loop.lineno}: from its second pass on, the model is trained in inference mode "
        f"({here}{trained.lineno}), and its running statistics no longer move",
        help=f"call {method}() at the head of the loop",
        fix=_fix(loop, frame, method) if not frame.outer else None,
        trial=trial_of_modes(framework, STATISTICS, INFERENCE, TRAINING),
        only_if=history.only_if,
    )


def _fix(loop: _Loop, frame: Frame, method: str) -> Fix | None:
    module = frame.module
    first = loop.body[0]
    inside = set(ast.walk(loop))
    for use in frame.life.uses:
        if use.here not in inside or use.kind not in (CALL, METHOD):
            continue
        model = use.via[0].given if use.via else use.model
        variable = dotted(model) if model is not None else ""
        if variable and running_in(module, use.here) is running_in(module, loop):
            text = f"{variable}.{method}()"
            return Fix(
                UNSAFE,
                f"insert {text} at the head of the loop",
                (InsertStatement(module.span(first), text),),
                "inference mode after the first pass may be meant",
            )
    return None
