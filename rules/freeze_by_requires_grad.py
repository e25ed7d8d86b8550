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
    chooses_norm,
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
from bnlint.semantics.made import Made, constructions_for, variable_of
from bnlint.semantics.models import class_framework, contents, models_at
from bnlint.semantics.modes import (
    INFERENCE,
    TRAINING,
    manages_itself,
    mode_after,
    runs,
    switches,
    tells_of_mode,
    use_feeds_gradient,
)
from bnlint.semantics.module import Module, dotted
from bnlint.semantics.objects import Candidate, ClassRef, FunctionRef, Instance
from bnlint.semantics.surroundings import in_test
from bnlint.semantics.uses import METHOD, Life, Use, in_order
from bnlint.trial import STATISTICS, Trial
from bnlint.trials import layer_of_family
from bnlint.typed import NamedTuple

RULE = Rule("BN251", "freeze-by-requires-grad", "warning", confidence="medium")

#: Names of copies that follow another model, and normalise with batches as that one does.
_FOLLOWS = lazy(r"momentum|(^|_)(ema|key|k|target|shadow|avg|average|slow|mean)($|_)", re.I)


class Frozen(NamedTuple):
    """A freeze, and the object whose weights it freezes: the use that asks for them, and its life.

    For a part of a class there is neither, nor for an object whose file is the one that freezes it.
    """

    freeze: Freeze
    module: Module
    life: Life | None = None
    use: Use | None = None

    @property
    def place(self) -> ast.stmt | ast.expr:
        """What does it in the file whose object it is."""
        return self.use.here if self.use is not None and self.use.via else self.freeze.statement


def check_file(context: Context) -> Iterator[Finding]:
    """Report frozen weights beside statistics that move."""
    freezes = list(weight_freezes(context.evaluator, context.module))
    yield from _in_file(freezes, context)
    yield from _across_files(bool(freezes), context)


def _in_file(freezes: list[Freeze], context: Context) -> Iterator[Finding]:
    for freeze in freezes:
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
                yield _report(Frozen(freeze, context.module), framework, context)
        elif (life := _life(freeze, framework, context)) is not None:
            frozen = Frozen(freeze, context.module, life)
            if _trains_on(life, frozen, framework, context):
                yield _report(frozen, framework, context)


def _across_files(shows: bool, context: Context) -> Iterator[Finding]:
    """Report models that other files make, or freeze, or both."""
    ev, module = context.evaluator, context.module
    for made in constructions_for(ev, module, shows=shows):
        if made.framework.modes.switch != "object":
            continue
        life = life_of(ev, module, made.call, made.position)
        frozen = _frozen_across_files(made, life, context) if not life.escapes else None
        if frozen is None or _FOLLOWS.search(variable_of(module, made.call)):
            continue
        found = made.contents(ev, context.sites)
        if not found.normalises or manages_itself(ev, found, made.framework):
            continue
        if any(chooses_norm(candidate) for candidate in made.candidates):
            continue
        if _trains_on(life, frozen, made.framework, context):
            yield _report(frozen, made.framework, context)


def _frozen_across_files(made: Made, life: Life, context: Context) -> Frozen | None:
    """Return the first freeze of all weights of the object that the file alone does not show."""
    ev = context.evaluator
    is_made_elsewhere = made.candidate.module is not context.module
    for use in life.uses:
        if use.kind != METHOD or not (use.via or is_made_elsewhere):
            continue
        assert isinstance(use.node, ast.Call)
        for freeze in weight_freezes(ev, use.module):
            if not any(part is use.node for part in ast.walk(freeze.statement)):
                continue
            held = use.node.func
            if not isinstance(held, ast.Attribute) or held.value is not freeze.owner:
                continue
            if _follows_another(freeze) or unfreezes(ev, use.module, freeze.owner):
                return None
            if not any(in_test(step.module, step.node) for step in use.route):
                return Frozen(freeze, use.module, life, use)
    return None


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


def _trains_on(life: Life, frozen: Frozen, framework: Framework, context: Context) -> bool:
    """Tell whether the model's output is differentiated, in training mode, after the freeze."""
    modes = {mode_after(use, framework) for use in life.uses if use.kind == METHOD} - {None}
    if INFERENCE in modes and not modes & {TRAINING, ""}:
        return False  # it is trained as it infers, or this is the business of another rule
    if framework.modes.initial != TRAINING and TRAINING not in modes:
        return False
    if any(_may_stop_statistics(use, framework, context) for use in life.uses):
        return False
    return any(
        use_feeds_gradient(context.evaluator, use)
        for use in life.uses
        if runs(context.evaluator, use) and _may_come_after(use, frozen, context)
    )


def _may_come_after(use: Use, frozen: Frozen, context: Context) -> bool:
    place, function = frozen.place, context.module.enclosing_function
    if frozen.use is not None and use.here is place:
        return in_order(use) > in_order(frozen.use)
    return use.here.lineno > place.lineno or function(use.here) is not function(place)


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
            for value in context.evaluator.evaluate(use.module, argument):
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


def _report(frozen: Frozen, framework: Framework, context: Context) -> Finding:
    freeze, life, use = frozen.freeze, frozen.life, frozen.use
    name = dotted(freeze.owner) or frozen.module.source(freeze.owner)
    statement = freeze.statement
    where: ast.stmt | ast.expr = statement
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        where = statement.iter
    through = ""
    if use is not None and use.module is not context.module:
        where, through = use.here, f" ({use.seen_from(context.module)})"
        given = use.via[0].given
        name = (dotted(given) if given is not None else "") or name
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
        f"{freeze.by}{through} freezes the weights of {name} and not its statistics: in training "
        f"mode its batch normalisation goes on normalising with each batch, and "
        f"{drift(framework, context.frameworks)}",
        help=advice,
        severity="error" if is_said_to_freeze(frozen.module, statement) else None,
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
        if use.module is not context.module:
            continue
        if use.kind != METHOD or mode_after(use, framework) != TRAINING:
            continue
        statement = context.module.statement(use.node)
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
