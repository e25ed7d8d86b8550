"""BN106: statistics that never move, or hold the last batch."""

from __future__ import annotations

import pytest
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

NEVER = "the running statistics never move from their initial values"
LAST = "the running statistics are those of the last batch"

HAZARD = [
    hazard(
        "zero in PyTorch",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64, momentum=«0.0»)
        """,
        "momentum=0.0 of BatchNorm2d",
        NEVER,
        kind="warning high",
        advice="put it into inference mode",
    ),
    hazard(
        "a whole zero",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64, momentum=«0»)
        """,
        NEVER,
        kind="warning high",
    ),
    hazard(
        "one in PyTorch",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64, momentum=«1.0»)
        """,
        LAST,
        kind="warning high",
    ),
    hazard(
        "one in Keras",
        """
        from tensorflow.keras.layers import BatchNormalization

        y = BatchNormalization(momentum=«1.0»)(x)
        """,
        NEVER,
        kind="warning high",
    ),
    hazard(
        "zero in Keras",
        """
        from tensorflow.keras.layers import BatchNormalization

        y = BatchNormalization(momentum=«0.0»)(x)
        """,
        LAST,
        kind="warning high",
    ),
    hazard(
        "one in MindSpore's nn",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(64, momentum=«1.0»)
        """,
        NEVER,
        kind="warning high",
    ),
    hazard(
        "a parameter's default",
        """
        import torch.nn as nn

        def norm(c, momentum=«0.0»):
            return nn.BatchNorm2d(c, momentum=momentum)
        """,
        "(the default of parameter momentum of norm)",
        kind="warning medium",
    ),
    hazard(
        "set after construction",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(64)
        bn.momentum = «0.0»
        """,
        NEVER,
        kind="warning high",
    ),
    hazard(
        "a function in training mode",
        """
        import torch.nn.functional as F

        def norm(x, mean, var):
            return F.batch_norm(x, mean, var, training=True, momentum=«0.0»)
        """,
        "momentum=0.0 of batch_norm",
        kind="warning high",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_degenerate_momentum_is_reported(case: Hazard) -> None:
    check_hazard("BN106", case)


CLEAN = sourced(
    """
--- a momentum between
import torch.nn as nn
bn = nn.BatchNorm2d(64, momentum=0.01)
--- left at its default
import torch.nn as nn
bn = nn.BatchNorm2d(64)
--- the cumulative average
import torch.nn as nn
bn = nn.BatchNorm2d(64, momentum=None)
--- no statistics are kept
import torch.nn as nn
bn = nn.BatchNorm2d(64, momentum=0.0, track_running_stats=False)
--- buffers of None
import torch.nn.functional as F

def norm(x):
    return F.batch_norm(x, None, None, training=True, momentum=0.0)
--- weight standardisation
import torch.nn.functional as F

def forward(self, x, mean, var):
    weight = F.batch_norm(
        self.weight.reshape(1, self.out_channels, -1), mean, var, training=True, momentum=0.0
    )
    return F.conv2d(x, weight)
--- a functional call in inference
import torch.nn.functional as F

def norm(x, mean, var):
    return F.batch_norm(x, mean, var, momentum=0.0)
--- statistics are recomputed, for which momentum is set for a while
import torch.nn as nn

def recompute(model, loader):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()

bn = nn.BatchNorm2d(8, momentum=1.0)
--- stochastic weight averaging recomputes them
import torch.nn as nn
from torch.optim.swa_utils import update_bn
bn = nn.BatchNorm2d(8, momentum=1.0)
update_bn(loader, bn)
--- inside a function that freezes
import torch.nn as nn

def freeze_bn(model):
    model.bn = nn.BatchNorm2d(8, momentum=0.0)
--- inside a frozen class
import torch.nn as nn

class FrozenNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.bn = nn.BatchNorm2d(c, momentum=0.0)
--- computed
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=1 - 1.0)
--- a truth value is no number
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=False)
--- zero or something else
import torch.nn as nn

def norm(c, freeze):
    return nn.BatchNorm2d(c, momentum=0.0 if freeze else 0.1)
--- MindSpore's flag for running statistics keeps them where they are
from mindspore import nn
bn = nn.BatchNorm2d(64, momentum=1.0, use_batch_statistics=False)
--- an optimiser without momentum
import torch
import torch.nn as nn
bn = nn.BatchNorm2d(8)
opt = torch.optim.SGD(bn.parameters(), lr=0.1, momentum=0)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN106", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)
