"""Batch normalisation that is frozen, and woken by a trainer that switches its model to training.

What it does
------------
Looks at batch normalisation layers that a function puts into inference mode, and at a trainer of a
package that is given the model afterwards. Reported is the freeze where that trainer is known to
call ``train()`` on the model in each step.

A file with callbacks, a model whose class has a ``train()`` of its own, and a trainer that only
evaluates are left alone.

Why it matters
--------------
The first step of training wakes the layers, and their statistics move with each batch. Nothing in
the code shows it.

Example
-------
Hazard:

    import torch.nn as nn
    from transformers import Trainer

    def fit(arguments, data):
        model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        trainer = Trainer(model=model, args=arguments, train_dataset=data)
        trainer.train()

Clean:

    import torch.nn as nn
    from transformers import Trainer

    class Frozen(nn.BatchNorm2d):
        def train(self, mode=True):
            return super().train(False)

    def fit(arguments, data):
        model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), Frozen(8))
        trainer = Trainer(model=model, args=arguments, train_dataset=data)
        trainer.train()

Fix
---
None. A ``train()`` of the model that freezes anew, or a callback that does, is what holds.

References
----------
Read in transformers 5.23.0, pytorch-ignite 0.5.5 and skorch 1.4.0: each step calls ``train()``
first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import Finding
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.hints.purposes import evaluates
from bnlint.semantics.modes.freezing import is_of_norm
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import ClassRef, Instance, Symbol
from bnlint.trial import STATISTICS

RULE = Rule("BN259", "trainer-undoes-freeze", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report freezes that a trainer undoes."""
    module = context.module
    if "allback" in module.text:
        return
    for framework in context.frameworks.frameworks.values():
        for name, argument in framework.modes.to_inference:
            for freeze in module.calls_by_name.get(name, ()):
                if argument is not None or freeze.args or in_test(module, freeze):
                    continue
                model = _model(freeze, context)
                trainer = _trained_by(model, freeze, context) if model else None
                if trainer is not None and not _switches_itself(model, freeze, framework, context):
                    yield context.report(
                        RULE,
                        freeze,
                        f"{dotted(trainer.func)} (line {trainer.lineno}) switches {as_said(model)} "
                        "to training in each step: these layers are woken by the first",
                        help="freeze them in a train() of the model, or in a callback",
                        trial=trial_of_modes(framework, STATISTICS),
                    )


def _model(freeze: ast.Call, context: Context) -> str:
    """Return the name of the model whose batch normalisation a call in a loop freezes."""
    module = context.module
    match freeze.func:
        case ast.Attribute(value=ast.Name(id=layer)):
            pass
        case _:
            return ""
    if not is_of_norm(context.evaluator, context.sites, module, freeze):
        return ""
    walks = context.frameworks.word("walks")
    for around in module.ancestors(freeze):
        if isinstance(around, ast.For) and isinstance(around.iter, ast.Call):
            over = around.iter.func
            if isinstance(over, ast.Attribute) and over.attr in walks:
                names = {n.id for n in ast.walk(around.target) if isinstance(n, ast.Name)}
                return dotted(over.value) if layer in names else ""
    return ""


def _trained_by(model: str, freeze: ast.Call, context: Context) -> ast.Call | None:
    """Return the trainer that is given the model after the freeze, in the same function."""
    module, words = context.module, context.frameworks
    scope = module.scope_node(freeze)
    for call in module.calls:
        given = (*call.args, *(k.value for k in call.keywords))
        if call.lineno <= freeze.lineno or module.scope_node(call) is not scope:
            continue
        if not any(dotted(node) == model for node in given):
            continue
        values = context.evaluator.evaluate(module, call.func)
        if all(
            isinstance(v.object, Symbol) and words.means(v.object.path, "waking_drivers")
            for v in values
        ):
            return None if _only_evaluates(call, context) else call
    return None


def _only_evaluates(trainer: ast.Call, context: Context) -> bool:
    """Tell whether all that the function has a trainer do is to evaluate, or predict."""
    module = context.module
    parent = module.parents[trainer]
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    held: list[ast.expr] = [trainer]
    if isinstance(target, ast.Name):
        scope = module.scope_node(trainer)
        held = [use for use in module.uses.of(target.id) if module.scope_node(use) is scope]
    done = [above.attr for use in held if isinstance(above := module.parents[use], ast.Attribute)]
    return bool(done) and all(map(evaluates, done))


def _switches_itself(model: str, freeze: ast.Call, framework: Framework, context: Context) -> bool:
    """Tell whether the class of the model has a method of its own that switches it."""
    ev, module = context.evaluator, context.module
    scope = module.scope_node(freeze)
    for use in module.uses.of(model.rpartition(".")[2]):
        if module.scope_node(use) is scope and dotted(use) == model:
            for value in ev.evaluate(module, use):
                made = value.object
                if isinstance(made, Instance) and isinstance(made.cls, ClassRef):
                    if any(method(ev, made.cls, name) for name, _ in framework.modes.to_training):
                        return True
    return False
