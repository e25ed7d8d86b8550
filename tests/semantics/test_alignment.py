"""Layers of two sides that are divided otherwise are paired so that they are most alike in all."""

from __future__ import annotations

import random

import pytest
from reading import sites

from bnlint.semantics.layers.alignment import Pair, align, surroundings, words
from bnlint.semantics.layers.sites import Site

NAMES = ("bn", "stem", "stem_bn1", "head", "head_bn2", "mid_stem", "mid_head_3")
BLOCKS = ("Block", "DenseBlock", "Dense", "Layer", "TailBlock")


def side(chance: random.Random, count: int) -> list[Site]:
    """Return layers of no two settings, some in classes, some in functions."""
    lines = ["from torch import nn"]
    for number in range(count):
        if chance.random() < 0.5:
            lines.append(f"def {chance.choice(BLOCKS)}():")
        elif number == 0:
            lines.append("if True:")
        name = chance.choice(NAMES)
        lines.append(f"    {name} = nn.BatchNorm2d(8, eps={number + 1}e-3)")
    return sites("\n".join(lines))


def overlap(mine: list[str], theirs: list[str]) -> float:
    """Return the share of words that both have; half where neither has any."""
    both, either = set(mine) & set(theirs), set(mine) | set(theirs)
    return len(both) / len(either) if either else 0.5


def likeness(port: list[Site], reference: list[Site], i: int, j: int) -> float:
    """Return how alike two layers are: by name, by what is around them, by place."""
    one, other = port[i], reference[j]
    apart = abs(i / len(port) - j / len(reference))
    return (
        0.4 * overlap(words(one), words(other))
        + 0.3 * overlap(surroundings(one), surroundings(other))
        + 0.3 * (1 - apart)
    )


def largest(port: list[Site], reference: list[Site], i: int = 0, j: int = 0) -> float:
    """Return the largest sum of likenesses of layers that are paired in order."""
    if i == len(port) or j == len(reference):
        return 0.0
    alike = likeness(port, reference, i, j)
    together = alike + largest(port, reference, i + 1, j + 1) if alike >= 0.25 else 0.0
    return max(together, largest(port, reference, i + 1, j), largest(port, reference, i, j + 1))


def in_order(pairs: list[Pair], port: list[Site], reference: list[Site]) -> bool:
    """Tell whether each layer is there once, and in the order of its side."""
    mine = [pair.port for pair in pairs if pair.port is not None]
    theirs = [pair.reference for pair in pairs if pair.reference is not None]
    return mine == port and theirs == reference


@pytest.mark.parametrize("seed", range(60))
def test_the_sum_of_likenesses_is_the_largest(seed: int) -> None:
    chance = random.Random(seed)
    lengths = chance.sample(range(2, 6), 2)
    port, reference = (side(chance, length) for length in lengths)
    pairs = align(port, reference)
    assert in_order(pairs, port, reference)
    made = [
        likeness(port, reference, port.index(pair.port), reference.index(pair.reference))
        for pair in pairs
        if pair.port is not None and pair.reference is not None
    ]
    assert {pair.how for pair in pairs} <= {"likeness", ""}
    assert sum(made) == pytest.approx(largest(port, reference))


def test_layers_far_apart_that_have_nothing_in_common_are_no_pair() -> None:
    port = sites("from torch import nn\nif True:\n    stem = nn.BatchNorm2d(8)\n")
    code = "from torch import nn\nclass Net:\n" + "".join(
        f"    layer{number} = nn.BatchNorm2d(8, eps={number + 1}e-3)\n" for number in range(3)
    )
    reference = sites(code)
    found = align(port, reference)
    assert [pair.how for pair in found] == ["likeness", "", ""]
    assert [pair.reference for pair in align(port, reference[1:]) if pair.how] == [reference[1]]
