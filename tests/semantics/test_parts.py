"""Which classes and functions of a file belong to a part of it."""

from __future__ import annotations

import pytest
from reading import module_of, sites

from bnlint.semantics.layers.parts import held_by, named, parts_of, within

CODE = """
import torch.nn as nn

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

class Block(nn.Module):
    width = 8

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.inner = Inner()
        self.again = Inner(), Block()

    def head(self):
        return nn.BatchNorm2d(8), helper()

    async def tail(self):
        return nn.BatchNorm2d(8)

def helper():
    return nn.BatchNorm2d(8)

def build():
    return Block()
"""


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        ("Inner", [6]),
        ("Block", [6, 13, 18, 21, 24]),
        ("Block.head", [18, 24]),
        ("Block.tail", [21]),
        ("helper", [24]),
        ("build", [6, 13, 18, 21, 24]),
        ("Block.width", None),
        ("Block.neck", None),
        ("Neck", None),
        ("Neck.head", None),
        ("", None),
    ],
)
def test_layers_within_a_part(part: str, rows: list[int] | None) -> None:
    found = sites(CODE)
    module = found[0].module
    some = within(module, part, found)
    assert (some and [site.call.lineno for site in some]) == rows
    assert bool(held_by(module, part)) is (rows is not None)


def test_what_is_used_stands_nearest_first() -> None:
    module = module_of(CODE)
    names = [getattr(node, "name", "") for node in parts_of(module, "build")]
    assert names == ["build", "Block", "Inner", "helper"]
    assert named(module, "Block.head") is not None
    assert named(module, "Block.neck") is None
