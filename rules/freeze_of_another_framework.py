"""A freeze by an attribute that this framework never reads.

What it does
------------
Reports ``layer.requires_grad = False`` on a PyTorch module, a MindSpore cell or a Keras layer,
``trainable = False`` on what is no Keras layer, ``layer.training = False`` on a Keras layer and
their like. The tables say what each framework ignores. The layer must be known to hold batch
normalisation, or be one that a test asks for it, or one of those that a loop runs over.

Left alone are classes that read the attribute themselves.

Why it matters
--------------
Python stores any attribute on any object, so that nothing fails: the weights go on being trained,
and the statistics go on moving.

Example
-------
Hazard:

    import torchvision

    def backbone():
        net = torchvision.models.resnet18(weights="DEFAULT")
        net.requires_grad = False
        return net

Clean:

    import torchvision

    def backbone():
        net = torchvision.models.resnet18(weights="DEFAULT").eval()
        net.requires_grad_(False)
        return net

Fix
---
Writes the attribute that the framework reads, where it takes the same value.

Fix safety
----------
Unsafe always: what was trained until now is frozen.

Not written where the framework freezes by a method, or by an attribute of each weight.

Numbers
-------
One step of SGD at learning rate 1 moves gamma by 22 in PyTorch after ``requires_grad = False`` on
the layer, by 35 in MindSpore, and by 15 in Paddle. In Keras, one epoch moves gamma and the moving
mean as far after ``layer.training = False`` as without, and not at all after ``layer.trainable =
False``.

References
----------
Measured with torch 2.13.0, Keras 3.15.1, MindSpore 2.10.0 and Paddle 3.3.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import MANUAL, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.frameworks.records import Ignored
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.layers.repeated import LAYER, WEIGHT, repeated
from bnlint.semantics.modes.freezing import normalising_framework, tested_for
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import ClassRef, Constant, Instance
from bnlint.trial import STATISTICS

RULE = Rule("BN257", "freeze-of-another-framework", "error")


def check_file(context: Context) -> Iterator[Finding]:
    """Report stores of attributes that are never read."""
    module = context.module
    names = {row.name for f in context.frameworks.frameworks.values() for row in f.modes.ignored}
    for store in module.stores:
        if store.attr not in names:
            continue
        statement = module.parents[store]
        if not isinstance(statement, ast.Assign):
            continue
        kind, framework = _owner(store, statement, context)
        if framework is None:
            continue
        row = _ignored(store.attr, kind, framework)
        if row is None or not _is(statement.value, row.value, context):
            continue
        if _is_read(store, context):
            continue
        fix = _fix(store, statement, row, framework, context)
        yield context.report(
            RULE,
            store,
            f"{framework.title} never reads {row.name} of a {kind}: "
            f"{as_said(module.source(store.value))} is trained on as before",
            help=fix.message,
            fix=fix,
            trial=trial_of_modes(framework, STATISTICS),
        )


def _owner(
    store: ast.Attribute, statement: ast.Assign, context: Context
) -> tuple[str, Framework | None]:
    """Return whether the attribute is set of a layer or of a weight, and in which framework."""
    ev, module, owner = context.evaluator, context.module, store.value
    if isinstance(owner, ast.Name):
        loop = repeated(ev, module, owner)
        if loop is not None:
            kind = {WEIGHT: "weight", LAYER: "layer"}.get(loop.what, "")
            sites, model = context.sites, loop.over.value
            if may_normalise(ev, sites, module, model, loop.framework):
                return kind, loop.framework
            return "", None
        if owner.id == "self":
            return "", None  # an attribute of one's own
    if (api := tested_for(ev, module, statement)) is not None and last_name(owner):
        if _is_tested(owner, statement, context):
            return "layer", api.framework
    return "layer", normalising_framework(ev, context.sites, module, owner)


def _is_tested(owner: ast.expr, statement: ast.stmt, context: Context) -> bool:
    """Tell whether a test around ``statement`` asks for the class of ``owner``."""
    for around in context.module.ancestors(statement):
        match around:
            case ast.If(test=ast.Call(func=ast.Name(id="isinstance"), args=[tested, _])):
                if ast.unparse(tested) == ast.unparse(owner):
                    return True
    return False


def _ignored(name: str, kind: str, framework: Framework) -> Ignored | None:
    rows = (row for row in framework.modes.ignored if (row.name, row.of) == (name, kind))
    return next(rows, None)


def _is(value: ast.expr, wanted: bool, context: Context) -> bool:
    """Tell whether ``value`` is sure to be the one that freezes."""
    values = context.evaluator.evaluate(context.module, value)
    return all(v.object == Constant(wanted) and not v.presumed for v in values)


def _is_read(store: ast.Attribute, context: Context) -> bool:
    """Tell whether a class of the project reads the attribute of itself, or defines it."""
    ev, owner = context.evaluator, store.value
    for value in ev.evaluate(context.module, owner):
        made = value.object
        if not isinstance(made, Instance) or not isinstance(made.cls, ClassRef):
            continue
        for cls in lineage(ev, made.cls):
            for part in ast.walk(cls.node):
                if getattr(part, "name", "") == store.attr:
                    return True
                if isinstance(part, ast.Attribute) and part.attr == store.attr:
                    if isinstance(part.ctx, ast.Load) and last_name(part.value) == "self":
                        return True
    return False


def _fix(
    store: ast.Attribute,
    statement: ast.Assign,
    row: Ignored,
    framework: Framework,
    context: Context,
) -> Fix:
    owner = context.module.source(store.value)
    if row.instead.endswith(")"):
        return Fix(MANUAL, f"write {owner}.{row.instead}")
    if row.instead:
        text = f"{owner}.{row.instead}"
        value = context.module.source(statement.value)
        intent = ReplaceValue(context.module.span(store), text)
        return Fix(
            UNSAFE, f"write {text} = {value}", (intent,), "what was trained is frozen with it"
        )
    freeze = framework.modes.freezes[0]
    if freeze.statistics:
        return Fix(MANUAL, f"write {owner}.{freeze.name} = {freeze.value}")
    weights = context.frameworks.first("weights_attributes", framework)
    return Fix(MANUAL, f"set {freeze.name} = {freeze.value} of each of {owner}.{weights}()")
