# expected: BN201 on line 34
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


parser = argparse.ArgumentParser()
parser.add_argument("--resume")
args = parser.parse_args()

model = Net()
if args.resume:
    model = torch.load(args.resume)
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(10):
    for x, y in DataLoader([]):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        for x, y in DataLoader([]):
            print((model(x).argmax(1) == y).sum())
