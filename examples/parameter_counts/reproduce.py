"""Count the parameters of both models, then train each for one step."""

import json
import sys

import numpy as np
import torch

from keras_model import build_classifier
from torch_model import Classifier


def size(arrays):
    return sum(int(np.prod(array.shape)) for array in arrays)


def keras_figures():
    model = build_classifier()
    conv, norm = model.layers[1], model.layers[2]
    figures = {
        "Keras, total": (13_108_758, model.count_params()),
        "Keras, trainable": (13_108_694, size(model.trainable_weights)),
        "Keras, BatchNormalization": (128, norm.count_params()),
        "Keras, BatchNormalization, non-trainable": (64, size(norm.non_trainable_weights)),
    }
    # A convolution that answers 1 everywhere: the batch mean is 1, the moving mean starts at 0.
    kernel, bias = conv.get_weights()
    conv.set_weights([np.zeros_like(kernel), np.ones_like(bias)])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.train_on_batch(np.zeros((2, 64, 64, 1), np.float32), np.zeros(2, np.int32))
    figures["Keras, moving mean after one step"] = (None, float(norm.moving_mean.numpy()[0]))
    return figures


def torch_figures():
    model = Classifier()
    conv, _, norm = model.features
    figures = {
        "PyTorch, total": (13_108_694, size(model.parameters())),
        "PyTorch, BatchNorm2d": (64, size(norm.parameters())),
    }
    torch.nn.init.zeros_(conv.weight)
    torch.nn.init.ones_(conv.bias)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    logits = model(torch.zeros(2, 1, 64, 64))
    torch.nn.functional.cross_entropy(logits, torch.zeros(2, dtype=torch.long)).backward()
    optimizer.step()
    figures["PyTorch, running mean after one step"] = (None, float(norm.running_mean[0]))
    return figures


def measure():
    """Name of each figure to (published, measured)."""
    return {**keras_figures(), **torch_figures()}


def report(figures):
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures))
        return
    print(f"{'':42}{'published':>14}{'measured':>14}")
    for name, (published, measured) in figures.items():
        shown = "" if published is None else f"{published:,}"
        print(f"{name:42}{shown:>14}{round(measured, 7):>14,}")


if __name__ == "__main__":
    report(measure())
