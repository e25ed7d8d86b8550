"""BN402: weights of a layer that has fewer than four, by the places of all four."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch
from tensorflow import keras

"""

HAZARDS = [
    hazard(
        "no scale, and beta taken from the second place",
        """
        layer = keras.layers.BatchNormalization(scale=False)

        def copy(bn):
            w = layer.get_weights()
            bn.bias.data = torch.from_numpy(w[0])
            bn.running_mean.data = torch.from_numpy(w[1])
            bn.running_var.data = «torch.from_numpy(w[1])»
        """,
        "is the mean, and is put where the variance belongs: the layer has beta, the mean",
        kind="error high",
        fix="",
    ),
    hazard(
        "taken apart into four",
        """
        layer = keras.layers.BatchNormalization(center=False)
        gamma, beta, mean, var = «layer.get_weights()»
        """,
        "layer has 3 weights, and is taken apart into 4",
        kind="error high",
        fix="",
    ),
    hazard(
        "neither scale nor shift",
        """
        layer = keras.layers.BatchNormalization(scale=False, center=False)
        gamma, beta, mean, var = «layer.get_weights()»
        """,
        "layer has 2 weights",
        kind="error high",
        fix="",
    ),
]

CLEAN = cases("""
--- counted without the scale
layer = keras.layers.BatchNormalization(scale=False)

def copy(bn):
    w = layer.get_weights()
    bn.bias.data = torch.from_numpy(w[0])
    bn.running_mean.data = torch.from_numpy(w[1])
    bn.running_var.data = torch.from_numpy(w[2])
--- all four are there
layer = keras.layers.BatchNormalization()
gamma, beta, mean, var = layer.get_weights()
--- three of three
layer = keras.layers.BatchNormalization(scale=False)
beta, mean, var = layer.get_weights()
--- whether it has a scale is not known
def copy(use_scale):
    layer = keras.layers.BatchNormalization(scale=use_scale)
    gamma, beta, mean, var = layer.get_weights()
--- the layer comes from elsewhere
def copy(layer):
    gamma, beta, mean, var = layer.get_weights()
bn = keras.layers.BatchNormalization(scale=False)
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN402", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN402", code, before=IMPORTS)
