"""``momentum=None``, which means the cumulative average in PyTorch and nothing elsewhere.

What it does
------------
Reports ``momentum=None`` where the API rejects or misreads it (Keras, MindSpore's ``nn``, Paddle,
Flax, Haiku, Equinox), the text ``1 - None``, and, against a reference that takes the cumulative
average, a port that cannot. Of PyTorch's instance normalisation that tracks statistics, and of
MindTorch's layers, it reports ``None`` too: they then never move.

Why it matters
--------------
PyTorch then averages over all batches seen, with equal weight. Keras 3 raises at construction,
Keras 2 at the first training step, MindSpore at construction, the others at the first step: but
only in the run that trains. PyTorch's instance normalisation takes ``None`` and does nothing
with it, so that inference normalises with mean 0 and variance 1.

Example
-------
Hazard:

    from tensorflow import keras

    bn = keras.layers.BatchNormalization(momentum=None)

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=None)

Fix
---
None: there is no equal setting. Train with a decay near 1, or recompute the statistics in one pass
over the data after training.

Numbers
-------
After ten batches a cumulative average holds 1.018 of the true mean, a decay of 0.9 holds 0.65.

References
----------
Measured with torch 2.13.0, Keras 3.15.1, tf_keras 2.21.0, MindSpore 2.10.0, PaddlePaddle 3.3.1,
Flax 0.12.8, Haiku 0.0.17 and Equinox 0.13.8.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import layer_of, layers_of_pair
from bnlint.finding import Finding
from bnlint.frameworks.tables import UNKNOWN
from bnlint.rule import DEGENERATE, Context, Rule, called, lower, where_reference
from bnlint.semantics.layers.sites import STATISTICS as STATISTICS_ARGUMENT
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.values.value import Value, assumption
from bnlint.trial import STATISTICS, TRAINING, Trial

RULE = Rule("BN107", "momentum-none", "error", precedence=DEGENERATE, norms=("batch", "instance"))

_HELP = "give a number: a decay near 1, or recompute the statistics over the data after training"


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a momentum of ``None`` that the API does not take."""
    value, api = site.value("momentum"), site.api
    if takes_weight(site) or "momentum" not in api.roles:
        return
    given = [r.matched.given.get(r.api.roles.get("momentum", "")) for r in site.resolutions]
    for argument in given:
        if argument is not None and argument.node is not None and _subtracts_none(argument.node):
            yield context.report(
                RULE,
                context.place(site, value),
                f"{ast.unparse(argument.node)} raises a TypeError: None has no complement",
                help=_HELP,
                site=site,
                argument="momentum",
            )
            return
    if value.is_known and value.value is None:
        if all(a.momentum_none == "never" for a in site.apis):
            yield from _without_effect(site, value, context)
            return
        yield from _rejected(site, value, context)
        return
    reference = context.reference(site)
    if reference is None or reference.site is None or not keeps_statistics(site):
        return
    theirs = reference.value("momentum")
    cumulative = reference.api.momentum_none == "cumulative"
    if theirs.is_known and theirs.value is None and cumulative and value.is_known:
        yield context.report(
            RULE,
            context.place(site, value),
            f"the {reference.api.framework.title} reference{where_reference(reference)} takes the "
            f"cumulative average of all batches (momentum=None), {api.short_name} cannot"
            f"{assumption(value, theirs)}",
            help=_HELP,
            confidence=lower(RULE.confidence, (value, theirs)),
            reference=reference,
            site=site,
            argument="momentum",
        )


def _rejected(site: Site, value: Value, context: Context) -> Iterator[Finding]:
    """Report ``None`` that no API this may be takes; of one whose answer is unknown, say which."""
    rejecting = [a for a in site.apis if a.momentum_none == "rejected"]
    unknown = [a for a in site.apis if a.momentum_none == UNKNOWN]
    if not rejecting or len(rejecting) + len(unknown) < len(site.apis):
        return
    api = rejecting[0]
    how = f" ({api.momentum_none_how})" if api.momentum_none_how else ""
    which = f" in {api.versions.partition(',')[0]}" if unknown else ""
    yield context.report(
        RULE,
        context.place(site, value),
        f"{api.framework.title}'s {api.short_name} does not take {api.roles['momentum']}=None"
        f"{which}{how}{assumption(value)}",
        help=_HELP,
        confidence="medium" if unknown else lower(RULE.confidence, (value,)),
        site=site,
        argument="momentum",
    )


def _without_effect(site: Site, value: Value, context: Context) -> Iterator[Finding]:
    """Report ``None`` with which statistics that are tracked never move."""
    statistics = site.value(STATISTICS_ARGUMENT)
    if not statistics.is_known or not keeps_statistics(site):
        return
    name = site.api.roles["momentum"]
    yield context.report(
        RULE,
        context.place(site, value),
        f"{name}=None of {called(site.api)}{assumption(value, statistics)}: the running statistics "
        "never move, and inference normalises with mean 0 and variance 1",
        help=f"give a number, or leave {site.api.statistics['argument']} off",
        confidence=lower(RULE.confidence, (value, statistics)),
        site=site,
        argument="momentum",
    )


def _subtracts_none(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.right, ast.Constant)
        and node.right.value is None
    )


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare running statistics with the reference's cumulative average, or the default's."""
    if site.api.momentum_none == "never":
        port, against = layer_of(site, "momentum", mode=TRAINING), layer_of(site, mode=TRAINING)
    else:
        reference = context.reference(site)
        port, against = layers_of_pair(site, reference, "momentum", mode=TRAINING) or (None, None)
    return None if port is None else Trial(STATISTICS, port, against, about="running statistics")
