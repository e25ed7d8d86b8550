# expected: nothing (the method that does not switch is called by the one that does)
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class HitCounter:
    def __init__(self):
        self.counted = Net()

    def evaluate(self, loader):
        self.counted.eval()
        hits = sum((self.predict(x) == y).sum() for x, y in loader)
        self.counted(next(iter(loader))[0])
        return hits

    def predict(self, x):
        return self.counted(x).argmax(1)
