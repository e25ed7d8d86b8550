"""The two sides of a port keep variances that are divided by other numbers, of few values each.

What it does
------------
Compares what goes into the running variance with what goes into that of the reference: the variance
divided by n (Keras 3, Paddle, Flax) or by n - 1 (PyTorch, MindSpore), where n counts the values of
a channel in a batch. Reported is the first layer of a file for which the two differ, that sees one
value of each channel for an example, and is trained in batches of two to eight examples: by a
loader of the file, or by ``fit(batch_size=...)``.

Larger batches are left alone, and images, whose batches have thousands of values for each channel:
nobody sees the difference there.

Why it matters
--------------
Running variances of the two sides differ by n / (n - 1), however long they are trained, so that
outputs in inference do not agree. It is no fault of either side, and explains a difference that is
left after eps and momentum are right.

Example
-------
Hazard:

    import keras
    import torch.nn as nn
    from torch.utils.data import DataLoader

    reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)

    def train(data, optimizer, loss):
        net = nn.Sequential(nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
        loader = DataLoader(data, batch_size=4, drop_last=True)
        for x, y in loader:
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()

Clean:

    import keras
    import torch.nn as nn
    from torch.utils.data import DataLoader

    reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)

    def train(data, optimizer, loss):
        net = nn.Sequential(nn.Linear(16, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
        loader = DataLoader(data, batch_size=128, drop_last=True)
        for x, y in loader:
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()

Fix
---
None. Neither framework has a switch for it; larger batches make the difference small.

Numbers
-------
The variance divided by n is the other one times (n - 1) / n: 0.5 for batches of 2, 0.75 for 4, 0.97
for 32, 0.9994 for 1568 values.

References
----------
What each API stores is measured by ``bnlint frameworks --check``, and stands in the tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule, called, where_reference
from bnlint.semantics.modes.small_batches import (
    batch_size,
    fitted_sizes,
    loaders,
    sees_single_values,
    training_loop,
)
from bnlint.semantics.syntax.numbers import shown

RULE = Rule("BN121", "variance-estimator", "info", default=False, needs_reference=True)

#: Batches of so many examples are small.
_MOST = 8

_DIVISORS = {"biased": "n", "unbiased": "n - 1"}


def check_file(context: Context) -> Iterator[Finding]:
    """Report the first layer whose running variance is another than that of its reference."""
    ev = context.evaluator
    small = _small_batch(context)
    if small is None:
        return
    where, size = small
    for site in context.sites:
        reference = context.reference(site)
        if reference is None or not sees_single_values(ev, site):
            continue
        mine, theirs = (_DIVISORS.get(api.estimator_at(2)) for api in (site.api, reference.api))
        if {mine, theirs} != set(_DIVISORS.values()):
            continue
        times = size / (size - 1) if mine == "n - 1" else (size - 1) / size
        title = reference.api.framework.title
        yield context.report(
            RULE,
            context.place(site),
            f"{called(site.api)} keeps the variance over {mine}, the {title} "
            f"{'reference' if reference.is_read else 'layer'} that over {theirs}"
            f"{where_reference(reference)}: with batches of {size} (line {where.lineno}), running "
            f"variances are {shown(round(times, 3))} times those of the reference",
            help="compare after training with larger batches, or allow for the quotient",
            reference=reference,
            site=site,
            argument="estimator",
        )
        return


def _small_batch(context: Context) -> tuple[ast.expr | ast.keyword, int] | None:
    """Return where batches of few examples are made that are trained on, and of how many."""
    ev, module = context.evaluator, context.module
    for call in loaders(ev, module):
        size = batch_size(ev, module, call)
        if size is not None and 1 < size <= _MOST and training_loop(ev, module, call) is not None:
            return call, int(size)
    for keyword, size in fitted_sizes(ev, module):
        if 1 < size <= _MOST:
            return keyword, size
    return None
