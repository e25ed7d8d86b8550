# expected: nothing (a loader may give a model in inference mode)
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

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_saved(self, path, x):
        self.net = torch.load(path)
        return self.net(x).argmax(1)
