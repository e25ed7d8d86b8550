"""Freezes that a model has a method for: ``net.freeze_backbone()``, as a script calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.semantics.layers.class_tests import guards
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.freezing import normalising_framework
from bnlint.semantics.modes.frozen_weights import (
    Freeze,
    is_thawed,
    stays_frozen,
    weight_freezes,
    weight_settings,
)
from bnlint.semantics.objects.allocations import Made
from bnlint.semantics.objects.events import METHOD, PART, CallSite, Life, Use
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import ClassRef, Evaluate, Instance


def own_freezes(
    made: Made, life: Life, ev: Evaluate, sites: Sequence[Site]
) -> Iterator[tuple[Freeze, Use]]:
    """Yield what methods of the model freeze when they are called, and the use that it is.

    Only a method that freezes whatever it is told counts, and only a part that is known to have
    batch normalisation. Nothing is yielded where something in the life trains these weights again.
    """
    methods = list(_methods_called(made, life, ev))
    for use, cls, function in methods:
        for freeze in weight_freezes(ev, cls.module):
            if cls.module.enclosing_function(freeze.statement) is not function:
                continue
            if freeze.first or any(True for _ in guards(cls.module, freeze.statement, function)):
                continue
            if not freeze.counts_in(made.framework):
                continue
            if not _is_normalising_part(ev, sites, cls.module, freeze.owner):
                continue
            values = ev.evaluate(cls.module, freeze.owner)
            if not stays_frozen(ev, sites, cls.module, freeze, values):
                continue
            if _is_thawed(life, methods, ev):
                return
            yield freeze, _reached(use, cls.module, freeze)


def _methods_called(
    made: Made, life: Life, ev: Evaluate
) -> Iterator[tuple[Use, ClassRef, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the calls of methods that the class of the model defines, and the definitions."""
    match made.candidate.object:
        case Instance(cls=ClassRef() as cls):
            for use in life.uses:
                own = method(ev, cls, use.name) if use.kind == METHOD else None
                if own is not None:
                    yield use, *own


def _is_normalising_part(
    ev: Evaluate, sites: Sequence[Site], module: Module, owner: ast.expr
) -> bool:
    """Tell whether ``owner`` is a part of an object, with batch normalisation in it."""
    return (
        isinstance(owner, ast.Attribute)
        and isinstance(owner.value, ast.Name)
        and normalising_framework(ev, sites, module, owner) is not None
    )


def _is_thawed(
    life: Life,
    methods: Sequence[tuple[Use, ClassRef, ast.FunctionDef | ast.AsyncFunctionDef]],
    ev: Evaluate,
) -> bool:
    """Tell whether all weights of the model, or those of ``self``, may be trained again."""
    called = {function for _, _, function in methods}
    for module in {cls.module for _, cls, _ in methods}:
        for one in weight_settings(ev, module):
            if one.keeps or module.enclosing_function(one.statement) not in called:
                continue
            if isinstance(one.owner, ast.Name) and one.owner.id == "self":
                return True
    return is_thawed(life, None, ev)


def _reached(use: Use, module: Module, freeze: Freeze) -> Use:
    """Return the freeze as something done with a part, by the call ``use`` of a method."""
    assert isinstance(use.node, ast.Call) and isinstance(use.node.func, ast.Attribute)
    step = CallSite(use.module, use.node, use.node.func.value)
    return Use(PART, freeze.node, module, freeze.by, (*use.via, step))
