"""Where a value that reaches an argument is defined, and what else that definition serves."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from bnlint.semantics.syntax.module import FunctionNode, Module
from bnlint.semantics.values.value import Value


def defined_name(module: Module, node: ast.AST) -> str:
    """Return the name that ``node`` is the whole value or the default of, if it is one's."""
    parent = module.parents.get(node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    if isinstance(parent, ast.AnnAssign) and parent.value is node:
        return parent.target.id if isinstance(parent.target, ast.Name) else ""
    if isinstance(parent, ast.arguments):
        return _parameter(parent, node)
    return ""


def is_default(module: Module, node: ast.AST | None) -> bool:
    """Tell whether ``node`` is the default of a parameter."""
    return node is not None and isinstance(module.parents.get(node), ast.arguments)


def _parameter(arguments: ast.arguments, node: ast.AST) -> str:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [
        *zip(
            positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True
        ),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((argument.arg for argument, default in defaults if default is node), "")


def serves_only(module: Module, value: Value, accepts: Callable[[ast.expr], bool]) -> bool:
    """Tell whether every use of what ``value.node`` defines in ``module`` is one of ``accepts``."""
    node = value.node
    if node is None or value.module is not module:
        return False
    name = defined_name(module, node)
    uses = loads(module, node, name) if name else []
    return bool(uses) and all(accepts(use) for use in uses)


def loads(module: Module, node: ast.AST, name: str) -> list[ast.expr]:
    """Return where ``name``, of which ``node`` is the value or the default, is read."""
    return [use for use in _uses(module, node, name) if not _is_store(use)]


def _uses(module: Module, node: ast.AST, name: str) -> Iterable[ast.expr]:
    uses = module.uses.of(name)
    arguments = module.parents[node]
    if not isinstance(arguments, ast.arguments):
        return uses
    function = module.parents[arguments]
    assert isinstance(function, FunctionNode)
    return [use for use in uses if isinstance(use, ast.Name) and function in module.ancestors(use)]


def _is_store(use: ast.expr) -> bool:
    return isinstance(use, (ast.Name, ast.Attribute)) and isinstance(use.ctx, ast.Store)
