# expected: nothing (both phases train: one the head, one everything)
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


def fit(model, loader, optimizers):
    for phase in ("head", "all"):
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            if phase == "head":
                optimizers["head"].zero_grad()
                loss.backward()
                optimizers["head"].step()
            else:
                optimizers["all"].zero_grad()
                loss.backward()
                optimizers["all"].step()


model = Net()
fit(model, loader, optimizers)
