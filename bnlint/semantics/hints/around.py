"""What the names around a place say of it: of functions, classes and files, and of what is called.

They are hints, and never facts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.hints import purposes, things
from bnlint.semantics.syntax.module import Module, last_name

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def names_around(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the names of the functions and classes around ``node``, innermost first."""
    for around in module.definitions(node):
        yield around.name


def is_test_file(path: str) -> bool:
    """Tell whether a file is named as pytest asks: ``test_net.py`` or ``net_test.py``.

    Not so ``tests/net.py`` and ``latest.py``.
    """
    file = path.replace("\\", "/").rpartition("/")[2]
    return file.startswith("test_") or file.endswith("_test.py")


def in_test(module: Module, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in a test: odd settings are chosen there to be seen.

    By the name of the file, or of a function or class around. See also
    :func:`in_test_or_comparison`.
    """
    return is_test_file(module.path) or any(map(purposes.is_test, names_around(module, node)))


def in_test_or_comparison(module: Module, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in code that tests or compares layers.

    By whole words, of the folder of the file too: ``tests/net.py`` counts here and not in
    :func:`in_test`, the function ``testify`` there and not here.
    """
    parts = [part.removesuffix(".py") for part in module.path.replace("\\", "/").split("/")]
    names = (*parts[-2:], *names_around(module, node))
    return any(map(purposes.is_test_or_comparison, names))


def is_unit_test(module: Module, node: ast.AST) -> bool:
    """Tell whether ``node`` stands in a test that pytest or unittest would collect.

    That is a function named for a test in a file that is, or one of a class that is; elsewhere, one
    that states what must hold. An assertion by itself makes no test.
    """
    functions = [n for n in module.ancestors(node) if isinstance(n, _FUNCTIONS)]
    if any(purposes.is_test_class(name) for name in names_around(module, node)):
        return True
    tests = [function for function in functions if purposes.is_test(function.name)]
    return any(is_test_file(module.path) or makes_assertions(test) for test in tests)


def makes_assertions(function: ast.AST) -> bool:
    """Tell whether a function states what must hold (``assert``, ``assertEqual``), as tests do."""
    return any(
        isinstance(part, ast.Assert)
        or (isinstance(part, ast.Call) and purposes.is_assertion(last_name(part.func)))
        for part in ast.walk(function)
    )


def is_frozen(module: Module, node: ast.AST) -> bool:
    """Tell whether a function or class around ``node`` is named for freezing or folding."""
    return any(map(purposes.freezes_or_folds, names_around(module, node)))


def is_padded(module: Module, node: ast.AST) -> bool:
    """Tell whether something is padded by hand in the class around ``node``.

    Without a class, in the function; without that, anywhere in the file. A call of what is named
    for padding is taken for it.
    """
    around: ast.AST | None = module.enclosing_class(node) or module.enclosing_function(node)
    return any(
        around is None or any(above is around for above in module.ancestors(call))
        for name, calls in module.calls_by_name.items()
        if things.is_padding(name)
        for call in calls
    )
