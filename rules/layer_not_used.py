"""A batch normalisation layer that is built and never applied.

What it does
------------
Reports

- a layer that is built as a statement of its own, such as ``BatchNormalization()`` among calls of
  ``model.add(...)``, and one whose output nobody keeps: ``BatchNormalization()(x)`` on a line of
  its own (a cell of a notebook may show it so);
- a layer that a model keeps in an attribute which nothing in the project reads: the class has a
  method that runs it, none that goes through its layers, and no other thing that nothing reads.

Why it matters
--------------
The model runs without the normalisation that it seems to have. A port of it that applies the layer
differs. A layer in an attribute is in the checkpoint and among the parameters all the same.

Example
-------
Hazard:

    from tensorflow.keras import layers, models

    model = models.Sequential()
    model.add(layers.Conv2D(32, 3, use_bias=False))
    layers.BatchNormalization()
    model.add(layers.Activation("relu"))

Hazard:

    import torch.nn as nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.bn = nn.BatchNorm2d(8)

        def forward(self, x):
            return self.conv(x).relu()

Clean:

    from tensorflow.keras import layers, models

    model = models.Sequential()
    model.add(layers.Conv2D(32, 3, use_bias=False))
    model.add(layers.BatchNormalization())
    model.add(layers.Activation("relu"))

Fix
---
Adds the layer to the model, where the statements around it add to one.

Fix safety
----------
Unsafe always: checkpoints of the model without the layer no longer load.

Not written elsewhere: where the layer belongs is not known.

Numbers
-------
A Keras model of three layers built so has two; its output is that of the model without the third.

References
----------
Measured with Keras 3.15.1.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.files.documents import DOCUMENTS
from bnlint.finding import UNSAFE, Finding, Fix, ReplaceValue
from bnlint.frameworks.tables import catalogue
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test_or_comparison
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import ClassRef
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework
from bnlint.startup.patterns import lazy

RULE = Rule("BN217", "layer-not-used", "error")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer whose output, or which itself, is used nowhere."""
    if site.api.kind == "functional":
        return
    module, call = context.module, site.call
    if in_test_or_comparison(module, call) or not site.is_direct:
        return
    parent = module.parents.get(call)
    if last_name(call.func) == "__init__":
        return  # of the base, in a class of its own
    if _is_shown(call, context) or any(isinstance(a, ast.Try) for a in module.ancestors(call)):
        return  # it may be tried for what it raises
    if isinstance(parent, ast.Expr):
        what = "is built" if site.api.kind == "layer" else "is called"
        yield _report(site, f"{what}, and nothing keeps or applies it", context)
    elif site.api.kind != "layer":
        return
    elif isinstance(parent, ast.Call) and parent.func is call:
        if isinstance(module.parents[parent], ast.Expr):
            yield _report(site, "is applied, and nothing keeps what it gives", context)
    elif (name := _kept_unread(parent, context)) is not None:
        what = f"is kept as self.{name}, which nothing reads: the model runs without it"
        yield _report(site, what, context, severity="warning", confidence="medium")


def _is_shown(call: ast.Call, context: Context) -> bool:
    """Tell whether a cell or a block of a page may show what the layer is, or gives."""
    module = context.module
    statement = module.statement(call)
    return (
        module.path.endswith(DOCUMENTS)
        and isinstance(statement, ast.Expr)
        and module.parents[statement] is module.tree
        and not _adding(statement, context)
    )


def _report(
    site: Site,
    what: str,
    context: Context,
    *,
    severity: str | None = None,
    confidence: str | None = None,
) -> Finding:
    return context.report(
        RULE,
        context.place(site),
        f"{site.api.short_name} {what}",
        help="apply the layer, or leave it out",
        severity=severity,
        confidence=confidence,
        fix=_fix(site, context),
        site=site,
    )


def _kept_unread(parent: ast.AST | None, context: Context) -> str | None:
    """Return the attribute in which a model keeps a layer and that nothing reads, if it is so."""
    module = context.module
    if not isinstance(parent, (ast.Assign, ast.AnnAssign)):
        return None
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    if len(targets) != 1 or not isinstance(targets[0], ast.Attribute):
        return None
    target, owner = targets[0], module.enclosing_class(parent)
    if owner is None or not isinstance(target.value, ast.Name) or target.value.id != "self":
        return None
    if not _runs_itself(owner, context) or _goes_through_layers(module, owner):
        return None
    if _may_be_read(target.attr, owner, context) or _others_unread(target.attr, owner, context):
        return None
    return target.attr


