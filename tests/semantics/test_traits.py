"""Whether a layer normalises a weight, keeps running statistics, follows its mode, runs itself."""

from __future__ import annotations

import pytest
from reading import evaluator, sites

from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import (
    always_uses_batch,
    always_uses_running,
    keeps_statistics,
    runs_itself,
    takes_weight,
    training_flag,
)

HEAD = """
import keras
import mindspore
import numpy as np
import paddle
import tensorflow as tf
import tf_slim as slim
import torch
import torch.nn as nn
import torch.nn.functional as F
from flax import linen
from torchvision.ops import FrozenBatchNorm2d
"""


def site(code: str) -> Site:
    return sites(f"{HEAD}y = {code}\n")[-1]


@pytest.mark.parametrize(
    ("call", "keeps", "batch", "running"),
    [
        ("nn.BatchNorm2d(8)", True, False, False),
        ("nn.BatchNorm2d(8, track_running_stats=False)", False, True, False),
        ("nn.BatchNorm2d(8, track_running_stats=0)", False, True, False),
        ("nn.BatchNorm2d(8, track_running_stats=None)", True, False, False),
        ("nn.BatchNorm2d(8, track_running_stats=flag)", True, False, False),
        ("FrozenBatchNorm2d(8)", False, False, False),
        ("keras.layers.BatchNormalization()", True, False, False),
        ("paddle.nn.BatchNorm2D(8)", True, False, False),
        ("paddle.nn.BatchNorm2D(8, use_global_stats=True)", False, False, True),
        ("paddle.nn.BatchNorm2D(8, use_global_stats=False)", True, True, False),
        ("mindspore.nn.BatchNorm2d(8)", True, False, False),
        ("mindspore.nn.BatchNorm2d(8, use_batch_statistics=True)", True, True, False),
        ("mindspore.nn.BatchNorm2d(8, use_batch_statistics=False)", False, False, True),
        ("F.batch_norm(x, m, v)", False, False, False),
        ("F.batch_norm(x, m, v, training=True)", True, False, False),
        ("F.batch_norm(x, m, v, training=flag)", True, False, False),
        ("F.batch_norm(x, None, None, training=True)", False, False, False),
        ("tf.compat.v1.layers.batch_normalization(x)", False, False, False),
        ("tf.compat.v1.layers.batch_normalization(x, training=True)", True, False, False),
        ("slim.batch_norm(x)", True, False, False),
        ("slim.batch_norm(x, is_training=False)", False, False, False),
        ("tf.nn.batch_normalization(x, m, v, b, g, 1e-3)", True, False, False),
    ],
)
def test_which_statistics_are_used(call: str, keeps: bool, batch: bool, running: bool) -> None:
    found = site(call)
    assert (keeps_statistics(found), always_uses_batch(found), always_uses_running(found)) == (
        keeps,
        batch,
        running,
    )


@pytest.mark.parametrize(
    ("call", "kind", "value"),
    [
        ("slim.batch_norm(x)", "default", True),
        ("slim.batch_norm(x, is_training=False)", "known", False),
        ("linen.BatchNorm(use_running_average=True)", "known", False),
        ("linen.BatchNorm(use_running_average=False)", "known", True),
        ("linen.BatchNorm(use_running_average=not train)", "unknown", None),
        ("linen.BatchNorm()", "default", None),
        ("nn.BatchNorm2d(8)", "unknown", None),
    ],
)
def test_what_is_known_of_the_flag(call: str, kind: str, value: bool | None) -> None:
    flag = training_flag(site(call))
    assert (flag.kind, flag.value) == (kind, value)


@pytest.mark.parametrize(
    ("given", "is_weight"),
    [
        ("weight", True),
        ("self.weight", True),
        ("self.weight.view(1, 8, -1)", True),
        ("conv.weight[None]", True),
        ("self.Kernel.reshape(1, 8, -1)", True),
        ("2 * weight", True),
        ("weight / 2", True),
        ("torch.reshape(weight, (1, 8, -1))", True),
        ("np.float32(weight)", True),
        ("torch.nn.functional.pad(weight, (1, 1))", True),
        ("normalise(weight)", True),
        ("x", False),
        ("x.view(weight.shape)", False),
        ("x[weight]", False),
        ("torch.reshape(x, weight.shape)", False),
        ("torch.zeros_like()", False),
        ("layer(x).weighted", False),
        ("self.layer(weight)", False),
        ("-weight", False),
    ],
)
def test_what_is_normalised_is_a_weight(given: str, is_weight: bool) -> None:
    assert takes_weight(site(f"F.batch_norm({given}, None, None, training=True)")) is is_weight


def test_no_layer_and_no_call_without_an_input_takes_a_weight() -> None:
    assert not takes_weight(site("nn.BatchNorm2d(weight)"))
    assert not takes_weight(
        site("F.batch_norm(running_mean=None, running_var=None, training=True)")
    )
    assert not takes_weight(site("F.batch_norm(*weight)"))
    assert takes_weight(site("F.batch_norm(running_mean=m, running_var=v, input=weight)"))


OWN = """
import torch.nn as nn
class Base(nn.BatchNorm2d):
    pass
class Own({base}):
    def {method}(self, x):
        return {body}
y = {name}(8)
"""


@pytest.mark.parametrize(
    ("base", "method", "body", "name", "runs"),
    [
        ("nn.BatchNorm2d", "forward", "x * self.weight", "Own", True),
        ("nn.BatchNorm2d", "forward", "super().forward(x) + 1", "Own", False),
        ("nn.BatchNorm2d", "forward", "superb(x)", "Own", True),
        ("nn.BatchNorm2d", "call", "x * self.weight", "Own", False),
        ("nn.BatchNorm2d", "reset", "x * self.weight", "Own", False),
        ("Base", "forward", "x * self.weight", "Own", True),
        ("nn.BatchNorm2d", "forward", "x * self.weight", "Base", False),
        ("nn.BatchNorm2d", "forward", "x * self.weight", "nn.BatchNorm2d", False),
        ("nn.BatchNorm2d", "forward", "x", "(nn.BatchNorm1d if z else Own)", True),
    ],
)
def test_a_class_that_normalises_by_a_method_of_its_own(
    base: str, method: str, body: str, name: str, runs: bool
) -> None:
    (found,) = sites(OWN.format(base=base, method=method, body=body, name=name))
    assert runs_itself(evaluator(), found) is runs
