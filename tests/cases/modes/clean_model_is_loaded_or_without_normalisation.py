# expected: nothing (the one that is made has no batch normalisation)
import torch
from torch import nn


def score(args, loader):
    model = torch.load(args.resume) if args.resume else nn.Linear(8, 2)
    with torch.no_grad():
        for x, y in loader:
            print((model(x).argmax(1) == y).sum())
