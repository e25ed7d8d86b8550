# expected: nothing (no mode changes what a linear layer computes)
from torch import nn


class Classifier:
    def __init__(self):
        self.net = nn.Linear(64, 10)

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_proba(self, x):
        return self.net(x).softmax(1)
