"""How far the evaluator goes, and what it and its environments remember meanwhile."""

from __future__ import annotations

import ast

import pytest
from reading import evaluator, module_of

from bnlint.semantics.syntax.module import Module, parse
from bnlint.semantics.values.budget import TOO_LARGE
from bnlint.semantics.values.domain import Candidate, Constant, Env, Unknown, ValueSet
from bnlint.semantics.values.environments import Environments
from bnlint.semantics.values.evaluator import MAX_WORK, Evaluator
from bnlint.semantics.values.memo import Memo

MODULE = parse("x.py", "f()\n")
CLASS, CALL, INNER = ast.Name("C", ast.Load()), ast.Name("f", ast.Load()), ast.Name("g", ast.Load())
VALUES: ValueSet = (Candidate(Constant(1), MODULE, CALL),)

#: Why a question was given up.
TOO_LONG = "it takes too many steps to work out"


def costly(steps: int) -> str:
    """Return an expression that takes so many steps, and is 1."""
    return "{" + "a: 1, " * (steps - 2) + "}[1]"


def asked(ev: Evaluator, module: Module, row: int = -1) -> object:
    """Return the value of a statement of ``module``, or why it is unknown."""
    statement = module.tree.body[row]
    assert isinstance(statement, (ast.Assign, ast.Expr))
    (found,) = ev.evaluate(module, statement.value)
    return found.object.reason if isinstance(found.object, Unknown) else found.object


# ------------------------------------------------------------------------- steps


def test_each_expression_is_a_step_once_and_a_literal_is_none() -> None:
    ev, module = evaluator(), module_of("a = 1\nb = 2\na + b + 3\n")
    assert ev.steps == 0
    for _ in range(2):
        assert asked(ev, module) == Constant(6)
        assert ev.steps == 3


def test_a_question_may_take_so_many_steps_and_no_more() -> None:
    ev, module = evaluator(), module_of(f"a = 1\n{costly(MAX_WORK)}\n{costly(MAX_WORK + 1)}\n")
    for row, expected in ((1, Constant(1)), (2, TOO_LONG)):
        assert asked(ev, module, row) == expected
    again = evaluator()
    assert asked(again, module, 2) == TOO_LONG
    assert asked(again, module, 1) == Constant(1)


def test_what_cost_most_of_a_question_is_not_looked_into_again() -> None:
    ev = evaluator()
    module = module_of(f"a = 1\nx = {costly(7000)}\ny = {costly(4000)}\nx + y\ny\n")
    assert asked(ev, module, 3) == TOO_LONG
    taken = ev.steps
    assert asked(ev, module, 3) == TOO_LONG
    assert ev.steps == taken
    assert asked(ev, module, 4) == Constant(1)  # which cost less


def test_fewer_steps_may_be_allowed() -> None:
    ev, module = evaluator(), module_of("a = 1\nb = 2\na + b\n")
    with ev.within(2):
        assert asked(ev, module) == TOO_LONG
    assert asked(ev, module) == Constant(3)
    for steps, expected in ((2, TOO_LONG), (3, Constant(3))):
        ev = evaluator()
        with ev.within(steps), ev.within(100):  # as few still
            assert asked(ev, module) == expected


def test_what_the_budget_did_not_allow_is_not_remembered() -> None:
    ev, module = evaluator(), module_of("a = 1\nb = 2\na + b\n")
    ev.budget.left = 2
    assert asked(ev, module) == TOO_LARGE
    assert ev.budget.is_spent
    ev.budget.left = 3
    assert asked(ev, module) == Constant(3)
    assert ev.budget.left in (0, 1)  # one of the parts was known
    assert not ev.budget.is_spent


def test_a_long_sum_is_no_deep_one() -> None:
    assert asked(evaluator(), module_of("1" + " + 1" * 500 + "\n")) == Constant(501)


@pytest.mark.parametrize("text", ["9" * 1300, f"'{'a' * 10_001}'"])
def test_a_literal_may_be_too_large(text: str) -> None:
    assert asked(evaluator(), module_of(f"{text}\n")) == "the number is too large"


# ------------------------------------------------------------------------- circles

