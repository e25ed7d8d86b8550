"""Processes that train one model, and keep running statistics of their own.

What it does
------------
Reports ``broadcast_buffers=False`` given to ``DistributedDataParallel`` in a project that has no
synchronised batch normalisation and builds the plain one.

Why it matters
--------------
Without the broadcast each process keeps the statistics of its own share of the data. A checkpoint
has those of the process that writes it, and validation gives another figure on each.

Example
-------
Hazard:

    import torch.nn as nn
    from torch.nn.parallel import DistributedDataParallel

    def wrap(rank):
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)).to(rank)
        return DistributedDataParallel(net, device_ids=[rank], broadcast_buffers=False)

Clean:

    import torch.nn as nn
    from torch.nn.parallel import DistributedDataParallel

    def wrap(rank):
        net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)).to(rank)
        net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
        return DistributedDataParallel(net, device_ids=[rank], broadcast_buffers=False)

Fix
---
None. The statistics may be averaged before they are used.

References
----------
Read in torch 2.13.0: without the broadcast nothing copies buffers between processes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.domain import Symbol

RULE = Rule("BN602", "ddp-buffers", "info", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report models whose buffers are not sent to the other processes."""
    words = context.frameworks
    arguments = words.word("buffer_arguments")
    for call in context.module.calls:
        for keyword in call.keywords:
            if keyword.arg not in arguments or not isinstance(keyword.value, ast.Constant):
                continue
            if keyword.value.value is not False or not context.sites or _is_synchronised(context):
                continue
            values = context.evaluator.evaluate(context.module, call.func)
            if all(
                isinstance(v.object, Symbol)
                and words.means(v.object.path, "synchronising_wrappers")
                for v in values
            ):
                yield context.report(
                    RULE,
                    keyword,
                    f"{keyword.arg}=False leaves each process its own running statistics after "
                    f"{dotted(call.func)}(): a checkpoint has those of one",
                    help="leave it out, or synchronise batch normalisation",
                )


def _is_synchronised(context: Context) -> bool:
    """Tell whether the project speaks of batch normalisation that is synchronised, or averaged."""
    pattern = r"(?i)sync_?b(?:atch_?)?n|all_reduce"
    resolver, module = context.project.resolver, context.module
    if re.search(pattern, module.text) is not None:
        return True
    return resolver is not None and bool(resolver.sources.search(module.file, pattern))
