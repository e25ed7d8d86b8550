"""Layers that are frozen by switching their gradients off, while their statistics go on moving.

What it does
------------
Reports a model, or a part of one, whose weights are kept from training (``requires_grad = False``
in a loop over ``parameters()``, or ``requires_grad_(False)``), that has batch normalisation in it,
and that is trained on in training mode. Where names decide which weights (``if "fc" not in name``),
some of those of batch normalisation layers must be known to stay frozen.

A model of a script must be in view from where it is built to where its output is differentiated; so
must the one of which a part is frozen (``model.features``). A part of a class (``self.backbone``)
is reported where the class freezes it in its constructor, has other layers that are trained, and
never switches a mode itself; or where a script calls a method of the model that freezes it whatever
it is told (``net.freeze_backbone()``). So is what a function freezes that takes a flag for the
statistics (``freeze_bn_stats``) and never reads it. Left alone are models that toggle their
gradients (adversarial training), copies that are averaged (momentum encoders), layers that are put
into inference mode or never train, and whatever is passed out of view.

Where there is a reference whose freeze stops the statistics too, BN254 reports the same place
instead, and this rule does not.

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
Puts the batch normalisation layers into inference mode after each switch of the model to training.
Where another model may come the same way, or only a part is frozen, it asks whether their weights
are frozen.

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

from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.modes.freezing import drift, is_said_to_freeze
from bnlint.semantics.modes.moving_statistics import Drift, drifts, drifts_across
from bnlint.semantics.modes.promised_freezes import promised
from bnlint.semantics.modes.stopping import advice, stop
from bnlint.trial import STATISTICS

RULE = Rule("BN251", "freeze-by-requires-grad", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report frozen weights beside statistics that move."""
    ev, module, sites = context.evaluator, context.module, context.sites
    trained = [*drifts(ev, module, sites), *drifts_across(ev, module, sites)]
    for found in (*trained, *promised(ev, module, sites)):  # of one freeze, the first is kept
        yield _report(found, context)


def _report(found: Drift, context: Context) -> Finding:
    module, freeze, framework = context.module, found.freeze, found.framework
    where, through = freeze.where, ""
    if found.use is not None and found.module is not module:
        where, through = found.use.here, f" ({found.use.seen_from(module)})"
    weights = "weights" if freeze.tests else "the weights"
    asked = f"; {found.flag}, which asks for these too, is never read" if found.flag else ""
    finding = context.report(
        RULE,
        where,
        f"{freeze.by}{through} freezes {weights} of {as_said(found.name(module))} and not its "
        "statistics: "
        "in training mode its batch normalisation goes on normalising with each batch, and "
        f"{drift(framework, context.frameworks)}{asked}",
        help=advice(found, module),
        severity="error" if is_said_to_freeze(found.module, freeze.statement) else None,
        fix=_fix(found, context),
        trial=trial_of_modes(framework, STATISTICS),
        only_if=found.only_if,
    )
    return finding._replace(subject=finding.span.start, argument="freeze")


def _fix(found: Drift, context: Context) -> Fix | None:
    written = stop(found, context.evaluator, context.module)
    if written is None:
        return None
    model, statements = written
    message = f"put the batch normalisation layers of {model} into inference mode here"
    return Fix(UNSAFE, message, tuple(statements), "that the statistics adapt may be meant")