def _others_unread(name: str, owner: ast.ClassDef, context: Context) -> bool:
    """Tell whether the class keeps other things that nothing reads: a part of it is off."""
    module = context.module
    made = {site.call for site in context.sites}
    for (within, other), stores in module.own_stores.items():
        if within is not owner or other == name:
            continue
        values = [getattr(module.parents[store], "value", None) for _, store in stores]
        if any(isinstance(value, ast.Call) and value not in made for value in values):
            if not _may_be_read(other, owner, context):
                return True
    return False


def _runs_itself(owner: ast.ClassDef, context: Context) -> bool:
    """Tell whether the class is a model that derives from nothing else, and says how it runs."""
    ev, module = context.evaluator, context.module
    cls = ClassRef(module, owner)
    if class_framework(ev, cls) is None or len(owner.bases) != 1:
        return False
    values = ev.evaluate(module, owner.bases[0])
    modules = context.frameworks.word("modules")
    if not all(getattr(value.object, "path", "") in modules for value in values):
        return False  # another class may run its layers
    forward = context.frameworks.word("forward")
    return any(method(ev, cls, name) is not None for name in forward)


#: By these, code reaches a layer without its name.
_BY_OTHER_WAYS = lazy(r"getattr|__dict__|\bvars\(|locals\(\)|_modules\b|exec\(|eval\(")


def _goes_through_layers(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether the class may reach its layers without naming them."""
    text = module.source(owner)
    walks = "|".join(sorted(catalogue().names("walks")))
    return bool(_BY_OTHER_WAYS.search(text) or re.search(rf"\.(?:{walks})\b", text))


def _may_be_read(name: str, owner: ast.ClassDef, context: Context) -> bool:
    """Tell whether anything may read the attribute ``name`` of an object of class ``owner``.

    What other classes read of themselves is another layer, unless they derive from it.
    """
    module, resolver = context.module, context.project.resolver
    readers = _readers(name, context)
    if None in readers or owner in readers:
        return True
    derived = rf"class \w+\([^)]*\b{re.escape(owner.name)}\b"
    quoted = rf"[\"'][^\"'\n]*\b{re.escape(name)}\b"
    if re.search(rf"{derived}|{quoted}", module.text) is not None:
        return True
    if resolver is None:
        return False
    pattern = rf"(?<!\bself)\.{re.escape(name)}\b|{derived}|{quoted}"
    return any(file != module.file for file in resolver.sources.search(module.file, pattern))


_READERS: Memo[tuple[Module, str], frozenset[ast.AST | None]] = Memo()


def _readers(name: str, context: Context) -> frozenset[ast.AST | None]:
    """Return the classes that read ``self.name``; ``None`` for what reads it of anything else."""
    module = context.module
    known, key = _READERS.of(context.evaluator), (module, name)
    if key not in known:
        known[key] = frozenset(
            module.enclosing_class(use)
            if isinstance(use.value, ast.Name) and use.value.id == "self"
            else None
            for use in module.uses.of(name)
            if isinstance(use, ast.Attribute) and isinstance(use.ctx, ast.Load)
        )
    return known[key]


def _fix(site: Site, context: Context) -> Fix | None:
    """Return the fix that adds a layer to the model to which its neighbours are added."""
    module = context.module
    statement = module.parents[site.call]
    if not isinstance(statement, ast.Expr):
        return None
    names = _adding(statement, context)
    if len(names) != 1:
        return None
    text = f"{names.pop()}({module.source(site.call)})"
    intent = ReplaceValue(module.span(site.call), text)
    return Fix(UNSAFE, f"write {text}", (intent,), "checkpoints of the model no longer load")


def _adding(statement: ast.Expr, context: Context) -> set[str]:
    """Return how the statements around this one add to models: ``model.add``."""
    place = context.module.place(statement)
    beside = place.block[max(place.position - 1, 0) : place.position + 2]
    adds = context.frameworks.word("adds")
    return {
        dotted(other.value.func)
        for other in beside
        if isinstance(other, ast.Expr)
        and isinstance(other.value, ast.Call)
        and isinstance(other.value.func, ast.Attribute)
        and other.value.func.attr in adds
    } - {""}
