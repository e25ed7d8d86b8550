"""Batch normalisation over the time steps of a sequence, where its features are in the last axis.

What it does
------------
Follows sequences of rank 3 from recurrent layers and attention that are told ``batch_first=True``
(else they may be given one sequence without a batch), and from dense layers behind these, through
``transpose`` and ``permute``. Reported is a layer that normalises axis 1 and is given a sequence
whose features are in axis 2.

With the number of the features it is wrong for certain. With another one, as in
``BatchNorm1d(steps)``, it may be meant: that is reported with low confidence.

Why it matters
--------------
Keras normalises the last axis of (batch, time, features), PyTorch axis 1. The layer raises an
exception if the number of steps is another, and with an equal number it keeps statistics of each
step over all features.

Example
-------
Hazard:

    import torch.nn as nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(40, 128, batch_first=True)
            self.bn = nn.BatchNorm1d(128)

        def forward(self, x):
            out, _ = self.lstm(x)
            return self.bn(out)

Clean:

    import torch.nn as nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(40, 128, batch_first=True)
            self.bn = nn.BatchNorm1d(128)

        def forward(self, x):
            out, _ = self.lstm(x)
            return self.bn(out.transpose(1, 2)).transpose(1, 2)

Fix
---
Swaps the axes around the call: ``self.bn(x.transpose(1, 2)).transpose(1, 2)``.

Fix safety
----------
Unsafe always: a norm over the steps may be meant.

Not written where the layer has another number of channels than the sequence has features, and where
what it is applied to is not in view.

Numbers
-------
On [8, 128, 128], normalising steps instead of features changes the output by 0.75 relative to its
largest value; on [8, 50, 128] the layer of 128 channels raises ("running_mean should contain 50
elements not 128").

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.tensors.applications import applications
from bnlint.semantics.tensors.layouts import fits, layout_before, made_by, normalised_axis

RULE = Rule("BN303", "sequence-layout", "error")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that normalises the steps of a sequence."""
    axis = normalised_axis(site)
    if axis is None or site.presumed:
        return
    found = layout_before(context.evaluator, site)
    if found is None or found.rank != 3 or found.axis in (None, axis):
        return
    if in_test(site.module, site.call):
        return
    is_certain = fits(context.evaluator, site, found)
    yield context.report(
        RULE,
        context.place(site),
        f"{site.api.short_name} normalises axis {axis}, and is given a sequence whose features, of "
        f"{made_by(found)}, are in axis {found.axis}: it takes the statistics of each step",
        help="swap the axes before and after it",
        confidence="high" if is_certain else "low",
        fix=_fix(site, context) if is_certain else None,
        site=site,
    )


def _fix(site: Site, context: Context) -> Fix | None:
    swap = context.frameworks.first("swaps", site.api.framework)
    match applications(context.evaluator, site.module, site.call):
        case [ast.Call(args=[ast.Name(id=given)]) as call] if swap:
            module = context.module
            text = f"{module.source(call.func)}({given}.{swap}(1, 2)).{swap}(1, 2)"
            reason = "a norm over the steps may be meant"
            return Fix(UNSAFE, f"write {text}", (ReplaceValue(module.span(call), text),), reason)
    return None
