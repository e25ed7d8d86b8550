# expected: BN201 on line 42
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, planes, norm="batch"):
        super().__init__()
        layers = [nn.Conv2d(planes, planes, 3, padding=1)]
        if norm is "batch":
            layers.append(nn.BatchNorm2d(planes))
        elif norm is "instance":
            layers.append(nn.InstanceNorm2d(planes))
        self.body = nn.Sequential(*layers, nn.ReLU())

    def forward(self, x):
        return x + self.body(x)


class Stage(nn.Module):
    def __init__(self, planes, norm):
        super().__init__()
        self.blocks = nn.Sequential(Block(planes, norm), Block(planes, norm=norm))

    def forward(self, x):
        return self.blocks(x)


class Transform(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Block(8, norm="batch"), Block(8, norm=None))
        self.stage = Stage(8, "instance")

    def forward(self, x):
        return self.stage(self.stem(x))


net = Transform()
net.load_state_dict(torch.load("transform.pt"))
with torch.no_grad():
    print(net(image).numpy())
