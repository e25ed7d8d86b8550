"""Which expressions of a function hold what one of them gives, followed by its names."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.semantics.hints import purposes
from bnlint.semantics.names.flow import MAX_BINDINGS, Reaching, reaching
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.objects.flows import loads
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.memo import Memo


def holding(ev: Evaluate, start: ast.expr, scope: Scope) -> Collection[ast.AST] | None:
    """Return what holds the value of ``start``: expressions of ``scope`` and their statements.

    These are ``start``, the names that may be bound to what comes of it, and all that stands around
    them in their statements. ``None`` where it cannot be followed: an attribute keeps it, or what a
    call gives, or a name that is bound too often.
    """
    held: dict[ast.AST, None] = {}  # as a set that keeps the order
    carrying: set[ast.AST] = set()
    queue: list[ast.expr] = [start]
    while queue:
        node: ast.AST = queue.pop()
        while node not in held and not isinstance(node, ast.stmt):
            held[node] = None
            node = scope.module.parents[node]
        held[node] = None
        for target, value in _stores(node):
            if value not in held:
                continue
            binding: list[ast.AST] = [node]
            if isinstance(target, ast.Name):
                binding = list(_bound_to(scope, target))
            elif target is not None:
                return None
            for statement in binding:
                if statement in carrying:
                    continue
                carrying.add(statement)
                for name in _names_bound(ev, scope).get(statement, ()):
                    seen = _seen_by(ev, scope, name)
                    if seen is None:
                        return None
                    queue += seen.get(statement, ())
    return held


def _bound_to(scope: Scope, container: ast.Name) -> Iterator[ast.AST]:
    """Yield the statements that bind the container in which something is kept."""
    for reach in reaching(scope, container.id, container):
        if reach.binding.kind != "import":  # a module keeps nothing
            yield reach.binding.statement


_NAMES: Memo[Scope, dict[ast.AST, list[str]]] = Memo()


def _names_bound(ev: Evaluate, scope: Scope) -> dict[ast.AST, list[str]]:
    """Return the names that each statement of ``scope`` binds."""

    def names() -> dict[ast.AST, list[str]]:
        found: dict[ast.AST, list[str]] = {}
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                found.setdefault(binding.statement, []).append(name)
        return found

    return _NAMES.once(ev, scope, names)


_SEEN: Memo[tuple[Scope, str], dict[ast.AST, list[ast.Name]] | None] = Memo()


def _seen_by(ev: Evaluate, scope: Scope, name: str) -> dict[ast.AST, list[ast.Name]] | None:
    """Return the uses of ``name`` that may see what each statement of ``scope`` binds it to.

    ``None`` where it is bound too often to be followed.
    """

    def seen() -> dict[ast.AST, list[ast.Name]] | None:
        if len(scope.bindings[name]) > MAX_BINDINGS:
            return None
        found: dict[ast.AST, list[ast.Name]] = {}
        for use in loads(ev, scope.module, name).get(scope.node, ()):
            statement = scope.module.statement(use)
            if scope.module.scope_node(statement) is scope.node:
                for source in _sources(reaching(scope, name, use)):
                    found.setdefault(source, []).append(use)
        return found

    return _SEEN.once(ev, (scope, name), seen)


def _sources(reaches: Collection[Reaching]) -> Collection[ast.AST]:
    """Return the statements of bindings, and of those that ``+=`` and the like build upon."""
    found: dict[ast.AST, None] = {}
    queue = list(reaches)
    while queue:
        reach = queue.pop()
        if reach.binding.statement not in found:
            found[reach.binding.statement] = None
            queue += reach.before
    return found


def _stores(statement: ast.AST) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    """Yield what a statement stores, and where: ``None`` for the names that it binds itself."""
    pairs: list[tuple[ast.expr | None, ast.expr | None]] = []
    if isinstance(statement, ast.Assign):
        pairs = [(target, statement.value) for target in statement.targets]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        pairs = [(statement.target, statement.value)]
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        pairs = [(statement.target, statement.iter)]
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        pairs = [(item.optional_vars, item.context_expr) for item in statement.items]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        func = statement.value.func
        if isinstance(func, ast.Attribute) and (
            (isinstance(func.value, ast.Name) and not purposes.shows(func.attr))
            or purposes.keeps(func.attr)
        ):  # memory.push(value)
            for argument in statement.value.args:
                yield _container(func.value), argument
    for target, value in pairs:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            yield _container(target), value
        else:
            yield None, value


def _container(node: ast.expr) -> ast.expr:
    """Return what ``node`` is an element of: ``found`` of ``found[a][b]``, ``found.get(a)``."""
    while True:
        match node:
            case ast.Subscript(outer) | ast.Call(ast.Attribute(outer)):
                node = outer
            case _:
                return node
