# expected: BN201 on line 29
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
    def __init__(self, net):
        self.net = net

    def predict(self, x):
        net = self.net
        net.eval()
        return net(x).argmax(1)

    def predict_proba(self, x):
        net = self.net
        return net(x).softmax(1)


def classifier():
    return Classifier(Net())
