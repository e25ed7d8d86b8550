# expected: nothing (the tensor of another function is filled, the one of the trial is random)
import torch
from torch import nn


def drop(x, keep):
    x.div_(keep)
    x.mul_(torch.rand_like(x) < keep)
    return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return drop(self.bn(self.conv(x)), 0.9)


def test():
    net = Net()
    x = torch.randn(2, 3, 32, 32)
    y = net(x)
    print(y.shape)


if __name__ == "__main__":
    test()
