"""A copy that follows a model by its weights, and infers with statistics that never follow.

What it does
------------
Reports loops that mix the weights of one model into another (a moving average, a soft update of a
target network) over ``parameters()``, or dictionaries of them, where that other model is put into
inference mode and has batch normalisation in it.

The model must be switched to inference, and nowhere to training, where the project makes it or
hands it on. Nothing is said where the code goes through the buffers too, names running statistics,
loads whole states into the model, recomputes statistics, or runs the model in the mode it was born
with, in which it gathers statistics of its own.

Why it matters
--------------
In PyTorch, ``parameters()`` is what is trained. Running mean and variance are buffers: the average
keeps those it had when it was copied, 0 and 1 at the start of training, while its weights move on.
In inference it normalises with them.

Example
-------
Hazard:

    import copy
    import torch
    import torchvision

    model = torchvision.models.resnet18()
    ema = copy.deepcopy(model)
    ema.eval()

    def update(decay=0.999):
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters()):
                e.mul_(decay).add_(p, alpha=1 - decay)

Clean:

    import copy
    import torch
    import torchvision

    model = torchvision.models.resnet18()
    ema = copy.deepcopy(model)
    ema.eval()

    def update(decay=0.999):
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters()):
                e.mul_(decay).add_(p, alpha=1 - decay)
            for e, b in zip(ema.buffers(), model.buffers()):
                e.copy_(b)

Fix
---
Copies the buffers after the loop.

Fix safety
----------
Unsafe always: statistics may be recomputed elsewhere.

Numbers
-------
After 200 batches of 32 from N(3, 2), the outputs of a layer in inference are those of N(0, 1); an
average of its weights, whose statistics are 0 and 1 as at its birth, is off by 3.0 on average.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.rule import Context, Rule
from bnlint.semantics.weights.kinds import STATISTICS
from bnlint.semantics.weights.loops import stale
from bnlint.trial import INITIAL

RULE = Rule("BN405", "ema-skips-statistics", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report averages of weights beside statistics that stay behind."""
    for found in stale(context.evaluator, context.module, context.sites):
        if not found.moving.mixes:
            continue  # a copy, which another rule is about
        fix = None
        if found.remedy:
            span = context.module.span(found.moving.statement)
            after = InsertStatement(span, found.remedy, "after")
            fix = Fix(UNSAFE, "copy the buffers too", (after,), "they may be set elsewhere")
        yield context.report(
            RULE,
            found.moving.where,
            found.said,
            help=found.advice,
            fix=fix,
            trial=trial_of_arrays(context.frameworks, "", [(k, INITIAL) for k in STATISTICS]),
        )
