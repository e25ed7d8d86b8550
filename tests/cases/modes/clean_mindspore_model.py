# expected: nothing (Model, and a wrapped step, switch)
import mindspore as ms
from mindspore import nn
from mindspore.train import LossMonitor, Model


class Block(nn.Cell):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3)
        self.bn = nn.BatchNorm2d(cout)

    def construct(self, x):
        return self.bn(self.conv(x))


net = nn.SequentialCell(Block(3, 16), nn.ReLU(), Block(16, 16))
loss = nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction="mean")
opt = nn.Momentum(net.trainable_params(), 0.01, 0.9)
model = Model(net, loss_fn=loss, optimizer=opt, metrics={"acc"})
model.train(10, dataset, callbacks=[LossMonitor()])

net2 = nn.SequentialCell(Block(3, 16), nn.ReLU())
step = nn.TrainOneStepCell(nn.WithLossCell(net2, loss), nn.SGD(net2.trainable_params()))
step.set_train()
grad = ms.grad(net2)
for x, y in dataset.create_tuple_iterator():
    step(x, y)
