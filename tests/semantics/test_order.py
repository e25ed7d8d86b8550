"""Which of two calls, ``first()`` and ``second()``, runs after the other, and where."""

from __future__ import annotations

import ast

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.objects.order import (
    LOOPS,
    are_exclusive,
    calls_later,
    common_loop,
    is_left_out,
    may_precede,
    places_in,
)
from bnlint.semantics.syntax.module import Module, parse
from bnlint.semantics.values.domain import Evaluate


def read(code: str) -> tuple[Evaluate, Module, ast.Call, ast.Call]:
    """Return the evaluator, the file, and the first calls of ``first`` and ``second`` in it."""
    module = parse("a.py", f"import torch\n{code}")
    evaluator = read_facts(module).project.evaluator
    first, second = (module.calls_by_name[name][0] for name in ("first", "second"))
    return evaluator, module, first, second


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("if x:\n    first()\nelse:\n    second()\n", True, id="branches of one test"),
        pytest.param("if x:\n    first()\nelif y:\n    second()\n", True, id="elif"),
        pytest.param("if x:\n    first()\n    second()\n", False, id="one branch"),
        pytest.param("if x:\n    first()\nif y:\n    second()\n", False, id="two tests"),
    ],
)
def test_exclusive(code: str, expected: bool) -> None:
    _, module, first, second = read(code)
    assert are_exclusive(module, first, second) is expected


@pytest.mark.parametrize(
    ("code", "row"),
    [
        pytest.param("for a in b:\n    first()\n    second()\n", 2, id="one loop"),
        pytest.param("for a in b:\n    first()\n    while c:\n        second()\n", 2, id="outer"),
        pytest.param("first()\nfor a in b:\n    second()\n", None, id="one of them outside"),
        pytest.param("for a in b:\n    first()\nfor a in b:\n    second()\n", None, id="two loops"),
        pytest.param(
            "for a in b:\n    first()\n    def f():\n        second()\n", None, id="a function"
        ),
    ],
)
def test_common_loop(code: str, row: int | None) -> None:
    _, module, first, second = read(code)
    assert getattr(common_loop(module, first, second), "lineno", None) == row


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("def f():\n    second()\nfirst()\nf()\n", True, id="called after it"),
        pytest.param("def f():\n    second()\nf()\nfirst()\n", False, id="called before it"),
        pytest.param(
            "def f():\n    second()\ndef g():\n    f()\nfirst()\ng()\n", True, id="through another"
        ),
        pytest.param("def f():\n    second()\nfirst()\n", False, id="never called"),
        pytest.param("def f():\n    second()\n    f()\nfirst()\n", False, id="by itself only"),
    ],
)
def test_calls_later(code: str, expected: bool) -> None:
    evaluator, module, first, second = read(code)
    function = module.enclosing_function(second)
    assert function is not None
    assert calls_later(evaluator, module, first, function) is expected


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        pytest.param("first()\nfor a in b:\n    second()\n", [4], id="in it"),
        pytest.param(
            "first()\ndef f():\n    second()\nfor a in b:\n    f()\n    f()\n", [6, 7], id="calls"
        ),
        pytest.param("first()\nsecond()\nfor a in b:\n    pass\n", [], id="outside"),
        pytest.param(
            "first()\nfor a in b:\n    def f():\n        second()\n", [], id="defined in it"
        ),
        pytest.param(
            "first()\ndef f(x):\n    if x:\n        second()\nfor a in b:\n    f(0)\n    f(1)\n",
            [8],
            id="what the calls give decides",
        ),
        pytest.param(
            "first()\ndef f(x):\n    if x:\n        second()\ndef g(y=True):\n    f(y)\n"
            "for a in b:\n    g(False)\n    g(c)\n    g(True)\n",
            [10, 11],
            id="what is handed on decides",
        ),
    ],
)
def test_places_in(code: str, rows: list[int]) -> None:
    evaluator, module, _, second = read(code)
    loop = next(node for node in ast.walk(module.tree) if isinstance(node, LOOPS))
    assert [at.lineno for at in places_in(evaluator, module, loop, second)] == rows


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("second()\nfirst()\n", True, id="further up"),
        pytest.param("first()\nsecond()\n", False, id="further down"),
        pytest.param("for a in b:\n    first()\n    second()\n", False, id="in the next pass"),
        pytest.param("def f():\n    second()\nfirst()\nf()\n", False, id="called after it"),
        pytest.param("def f():\n    second()\nf()\nfirst()\n", True, id="called before it"),
        pytest.param("def f():\n    second()\nfirst()\n", False, id="called by nobody"),
        pytest.param("def f():\n    first()\nsecond()\n", True, id="in a function, by nobody"),
        pytest.param(
            "def f():\n    first()\n    second()\nf()\n", False, id="one call leads to both"
        ),
        pytest.param(
            "def f():\n    first()\ndef g():\n    second()\nf()\ng()\n", False, id="by turns"
        ),
        pytest.param(
            "def f():\n    first()\ndef g():\n    second()\n", True, id="two that nobody calls"
        ),
    ],
)
def test_may_precede(code: str, expected: bool) -> None:
    evaluator, module, first, second = read(code)
    assert may_precede(evaluator, module, second, first) is expected


