"""Named tuples made by ``collections.namedtuple``, and what their fields hold."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import arguments_of
from bnlint.semantics.values.domain import (
    Argument,
    Candidate,
    Constant,
    Env,
    Evaluate,
    Instance,
    Record,
    Sequence,
    Symbol,
    ValueSet,
    presumed,
    unknown,
)


def made(ev: Evaluate, module: Module, call: ast.Call, cls: Instance, env: Env | None) -> ValueSet:
    """Return what ``call`` makes of the class ``cls``; empty if that is no named tuple."""
    fields: tuple[str, ...] | None = None
    match cls:
        case Instance(Symbol("collections.namedtuple"), there, ast.Call() as definition):
            fields = _fields(ev, there, definition)
        case _:
            return ()
    if fields is None:
        return unknown("a named tuple whose fields are not known", module, call)
    arguments = arguments_of(ev, module, call, env)
    if arguments.open_positional:
        return unknown(arguments.open_positional, module, call)
    values = dict(zip(fields, arguments.positional, strict=False))
    values.update(arguments.keywords)
    return (Candidate(Record(values, arguments.open_keywords), module, call),)


def _fields(ev: Evaluate, module: Module, call: ast.Call) -> tuple[str, ...] | None:
    """Return the names of the fields that a call of ``namedtuple`` gives."""
    if len(call.args) < 2:
        return None
    match ev.evaluate(module, call.args[1]):
        case (Candidate(Constant(str(names))),):
            return tuple(names.replace(",", " ").split())
        case (Candidate(Sequence(items, "")),):
            texts = [_text(ev, item) for item in items]
            return tuple(texts) if all(texts) else None
    return None


def _text(ev: Evaluate, item: Argument) -> str:
    match ev.argument(item):
        case (Candidate(Constant(str(text))),):
            return text
    return ""


def field(record: Record, name: str, ev: Evaluate, module: Module, node: ast.AST) -> ValueSet:
    """Return what the field ``name`` of ``record`` may hold."""
    argument = record.values.get(name)
    if argument is None:
        return unknown(record.open or f"field {name} is left to its default", module, node)
    return presumed(ev.argument(argument), record.open)


def replaced(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return what ``record._replace(...)`` gives; empty if it is called on something else."""
    assert isinstance(call.func, ast.Attribute)
    found: ValueSet = ()
    for value in ev.evaluate(module, call.func.value, env):
        if not isinstance(value.object, Record):
            return ()
        arguments = arguments_of(ev, module, call, env)
        values: dict[str, Argument] = {**value.object.values, **arguments.keywords}
        record = Record(values, value.object.open or arguments.open_keywords)
        found += (value._replace(object=record),)
    return found
