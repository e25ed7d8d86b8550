"""Whether the decorators of a function leave the modes of what it is given alone."""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate, FunctionRef, Symbol, ValueSet

#: Packages whose decorators call the function as it is.
_PLAIN_ROOTS = frozenset({"builtins", "contextlib", "functools", "typing"})


def sees_through(
    ev: Evaluate, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> bool:
    """Tell whether the decorators of a function leave modes alone."""
    return all(
        _leaves_modes(ev, ev.evaluate(module, d.func if isinstance(d, ast.Call) else d))
        for d in function.decorator_list
    )


def may_be_switched_around(ev: Evaluate, module: Module, node: ast.AST) -> bool:
    """Tell whether a function around ``node`` has a decorator of the project that switches modes.

    Decorators of packages start commands, serve requests or cache results, and switch nothing.
    """
    switches = _switches(ev)
    return any(
        isinstance(found.object, FunctionRef)
        and any(
            isinstance(part, ast.Attribute) and part.attr in switches
            for part in ast.walk(found.object.node)
        )
        for around in module.ancestors(node)
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef))
        for decorator in around.decorator_list
        for found in ev.evaluate(
            module, decorator.func if isinstance(decorator, ast.Call) else decorator
        )
    )


def _switches(ev: Evaluate) -> set[str]:
    return {
        method
        for framework in ev.frameworks.frameworks.values()
        for method, _ in (*framework.modes.to_inference, *framework.modes.to_training)
    }


def _leaves_modes(ev: Evaluate, decorator: ValueSet) -> bool:
    switches = _switches(ev)
    for candidate in decorator:
        found = candidate.object
        if isinstance(found, Symbol):
            root = found.path.partition(".")[0]
            if root not in _PLAIN_ROOTS and not ev.frameworks.has_root(found.path):
                return False
        elif isinstance(found, FunctionRef):
            for part in ast.walk(found.node):
                if isinstance(part, ast.Attribute) and part.attr in switches:
                    return False
                if isinstance(part, ast.Call) and any(
                    isinstance(called.object, FunctionRef)
                    for called in ev.evaluate(found.module, part.func)
                ):
                    return False  # what that does is not looked at
        else:
            return False
    return True
