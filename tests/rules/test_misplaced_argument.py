"""BN108: arguments under another framework's name, or in its place."""

from __future__ import annotations

import pytest
from one_rule import run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

KEYWORDS = [
    hazard(
        "epsilon in PyTorch",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(32, «epsilon=1e-3»)
        """,
        "PyTorch's BatchNorm2d has no argument epsilon: it is called eps here",
        advice="call it eps",
        fix="safe: nn.BatchNorm2d(32, epsilon=1e-3) has eps for epsilon",
    ),
    hazard(
        "eps in Keras",
        """
        from tensorflow.keras import layers

        bn = layers.BatchNormalization(axis=1, «eps=1e-5»)
        """,
        "Keras's BatchNormalization has no argument eps: it is called epsilon here",
        fix="safe: layers.BatchNormalization(axis=1, eps=1e-5) has epsilon for eps",
    ),
    hazard(
        "epsilon in MindSpore",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(8, «epsilon=1e-3»)
        """,
        "it is called eps here",
        fix="safe: nn.BatchNorm2d(8, epsilon=1e-3) has eps for epsilon",
    ),
    hazard(
        "slim's decay in PyTorch is converted",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, «decay=0.999»)
        """,
        "has no argument decay: it is called momentum here",
        advice="write momentum=0.001, which is what decay=0.999 means there",
        fix="unsafe: nn.BatchNorm2d(8, decay=0.999) has momentum for decay; "
        "nn.BatchNorm2d(8, decay=0.999) has momentum=0.001",
    ),
    hazard(
        "slim's decay in Keras means the same",
        """
        import keras

        bn = keras.layers.BatchNormalization(«decay=0.999»)
        """,
        "it is called momentum here",
        fix="safe: keras.layers.BatchNormalization(decay=0.999) has momentum for decay",
    ),
    hazard(
        "a decay that is not known has to be checked",
        """
        import torch.nn as nn

        def norm(c, decay):
            return nn.BatchNorm2d(c, «decay=decay»)
        """,
        advice="call it momentum, and check which convention its value is in",
        fix="manual",
    ),
    hazard(
        "momentum in slim may be of either convention",
        """
        import tf_slim as slim

        y = slim.batch_norm(x, «momentum=0.9»)
        """,
        "has no argument momentum: it is called decay here",
        fix="manual",
    ),
    hazard(
        "in a partial",
        """
        from functools import partial

        import torch.nn as nn

        norm = partial(nn.BatchNorm2d, «epsilon=1e-3»)
        bn = norm(8)
        """,
        fix="safe: partial(nn.BatchNorm2d, epsilon=1e-3) has eps for epsilon",
    ),
    hazard(
        "in a subclass",
        """
        import torch.nn as nn

        class Norm(nn.BatchNorm2d):
            def __init__(self, c, epsilon=1e-3):
                super().__init__(c, «epsilon=epsilon»)
        """,
        fix="safe: super().__init__(c, epsilon=epsilon) has eps for epsilon",
    ),
    hazard(
        "rejected by every import candidate",
        """
        try:
            from mindspore import nn
        except ImportError:
            from torch import nn

        bn = nn.BatchNorm2d(8, «epsilon=1e-3»)
        """,
        "it is called eps here",
        fix="safe: nn.BatchNorm2d(8, epsilon=1e-3) has eps for epsilon",
    ),
]

POSITIONS = [
    hazard(
        "momentum and eps in Keras's order",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(32, «0.99», 1e-3)
        """,
        "0.99 lands in eps of BatchNorm2d, whose positional order is "
        "(num_features, eps, momentum, affine, ...)",
        advice="write momentum=0.01, eps=1e-3",
        fix="unsafe: nn.BatchNorm2d(32, 0.99, 1e-3) with momentum=0.01, eps=...",
    ),
    hazard(
        "the line of many generators",
        """
        import torch.nn as nn

        layers = [nn.Linear(100, 128), nn.BatchNorm1d(128, «0.8»)]
        """,
        "0.8 lands in eps of BatchNorm1d",
        advice="write momentum=0.2",
        fix="unsafe: nn.BatchNorm1d(128, 0.8) with momentum=0.2",
    ),
    hazard(
        "a momentum of its own convention keeps its value",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(8, «0.9», 1e-5)
        """,
        "0.9 lands in eps",
        advice="write momentum=0.9, eps=1e-5",
        fix="unsafe: nn.BatchNorm2d(8, 0.9, 1e-5) with momentum=..., eps=...",
    ),
    hazard(
        "a lazy layer takes no channels",
        """
        import torch.nn as nn

        bn = nn.LazyBatchNorm2d(«64»)
        """,
        "64 lands in eps of LazyBatchNorm2d, whose positional order is (eps, momentum",
        advice="leave out 64: LazyBatchNorm2d takes the number of channels from its input",
        fix="manual",
    ),
    hazard(
        "the number of channels in Keras's axis",
        """
        from keras.layers import BatchNormalization

        bn = BatchNormalization(«32»)
        """,
        "32 lands in axis of BatchNormalization, whose positional order is (axis, momentum",
        advice="leave out 32",
        fix="manual",
    ),
    hazard(
        "the momentum in Keras's axis",
        """
        from keras.layers import BatchNormalization

        bn = BatchNormalization(«0.9»)
        """,
        "0.9 lands in axis of BatchNormalization",
        advice="write momentum=0.9",
        fix="unsafe: BatchNormalization(0.9) with momentum=...",
    ),
    hazard(
        "eps where momentum stands",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, 1e-5, «1e-5»)
        """,
        "1e-05 lands in momentum",
        fix="manual",
    ),
    hazard(
        "a constant of Keras's convention",
        """
        import torch.nn as nn

        MOMENTUM = 0.99
        bn = nn.BatchNorm2d(8, «MOMENTUM»)
        """,
        "0.99 lands in eps",
        advice="write momentum=0.01",
        fix="unsafe: nn.BatchNorm2d(8, MOMENTUM) with momentum=0.01",
    ),
    hazard(
        "an unknown argument between",
        """
        import torch.nn as nn

        def norm(c, momentum):
            return nn.BatchNorm2d(c, «0.99», momentum)
        """,
        advice="write the arguments as keywords (eps=, momentum=)",
        fix="manual",
    ),
]


