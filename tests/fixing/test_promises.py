"""What a fixed file is held to: rules and fixers that break it, beside others that do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from changes import HEAD, Edits, Write, fixed_by, made, over, text_after

from bnlint.engine.registry import LoadedRule
from bnlint.finding import Edit, Finding
from bnlint.rule import Context
from bnlint.semantics.syntax.module import Module

GOOD = made("GD1", r"\bold\b", over("new"))

#: Fixes that must not be made: name, line, what is found, the edits, and what the notice says.
BAD: list[tuple[str, str, str, Edits, str]] = [
    ("syntax error", "x = bad", r"\bbad\b", over("bad("), "the result does not parse"),
    ("indentation", "x = bad", r"\bbad\b", over("0\n  y"), "the result does not parse"),
    (
        "lost comment",
        "x = bad  # why",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (3, 10, "")],
        "a comment would be lost or changed",
    ),
    (
        "changed comment",
        "x = bad  # why",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (7, 10, "who")],
        "a comment would be lost or changed",
    ),
    (
        "comment moved past another",
        "x = (bad,  # a\n     1)  # b",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (8, 9, "b"), (21, 22, "a")],
        "a comment would be lost or changed",
    ),
    (
        "new comment",
        "x = bad  ",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (5, 5, "# new")],
        "a comment would be lost or changed",
    ),
    (
        "another value of its line",
        "x = bad, 1",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (5, 6, "2")],
        "code outside the change would change",
    ),
    (
        "another line",
        "x = bad\ny = 1",
        r"\bbad\b",
        lambda m: [(0, 3, "good"), (8, 9, "2")],
        "code outside the change would change",
    ),
    (
        "another statement",
        "x = bad",
        r"\bbad\b",
        over("good; y = 1"),
        "code outside the change would change",
    ),
    (
        "what stands around it",
        "x = 2 * bad",
        r"\bbad\b",
        over("1 + 1"),
        "code outside the change would change",
    ),
    ("what is found stays", "x = bad", r"\bbad\b", over("1 + bad"), "BAD would still be found"),
    (
        "what is found grows",
        "x = bad",
        r"\bbad\b( \+ 1)*",
        over("bad + 1 + 1"),
        "BAD would still be found",
    ),
    (
        "a character that the encoding lacks",
        "x = bad",
        r"\bbad\b",
        over("'€'"),
        "'€' cannot be written in iso8859-1",
    ),
    (
        "a NUL byte",
        "x = bad",
        r"\bbad\b",
        over("'\0'"),
        "NUL byte",
    ),
]


@pytest.mark.parametrize(
    ("line", "pattern", "edits", "why"), [pytest.param(*row, id=name) for name, *row in BAD]
)
def test_bad_fix_is_rolled_back_and_others_are_made(
    line: str, pattern: str, edits: Edits, why: str
) -> None:
    head = "# coding: latin-1\n" + HEAD
    text = f"{head}a = old\n{line}\nb = f(old, old)\r\nc = 'ä'\n"
    result = fixed_by(text.encode("latin-1"), made("BAD", pattern, edits), GOOD)
    after = f"{head}a = new\n{line}\nb = f(new, new)\r\nc = 'ä'\n"
    assert result.after == after.encode("latin-1")
    assert [finding.code for finding in result.fixed] == ["GD1"] * 3
    assert [finding.code for finding in result.findings] == ["BAD"]
    (notice,) = result.notices
    assert notice.startswith("the fix of BAD in line 4 was rolled back: ")
    assert why in notice


def test_alone_a_bad_fix_leaves_the_file() -> None:
    result = fixed_by(f"{HEAD}x = bad\n", made("BAD", r"\bbad\b", over("bad(")))
    assert (result.before, result.after, result.fixed) == (None, None, ())


def test_encoding_declaration_is_not_changed() -> None:
    text = f"# coding: utf-8\n{HEAD}a = old\n"

    def comment(match: re.Match[str]) -> list[tuple[int, int, str]]:
        return [(0, len(match[0]), "# coding: latin-1")]

    result = fixed_by(text, made("BAD", r"# coding: utf-8", comment), GOOD)
    assert text_after(result) == text.replace("old", "new")
    (notice,) = result.notices
    assert "the fix of BAD in line 1 was rolled back: the file would be read in another" in notice


def test_many_bad_fixes_among_many_good() -> None:
    text = HEAD + "".join(f"x = {'bad' if n % 2 else 'old'}\n" for n in range(80))
    result = fixed_by(text, made("BAD", r"\bbad\b", over("bad(")), GOOD)
    assert text_after(result) == text.replace("old", "new")
    assert len(result.fixed) == len(result.notices) == 40


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        pytest.param(
            "x = bad\ny = other\n", r"\bother\b", "NEW would be found in line 3", id="below"
        ),
        pytest.param("other\nx = bad\n", r"\bother\b", "NEW would be found in line 2", id="above"),
    ],
)
@pytest.mark.parametrize("fixable", [True, False])
def test_finding_at_another_place(text: str, new: str, why: str, fixable: bool) -> None:
    news = made("NEW", new, over("gone") if fixable else None, when="good")
    result = fixed_by(f"{HEAD}{text}z = old\n", made("BAD", r"\bbad\b", over("good")), news, GOOD)
    assert text_after(result) == f"{HEAD}{text}z = new\n"
    row = 3 if text.startswith("other") else 2
    assert result.notices == (f"the fix of BAD in line {row} was rolled back: {why}",)


def test_finding_at_the_same_place_is_fixed_in_the_next_round() -> None:
    first = made("ONE", r"\bbad\b", over("worse"))
    second = made("TWO", r"\bworse\b", over("good"))
    result = fixed_by(f"{HEAD}x = bad\ny = old\n", first, second, GOOD)
    assert text_after(result) == f"{HEAD}x = good\ny = new\n"
    assert [finding.code for finding in result.fixed] == ["ONE", "GD1", "TWO"]
    assert (result.findings, result.notices) == ((), ())


def test_finding_at_the_same_place_that_stays_rolls_its_cause_back() -> None:
    first = made("ONE", r"\bbad\b", over("worse"))
    result = fixed_by(f"{HEAD}x = bad\ny = old\n", first, made("TWO", r"\bworse\b", None), GOOD)
    assert text_after(result) == f"{HEAD}x = bad\ny = new\n"
    assert [finding.code for finding in result.findings] == ["ONE"]
    assert result.notices == ("the fix of ONE was rolled back: it would bring TWO",)


def test_chain_at_the_same_place_that_does_not_end_well() -> None:
    rules = [
        made("ONE", r"\bbad\b", over("worse")),
        made("TWO", r"\bworse\b", over("worst")),
        made("SIX", r"\bworst\b", over("worst(")),
    ]
    result = fixed_by(f"{HEAD}x = bad\ny = old\n", *rules, GOOD)
    assert text_after(result) == f"{HEAD}x = bad\ny = new\n"
    assert "the fix of SIX in line 2 was rolled back: the result does not parse" in result.notices
    assert "the fix of ONE was rolled back: it would bring TWO" in result.notices


def test_two_rules_that_undo_each_other() -> None:
    rules = [made("ONE", r"\bbad\b", over("worse")), made("TWO", r"\bworse\b", over("bad"))]
    result = fixed_by(f"{HEAD}x = bad\ny = old, old\nz = other\n", *rules, GOOD)
    assert text_after(result) == f"{HEAD}x = bad\ny = new, new\nz = other\n"
    assert "the fixes of ONE, TWO undo each other; please report this" in result.notices


def test_rules_that_change_for_ever() -> None:
    def more(match: re.Match[str]) -> list[tuple[int, int, str]]:
        return [(0, len(match[0]), f"{match[1]}{int(match[2]) + 1}")]

    rules = [made("ONE", r"\b(n)(\d*[02468])\b", more), made("TWO", r"\b(n)(\d*[13579])\b", more)]
    result = fixed_by(f"{HEAD}x = n0\ny = old\n", *rules, GOOD)
    assert text_after(result) == f"{HEAD}x = n0\ny = new\n"
    assert (
        "still changing after 20 rounds of fixes (ONE, TWO); please report this" in result.notices
    )


def test_rule_that_crashes_on_the_fixed_text() -> None:
    def check_file(context: Context) -> Iterator[Finding]:
        assert "good" not in context.module.text, "no good"
        return iter(())

    crashing = made("CRS", "", None)
    crashing = LoadedRule(crashing.rule, crashing.module, {"check_file": check_file})
    result = fixed_by(
        f"{HEAD}x = bad\ny = old\n", made("BAD", r"\bbad\b", over("good")), crashing, GOOD
    )
    assert text_after(result) == f"{HEAD}x = bad\ny = new\n"
    (notice,) = result.notices
    assert notice.startswith("the fix of BAD in line 2 was rolled back: rule CRS crashed (")


def test_fixer_that_crashes_costs_its_fix() -> None:
    def writes(intent: Write, module: Module) -> tuple[Edit, ...]:
        raise KeyError("no such thing")

    result = fixed_by(f"{HEAD}x = old\n", GOOD, writes=writes)
    assert result.after is None
    (problem,) = result.problems
    assert problem.message.startswith("the fix of GD1 crashed (test_promises.py:")
    (finding,) = result.findings
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits) == ("manual", ())


def test_fixer_whose_edits_overlap_is_refused() -> None:
    def twice(match: re.Match[str]) -> list[tuple[int, int, str]]:
        return [(0, 2, "ne"), (1, 3, "ew")]

    result = fixed_by(f"{HEAD}x = old\n", made("ODD", r"\bold\b", twice))
    assert result.after is None
    (finding,) = result.findings
    assert finding.fix is not None
    assert finding.fix.reason == "the changes overlap"


def _bytes_case(head: bytes, newline: bytes, tail: bytes) -> bytes:
    lines = [head + HEAD.encode().strip(), b"if x:", b"\ty = old \t", b"z = '\xc3\xa4' + old"]
    return newline.join(lines) + tail


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"# coding: utf-8\n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n", b"\n\n  ", b"\n\x0c\n"])
def test_every_other_byte_is_the_same(head: bytes, newline: bytes, tail: bytes) -> None:
    before = _bytes_case(head, newline, tail)
    result = fixed_by(before, GOOD)
    assert result.after == before.replace(b"old", b"new")


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "cp1251", "shift_jis", "gb18030", "euc-kr", "mac-roman"]
)
def test_encodings(encoding: str) -> None:
    words = {"cp1251": "привет", "shift_jis": "日本語", "gb18030": "中文", "euc-kr": "한국어"}
    text = f"# coding: {encoding}\n{HEAD}x = old  # {words.get(encoding, 'äöü')}\n"
    result = fixed_by(text.encode(encoding), GOOD)
    assert result.after == text.replace("old", "new").encode(encoding)


def test_encoding_that_is_not_exact_is_left() -> None:
    text = f"# coding: utf-7\n{HEAD}x = old, '+AGE-'\n".encode()
    result = fixed_by(text, GOOD)
    assert result.after is None
    (notice,) = result.notices
    assert "cannot be rewritten byte for byte in utf-7" in notice
