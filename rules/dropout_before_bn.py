"""Dropout in front of batch normalisation, whose statistics then hold in training alone.

What it does
------------
Reports a batch normalisation layer that is fed by a dropout layer, or by one through activations.

Why it matters
--------------
Dropout keeps the mean of what it is given and enlarges its variance, in training. The running
variance is that of training, and too large in inference, where nothing is dropped: what comes out
is scaled down.

Example
-------
Hazard:

    import torch.nn as nn

    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Dropout(0.5), nn.BatchNorm1d(8))

Clean:

    import torch.nn as nn

    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8), nn.Dropout(0.5))

Fix
---
None. A reference that has them in this order has its port have them so too.

Numbers
-------
On inputs from N(3, 4), dropout with 0.5 makes a variance of 17 of one of 4, and the outputs of
inference have a standard deviation of 0.48 instead of 1.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.neighbours import layer_before

RULE = Rule("BN505", "dropout-before-bn", "info", default=False)

_MOST = 4


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that is fed by dropout."""
    ev = context.evaluator
    if site.api.kind == "functional" or site.presumed or not keeps_statistics(site):
        return
    found = layer_before(ev, site.module, site.call) if site.api.kind == "layer" else None
    for _ in range(_MOST):
        if found is None or found.neighbour.kind not in ("activation", "pointwise"):
            return
        if any(context.frameworks.means(path, "dropouts") for path in found.neighbour.aliases):
            yield context.report(
                RULE,
                context.place(site),
                f"{last_name(found.call.func)} (line {found.call.lineno}) feeds "
                f"{site.api.short_name}: its running variance is that of what is dropped, in "
                "inference too large",
                help="put the dropout behind it",
                site=site,
            )
            return
        found = layer_before(ev, found.module, found.call)
