"""Batch normalisation whose statistics are frozen while its scale and shift go on being trained.

What it does
------------
Reports code that puts the batch normalisation layers of a model into inference mode, each behind a
test of its class, and leaves their gradients alone. Many detectors do this on purpose, so that the
rule is for information only, and off unless it is selected.

Code that keeps weights of any kind from being trained in the same class or function, and evaluation
code, are left alone.

Why it matters
--------------
Inference mode stops the running statistics. It does not stop gamma and beta: the optimiser goes on
changing them. Who wants the layers to stand still altogether has to switch off both.

Example
-------
Hazard:

    import torch.nn as nn

    def freeze_bn(model):
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

Clean:

    import torch.nn as nn

    def freeze_bn(model):
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()
                for p in m.parameters():
                    p.requires_grad = False

Fix
---
None: what is meant decides.

Numbers
-------
One step of SGD at learning rate 0.1 on a layer in inference mode changes its weight, and leaves its
running mean as it was.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import takewhile

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test, names_around
from bnlint.semantics.hints.purposes import infers_or_prepares
from bnlint.semantics.modes.freezing import tested_for
from bnlint.semantics.syntax.module import dotted

RULE = Rule("BN256", "frozen-statistics-trained-affine", "info", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report layers that are put into inference mode with their weights left to the optimiser."""
    module = context.module
    stopping = _stopping_weights(context)
    for name in sorted({n for n, argument in _to_inference(context) if argument is None}):
        for call in module.calls_by_name.get(name, ()):
            if not isinstance(call.func, ast.Attribute) or call.args or call.keywords:
                continue
            if not dotted(call.func.value):
                continue  # what a test asks about has a name
            owner = module.enclosing_class(call) or module.enclosing_function(call) or module.tree
            if in_test(module, call) or owner in stopping:
                continue
            if any(map(infers_or_prepares, names_around(module, call))):
                continue
            api = tested_for(context.evaluator, module, module.statement(call))
            if api is None or (name, None) not in api.framework.modes.to_inference:
                continue
            weights = " and ".join(api.state.get("trainable", ()))
            if weights:
                yield context.report(
                    RULE,
                    call,
                    f"{module.source(call)} stops the statistics of {api.short_name}, and not its "
                    f"{weights}, which the optimiser goes on changing",
                    help=f"keep {weights} from being trained too, if the layer is to stand still",
                )


def _to_inference(context: Context) -> Iterator[tuple[str, bool | None]]:
    for framework in context.frameworks.frameworks.values():
        yield from framework.modes.to_inference


def _stopping_weights(context: Context) -> set[ast.AST]:
    """Return whatever stands around a place that keeps weights from being trained."""
    module = context.module
    names = {
        row.name
        for framework in context.frameworks.frameworks.values()
        for row in framework.modes.freezes
    }
    around: set[ast.AST] = set()
    for use in (use for name in names for use in module.uses.of(name)):
        if isinstance(use, ast.Attribute) and (
            isinstance(use.ctx, ast.Store) or isinstance(module.parents[use], ast.Call)
        ):
            around.update(takewhile(lambda node: node not in around, module.ancestors(use)))
    return around
