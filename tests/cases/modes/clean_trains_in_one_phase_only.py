# expected: nothing (no other phase is known to be run)
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


def step(model, x, y, optimizer, training=True):
    loss = F.cross_entropy(model(x), y)
    if training:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


model = Net()
optimizer = optim.Adam(model.parameters())
for x, y in loader:
    print(step(model, x, y, optimizer))
