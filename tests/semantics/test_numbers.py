"""Numbers as rules compare and print them."""

from __future__ import annotations

import math

import pytest

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.syntax.numbers import (
    close,
    complement,
    decay,
    in_floats,
    momentum_for,
    shown,
)


@pytest.mark.parametrize(
    ("number", "one_minus"),
    [("0.99", "0.01"), (0.9997, "0.0003"), ("1e-3", "0.999"), (1, "0.0"), ("2", "-1.0")],
)
def test_complement(number: float | str, one_minus: str) -> None:
    assert complement(number) == one_minus


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", 1e999, "a tenth", ""])
def test_what_is_no_number_has_no_complement(number: float | str) -> None:
    with pytest.raises(ValueError, match=r"not a .*number"):
        complement(number)


@pytest.mark.parametrize(
    ("left", "right", "are_close"),
    [
        (1e-5, 1.001e-5, True),
        (1e-5, 1e-3, False),
        (0.001, 0.01, False),
        (math.inf, math.inf, True),
        (math.inf, 1.0, False),
        (-math.inf, math.inf, False),
        (0.0, 0.0, True),
    ],
)
def test_close(left: float, right: float, are_close: bool) -> None:
    assert close(left, right) == close(right, left) == are_close


def test_integers_beyond_all_floats_are_infinite() -> None:
    assert [in_floats(n) for n in (10**400, -(10**400), 3)] == [math.inf, -math.inf, 3.0]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e-5, "1e-05"), (0.01, "0.01"), (1 - 0.9997, "0.0003"), (2.0, "2.0"), (1e16, "1e+16"),
        (1 / 3, "0.3333333333333333"), (3, "3"), ("x", "'x'"), (None, "None"),
    ],
)  # fmt: skip
def test_shown(number: object, text: str) -> None:
    assert shown(number) == text


def test_whole_numbers_are_shown_as_they_are() -> None:
    assert shown(123456789012345.0) == "123456789012345.0"
    assert shown(1e15) == "1000000000000000.0"
    assert shown(-1e16) == "-1e+16"
    assert shown(3.0) == "3.0"


def test_decay_and_momentum_by_convention() -> None:
    tables = catalogue().load(("torch", "keras", "equinox"))
    torch, keras = tables.reference("torch"), tables.reference("keras")
    assert decay(torch, 0.1) == 0.9
    assert decay(torch, 0.3) == 0.7
    assert decay(torch, 0.9) == 0.1
    assert decay(keras, 0.99) == 0.99
    assert momentum_for(torch, 0.99) == 0.01
    assert momentum_for(keras, 0.99) == 0.99
