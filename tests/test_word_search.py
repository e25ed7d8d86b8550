"""Words that are looked for in one pass are those that a search for each would find."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.startup.words import Words

WORDS = ["norm", "batch_norm", ".eval(", "mean", "moving_mean", "é", "noé"]

#: Texts of the pieces of words, so that they overlap, begin within names and go on.
_PIECES = [*WORDS, "a", "Z", "_", "3", " ", "\n", "(", "ß", "😀", "nor"]
texts = st.lists(st.sampled_from(_PIECES)).map("".join)


@given(texts)
def test_words_are_found_as_one_by_one(text: str) -> None:
    found = Words(WORDS).found_in(text)
    assert found.anywhere == {word for word in WORDS if word in text}
    assert found.beginning == {w for w in WORDS if re.search(rf"(?<!\w){re.escape(w)}", text)}
    assert found.ending == {w for w in WORDS if re.search(rf"{re.escape(w)}(?![a-z])", text)}


@pytest.mark.parametrize("half", ["\ud800", "\udfff"])
def test_half_a_character_hides_no_word(half: str) -> None:
    found = Words(WORDS).found_in(f"😀 {half}batch_norm{half} mean")
    assert found.anywhere == {"norm", "batch_norm", "mean"}
    assert found.beginning == {"batch_norm", "mean"}
    assert found.ending == {"norm", "batch_norm", "mean"}


def test_word_given_twice_is_one() -> None:
    assert Words(["norm", "norm"]).found_in("norm").anywhere == {"norm"}
