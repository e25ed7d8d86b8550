"""Batches of one example in training, of which batch normalisation makes nothing.

What it does
------------
Looks at layers that see one value of each channel for an example: behind a dense layer, on tensors
of rank 2, behind pooling to a single value. Reported are

- a loop over a loader with ``batch_size=1``, or with none given, that takes gradients, and in which
  what the loader makes is given, as it is, to a sequence with such a layer;
- with low confidence, such a loop where an example may have rows of its own, and ``fit(...,
  batch_size=1)`` of Keras;
- such a layer that is applied to the pieces of a batch one by one, as ghost batch normalisation
  does: with ``split`` into pieces of a known size, and with low confidence where the size is not
  known, and with ``chunk``, after which few sizes leave one example;
- with low confidence, a shuffled loader without ``drop_last=True``: its last batch may have one
  example.

Why it matters
--------------
One value has no variance. PyTorch raises an exception, after hours if it is the last batch of an
epoch. Keras takes the variance for 0 and gives beta, whatever the input: the network learns nothing
from it.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    class Ghost(nn.Module):
        def __init__(self, channels, size=128):
            super().__init__()
            self.size = size
            self.bn = nn.BatchNorm1d(channels)

        def forward(self, x):
            return torch.cat([self.bn(piece) for piece in x.split(self.size)])

Clean:

    import torch
    import torch.nn as nn

    class Ghost(nn.Module):
        def __init__(self, channels, size=128):
            super().__init__()
            self.size = size
            self.bn = nn.BatchNorm1d(channels)

        def forward(self, x):
            pieces = x.split(self.size)
            return torch.cat([self.bn(p) if p.size(0) > 1 else p for p in pieces])

Fix
---
Writes ``drop_last=True`` where the last batch of a loader may have one example.

Fix safety
----------
Unsafe always: the examples that are left out may be wanted.

Not written elsewhere.

Numbers
-------
In training, [1, C], [1, C, 1] and [1, C, 1, 1] raise "Expected more than 1 value per channel when
training" in PyTorch; in Keras [1, C] gives 0. ``split(128)`` of 257 rows gives pieces of 128, 128
and 1, ``chunk(3)`` pieces of 86, 86 and 85, and of 5 rows pieces of 2, 2 and 1.

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from bnlint.finding import UNSAFE, Finding, Fix, SetKeyword
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.imported_layers import sites_of_imports
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.small_batches import (
    batch_size,
    fitted_sizes,
    given,
    loaders,
    sees_single_values,
    training_loop,
)
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.names.scopes import Binding
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.applications import applications
from bnlint.semantics.values.domain import Instance, Symbol
from bnlint.semantics.values.value import settle

RULE = Rule("BN122", "small-batch", "warning", confidence="medium")

_MOST = 4


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that is applied to the pieces of a batch, of which the last may be one row."""
    if site.api.single_value != "raises" or {2}.isdisjoint(site.api.ranks):
        return
    for use in applications(context.evaluator, site.module, site.call):
        if len(use.args) == 1 and isinstance(use.args[0], ast.Name):
            cut = _cut(use.args[0], context)
            if cut is not None and not _asks_for_size(use, use.args[0].id, context):
                yield _report_pieces(use, cut, site, context)
                return


def check_file(context: Context) -> Iterator[Finding]:
    """Report loaders that give batches of one example to layers that cannot do with it."""
    ev, module = context.evaluator, context.module
    calls = loaders(ev, module)
    fits = [keyword for keyword, size in fitted_sizes(ev, module) if size == 1]
    if not calls and not fits:
        return
    sites = [*context.sites, *sites_of_imports(context.project, module)]
    found = [site for site in sites if sees_single_values(ev, site)]
    flat = [site for site in found if site.api.single_value == "raises"]
    for call in calls if flat else ():
        loop = training_loop(ev, module, call)
        if loop is None:
            continue
        if batch_size(ev, module, call) == 1:
            fed = next((site for site in flat if _is_fed_whole(loop, site, context)), None)
            yield _report_one(call, fed or flat[0], context, "low" if fed is None else "medium")
        elif _is_shuffled(call, context):
            yield _report_last(call, flat[0], context)
    silent = next((site for site in found if site.api.single_value == "zero-variance"), None)
    if silent is None:
        return
    for keyword in fits:
        yield context.report(
            RULE,
            keyword,
            f"{_said(silent, context)} sees one value of each channel with {keyword.arg}=1: in "
            "training it gives beta, whatever the input is",
            help="train with larger batches",
            confidence="low",
        )


# ---------------------------------------------------------------------------------- pieces


def _cut(piece: ast.Name, context: Context) -> ast.Call | None:
    """Return the call that cuts a batch into pieces, of which ``piece`` is each in turn."""
    module = context.module
    for around in module.ancestors(piece):
        loops: Sequence[ast.comprehension | ast.For] = ()
        if isinstance(around, (ast.ListComp, ast.GeneratorExp)):
            loops = around.generators
        elif isinstance(around, ast.For):
            loops = [around]
        for loop in loops:
            if isinstance(loop.target, ast.Name) and loop.target.id == piece.id:
                return _cutting(loop.iter, context)
    return None


