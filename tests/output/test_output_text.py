"""Text for terminals: cleaning, measuring, wrapping; listings."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from output_samples import unprintable, width

from bnlint.files.display import clean
from bnlint.output import Style
from bnlint.output.listing import Column, listing
from bnlint.output.text import cells, drop, literal, take, wrapped

CHARACTERS = st.sampled_from("ab  ()=,日本한é\u0301")
PROSE = st.text(CHARACTERS, max_size=120)


@given(st.text(st.characters()))
@example("\udcff\ud800\u2029\x85\u2066")
def test_cleaned_text_can_be_printed_and_has_kept_its_places(text: str) -> None:
    """One character for one character."""
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert not unprintable(cleaned)
    assert all(
        new == old or unprintable(old) or old in "\u200e\u200f\u061c"
        for new, old in zip(cleaned, text, strict=True)
    )


@given(st.text(CHARACTERS), st.integers(-1, 50))
def test_text_is_cut_at_cells(text: str, room: int) -> None:
    """What is taken fits, what is dropped is the rest, half a wide character is a space."""
    assert cells(text) == width(text)
    head, tail = take(text, room), drop(text, room)
    assert width(head) <= max(room, 0)
    assert width(head) >= min(room, width(text)) - 1
    assert width(tail) == max(width(text) - max(room, 0), 0)


@given(PROSE, st.integers(8, 60), st.integers(0, 30), st.integers(0, 8))
def test_wrapped_text_fits_and_loses_nothing(
    text: str, columns: int, first: int, indent: int
) -> None:
    """The first line after something else, the others indented."""
    lines = wrapped(text, columns, first, indent)
    assert first + width(lines[0]) <= max(columns, first)
    assert all(width(line) <= columns for line in lines[1:])
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(PROSE)
def test_without_a_width_nothing_is_wrapped(text: str) -> None:
    """Not even spaces are touched."""
    assert wrapped(text, None, 100, 4) == [text]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(1e-05, "1e-05", id="a number"),
        pytest.param("NHWC", "'NHWC'", id="a string"),
        pytest.param((1, 2), "(1, 2)", id="a tuple"),
        pytest.param("\x1b", r"'\x1b'", id="a control character is escaped"),
        pytest.param("x" * 100, "'" + "x" * 58 + "…", id="a long string is cut"),
        pytest.param(1 << 20000, "a very long number", id="more digits than Python writes"),
    ],
)
def test_values_are_written_as_source_text(value: object, text: str) -> None:
    """As far as they fit."""
    assert literal(value) == text


COLUMNS = (
    Column("line", title=True, right=True),
    Column("API", title=True),
    Column("eps"),
    Column("mode", plain=True),
    Column("axis"),
    Column("notes", prose=True),
)
GROUPS = [
    ("a.py", [("9", "BatchNorm2d", "1e-05", "training", "", "left at their defaults: eps, mode")]),
    ("b.py", [("12", "日本", "0.001", "inference", "", "")]),
]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(
            None,
            [
                "line  API          eps    mode       notes",
                "a.py",
                "   9  BatchNorm2d  1e-05  training   left at their defaults: eps, mode",
                "b.py",
                "  12  日本         0.001  inference",
            ],
            id="as wide as it is where there is no terminal",
        ),
        pytest.param(
            64,
            [
                "line  API          eps    mode       notes",
                "a.py",
                "   9  BatchNorm2d  1e-05  training   left at their defaults:",
                "                                     eps, mode",
                "b.py",
                "  12  日本         0.001  inference",
            ],
            id="prose is wrapped",
        ),
        pytest.param(
            50,
            [
                "line  API          eps    mode",
                "a.py",
                "   9  BatchNorm2d  1e-05  training",
                "      left at their defaults: eps, mode",
                "b.py",
                "  12  日本         0.001  inference",
            ],
            id="prose is put below",
        ),
        pytest.param(
            30,
            [
                "a.py",
                "9  BatchNorm2d",
                "    eps 1e-05, training",
                "    left at their defaults:",
                "    eps, mode",
                "b.py",
                "12  日本",
                "    eps 0.001, inference",
            ],
            id="all is put below",
        ),
    ],
)
def test_a_listing_fits_the_terminal(columns: int | None, expected: list[str]) -> None:
    """A column that is empty throughout is left out."""
    assert list(listing(COLUMNS, GROUPS, Style(False, columns))) == expected


def test_a_listing_of_nothing_is_nothing() -> None:
    """No headings without rows."""
    assert list(listing(COLUMNS, [("", [])], Style(False, 80))) == []


CELLS = st.text(st.sampled_from("ab 日é"), max_size=30).map(str.strip)


@given(
    st.lists(st.tuples(*[CELLS] * 6), max_size=5), st.none() | st.integers(40, 200), st.booleans()
)
@example([("a", "a", "a", "a日日日", "aaaaaaaa日日日日", "b")], 40, False)
def test_a_listing_never_breaks(
    rows: list[tuple[str, ...]], columns: int | None, color: bool
) -> None:
    """It fits, and shows everything; only a headline may have to run on."""
    lines = list(listing(COLUMNS, [("", rows)], Style(color, columns)))
    shown = "".join(lines).replace(" ", "")
    for row in rows:
        assert all(text.replace(" ", "") in shown for text in row[:2])
    if columns is not None and not color:
        titles = {"  ".join(text for text in row[:2] if text) for row in rows}
        assert all(width(line) <= columns or line in titles for line in lines)
