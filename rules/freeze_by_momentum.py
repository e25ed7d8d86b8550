"""A layer that is frozen by its momentum, and goes on normalising with each batch.

What it does
------------
Reports a momentum at which running statistics never move (0 in one convention, 1 in the other), and
one at which they are the last batch's, where code freezes a layer: in a function or class that is
named for it, or under a comment that says so. Values given to a layer count, and those stored in it
behind a test of its class.

Code that puts the layer into inference mode as well is left alone, and so are functions that fold
or fuse layers. Elsewhere such a momentum is what BN106 is about.

Why it matters
--------------
Momentum decides what becomes of the running statistics, not what normalises. In training mode the
layer goes on normalising with each batch, so that the layers after it are trained on other values
than those they get in inference. A momentum from the other convention does the opposite of
freezing: each batch replaces the statistics.

Example
-------
Hazard:

    import torch.nn as nn

    def freeze_bn(model):
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.0

Clean:

    import torch.nn as nn

    def freeze_bn(model):
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

Fix
---
None: put the layer into inference mode instead (``m.eval()``, ``trainable=False`` in Keras), where
that holds.

Numbers
-------
A layer with momentum 0 in training mode normalises by the batch: its output differs from inference
by 5.76 on inputs N(3, 4).

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.frameworks.tables import Api
from bnlint.rule import DEGENERATE, Context, Rule
from bnlint.semantics.hints.around import names_around
from bnlint.semantics.hints.purposes import folds, freezes
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.modes.freezing import is_said_to_freeze, tested_for
from bnlint.semantics.syntax.numbers import decay
from bnlint.semantics.values.value import assumption
from bnlint.trial import INFERENCE, OUTPUT, TRAINING, Layer, Trial

RULE = Rule("BN253", "freeze-by-momentum", "warning", precedence=DEGENERATE)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report layers that are made with a momentum that is to freeze them."""
    value, api = site.value("momentum"), site.api
    momentum = value.number
    if momentum not in (0.0, 1.0) or value.computed:
        return
    if takes_weight(site) or not keeps_statistics(site) or api.kind != "layer":
        return
    where = context.place(site, value)
    if any(_is_freeze(context.module.statement(node), context) for node in (where, site.call)):
        name = api.roles["momentum"]
        yield from _report(where, name, api, momentum, assumption(value), context, site)


def check_file(context: Context) -> Iterator[Finding]:
    """Report stores of a momentum in layers that are to be frozen."""
    module = context.module
    for store in module.stores:
        statement = module.statement(store)
        if not isinstance(statement, ast.Assign):
            continue
        value = statement.value
        number = value.value if isinstance(value, ast.Constant) else None
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            continue
        if number not in (0, 1) or not _is_freeze(statement, context):
            continue
        api = tested_for(context.evaluator, module, statement)
        if api is not None and api.attribute("momentum") == store.attr:
            yield from _report(value, store.attr, api, float(number), "", context, None)


def _is_freeze(statement: ast.stmt, context: Context) -> bool:
    """Tell whether ``statement`` stands in code that freezes by nothing else."""
    module = context.module
    names = list(names_around(module, statement))
    if any(map(folds, names)):
        return False
    if not any(map(freezes, names)):
        if not is_said_to_freeze(module, statement):
            return False
    function = module.enclosing_function(statement) or module.tree
    switching = {
        name
        for framework in context.frameworks.frameworks.values()
        for name, _ in framework.modes.to_inference
    }
    holding = {
        row.name
        for framework in context.frameworks.frameworks.values()
        for row in framework.modes.freezes
        if row.statistics
    }
    return not any(
        isinstance(part, ast.Attribute)
        and (part.attr in switching or (part.attr in holding and isinstance(part.ctx, ast.Store)))
        for part in ast.walk(function)
    )


def _report(
    where: ast.expr | ast.stmt,
    name: str,
    api: Api,
    momentum: float,
    assumed: str,
    context: Context,
    site: Site | None,
) -> Iterator[Finding]:
    kept = decay(api, momentum)
    if kept is None:
        return
    effect = (
        "keeps the running statistics and freezes nothing else: training mode goes on normalising "
        "with each batch"
        if kept == 1.0
        else "does not freeze: each batch replaces the running statistics "
        f"({name}={1 - momentum:g} would keep them), and training mode normalises with each batch"
    )
    advice = "run the layer in inference mode in training too"
    for row in api.framework.modes.freezes:
        if row.statistics:
            advice = f"set {row.name}={row.value}"
    for method, _ in api.framework.modes.to_inference[:1]:
        advice = f"call {method}() of the layer after the model is switched to training"
    yield context.report(
        RULE,
        where,
        f"{name}={momentum:g} of {api.short_name}{assumed} {effect}",
        help=advice,
        confidence="medium" if assumed else None,
        site=site,
        argument="momentum" if site is not None else "",
        trial=_trial(api, momentum),
    )


def _trial(api: Api, momentum: float) -> Trial:
    """Compare what such a layer gives in training with what a frozen one gives."""
    port = Layer(api.id, ((api.roles["momentum"], momentum),), TRAINING)
    fixed = port._replace(mode=INFERENCE)
    return Trial(OUTPUT, port, fixed, fixed, about="output of a frozen layer")
