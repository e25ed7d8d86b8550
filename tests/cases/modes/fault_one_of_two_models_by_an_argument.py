# expected: BN201 on line 40
import argparse

import torch
from torch import nn


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x)).mean((2, 3))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


def build(name):
    if name == "deep":
        return Deep()
    return Small()


parser = argparse.ArgumentParser()
parser.add_argument("model")
args = parser.parse_args()
net = build(args.model)
net.load_state_dict(torch.load("weights.pt"))
for image in torch.load("images.pt"):
    with torch.no_grad():
        print(net(image[None]).argmax())
