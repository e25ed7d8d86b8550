"""BN408: vectors that are given other axes."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import numpy as np
import torch

"""

HAZARDS = [
    hazard(
        "four axes",
        """
        def load(bn, mean):
            bn.running_mean.data = «torch.from_numpy(mean).view(1, -1, 1, 1)»
        """,
        "running_mean has one axis",
        kind="warning medium",
        fix="",
    ),
    hazard(
        "as the kernel of a convolution",
        """
        def load(bn, arrays):
            bn.running_var.data.copy_(«torch.from_numpy(arrays["v"].transpose(3, 2, 0, 1))»)
        """,
        "after transpose()",
        kind="warning medium",
        fix="",
    ),
    hazard(
        "by a function of NumPy",
        """
        def load(state, mean):
            state["bn.running_mean"] = «np.transpose(mean, (3, 2, 0, 1))»
        """,
        "after transpose()",
        kind="warning medium",
        fix="",
    ),
]

CLEAN = cases("""
--- made one axis of several
def load(bn, mean):
    bn.running_mean.data = torch.from_numpy(mean).view(-1)
--- a fold gives a scale four axes to compute with
def fold(conv, bn):
    conv.weight.data = conv.weight * (bn.weight / bn.running_var).view(-1, 1, 1, 1)
--- the kernel of a convolution beside
def load(conv, bn, kernel, mean):
    conv.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1))
    bn.running_mean.data = torch.from_numpy(mean)
--- squeezed after it was turned
def load(bn, mean):
    bn.running_mean.data = torch.from_numpy(mean.transpose(3, 2, 0, 1).squeeze())
--- turned without axes, which leaves a vector as it is
def load(bn, mean):
    bn.running_mean.data = torch.from_numpy(mean.transpose())
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN408", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN408", code, before=IMPORTS)
