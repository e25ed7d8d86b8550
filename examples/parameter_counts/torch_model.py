"""A small classifier for 64x64 grey images."""

import torch
from torch import nn


class Classifier(nn.Module):
    """Images in NCHW order, shape (N, 1, 64, 64), to ten logits."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(32),
        )
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(32 * 64 * 64, 100)
        self.head = nn.Linear(100, 10)

    def forward(self, images):
        x = self.flatten(self.features(images))
        x = torch.relu(self.hidden(x))
        return self.head(x)  # CrossEntropyLoss applies the softmax


if __name__ == "__main__":
    model = Classifier()
    print(model)
    print("parameters:", sum(p.numel() for p in model.parameters()))
