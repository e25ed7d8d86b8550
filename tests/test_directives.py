"""Comments that talk to bnlint: where they count, what they say, and what is left of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.engine.directives import (
    IGNORE,
    IGNORE_FILE,
    MALFORMED,
    NOQA,
    PORT_OF,
    find_directives,
    may_have_directives,
)
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.semantics.syntax.module import parse

RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)
IMPORT = "import torch.nn as nn\n"
LAYER = "bn = nn.BatchNorm2d(64, momentum=0.99)"


def codes(code: str | bytes) -> list[str]:
    """Return what is found in a file; code given as text is put below the import."""
    data = code if isinstance(code, bytes) else (IMPORT + code).encode()
    result = check(data, "m.py", RULES, Options(CODES))
    assert result.problems == ()
    return [finding.code for finding in result.findings]


def test_the_layer_of_these_tests_gives_a_finding() -> None:
    assert codes(LAYER) == ["BN101"]


# ---------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param("# bnlint: ignore[BN101] as in the paper", id="the primary form"),
        pytest.param("# bnlint: ignore[BN101]", id="no reason"),
        pytest.param("# bnlint:ignore[BN101]", id="no space after the colon"),
        pytest.param("#bnlint: ignore[BN101]", id="no space after the hash"),
        pytest.param("# bnlint: ignore [BN101]", id="a space before the bracket"),
        pytest.param("# bnlint: ignore[bn101]", id="a code in lower case"),
        pytest.param("# BNLINT: Ignore[BN101]", id="other letter case throughout"),
        pytest.param("# bnlint: ignore[momentum-convention]", id="a name for the code"),
        pytest.param("# bnlint: ignore[BN101, eps-differs]", id="several, codes and names"),
        pytest.param("# bnlint: ignore[BN101 BN103]", id="several, by spaces"),
        pytest.param("# bnlint: ignore", id="a bare ignore: everything"),
        pytest.param("# bnlint: ignore the paper says so", id="a bare ignore with a reason"),
        pytest.param("# bnlint: ignore - the paper says so", id="a reason after a dash"),
        pytest.param("# bnlint: ignore[BN101] see issue #12", id="a hash in the reason"),
        pytest.param("# noqa: BN101", id="noqa with a code"),
        pytest.param("# noqa:BN101", id="noqa, no space"),
        pytest.param("# noqa:  BN101", id="noqa, two spaces"),
        pytest.param("# NOQA: bn101", id="noqa in other letter case"),
        pytest.param("#noqa:BN101", id="noqa, no space at all"),
        pytest.param("# noqa: E501,BN101", id="noqa shared with another tool"),
        pytest.param("# noqa: BN101 E501", id="noqa shared, by spaces"),
        pytest.param("# noqa: BN101 as in the paper", id="noqa with a reason"),
        pytest.param("# noqa", id="a bare noqa: everything"),
        pytest.param("# noqa the paper says so", id="a bare noqa with a reason"),
        pytest.param("# type: ignore[call-arg]  # bnlint: ignore[BN101]", id="after mypy's"),
        pytest.param("# bnlint: ignore[BN101]  # type: ignore", id="before mypy's"),
        pytest.param("# pylint: disable=foo # noqa: BN101", id="after pylint's"),
        pytest.param("# noqa: E501  # bnlint: ignore[BN101] why", id="after ruff's"),
        pytest.param("# bnlint: ignore[BN101] why # noqa: E501", id="before ruff's"),
        pytest.param("# fmt: skip # bnlint: ignore[BN101]", id="after black's"),
        pytest.param("#: a note # bnlint: ignore[BN101]", id="after a note"),
        pytest.param("# bnlint: ignore-file[BN101]", id="ignore-file on a line of code"),
    ],
)
def test_suppresses(comment: str) -> None:
    assert codes(f"{LAYER}  {comment}\n") == []
    assert codes(f"{LAYER}\t{comment}\n") == []


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        pytest.param("# bnlint: ignore[BN103]", ["BN101"], id="another code"),
        pytest.param("# noqa: E501", ["BN101"], id="another tool's code"),
        pytest.param("# noqa: the reason", ["BN101"], id="noqa with words for codes: no directive"),
        pytest.param("# noqa: momentum-convention", ["BN101"], id="noqa knows no names"),
        pytest.param("# not a noqa: BN101", ["BN101"], id="words before noqa"),
        pytest.param("# see bnlint: ignore[BN101]", ["BN101"], id="words before bnlint"),
        pytest.param("# noqa-ish", ["BN101"], id="another word"),
        pytest.param("# noqable", ["BN101"], id="a longer word"),
        pytest.param("# flake8: noqa", ["BN101"], id="another tool's directive"),
        pytest.param("# bnlint: ignore BN101", ["BN101", "BN902"], id="a code without brackets"),
        pytest.param("# bnlint: ignore: BN101", ["BN101", "BN902"], id="a colon for brackets"),
        pytest.param("# bnlint: ignore=BN101", ["BN101", "BN902"], id="a sign for brackets"),
        pytest.param("# bnlint: ignore: eps-differs", ["BN101", "BN902"], id="a name likewise"),
        pytest.param("# bnlint: ignore(BN101)", ["BN101", "BN902"], id="round brackets"),
        pytest.param("# bnlint: ignore[BN101", ["BN101", "BN902"], id="no closing bracket"),
        pytest.param("# bnlint: ignore[]", ["BN101", "BN902"], id="empty brackets"),
        pytest.param("# bnlint: ignore_file", ["BN101", "BN902"], id="an underscore"),
        pytest.param("# bnlint: disable=BN101", ["BN101", "BN902"], id="another tool's word"),
        pytest.param("# bnlint:", ["BN101", "BN902"], id="nothing"),
        pytest.param("# bnlint: ignore[BN999]", ["BN101", "BN902"], id="a code there is not"),
        pytest.param("# bnlint: ignore[BN1]", ["BN101", "BN902"], id="a prefix is no code"),
    ],
)
def test_does_not_suppress(comment: str, left: list[str]) -> None:
    """What is malformed says so, so that nobody relies on it."""
    kept = [c for c in codes(f"{LAYER}  {comment}\n") if c != "BN901"]
    assert kept == left


def test_suppresses_only_the_codes_it_names() -> None:
    code = "bn = nn.BatchNorm2d(64, 0.99, momentum=0.99)"
    assert sorted(codes(code)) == ["BN101", "BN108"]
    assert codes(f"{code}  # bnlint: ignore[BN101]") == ["BN108"]
    assert codes(f"{code}  # bnlint: ignore[BN108]") == ["BN101"]
    assert codes(f"{code}  # bnlint: ignore") == []


# ---------------------------------------------------------------------------------- where it counts

MANY_LINES = """\
bn = nn.BatchNorm2d({0}
    64,{1}
    momentum=0.99,{2}
    affine=True,{3}
){4}
"""


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        pytest.param(0, True, id="the first line of the statement"),
        pytest.param(1, False, id="a line in between"),
        pytest.param(2, True, id="the reported line"),
        pytest.param(3, False, id="another line in between"),
        pytest.param(4, True, id="the last line of the statement"),
    ],
)
def test_lines_of_a_statement(line: int, counts: bool) -> None:
    comments = ["  # bnlint: ignore[BN101]" if i == line else "" for i in range(5)]
    left = sorted(codes(MANY_LINES.format(*comments)))
    assert left == ([] if counts else ["BN101", "BN901"])


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        pytest.param(f"# bnlint: ignore[BN101] why\n{LAYER}\n", True, id="the line above"),
        pytest.param(f"# noqa: BN101\n{LAYER}\n", True, id="noqa on the line above"),
        pytest.param(f"def f():\n    # bnlint: ignore[BN101]\n    {LAYER}\n", True, id="indented"),
        pytest.param(f"def f():\n\t# bnlint: ignore[BN101]\n\t{LAYER}\n", True, id="by tabs"),
        pytest.param(
            "bn = nn.BatchNorm2d(\n    64,\n    # bnlint: ignore[BN101]\n    momentum=0.99,\n)\n",
            True,
            id="above the reported line, inside the call",
        ),
        pytest.param(
            "# bnlint: ignore[BN101]\nbn = nn.BatchNorm2d(\n    64,\n    momentum=0.99,\n)\n",
            True,
            id="above the first line of the statement",
        ),
        pytest.param(f"# bnlint: ignore[BN101]\n\n{LAYER}\n", False, id="a blank line between"),
        pytest.param(
            f"a = 1  # bnlint: ignore[BN101]\n{LAYER}\n", False, id="beside code on the line above"
        ),
        pytest.param(f"{LAYER}\n# bnlint: ignore[BN101]\n", False, id="the line below"),
        pytest.param(
            f"# bnlint: ignore[BN101]\ndef f():\n    {LAYER}\n", False, id="above the function"
        ),
        pytest.param(
            f"def f():  # bnlint: ignore[BN101]\n    {LAYER}\n", False, id="on the function's line"
        ),
        pytest.param(
            f"if a:\n    {LAYER}\nelse:  # bnlint: ignore[BN101]\n    pass\n",
            False,
            id="on another branch",
        ),
        pytest.param(
            "def f(bn=nn.BatchNorm2d(64, momentum=0.99)):  # bnlint: ignore[BN101]\n    pass\n",
            True,
            id="the reported line, in the head of a function",
        ),
        pytest.param(
            "@wrap(nn.BatchNorm2d(64, momentum=0.99))  # bnlint: ignore[BN101]\n"
            "def f():\n    pass\n",
            True,
            id="the reported line, in a decorator",
        ),
        pytest.param(
            "@wrap(nn.BatchNorm2d(64, momentum=0.99))\ndef f():\n"
            "    pass  # bnlint: ignore[BN101]\n",
            False,
            id="the body of what is decorated",
        ),
        pytest.param(
            f"match a:\n    case 1:\n        {LAYER}\n    case _:\n"
            "        pass  # bnlint: ignore[BN101]\n",
            False,
            id="the last line of a match statement, which is not simple",
        ),
        pytest.param(
            f"try:\n    pass\nexcept E:\n    {LAYER}  # bnlint: ignore[BN101]\n",
            True,
            id="in an exception handler",
        ),
        pytest.param(
            f"a = f(\n    1\n); {LAYER}  # bnlint: ignore[BN101]\n",
            True,
            id="two statements on the last line: its own",
        ),
        pytest.param(
            f"a = f(  # bnlint: ignore[BN101]\n    1\n); {LAYER}\n",
            False,
            id="two statements on the last line: the other's first line",
        ),
        pytest.param(
            f"{LAYER}; b = f(\n    1\n)  # bnlint: ignore[BN101]\n",
            False,
            id="two statements on the first line: the other's last line",
        ),
        pytest.param(
            f"{LAYER}\nx = 1\n# bnlint: ignore-file[BN101] generated\n",
            True,
            id="ignore-file below",
        ),
        pytest.param(
            f'"""Text."""\n# bnlint: ignore-file\n{LAYER}\n', True, id="ignore-file, everything"
        ),
        pytest.param(
            f"def f():\n    pass  # bnlint: ignore-file[BN101]\n{LAYER}\n",
            True,
            id="ignore-file inside a function",
        ),
    ],
)
def test_where_a_directive_counts(code: str, counts: bool) -> None:
    assert sorted(codes(code)) == ([] if counts else ["BN101", "BN901"])


@pytest.mark.parametrize(
    "code",
    [
        pytest.param('s = "# bnlint: ignore-file"\n', id="in a string"),
        pytest.param('"""\n# bnlint: ignore-file\n"""\n', id="in a docstring"),
        pytest.param("s = b'# bnlint: ignore-file'\n", id="in bytes"),
        pytest.param("s = r'''\n# bnlint: ignore-file\n'''\n", id="in a raw string"),
        pytest.param('s = f"{a} # bnlint: ignore-file {b}"\n', id="in an f-string"),
        pytest.param('s = "a" "# bnlint: ignore-file"\n', id="in a second part of a string"),
        pytest.param('s = ("a"\n     "# bnlint: ignore-file")\n', id="on its second line"),
    ],
)
def test_text_is_no_comment(code: str) -> None:
    assert codes(code + LAYER) == ["BN101"]
    assert find_directives(parse("m.py", code)) == []


