"""BN105: batch statistics in inference."""

from __future__ import annotations

import pytest
from one_rule import all_rules, plain
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

from bnlint.engine.linter import Options, check

HAZARD = [
    hazard(
        "statistics switched off, which is information only",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64, track_running_stats=«False»)
        """,
        "track_running_stats=False makes BatchNorm2d normalise with the batch in inference too",
        kind="info high",
        advice="remove track_running_stats",
        fix="unsafe: nn.BatchNorm2d(64, track_running_stats=False) less track_running_stats",
    ),
    hazard(
        "a declared source that tracks them makes it a warning",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64, track_running_stats=«False»)
        """,
        "; the Keras reference uses running statistics there",
        kind="warning high",
        fix="unsafe: nn.BatchNorm2d(64, track_running_stats=False) less track_running_stats",
        from_family="keras",
    ),
    hazard(
        "so does a pair that tracks them",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization()
        b = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01, track_running_stats=«False»)
        """,
        "the Keras reference uses running statistics there (line 4)",
        kind="warning high",
        fix="unsafe: nn.BatchNorm2d(8, eps=1e-3, momentum=0.01, track_running_stats=False) "
        "less track_running_stats",
    ),
    hazard(
        "a positional flag",
        """
        import torch.nn as nn

        bn = nn.BatchNorm1d(64, 1e-5, 0.1, True, «False»)
        """,
        kind="info high",
    ),
    hazard(
        "MindSpore's flag is the other way round, and updates in inference",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(64, use_batch_statistics=«True»)
        """,
        "use_batch_statistics=True makes BatchNorm2d normalise with the batch in inference too, "
        "and updates its running statistics, which nothing uses",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2d(64, use_batch_statistics=True) less use_batch_statistics",
    ),
    hazard(
        "so is Paddle's",
        """
        import paddle

        bn = paddle.nn.BatchNorm2D(64, use_global_stats=«False»)
        """,
        "use_global_stats=False makes BatchNorm2D normalise with the batch in inference too, "
        "and updates its running statistics, which nothing uses",
        kind="warning medium",
        fix="unsafe: paddle.nn.BatchNorm2D(64, use_global_stats=False) less use_global_stats",
    ),
    hazard(
        "a class of an ordinary network",
        """
        from mindspore import nn

        class Stem(nn.Cell):
            def __init__(self, c):
                super().__init__()
                self.bn = nn.BatchNorm2d(num_features=c, use_batch_statistics=«True»)
        """,
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2d(num_features=c, use_batch_statistics=True) less "
        "use_batch_statistics",
    ),
    hazard(
        "an instance norm may be meant",
        """
        from mindspore import nn

        norm = nn.BatchNorm2d(64, affine=False, use_batch_statistics=«True»)
        """,
        kind="info high",
        fix="unsafe: nn.BatchNorm2d(64, affine=False, use_batch_statistics=True) less "
        "use_batch_statistics",
    ),
    hazard(
        "so may a generator that samples",
        """
        from mindspore import nn

        class Generator(nn.Cell):
            def __init__(self, c):
                super().__init__()
                self.bn = nn.BatchNorm2d(c, use_batch_statistics=«True»)
        """,
        kind="info high",
        fix="unsafe: nn.BatchNorm2d(c, use_batch_statistics=True) less use_batch_statistics",
    ),
    hazard(
        "what a caller may override is no mistake of the layer",
        """
        from mindspore import nn

        def norm(c, batch=«True»):
            return nn.BatchNorm2d(c, use_batch_statistics=batch)
        """,
        kind="info medium",
        fix="unsafe: nn.BatchNorm2d(c, use_batch_statistics=batch) less use_batch_statistics",
    ),
    hazard(
        "a flag that a caller may override",
        """
        import torch.nn as nn

        def norm(c, track=«False»):
            return nn.BatchNorm2d(c, track_running_stats=track)
        """,
        "(the default of parameter track of norm)",
        kind="info medium",
        fix="unsafe: nn.BatchNorm2d(c, track_running_stats=track) less track_running_stats",
    ),
    hazard(
        "a partial",
        """
        from functools import partial

        import torch.nn as nn

        norm = partial(nn.BatchNorm2d, track_running_stats=«False»)
        bn = norm(8)
        """,
        kind="info high",
        fix="unsafe: partial(nn.BatchNorm2d, track_running_stats=False) less track_running_stats",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_batch_statistics_in_inference_are_reported(case: Hazard) -> None:
    check_hazard("BN105", case)


CLEAN = sourced(
    """
--- a class that normalises by a method of its own
import torch.nn as nn
class Norm(nn.BatchNorm2d):
    def forward(self, x):
        return x / x.std()
bn = Norm(8, track_running_stats=False)
--- the default tracks
import torch.nn as nn
bn = nn.BatchNorm2d(64)
--- tracking written out
import torch.nn as nn
bn = nn.BatchNorm2d(64, track_running_stats=True)
--- MindSpore's default follows the mode
from mindspore import nn
bn = nn.BatchNorm2d(64, use_batch_statistics=None)
--- MindSpore's flag for running statistics is BN110's
from mindspore import nn
bn = nn.BatchNorm2d(64, use_batch_statistics=False)
--- the flag is not known
import torch.nn as nn

def norm(c, track):
    return nn.BatchNorm2d(c, track_running_stats=track)
--- set on a finished layer, which does something else
import torch.nn as nn
bn = nn.BatchNorm2d(64)
bn.track_running_stats = False
--- a function without buffers is an expression of its own
import torch.nn.functional as F

def norm(x):
    return F.batch_norm(x, None, None, training=True)
--- MAML needs batch statistics
import torch.nn as nn

class MAMLLearner(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(64, track_running_stats=False)
--- so do other meta-learners
import torch.nn as nn

def meta_block(c):
    return nn.BatchNorm2d(c, track_running_stats=False)
--- adaptive batch normalisation
import torch.nn as nn

class AdaBNLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bn = nn.BatchNorm2d(c, track_running_stats=False)
--- MindSpore's flag in meta-learning
from mindspore import nn

class MetaNet(nn.Cell):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(64, use_batch_statistics=True)
--- an instance norm made of MindSpore's batch norm
from mindspore import nn

class InstanceNorm2d(nn.Cell):
    def __init__(self, c):
        super().__init__()
        self.bn = nn.BatchNorm2d(c, use_batch_statistics=True)
--- MindSpore's flag is not known
from mindspore import nn

def norm(c, batch):
    return nn.BatchNorm2d(c, use_batch_statistics=batch)
--- Paddle's flag that follows the mode
import paddle
bn = paddle.nn.BatchNorm2D(64, use_global_stats=None)
--- Paddle's flag for running statistics is BN110's
import paddle
bn = paddle.nn.BatchNorm2D(64, use_global_stats=True)
--- an instance norm is no batch norm
import torch.nn as nn
n = nn.InstanceNorm2d(64, track_running_stats=False)
--- a Keras layer has no such flag
import keras
bn = keras.layers.BatchNormalization()
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN105", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)


@pytest.mark.parametrize(
    ("from_family", "shown"),
    [
        pytest.param(None, [], id="not shown without a reference, unless it is asked for"),
        pytest.param("keras", ["BN105"], id="shown against a reference that tracks"),
    ],
)
def test_information_is_off_until_selected(from_family: str | None, shown: list[str]) -> None:
    code = plain(
        """
        import torch.nn as nn
        bn = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01, track_running_stats=False)
        """
    )
    rules = all_rules()
    options = Options(frozenset(r.code for r in rules), from_family=from_family)
    result = check(code.encode(), "x.py", rules, options)
    assert [f.code for f in result.findings] == shown
