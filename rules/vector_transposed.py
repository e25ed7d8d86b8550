"""Arrays of batch normalisation that are given more axes than the one they have.

What it does
------------
Reports what is put into gamma, beta, mean or variance of a layer after its axes were exchanged, or
after it was given four: ``.transpose(3, 2, 0, 1)`` as for the kernel of a convolution, or
``.reshape(1, -1, 1, 1)``.

Why it matters
--------------
Each of these arrays has one axis, the channels. NumPy and PyTorch raise an exception where axes
are exchanged that are not there. With four axes, ``.data =`` is accepted, and the layer raises an
exception when it is run.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    def load(bn: nn.BatchNorm2d, mean, var):
        bn.running_mean.data = torch.from_numpy(mean).view(1, -1, 1, 1)
        bn.running_var.data = torch.from_numpy(var)

Clean:

    import torch
    import torch.nn as nn

    def load(bn: nn.BatchNorm2d, mean, var):
        bn.running_mean.data = torch.from_numpy(mean).view(-1)
        bn.running_var.data = torch.from_numpy(var)

Fix
---
None. The array may have had more axes before.

Numbers
-------
With ``running_mean`` of shape (1, C, 1, 1), a BatchNorm2d raises "expected 1 dims but tensor has 4"
in inference; ``copy_`` of it into the layer raises at once.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.weights.kinds import is_statistic
from bnlint.semantics.weights.transfers import copies

RULE = Rule("BN408", "vector-transposed", "warning", confidence="medium")

#: Methods and functions that exchange axes, and those that give an array the axes they are told.
_EXCHANGES = frozenset({"transpose", "permute", "swapaxes", "moveaxis", "movedim"})
_RESHAPES = frozenset({"reshape", "view"})


def check_file(context: Context) -> Iterator[Finding]:
    """Report vectors that are given other axes."""
    for copy in copies(context.evaluator, context.module, context.sites):
        if not copy.names_statistics:
            continue  # any layer has a weight, which may have axes to exchange
        for transfer in copy.transfers:
            target = transfer.target
            if target.layer is None and not is_statistic(target.name):
                continue
            call = _outermost(transfer.value)
            if call is not None:
                yield context.report(
                    RULE,
                    transfer.value,
                    f"{target.name} has one axis, the channels, and is given an array after "
                    f"{last_name(call.func)}(), with more",
                    help="give it the vector as it is",
                )


def _outermost(node: ast.expr) -> ast.Call | None:
    """Return the last call on the way to ``node`` that exchanges axes or makes four of one."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Attribute):
            node = node.value
            continue
        name = last_name(node.func)
        given = node.args
        if len(given) == 1 and isinstance(given[0], ast.Tuple):
            given = given[0].elts
        if name in _EXCHANGES and len(given) > 1:
            return node
        if name in _RESHAPES:
            return node if len(given) > 1 else None
        if name in ("squeeze", "flatten", "ravel"):
            return None
        nested = isinstance(node.func, ast.Attribute) and not (
            node.args and isinstance(node.func.value, ast.Name)
        )
        node = node.func.value if nested else (node.args[0] if node.args else node.func)  # type: ignore[attr-defined]
    return None