@pytest.mark.parametrize(
    "code",
    [
        pytest.param('s = ("a"  # bnlint: ignore\n     "b")\n', id="after the first part"),
        pytest.param('s = ("é"  # bnlint: ignore\n     "b")\n', id="after a letter of two bytes"),
        pytest.param('s = (f"{a}"\n     # bnlint: ignore\n     "b")\n', id="between f-strings"),
        pytest.param('s = ("a"\r\n     "b"  # bnlint: ignore\r\n     "c")\r\n', id="CRLF"),
    ],
)
def test_comment_between_the_parts_of_a_string_is_one(code: str) -> None:
    assert [d.kind for d in find_directives(parse("m.py", code))] == [IGNORE]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            (IMPORT + LAYER + "  # bnlint: ignore[BN101]\n").replace("\n", "\r\n").encode(),
            id="CRLF",
        ),
        pytest.param(
            (IMPORT + "# bnlint: ignore[BN101]\n" + LAYER).replace("\n", "\r").encode(),
            id="CR alone, no line end at the end",
        ),
        pytest.param(
            b"\xef\xbb\xbf" + (IMPORT + LAYER + "  # bnlint: ignore[BN101]").encode(), id="BOM"
        ),
        pytest.param(
            (f"# coding: latin-1\n{IMPORT}s = 'é'; {LAYER}  # bnlint: ignore[BN101] é\n").encode(
                "latin-1"
            ),
            id="latin-1",
        ),
        pytest.param(
            f"{IMPORT}s = '日本'; {LAYER}  # bnlint: ignore[BN101] 論文\n".encode(),
            id="letters of several bytes",
        ),
        pytest.param(
            f"{IMPORT}if a:\n\t{LAYER}\t# bnlint: ignore[BN101]\t\n".encode(), id="tabs around"
        ),
    ],
)
def test_line_ends_and_encodings(data: bytes) -> None:
    assert codes(data) == []
    assert codes(data.replace(b"ignore[", b"ignore-[")) != []


