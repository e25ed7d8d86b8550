"""Objects of the project that keep the object that is followed in an attribute: trainers.

An owner is followed as a variable is, and so is ``self`` in each method that is called on it. The
attributes that hold the object are those that the constructor stores it in.
"""

from __future__ import annotations

import ast

from bnlint.semantics.objects.events import LOOKED_AT, WHOLE
from bnlint.semantics.objects.walk import Follows, Owner
from bnlint.semantics.values.arguments import has_decorator, is_method, parameters_given
from bnlint.semantics.values.classes import lineage, method, outside_bases
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Symbol,
)

#: Methods that change what it means to make an object, or to ask for an attribute of it.
_MAGIC = ("__new__", "__getattr__", "__getattribute__", "__setattr__")

_PLAIN_ROOTS = frozenset({"builtins", "abc", "typing"})


def construct(follower: Follows, cls: ClassRef, call: ast.Call, node: ast.expr) -> bool:
    """Follow the object, the argument ``node``, into the constructor of a plain class."""
    ev = follower.ev
    if not is_plain(ev, cls):
        return False
    found = method(ev, cls, "__init__")
    if found is None:
        return False
    owner = Owner(cls, follower.module, call)
    init = FunctionRef(found[0].module, found[1], owner.instance)
    names = parameters_given(ev, follower.module, init, call, node)
    if not names:
        return False
    follower.enter(init, call, names, WHOLE, node, _me(init, owner))
    owner.is_open = False
    follower.walk.owners.append(owner)
    if owner.attributes:
        follower.use(call, owner)
    return True


def is_plain(ev: Evaluate, cls: ClassRef) -> bool:
    """Tell whether objects of ``cls`` do what its methods in view say, and nothing else."""
    for ancestor in lineage(ev, cls):
        if ancestor.node.decorator_list or ancestor.node.keywords:
            return False
    for base in outside_bases(ev, cls):
        if not isinstance(base, Symbol) or base.path.partition(".")[0] not in _PLAIN_ROOTS:
            return False
    return all(method(ev, cls, name) is None for name in _MAGIC)


def _me(function: FunctionRef, owner: Owner) -> tuple[str, Owner] | None:
    """Return the name of the parameter that is the owner, in a method of it."""
    spec = function.node.args
    first = [*spec.posonlyargs, *spec.args]
    return (first[0].arg, owner) if first else None


def keeps(follower: Follows, target: ast.expr) -> bool:
    """Note that the object is put into ``target``; tell whether that is an attribute of an owner.

    Only the constructor may do that for the first time: what came before it is not looked at again.
    """
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return False
    owner = _named(follower, target.value)
    if owner is None or (not owner.is_open and target.attr not in owner.attributes):
        return False
    owner.attributes.add(target.attr)
    owner.stores.add(target)
    return True


def _named(follower: Follows, node: ast.expr) -> Owner | None:
    """Return the owner that the name ``node`` stands for."""
    if not isinstance(node, ast.Name):
        return None
    if follower.me is not None and node.id == follower.me[0]:
        if follower.owner(node.id, node) is follower.function:
            return follower.me[1]
    for variable in follower.holders:
        if isinstance(variable.what, Owner) and variable.name == node.id:
            if follower.owner(node.id, node) is variable.scope:
                return variable.what
    return None


def own_method(follower: Follows, call: ast.Call) -> Candidate | None:
    """Return the method of an owner that ``call`` calls: ``self.run(...)``, ``super().run()``."""
    func = call.func
    if not isinstance(func, ast.Attribute):
        return None
    owner = _named(follower, func.value)
    found = method(follower.ev, owner.cls, func.attr) if owner is not None else None
    if owner is None and _is_super(func.value) and follower.me is not None:
        owner = follower.me[1]
        found = _inherited(follower, owner, func.attr)
    if owner is None or found is None or not is_method(found[0].module, found[1]):
        return None
    if has_decorator(found[1], "classmethod", "property", "cached_property"):
        return None
    function = FunctionRef(found[0].module, found[1], owner.instance)
    return Candidate(function, found[0].module, found[1])


