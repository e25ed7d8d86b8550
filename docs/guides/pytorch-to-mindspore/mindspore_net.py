"""The port."""

from mindspore import nn, ops


class Net(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, pad_mode="pad", padding=1, has_bias=False)
        self.bn1 = nn.BatchNorm2d(16, momentum=0.1)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2, has_bias=False)
        self.bn2 = nn.BatchNorm2d(32, momentum=0.1)
        self.head = nn.Dense(32, 10)

    def construct(self, x):
        x = ops.relu(self.bn1(self.conv1(x)))
        x = ops.relu(self.bn2(self.conv2(x)))
        return self.head(x.mean((2, 3)))
