# expected: BN401 on line 23
"""Copies a Keras encoder into its PyTorch port, block by block."""

import sys

import torch
import torch.nn as nn
from tensorflow import keras


class EncoderByIndex(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)))


def load_norm(layer, norm):
    with torch.no_grad():
        arrays = layer.get_weights()
        norm.weight.copy_(torch.from_numpy(arrays[0]))
        norm.bias.copy_(torch.from_numpy(arrays[1]))
        norm.running_var.copy_(torch.from_numpy(arrays[2]))
        norm.running_mean.copy_(torch.from_numpy(arrays[3]))


def main(source, target):
    reference = keras.models.load_model(source)
    port = EncoderByIndex()
    port.conv.weight.data = torch.from_numpy(
        reference.get_layer("conv").get_weights()[0].transpose(3, 2, 0, 1)
    )
    load_norm(reference.get_layer("bn"), port.norm)
    torch.save(port.state_dict(), target)


if __name__ == "__main__":
    main(*sys.argv[1:])
