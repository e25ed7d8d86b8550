# expected: nothing (the other one is not known)
import torch
from zoo import make

from torch import nn


def score(args, loader):
    model = torch.load(args.resume) if args.resume else make(nn.BatchNorm2d)
    with torch.no_grad():
        for x, y in loader:
            print((model(x).argmax(1) == y).sum())
