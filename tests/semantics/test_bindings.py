"""What binds each name of a program, which bindings reach each use, and what may stand for an API.

The programs are in ``tests/cases/bindings``, a file for each module of ``bnlint.semantics.names``.
Tests that are constants are decided, as the evaluator decides those whose value it knows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import evaluator
from written import Program, programs

from bnlint.semantics.names.carriers import carriers
from bnlint.semantics.names.flow import Reaching, assigned, reaching
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.objects.flows import scope_of
from bnlint.semantics.syntax.module import Module, ScopeNode, parse

PROGRAMS = programs("bindings")


@pytest.mark.parametrize("name", PROGRAMS)
def test_bindings(name: str, tmp_path: Path) -> None:
    PROGRAMS[name].hold(told_of(PROGRAMS[name], tmp_path))


def told_of(program: Program, _folder: Path) -> Iterator[str]:
    """Yield what is known of the names of a program."""
    (text,) = program.files.values()
    module = parse("net.py", text)
    if program.path.stem == "carriers":
        yield from _carriers(module)
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ScopeNode) and program.path.stem == "scopes":
            yield from _scope(Scope(module, node, None))
    uses = [n for n in ast.walk(module.tree) if isinstance(n, ast.Name)]
    ev = evaluator()
    for use in sorted(uses, key=lambda n: (n.lineno, n.col_offset)):
        scope = scope_of(ev, module, use)
        if isinstance(use.ctx, ast.Load) and use.id in scope.bindings:
            is_here = module.enclosing_function(use) is module.enclosing_function(_inside(scope))
            found = reaching(scope, use.id, use if is_here else None, _decided)
            yield f"{use.lineno} {use.id}: {'; '.join(map(_reach, found)) or 'nothing'}"
            if is_here and (value := assigned(scope, use.id, use)) is not None:
                yield f"  it is {ast.unparse(value)}"
    for name, bindings in Scope(module, module.tree, None).bindings.items():
        scope = ev.scope(module, module.tree)
        if len(bindings) > 1:
            yield f"at the end {name}: {'; '.join(map(_reach, reaching(scope, name, None)))}"


def test_a_name_that_nothing_binds() -> None:
    module = parse("net.py", "x = 1\n")
    assert reaching(Scope(module, module.tree, None), "y", None) == ()


def _inside(scope: Scope) -> ast.AST:
    """Return a node in a scope: what it consists of, or what its comprehension makes."""
    body = getattr(scope.node, "body", scope.node)
    return body[0] if isinstance(body, list) else body


def _decided(test: ast.expr) -> bool | None:
    return bool(test.value) if isinstance(test, ast.Constant) else None


def _reach(reach: Reaching) -> str:
    binding = reach.binding
    path = "".join(f"[{index}]" for index in binding.path)
    before = f" of ({'; '.join(map(_reach, reach.before))})" if reach.before else ""
    narrowed = f" {reach.narrowed}" if reach.narrowed else ""
    return f"{getattr(binding.statement, 'lineno', 0)} {binding.kind}{path}{narrowed}{before}"


def _scope(scope: Scope) -> Iterator[str]:
    yield f"{type(scope.node).__name__} of line {getattr(scope.node, 'lineno', 0)}"
    for name, bindings in scope.bindings.items():
        for one in bindings:
            path = "".join(f"[{index}]" for index in one.path)
            value = ast.unparse(one.value).partition("\n")[0] if one.value is not None else ""
            line = getattr(one.statement, "lineno", 0)
            yield f"  {name}: {line} {one.kind}{path} {one.symbol or value}".rstrip()
    for origin, statement in scope.stars:
        yield f"  all of {origin} in line {statement.lineno}"
    if scope.outer:
        yield f"  from outside: {', '.join(sorted(scope.outer))}"
    if scope.is_class:
        yield "  a class"


def _carriers(module: Module) -> Iterator[str]:
    given = {f.name for f in module.functions if f.name.startswith("get_")}
    found = carriers(module, {"BatchNorm2d", *given}, given)
    yield ", ".join(sorted(found))
