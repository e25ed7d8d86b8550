"""Classes of the project: their bases, attributes, and what construction does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import SETS_UP
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of, bind, merge
from bnlint.semantics.values.domain import (
    Arguments,
    Candidate,
    ClassRef,
    Env,
    Evaluate,
    Instance,
    Partial,
    Symbol,
    Unknown,
    ValueSet,
)

_MAX_BASES = 20

#: Calls are followed this deep.
MAX_DEPTH = 6


def sets_up(function: ast.AST | None) -> bool:
    """Tell whether attributes are set up in ``function``: what it stores counts before all else.

    It does by its name, in Python, in any framework or by custom.
    """
    return getattr(function, "name", "") in _setup_methods()


@lru_cache(maxsize=1)
def _setup_methods() -> frozenset[str]:
    return catalogue().names("setup_methods") | SETS_UP


def bases(ev: Evaluate, cls: ClassRef) -> ValueSet:
    """Return what the direct base classes may be; the caller finds those that lead to an API."""
    found: ValueSet = ()
    for base in cls.node.bases:
        if isinstance(base, ast.Subscript):  # Generic[T], or a base class with parameters
            base = base.value
        found += ev.evaluate(cls.module, base)
    return found


def lineage(ev: Evaluate, cls: ClassRef) -> Iterator[ClassRef]:
    """Yield ``cls`` and its project base classes, nearest first."""
    found = [cls]
    for current in found:  # which grows meanwhile
        yield current
        for value in bases(ev, current):
            base = value.object
            if isinstance(base, ClassRef) and base not in found and len(found) < _MAX_BASES:
                found.append(base)


def outside_bases(ev: Evaluate, cls: ClassRef) -> Iterator[Symbol | Unknown]:
    """Yield the base classes, near and far, that are not classes of the project."""
    for ancestor in lineage(ev, cls):
        for value in bases(ev, ancestor):
            if isinstance(value.object, (Symbol, Unknown)):
                yield value.object


def method(
    ev: Evaluate, cls: ClassRef, name: str
) -> tuple[ClassRef, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    """Return the class in the lineage that defines method ``name``, and the definition."""
    for ancestor in lineage(ev, cls):
        for statement in ancestor.node.body:
            if (
                isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
                and statement.name == name
            ):
                return ancestor, statement
    return None


def attribute_stores(
    module: Module, cls: ast.ClassDef, name: str, *, every: bool = False
) -> list[ast.Attribute]:
    """Return the stores ``self.name = ...`` in the methods of ``cls``.

    Those of set-up methods, if there are any, unless ``every`` one is asked for.
    """
    found = module.own_stores.get((cls, name), [])
    setup = [store for function, store in found if sets_up(function)]
    return setup if setup and not every else [store for _, store in found]


def construction(ev: Evaluate, instance: Instance) -> Env | None:
    """Return what ``__init__`` was given in the call that made ``instance``."""
    match instance:
        case Instance(ClassRef() as cls, _, ast.Call() as call):
            found = method(ev, cls, "__init__")
        case _:
            return instance.env
    if found is None:
        return None
    owner, init = found
    depth = instance.env.depth + 1 if instance.env else 1
    if depth > MAX_DEPTH:
        return None

    def make() -> Env:
        arguments = given_to(ev, instance, call)
        me = Candidate(instance, owner.module, init)
        return Env(bind(owner.module, init, arguments, me), instance.env, depth)

    return ev.construction(cls.node, call, instance.env, make)


def given_to(ev: Evaluate, instance: Instance, call: ast.Call) -> Arguments:
    """Return what the ``call`` that made ``instance`` gives its class, and what a partial held."""
    given = arguments_of(ev, instance.module, call, instance.env)
    for callee in ev.evaluate(instance.module, call.func, instance.env):
        held = callee.object
        if isinstance(held, Partial) and held.target.object == instance.cls:
            return merge(held.arguments, given)
    return given


def base_constructor(
    ev: Evaluate, module: Module, call: ast.Call, env: Env | None = None
) -> tuple[ValueSet, Arguments]:
    """Return whose constructor ``super().__init__(...)`` and its like run, and with what."""
    arguments = arguments_of(ev, module, call, env)
    if _bound_in(module, call) is None:  # Base.__init__(self, ...)
        arguments = arguments._replace(positional=arguments.positional[1:])
    return constructed(ev, module, call), arguments


def constructed(ev: Evaluate, module: Module, call: ast.Call) -> ValueSet:
    """Return whose constructor ``super().__init__(...)`` and its like run."""
    assert isinstance(call.func, ast.Attribute)
    cls = _bound_in(module, call)
    if cls is not None:
        return bases(ev, ClassRef(module, cls))
    return ev.evaluate(module, call.func.value)


def _bound_in(module: Module, call: ast.Call) -> ast.ClassDef | None:
    """Return the class of the object whose constructor is called by way of ``super()``."""
    assert isinstance(call.func, ast.Attribute)
    receiver = call.func.value
    if isinstance(receiver, ast.Call) and last_name(receiver.func) == "super":
        return module.enclosing_class(call)
    return None
