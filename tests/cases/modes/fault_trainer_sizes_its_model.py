# expected: BN202 on line 27
import torch
from torch import nn


class CNN(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.norm(x)


class Trainer:
    def __init__(self, args):
        self.args = args
        self.net = CNN(self.args.width)

    def fit(self, loader, optimizer):
        self.net.train()
        for epoch in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.mse_loss(self.net(x), y).backward()
                optimizer.step()
            self.net.eval()
            with torch.no_grad():
                print(self.net(x).sum().item())


Trainer(args).fit(loader, optimizer)
