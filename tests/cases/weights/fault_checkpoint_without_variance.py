# expected: BN404 on line 24
"""Reads a TensorFlow checkpoint into a PyTorch stem."""

import tensorflow as tf
import torch
import torch.nn as nn


class StemOfCheckpoint(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(64, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def convert(path, stem):
    reader = tf.train.load_checkpoint(path)
    scope = "resnet/conv1/BatchNorm"
    stem.bn.weight.data = torch.from_numpy(reader.get_tensor(scope + "/gamma"))
    stem.bn.bias.data = torch.from_numpy(reader.get_tensor(scope + "/beta"))
    stem.bn.running_mean.data = torch.from_numpy(reader.get_tensor(scope + "/moving_mean"))
    return stem
