# expected: nothing (a run whose result is thrown away collects statistics)
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
for x, y in DataLoader(train_data, 32):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()

for x, _ in DataLoader(test_data, 32):
    net(x)
torch.save(net.state_dict(), "adapted.pt")