def chain(calls: int, after: str) -> str:
    """Return code in which ``second()`` is reached over so many calls from outside of functions."""
    functions = "".join(f"def f{i + 1}():\n    f{i}()\n" for i in range(calls - 1))
    return f"def f0():\n    second()\n{functions}{after.replace('CALL', f'f{calls - 1}()')}"


@pytest.mark.parametrize(("calls", "followed"), [(4, True), (5, False)])
def test_calls_are_followed_so_far(calls: int, followed: bool) -> None:
    evaluator, module, first, second = read(chain(calls, "first()\nfor a in b:\n    CALL\n"))
    loop = next(node for node in module.tree.body if isinstance(node, LOOPS))
    assert bool(places_in(evaluator, module, loop, second)) is followed
    function = module.enclosing_function(second)
    assert function is not None
    assert calls_later(evaluator, module, first, function) is followed
    evaluator, module, first, second = read(chain(calls, "CALL\nfirst()\n"))
    assert may_precede(evaluator, module, first, second) is not followed


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("if False:\n    first()\n", True, id="never"),
        pytest.param("if a:\n    first()\n", False, id="nobody knows"),
        pytest.param("def f(a):\n    if a:\n        first()\n", False, id="whoever imports it"),
        pytest.param("def f():\n    if False:\n        first()\n", False, id="never in a function"),
        pytest.param("def f(a):\n    if a:\n        first()\nf(0)\n", True, id="not called so"),
        pytest.param("def f(a):\n    if a:\n        first()\nf(1)\n", False, id="called so"),
        pytest.param(
            "def f(a):\n    if a:\n        first()\nf(0)\nf(1)\n", False, id="called so once"
        ),
        pytest.param(
            "def f(a):\n    if a:\n        first()\ndef g(b):\n    f(b)\ng(0)\n", True, id="of two"
        ),
        pytest.param(
            "def f(a):\n    if a:\n        first()\ndef g(b):\n    f(b)\n", False, id="of nobody"
        ),
        pytest.param(
            "def f():\n    first()\ndef g():\n    f()\nif False:\n    g()\n", True, id="in vain"
        ),
        pytest.param(
            "def f(a):\n    if a:\n        first()\ndef g(b):\n    f(b)\ndef h(c):\n    g(c)\n"
            "def i(d):\n    h(d)\ni(0)\n",
            True,
            id="as far as is looked",
        ),
        pytest.param(
            "def f(a):\n    if a:\n        first()\ndef g(b):\n    f(b)\ndef h(c):\n    g(c)\n"
            "def i(d):\n    h(d)\ndef j(e):\n    i(e)\nj(0)\n",
            False,
            id="farther than is looked",
        ),
        pytest.param(
            "class A:\n    def f(self, a):\n        if a:\n            first()\nA().f(0)\n", False,
            id="a method",
        ),
    ],
)  # fmt: skip
def test_left_out(code: str, expected: bool) -> None:
    evaluator, module, first, _ = read(f"{code}second()\n")
    assert is_left_out(evaluator, module, first) is expected
    assert not is_left_out(evaluator, module, None)


def test_a_loop_around_functions_is_none_in_them() -> None:
    code = "for a in b:\n    def f():\n        first()\n        second()\n"
    _, module, first, second = read(code)
    assert common_loop(module, first, second) is None


def test_no_other_statement_is_a_loop() -> None:
    _, module, first, second = read("with a:\n    if b:\n        first()\n        second()\n")
    assert common_loop(module, first, second) is None


def test_the_first_of_several_calls_counts() -> None:
    code = "def f():\n    second()\nfirst()\nf()\nf()\n"
    evaluator, module, first, second = read(code)
    assert may_precede(evaluator, module, first, second)


def test_branches_of_an_outer_test() -> None:
    code = "if x:\n    if y:\n        first()\n    second()\nelse:\n    pass\n"
    _, module, first, second = read(code)
    assert not are_exclusive(module, first, second)
    other = "if x:\n    if y:\n        first()\nelse:\n    if z:\n        second()\n"
    _, module, first, second = read(other)
    assert are_exclusive(module, first, second)
    assert are_exclusive(module, second, first)
