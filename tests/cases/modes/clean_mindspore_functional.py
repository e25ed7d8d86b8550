# expected: nothing (the quick start: set_train() in each epoch, False in the test)
import mindspore as ms
from mindspore import nn, ops
from mindspore.dataset import MnistDataset


class Network(nn.Cell):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.dense_relu_sequential = nn.SequentialCell(
            nn.Dense(28 * 28, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dense(512, 10)
        )

    def construct(self, x):
        return self.dense_relu_sequential(self.flatten(x))


model = Network()
loss_fn = nn.CrossEntropyLoss()
optimizer = nn.SGD(model.trainable_params(), 1e-2)


def forward_fn(data, label):
    logits = model(data)
    loss = loss_fn(logits, label)
    return loss, logits


grad_fn = ms.value_and_grad(forward_fn, None, optimizer.parameters, has_aux=True)


def train_step(data, label):
    (loss, _), grads = grad_fn(data, label)
    optimizer(grads)
    return loss


def train(model, dataset):
    model.set_train()
    for batch, (data, label) in enumerate(dataset.create_tuple_iterator()):
        loss = train_step(data, label)


def test(model, dataset, loss_fn):
    model.set_train(False)
    for data, label in dataset.create_tuple_iterator():
        pred = model(data)


for t in range(3):
    train(model, train_dataset)
    test(model, test_dataset, loss_fn)
