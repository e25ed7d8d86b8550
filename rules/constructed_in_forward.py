"""A batch normalisation layer built anew at every call.

What it does
------------
Reports a layer that is constructed inside ``forward``, ``call`` or ``construct`` of a module, or
in a function that is called from there, and applied at once.

Building layers in a function is the idiom of Keras's functional models and of TensorFlow 1: only
methods that run when a module is called are meant. Flax's compact methods and Haiku's modules keep
what they build by name. A layer that is kept on the object is built
lazily, which is right; one that is given its weights or statistics is used as arithmetic. Tests and
comparisons are left alone.

Why it matters
--------------
A new layer has gamma 1, beta 0 and no statistics of its own. It is not among the module's
parameters, is never trained or saved, does not see ``eval()``, and so always normalises with the
batch.

Example
-------
Hazard:

    import torch.nn as nn

    class Block(nn.Module):
        def forward(self, x):
            return nn.BatchNorm2d(x.shape[1])(x)

Clean:

    import torch.nn as nn

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.bn = nn.BatchNorm2d(channels)

        def forward(self, x):
            return self.bn(x)

Clean:

    from tensorflow import keras

    def block(x):
        x = keras.layers.Conv2D(8, 3)(x)
        return keras.layers.BatchNormalization()(x)

Fix
---
None: the layer belongs into the constructor, which has to know the number of channels.

References
----------
Measured with torch 2.13.0: the layer's parameters are not in ``module.parameters()``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test_or_comparison
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.switches import switches
from bnlint.semantics.objects.models import is_forward
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.classes import outside_bases
from bnlint.semantics.values.domain import ClassRef, Symbol

RULE = Rule("BN214", "constructed-in-forward", "error")

_MAX_DEPTH = 4


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer constructed and applied inside a forward pass."""
    if any(api.kind != "layer" for api in site.apis) or site.presumed:
        return
    function = context.module.enclosing_function(site.call)
    if (
        function is None
        or not _is_applied(site, context)
        or in_test_or_comparison(context.module, site.call)
    ):
        return
    forward = _reached_from(context, function, 0)
    if forward is None:
        return
    where = (
        f"in {forward.name}()"
        if forward is function
        else f"in a function that {forward.name}() calls"
    )
    yield context.report(
        RULE,
        site.call,
        f"{site.api.short_name} is built anew {where} at every call: it is never trained, saved or "
        "put into inference mode",
        help="build it in the constructor, keep it on the object and call it here",
        site=site,
    )


def _is_applied(site: Site, context: Context) -> bool:
    """Tell whether the new layer is called at once, and not kept."""
    module = site.module
    made: ast.expr = site.call
    while isinstance(attribute := module.parents[made], ast.Attribute) and _is_moved(
        module, made, context
    ):
        made = module.parents[attribute]  # type: ignore[assignment]  # the call of its method
    parent = module.parents[made]
    if isinstance(parent, ast.Call) and parent.func is made:
        return True
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return False
    target = parent.targets[0]
    if not isinstance(target, ast.Name):
        return False
    scope = module.scope_node(site.call)
    uses = [
        use
        for use in module.uses.of(target.id)
        if isinstance(use, ast.Name)
        and isinstance(use.ctx, ast.Load)
        and module.scope_node(use) is scope
    ]
    called = [u for u in uses if isinstance(p := module.parents[u], ast.Call) and p.func is u]
    moved = [u for u in uses if _is_moved(module, u, context)]
    return bool(called) and len(called) + len(moved) == len(uses)


def _is_moved(module: Module, use: ast.expr, context: Context) -> bool:
    """Tell whether the layer is only put on a device, cast or switched here."""
    attribute = module.parents[use]
    if not isinstance(attribute, ast.Attribute):
        return False
    call = module.parents[attribute]
    methods = {m for f in context.frameworks.frameworks.values() for m in switches(f)}
    return (
        isinstance(call, ast.Call)
        and call.func is attribute
        and attribute.attr in (*context.frameworks.word("keeps"), *methods)
    )


def _reached_from(
    context: Context, function: ast.AST | None, depth: int
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the forward method that ``function`` is, or that calls it."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or depth > _MAX_DEPTH:
        return None
    module, ev = context.module, context.evaluator
    if is_forward(ev, module, function):
        return None if _builds_once(context, function) else function
    for call, _ in callers(ev, module, function):
        callees = (value.object for value in ev.evaluate(module, call.func))
        if not any(getattr(callee, "node", None) is function for callee in callees):
            continue
        found = _reached_from(context, module.enclosing_function(call), depth + 1)
        if found is not None:
            return found
    return None


def _builds_once(context: Context, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether the framework itself keeps layers built here: by decorator, or by class."""
    names = {path.rpartition(".")[2] for path in context.frameworks.word("builds_once")}
    if any(
        last_name(d.func if isinstance(d, ast.Call) else d) in names
        for d in function.decorator_list
    ):
        return True
    return any(
        isinstance(base, Symbol) and context.frameworks.means(base.path, "builds_once")
        for around in context.module.ancestors(function)
        if isinstance(around, ast.ClassDef)
        for base in outside_bases(context.evaluator, ClassRef(context.module, around))
    )