def receiver_of(
    follower: Follows, function: FunctionRef, call: ast.Call
) -> tuple[str, Owner] | None:
    """Return what the first parameter of ``function`` is where its constructor is still running.

    Later, what a method does with attributes is followed from the owner it is called on.
    """
    if follower.me is None or not isinstance(call.func, ast.Attribute):
        return None
    owner = follower.me[1]
    is_own = _is_super(call.func.value) or _named(follower, call.func.value) is owner
    return _me(function, owner) if is_own and owner.is_open else None


def _is_super(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"
    )


def _inherited(
    follower: Follows, owner: Owner, name: str
) -> tuple[ClassRef, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    """Return the method ``name`` of the classes behind the one whose method is followed."""
    assert follower.function is not None
    here = follower.module.parents[follower.function]
    classes = list(lineage(follower.ev, owner.cls))
    later = [i for i, cls in enumerate(classes) if cls.node is here]
    for cls in classes[later[0] + 1 :] if later else ():
        for statement in cls.node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if statement.name == name:
                    return cls, statement
    return None


def enter_bases(follower: Follows) -> None:
    """Follow an owner into the methods that ``super()`` gives in the method that is followed."""
    assert follower.me is not None
    for call in follower.module.calls:
        func = call.func
        if isinstance(func, ast.Attribute) and _is_super(func.value):
            if follower.module.enclosing_function(call) is follower.function:
                own = own_method(follower, call)
                if own is not None and isinstance(own.object, FunctionRef):
                    _run(follower, own.object, call, follower.me[1])


def _run(follower: Follows, function: FunctionRef, at: ast.expr, owner: Owner) -> None:
    """Follow what a method does with the attributes of its object."""
    follower.enter(function, at, [], owner, None, _me(function, owner))


# ---------------------------------------------------------------------------------- uses


def use(follower: Follows, node: ast.expr, owner: Owner) -> None:
    """Note what is done with an owner, and through it with the object that it keeps."""
    parent = follower.module.parents[node]
    if isinstance(parent, ast.Attribute):
        _attribute(follower, parent, owner)
    elif isinstance(parent, ast.Call) and parent.func is node:
        found = method(follower.ev, owner.cls, "__call__")
        if found is not None:
            function = FunctionRef(found[0].module, found[1], owner.instance)
            _run(follower, function, parent, owner)
    elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
        follower.assigned(parent, node, owner)
    elif not isinstance(parent, LOOKED_AT):
        follower.escape(f"line {node.lineno} hands on what keeps it", node)


def _attribute(follower: Follows, attribute: ast.Attribute, owner: Owner) -> None:
    name, parent = attribute.attr, follower.module.parents[attribute]
    if not isinstance(attribute.ctx, ast.Load):
        owner.written.append((follower.module, attribute))
        return
    if name in owner.attributes:
        follower.use(attribute, WHOLE)
        return
    found = method(follower.ev, owner.cls, name)
    if found is None:
        if name.startswith("__"):
            follower.escape(f"line {attribute.lineno} takes {name} of what keeps it", attribute)
        return
    function = FunctionRef(found[0].module, found[1], owner.instance)
    if has_decorator(found[1], "staticmethod", "classmethod"):
        return
    if has_decorator(found[1], "property", "cached_property"):
        _run(follower, function, attribute, owner)
    elif isinstance(parent, ast.Call) and parent.func is attribute:
        _run(follower, function, parent, owner)
    else:
        follower.escape(f"line {attribute.lineno} hands on {name}() of what keeps it", attribute)


def replaced(ev: Evaluate, owner: Owner) -> str:
    """Return the name of an attribute of an owner that may hold another object, if one may."""
    written = list(owner.written)
    for cls in lineage(ev, owner.cls):
        inside = (s for s in cls.module.stores if cls.module.enclosing_class(s) is cls.node)
        written += [(cls.module, store) for store in inside]
    for module, store in written:
        if store.attr in owner.attributes and store not in owner.stores:
            value = getattr(module.statement(store), "value", None)
            if not isinstance(value, ast.Constant) or value.value is not None:
                return store.attr
    return ""