NAMES = [
    hazard(
        "a momentum in the place of eps, by its name",
        """
        import torch.nn as nn

        def norm(c, bn_momentum=0.9):
            return nn.BatchNorm2d(c, «1 - bn_momentum»)
        """,
        "0.1 lands in eps of BatchNorm2d",
        kind="error medium",
        advice="write momentum=1 - bn_momentum",
        fix="unsafe: nn.BatchNorm2d(c, 1 - bn_momentum) with momentum=...",
    ),
    hazard(
        "an eps in the place of momentum, by its name",
        """
        from keras.layers import BatchNormalization

        BN_EPSILON = 0.001
        bn = BatchNormalization(3, «BN_EPSILON»)
        """,
        "0.001 lands in momentum of BatchNormalization",
        fix="manual",
    ),
]

SWITCHES = [
    hazard(
        "a switch in the place of eps",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(16, «False»)
        """,
        "False lands in eps of BatchNorm2d",
        fix="manual",
        advice="write the arguments as keywords",
    ),
    hazard(
        "a switch in the place of momentum",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(16, 1e-5, «True»)
        """,
        "True lands in momentum of BatchNorm2d",
        fix="manual",
        advice="write the arguments as keywords",
    ),
    hazard(
        "a bare 0 in the place of eps",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(16, «0»)
        """,
        "0 lands in eps of BatchNorm2d",
        fix="manual",
        advice="write the arguments as keywords",
    ),
]


@pytest.mark.parametrize("case", KEYWORDS + POSITIONS + NAMES + SWITCHES)
def test_misplaced_argument_is_reported(case: Hazard) -> None:
    check_hazard("BN108", case)


CLEAN = sourced(
    """
--- a switch by its name
import torch.nn as nn
bn = nn.BatchNorm2d(32, affine=False)
--- a switch in its place
import torch.nn as nn
bn = nn.BatchNorm2d(32, 1e-5, 0.1, False)
--- an eps of 0 by its name
import torch.nn as nn
bn = nn.BatchNorm2d(32, eps=0)
--- a switch of which nothing is known
import torch.nn as nn
def norm(c, flag):
    return nn.BatchNorm2d(c, flag)
--- a function that takes any keyword
import mxnet as mx
bn = mx.sym.BatchNorm(data, epsilon=1e-3, decay=0.9)
--- PyTorch's order
import torch.nn as nn
bn = nn.BatchNorm2d(32, 1e-3, 0.01)
--- PyTorch's names
import torch.nn as nn
bn = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01, affine=True, track_running_stats=True)
--- Keras's order
from keras.layers import BatchNormalization
bn = BatchNormalization(-1, 0.99, 1e-3)
--- Keras's names
import keras
bn = keras.layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5, name="bn")
--- an axis within the rank of a tensor
from keras.layers import BatchNormalization
a, b = BatchNormalization(1), BatchNormalization(4)
--- names in their places
import torch.nn as nn
def norm(c, eps=1e-3, momentum=0.01):
    return nn.BatchNorm2d(c, eps, momentum)
