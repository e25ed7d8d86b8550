"""One batch normalisation layer for all steps of a loop over time.

What it does
------------
Looks at loops over the steps of a sequence, in which the state of one step goes into the next.
Reported is a layer that is applied in each of them.

Why it matters
--------------
The first states are zeros, or near to them: what is normalised in the first steps has another mean
and variance than later. In training each step is normalised by itself, in inference by statistics
that are those of all steps together.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    class Cell(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.fc = nn.Linear(2 * size, size, bias=False)
            self.bn = nn.BatchNorm1d(size)

        def forward(self, x, h):
            for t in range(x.size(1)):
                h = torch.tanh(self.bn(self.fc(torch.cat([x[:, t], h], 1))))
            return h

Clean:

    import torch
    import torch.nn as nn

    class Cell(nn.Module):
        def __init__(self, size, steps):
            super().__init__()
            self.fc = nn.Linear(2 * size, size, bias=False)
            self.bns = nn.ModuleList([nn.BatchNorm1d(size) for _ in range(steps)])

        def forward(self, x, h):
            for t in range(x.size(1)):
                h = torch.tanh(self.bns[t](self.fc(torch.cat([x[:, t], h], 1))))
            return h

Fix
---
None. A layer for each step, layer normalisation, or a norm of the inputs alone are ways to do it.

Numbers
-------
A recurrent network of 64 units that starts from zeros, 20 steps, one layer for all: in inference
its outputs have a standard deviation of 0.57 at the first step, 0.82 at the second and 1.02 at the
last. With a layer for each step it is 1.0 at all.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics
from bnlint.semantics.tensors.applications import applications

RULE = Rule("BN506", "shared-over-time", "warning", confidence="medium", default=False)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that is applied at each step of a sequence."""
    if site.presumed or not keeps_statistics(site):
        return
    module = context.module
    for use in applications(context.evaluator, module, site.call):
        loop = _steps(use, context)
        if loop is None or any(around is loop for around in module.ancestors(site.call)):
            continue  # not in a loop, or made anew in each step
        assert isinstance(loop.target, ast.Name)
        yield context.report(
            RULE,
            use,
            f"{module.source(use.func)} is applied at each step of the loop over {loop.target.id}: "
            "in inference all steps are normalised by statistics of all of them together",
            help="give each step a layer of its own, or normalise in another way",
        )
        return


def _steps(use: ast.Call, context: Context) -> ast.For | None:
    """Return the loop over the steps of a sequence around ``use``, in which a state is carried."""
    for around in context.module.ancestors(use):
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        if not isinstance(around, ast.For) or not isinstance(around.target, ast.Name):
            continue
        step = around.target.id
        if any(isinstance(n, ast.Name) and n.id == step for n in ast.walk(use.func)):
            return None  # a layer for each step
        if _indexes(around, step) and _carries(around, use):
            return around
    return None


def _indexes(loop: ast.For, step: str) -> bool:
    """Tell whether the body takes a step of a tensor: ``x[:, t]``, ``x[t]``."""
    return any(
        isinstance(part, ast.Subscript)
        and isinstance(part.ctx, ast.Load)
        and isinstance(part.value, ast.Name)
        and any(isinstance(n, ast.Name) and n.id == step for n in ast.walk(part.slice))
        for statement in loop.body
        for part in ast.walk(statement)
    )


def _carries(loop: ast.For, use: ast.Call) -> bool:
    """Tell whether what ``use`` gives goes into a variable that the next step reads first."""
    read: set[str] = set()
    for statement in loop.body:
        names = [part for part in ast.walk(statement) if isinstance(part, ast.Name)]
        read |= {n.id for n in names if isinstance(n.ctx, ast.Load)}
        stored = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        if stored & read and any(part is use for part in ast.walk(statement)):
            return True
    return False
