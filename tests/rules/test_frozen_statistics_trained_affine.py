"""BN256: frozen statistics beside scale and shift that are trained."""

from __future__ import annotations

import pytest
from one_rule import Hazard, all_rules, cases, check_clean, check_hazard, hazard

from bnlint.engine.linter import Options, check

IMPORTS = """
import torch
import torch.nn as nn
from torch.nn.modules.batchnorm import _BatchNorm

"""

SAYS = ("stops the statistics of BatchNorm", "not its weight and bias")
KIND = "info high"

HAZARDS = [
    hazard(
        "a function that freezes",
        """
        def freeze_bn(model):
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    «m.eval()»
        """,
        "m.eval() stops the statistics of BatchNorm2d, and not its weight and bias",
        kind=KIND,
        fix="",
    ),
    hazard(
        "norm_eval, the way detectors do it",
        """
        class Backbone(nn.Module):
            def train(self, mode=True):
                super().train(mode)
                if mode and self.norm_eval:
                    for m in self.modules():
                        if isinstance(m, _BatchNorm):
                            «m.eval()»
        """,
        *SAYS,
        kind=KIND,
        fix="",
    ),
]

CLEAN = """
--- the weights are kept from being trained, too
def freeze_bn(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
            m.weight.requires_grad = False
            m.bias.requires_grad = False
--- the weights are kept from being trained by the method
def freeze_bn(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
            m.requires_grad_(False)
--- the weights are kept from being trained elsewhere in the class
class Trainer:
    def setup(self):
        for name, p in self.model.named_parameters():
            if any(part in name for part in self.frozen):
                p.requires_grad = False

    def model_train(self):
        self.model.train()
        for name, m in self.model.named_modules():
            if any(part in name for part in self.frozen) and isinstance(m, nn.BatchNorm2d):
                m.eval()
--- one of many, which has no name
def freeze(layers):
    for i in range(len(layers)):
        if isinstance(layers[i], nn.BatchNorm2d):
            layers[i].eval()
--- layers of another kind
def freeze(model):
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.eval()
--- the whole model
def prepare(model):
    model.eval()
--- evaluation
def evaluate(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
--- all but these
def adapt_statistics(model):
    for m in model.modules():
        if not isinstance(m, nn.BatchNorm2d):
            m.eval()
--- a class of the user's own
class BatchNorm2d:
    pass

def freeze(model):
    for m in model.modules():
        if isinstance(m, BatchNorm2d):
            m.eval()
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN256", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN256", code, IMPORTS)


def test_off_unless_selected() -> None:
    code = "from torch import nn\nfor m in net.modules():\n    if isinstance(m, nn.BatchNorm2d):\n"
    rules = all_rules()
    codes = frozenset(r.code for r in rules if r.rule.default)
    result = check((code + "        m.eval()\n").encode(), "a.py", rules, Options(codes))
    assert result.findings == ()
