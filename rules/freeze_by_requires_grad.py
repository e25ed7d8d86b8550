"""Layers that are frozen by switching their gradients off, while their statistics go on moving.

What it does
------------
Reports a model, or a part of one, whose weights are all kept from training (``requires_grad =
False`` in a loop over ``parameters()``, or ``requires_grad_(False)``), that has batch normalisation
in it, and that is trained on in training mode.

A model of a script must be in view from where it is built to where its output is differentiated. A
part of a class (``self.backbone``) is reported where the class freezes it in its constructor, has
other layers that are trained, and never switches a mode itself. Left alone are models that toggle
their gradients (adversarial training), copies that are averaged (momentum encoders), layers that
are put into inference mode, layers that never train, and whatever is passed out of view.

Why it matters
--------------
Gradients have nothing to do with running statistics. In training mode the frozen layers normalise
with each batch, so that their output is not that of the pretrained model, and their statistics
drift to the new data while the weights that were trained with the old ones stand still.

Example
-------
Hazard:

    import torch
    import torch.nn as nn
    import torchvision

    model = torchvision.models.resnet18(weights="DEFAULT")
    for p in model.parameters():
        p.requires_grad = False
    model.fc = nn.Linear(512, 10)
    optimizer = torch.optim.SGD(model.fc.parameters(), 0.01)

    def train(loader):
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
    for p in model.parameters():
        p.requires_grad = False
    model.fc = nn.Linear(512, 10)
    optimizer = torch.optim.SGD(model.fc.parameters(), 0.01)

    def train(loader):
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
Puts the batch normalisation layers into inference mode after the model is switched to training.

Fix safety
----------
Unsafe always: that the statistics adapt to the new data may be meant.

Not written where the model is never switched to training by name (it starts there), and for a part
of a class, which needs a ``train()`` of its own that puts the part into inference mode again.

Numbers
-------
In 10 steps with ``requires_grad=False`` the running mean goes 65 % of the way from its old value to
that of the new data; in inference mode it does not move.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.patterns import lazy
from bnlint.rule import Context, Rule
from bnlint.semantics.freezing import (
    Freeze,
    drift,
    has_other_weights,
    is_said_to_freeze,
    is_switched_elsewhere,
    normalising_framework,
    runs_at_setup,
    unfreezes,
    weight_freezes,
)
from bnlint.semantics.life import life_of
from bnlint.semantics.models import class_framework, contents, models_at
from bnlint.semantics.modes import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    manages_itself,
    mode_after,
    runs,
    switches,
    tells_of_mode,
)
from bnlint.semantics.module import dotted
from bnlint.semantics.objects import Candidate, ClassRef, FunctionRef, Instance
from bnlint.semantics.surroundings import in_test
from bnlint.semantics.uses import METHOD, Life, Use
from bnlint.trial import STATISTICS, Trial
from bnlint.trials import layer_of_family

RULE = Rule("BN251", "freeze-by-requires-grad", "warning", confidence="medium")

#: Names of copies that follow another model, and normalise with batches as that one does.
_FOLLOWS = lazy(r"momentum|(^|_)(ema|key|k|target|shadow|avg|average|slow|mean)($|_)", re.I)


def check_file(context: Context) -> Iterator[Finding]:
    """Report frozen weights beside statistics that move."""
    for freeze in weight_freezes(context.evaluator, context.module):
        framework = normalising_framework(
            context.evaluator, context.sites, context.module, freeze.owner
        )
        if framework is None or framework.modes.switch != "object":
            continue
        if _follows_another(freeze) or in_test(context.module, freeze.statement):
            continue
        if unfreezes(context.evaluator, context.module, freeze.owner):
            continue
        cls = _class_of(freeze, context)
        if cls is not None:
            if _is_left_training(freeze, cls, framework, context):
                yield _report(freeze, framework, None, context)
        elif (life := _life(freeze, framework, context)) is not None:
            if _trains_on(life, freeze, framework, context):
                yield _report(freeze, framework, life, context)


def _follows_another(freeze: Freeze) -> bool:
    return any(_FOLLOWS.search(name) for name in dotted(freeze.owner).split("."))


# ---------------------------------------------------------------------------------- scripts


def _life(freeze: Freeze, framework: Framework, context: Context) -> Life | None:
    """Return the life of the one model that is frozen, if all of it is in view."""
    values = models_at(context.evaluator, context.module, freeze.owner)
    made = values[0].object
    if len(values) != 1 or not isinstance(made, Instance) or made.call is None:
        return None
    if made.module is not context.module:
        return None
    life = life_of(context.evaluator, context.module, made.call)
    found = contents(context.evaluator, context.sites, values[0])
    if life.escapes or manages_itself(context.evaluator, found, framework):
        return None
    return life


def _trains_on(life: Life, freeze: Freeze, framework: Framework, context: Context) -> bool:
    """Tell whether the model's output is differentiated, in training mode, after the freeze."""
    modes = {mode_after(use, framework) for use in life.uses if use.kind == METHOD} - {None}
    if INFERENCE in modes and not modes & {TRAINING, ""}:
        return False  # it is trained as it infers, or this is the business of another rule
    if framework.modes.initial != TRAINING and TRAINING not in modes:
        return False
    if any(_may_stop_statistics(use, framework, context) for use in life.uses):
        return False
    module = context.module
    inside = module.enclosing_function(freeze.statement)
    return any(
        feeds_gradient(context.evaluator, module, use.node)
        for use in life.uses
        if runs(context.evaluator, use)
        and (
            use.node.lineno > freeze.statement.lineno
            or module.enclosing_function(use.node) is not inside
        )
    )