# ---------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("comment", "kind", "selectors", "text"),
    [
        pytest.param("# bnlint: ignore", IGNORE, (), "", id="bare"),
        pytest.param(
            "# bnlint: ignore[BN101,BN103] why", IGNORE, ("BN101", "BN103"), "why", id="two codes"
        ),
        pytest.param(
            "# bnlint: ignore[BN101] see #12 and #13", IGNORE, ("BN101",), "see #12 and #13",
            id="hashes in the reason",
        ),
        pytest.param(
            "# bnlint: ignore-file[eps-differs]", IGNORE_FILE, ("eps-differs",), "", id="a name"
        ),
        pytest.param("# noqa", NOQA, (), "", id="noqa"),
        pytest.param("# noqa: e501, bn101", NOQA, ("E501", "BN101"), "", id="noqa with codes"),
        pytest.param(
            "# bnlint: port-of ref/model keras.py", PORT_OF, (), "ref/model keras.py", id="a path"
        ),
        pytest.param(
            "# bnlint: port-of", MALFORMED, (), "port-of needs the path of a file", id="no path"
        ),
        pytest.param(
            "# bnlint: port-of[a.py]", MALFORMED, (), "port-of needs the path of a file",
            id="a path in brackets",
        ),
        pytest.param("# bnlint:", MALFORMED, (), "nothing follows 'bnlint:'", id="nothing"),
        pytest.param(
            "# bnlint: skip", MALFORMED, (),
            "'skip' is no directive: there are ignore, ignore-file and port-of", id="another word",
        ),
        pytest.param(
            "# bnlint: ignore[BN101", MALFORMED, (), "a '[' without its ']'", id="no bracket"
        ),
        pytest.param("# bnlint: ignore[ ]", MALFORMED, (), "the brackets are empty", id="empty"),
        pytest.param(
            "# bnlint: ignore: BN101", MALFORMED, (), "codes stand in brackets: 'ignore[BN101]'",
            id="no brackets",
        ),
    ],
)  # fmt: skip
def test_parts_of_a_directive(
    comment: str, kind: str, selectors: tuple[str, ...], text: str
) -> None:
    (directive,) = find_directives(parse("m.py", f"a = 1  {comment}  \n"))
    assert directive[:2] == (kind, selectors)
    assert directive.text == text
    assert not directive.alone
    assert (directive.span.row, directive.span.column) == (1, 8)


