# expected: nothing (the one that is made is switched at once)
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def score(args, loader):
    model = torch.load(args.resume) if args.resume else Net().eval()
    with torch.no_grad():
        for x, y in loader:
            print((model(x).argmax(1) == y).sum())
