"""The innermost simple statement around a place, which suppressions and baselines go by."""

from __future__ import annotations

import ast

import pytest

from bnlint.engine.directives import innermost_statement
from bnlint.semantics.syntax.module import parse

#: Every kind of block, several statements on a line, and statements of several lines.
BLOCKS = """\
a = 1; b = f(2); c = 3
@decorated(4)
class A(base(5)):
    x = 6; y = [
        7,
        g(8),
    ]; z = 9

    async def m(self, p=10):
        async with h(11) as q, i(12): r = 13; s = 14
        async for t in j(15):
            await k(16)
        else:
            u = 17
for v in 18, 19:
    while w(20): break
    else: x = 21
else:
    del l[22]
try:
    n(23)
except o(24): p = 25
except (Q, 26):
    r = lambda s=27: t(28)
else:
    u = 29
finally:
    v = 30; w = 31
if x(32): y = 33
elif z(34):
    a = 35
else: b = 36
with c(37): pass; d = 38
match e(39):
    case [f, 40] if g(41): h = 42
    case {"i": 43}:
        j = 44; k = (
            45)
if l(46): m = 47; n = 48
"""


def around(module: ast.Module) -> dict[int, ast.stmt | None]:
    """Return the simple statement that each number is in, going down from the module."""
    found: dict[int, ast.stmt | None] = {}

    def visit(node: ast.AST, statement: ast.stmt | None) -> None:
        if isinstance(node, ast.stmt):
            statement = None if hasattr(node, "body") or hasattr(node, "cases") else node
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            found[node.value] = statement
        for child in ast.iter_child_nodes(node):
            visit(child, statement)

    visit(module, None)
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_number_is_in_its_statement(newline: str) -> None:
    module = parse("m.py", BLOCKS.replace("\n", newline))
    expected = around(module.tree)
    assert sorted(expected) == list(range(1, 49))
    assert sum(statement is not None for statement in expected.values()) > 25
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            found = innermost_statement(module, module.span(node))
            assert found is expected[node.value], f"the number {node.value}"