def test_codes_end_with_the_line() -> None:
    """An identifier on the next line looks like a code."""
    code = f"a = 1  # noqa: E501\nx1 = {LAYER[5:]}\n"
    (directive,) = find_directives(parse("m.py", code))
    assert directive.selectors == ("E501",)
    assert directive.span.end_row == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param("x = 1  # bnlint: ignore", True, id="a directive"),
        pytest.param("x = 1  # NoQA: e501, bn101", True, id="noqa with a rule's code"),
        pytest.param("x = 1  # noqa: E501", False, id="another tool's noqa"),
        pytest.param("x = 1  # noqa", False, id="a bare noqa: nothing to report about it"),
        pytest.param("BN101 = 1", False, id="a code by itself"),
    ],
)
def test_glance(text: str, answer: bool) -> None:
    assert may_have_directives(text) is answer


@given(st.text(st.sampled_from("bnlint:ore-fgaqcB[]1,=(# \t'\"\n"), max_size=60))
def test_no_comment_is_too_odd(text: str) -> None:
    """Whatever stands in a comment gives directives within their line, and no error."""
    code = f"{IMPORT}x = 1  # bnlint: {text}\n"
    try:
        module = parse("m.py", code)
    except (SyntaxError, ValueError):
        return
    for directive in find_directives(module):
        assert code[directive.span.start] == "#"
        assert directive.span.row == directive.span.end_row
        assert "\n" not in code[directive.span.start : directive.span.end]
