"""A rule is asked of layers of the kinds that it says it speaks of, and of no other."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import LoadedRule
from bnlint.rule import Rule

CODE = b"""\
import torch.nn as nn

layers = [nn.BatchNorm2d(8), nn.LayerNorm(8), nn.GroupNorm(2, 8), nn.InstanceNorm2d(8)]
"""


@pytest.mark.parametrize(
    "norms",
    [("batch",), ("layer",), ("batch", "instance"), ("layer", "group"), ("batch", "layer", "rms")],
)
def test_rule_is_asked_of_its_kinds(norms: tuple[str, ...]) -> None:
    """Whether batch normalisation is among them or not, in a file that is compared."""
    asked: list[str] = []

    def check_site(site: Any, context: Any) -> tuple[()]:
        asked.append(site.api.norm)
        return ()

    rule = LoadedRule(
        Rule("PLUG1", "plugged-in", "error", norms=norms),
        ModuleType("plugin"),
        {"check_site": check_site},
    )
    options = Options(frozenset({"PLUG1"}), frozenset({"PLUG1"}), from_family="keras")
    assert check(CODE, "layers.py", [rule], options).problems == ()
    assert sorted(asked) == sorted({*norms} - {"rms"})
