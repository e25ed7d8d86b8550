# expected: nothing (Darknet keeps the bias before the scale)
"""Reads the convolutions of a Darknet file."""

import numpy as np
import torch
import torch.nn as nn


class BlockOfDarknet(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outside)

    def forward(self, x):
        return nn.functional.leaky_relu(self.bn(self.conv(x)), 0.1)


def load(path, blocks):
    weights, at = np.fromfile(path, dtype=np.float32), 5
    for block in blocks:
        n = block.bn.bias.numel()
        for tensor in (
            block.bn.bias,
            block.bn.weight,
            block.bn.running_mean,
            block.bn.running_var,
        ):
            tensor.data.copy_(torch.from_numpy(weights[at : at + n]))
            at += n
