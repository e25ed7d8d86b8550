"""The port."""

import paddle
from paddle import nn


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2D(3, 16, 3, padding=1, bias_attr=False)
        self.bn1 = nn.BatchNorm2D(16, momentum=0.1)
        self.conv2 = nn.Conv2D(16, 32, 3, stride=2, padding=1, bias_attr=False)
        self.bn2 = nn.BatchNorm2D(32, momentum=0.1)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = nn.functional.relu(self.bn1(self.conv1(x)))
        x = nn.functional.relu(self.bn2(self.conv2(x)))
        return self.head(x.mean((2, 3)))
