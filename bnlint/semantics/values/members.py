"""What an attribute of anything may be, by what kind of object it is an attribute of."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import attributes, lookup, namedtuples, predicates
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Constant,
    Evaluate,
    Instance,
    ModuleRef,
    Partial,
    Record,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)


def member(ev: Evaluate, base: Candidate, name: str, module: Module, node: ast.AST) -> ValueSet:
    """Return what attribute ``name`` of ``base``, read at ``node``, may be."""
    if _is_set_by(module, base, name):
        return unknown(f"this file sets {name} itself", module, node)
    match base.object:
        case Symbol(path) if name == "__name__" and _is_layer_class(ev, path):
            values: ValueSet = (Candidate(Constant(path.rpartition(".")[2]), module, node),)
        case Symbol(path):
            values = (Candidate(Symbol(f"{path}.{name}"), module, node),)
        case ModuleRef(target):
            values = lookup.export(ev, target, name, node)
        case ClassRef() if name == "__name__":
            values = (Candidate(Constant(base.object.node.name), module, node),)
        case ClassRef():
            values = attributes.class_attribute(ev, base.object, name, node)
        case Instance():
            values = attributes.instance_attribute(ev, base.object, name, module, node)
        case Record():
            values = namedtuples.field(base.object, name, ev, module, node)
        case Partial():
            values = predicates.partial_member(base.object, name, module, node)
        case Unknown():
            return (base,)
        case Constant(None) if base.presumed:
            values = unknown(f"an attribute of {base.presumed}, which is None", module, node)
        case Constant(None):
            values = unknown(f"{name} of a name that is None until it is set", module, node)
        case _:
            values = unknown(f"attribute {name} is not followed", module, node)
    return presumed(values, base.presumed)


def _is_set_by(module: Module, base: Candidate, name: str) -> bool:
    """Tell whether the file that reads ``name`` also stores it, on what another file defines."""
    match base.object:
        case ModuleRef(owner) | ClassRef(owner, _) | Instance(ClassRef(owner, _)):
            return owner is not module and any(
                store.attr == name
                and not (isinstance(store.value, ast.Name) and store.value.id == "self")
                for store in module.stores
            )
    return False


def _is_layer_class(ev: Evaluate, path: str) -> bool:
    """Tell whether ``path`` is a class of layers under its own name."""
    own = path.rpartition(".")[2]
    apis = ev.frameworks.by_alias.get(path, ())
    return bool(apis) and all(a.kind == "layer" and a.short_name == own for a in apis)
