# expected: nothing (what comes out is looked at, scaled or timed, and held against nothing)
import time

import torch
from torchvision import models


def shape(path):
    net = models.resnet18()
    net.load_state_dict(torch.load(path))
    with torch.no_grad():
        y = net(torch.rand(1, 3, 224, 224))
    print(y.shape, y.max())


def scaled(path):
    net = models.resnet18()
    net.load_state_dict(torch.load(path))
    y = net(torch.rand(1, 3, 224, 224))
    y = (y - y.min()) / (y.max() - y.min())
    print(y - 1)


def timed(path):
    net = models.resnet18()
    net.load_state_dict(torch.load(path))
    x = torch.rand(1, 3, 224, 224)
    start = time.time()
    with torch.no_grad():
        net(x)
    print(time.time() - start)
