"""A momentum at which running statistics never move, or hold the last batch only.

What it does
------------
Reports 0 and 1 as momentum of a layer that keeps running statistics. In one convention 0 means
that they never move and 1 that they are the last batch's; in the other it is the other way round.

Why it matters
--------------
Statistics that never move are the initial ones, mean 0 and variance 1: the trained model is
normalised one way in training and another in inference. As a way to freeze it does half the job,
since training mode still normalises with the batch.

Example
-------
Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=0.0)

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=0.0, track_running_stats=False)

Fix
---
None: what is meant decides. To freeze, put the layer into inference mode (``bn.eval()``,
``trainable=False`` in Keras); else give a momentum between 0 and 1.

Numbers
-------
A layer with momentum 0 in training mode normalises by the batch: its output differs from
inference by 5.76 on inputs N(3, 4).

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.trials import layer_of
from bnlint.finding import Finding
from bnlint.frameworks.tables import catalogue
from bnlint.rule import DEGENERATE, Context, Rule, lower
from bnlint.semantics.hints.around import is_frozen
from bnlint.semantics.hints.purposes import RECOMPUTES
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.modes.freezing import is_said_to_freeze
from bnlint.semantics.syntax.numbers import decay, shown
from bnlint.semantics.values.value import assumption
from bnlint.trial import STATISTICS, TRAINING, Trial

RULE = Rule(
    "BN106", "momentum-zero-or-one", "warning", precedence=DEGENERATE, norms=("batch", "instance")
)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a momentum of exactly 0 or 1."""
    value, api = site.value("momentum"), site.api
    momentum = value.number
    if momentum not in (0.0, 1.0) or value.computed:
        return
    if takes_weight(site) or not keeps_statistics(site):
        return
    recomputes = catalogue().names("recomputes") | RECOMPUTES
    if any(word in context.module.uses for word in recomputes):
        return  # momentum is set for a while, to compute the statistics anew
    where = context.place(site, value)
    if is_frozen(context.module, where) or is_frozen(context.module, site.call):
        return
    if is_said_to_freeze(context.module, context.module.statement(where)):
        return  # what a freeze by momentum is worth is another rule's business
    kept = decay(api, momentum)
    if kept is None:
        return
    effect = (
        "the running statistics never move from their initial values"
        if kept == 1.0
        else "the running statistics are those of the last batch"
    )
    name = api.roles["momentum"]
    yield context.report(
        RULE,
        where,
        f"{name}={shown(value.value)} of {api.short_name}{assumption(value)}: {effect}",
        help=(
            "to freeze the layer, put it into inference mode (in training mode it goes on "
            "normalising with the batch, whatever its momentum); else give a momentum between 0 "
            "and 1"
        ),
        confidence=lower(RULE.confidence, (value,)),
        site=site,
        argument="momentum",
    )


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare running statistics with those at the default momentum."""
    if (port := layer_of(site, "momentum", mode=TRAINING)) is None:
        return None
    usual = layer_of(site, mode=TRAINING)
    return Trial(STATISTICS, port, usual, about="running statistics")
