"""What expressions of each kind may be, given what their parts may be."""

from __future__ import annotations

import ast
from collections.abc import Callable

from bnlint.semantics.names.flow import says_of
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import arithmetic, calls, containers, lookup, predicates
from bnlint.semantics.values.combining import combine
from bnlint.semantics.values.domain import (
    Candidate,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    FunctionRef,
    Sequence,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)


def expression(ev: Evaluate, module: Module, node: ast.expr, env: Env | None) -> ValueSet:
    """Return what ``node`` may be; kinds of expressions that are not followed are unknown."""
    method = _KINDS.get(type(node))
    if method is None:
        return unknown(f"{type(node).__name__} expressions are not followed", module, node)
    return method(ev, module, node, env)


def constant(_ev: Evaluate, module: Module, node: ast.Constant, _: Env | None) -> ValueSet:
    """Return what a literal is."""
    if not arithmetic.is_affordable(node.value):
        return unknown("the number is too large", module, node)
    return (Candidate(Constant(node.value), module, node),)


def _name(ev: Evaluate, module: Module, node: ast.Name, env: Env | None) -> ValueSet:
    return lookup.lookup(ev, module, node.id, node, env)


def _attribute(ev: Evaluate, module: Module, node: ast.Attribute, env: Env | None) -> ValueSet:
    found: ValueSet = ()
    bases = ev.evaluate(module, node.value, env)
    # What is None has no such attribute: where it is read, the object is one of the others.
    kept = tuple(b for b in bases if b.object != Constant(None))
    if any(not isinstance(b.object, Unknown) for b in kept):
        bases = kept
    for base in bases:
        found += ev.member(base, node.attr, module, node)
    return found


def _binary(ev: Evaluate, module: Module, node: ast.BinOp, env: Env | None) -> ValueSet:
    # Long sums nest to the left, thousands deep: walk down the spine instead of recursing.
    spine: list[ast.BinOp] = [node]
    while isinstance(spine[-1].left, ast.BinOp):
        spine.append(spine[-1].left)
    left = ev.evaluate(module, spine[-1].left, env)
    for step in reversed(spine):
        right = ev.evaluate(module, step.right, env)
        left = containers.union(left, right, module, step) or combine(
            module, step, (left, right), lambda a, b, op=step.op: arithmetic.binary(op, a, b)
        )
    return left


def _unary(ev: Evaluate, module: Module, node: ast.UnaryOp, env: Env | None) -> ValueSet:
    operand = ev.evaluate(module, node.operand, env)
    return combine(module, node, (operand,), lambda a: arithmetic.unary(node.op, a))


def _compare(ev: Evaluate, module: Module, node: ast.Compare, env: Env | None) -> ValueSet:
    parts = [ev.evaluate(module, part, env) for part in (node.left, *node.comparators)]
    if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
        # A function or class is not None; any other comparison of one is left open.
        answer = Constant(isinstance(node.ops[0], ast.IsNot))
        match parts:
            case found, (Candidate(Constant(None)),):
                if all(ev.is_code(v.object) for v in found):
                    why = next((v.presumed for v in found if v.presumed), "")
                    return (Candidate(answer, module, node, why),)

    def chain(*operands: object) -> object:
        steps = zip(node.ops, operands, operands[1:], strict=False)
        return all(arithmetic.compare(op, left, right) for op, left, right in steps)

    return combine(module, node, tuple(parts), chain)


def _boolean(ev: Evaluate, module: Module, node: ast.BoolOp, env: Env | None) -> ValueSet:
    stops_at = isinstance(node.op, ast.Or)
    found: ValueSet = ()
    why = ""  # what it rests on that evaluation gets past the parts so far
    for index, part in enumerate(node.values):
        values = presumed(ev.evaluate(module, part, env), why)
        if index == len(node.values) - 1:
            return found + values
        goes_on = False
        for value in values:
            answer = ev.truth(value)
            if answer is None or answer is stops_at:
                found += (value,)
            if answer is not stops_at or value.presumed:
                goes_on = True
                why = why or value.presumed
        if not goes_on:
            break
    return found


def _conditional(ev: Evaluate, module: Module, node: ast.IfExp, env: Env | None) -> ValueSet:
    decide = predicates.Tests(ev, module, env)
    answer = decide(node.test)
    found: ValueSet = ()
    rests_on = decide.rests_on
    for part, holds in ((node.body, True), (node.orelse, False)):
        if answer is not None and answer is not holds:
            continue
        values = ev.evaluate(module, part, env)
        if isinstance(part, ast.Name) and says_of(node.test, part.id, holds=holds) == "not-none":
            kept = tuple(v for v in values if v.object != Constant(None))
            rests_on = next((v.presumed for v in values if v not in kept), "")
            values = kept
        found += values
    return presumed(found, rests_on)


def _sequence(
    _ev: Evaluate, module: Module, node: ast.Tuple | ast.List, env: Env | None
) -> ValueSet:
    return containers.sequence(module, node, env)


def _dictionary(ev: Evaluate, module: Module, node: ast.Dict, env: Env | None) -> ValueSet:
    return containers.dictionary(ev, module, node, env)


def _subscript(ev: Evaluate, module: Module, node: ast.Subscript, env: Env | None) -> ValueSet:
    if isinstance(node.slice, ast.Slice):
        return unknown("a part of something is not followed", module, node)
    keys = ev.evaluate(module, node.slice, env)
    key = keys[0].object if len(keys) == 1 else None
    found: ValueSet = ()
    for base in ev.evaluate(module, node.value, env):
        if isinstance(base.object, Unknown):
            found += (base,)
        elif isinstance(base.object, Symbol) and base.object.path.endswith(".__dict__"):
            found += _of_module(base, key, module, node)
        elif isinstance(base.object, (Dictionary, Sequence)):
            picked = containers.pick(ev, base.object, key, module, node)
            found += presumed(picked, base.presumed or keys[0].presumed)
        else:
            found += unknown(containers.unlisted(ev, base), module, node)
    return found


def _of_module(base: Candidate, key: object, module: Module, node: ast.expr) -> ValueSet:
    """Return what ``module.__dict__[key]`` is."""
    assert isinstance(base.object, Symbol)
    match key:
        case Constant(str(name)):
            path = f"{base.object.path.removesuffix('.__dict__')}.{name}"
            return (base._replace(object=Symbol(path)),)
    return unknown("something of a module under an unknown name", module, node)


def _lambda(_ev: Evaluate, module: Module, node: ast.Lambda, env: Env | None) -> ValueSet:
    return (Candidate(FunctionRef(module, node, None, env), module, node),)


def _walrus(ev: Evaluate, module: Module, node: ast.NamedExpr, env: Env | None) -> ValueSet:
    return ev.evaluate(module, node.value, env)


def _call(ev: Evaluate, module: Module, node: ast.Call, env: Env | None) -> ValueSet:
    return calls.call_values(ev, module, node, env)


def _joined(ev: Evaluate, module: Module, node: ast.JoinedStr, env: Env | None) -> ValueSet:
    parts: list[ValueSet] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None or part.conversion != -1:
                return unknown("a formatted string", module, node)
            part = part.value
        parts.append(ev.evaluate(module, part, env))
    return combine(module, node, tuple(parts), lambda *a: "".join(map(str, a)))


_KINDS: dict[type, Callable[..., ValueSet]] = {
    ast.Constant: constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _conditional,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Dict: _dictionary,
    ast.Subscript: _subscript,
    ast.Lambda: _lambda,
    ast.NamedExpr: _walrus,
    ast.Call: _call,
    ast.JoinedStr: _joined,
}
