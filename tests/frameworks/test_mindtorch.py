"""Layers of MindTorch and MSAdapter are found under both names, and compared with PyTorch's."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules


def codes(code: str, from_family: str | None) -> list[str]:
    """Return the codes found in a piece of code."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    rules = load_rules()
    options = Options(frozenset(r.code for r in rules if r.rule.default), from_family=from_family)
    return [finding.code for finding in check(source, "x.py", rules, options).findings]


@pytest.mark.parametrize("package", ["mindtorch.torch", "msadapter.pytorch"])
@pytest.mark.parametrize(
    ("call", "family", "expected"),
    [
        ("nn.BatchNorm2d(8)", "torch", []),
        ("nn.BatchNorm2d(8, momentum=0.9)", None, ["BN101"]),
        ("nn.BatchNorm2d(8, momentum=0.01)", None, []),
        ("nn.BatchNorm2d(8)", "keras", ["BN103"]),
        ("nn.BatchNorm2d(8, eps=1e-3)", "keras", []),
        ("nn.LayerNorm(8)", "keras", ["BN103"]),
        ("nn.LayerNorm(8)", "torch", []),
    ],
)
def test_layers(package: str, call: str, family: str | None, expected: list[str]) -> None:
    code = f"import {package} as torch\nimport {package}.nn as nn\nlayer = {call}\n"
    found = [code for code in codes(code, family) if code != "BN102"]
    assert found == expected


def test_momentum_of_none() -> None:
    """One raises, the other takes it for 0."""
    code = "import {}.nn as nn\nbn = nn.BatchNorm2d(8, momentum=None)\n"
    assert codes(code.format("msadapter.pytorch"), None) == ["BN107"]
    assert codes(code.format("mindtorch.torch"), None) == ["BN107"]
