"""Objects of the project that may keep another in an attribute: trainers, predictors, records."""

from __future__ import annotations

import ast

from bnlint.semantics.values.classes import lineage, method, outside_bases
from bnlint.semantics.values.domain import ClassRef, Evaluate, Symbol

#: Methods that change what it means to make an object, or to ask for an attribute of it.
_MAGIC = ("__new__", "__getattr__", "__getattribute__", "__setattr__")

_PLAIN_ROOTS = frozenset({"builtins", "abc", "typing"})


def is_plain(ev: Evaluate, cls: ClassRef) -> bool:
    """Tell whether objects of ``cls`` do what its methods in view say, and nothing else."""
    for ancestor in lineage(ev, cls):
        others = [d for d in ancestor.node.decorator_list if not _is_dataclass(ev, ancestor, d)]
        if others or ancestor.node.keywords:
            return False
    for base in outside_bases(ev, cls):
        if not isinstance(base, Symbol) or base.path.partition(".")[0] not in _PLAIN_ROOTS:
            return False
    return all(method(ev, cls, name) is None for name in _MAGIC)


def _is_dataclass(ev: Evaluate, cls: ClassRef, decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return all(
        value.object == Symbol("dataclasses.dataclass") for value in ev.evaluate(cls.module, target)
    )
