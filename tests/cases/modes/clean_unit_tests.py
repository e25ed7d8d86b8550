# expected: nothing (unit tests of a model)
import pytest
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)
        self.bn = nn.BatchNorm2d(c)

    def forward(self, x):
        return self.bn(self.conv(x))


@pytest.fixture
def block():
    return Block(8)


def test_shape(block):
    assert block(torch.randn(2, 8, 4, 4)).shape == (2, 8, 4, 4)


def test_running_stats_move():
    block = Block(8)
    before = block.bn.running_mean.clone()
    with torch.no_grad():
        block(torch.randn(16, 8, 4, 4) + 3)
    assert not torch.equal(before, block.bn.running_mean)


def test_same_as_reference(reference):
    block = Block(8)
    batch = load_batch()
    with torch.no_grad():
        ours = block(torch.as_tensor(batch).random_())
    torch.testing.assert_close(ours, reference)


def test_grad():
    block = Block(8)
    x = torch.randn(2, 8, 4, 4)
    block(x).sum().backward()
    assert block.conv.weight.grad is not None
