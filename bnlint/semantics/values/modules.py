"""Which classes and objects are models or layers of a framework, and which calls give them back."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Framework
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.classes import method, outside_bases
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Constant,
    Env,
    Evaluate,
    Instance,
    Symbol,
    ValueSet,
)
from bnlint.semantics.values.memo import Memo

#: Vocabulary words for things whose call gives a model or a layer.
MAKES_MODEL = (
    "modules", "sequential", "functional_models", "layer_lists", "builders", "wrappers",
    "importers", "plain_builders",
)  # fmt: skip


def class_framework(ev: Evaluate, cls: ClassRef) -> Framework | None:
    """Return the framework whose module class ``cls`` derives from, if any."""
    for base in outside_bases(ev, cls):
        if isinstance(base, Symbol):
            found = ev.frameworks.means(base.path, "modules") or _layer_framework(ev, base.path)
            if found is not None:
                return found
    return None


def _layer_framework(ev: Evaluate, path: str) -> Framework | None:
    """Return the framework of a known layer class (a batch normalisation, a convolution ...)."""
    for api in ev.frameworks.by_alias.get(path, ()):
        if api.kind == "layer":
            return api.framework
    neighbour = ev.frameworks.neighbours.get(path)
    if neighbour is None or "input" in neighbour.roles:  # a function is given its input
        return None
    return neighbour.framework


def model_framework(ev: Evaluate, candidate: Candidate) -> Framework | None:
    """Return the framework of a model or layer object; ``None`` if it is not known to be one."""
    found = candidate.object
    if not isinstance(found, Instance):
        return None
    if isinstance(found.cls, ClassRef):
        return class_framework(ev, found.cls)
    path = found.cls.path
    for word in MAKES_MODEL:
        framework = ev.frameworks.means(path, word)
        if framework is not None:
            return framework
    return _layer_framework(ev, path)


def is_wrapper(ev: Evaluate, candidate: Candidate) -> bool:
    """Tell whether an object is a wrapper, which runs the model it is given."""
    match candidate.object:
        case Instance(Symbol(path)):
            return ev.frameworks.means(path, "wrappers") is not None
    return False


_ITSELF: Memo[None, frozenset[str]] = Memo()


def returns_itself(ev: Evaluate) -> frozenset[str]:
    """Return the methods of a model that return the model itself."""
    known = _ITSELF.of(ev)
    if None not in known:
        known[None] = frozenset(
            {
                *ev.frameworks.word("keeps"),
                *(
                    name
                    for framework in ev.frameworks.frameworks.values()
                    for name, _ in (*framework.modes.to_inference, *framework.modes.to_training)
                ),
            }
        )
    return known[None]


def given_back(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return the model that ``model.to(device)`` and its like give back; nothing if it is none.

    A method that the class of the model defines itself may give anything.
    """
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in returns_itself(ev):
        return ()
    values = ev.evaluate(module, func.value, env)
    models = tuple(v for v in values if v.object != Constant(None))  # which has no such method
    return models if all(gives_back(ev, v, func.attr) for v in models) else ()


def gives_back(ev: Evaluate, value: Candidate, name: str) -> bool:
    """Tell whether ``name``, which gives models back, does so here: the class has no other."""
    if model_framework(ev, value) is None:
        return False
    match value.object:
        case Instance(ClassRef() as cls):
            return method(ev, cls, name) is None
    return True
