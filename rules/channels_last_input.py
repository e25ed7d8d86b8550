"""Batch normalisation over axis 1 of an image whose channels are in the last axis.

What it does
------------
Follows the axis of the channels through ``permute`` and ``transpose``. Reported is a layer that
normalises axis 1 and is given a tensor of rank 4 or 5 whose channels are known to be in another
axis.

With the number of those channels it is wrong for certain. With another number, or one that is not
known, it may be meant, as a norm over the nodes of a graph is: that has low confidence.

Why it matters
--------------
The statistics are those of rows instead of channels. Where a row count happens to equal the number
of channels nothing fails; else the layer raises an exception.

Example
-------
Hazard:

    import torch.nn as nn

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 32, 3, padding=1)
            self.bn = nn.BatchNorm2d(32)

        def forward(self, x):
            x = self.conv(x).permute(0, 2, 3, 1)
            return self.bn(x)

Clean:

    import torch.nn as nn

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 32, 3, padding=1)
            self.bn = nn.BatchNorm2d(32)

        def forward(self, x):
            x = self.bn(self.conv(x))
            return x.permute(0, 2, 3, 1)

Fix
---
None. Where the axes are to be moved is decided by what else is given the tensor.

Numbers
-------
On [8, 32, 32, 32], normalising rows instead of channels changes the output by 0.79 relative to its
largest value; on [8, 16, 16, 32] the layer of 32 channels raises.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.tensors.layouts import fits, layout_before, made_by, normalised_axis

RULE = Rule("BN302", "channels-last-input", "error")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that normalises another axis than that of the channels."""
    axis = normalised_axis(site)
    if axis is None or site.presumed:
        return
    found = layout_before(context.evaluator, site)
    if found is None or found.rank < 4 or found.axis is None or found.axis == axis:
        return
    if in_test(site.module, site.call):
        return
    by, moved = made_by(found), found.moved
    where = f" (moved on line {moved.lineno})" if moved is not None else ""
    yield context.report(
        RULE,
        context.place(site),
        f"{site.api.short_name} normalises axis {axis}, and is given a tensor whose channels"
        f"{f', of {by},' if by else ''} are in axis {found.axis}{where}",
        help="normalise before the axes are moved, or move the channels back first",
        confidence="high" if fits(context.evaluator, site, found) else "low",
        site=site,
    )
