# expected: nothing (a decorator switches the mode around the method)
import torch
import torch.nn as nn
from torchvision import models


def evaluating(fn):
    def wrapper(self, *a, **k):
        self.net.eval()
        with torch.no_grad():
            return fn(self, *a, **k)

    return wrapper


class P:
    def __init__(self):
        self.net = models.resnet18()
        self.net.load_state_dict(torch.load("x"))

    @evaluating
    def predict(self, x):
        return self.net(x).argmax(1)


P().predict(x)
