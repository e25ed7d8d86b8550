"""Convert the first block of a detector from Keras to PyTorch and compare what both compute.

The block folds 2x2 pixels into channels, convolves, normalises and applies a leaky ReLU.
"""

import numpy as np
import tensorflow as tf
import torch
from tensorflow.keras import Model, layers
from torch import nn

CHANNELS = 32
SLOPE = 0.1


def keras_block():
    """Images in NHWC order to the outputs of convolution, normalisation and activation."""
    images = layers.Input((None, None, 3))
    folded = layers.Lambda(lambda x: tf.nn.space_to_depth(x, 2))(images)
    convolved = layers.Conv2D(CHANNELS, 3, padding="same", use_bias=False, name="conv")(folded)
    normalised = layers.BatchNormalization(name="bn")(convolved)
    activated = layers.LeakyReLU(SLOPE, name="act")(normalised)
    return Model(images, [convolved, normalised, activated])


class TorchBlock(nn.Module):
    """The same for images in NCHW order."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(12, CHANNELS, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(CHANNELS, momentum=0.01)
        self.act = nn.LeakyReLU(SLOPE)

    def forward(self, images):
        top, bottom = images[:, :, ::2], images[:, :, 1::2]
        quarters = [top[..., ::2], top[..., 1::2], bottom[..., ::2], bottom[..., 1::2]]
        convolved = self.conv(torch.cat(quarters, dim=1))
        normalised = self.bn(convolved)
        return convolved, normalised, self.act(normalised)


def random_weights():
    """One image and the five weight arrays of the block, in PyTorch's layout."""
    np.random.seed(0)
    image = np.random.randint(0, 255, (1, 12, 14, 3)).astype(np.float32)
    return {
        "image": image / 255 - 0.5,
        "kernel": np.random.rand(CHANNELS, 12, 3, 3).astype(np.float32) * 0.1,
        "gamma": np.random.rand(CHANNELS).astype(np.float32) * 0.1,
        "beta": np.random.rand(CHANNELS).astype(np.float32),
        "mean": np.random.rand(CHANNELS).astype(np.float32),
        "variance": np.random.rand(CHANNELS).astype(np.float32) * 0.1,
    }


def load_keras(block, weights):
    block.get_layer("conv").set_weights([weights["kernel"].transpose(2, 3, 1, 0)])
    block.get_layer("bn").set_weights(
        [weights["gamma"], weights["beta"], weights["mean"], weights["variance"]]
    )


def load_torch(block, weights):
    with torch.no_grad():
        block.conv.weight.copy_(torch.from_numpy(weights["kernel"]))
        block.bn.weight.copy_(torch.from_numpy(weights["gamma"]))
        block.bn.bias.copy_(torch.from_numpy(weights["beta"]))
        block.bn.running_mean.copy_(torch.from_numpy(weights["mean"]))
        block.bn.running_var.copy_(torch.from_numpy(weights["variance"]))


def compare(port):
    """Largest absolute difference after each of the three layers."""
    weights = random_weights()
    reference = keras_block()
    load_keras(reference, weights)
    load_torch(port, weights)

    port.eval()
    with torch.no_grad():
        actual = port(torch.from_numpy(weights["image"].transpose(0, 3, 1, 2).copy()))
    expected = reference(weights["image"], training=False)
    return [
        float(np.abs(a.numpy().transpose(0, 2, 3, 1) - e.numpy()).max())
        for a, e in zip(actual, expected)
    ]


if __name__ == "__main__":
    names = ("convolution", "normalisation", "activation")
    for layer, difference in zip(names, compare(TorchBlock())):
        print(f"{layer:14} {difference:.3g}")
