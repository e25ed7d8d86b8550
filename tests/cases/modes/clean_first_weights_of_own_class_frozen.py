# expected: nothing (which layers the first three weights are of is not known)
import torch
import torchvision
from torch import nn, optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))
        self.body = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())

    def forward(self, x):
        return self.body(self.stem(x)).mean((2, 3))


model = Net()
for param in list(model.parameters())[:3]:
    param.requires_grad = False
optimizer = optim.Adam(model.parameters())

model.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
