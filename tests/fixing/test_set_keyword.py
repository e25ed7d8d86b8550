"""A keyword argument that is added to a call, or given another value."""

from __future__ import annotations

import pytest
from changes import carried_out

from bnlint.finding import SetKeyword

BOTH = "a comment stands inside the value"
GENERATOR = "a generator without parentheses takes no argument beside it"

ADDED = [
    ("nothing", "BN()", "BN(eps=1e-3)"),
    ("space in empty call", "BN( )", "BN(eps=1e-3)"),
    ("line break in empty call", "BN(\n)", "BN(\n    eps=1e-3\n)"),
    ("comment in empty call", "BN(\n    # c\n)", "BN(\n    # c\n    eps=1e-3\n)"),
    ("one argument", "BN(64)", "BN(64, eps=1e-3)"),
    ("trailing comma", "BN(64,)", "BN(64, eps=1e-3,)"),
    ("spaces inside", "BN( 64 )", "BN( 64, eps=1e-3 )"),
    ("spaces inside and comma", "BN( 64, )", "BN( 64, eps=1e-3, )"),
    ("spaces around equals", "BN(64, m = 1)", "BN(64, m = 1, eps = 1e-3)"),
    ("splatted keywords last", "BN(**kw)", "BN(eps=1e-3, **kw)"),
    ("before splatted keywords", "BN(64, *a, **kw)", "BN(64, *a, eps=1e-3, **kw)"),
    ("splatted keywords not last", "BN(64, **kw, m=1)", "BN(64, **kw, m=1, eps=1e-3)"),
    ("splatted arguments", "BN(*a)", "BN(*a, eps=1e-3)"),
    ("lambda", "BN(64, lambda: 1)", "BN(64, lambda: 1, eps=1e-3)"),
    ("generator in parentheses", "BN((x for x in y))", "BN((x for x in y), eps=1e-3)"),
    ("nested call of more lines", "BN(f(\n 1), g(\n 2))", "BN(f(\n 1), g(\n 2), eps=1e-3)"),
    ("within a call", "f(BN(64), BN(3))", "f(BN(64, eps=1e-3), BN(3))"),
    ("within parentheses", "(BN\n (64)\n)", "(BN\n (64, eps=1e-3)\n)"),
    ("backslash", "BN(64, \\\n   m=1)", "BN(64, \\\n   m=1, eps=1e-3)"),
    (
        "comment before the comma, too",
        "BN(64  # a\n   ,\n   # b\n   )",
        "BN(64  # a\n   ,\n   # b\n       eps=1e-3,\n   )",
    ),
    ("comma before the line", "BN(64\n   , m=1\n   )", "BN(64\n   , m=1, eps=1e-3\n   )"),
    ("tabs", "BN(\n\t64,\n\tm=1,\n)", "BN(\n\t64,\n\tm=1,\n\teps=1e-3,\n)"),
    (
        "f-string",
        "f'{BN(64)}'",
        "f'{BN(64, eps=1e-3)}'",
    ),
    (
        "hanging indent",
        "BN(64,\n   m=0.1)",
        "BN(64,\n   m=0.1,\n   eps=1e-3)",
    ),
    (
        "one to a line, no comma",
        "BN(\n    64,\n    m=1\n)",
        "BN(\n    64,\n    m=1,\n    eps=1e-3\n)",
    ),
    (
        "one to a line, comma",
        "BN(\n    64,\n    m=1,\n)",
        "BN(\n    64,\n    m=1,\n    eps=1e-3,\n)",
    ),
    (
        "several to a line",
        "BN(\n    64, 3,\n    m=0.1, affine=True,\n)",
        "BN(\n    64, 3,\n    m=0.1, affine=True, eps=1e-3,\n)",
    ),
    (
        "all on a line of their own",
        "BN(\n    64, m=0.1\n)",
        "BN(\n    64, m=0.1, eps=1e-3\n)",
    ),
    (
        "comments stay beside their arguments",
        "BN(\n    64,  # a\n    m=1,  # b\n)",
        "BN(\n    64,  # a\n    m=1,  # b\n    eps=1e-3,\n)",
    ),
    (
        "comment without comma before it",
        "BN(\n    64,  # a\n    m=1  # b\n)",
        "BN(\n    64,  # a\n    m=1,  # b\n    eps=1e-3\n)",
    ),
    (
        "only one with comment",
        "BN(\n    64  # a\n)",
        "BN(\n    64,  # a\n    eps=1e-3\n)",
    ),
    (
        "comment on the last line",
        "BN(\n    64,\n    m=1,\n    # last\n)",
        "BN(\n    64,\n    m=1,\n    # last\n    eps=1e-3,\n)",
    ),
    (
        "comment behind the call",
        "BN(64,  # a\n   m=1)  # b",
        "BN(64,  # a\n   m=1,\n   eps=1e-3)  # b",
    ),
    (
        "comment after arguments on one line",
        "BN(64, m=1  # a\n   )",
        "BN(64, m=1,  # a\n       eps=1e-3\n   )",
    ),
    (
        "comment beside what stands before splatted keywords",
        "BN(\n    64,  # a\n    **kw,  # k\n)",
        "BN(\n    64,  # a\n    eps=1e-3,\n    **kw,  # k\n)",
    ),
    (
        "comment above splatted keywords",
        "BN(\n    64,\n    # k\n    **kw,\n)",
        "BN(\n    64,\n    eps=1e-3,\n    # k\n    **kw,\n)",
    ),
    (
        "splatted keywords alone, one to a line",
        "BN(\n    **kw  # k\n)",
        "BN(\n    eps=1e-3,\n    **kw  # k\n)",
    ),
    (
        "comment before the comma",
        "BN(\n    64  # a\n    , **kw)",
        "BN(\n    64  # a\n    , eps=1e-3, **kw)",
    ),
    ("refused: generator", "BN(x for x in y)", f"refused: {GENERATOR}"),
]