def _cutting(node: ast.expr, context: Context) -> ast.Call | None:
    module, ev = context.module, context.evaluator
    if isinstance(node, ast.Name):
        scope = ev.scope(module, module.scope_node(node))
        use: ast.AST | None = node
        while node.id not in scope.bindings and scope.parent is not None:
            scope, use = scope.parent, None
        states = reaching(scope, node.id, use)
        value = states[0].binding.value if len(states) == 1 else None
        node = value if isinstance(value, ast.expr) else node
    words = (context.frameworks.word(w) for w in ("splits", "splits_by_number"))
    splits = {path.rpartition(".")[2] for word in words for path in word}
    if not isinstance(node, ast.Call) or last_name(node.func) not in splits:
        return None
    is_function = any(isinstance(v.object, Symbol) for v in ev.evaluate(module, node.func))
    names = context.frameworks.word("axis_arguments")
    axes = [k.value for k in node.keywords if k.arg in names] or node.args[1 + is_function :]
    if any(not isinstance(axis, ast.Constant) or axis.value != 0 for axis in axes):
        return None
    return node


def _asks_for_size(use: ast.Call, piece: str, context: Context) -> bool:
    """Tell whether the function, or else the file, asks how many rows a piece has."""
    around = context.module.enclosing_function(use) or context.module.tree
    text = ast.unparse(around)
    return re.search(rf"len\({piece}\)|\b{piece}\.(?:size|shape)", text) is not None


def _report_pieces(use: ast.Call, cut: ast.Call, site: Site, context: Context) -> Finding:
    module, name = context.module, last_name(cut.func)
    words = context.frameworks.word("splits_by_number")
    by_number = any(path.rpartition(".")[2] == name for path in words)
    may = "has one row for some sizes of the batch" if by_number else "may have one row"
    is_size = any(_is_number(argument, context) for argument in cut.args)  # else sizes, maybe
    return context.report(
        RULE,
        use,
        f"{module.source(use.func)} is applied to the pieces that {name}() makes, and the last "
        f"{may}: {site.api.short_name} raises on it in training",
        help="leave the last piece out, or join it with the one before, where it has one row",
        confidence="medium" if is_size and not by_number else "low",
    )


def _is_number(node: ast.expr, context: Context) -> bool:
    return settle(context.evaluator.evaluate(context.module, node), node).number is not None


# ---------------------------------------------------------------------------------- loaders


def _is_shuffled(call: ast.Call, context: Context) -> bool:
    """Tell whether the loader puts data in random order, and keeps a last batch of any size."""
    ev, module = context.evaluator, context.module
    shuffled = given(ev, module, call, "shuffle_arguments")
    if shuffled is None or shuffled.value is not True:
        return False
    return given(ev, module, call, "drop_arguments") is None


def _is_fed_whole(loop: ast.For, site: Site, context: Context) -> bool:
    """Tell whether a loop gives its batches, as they are, to a sequence with the layer in it."""
    for call in ast.walk(loop):
        if isinstance(call, ast.Call) and call.args and _is_of_loop(call.args[0], loop, context):
            for value in context.evaluator.evaluate(context.module, call.func):
                made = value.object
                if isinstance(made, Instance) and made.call is not None:
                    if any(part is site.call for part in ast.walk(made.call)):
                        return True
    return False


def _is_of_loop(node: ast.expr, loop: ast.For, context: Context) -> bool:
    """Tell whether ``node`` is what the loop goes through, or a part of it, by its name."""
    module = context.module
    for _ in range(_MOST):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in context.frameworks.word("same_values"):
                return False
            node = node.func.value
        elif isinstance(node, ast.Name):
            scope = context.evaluator.scope(module, module.scope_node(node))
            states = reaching(scope, node.id, node)
            if len(states) != 1 or states[0].binding.statement is loop:
                return len(states) == 1
            match states[0].binding:
                case Binding(kind="assign", value=ast.expr() as value):
                    node = value
                case _:
                    return False
        else:
            return False
    return False


# ---------------------------------------------------------------------------------- reports


def _said(site: Site, context: Context) -> str:
    row = site.call.lineno
    where = f"line {row}" if site.module is context.module else f"{site.module.path}:{row}"
    return f"{site.api.short_name} ({where})"


def _report_one(call: ast.Call, site: Site, context: Context, confidence: str) -> Finding:
    return context.report(
        RULE,
        call,
        f"{_said(site, context)} sees one value of each channel in the batches of one example that "
        f"{last_name(call.func)} makes: it raises in training",
        help="train with larger batches",
        confidence=confidence,
    )


def _report_last(call: ast.Call, site: Site, context: Context) -> Finding:
    (drop, *_) = context.frameworks.word("drop_arguments")
    intent = SetKeyword(context.module.span(call), drop, "True")
    reason = "the examples that are left out may be wanted"
    return context.report(
        RULE,
        call,
        f"the last batch may have one example, of which {_said(site, context)} sees one value of "
        "each channel: it raises in training",
        help=f"write {drop}=True",
        confidence="low",
        fix=Fix(UNSAFE, f"write {drop}=True", (intent,), reason),
    )
