"""What may be said of the name of a weight of which the beginning, or all, is known."""

from __future__ import annotations

import pytest

from bnlint.semantics.modes.named_weights import WeightName

#: A name that begins so, a text, and whether it stands in it, begins it, and is it.
BEGUN = [
    ("layer1.", "layer1", True, True, None),
    ("layer1.", "layer1.", True, True, None),
    ("layer1.", "layer", True, True, None),
    ("layer1.", "layer2", False, False, False),
    ("layer1.", "layer1.0", None, None, None),
    ("layer1.", "layer1.bn1", None, None, None),
    ("net.layer1.", "layer1.0", None, False, False),
    ("layer1.", "bn", None, False, False),
    ("layer1.", "fc", False, False, False),
    ("layer1.", "something", None, False, False),
    ("layer1.", "ayer", True, False, False),
    ("", "something", None, None, None),
    ("", "fc", False, False, False),
    ("", "bn", None, None, None),
]

#: A whole name, a text, and whether it stands in it, begins it, and is it.
WHOLE = [
    ("bn1.weight", "bn1", True, True, False),
    ("bn1.weight", "bn1.weight", True, True, True),
    ("bn1.weight", "weight", True, False, False),
    ("bn1.weight", "bn1.weight.more", False, False, False),
    ("bn1.weight", "something", False, False, False),
]


@pytest.mark.parametrize(("text", "asked", "has", "begins", "equals"), BEGUN)
def test_a_name_that_is_begun(
    text: str, asked: str, has: bool | None, begins: bool | None, equals: bool | None
) -> None:
    name = WeightName(text)
    assert (name.has(asked), name.begins(asked), name.equals(asked)) == (has, begins, equals)


@pytest.mark.parametrize(("text", "asked", "has", "begins", "equals"), WHOLE)
def test_a_whole_name(text: str, asked: str, has: bool, begins: bool, equals: bool) -> None:
    name = WeightName(text, True)
    assert (name.has(asked), name.begins(asked), name.equals(asked)) == (has, begins, equals)


@pytest.mark.parametrize("whole", [True, False])
def test_the_first_part_of_a_name(whole: bool) -> None:
    """It is whole where a dot ends it, or where the name is whole."""
    assert WeightName("layer1.bn1", whole).first() == WeightName("layer1", True)
    assert WeightName("layer1.", whole).first() == WeightName("layer1", True)
    assert WeightName("layer1", whole).first() == WeightName("layer1", whole)


@pytest.mark.parametrize("whole", [True, False])
def test_the_name_in_what_holds_the_model(whole: bool) -> None:
    assert WeightName("bn1.", whole).within("net") == WeightName("net.bn1.", whole)