CHANGED = [
    ("value", "BN(64, eps=1)", "BN(64, eps=1e-3)"),
    ("value in parentheses", "BN(64, eps=(1))", "BN(64, eps=1e-3)"),
    ("value of more lines", "BN(64, eps=f(\n 1))", "BN(64, eps=1e-3)"),
    ("spaces around equals", "BN(eps = 1, m=2)", "BN(eps = 1e-3, m=2)"),
    ("comment beside it", "BN(\n    eps=1,  # c\n)", "BN(\n    eps=1e-3,  # c\n)"),
    ("comment after equals", "BN(eps=  # c\n  1)", "BN(eps=  # c\n  1e-3)"),
    ("refused: comment inside", "BN(eps=(1  # c\n))", f"refused: {BOTH}"),
]


def params(table: list[tuple[str, str, str]]) -> list[object]:
    return [pytest.param(before, after, id=name) for name, before, after in table]


@pytest.mark.parametrize(("before", "after"), params(ADDED + CHANGED))
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("head", ["bn = ", "if x:\n    bn = [1, ", "y = 'ä€😀'; bn = "])
def test_keyword(before: str, after: str, newline: str, head: str) -> None:
    tail = "]\n" if head.endswith(", ") and "  # b" not in before.rpartition(")")[2] else "\n"
    if head.endswith(", ") and tail == "\n":
        tail = "\n]\n"
    before, after = (
        text if text.startswith("refused") else (head + text + tail).replace("\n", newline)
        for text in (before, after)
    )
    assert carried_out(before, lambda m, c: [SetKeyword(m.span(c), "eps", "1e-3")]) == after


def test_two_keywords_of_one_call() -> None:
    def make(module, call):  # type: ignore[no-untyped-def]
        span = module.span(call)
        return [SetKeyword(span, "eps", "1e-3"), SetKeyword(span, "m", "0.01")]

    assert carried_out("BN(64, m=0.99)", make) == "BN(64, m=0.01, eps=1e-3)"


def test_mixed_line_ends_stay_and_the_new_one_is_like_that_before() -> None:
    text = "BN(\r\n    64,\n    m=1,\r)"
    after = carried_out(text, lambda m, c: [SetKeyword(m.span(c), "eps", "1")])
    assert after == "BN(\r\n    64,\n    m=1,\r    eps=1,\r)"


def test_call_nested_too_deeply_is_refused() -> None:
    text = f"BN({'(' * 199}1{')' * 199})"
    refused = carried_out(text, lambda m, c: [SetKeyword(m.span(c), "eps", "1")])
    assert refused == "refused: the call is nested too deeply"
