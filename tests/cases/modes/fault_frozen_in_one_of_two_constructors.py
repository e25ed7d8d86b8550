# expected: BN252 on line 21
import torch
from torch import nn


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        self.rest_statistics()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))

    def rest_statistics(self):
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                # its statistics are those of ImageNet

                module.eval()


class Other:
    def prepare(self):
        self.rest_statistics()

    def rest_statistics(self):
        self.frozen = True


net = Frozen()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
net.train()
for x, y in loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()
