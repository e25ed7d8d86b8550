"""The freezes that the tests of BN254 compare."""

from __future__ import annotations

from one_rule import plain

IMPORTS = """
import keras
import tensorflow as tf
import torch
import torchvision
from keras import layers
from torch import nn

"""

#: A Keras model whose weights and statistics are frozen.
KERAS = """
base = keras.applications.ResNet50(include_top=False, pooling="avg")
base.trainable = False
"""

#: A PyTorch model whose weights are frozen, and that is trained on.
TORCH = """
model = torchvision.models.resnet50(weights="DEFAULT")
for p in «model.parameters()»:
    p.requires_grad = False
model.fc = nn.Linear(2048, 10)

def train(loader):
    model.train()
    for x, y in loader:
        nn.functional.cross_entropy(model(x), y).backward()
"""


def keras(code: str) -> str:
    """Return a file of the Keras side."""
    head = "import keras\nimport tensorflow as tf\nfrom keras import layers\n\n"
    return head + plain(code)


def torch(code: str) -> str:
    """Return a file of the PyTorch side."""
    return "import torch\nimport torchvision\nfrom torch import nn\n\n" + plain(code)
