"""Running statistics in half precision, in a model that is trained.

What it does
------------
Reports a PyTorch model that is cast by ``half()`` and trained, in the file that makes it, and
running statistics that are cast themselves. So is a layer that is made with ``dtype=float16``, in
PyTorch or Keras, in a file that trains. Where something casts batch normalisation back
(``bn.float()``), for a model that only infers, and for one that is cast after its training, nothing
is said. Automatic mixed precision keeps statistics in float32 and is left alone.

Why it matters
--------------
Half precision ends at 65504: a larger variance becomes infinite, and the output beta. Below that, a
step of the running average that is less than a thousandth of the value is lost to rounding, so that
statistics stop on their way.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Flatten())
    net.half()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step(x, y, loss):
        optimizer.zero_grad()
        loss(net(x.half()), y).backward()
        optimizer.step()

Clean:

    import torch
    import torch.nn as nn

    net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Flatten())
    net.half()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.float()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step(x, y, loss):
        optimizer.zero_grad()
        loss(net(x.half()), y).backward()
        optimizer.step()

Fix
---
None. Automatic mixed precision does what is wanted, or batch normalisation is cast back.

Numbers
-------
With momentum 0.001, on N(3, 4), after 6000 steps a layer in half precision has a running mean of
2.35 and a variance of 3.78; one in single precision has 2.99 and 3.99. A running variance of 70000
is infinite in half precision, and the output 0.

References
----------
Measured with torch 2.13.0 on the processor, and Keras 3.15.1: 200 steps on N(5, 90000) in float16
leave a moving variance of inf.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.switches import takes_gradient, use_feeds_gradient
from bnlint.semantics.objects.events import CALL, Life, Use
from bnlint.semantics.objects.order import may_precede
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.weights.kinds import is_statistic

RULE = Rule("BN123", "half-precision-statistics", "warning", confidence="medium")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that is made with statistics in half precision, in a file that trains."""
    words, module = context.frameworks, context.module
    if site.api.kind != "layer" or not site.is_direct or in_test(module, site.call):
        return
    for keyword in site.call.keywords:
        if keyword.arg is None or not words.shares(
            keyword.arg, "type_arguments", site.api.framework
        ):
            continue
        value = keyword.value
        said = str(value.value) if isinstance(value, ast.Constant) else last_name(value)
        if words.shares(said, "half_types", site.api.framework) and _trains(context):
            yield context.report(
                RULE,
                keyword,
                f"{keyword.arg}={module.source(value)} makes the running statistics of "
                f"{site.api.short_name} half precision: above 65504 they are infinite, and small "
                "steps are lost to rounding",
                help="keep the layer in float32, and use mixed precision",
                site=site,
            )


def _trains(context: Context) -> bool:
    """Tell whether the file trains: it takes gradients, or calls what does."""
    module, ev = context.module, context.evaluator
    methods = context.frameworks.word("training_methods")
    return any(name in module.calls_by_name for name in methods) or any(
        takes_gradient(ev, call) for call in module.calls
    )


def check_file(context: Context) -> Iterator[Finding]:
    """Report models that are trained in half precision."""
    module = context.module
    halves = [name for name in context.frameworks.word("halves") if name in module.calls_by_name]
    if not halves:
        return
    for name in halves:
        for call in module.calls_by_name[name]:
            match call.func:
                case ast.Attribute(value=ast.Attribute(attr=name)) if is_statistic(name):
                    if _is_stored(call, module):
                        yield context.report(
                            RULE,
                            call,
                            f"{name} in half precision: above 65504 it is infinite, and small "
                            "steps are lost to rounding",
                            help="keep running statistics in float32",
                        )
    if _casts_back(module):
        return
    for history in context.histories(shows=True, whole=False):
        casts = history.life.methods(*halves)
        cast = next((use for use in casts if _is_trained_after(use, history.life, context)), None)
        if cast is not None and history.contents.normalises:
            yield context.report(
                RULE,
                cast.here,
                "the model is trained in half precision, and its running statistics with it: small "
                "steps of them are lost to rounding",
                help="use automatic mixed precision, or cast batch normalisation back to float32",
            )


def _is_stored(call: ast.Call, module: Module) -> bool:
    """Tell whether what is cast is kept, and no argument of a call."""
    return isinstance(module.parents[call], (ast.Assign, ast.AnnAssign))


def _casts_back(module: Module) -> bool:
    """Tell whether the file casts anything to single precision, or leaves that to a package."""
    return "float" in module.calls_by_name or "amp" in module.uses or "autocast" in module.uses


def _is_trained_after(cast: Use, life: Life, context: Context) -> bool:
    """Tell whether what the model gives feeds gradients, and it may be cast before that."""
    ev = context.evaluator
    return any(
        use.kind == CALL
        and use_feeds_gradient(ev, use)
        and may_precede(ev, context.module, cast.here, use.here)
        for use in life.uses
    )
