"""What the names of the functions, classes and files around a node say of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.semantics.syntax.module import Module
from bnlint.startup.patterns import lazy

_FROZEN = lazy(r"frozen|freeze|fixed|fuse|fold|absorb|merge_bn|bn_fusion", re.IGNORECASE)


def in_test(module: Module, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in a test: odd settings are chosen there to be seen."""
    file = module.path.replace("\\", "/").rpartition("/")[2]
    return (
        file.startswith("test_")
        or file.endswith("_test.py")
        or any(name.lower().startswith("test") for name in names_around(module, node))
    )


def names_around(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the names of the functions and classes around ``node``, innermost first."""
    for around in module.ancestors(node):
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield around.name


def is_frozen(module: Module, node: ast.AST) -> bool:
    """Tell whether a function or class around ``node`` is named for freezing or folding."""
    return any(_FROZEN.search(name) for name in names_around(module, node))


def is_padded(module: Module, node: ast.AST) -> bool:
    """Tell whether something is padded by hand in the class around ``node``.

    Without a class, in the function; without that, anywhere in the file.
    """
    around: ast.AST | None = module.enclosing_class(node) or module.enclosing_function(node)
    return any(
        around is None or any(above is around for above in module.ancestors(call))
        for name, calls in module.calls_by_name.items()
        if "pad" in name.lower()
        for call in calls
    )
