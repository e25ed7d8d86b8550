"""Tests that code makes of a value's type, and methods of strings, as far as what is known goes.

Factories of layers tell names, classes and partials apart (``isinstance(norm, str)``) and spell
names their own way (``norm.replace("_", "").lower()``) before they look them up.
"""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values import arithmetic
from bnlint.semantics.values.arguments import arguments_of
from bnlint.semantics.values.combining import combine
from bnlint.semantics.values.domain import (
    Argument,
    Candidate,
    ClassRef,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    FunctionRef,
    Partial,
    Sequence,
    Symbol,
    ValueSet,
    unknown,
)

#: Methods of strings that depend on nothing else and give a string, a boolean or a list of strings.
TEXT_METHODS = frozenset(
    {
        "capitalize", "endswith", "lower", "lstrip", "removeprefix", "removesuffix",
        "replace", "rsplit", "rstrip", "split", "startswith", "strip", "title", "upper",
    }
)  # fmt: skip

_PARTIAL = "functools.partial"
_FUNCTION = ("types.FunctionType", "types.LambdaType")
_TYPES = {
    "str": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "complex": complex,
}  # fmt: skip


class Tests:
    """Settles tests under what one call is given; ``rests_on`` is on what that rests.

    A test of a setting that a caller may override is left open. One of a form is not: what follows
    is another way of saying the same, and which way is taken rests on what the caller gives.
    """

    def __init__(self, ev: Evaluate, module: Module, env: Env | None) -> None:
        self.ev = ev
        self.module = module
        self.env = env
        self.rests_on = ""

    def __call__(self, test: ast.expr) -> bool | None:
        """Return whether ``test`` holds, where that is known."""
        values = self.ev.evaluate(self.module, test, self.env)
        if len(values) != 1:
            return None
        rests_on = values[0].presumed
        if rests_on and not _is_of_form(test):
            return None
        self.rests_on = self.rests_on or rests_on
        return self.ev.truth(values[0])


def _is_of_form(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp):
        return _is_of_form(test.operand)
    return isinstance(test, ast.Call) and last_name(test.func) == "isinstance"


def is_dead(ev: Evaluate, module: Module, node: ast.AST, env: Env | None) -> bool:
    """Tell whether a test around ``node``, within its function, is known to go the other way."""
    decide = ev.decide(module, env)
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test:
            answer = decide(parent.test)
            body = parent.body if isinstance(parent, ast.If) else [parent.body]
            if answer is not None and answer is not any(child is part for part in body):
                return True
        if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        child = parent
    return False


# ---------------------------------------------------------------------------------- types


def instance_test(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return what ``isinstance(value, types)`` gives."""
    arguments = arguments_of(ev, module, call, env).positional
    if len(arguments) != 2:
        return unknown("isinstance() of something not in view", module, call)
    types = list(_listed(ev, ev.argument(arguments[1])))
    found: ValueSet = ()
    for value in ev.argument(arguments[0]):
        answer = _is_any(ev, value, types)
        if answer is None:
            found += unknown("the type of something not followed", module, call)
        else:
            found += (Candidate(Constant(answer), module, call, value.presumed),)
    return found


def _listed(ev: Evaluate, types: ValueSet) -> list[str | None]:
    """Return the import paths of ``types``, a class or a tuple of them; ``None`` if not known."""
    match types:
        case (Candidate(Symbol(path)),):
            return [path]
        case (Candidate(Sequence(items, "")),):
            return [path for item in items for path in _listed(ev, ev.argument(item))]
    return [None]


def _is_any(ev: Evaluate, value: Candidate, types: list[str | None]) -> bool | None:
    answers = {_is_one(ev, value, path) for path in types}
    return True if True in answers else None if None in answers else False


def _is_one(ev: Evaluate, value: Candidate, path: str | None) -> bool | None:
    """Tell whether ``value`` is of the type with this import path, where that is known."""
    if path is None:
        return None
    name = path.removeprefix("builtins.")
    if path not in (_PARTIAL, *_FUNCTION) and name not in (*_TYPES, *_CONTAINERS):
        return None
    match value.object:
        case Constant(constant):
            return isinstance(constant, _TYPES[name]) if name in _TYPES else False
        case Sequence():
            is_list = isinstance(value.node, (ast.List, ast.ListComp))
            return name == ("list" if is_list else "tuple") if _is_display(value) else None
        case Dictionary():
            return name == "dict"
        case Partial():
            return path == _PARTIAL
        case FunctionRef():
            return path in _FUNCTION
        case ClassRef():
            return name == "type"
        case Symbol(symbol) if ev.frameworks.by_alias.get(symbol):
            kinds = {api.kind for api in ev.frameworks.by_alias[symbol]}
            return name == "type" if kinds == {"layer"} else None
    return None


_CONTAINERS = frozenset({"tuple", "list", "dict", "set", "type"})


def _is_display(value: Candidate) -> bool:
    return isinstance(value.node, (ast.List, ast.Tuple, ast.ListComp))


def partial_member(found: Partial, name: str, module: Module, node: ast.AST) -> ValueSet:
    """Return what an attribute of a ``partial`` is: what it calls, and what it passes."""
    if name == "func":
        return (found.target,)
    if name == "keywords":
        passed = found.arguments
        items = tuple(passed.keywords.items())
        return (Candidate(Dictionary(items, passed.open_keywords), module, node),)
    return unknown(f"attribute {name} of a partial is not followed", module, node)


# ---------------------------------------------------------------------------------- strings


def text_method(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return what a method of a string gives; nothing if this is no string that is known."""
    assert isinstance(call.func, ast.Attribute)
    base = ev.evaluate(module, call.func.value, env)
    if not all(isinstance(v.object, Constant) and isinstance(v.object.value, str) for v in base):
        return ()
    if call.keywords:
        return ()
    method = call.func.attr
    parts = (base, *(ev.evaluate(module, argument, env) for argument in call.args))
    found: ValueSet = ()
    for value in combine(module, call, parts, lambda *a: arithmetic.text(method, *a)):
        match value.object:
            case Constant(list(words)):  # of split()
                items = tuple(
                    Argument(None, module, env, (value._replace(object=Constant(word)),))
                    for word in words
                )
                value = value._replace(object=Sequence(items))
        found += (value,)
    return found
