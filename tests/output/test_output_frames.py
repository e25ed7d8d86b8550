"""The code frames of the full format: what is shown, and where the mark stands."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from output_samples import finding, reference, span, width, written

from bnlint.finding import Finding, Span


def frame(text: str, place: Span, columns: int | None = None) -> list[str]:
    """Return the lines of the frame around ``place``, without the edges."""
    lines = written("full", finding(place, message="m"), text=text, width=columns).split("\n")
    edges = [i for i, line in enumerate(lines) if line.strip() == "|"]
    return lines[edges[0] + 1 : edges[-1]]


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        pytest.param(
            "\tif x:\n\t\tbn = f()\n",
            span(2, 8, 2, 11),
            ["1 |     if x:", "2 |         bn = f()", "  |              ^^^"],
            id="a tab is four cells",
        ),
        pytest.param(
            'a = "日本語", f()\n',
            span(1, 12, 1, 15),
            ['1 | a = "日本語", f()', "  | " + " " * (8 + 3 * 2) + "^^^"],
            id="a wide character is two cells",
        ),
        pytest.param(
            'a = "日本語"\n',
            span(1, 5, 1, 10),
            ['1 | a = "日本語"', "  |     ^^^^^^^^"],
            id="and is marked with two",
        ),
        pytest.param(
            'a = "e\u0301e\u0301", f()\n',
            span(1, 13, 1, 16),
            ['1 | a = "e\u0301e\u0301", f()', "  | " + " " * (8 + 2) + "^^^"],
            id="a combining character has no cell",
        ),
        pytest.param(
            'a = "\U0001f468\u200d\U0001f469", f()\n',
            span(1, 12, 1, 15),
            ['1 | a = "\U0001f468\U0001f469", f()', "  | " + " " * (8 + 2 * 2) + "^^^"],
            id="emoji are shown unjoined, which takes the same cells everywhere",
        ),
        pytest.param(
            "x = '\x1b[31m\x00\x7f\u202e', f()\n",
            span(1, 17, 1, 20),
            ["1 | x = '␛[31m␀␡\ufffd', f()", "  | " + " " * 16 + "^^^"],
            id="control characters are made visible",
        ),
        pytest.param(
            "a\r\nb = f()\r\nc\r\n",
            span(2, 5, 2, 8),
            ["1 | a", "2 | b = f()", "  |     ^^^", "3 | c"],
            id="line ends of Windows",
        ),
        pytest.param(
            "a\rb = f()\rc",
            span(2, 5, 2, 8),
            ["1 | a", "2 | b = f()", "  |     ^^^", "3 | c"],
            id="line ends of the old Macintosh",
        ),
        pytest.param(
            "a\n\nb = 1\n\n\nc\n",
            span(3, 5, 3, 6),
            ["1 | a", "2 |", "3 | b = 1", "  |     ^"],
            id="empty lines at the edge of the frame are left out",
        ),
        pytest.param(
            "\n".join(str(i) for i in range(1, 102)),
            span(99, 1, 99, 3),
            [" 97 | 97", " 98 | 98", " 99 | 99", "    | ^^", "100 | 100", "101 | 101"],
            id="numbers are aligned to the right",
        ),
        pytest.param(
            "x = 1\n", span(1, 3, 1, 3), ["1 | x = 1", "  |   ^"], id="an empty span has one mark"
        ),
        pytest.param(
            "x = 1", span(1, 6, 1, 6), ["1 | x = 1", "  |      ^"], id="at the end of the text"
        ),
        pytest.param(
            "x = 1\n",
            span(9, 9, 9, 9),
            ["1 | x = 1", "2 |", "  | ^"],
            id="a place that is not there is drawn where the text ends",
        ),
        pytest.param(
            "x = 1\ny = 2\n",
            span(1, 5, 2, 1),
            ["1 | x = 1", "  |     ^", "2 | y = 2"],
            id="a span up to the start of a line ends in the line before",
        ),
    ],
)
def test_a_frame_of_one_line(text: str, place: Span, expected: list[str]) -> None:
    """The mark stands below what it marks."""
    assert frame(text, place) == expected


CALL = "a = 1\nbn = f(\n    1,\n    2)\nb = 2\n"


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        pytest.param(
            CALL,
            span(2, 1, 4, 7),
            [
                "1 |   a = 1",
                "2 | / bn = f(",
                "3 | |     1,",
                "4 | |     2)",
                "  | |______^",
                "5 |   b = 2",
            ],
            id="from the start of a line",
        ),
        pytest.param(
            CALL,
            span(2, 6, 4, 7),
            [
                "1 |   a = 1",
                "2 |   bn = f(",
                "  |  ______^",
                "3 | |     1,",
                "4 | |     2)",
                "  | |______^",
                "5 |   b = 2",
            ],
            id="from the middle of a line",
        ),
        pytest.param(
            "\n".join(f"x{i}" for i in range(1, 17)),
            span(2, 1, 15, 4),
            [
                " 1 |   x1",
                " 2 | / x2",
                " 3 | | x3",
                " 4 | | x4",
                " 5 | | x5",
                " 6 | | x6",
                " 7 | | x7",
                "...  |",
                "13 | | x13",
                "14 | | x14",
                "15 | | x15",
                "   | |___^",
                "16 |   x16",
            ],
            id="the middle of a long one is left out",
        ),
    ],
)
def test_a_frame_of_several_lines(text: str, place: Span, expected: list[str]) -> None:
    """With a bar along the span, as ruff draws it."""
    assert [line.rstrip() for line in frame(text, place)] == expected


LONG = f"{'a' * 50} = f({'b' * 50})"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(
            span(1, 1, 1, 5),
            ["1 | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…", "  | ^^^^", "2 | short"],
            id="at the start of the line",
        ),
        pytest.param(
            span(1, 54, 1, 55),
            ["1 | …aaaaaaaaaaaaaaaaaaa = f(bbbbbbbbbb…", "  | " + " " * 23 + "^", "2 | …"],
            id="in its middle",
        ),
        pytest.param(
            span(1, 106, 1, 107),
            ["1 | …bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)", "  | " + " " * 35 + "^", "2 | …"],
            id="at its end",
        ),
        pytest.param(
            span(1, 54, 1, 107),
            [
                "1 | …aa = f(bbbbbbbbbbbbbbbbbbbbbbbbbbb…",
                "  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
                "2 | …",
            ],
            id="longer than the terminal is wide",
        ),
    ],
)
def test_a_long_line_is_cut_around_the_mark(place: Span, expected: list[str]) -> None:
    """Signs at both ends say that something is missing; other lines are cut at the same place."""
    assert frame(f"{LONG}\nshort\n", place, 40) == expected


def test_lines_are_cut_where_the_output_is_no_terminal() -> None:
    """A line of generated code must not fill a log."""
    lines = frame("x = f()" + "  # and so on" * 1000, span(1, 5, 1, 8))
    assert [len(line) for line in lines] == [140, 11]


def test_a_very_long_line_is_drawn_quickly() -> None:
    """Its length must not count squared."""
    text = "é" * 300_000 + "f()" + "日" * 300_000
    lines = frame(text, span(1, 300_001, 1, 300_004), 80)
    assert lines[0].endswith("éf()日日日日日…")


# --------------------------------------------------------------------------------- properties

#: Characters whose width Python's own tables tell as every terminal shows it.
CHARACTERS = st.sampled_from("ab ()=,日本한é\u0301\t")
COLUMNS = st.integers(1, 60)


def shown(text: str) -> str:
    """Return a line as the frame shows it."""
    return text.replace("\t", "    ")


@given(st.text(CHARACTERS, max_size=40), COLUMNS, COLUMNS)
@example("\t日\u0301f(", 4, 5)
def test_the_mark_stands_below_what_it_marks(text: str, column: int, end: int) -> None:
    """Whatever the widths of the characters."""
    source, under, *_ = frame(text, span(1, column, 1, end))
    start = min(column, len(text) + 1) - 1
    stop = max(min(end, len(text) + 1) - 1, start)
    assert source == f"1 | {shown(text)}".rstrip(" ")
    before = width(shown(text[:start]))
    marks = max(width(shown(text[start:stop])), 1)
    assert under == "  | " + " " * before + "^" * marks


@given(
    st.lists(st.text(CHARACTERS, max_size=300), min_size=1, max_size=20),
    st.integers(1, 20),
    st.integers(1, 300),
    st.integers(0, 12),
    st.integers(1, 300),
    st.integers(40, 200),
)
@example(["=" * 36], 1, 37, 0, 37, 40)
def test_a_frame_fits_the_terminal(
    lines: list[str], row: int, column: int, more: int, end_column: int, columns: int
) -> None:
    """Whatever the text and the span."""
    place = span(row, column, row + more, end_column)
    for line in frame("\n".join(lines), place, columns):
        assert width(line) <= columns


@given(st.text(CHARACTERS, min_size=1, max_size=300), COLUMNS, st.integers(1, 5))
def test_the_marked_text_stays_in_view(text: str, column: int, length: int) -> None:
    """However narrow the terminal, where the text is not itself wider than it."""
    column = min(column, len(text))
    source, under, *_ = frame(text, span(1, column, 1, column + length), 40)
    start = len(under) - len(under.lstrip(" |"))
    shown_before = 0
    rest = source
    while rest and shown_before < start:
        shown_before += width(rest[0])
        rest = rest[1:]
    while rest and width(rest[0]) == 0:
        rest = rest[1:]
    marked = shown(text[column - 1 : column - 1 + length]).lstrip("\u0301")
    assert rest.startswith(marked.rstrip(" "))


@given(
    st.text(st.characters(), max_size=60),
    st.integers(-2, 30),
    st.integers(-2, 30),
    st.integers(-2, 30),
    st.integers(-2, 30),
    st.none() | st.integers(1, 60),
    st.none() | st.builds(reference, st.integers(-2, 30), st.integers(-2, 30)),
)
def test_no_text_and_no_place_is_too_much(
    text: str,
    row: int,
    column: int,
    end_row: int,
    end_column: int,
    columns: int | None,
    compared: object,
) -> None:
    """Any text, any span, any width: something is drawn, and nothing raised."""
    found: Finding = finding(Span(row, column, end_row, end_column, 0, 0), reference=compared)
    assert written("full", found, text=text, width=columns).count("\n") > 4
