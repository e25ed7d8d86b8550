"""BN403: deviations in the place of a variance."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import numpy as np
import torch

"""

SAYS = "running_var is the variance, and is given"

HAZARDS = [
    hazard(
        "one over the deviation, as Lasagne keeps it",
        """
        def load(bn, beta, gamma, mean, inv_std):
            bn.running_mean.data = torch.from_numpy(mean)
            bn.running_var.data = «torch.from_numpy(inv_std)»
        """,
        SAYS,
        "inv_std",
        kind="error medium",
        fix="",
    ),
    hazard(
        "sigma of Flux, under a key",
        """
        def load(state, arrays):
            state["bn.running_var"] = «torch.tensor(arrays["bn.sigma"])»
        """,
        "given sigma",
        kind="error medium",
        fix="",
    ),
    hazard(
        "an attribute",
        """
        def load(bn, old):
            bn.running_var.copy_(«old.std»)
        """,
        "given std",
        kind="error medium",
        fix="",
    ),
]

CLEAN = cases("""
--- squared
def load(bn, std):
    bn.running_var.data = torch.from_numpy(std**2)
--- one over the square
def load(bn, inv_std):
    bn.running_var.copy_(1.0 / inv_std**2 - bn.eps)
--- a variance
def load(bn, var):
    bn.running_var.data = torch.from_numpy(var)
--- Keras 1 calls its variance running_std
def load(bn, layer):
    std = layer.running_std
    bn.running_var.data = torch.from_numpy(std)
--- squared under a name that says so
def load(bn, sigma_sq):
    bn.running_var.data = sigma_sq
--- the deviation of images, and no layer
class Scaler:
    def __init__(self, std):
        self.std = std
--- a distribution is no layer
norm = torch.nn.BatchNorm1d(4)

def widen(noise, std):
    noise.var = std
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN403", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN403", code, before=IMPORTS)
