"""A checkpoint of a folded model that is loaded, as far as it goes, into one that is not folded.

What it does
------------
Reports ``load_state_dict(..., strict=False)`` of what is named for a fold (``fused.pth``,
``folded_state``), in a file that builds batch normalisation and folds nothing.

Why it matters
--------------
A folded model has no arrays of batch normalisation, and biases that the other does not have.
Without ``strict`` the biases are dropped, and each layer of batch normalisation stays as it was
made.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))
    net.load_state_dict(torch.load("model_fused.pth"), strict=False)

Clean:

    import torch
    import torch.nn as nn

    net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))
    net.load_state_dict(torch.load("model_fused.pth"))

Fix
---
None. Load it into a folded model, or the checkpoint from before the fold.

References
----------
Read in torch 2.13.0: without ``strict``, keys that only one side has are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.purposes import folds
from bnlint.semantics.names.flow import reaching

RULE = Rule("BN411", "fused-checkpoint", "warning", confidence="medium", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report checkpoints of folded models that are loaded in part."""
    module, words = context.module, context.frameworks
    if not context.sites:
        return
    for name in words.word("load_methods"):
        for call in module.calls_by_name.get(name, ()):
            loose = any(
                k.arg in words.word("strict_arguments")
                and isinstance(k.value, ast.Constant)
                and k.value.value is False
                for k in call.keywords
            )
            if not loose or not call.args or not isinstance(call.func, ast.Attribute):
                continue
            given = _written(call.args[0], context)
            if folds(given) and not _folds_model(context):
                yield context.report(
                    RULE,
                    call,
                    f"{given} is named for a fold, and is loaded as far as it goes: batch "
                    "normalisation stays as it was made, and the biases of the fold are dropped",
                    help="load it into a folded model, or the checkpoint from before the fold",
                )


def _written(node: ast.expr, context: Context) -> str:
    """Return what is loaded as the code has it, a variable by what it holds."""
    module = context.module
    if isinstance(node, ast.Name) and not folds(node.id):
        states = reaching(context.evaluator.scope(module, module.scope_node(node)), node.id, node)
        value = states[0].binding.value if len(states) == 1 else None
        node = value if isinstance(value, ast.expr) else node
    return module.source(node)


def _folds_model(context: Context) -> bool:
    """Tell whether the file calls anything that is named for a fold."""
    return any(
        folds(name) and re.search(r"load|save", name) is None
        for name in context.module.calls_by_name
    )
