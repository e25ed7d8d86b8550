# expected: BN201 on line 31
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


class Classifier:
    def __init__(self):
        self.net = Net()

    def _scores(self, x):
        with torch.no_grad():
            return self.net(x)

    def predict(self, x):
        self.net.eval()
        return self._scores(x).argmax(1)

    def predict_proba(self, x):
        return self._scores(x).softmax(1)