--- an eps, though it is called momentum
import torch.nn as nn
momentum = 1e-5
bn = nn.BatchNorm2d(8, momentum)
--- both words in one name
import torch.nn as nn
EPS_BESIDE_MOMENTUM = 0.05
bn = nn.BatchNorm2d(8, EPS_BESIDE_MOMENTUM)
--- a momentum, though it is called eps
import torch.nn as nn
EPS = 0.05
bn = nn.BatchNorm2d(8, 1e-5, EPS)
--- names in Keras's order
from keras.layers import BatchNormalization
BN_MOMENTUM, EPS = 0.9, 1e-5
bn = BatchNormalization(3, BN_MOMENTUM, EPS)
--- slim's order
import tf_slim as slim
y = slim.batch_norm(x, 0.999)
--- a class of the project that takes the name
import torch.nn as nn

class BatchNorm2d(nn.Module):
    def __init__(self, c, epsilon=1e-5):
        super().__init__()

bn = BatchNorm2d(32, epsilon=1e-3)
--- a subclass that takes the name and translates it
import torch.nn as nn

class Norm(nn.BatchNorm2d):
    def __init__(self, c, epsilon=1e-3):
        super().__init__(c, eps=epsilon)

bn = Norm(32, epsilon=1e-5)
--- one import candidate takes the keyword
try:
    from keras.layers import BatchNormalization as Norm
except ImportError:
    from torch.nn import BatchNorm2d as Norm
bn = Norm(epsilon=1e-3)
--- one import candidate is not known
try:
    from apex.parallel import SyncBatchNorm as Norm
except ImportError:
    from torch.nn import BatchNorm2d as Norm
bn = Norm(8, epsilon=1e-3)
--- a caller may give another class, in whose order the arguments stand
import torch.nn as nn
from mylib import Norm

def block(c, own):
    norm = Norm if own else nn.BatchNorm2d
    return norm(c, 0.99, 1e-3)
--- a keyword that no framework has for batch normalisation
import torch.nn as nn
bn = nn.BatchNorm2d(8, verbose=True)
--- keywords that are not known
import torch.nn as nn

def norm(c, options):
    return nn.BatchNorm2d(c, **options)
--- an unpacked sequence of arguments
import torch.nn as nn

def norm(args):
    return nn.BatchNorm2d(*args, 0.99)
--- an implausible value under its own name is no slip of position
import torch.nn as nn
bn = nn.BatchNorm2d(8, eps=0.5)
--- a tiny momentum under its own name
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=1e-5)
--- zero as a positional momentum is BN106's
import torch.nn as nn
bn = nn.BatchNorm2d(8, 1e-5, 0.0)
--- None as a positional momentum
import torch.nn as nn
bn = nn.BatchNorm2d(8, 1e-5, None)
--- a large eps that is still one
import torch.nn as nn
bn = nn.BatchNorm2d(8, 0.1, 0.1)
--- what follows the value by a star may be its right place
import torch.nn as nn
def norm(*rest):
    return nn.BatchNorm2d(*rest, 0.9)
--- and what follows may be a name for it
import torch.nn as nn
def norm(*rest):
    return nn.BatchNorm2d(64, 0.9, *rest)
--- a lazy layer in its own order
import torch.nn as nn
bn = nn.LazyBatchNorm2d(1e-3, 0.01)
--- weight standardisation
import torch.nn.functional as F

def forward(self, mean, var):
    return F.batch_norm(self.weight, mean, var, None, None, True, 0.0, 0.5)
--- another class altogether
import torch.nn as nn
gn = nn.GroupNorm(8, 64)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN108", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(KEYWORDS + POSITIONS)


@pytest.mark.parametrize("rule", ["BN101", "BN103", "BN106"])
def test_it_is_the_only_finding_about_its_argument(rule: str) -> None:
    code = """
    import torch.nn as nn
    bn = nn.BatchNorm2d(32, 0.99, 1.0)
    """
    assert len(run("BN108", code, from_family="keras")) == 1
    assert [f for f in run(rule, code, from_family="keras") if f.argument == "eps"] == []


def test_nothing_else_fires_on_what_the_rewrite_gives() -> None:
    """``BatchNorm2d(32, 0.99, 1e-3)`` becomes ``momentum=0.01, eps=1e-3``."""
    code = """
    import torch.nn as nn
    bn = nn.BatchNorm2d(32, momentum=0.01, eps=1e-3)
    """
    assert [run(rule, code, from_family="keras") for rule in ("BN101", "BN102", "BN103")] == [
        []
    ] * 3
