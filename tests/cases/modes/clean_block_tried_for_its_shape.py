# expected: nothing (a function named for a test, beside the model, asks for shapes alone)
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def test_block():
    x, _ = first_batch()
    block = Block(8)
    print(block(x).shape)


def test_two_blocks():
    x, _ = first_batch()
    block = Block(16)
    y = block(x)
    print(y.shape, y.size(1))


if __name__ == "__main__":
    test_block()
    test_two_blocks()
