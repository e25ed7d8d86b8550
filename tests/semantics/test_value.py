"""What is known of one argument, of what is known of it in several cases."""

from __future__ import annotations

import ast

import pytest

from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.domain import Argument, Candidate, Constant, Sequence, Symbol, unknown
from bnlint.semantics.values.value import (
    DEFAULT,
    KNOWN,
    PRESUMED,
    Value,
    absent,
    agreed,
    assumption,
    differing,
    possible,
    settle,
    written,
)

MODULE = parse("x.py", "eps = 1e-3\nother = -1e-3\n")
NODE = ast.Constant(1)

SMALL, LARGE = Value(KNOWN, 1e-5), Value(KNOWN, 1e-3)
LEFT = Value(DEFAULT, 1e-5, from_default=True)
GIVEN = Value(PRESUMED, 1e-5, "what a caller gives")
LEFT_THERE = Value(PRESUMED, 1e-5, "what a caller leaves out", from_default=True)
NOTHING = absent("it is not in view")
EITHER = differing([SMALL, LARGE])


def candidate(value: object, presumed: str = "", *, computed: bool = False) -> Candidate:
    return Candidate(Constant(value), MODULE, NODE, presumed, computed)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1e-3, 1e-3), (2, 2.0), (0, 0.0), (True, None), (None, None), ("1", None),
        (10**400, None), (float("inf"), None), (float("nan"), None), ((1,), None),
    ],
)  # fmt: skip
def test_what_is_a_number(value: object, number: float | None) -> None:
    assert Value(KNOWN, value).number == number
    assert absent("").number is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([SMALL], SMALL),
        ([SMALL, LEFT], SMALL),
        ([LEFT, SMALL], LEFT._replace(from_default=False)),
        ([LEFT, LEFT], LEFT),
        ([GIVEN, SMALL], SMALL),
        ([SMALL, GIVEN], SMALL),
        ([GIVEN, LEFT_THERE], GIVEN),
        ([LEFT_THERE, GIVEN], LEFT_THERE._replace(from_default=False)),
        ([LEFT_THERE, LEFT_THERE], LEFT_THERE),
        ([SMALL, LARGE], EITHER),
        ([LARGE, SMALL, SMALL], differing([LARGE, SMALL])),
        ([SMALL, SMALL, LARGE], EITHER),
        ([SMALL, NOTHING], NOTHING),
        ([NOTHING, SMALL], NOTHING),
        ([EITHER, NOTHING], NOTHING),
        ([EITHER, SMALL], EITHER),
        ([EITHER, Value(KNOWN, 0.1)], differing([SMALL, LARGE, Value(KNOWN, 0.1)])),
    ],
)
def test_what_several_cases_agree_on(values: list[Value], expected: Value) -> None:
    assert agreed(values) == expected


def test_values_that_differ_are_told_once_each_in_order() -> None:
    found = differing([LARGE, SMALL, LARGE])
    assert found.why == "it may be 0.001 or 1e-05"
    assert found.alternatives == (LARGE, SMALL)
    assert not found.is_known
    assert possible(found) == (LARGE, SMALL)
    assert possible(SMALL) == (SMALL,)
    assert possible(NOTHING) == ()


def test_the_first_presumption_is_told() -> None:
    assert assumption(SMALL, GIVEN, LEFT_THERE) == " (what a caller gives)"
    assert assumption(SMALL, Value(KNOWN, 1, "not this")) == ""


def test_a_number_is_told_as_it_is_written() -> None:
    eps, other = (s.value for s in MODULE.tree.body if isinstance(s, ast.Assign))
    assert written(Value(KNOWN, 1e-3, module=MODULE, node=eps)) == "1e-3"
    assert written(Value(KNOWN, 1e-3, module=MODULE, node=eps, computed=True)) == "0.001"
    assert written(Value(KNOWN, -1e-3, module=MODULE, node=other)) == "-0.001"
    assert written(Value(KNOWN, 1e-3)) == "0.001"


AXES = Sequence(tuple(Argument(ast.parse(text, mode="eval").body, MODULE) for text in ("0", "-1")))


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ((candidate(1),), (KNOWN, 1, "")),
        ((candidate(1, "a caller"),), (PRESUMED, 1, "a caller")),
        ((candidate(1), candidate(1)), (KNOWN, 1, "")),
        ((candidate(1), candidate(1, "a caller")), (KNOWN, 1, "")),
        ((candidate(1, "a caller"), candidate(1)), (KNOWN, 1, "")),
        ((candidate(1, "a caller"), candidate(1, "another")), (PRESUMED, 1, "a caller")),
        ((candidate(1), candidate(2)), ("unknown", None, "it may be 1 or 2")),
        ((candidate(1), candidate(1.0)), ("unknown", None, "it may be 1 or 1.0")),
        ((candidate(1), *unknown("no", MODULE, NODE)), ("unknown", None, "no")),
        ((Candidate(Symbol("a"), MODULE, NODE),), ("unknown", None, "it is not a plain value")),
        ((Candidate(AXES, MODULE, NODE),), (KNOWN, (0, -1), "")),
        (
            (Candidate(AXES._replace(open="more"), MODULE, NODE),),
            ("unknown", None, "it is not a plain value"),
        ),
    ],
)
def test_what_candidates_say_together(
    candidates: tuple[Candidate, ...], expected: tuple[str, object, str]
) -> None:
    found = settle(candidates, NODE)
    assert (found.kind, found.value, found.why) == expected
    if found.is_known:
        assert (found.module, found.node, found.argument) == (MODULE, NODE, NODE)


def test_what_was_computed_is_told() -> None:
    assert settle((candidate(1, computed=True),), None).computed
    assert not settle((candidate(1),), None).computed
