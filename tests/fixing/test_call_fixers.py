"""Keywords that are renamed, positions that become keywords, arguments that are taken out."""

from __future__ import annotations

import pytest
from changes import carried_out

from bnlint.finding import ArgumentsToKeywords, RemoveArgument, RenameKeyword

REMOVED = [
    ("only one", "BN(eps=1)", "BN()"),
    ("last", "BN(64, eps=1)", "BN(64)"),
    ("last with comma", "BN(64, eps=1,)", "BN(64,)"),
    ("in the middle", "BN(64, eps=1, m=2)", "BN(64, m=2)"),
    ("first", "BN(eps=1, m=2)", "BN(m=2)"),
    ("before splatted keywords", "BN(64, eps=1, **kw)", "BN(64, **kw)"),
    ("one to a line", "BN(\n    64,\n    eps=1,\n    m=2,\n)", "BN(\n    64,\n    m=2,\n)"),
    ("one to a line, last", "BN(\n    64,\n    eps=1,\n)", "BN(\n    64,\n)"),
    ("one to a line, no comma", "BN(\n    64,\n    eps=1\n)", "BN(\n    64\n)"),
    ("hanging indent, last", "BN(64,\n   eps=1)", "BN(64)"),
    ("hanging indent, middle", "BN(64,\n   eps=1,\n   m=2)", "BN(64,\n   m=2)"),
    ("first of its line", "BN(64,\n   eps=1, m=2)", "BN(64,\n   m=2)"),
    ("last of its line", "BN(\n    64, eps=1,\n    m=2)", "BN(\n    64,\n    m=2)"),
    (
        "its comment stays",
        "BN(\n    64,  # a\n    eps=1,  # b\n    m=2,  # c\n)",
        "BN(\n    64,  # a\n    # b\n    m=2,  # c\n)",
    ),
    (
        "its comment stays, last",
        "BN(\n    64,  # a\n    eps=1,  # b\n)",
        "BN(\n    64,  # a\n    # b\n)",
    ),
    (
        "its comment stays, last without comma",
        "BN(\n    64,  # a\n    eps=1  # b\n)",
        "BN(\n    64  # a\n    # b\n)",
    ),
    ("its comment stays, only one", "BN(\n    eps=1,  # b\n)", "BN(\n    # b\n)"),
    (
        "comment above",
        "BN(\n    64,\n    # b\n    eps=1,\n    m=2,\n)",
        "BN(\n    64,\n    # b\n    m=2,\n)",
    ),
    ("comment of the one before", "BN(64,  # a\n   eps=1)", "BN(64  # a\n   )"),
    ("refused: not there", "BN(64)", "refused: the call has no argument eps"),
    (
        "refused: comment inside",
        "BN(64, eps=(1  # c\n))",
        "refused: a comment stands inside the argument",
    ),
    (
        "refused: comment before the comma",
        "BN(64, eps=1  # c\n, m=2)",
        "refused: a comment stands between an argument and its comma",
    ),
    ("refused: comment after equals", "BN(64, eps=  # c\n1)", "refused: a comment would be lost"),
]

RENAMED = [
    ("plain", "BN(64, epsilon=1)", "BN(64, eps=1)"),
    ("spaces and comment", "BN(epsilon = 1,  # c\n  a=2)", "BN(eps = 1,  # c\n  a=2)"),
    ("value untouched", "BN(epsilon=(1  # c\n))", "BN(eps=(1  # c\n))"),
    (
        "refused: there already",
        "BN(epsilon=1, eps=2)",
        "refused: the call has an argument eps already",
    ),
    ("refused: not there", "BN(eps=2)", "refused: the call has no argument epsilon"),
]

SPLATTED = "refused: the arguments are splatted"
POSITIONS = [
    ("plain", "BN(64, 0.99, 1e-3)", "BN(64, momentum=0.01, eps=1e-3)"),
    ("keywords after them", "BN(64, 0.99, 1, a=2)", "BN(64, momentum=0.01, eps=1, a=2)"),
    ("style", "BN(64, 0.99, 1, a = 2)", "BN(64, momentum = 0.01, eps = 1, a = 2)"),
    (
        "comments",
        "BN(\n    64,\n    0.99,  # m\n    1e-3  # e\n)",
        "BN(\n    64,\n    momentum=0.01,  # m\n    eps=1e-3  # e\n)",
    ),
    ("refused: splatted before", "BN(64, *a, 1e-3)", SPLATTED),
    ("refused: splatted after", "BN(64, 0.99, 1, *a)", SPLATTED),
    ("splatted keywords", "BN(64, 0.99, 1, **a)", "BN(64, momentum=0.01, eps=1, **a)"),
    ("refused: too few", "BN(64, 0.99)", "refused: the call has fewer positional arguments"),
    (
        "refused: more",
        "BN(64, 0.99, 1, 2)",
        "refused: a positional argument would follow a keyword",
    ),
    (
        "refused: there already",
        "BN(64, 0.99, 1, eps=2)",
        "refused: the call has one of these keywords already",
    ),
    (
        "refused: comment inside",
        "BN(64, (0.99  # c\n), 1)",
        "refused: a comment stands inside the value",
    ),
]


def params(table: list[tuple[str, str, str]]) -> list[object]:
    return [pytest.param(before, after, id=name) for name, before, after in table]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(("before", "after"), params(REMOVED))
def test_remove(before: str, after: str, newline: str) -> None:
    before, after = before.replace("\n", newline), after.replace("\n", newline)
    assert carried_out(before, lambda m, c: [RemoveArgument(m.span(c), "eps")]) == after


@pytest.mark.parametrize(("before", "after"), params(RENAMED))
def test_rename(before: str, after: str) -> None:
    assert carried_out(before, lambda m, c: [RenameKeyword(m.span(c), "epsilon", "eps")]) == after


@pytest.mark.parametrize(("before", "after"), params(POSITIONS))
def test_positions(before: str, after: str) -> None:
    wanted = ((1, "momentum", "0.01"), (2, "eps", None))
    assert carried_out(before, lambda m, c: [ArgumentsToKeywords(m.span(c), wanted)]) == after


def test_all_intents_on_one_call_are_one_change() -> None:
    after = carried_out(
        "BN(64, epsilon=1, gone=2)",
        lambda m, c: [
            RenameKeyword(m.span(c), "epsilon", "eps"),
            RemoveArgument(m.span(c), "gone"),
        ],
    )
    assert after == "BN(64, eps=1)"


def test_one_refusal_refuses_all() -> None:
    after = carried_out(
        "BN(64, epsilon=1)",
        lambda m, c: [RenameKeyword(m.span(c), "epsilon", "eps"), RemoveArgument(m.span(c), "x")],
    )
    assert after == "refused: the call has no argument x"
