"""What a name may be where it is used: bindings, imports, star imports, builtins."""

from __future__ import annotations

import ast
import builtins

from bnlint.semantics.names.flow import MAX_BINDINGS, Reaching, reaching, unique
from bnlint.semantics.names.scopes import Binding, Scope
from bnlint.semantics.syntax.module import FunctionNode, Module, last_name
from bnlint.semantics.values import arithmetic, containers
from bnlint.semantics.values.combining import combine
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Constant,
    Env,
    Evaluate,
    FunctionRef,
    ModuleRef,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.mutations import mutated
from bnlint.semantics.values.parameters import parameter_values

_BUILTINS = frozenset(dir(builtins))


def lookup(ev: Evaluate, module: Module, name: str, use: ast.expr, env: Env | None) -> ValueSet:
    """Return what ``name`` may be where ``use`` stands."""
    inner: ast.AST = use
    scope: Scope | None = ev.scope(module, module.scope_node(use))
    nested = later = False
    while scope is not None:
        if name in scope.globals:
            scope, later = ev.scope(module, module.tree), True
        if name in scope.bindings and not (scope.is_class and nested):
            return _here(bound(ev, scope, name, inner, env, later=later), module, use)
        # A class body and a comprehension run where they stand, a function at any time.
        later = later or isinstance(scope.node, FunctionNode)
        inner, scope, nested = scope.node, scope.parent, True
    return _outside(ev, module, name, use)


def _here(found: ValueSet, module: Module, use: ast.expr) -> ValueSet:
    """Place imported things where they are used: the import says nothing about the use."""
    return tuple(
        c._replace(module=module, node=use)
        if isinstance(c.node, (ast.Import, ast.ImportFrom))
        else c
        for c in found
    )


def bound(
    ev: Evaluate, scope: Scope, name: str, use: ast.AST | None, env: Env | None, *, later: bool
) -> ValueSet:
    """Return what ``name``, bound in ``scope``, may be at ``use`` (``None``: when all is done).

    ``later`` tells that the use is in a function further in: it may run at any time, so the end
    of the scope counts as well.
    """
    if scope.node is scope.module.tree:
        path = f"{scope.module.name}.{name}"
        if path in ev.frameworks.declared:
            return (Candidate(Symbol(path), scope.module, scope.node),)
    decide = ev.decide(scope.module, env) if env is not None else None
    reaches = reaching(scope, name, use, decide)
    if later:
        reaches = unique((*reaches, *reaching(scope, name, None, decide)))
    if len(reaches) > MAX_BINDINGS:
        return unknown(f"{name} is bound too often", scope.module, scope.node)
    found: ValueSet = ()
    caller = ""
    for reach in reaches:
        values = _reached(ev, reach, scope, env, None if later else use)
        if reach.narrowed == "not-none":
            kept = tuple(v for v in values if v.object != Constant(None))
            # What is written in place of None holds only where no caller gives anything else.
            if any(v.presumed for v in values):
                caller = f"parameter {name} may be given by a caller"
            values = kept
        elif reach.narrowed == "none":
            values = (Candidate(Constant(None), scope.module, reach.binding.statement),)
        found += values
    others = _rebound(ev, scope, name, env)
    if others and all(isinstance(v.object, Symbol) for v in others):
        # It is None until a model is handed its framework, and used only then.
        found = tuple(v for v in found if v.object != Constant(None))
    found += others
    if not found:
        return unknown(caller or f"{name} is not assigned here", scope.module, scope.node)
    return presumed(found, caller or (decide.rests_on if decide is not None else ""))


def _rebound(ev: Evaluate, scope: Scope, name: str, env: Env | None) -> ValueSet:
    """Return what functions further in that declare ``name`` global or nonlocal bind it to."""
    module = scope.module
    if name not in module.outer:
        return ()
    found: ValueSet = ()
    for use in module.uses.of(name):
        if not isinstance(use, ast.Name) or isinstance(use.ctx, ast.Load):
            continue
        inner = ev.scope(module, module.scope_node(use))
        if not _is_outer(inner, name, scope):
            continue
        match module.statement(use):
            case ast.Assign(targets, value) if use in targets:
                found += presumed(
                    ev.evaluate(module, value, env), f"line {use.lineno} rebinds {name}"
                )
            # global a, b; a, b = get_modules(): so a model is handed its framework.
            case ast.Assign([ast.Tuple(parts), *_], ast.Call(giver) as call) if (
                use in parts and last_name(giver) in ev.frameworks.word("module_givers")
            ):
                values = ev.evaluate(module, call, env)
                found += containers.element(ev, values, parts.index(use), module, use)
            case _:
                found += unknown(f"line {use.lineno} changes {name}", module, use)
    return found


def _is_outer(inner: Scope, name: str, scope: Scope) -> bool:
    """Tell whether ``inner`` declares that its ``name`` is the one bound in ``scope``."""
    if name in inner.globals:
        return isinstance(scope.node, ast.Module)
    if name not in inner.nonlocals:
        return False
    outer = inner.parent
    while outer is not None and (outer.is_class or name not in outer.bindings):
        outer = outer.parent
    return outer is scope


