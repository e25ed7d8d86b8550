# expected: nothing (what the loop runs over may be training data)
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


net = Net()
optimizer = optim.SGD(net.parameters(), lr=0.01)
train_loader, test_loader = DataLoader(train_data, 32), DataLoader(test_data, 32)

for loader in (train_loader, test_loader):
    for x, y in loader:
        scores = net(x)
        print(F.cross_entropy(scores, y).item())

for x, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
