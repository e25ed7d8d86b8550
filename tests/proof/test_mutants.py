"""Files broken at random are fixed without any harm, by checks that know nothing of fixes."""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import rules

from bnlint.engine.linter import Options, Result
from bnlint.fixing.rounds import fix

TORCH = '''"""A block, its layers in the ways in which people make them."""
import torch
import torch.nn as nn
import torch.nn.functional as F

BN_MOMENTUM = 0.99  # Keras's


class Block(nn.Module):
    def __init__(self, c, norm_layer=nn.BatchNorm2d, **kw):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c)
        self.bn2 = nn.BatchNorm2d(num_features=c, momentum=BN_MOMENTUM, eps=1e-3)  # größer
        self.bn3 = norm_layer(c)
        self.bn4 = nn.BatchNorm2d(c, 1e-3, 0.01, **kw)
        if c > 3: self.bn5 = nn.BatchNorm1d(c); self.bn6 = nn.SyncBatchNorm(c)

    def forward(self, x):
        return self.bn1(self.conv(x))


class Norm(nn.BatchNorm2d):
    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


model = nn.Sequential(Block(4), nn.BatchNorm2d(4, affine=True), *[nn.BatchNorm2d(4)])


def predict(x):
    with torch.no_grad():
        return model(x)
'''

KERAS = '''
from keras import layers, models


def block(x, filters, name=None):
    """Two convolutions."""
    x = layers.Conv2D(filters, 3, data_format="channels_first", use_bias=False)(x)
    x = layers.BatchNormalization(axis=1, epsilon=1.001e-5, name=f"{name}_bn1")(x)
    x = layers.Conv2D(filters, 3, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(
        name=f"{name}_bn2", momentum=0.9,
    )(x))


def build():
    inputs = layers.Input((None, None, 3))
    x = layers.BatchNormalization()(inputs)
    return models.Model(inputs, block(x, 8, "a"))
'''

FILES = [(TORCH, "torch", "keras"), (KERAS, "keras", "torch")]


@pytest.fixture(scope="module")
def tools() -> tuple[Any, Any]:
    """Return the benchmark's mutations and checks."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        mutations = importlib.import_module("mutations")
        return mutations.mutant, importlib.import_module("held").violations
    finally:
        sys.path.remove(folder)


def fixed(data: bytes, from_family: str) -> Result:
    """Return what fixing makes of a file."""
    options = Options(frozenset(rule.code for rule in rules()), from_family=from_family)
    return fix(data, "port.py", rules(), options, unsafe=True)


@settings(max_examples=60, derandomize=True)
@given(which=st.sampled_from(FILES), seed=st.integers(0, 2**32))
def test_fixing_does_no_harm(
    tools: tuple[Any, Any], which: tuple[str, str, str], seed: int
) -> None:
    """Nothing changes but what is fixed, and fixing again changes nothing."""
    mutant, violations = tools
    text, family, from_family = which
    data, _ = mutant(text, family, random.Random(seed))
    result = fixed(data, from_family)
    assert result.problems == ()
    if result.after is not None:
        assert violations(data, result.after) == []
        assert fixed(result.after, from_family).after is None


def test_mutants_are_fixed_by_many_rules(tools: tuple[Any, Any]) -> None:
    """Else the test above would test nothing."""
    mutant, _ = tools
    codes = set()
    for seed in range(12):
        for text, family, from_family in FILES:
            data, _ = mutant(text, family, random.Random(seed))
            codes |= {finding.code for finding in fixed(data, from_family).fixed}
    assert codes >= {"BN101", "BN102", "BN103", "BN105", "BN108", "BN201", "BN205"}


BEFORE = """import torch.nn as nn
kept = 0.1  # one
bn = nn.BatchNorm2d(
    4, momentum=0.99,  # two
)
relu = nn.ReLU(True)
"""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("", "", ""),
        ("0.99", "0.01", ""),
        ("4, momentum=0.99,", "4, momentum=0.99, eps=0.001,", ""),
        ("4, momentum=0.99,", "4,", ""),
        ("relu", "bn.eval()\nrelu", ""),
        ("nn.ReLU(True)", "nn.ReLU(", "does not parse"),
        ("(True)", "(False, True)", "changed: nn.ReLU(True)"),
        ("(True)", "(inplace=True)", "changed: nn.ReLU(True)"),
        ("ReLU", "GELU", "changed: nn.ReLU"),
        ("4, momentum", "8, device=0, momentum", "changed: nn.BatchNorm2d"),
        ("relu", "print()\nrelu", "changed: nothing became print()"),
        ("4, momentum=0.99", "4, num_features=4", "given twice: num_features"),
        ("# two", "", "comments changed"),
        ("# one", "#  one", "bytes outside the touched lines changed"),
        ("kept = 0.1", "kept  = 0.1", "bytes outside the touched lines changed"),
        ("True)\n", "True)", "the last line end changed"),
        ("\n", "\r\n", "line ends changed"),
        ("import torch", "\ufeffimport torch", "the byte order mark changed"),
    ],
)
def test_checks_see_harm(tools: tuple[Any, Any], old: str, new: str, what: str) -> None:
    """And let pass what fixes are there for."""
    _, violations = tools
    found = violations(BEFORE.encode(), BEFORE.replace(old, new).encode())
    assert what in " ".join(found)
    assert bool(found) == bool(what)
