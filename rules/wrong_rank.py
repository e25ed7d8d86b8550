"""Batch normalisation that is given a tensor of a rank it does not take.

What it does
------------
Works out the rank of what a layer is given: by the convolution, dense or recurrent layer before it,
and by ``permute``, ``transpose``, ``view`` and indices in between. Reported is a layer that does
not take that rank: ``BatchNorm1d`` behind ``Conv2d``, ``BatchNorm2d`` behind ``Linear``.

Why it matters
--------------
The layer raises an exception in its first forward pass. In a port it stands where the reference has
one layer for all ranks, such as ``BatchNormalization`` of Keras. Behind a dense layer that is given
images in channels-last order, nothing is raised, and rows are normalised instead of channels. That
is meant where the layer has another number of channels than the dense layer has features: it is
left alone.

Example
-------
Hazard:

    import torch.nn as nn

    block = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm1d(8), nn.ReLU())

Clean:

    import torch.nn as nn

    block = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())

Fix
---
Writes the name of the layer for that rank.

Fix safety
----------
Unsafe always: the layer before it may be the wrong one.

Not written behind a dense layer, where the rank is that of what goes in, and where the layer is not
called by the name that its framework gives it.

Numbers
-------
``BatchNorm1d`` on rank 4, ``BatchNorm2d`` on ranks 2 and 3 and ``BatchNorm3d`` on rank 4 raise
ValueError ("expected 4D input (got 2D input)"), in training and in inference.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import MANUAL, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.tensors.layouts import fits, layout_before, made_by

RULE = Rule("BN304", "wrong-rank", "error")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that does not take the rank it is given."""
    ranks = site.api.ranks
    if len(site.apis) != 1 or not isinstance(ranks, tuple) or site.presumed or site.api.like:
        return
    found = layout_before(context.evaluator, site)
    if found is None or in_test(site.module, site.call):
        return
    taken = " or ".join(map(str, ranks))
    if found.rank and found.rank not in ranks:
        by = made_by(found)
        yield context.report(
            RULE,
            context.place(site),
            f"{site.api.short_name} takes tensors of rank {taken}, and is given one of rank "
            f"{found.rank}{f' by {by}' if by else ''}: its first forward pass raises",
            help="use the layer for that rank",
            fix=_fix(site, found.rank, context),
            site=site,
        )
    elif not found.rank and min(ranks) > 3:
        if not fits(context.evaluator, site, found):
            return  # the rows of an image may be meant
        yield context.report(
            RULE,
            context.place(site),
            f"{site.api.short_name} takes tensors of rank {taken}, and is given the output of "
            f"{made_by(found)}, whose features are in the last axis: it raises, or normalises rows",
            help="use the layer for rank 2",
            site=site,
        )


def _fix(site: Site, rank: int, context: Context) -> Fix | None:
    """Return the fix that calls the layer of the same package which takes ``rank``."""
    name, func = site.api.short_name, site.call.func
    others = {
        api.short_name
        for api in context.frameworks.apis.values()
        if api.framework is site.api.framework
        and not {rank}.isdisjoint(api.ranks)
        and api.short_name[:-2] == name[:-2]
    }
    written = context.module.source(func)
    if len(others) != 1 or not isinstance(func, (ast.Name, ast.Attribute)):
        return None
    (other,) = others
    advice = f"write {other}"
    if not isinstance(func, ast.Attribute) or not written.endswith(name):
        return Fix(MANUAL, advice, (), "the file has no name for it")
    text = written[: -len(name)] + other
    intent = ReplaceValue(context.module.span(func), text)
    return Fix(UNSAFE, advice, (intent,), "the layer before it may be the wrong one")