def _reached(
    ev: Evaluate, reach: Reaching, scope: Scope, env: Env | None, use: ast.AST | None
) -> ValueSet:
    module, binding = scope.module, reach.binding
    match binding.kind, binding.value:
        case "assign" | "walrus" | "unpack", ast.expr() as node:
            values = ev.evaluate(module, node, env)
            for index in binding.path:
                values = containers.element(ev, values, index, module, node)
            return mutated(ev, values, scope, binding, env, use)
        case "param", ast.arg() as parameter:
            values = parameter_values(ev, module, scope.node, parameter, env)
            return mutated(ev, values, scope, binding, env, use)
        case "import", None:
            return _imported(ev, module, binding)
        case "function", (ast.FunctionDef() | ast.AsyncFunctionDef()) as function:
            return (Candidate(FunctionRef(module, function, None, env), module, function),)
        case "class", ast.ClassDef() as cls:
            return (Candidate(ClassRef(module, cls), module, cls),)
        case "for", ast.expr() as node:
            return containers.elements(ev, ev.evaluate(module, node, env), module, node)
        case "aug", ast.AugAssign() as change:
            values = _augmented(ev, reach, change, scope, env, use)
            return mutated(ev, values, scope, binding, env, use)
    return unknown(f"{binding.name} gets its value in a way not followed", module, scope.node)


def _augmented(
    ev: Evaluate,
    reach: Reaching,
    node: ast.AugAssign,
    scope: Scope,
    env: Env | None,
    use: ast.AST | None,
) -> ValueSet:
    before: ValueSet = ()
    for earlier in reach.before:
        before += _reached(ev, earlier, scope, env, use)
    if not before:
        return unknown(f"{reach.binding.name} is changed step by step", scope.module, node)
    right = ev.evaluate(scope.module, node.value, env)
    joined = containers.union(
        before, right, scope.module, node
    )  # of dictionaries: settings |= more
    return joined or combine(
        scope.module,
        node.value,
        (before, right),
        lambda a, b: arithmetic.binary(node.op, a, b),
    )


def _imported(ev: Evaluate, module: Module, binding: Binding) -> ValueSet:
    target = ev.project.resolve(module, binding.symbol)
    if isinstance(target, Module):
        return (Candidate(ModuleRef(target), target, target.tree),)
    if target is not None:
        return export(ev, target[0], target[1], binding.statement)
    path = ev.project.symbol(module, binding.symbol)
    return (Candidate(Symbol(path), module, binding.statement),)


_EXPORTS: Memo[tuple[Module, str], ValueSet] = Memo()


def export(ev: Evaluate, module: Module, name: str, use: ast.AST) -> ValueSet:
    """Return what ``module.name`` is once the module has been imported.

    In a framework's own source, what its table lists is what the table says.
    """
    path = f"{module.name}.{name}"
    if ev.frameworks.has_root(module.name) and ev.frameworks.knows(path):
        return (Candidate(Symbol(path), module, use),)
    known, key = _EXPORTS.of(ev), (module, name)
    if key in known:
        return known[key]
    with ev.guard((module.tree, name)) as entered:
        found = _exported(ev, module, name, use, path, entered=entered)
        # Star imports meet again and again: what is asked once is kept, if no circle cut it short.
        if entered and ev.is_whole():
            known[key] = found
    return found


def _exported(
    ev: Evaluate, module: Module, name: str, use: ast.AST, path: str, *, entered: bool
) -> ValueSet:
    scope = ev.scope(module, module.tree)
    if name in scope.bindings and entered:
        return bound(ev, scope, name, None, None, later=True)
    # A package that imports its own module by name comes round to itself.
    submodule = ev.project.submodule(module, name)
    if submodule is not None:
        return (Candidate(ModuleRef(submodule), submodule, submodule.tree),)
    if not entered:
        return unknown(f"{name} is imported in a circle", module, use)
    if any(f"{declared}.".startswith(f"{path}.") for declared in ev.frameworks.declared):
        return (Candidate(Symbol(path), module, use),)
    return _outside(ev, module, name, module.tree, builtin=False)


def _outside(
    ev: Evaluate, module: Module, name: str, use: ast.AST, *, builtin: bool = True
) -> ValueSet:
    """Look for ``name`` in star imports, the last one first, then among the builtins."""
    doubt = ""
    for origin, statement in reversed(ev.scope(module, module.tree).stars):
        if not ev.project.may_export(module, origin, name):
            continue
        target = ev.project.module(module, origin)
        if target is not None:
            values = export(ev, target, name, use)
            if not isinstance(values[0].object, Unknown):
                return values
        elif ev.frameworks.leads_to(f"{origin}.{name}"):
            if doubt:
                return unknown(f"{name} may come from {doubt}", module, use)
            return (Candidate(Symbol(f"{origin}.{name}"), module, statement),)
        elif not ev.frameworks.has_root(origin):
            doubt = doubt or f"'from {origin} import *'"
    if builtin and name in _BUILTINS:
        return (Candidate(Symbol(f"builtins.{name}"), module, use),)
    why = f"{name} may come from {doubt}" if doubt else f"{name} is not defined here"
    return unknown(why, module, use)
