"""What is known of an argument by its role: written, left out, not taken, or what a caller may."""

from __future__ import annotations

import pytest
from reading import sites

HEAD = """
import keras
import tensorflow as tf
import tf_slim as slim
import torch.nn as nn
from torchvision.ops import FrozenBatchNorm2d
"""


@pytest.mark.parametrize(
    ("code", "role", "said"),
    [
        ("y = nn.BatchNorm2d(8)", "eps", "default 1e-05"),
        ("y = nn.BatchNorm2d(8, eps=1e-3)", "eps", "known 0.001"),
        ("y = nn.BatchNorm2d(8, momentum=None)", "momentum", "known None"),
        ("y = nn.BatchNorm2d(8, eps=None)", "eps", "known None"),
        ("y = nn.BatchNorm2d(8)", "statistics", "default True"),
        (
            "y = tf.nn.batch_normalization(x, m, v, b, g)",
            "eps",
            "unknown the required argument variance_epsilon is missing",
        ),
        ("y = nn.BatchNorm2d(8, **o)", "eps", "unknown **o: o is not defined here"),
        (
            "y = keras.layers.BatchNormalization()",
            "training",
            "unknown it is given when the layer is called",
        ),
        ("y = nn.BatchNorm2d(8)", "training", "unknown the API has no such argument"),
        (
            "y = (nn.BatchNorm2d if x else FrozenBatchNorm2d)(8)",
            "momentum",
            "unknown FrozenBatchNorm2d has no argument for it",
        ),
        (
            "y = (nn.BatchNorm2d if x else nn.BatchNorm1d)(8, eps=1e-3)",
            "eps",
            "known 0.001",
        ),
        (
            "def f(norm=nn.BatchNorm2d):\n    return norm(8)",
            "eps",
            "presumed 1e-05 the default of parameter norm of f",
        ),
        (
            "def f(norm=nn.BatchNorm2d):\n    return norm(8, eps=read())",
            "eps",
            "unknown read is not defined here",
        ),
        (
            "def f(e=1e-3, norm=nn.BatchNorm2d):\n    return norm(8, eps=e)",
            "eps",
            "presumed 0.001 the default of parameter e of f",
        ),
        (
            "n = nn.BatchNorm2d if x else read()\ny = n(8, eps=1e-3)",
            "eps",
            "presumed 0.001 n may be something else",
        ),
        (
            "def f(x):\n    return slim.batch_norm(x)",
            "eps",
            "presumed 0.001 an argument scope around a caller may set it",
        ),
        ("y = slim.batch_norm(x)", "eps", "default 0.001"),
    ],
)
def test_what_is_known(code: str, role: str, said: str) -> None:
    (site,) = sites(f"{HEAD}{code}\n")
    value = site.value(role)
    known = f"{value.kind} {value.value} {value.why}" if value.is_known else f"unknown {value.why}"
    assert known.strip() == said
    assert value.from_default == (said.startswith("default") or "1e-05 the default" in said
                                  or "scope" in said)  # fmt: skip