def _may_stop_statistics(use: Use, framework: Framework, context: Context) -> bool:
    """Tell whether a use may put some layers of the model into inference mode."""
    methods = switches(framework)
    if use.kind != METHOD:
        return use.name in (*methods, framework.modes.attribute)
    if use.name in methods:
        return False
    assert isinstance(use.node, ast.Call)
    for argument in use.node.args:  # model.apply(freeze_bn)
        if isinstance(argument, (ast.Name, ast.Attribute, ast.Lambda)):
            for value in context.evaluator.evaluate(context.module, argument):
                if isinstance(value.object, FunctionRef) and any(
                    isinstance(part, ast.Attribute) and part.attr in methods
                    for part in ast.walk(value.object.node)
                ):
                    return True
    return tells_of_mode(use.name)


# ---------------------------------------------------------------------------------- classes


def _class_of(freeze: Freeze, context: Context) -> ClassRef | None:
    """Return the class that freezes a part of itself: the owner is ``self.name``."""
    owner = freeze.owner
    cls = context.module.enclosing_class(freeze.statement)
    if cls is None or not isinstance(owner, ast.Attribute) or not isinstance(owner.value, ast.Name):
        return None
    return ClassRef(context.module, cls)


def _is_left_training(
    freeze: Freeze, cls: ClassRef, framework: Framework, context: Context
) -> bool:
    """Tell whether a part stays in training mode whenever the object it belongs to is trained."""
    ev, module = context.evaluator, context.module
    owner = freeze.owner
    assert isinstance(owner, ast.Attribute)
    if class_framework(ev, cls) is not framework or not runs_at_setup(
        module, freeze.statement, cls
    ):
        return False
    whole = Candidate(Instance(cls, module, None), module, cls.node)
    if manages_itself(ev, contents(ev, context.sites, whole), framework):
        return False
    if is_switched_elsewhere(module, owner.attr, switches(framework)):
        return False
    return has_other_weights(ev, owner.attr, cls)


# ---------------------------------------------------------------------------------- report


def _report(freeze: Freeze, framework: Framework, life: Life | None, context: Context) -> Finding:
    module = context.module
    name = dotted(freeze.owner) or module.source(freeze.owner)
    statement = freeze.statement
    where = statement.iter if isinstance(statement, (ast.For, ast.AsyncFor)) else statement
    method = framework.modes.to_inference[0][0]
    fix = _fix(framework, life, context)
    if life is None:
        advice = (
            f"override {framework.modes.to_training[0][0]}() so that it calls {name}.{method}() "
            "after that of the base class"
        )
    else:
        advice = (
            f"call {method}() of its batch normalisation layers after each "
            f"{framework.modes.to_training[0][0]}()"
        )
    return context.report(
        RULE,
        where,
        f"{freeze.by} freezes the weights of {name} and not its statistics: in training mode its "
        f"batch normalisation goes on normalising with each batch, and "
        f"{drift(framework, context.frameworks)}",
        help=advice,
        severity="error" if is_said_to_freeze(module, statement) else None,
        fix=fix,
        trial=_trial(framework),
    )


def _fix(framework: Framework, life: Life | None, context: Context) -> Fix | None:
    method, argument = framework.modes.to_inference[0]
    walk = next((w for w, f in context.frameworks.word("walks").items() if f is framework), "")
    if life is None or argument is not None or not walk:
        return None
    layer = re.sub(r"\d[dD]$", "", framework.reference.rpartition(".")[2])
    for use in life.uses:
        statement = context.module.statement(use.node)
        if use.kind != METHOD or mode_after(use, framework) != TRAINING:
            continue
        assert isinstance(use.node, ast.Call)
        if isinstance(statement, ast.Expr) and isinstance(use.node.func, ast.Attribute):
            model = dotted(use.node.func.value)
            if not model:
                continue
            text = (
                f"for layer in {model}.{walk}():\n"
                f'    if "{layer}" in type(layer).__name__:\n'
                f"        layer.{method}()"
            )
            span = context.module.span(statement)
            advice = f"put the batch normalisation layers of {model} into inference mode here"
            intents = (InsertStatement(span, text, "after"),)
            return Fix(UNSAFE, advice, intents, "that the statistics adapt may be meant")
    return None


def _trial(framework: Framework) -> Trial:
    """Compare running statistics after steps in training mode, and in inference."""
    fixed = layer_of_family(framework.name, INFERENCE)
    port = fixed._replace(mode=TRAINING)
    return Trial(STATISTICS, port, fixed, fixed, about="running statistics")
