"""What LibCST may be given: text that is not nested too deeply, and where it is, no more."""

from __future__ import annotations

import ast
from itertools import cycle, islice

import libcst as cst
import pytest

from bnlint.finding import Finding, Span
from bnlint.semantics.syntax.concrete import confirmed, expression, statement
from bnlint.semantics.syntax.depth import (
    MAX_BRACKETS,
    MAX_BRANCHES,
    MAX_CHAIN,
    is_deep,
    is_deeply_nested,
)
from bnlint.semantics.syntax.module import Module, parse

#: Operators of one character each, as they stand between two values.
OPERATORS = cycle([*"+*/%&|^~@<>=-", "and", "or"])

#: How often something may stand in a text, and the text in which it stands so often.
SHAPES = {
    "a sum": (MAX_CHAIN, lambda n: "a" + " + a" * n),
    "a chain of calls": (MAX_CHAIN, lambda n: "a" + ".b()" * (n // 2) + ".b" * (n % 2)),
    "a sum of powers of ten": (MAX_CHAIN, lambda n: "1e-5" + " + 1e-5" * n),
    "signs": (MAX_CHAIN, lambda n: "-" * n + "a"),
    "negations": (MAX_CHAIN, lambda n: "not " * n + "a"),
    "conditions": (MAX_CHAIN, lambda n: "a if b else " * n + "c"),
    "functions": (MAX_CHAIN, lambda n: "lambda: " * n + "a"),
    "all operators": (MAX_CHAIN, lambda n: "".join(f"a {o} " for o in islice(OPERATORS, n)) + "a"),
    "waits": (MAX_CHAIN, lambda n: "await " * n + "a"),
    "a sum in brackets": (MAX_CHAIN, lambda n: "(a" + "\n + a" * n + ")"),
    "a sum in a list": (MAX_CHAIN, lambda n: "[a + b, c; d: a" + " + a" * n + "]"),
    "the value of a key": (MAX_CHAIN, lambda n: "{a: a" + " + a" * n + "}"),
    "brackets": (MAX_BRACKETS - 1, lambda n: "(" * n + ")" * n),
    "brackets of all kinds": (MAX_BRACKETS - 1, lambda n: ("([{" * n)[:n]),
    "branches": (MAX_BRANCHES, lambda n: "if a: b\n" + "elif a: b\n" * n),
}  # fmt: skip

#: Long texts that are flat.
FLAT = {
    "a list of sums": "[" + "a + a, " * MAX_CHAIN + "]",
    "statements": "a + a\n" * MAX_CHAIN,
    "statements of a line": "a + a; " * MAX_CHAIN,
    "lists beside each other": "[] + a\n" * MAX_CHAIN,
    "brackets closed twice": "]" * MAX_CHAIN + "(" * (MAX_BRACKETS - 1),
    "a comment": "a  # " + "+" * (2 * MAX_CHAIN),
    "a string": "'" + "(" * (2 * MAX_BRACKETS) + "'",
    "a string of lines": '"""' + "(\n" * (2 * MAX_BRACKETS) + '"""',
    "numbers": "1e-5, " * MAX_CHAIN,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_level_more_is_too_deep(shape: str) -> None:
    most, made = SHAPES[shape]
    assert not is_deep(made(most))
    assert is_deep(made(most + 1))


def test_trees_are_deep_from_a_hundred_levels_on() -> None:
    assert not is_deeply_nested(ast.parse("-" * 97 + "a", mode="eval"))
    assert is_deeply_nested(ast.parse("-" * 98 + "a", mode="eval"))


@pytest.mark.parametrize("text", FLAT.values(), ids=FLAT)
def test_what_is_long_may_be_flat(text: str) -> None:
    assert not is_deep(text)


def test_fewer_operators_may_be_asked_for() -> None:
    assert not is_deep("a + b + c", chain=2)
    assert is_deep("a + b + c", chain=1)


def _place(module: Module, text: str) -> Span:
    start = module.text.index(text)
    row = module.text.count("\n", 0, start) + 1
    column = start - module.text.rfind("\n", 0, start)
    return Span(row, column, row, column + len(text), start, start + len(text))


DEEP = "y" + ".a" * 1500

CODE = f"""\
def run(x):  # in inference
    if x:
        return f(x, eps=1e-3)
    {DEEP}
    h(x, **given)
    return f(x, eps=1e-3) + g(x)
"""


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        pytest.param("f(x, eps=1e-3)", True, id="an expression"),
        pytest.param("return f(x, eps=1e-3)", True, id="a statement"),
        pytest.param("if x:\n        return f(x, eps=1e-3)", True, id="a statement of two lines"),
        pytest.param("eps=1e-3", True, id="an argument"),
        pytest.param("# in inference", True, id="a comment"),
        pytest.param(DEEP, True, id="what is too deep to be read"),
        pytest.param("x, **given", False, id="two arguments"),
        pytest.param("f(x, eps", False, id="a half"),
        pytest.param("eps=1e-3) + g(x", False, id="halves of a sum"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_places_that_are_whole(text: str, is_whole: bool) -> None:
    module = parse("net.py", CODE)
    finding = Finding("BN000", "a-rule", "error", "high", "net.py", _place(module, text), "", "")
    assert confirmed(module, finding) == is_whole


def test_what_is_too_deep_is_not_read() -> None:
    module = parse("net.py", CODE)
    assert expression(module, _place(module, DEEP)) is None
    assert statement(module, _place(module, DEEP)) is None
    assert expression(module, _place(module, "eps=1e-3")) is None
    assert statement(module, _place(module, "return f(x, eps=1e-3) + g(x)")) is not None


def test_what_is_read_is_what_stands_there() -> None:
    module = parse("net.py", CODE)
    read = expression(module, _place(module, "f(x, eps=1e-3)"))
    assert isinstance(read, cst.Call)
    assert read.func.deep_equals(cst.Name("f"))
    several = statement(module, _place(module, "if x:\n        return f(x, eps=1e-3)"))
    assert isinstance(several, cst.If)
    assert statement(module, _place(module, "return f(x, eps=1e-3) +")) is None


def test_a_statement_may_stand_in_any_column() -> None:
    module = parse("net.py", "if a:\n  if b:\n    c = 1\n  else:\n    c = 2\n")
    found = statement(module, _place(module, "if b:\n    c = 1\n  else:\n    c = 2"))
    assert isinstance(found, cst.If)
    assert found.orelse is not None
