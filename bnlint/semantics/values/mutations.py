"""What statements change in a dictionary or list after it has been made."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.hints.purposes import only_reads
from bnlint.semantics.names.scopes import Binding, Scope
from bnlint.semantics.syntax.module import FunctionNode, Module, last_name
from bnlint.semantics.values.arguments import arguments_of, dictionary_of
from bnlint.semantics.values.containers import doubted, overlaid, presume
from bnlint.semantics.values.domain import (
    Argument,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    Sequence,
    ValueSet,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.predicates import is_dead
from bnlint.startup.typed import NamedTuple

#: A dictionary that more statements change than this is not followed through them.
_MOST_CHANGES = 1000

#: Methods that change the dictionary or list they are called on.
_CHANGES = frozenset(
    {
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse",
        "setdefault", "sort", "update",
    }
)  # fmt: skip


class Change(NamedTuple):
    """A place that changes a container, or may: ``c[key] = value``, ``c.method(...)``, ``f(c)``.

    ``value`` is ``None`` where the new element is not one expression.
    """

    use: ast.expr
    statement: ast.stmt
    key: ast.expr | None = None
    value: ast.expr | None = None
    call: ast.Call | None = None


def mutated(
    ev: Evaluate,
    values: ValueSet,
    scope: Scope,
    binding: Binding,
    env: Env | None,
    use: ast.AST | None,
) -> ValueSet:
    """Return ``values`` as they have been changed through the name by the time of ``use``.

    ``use`` is ``None`` for a use that may run at any time.
    """
    if not _has_container(values):
        return values
    changes = list(_changes_of_name(ev, scope, binding, use))
    if env is not None:
        changes = [c for c in changes if not is_dead(ev, scope.module, c.statement, env)]
    return _with_changes(ev, values, changes, scope.module, env, binding.statement)


def mutated_attribute(
    ev: Evaluate,
    values: ValueSet,
    module: Module,
    name: str,
    env: Env | None,
    store: ast.Attribute | None = None,
) -> ValueSet:
    """Return ``values`` as they may have been changed through any attribute called ``name``.

    What the block of the one ``store`` that sets the attribute changes after it is sure to be
    changed, if there is but one.
    """
    if not _has_container(values):
        return values
    changes = [
        change
        for use in module.uses.of(name)
        if isinstance(use, ast.Attribute) and (change := _change(module, use)) is not None
    ]
    if store is None:
        return _with_changes(ev, values, changes, module, env, None)
    made = module.statement(store)
    for change in changes:
        follows = change.statement.lineno > made.lineno
        sure = follows and ast.unparse(change.use) == ast.unparse(store)  # self.config
        values = _with_changes(ev, values, [change], module, env, made if sure else None)
    return values


def _has_container(values: ValueSet) -> bool:
    return any(isinstance(v.object, (Dictionary, Sequence)) for v in values)


def _with_changes(
    ev: Evaluate,
    values: ValueSet,
    changes: list[Change],
    module: Module,
    env: Env | None,
    made: ast.AST | None,
) -> ValueSet:
    found = list(values)
    for index, value in enumerate(values):
        changed = value.object
        if isinstance(changed, Dictionary) and len(changes) > _MOST_CHANGES:
            changed = overlaid(changed, None, "too many statements change it to follow them")
            found[index] = value._replace(object=changed)
            continue
        for change in changes:
            if isinstance(changed, Dictionary):
                always = _always_follows(ev, module, change, made, env)
                changed = _changed(ev, changed, change, module, env, always=always)
            elif isinstance(changed, Sequence):
                changed = Sequence((), f"line {change.statement.lineno} changes it")
        found[index] = value._replace(object=changed)
    return tuple(found)


def _changes_of_name(
    ev: Evaluate, scope: Scope, binding: Binding, use: ast.AST | None
) -> Iterator[Change]:
    module = scope.module
    at = module.statement(use) if use is not None else None
    later: list[Change] = []
    for change in _changes_in(ev, scope, binding.name):
        if module.scope_node(change.use) is scope.node:
            # In order: after the container is made, before it is used. In one loop, at any time.
            where = (change.statement.lineno, change.statement.col_offset)
            made = binding.statement
            if where < (getattr(made, "lineno", 0), 0) and not _in_one_loop(module, change, made):
                continue
            if at is not None and where >= (at.lineno, at.col_offset):
                if not _in_one_loop(module, change, at):
                    continue
            yield change
        else:
            later.append(change)  # in a function, which may run at any time
    yield from later


_KNOWN: Memo[tuple[ast.AST, str], list[Change]] = Memo()


def _changes_in(ev: Evaluate, scope: Scope, name: str) -> list[Change]:
    """Return all changes of the container that a name of ``scope`` stands for, in source order."""
    known = _KNOWN.of(ev)
    key = scope.node, name
    if key not in known:
        changes = [
            change
            for node in scope.module.uses.of(name)
            if isinstance(node, ast.Name)
            and (change := _change(scope.module, node)) is not None
            and _belongs(ev, scope, node, name)
        ]
        known[key] = changes
    return known[key]


def _belongs(ev: Evaluate, scope: Scope, node: ast.expr, name: str) -> bool:
    """Tell whether ``name`` at ``node`` is the one bound in ``scope``."""
    inner: Scope | None = ev.scope(scope.module, scope.module.scope_node(node))
    nested = False
    while inner is not None and inner is not scope:
        if name in inner.bindings and not (inner.is_class and nested):
            return False
        inner, nested = inner.parent, True
    return inner is scope


def _change(module: Module, use: ast.expr) -> Change | None:
    """Return how the container that ``use`` names is changed there, if it is."""
    parent = module.parents[use]
    if isinstance(parent, ast.Subscript) and parent.value is use:
        if isinstance(parent.ctx, ast.Load):
            inner = _change(module, parent)
            stores = inner is not None and inner.key is not None  # d["model"]["eps"] = 1e-3
            return Change(use, module.statement(use), parent.slice) if stores else None
        statement = module.statement(use)
        match statement:
            case ast.Assign(targets, value) if parent in targets:
                return Change(use, statement, parent.slice, value)
        return Change(use, statement, parent.slice)
    if isinstance(parent, ast.Attribute) and parent.attr in _CHANGES:
        match module.parents[parent]:
            case ast.Call() as method if method.func is parent:
                return Change(use, module.statement(use), call=method)
        return Change(use, module.statement(use))  # handed on: it may be called at any time
    # A call whose result is thrown away is there for what it does, maybe to what it is given.
    call = module.parents[parent] if isinstance(parent, ast.keyword) and parent.arg else parent
    if isinstance(call, ast.Call):
        if isinstance(module.parents[call], ast.Expr) and not only_reads(last_name(call.func)):
            return Change(use, module.statement(use))
    return None


def _changed(
    ev: Evaluate,
    found: Dictionary,
    change: Change,
    module: Module,
    env: Env | None,
    *,
    always: bool,
) -> Dictionary:
    why = f"line {change.statement.lineno} changes it"
    other: Dictionary | None = None
    match change:
        case Change(key=ast.expr() as key, value=value):
            other = _item(ev, key, value, module, env)
            if other is not None and value is None:
                other = _uncertain(other, why)
        case Change(call=ast.Call(ast.Attribute(attr="update")) as call):
            made, rests_on = dictionary_of(ev, arguments_of(ev, module, call, env))
            other = None if rests_on else made
        case Change(call=ast.Call(ast.Attribute(attr="setdefault"), [key, value]) as call):
            other = _item(ev, key, value, module, env)
            if other is not None and always:
                return _with_default(found, other, call)
        case Change(call=ast.Call(ast.Attribute(attr="pop"), [key, *_])) if not found.open:
            other = _item(ev, key, None, module, env)
            if other is not None and always:
                gone = other.items[0][0]
                return Dictionary(tuple(item for item in found.items if item[0] != gone))
    if other is not None and not always:
        other = _uncertain(other, why)
    return overlaid(found, other, why)


def _item(
    ev: Evaluate, key: ast.expr, value: ast.expr | None, module: Module, env: Env | None
) -> Dictionary | None:
    """Return a dictionary of the one item ``key: value``, if the key is known."""
    keys = ev.evaluate(module, key, env)
    if len(keys) != 1 or not isinstance(keys[0].object, Constant):
        return None
    return Dictionary(((keys[0].object.value, Argument(value, module, env)),))


def _uncertain(found: Dictionary, why: str) -> Dictionary:
    return Dictionary(tuple((key, doubted(item, why)) for key, item in found.items), found.open)


def _with_default(found: Dictionary, default: Dictionary, call: ast.Call) -> Dictionary:
    """Return ``found`` after ``setdefault``; callers may have given an open one another value."""
    key, item = default.items[0]
    if any(key == name for name, _ in found.items):
        return found
    item = presume(item, f"the default on line {call.lineno}" if found.open else "")
    return Dictionary((*found.items, (key, item)), found.open)


def _always_follows(
    ev: Evaluate, module: Module, change: Change, made: ast.AST | None, env: Env | None
) -> bool:
    """Tell whether the change runs whenever the container has been made: it is in the block.

    ``made`` is the statement that makes it, or the function whose parameter it is. A test whose
    answer is known under ``env`` makes no difference.
    """
    block = made if isinstance(made, FunctionNode) else made and module.parents.get(made)
    child: ast.AST = change.statement
    while (parent := module.parents[child]) is not block:
        if env is None or not isinstance(parent, ast.If):
            return False
        if ev.decide(module, env)(parent.test) is not any(child is s for s in parent.body):
            return False
        child = parent
    return True


def _in_one_loop(module: Module, change: Change, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in a loop around ``change``, so that either may come first."""
    around = {node, *module.ancestors(node)}
    if isinstance(node, (ast.For, ast.AsyncFor)):
        around.remove(node)  # what it runs over is worked out once
    return any(
        loop in around
        for loop in module.ancestors(change.statement)
        if isinstance(loop, (ast.For, ast.AsyncFor, ast.While))
    )