CIRCLES = (
    "def f(n):\n    return g(n)\ndef g(m):\n    f(m)\n    return m\nf(1)\n",
    "def f(n):\n    g(n)\n    return n\ndef g(m):\n    f(m)\n    return m\nf(1)\n",
    "x = 1\ny = 2\nfor _ in (1, 2):\n    x = y\n    y = x\nx\n",
    "class A:\n    def __init__(self):\n        self.n = self.m\n        self.m = self.n\nA().n\n",
)


@pytest.mark.parametrize("code", CIRCLES)
def test_what_a_circle_cut_short_is_not_remembered(code: str) -> None:
    module = module_of(code)
    parts = [
        part
        for part in ast.walk(module.tree)
        if isinstance(part, (ast.Name, ast.Attribute, ast.Call)) and _is_read(part)
    ]
    alone = {part: evaluator().evaluate(module, part) for part in parts}
    for order in (parts, parts[::-1]):
        ev = evaluator()
        for part in order:
            assert _texts(ev.evaluate(module, part)) == _texts(alone[part]), ast.unparse(part)


def _is_read(part: ast.expr) -> bool:
    return isinstance(getattr(part, "ctx", ast.Load()), ast.Load)


def _texts(values: ValueSet) -> list[str]:
    return [
        v.object.reason if isinstance(v.object, Unknown) else type(v.object).__name__
        for v in values
    ]


# ------------------------------------------------------------------------- what is remembered

ASKED: Memo[str, int] = Memo()


def test_what_is_forgotten_is_worked_out_again() -> None:
    ev, module = evaluator(), module_of("a = 1\na\n")
    wide = ev.wide
    assert ev.wide is wide
    for found in (ev, wide):
        asked(found, module)
        ASKED.of(found)["a"] = 1
        assert ASKED.of(found) == {"a": 1}
    scope = ev.scope(module, module.tree)
    assert wide.scope(module, module.tree) is scope
    ev.forget()
    assert ev.wide is not wide
    assert ASKED.of(ev) == ASKED.of(wide) == {}
    assert ev.scope(module, module.tree) is not scope
    before = ev.steps
    asked(ev, module)
    assert ev.steps == before + 1


def made(found: Environments, outer: Env | None, call: ast.AST = CALL) -> Env:
    """Return the environment of a constructor, which is made if it is not remembered."""
    return found.construction(CLASS, call, outer, lambda: Env({}), lambda: True)


def test_what_passes_is_kept_for_one_question() -> None:
    found, env = Environments(), Env({})
    found.values(env)[CALL] = VALUES
    assert found.values(env) == {CALL: VALUES}
    found.drop()
    assert found.values(env) == {}


def test_what_a_file_makes_is_kept() -> None:
    found = Environments()
    env = made(found, None)
    inner = made(found, env)
    assert inner is not env
    for each in (env, inner):
        found.values(each)[CALL] = VALUES
    found.drop()
    assert made(found, None) is env
    assert made(found, env) is inner
    assert made(found, env, INNER) is not inner
    assert found.values(env) == found.values(inner) == {CALL: VALUES}


def test_what_is_made_in_a_call_passes_with_it() -> None:
    found, env = Environments(), Env({})
    inner = made(found, env)
    assert made(found, env) is inner
    assert made(found, None) is not inner
    found.values(env)[CALL] = VALUES
    found.values(inner)[CALL] = VALUES
    assert made(found, env) is inner
    assert found.values(env) == {CALL: VALUES}
    found.drop()
    assert found.values(inner) == {}
    assert made(found, env) is not inner


def test_what_is_made_while_a_call_is_kept_lasts_as_long() -> None:
    found, env = Environments(), Env({})
    found.values(env)
    with found.keeping(env):
        inner = made(found, env)
        for each in (env, inner):
            found.values(each)[CALL] = VALUES
        found.drop()
        assert made(found, env) is inner
        with found.keeping(env):
            assert found.values(env) == {CALL: VALUES}
        assert found.values(env) == found.values(inner) == {CALL: VALUES}
    assert found.values(env) == found.values(inner) == {}
    assert made(found, env) is not inner
