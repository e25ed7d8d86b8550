"""What constructors of classes of the project take, and which attributes hold what is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.records import Parameter, SourceText
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.classes import sets_up
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.frameworks.records import ParameterKind


def given_attributes(cls: ast.ClassDef) -> dict[str, str]:
    """Return which attributes hold a parameter of the constructor, and which parameter."""
    found = {field.name: field.name for field in _fields(cls)}
    for statement in cls.body:
        if not isinstance(statement, ast.FunctionDef) or not sets_up(statement):
            continue
        names = {a.arg for a in (*statement.args.args, *statement.args.kwonlyargs)}
        for node in ast.walk(statement):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name):
                continue
            for target in node.targets:
                if isinstance(target, ast.Attribute) and node.value.id in names:
                    found[target.attr] = node.value.id
    return found


def signature_of(cls: ast.ClassDef) -> tuple[Parameter, ...]:
    """Return the parameters of the constructor; of a class with fields, these."""
    for statement in cls.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return tuple(_parameters(statement.args))
    return tuple(_fields(cls))


def _fields(cls: ast.ClassDef) -> Iterator[Parameter]:
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign):
            yield _parameter(last_name(statement.target), "positional", statement.value)


def _parameters(spec: ast.arguments) -> Iterator[Parameter]:
    positional = [*spec.posonlyargs, *spec.args]
    first = len(positional) - len(spec.defaults)
    for index, argument in enumerate(positional[1:], 1):
        default = spec.defaults[index - first] if index >= first else None
        yield _parameter(argument.arg, "positional", default)
    for argument, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        yield _parameter(argument.arg, "keyword", default)
    if spec.kwarg is not None:
        yield Parameter(spec.kwarg.arg, "extra", False, None)


def _parameter(name: str, kind: ParameterKind, default: ast.expr | None) -> Parameter:
    if default is None:
        return Parameter(name, kind, True, None)
    try:
        return Parameter(name, kind, False, ast.literal_eval(default))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Parameter(name, kind, False, SourceText(ast.unparse(default)))
