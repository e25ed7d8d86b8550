"""Batch normalisation that is to be synchronised, where nothing is.

What it does
------------
Reports ``convert_sync_batchnorm`` of a model that is given to ``DataParallel``.

Reported too is a layer whose reference takes the statistics of all devices (``SyncBatchNorm``,
``synchronized=True``), where the layer does not, and the project converts none. The reference must
be read, or stand in the same file, in which no other layer of its framework is without.

Nothing is said of a conversion behind ``DistributedDataParallel``, which keeps parameters and
buffers as they are (measured), and of a model that a script gives to either of the two.

Why it matters
--------------
``DataParallel`` has one process, in which there is nothing to synchronise with: each device
normalises its own part of the batch, as plain batch normalisation does. Older releases raise an
exception. A port without synchronisation trains on several devices with batches that are so many
times smaller.

Example
-------
Hazard:

    import torch.nn as nn

    def wrap(model: nn.Module):
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return nn.DataParallel(model).cuda()

Clean:

    import torch.nn as nn
    from torch.nn.parallel import DistributedDataParallel

    def wrap(model: nn.Module, rank):
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return DistributedDataParallel(model, device_ids=[rank])

Fix
---
None. One process for each device is another way to start the program.

Numbers
-------
In one process, ``SyncBatchNorm`` gives exactly the output of ``BatchNorm2d``, and takes its
statistics. ``convert_sync_batchnorm`` gives layers with the parameters and buffers of those they
replace.

References
----------
Measured with torch 2.13.0 in one process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule, called, where_reference
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.references import SAME_FILE, Counterpart
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.tensors.applications import imported_as
from bnlint.semantics.values.domain import Symbol

RULE = Rule("BN601", "sync-differs", "warning")

_MOST = 8


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer whose reference takes the statistics of all devices, where it does not."""
    reference = context.reference(site)
    if reference is None or reference.site is None:
        return
    if _synchronised(reference.site, context) is not True:
        return
    if _synchronised(site, context) is not False:
        return
    if site.api.kind != "layer" or _converts(context) or _is_chosen(reference, context):
        return
    yield context.report(
        RULE,
        context.place(site),
        f"the {reference.api.framework.title} layer takes the statistics of all devices"
        f"{where_reference(reference)}, and {called(site.api)} those of its own: on several, it "
        "normalises with smaller batches",
        help="synchronise it too, where it is trained on several devices",
        confidence="high" if reference.directed else "medium",
        reference=reference,
        site=site,
        argument="synchronised",
    )


def _synchronised(site: Site, context: Context) -> bool | None:
    """Tell whether a layer takes the statistics of all devices, ``None`` if that is not known."""
    words = context.frameworks
    if any(words.means(path, "synchronised_layers") for path in site.api.aliases):
        return True
    for keyword in site.call.keywords:
        if keyword.arg is None or keyword.arg in words.word("synchronising_arguments"):
            value = keyword.value
            return bool(value.value) if isinstance(value, ast.Constant) else None
    return False


def _is_chosen(reference: Counterpart, context: Context) -> bool:
    """Tell whether the file of the port has a plain layer of the reference's framework beside."""
    return reference.kind == SAME_FILE and any(
        site.api.framework is reference.api.framework and _synchronised(site, context) is not True
        for site in context.sites
    )


def _converts(context: Context) -> bool:
    """Tell whether the project puts synchronised layers in the place of plain ones, by the text."""
    module, resolver = context.module, context.project.resolver
    names = {path.rpartition(".")[2] for path in context.frameworks.word("sync_converters")}
    if any(name in module.text for name in names):
        return True
    if resolver is None or not names:
        return False
    return bool(resolver.sources.search(module.file, rf"\b(?:{'|'.join(sorted(names))})\b"))


def check_file(context: Context) -> Iterator[Finding]:
    """Report conversions that synchronise nothing."""
    module = context.module
    synchronised = {_converted(call, context) for call in _calls("synchronising_wrappers", context)}
    for call in _calls("single_process_wrappers", context):
        made = _converted(call, context)
        if made is not None and made not in synchronised and not in_test(module, call):
            yield context.report(
                RULE,
                made,
                f"the model is given to {dotted(call.func)}() (line {call.lineno}), which has one "
                "process: its norms have nothing to synchronise with, and take each device's part "
                "of the batch",
                help="use one process for each device, or plain batch normalisation",
            )


def _calls(word: str, context: Context) -> Iterator[ast.Call]:
    """Yield the calls of what a word of the tables names, in source order."""
    module, words = context.module, context.frameworks.word(word)
    found = [
        call
        for name in {path.rpartition(".")[2] for path in (*words, imported_as(module, words))}
        for call in module.calls_by_name.get(name, ())
        if _means(call, word, context)
    ]
    yield from sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _converted(call: ast.Call, context: Context) -> ast.Call | None:
    """Return the conversion that has made what a wrapper is given."""
    return _made_by(call.args[0], "sync_converters", context) if call.args else None


def _means(call: ast.Call, word: str, context: Context) -> bool:
    values = context.evaluator.evaluate(context.module, call.func)
    return all(
        isinstance(v.object, Symbol) and context.frameworks.means(v.object.path, word)
        for v in values
    )


def _made_by(node: ast.expr, word: str, context: Context) -> ast.Call | None:
    """Return the call of what ``word`` names that has made what ``node`` is, through variables."""
    module = context.module
    for _ in range(_MOST):
        if isinstance(node, ast.Name):
            scope = context.evaluator.scope(module, module.scope_node(node))
            states = reaching(scope, node.id, node)
            value = states[0].binding.value if len(states) == 1 else None
            if not isinstance(value, ast.expr):
                return None
            node = value
        elif isinstance(node, ast.Call):
            if _means(node, word, context):
                return node
            func = node.func
            if isinstance(func, ast.Attribute) and func.attr in context.frameworks.word("keeps"):
                node = func.value
    return None
