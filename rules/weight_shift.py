"""The weights of a layer that has fewer than four, taken by the places of all four.

What it does
------------
Looks at weights of a Keras layer that was built with ``scale=False`` or ``center=False``: taken
apart into four variables, or taken by their places and put where another array belongs.

Why it matters
--------------
Without a scale, ``get_weights()`` begins with beta: what stands second is the moving mean. Every
array has one number for each channel, so that the shift goes unnoticed.

Example
-------
Hazard:

    import torch
    from tensorflow import keras

    layer = keras.layers.BatchNormalization(scale=False)

    def copy(target: torch.nn.BatchNorm2d):
        weights = layer.get_weights()
        target.bias.data = torch.from_numpy(weights[1])
        target.running_mean.data = torch.from_numpy(weights[2])

Clean:

    import torch
    from tensorflow import keras

    layer = keras.layers.BatchNormalization(scale=False)

    def copy(target: torch.nn.BatchNorm2d):
        weights = layer.get_weights()
        target.bias.data = torch.from_numpy(weights[0])
        target.running_mean.data = torch.from_numpy(weights[1])
        target.running_var.data = torch.from_numpy(weights[2])

Fix
---
None. Which array is meant is said by the code that takes them.

Numbers
-------
With ``scale=False``, ``get_weights()`` gives beta, moving_mean and moving_variance, three arrays of
one shape.

References
----------
Measured with Keras 3.15.1.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.weights.kinds import CALLED, KINDS
from bnlint.semantics.weights.sources import Arrays, Slot
from bnlint.semantics.weights.transfers import Transfer, copies

RULE = Rule("BN402", "weight-shift", "error")


def check_file(context: Context) -> Iterator[Finding]:
    """Report weights that are taken by the places of other layers."""
    module, arrays = context.module, Arrays(context.evaluator, context.module, context.sites)
    for copy in copies(context.evaluator, module, context.sites):
        for transfer in copy.transfers:
            match transfer.source:
                case Slot(layer=ast.expr() as layer, length=1 | 2 | 3) as source:
                    if copy.crosses(transfer):
                        order = [CALLED[kind] for kind in arrays.order(layer)]
                        yield _shifted(transfer, source, order, context)
    for call in (c for name in arrays.listing for c in module.calls_by_name.get(name, ())):
        match module.parents[call], call.func:
            case ast.Assign([ast.Tuple(variables), *_]), ast.Attribute(layer) as method:
                has = [CALLED[kind] for kind in arrays.order(layer)]
                if arrays.lists_all(method) and len(has) < len(variables) == len(KINDS):
                    yield context.report(
                        RULE,
                        call,
                        f"{module.source(layer)} has {len(has)} weights, and is taken apart into "
                        f"{len(variables)}: it has {', '.join(has)} only",
                        help="leave out the variable of what the layer leaves out",
                    )


def _shifted(transfer: Transfer, source: Slot, order: Sequence[str], context: Context) -> Finding:
    return context.report(
        RULE,
        transfer.value,
        f"{source.name} of {source.owner} is {CALLED[source.kind]}, and is put where "
        f"{CALLED[transfer.target.kind]} belongs: the layer has {', '.join(order)} only",
        help="count the places without those that the layer leaves out",
        trial=trial_of_arrays(
            context.frameworks,
            transfer.target.name,
            [(transfer.target.kind, source.kind)],
        ),
    )
