# expected: BN206 on line 17
import mindspore as ms
from mindspore import nn


class ResBlock(nn.Cell):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3)
        self.bn = nn.BatchNorm2d(c)
        self.relu = nn.ReLU()

    def construct(self, x):
        return self.relu(self.bn(self.conv(x)) + x)


net = nn.SequentialCell(nn.Conv2d(3, 16, 3), ResBlock(16), nn.Flatten(), nn.Dense(16 * 32 * 32, 10))
criterion = nn.CrossEntropyLoss()
optimizer = nn.Adam(net.trainable_params(), 1e-3)


def forward_fn(x, y):
    return criterion(net(x), y)


grad_fn = ms.value_and_grad(forward_fn, None, optimizer.parameters)
for epoch in range(5):
    for x, y in dataset.create_tuple_iterator():
        loss, grads = grad_fn(x, y)
        optimizer(grads)
