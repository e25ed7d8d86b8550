"""BN110: running statistics in training."""

from __future__ import annotations

import pytest
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

HAZARD = [
    hazard(
        "MindSpore's flag in a file that trains",
        """
        import mindspore as ms
        from mindspore import nn

        class Net(nn.Cell):
            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm2d(3, use_batch_statistics=«False»)

        net = Net()
        net.set_train()
        optimizer = nn.SGD(net.trainable_params())
        """,
        "use_batch_statistics=False keeps BatchNorm2d on its running statistics while this file "
        "trains it",
        kind="error medium",
        advice="remove use_batch_statistics",
        fix="unsafe: nn.BatchNorm2d(3, use_batch_statistics=False) less use_batch_statistics",
    ),
    hazard(
        "a constant",
        """
        from mindspore import nn

        USE_BATCH = False
        net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=«USE_BATCH»))
        net.set_train(True)
        """,
        kind="error medium",
        fix="unsafe: nn.BatchNorm2d(3, use_batch_statistics=USE_BATCH) less use_batch_statistics",
    ),
    hazard(
        "gradients are taken",
        """
        import mindspore as ms
        from mindspore import nn

        net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=«False»))
        step = ms.value_and_grad(net, None, net.trainable_params())
        """,
        kind="error medium",
        fix="unsafe: nn.BatchNorm2d(3, use_batch_statistics=False) less use_batch_statistics",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_running_statistics_in_training_are_reported(case: Hazard) -> None:
    check_hazard("BN110", case)


CLEAN = sourced(
    """
--- the default follows the mode
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3))
net.set_train()
--- written out
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=None))
net.set_train()
--- batch statistics are BN105's
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=True))
net.set_train()
--- nothing in the file trains
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=False))
y = net(x)
--- switched to inference
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=False))
net.set_train(False)
--- a frozen backbone
from mindspore import nn

class FrozenBackbone(nn.Cell):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3, use_batch_statistics=False)

net = FrozenBackbone()
net.set_train()
--- a pretrained backbone
from mindspore import nn

def pretrained_backbone():
    return nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=False))

net = pretrained_backbone()
net.set_train()
--- the file freezes parameters
from mindspore import nn
net = nn.SequentialCell(nn.BatchNorm2d(3, use_batch_statistics=False))
for p in net.get_parameters():
    p.requires_grad = False
net.set_train()
--- the flag is not known
from mindspore import nn

def norm(use):
    return nn.BatchNorm2d(3, use_batch_statistics=use)

net = norm(None)
net.set_train()
--- PyTorch has no such flag
import torch.nn as nn
net = nn.Sequential(nn.BatchNorm2d(3))
net.train()
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN110", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)
