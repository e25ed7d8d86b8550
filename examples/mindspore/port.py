"""The classifier of torch_reference.py in MindSpore."""

import mindspore as ms
import numpy as np
from mindspore import nn


class Classifier(nn.Cell):
    def __init__(self, classes=2):
        super().__init__()
        # momentum weighs the old value here: 0.9 is what PyTorch calls 0.1
        self.norm = nn.BatchNorm2d(3, eps=1e-5, momentum=0.9)
        self.flatten = nn.Flatten()
        self.head = nn.Dense(3 * 2 * 2, classes)

    def construct(self, images):
        features = self.norm(images)
        return self.head(self.flatten(features)), features


def train(images, labels, steps=1):
    """Train on one batch; the normalised batch and the running statistics after the last step."""
    model = Classifier()
    model.set_train()
    optimizer = nn.SGD(model.trainable_params(), learning_rate=0.1)
    criterion = nn.CrossEntropyLoss()

    def forward(images, labels):
        logits, features = model(images)
        return criterion(logits, labels), features

    gradient = ms.value_and_grad(forward, None, optimizer.parameters, has_aux=True)
    images, labels = ms.Tensor(images), ms.Tensor(labels)
    for _ in range(steps):
        (_, features), gradients = gradient(images, labels)
        optimizer(gradients)
    norm = model.norm
    return features.asnumpy(), norm.moving_mean.asnumpy(), norm.moving_variance.asnumpy()


if __name__ == "__main__":
    batch = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 2, 2) / 10
    for array in train(batch, np.zeros(1, np.int32)):
        print(array)
