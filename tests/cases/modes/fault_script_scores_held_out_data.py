# expected: BN201 on line 28
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


model = Net()
optimizer = optim.SGD(model.parameters(), lr=0.1)
for epoch in range(30):
    for x, y in DataLoader(train_set, 64):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

hits = 0
for x, y in DataLoader(test_set, 64):
    hits += (model(x).argmax(1) == y).sum().item()
print("accuracy", hits / len(test_set))
