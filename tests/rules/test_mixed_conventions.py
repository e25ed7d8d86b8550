"""BN109: one momentum for two layers that read it differently."""

from __future__ import annotations

import pytest
from one_rule import all_rules, plain, run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

from bnlint.engine.linter import Options, check

MINT = "is the weight of the new batch in mindspore.mint.nn.BatchNorm2d"
NN = "of the old value in mindspore.nn.BatchNorm2d"

HAZARD = [
    hazard(
        "a parameter",
        """
        from mindspore import mint, nn

        class Net(nn.Cell):
            def __init__(self, momentum):
                super().__init__()
                self.stem = nn.BatchNorm2d(8, momentum=momentum)
                self.head = mint.nn.BatchNorm2d(8, momentum=«momentum»)
        """,
        f"the momentum 'momentum' {MINT}",
        f"{NN} (line 6)",
        kind="warning high",
        advice="give one of the two layers 1 minus the momentum",
    ),
    hazard(
        "an attribute",
        """
        from mindspore import mint, nn

        class Net(nn.Cell):
            def __init__(self, cfg):
                super().__init__()
                self.momentum = cfg.momentum
                self.stem = nn.BatchNorm2d(8, momentum=self.momentum)
                self.head = mint.nn.BatchNorm2d(8, momentum=«self.momentum»)
        """,
        "the momentum self.momentum",
        kind="warning high",
    ),
    hazard(
        "the op beside the layer",
        """
        from mindspore import nn, ops

        def pair(x, scale, bias, mean, var, momentum):
            layer = nn.BatchNorm2d(8, momentum=momentum)
            y = ops.batch_norm(x, mean, var, scale, bias, training=True, momentum=«momentum»)
        """,
        "is the weight of the new batch in mindspore.ops.batch_norm",
        kind="warning high",
    ),
    hazard(
        "a computed number",
        """
        from mindspore import mint, nn

        M = 1 - 0.1
        a = nn.BatchNorm2d(8, momentum=M)
        b = mint.nn.BatchNorm2d(8, momentum=«M»)
        """,
        "the momentum 'M'",
        kind="warning high",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_shared_momentum_is_reported(case: Hazard) -> None:
    check_hazard("BN109", case)


CLEAN = sourced(
    """
--- converted for one of the two
from mindspore import mint, nn

class Net(nn.Cell):
    def __init__(self, momentum):
        super().__init__()
        self.stem = nn.BatchNorm2d(8, momentum=momentum)
        self.head = mint.nn.BatchNorm2d(8, momentum=1 - momentum)
--- rebound in between
from mindspore import mint, nn

def pair(momentum):
    a = nn.BatchNorm2d(8, momentum=momentum)
    momentum = 1 - momentum
    return a, mint.nn.BatchNorm2d(8, momentum=momentum)
--- both of one convention
from mindspore import nn

def pair(momentum):
    return nn.BatchNorm1d(8, momentum=momentum), nn.BatchNorm2d(8, momentum=momentum)
--- both left at their defaults
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8), mint.nn.BatchNorm2d(8)
--- one left at its default
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8, momentum=0.9), mint.nn.BatchNorm2d(8)
--- different numbers
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8, momentum=0.9), mint.nn.BatchNorm2d(8, momentum=0.1)
--- a half means the same to both
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8, momentum=0.5), mint.nn.BatchNorm2d(8, momentum=0.5)
--- the same literal in both is BN101's
from mindspore import mint, nn
a, b = nn.BatchNorm2d(8, momentum=0.9), mint.nn.BatchNorm2d(8, momentum=0.9)
--- the same literal in both, the other way round
from mindspore import mint, nn
a, b = mint.nn.BatchNorm2d(8, momentum=0.9), nn.BatchNorm2d(8, momentum=0.9)
--- parameters of two functions that are called alike
from mindspore import mint, nn

def a(momentum):
    return nn.BatchNorm2d(8, momentum=momentum)

def b(momentum):
    return mint.nn.BatchNorm2d(8, momentum=momentum)
--- attributes of two classes that are called alike
from mindspore import mint, nn

class A(nn.Cell):
    def __init__(self, momentum):
        self.momentum = momentum
        self.bn = nn.BatchNorm2d(8, momentum=self.momentum)

class B(nn.Cell):
    def __init__(self, momentum):
        self.momentum = momentum
        self.bn = mint.nn.BatchNorm2d(8, momentum=self.momentum)
--- two frameworks, whose momenta are BN102's to compare
import keras
import torch.nn as nn

def pair(momentum):
    a = keras.layers.BatchNormalization(epsilon=1e-5, momentum=momentum)
    return a, nn.BatchNorm2d(8, momentum=momentum)
--- the function infers, and momentum does nothing there
from mindspore import nn, ops

def pair(x, scale, bias, mean, var, momentum):
    layer = nn.BatchNorm2d(8, momentum=momentum)
    y = ops.batch_norm(x, mean, var, scale, bias, training=False, momentum=momentum)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN109", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)


def test_it_stands_in_where_the_convention_rule_is_off() -> None:
    """Of two equal literals, the one in the wrong camp is reported, wherever it stands."""
    code = plain(
        """
        from mindspore import mint, nn
        a = mint.nn.BatchNorm2d(8, momentum=0.9)
        b = nn.BatchNorm2d(8, momentum=0.9)
        """
    )
    result = check(code.encode(), "x.py", all_rules(), Options(frozenset({"BN109"})))
    assert [(f.code, f.span.row) for f in result.findings] == [("BN109", 2)]
    assert [f.span.row for f in run("BN101", code)] == [2]
