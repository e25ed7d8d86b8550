"""How much of a kind is looked at before a value counts as unknown; and what is kept meanwhile."""

from __future__ import annotations

import ast
import tracemalloc

import pytest
from reading import answers, sites
from tables import settings

from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.arithmetic import NoValue, binary
from bnlint.semantics.values.containers import short
from bnlint.semantics.values.domain import TOO_MANY, Candidate, Constant, Env, Unknown
from bnlint.semantics.values.environments import Environments

BLOCK = "class Block:\n    def __init__(self, c, eps):\n        nn.BatchNorm2d(c, eps=eps)\n"

#: What is limited: how much of it is looked at, the code before it, that of each, that after it,
#: and what is read of eps up to the limit.
LIMITS = {
    "assignments": (100, "", "EPS = 1e-3", "nn.BatchNorm2d(8, eps=EPS)\n" * 2, "known"),
    "changes": (
        1000, "D = {'eps': 1e-3}\n", "D['k{i}'] = {i}", "nn.BatchNorm2d(8, eps=D['eps'])\n",
        "known",
    ),
    "constructor calls": (
        40, f"{BLOCK.replace('eps):', 'eps=1e-5):')}", "Block(8, 1e-3)", "", "presumed",
    ),
    "bases": (
        19, "class C0:\n    eps = 1e-3\n", "class C{next}(C{i}): pass",
        "nn.BatchNorm2d(8, eps=C{next}.eps)\n", "known",
    ),
    "derived classes": (39, BLOCK, "class D{i}(Block): pass", "D0(8, 1e-3)\n", "presumed"),
    "calls": (
        40, "def block(c, eps=1e-5):\n    nn.BatchNorm2d(c, eps=eps)\n", "block(8, 1e-3)", "",
        "presumed",
    ),
    "calls with keywords": (
        40, "def block(c, **more):\n    nn.BatchNorm2d(c, **more)\n", "block(8, eps=1e-3)", "",
        "presumed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_more_than_is_looked_at_is_unknown(name: str) -> None:
    limit, before, each, after, kind = LIMITS[name]

    def read(count: int) -> list[str]:
        code = "".join(f"{each}\n".format(i=i, next=i + 1) for i in range(count))
        code += after.replace("{next}", f"{count}")
        return settings(f"from torch import nn\n{before}{code}")

    made = max(after.count("\n") if "nn." in after else 1, 1)
    assert read(limit) == [f"{kind} 0.001"] * made
    assert read(limit + 1) == ["unknown"] * made


def test_many_values_under_a_keyword_are_no_knowledge() -> None:
    calls = "".join(f"block(8, eps={i}e-3)\n" for i in range(1, 14))
    code = f"from torch import nn\ndef block(c, **more):\n    nn.BatchNorm2d(c, **more)\n{calls}"
    (site,) = sites(code)
    assert site.value("eps").why == TOO_MANY


def test_a_list_that_many_statements_change_is_not_known() -> None:
    (value,) = answers("a = [1]\n" + "a.append(2)\n" * 1001 + "a[0]\n")
    assert value.object == Unknown("line 1002 changes it")


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        (ast.Mult(), "a", 10**7), (ast.Mult(), 10**7, b"a"), (ast.LShift(), 1, 10**8),
        (ast.Pow(), 2, 10**8), (ast.Mod(), "%9999999d", 1),
    ],
)  # fmt: skip
def test_what_is_too_large_is_not_made(operator: ast.operator, left: object, right: object) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(NoValue):
            binary(operator, left, right)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_text_that_is_named_is_cut_to_forty_letters() -> None:
    assert short(ast.Name("a" * 40)) == "a" * 40
    assert short(ast.Name("a" * 41)) == "a" * 37 + "..."


# ------------------------------------------------------------------------- what is kept meanwhile

MODULE = parse("x.py", "f()\n")
NODE = ast.Name("f", ast.Load())
VALUES = (Candidate(Constant(1), MODULE, NODE),)


def test_what_rests_on_something_unfinished_is_made_anew() -> None:
    found = Environments()
    whole = iter([False, True, True])

    def made() -> Env:
        return found.construction(NODE, NODE, None, lambda: Env({}), lambda: next(whole))

    first, second, third = made(), made(), made()
    assert first is not second
    assert second is third


def test_what_lasts_is_left_alone_by_who_keeps_it() -> None:
    found = Environments()
    env = found.construction(NODE, NODE, None, lambda: Env({}), lambda: True)
    found.values(env)[NODE] = VALUES
    with found.keeping(env):
        assert found.values(env) == {NODE: VALUES}
    assert found.values(env) == {NODE: VALUES}


def test_what_passes_is_kept_for_as_long_as_it_is_asked_for() -> None:
    found, env = Environments(), Env({})
    assert found.values(env) == {}
    with found.keeping(env):
        found.values(env)[NODE] = VALUES
        found.drop()
        assert found.values(env) == {NODE: VALUES}
    assert found.values(env) == {}
