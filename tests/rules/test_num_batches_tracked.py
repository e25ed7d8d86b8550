"""BN407: the number of batches, renamed to a weight."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import torch

"""

HAZARDS = [
    hazard(
        "to gamma, in a map",
        """
        NAMES = {"running_mean": "moving_mean", "num_batches_tracked": «"gamma"»}
        """,
        "num_batches_tracked is renamed to gamma",
        kind="info high",
        fix="",
    ),
    hazard(
        "by replacing names",
        """
        def rename(key):
            key = key.replace("moving_mean", "running_mean")
            return «key.replace("moving_variance", "num_batches_tracked")»
        """,
        "moving_variance is renamed",
        kind="info high",
        fix="",
    ),
    hazard(
        "from a name of another framework",
        """
        NAMES = {"bn/moving_mean": «"bn.num_batches_tracked"»}
        """,
        "moving_mean is renamed to num_batches_tracked",
        kind="info high",
        fix="",
    ),
]

CLEAN = cases("""
--- left out
NAMES = {"running_mean": "moving_mean", "running_var": "moving_variance"}
--- dropped from a state
def clean(state):
    return {k: v for k, v in state.items() if "num_batches_tracked" not in k}
--- the same name in another place of the model
def rename(key):
    return key.replace("bn1.num_batches_tracked", "norm1.num_batches_tracked")
--- a key beside that of a statistic
def of(key):
    return key.replace("running_mean", "num_batches_tracked")
--- a text that says what it is
TEXTS = {"num_batches_tracked": "the number of batches"}
""")


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN407", expected, before=IMPORTS)


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN407", code, before=IMPORTS)
