"""BN206: models that are trained in the inference mode in which they start."""

from __future__ import annotations

import textwrap

import pytest
from one_rule import Hazard, check_clean, check_hazard, clean, hazard, run

IMPORTS = """
import mindspore as ms
from mindspore import nn, ops


class Net(nn.Cell):
    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(4, 8)
        self.bn = nn.BatchNorm1d(8)

    def construct(self, x):
        return self.bn(self.dense(x))


loss_fn = nn.MSELoss()

"""

SAYS = (
    "'net' is trained in inference mode: MindSpore layers start in it, and ",
    "in this file",
)
FIX = "unsafe: insert net.set_train()"
KIND = "error medium"

LOOP = """
optimizer = nn.SGD(net.trainable_params())

def forward(x, y):
    return loss_fn(net(x), y)

grad_fn = ms.value_and_grad(forward, None, optimizer.parameters)

def train_step(x, y):
    loss, gradients = grad_fn(x, y)
    optimizer(gradients)
    return loss
"""

HAZARD = [
    hazard("an object of a class", "net = «Net()»\n" + LOOP, *SAYS, kind=KIND, fix=FIX),
    hazard(
        "a sequence of layers",
        "net = «nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))»\n" + LOOP,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "switched to inference only",
        "net = «Net()»\n" + LOOP + "\nnet.set_train(False)\nprint(net(x))\n",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the weights come from get_parameters()",
        "net = «Net()»\n" + LOOP.replace("trainable_params", "get_parameters"),
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the gradient function is given the model itself",
        """
        net = «Net()»
        weights = net.trainable_params()
        optimizer = nn.SGD(weights)
        grad_fn = ms.value_and_grad(net, None, weights)
        loss, gradients = grad_fn(x)
        optimizer(gradients)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "joined with its loss, differentiated by hand",
        """
        net = «Net()»
        with_loss = nn.WithLossCell(net, loss_fn)
        optimizer = nn.SGD(net.trainable_params())
        grad_fn = ms.value_and_grad(with_loss, None, optimizer.parameters)
        loss, gradients = grad_fn(x, y)
        optimizer(gradients)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "weights loaded before",
        "net = «Net()»\nms.load_param_into_net(net, ms.load_checkpoint('w.ckpt'))\n" + LOOP,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "made by a function of the file",
        """
        def main():
            net = «Net()»
            optimizer = nn.SGD(net.trainable_params())
            step = ms.value_and_grad(lambda x: net(x).sum(), None, optimizer.parameters)
            for x in data:
                loss, gradients = step(x)
                optimizer(gradients)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    finding = check_hazard("BN206", expected, IMPORTS)
    assert finding.help == "write net.set_train() before training"


CLEAN = [
    clean("switched", "net = Net()\nnet.set_train()\n" + LOOP),
    clean("switched with an argument", "net = Net()\nnet.set_train(True)\n" + LOOP),
    clean("switched by a keyword", "net = Net()\nnet.set_train(mode=True)\n" + LOOP),
    clean("switched where it is made", "net = Net().set_train()\n" + LOOP),
    clean("switched as a flag says", "net = Net()\nnet.set_train(is_training)\n" + LOOP),
    clean(
        "switched before each epoch",
        "net = Net()\n"
        + LOOP
        + "\nfor epoch in range(3):\n    net.set_train()\n    train_step(x, y)\n",
    ),
    clean(
        "switched in a function",
        "net = Net()\n" + LOOP + "\ndef train(net):\n    net.set_train()\n\ntrain(net)\n",
    ),
    clean("switched through the attribute", "net = Net()\nnet.training = True\n" + LOOP),
    clean("a part is switched", "net = Net()\nnet.bn.set_train()\n" + LOOP),
    clean(
        "every cell is switched",
        "net = Net()\nfor cell in net.cells():\n    cell.set_train()\n" + LOOP,
    ),
    clean(
        "switched through a wrapper, which reaches the cell it wraps",
        """
        net = Net()
        with_loss = nn.WithLossCell(net, loss_fn)
        with_loss.set_train()
        optimizer = nn.SGD(net.trainable_params())
        grad_fn = ms.value_and_grad(with_loss, None, optimizer.parameters)
        loss, gradients = grad_fn(x, y)
        optimizer(gradients)
    """,
    ),
    clean(
        "stepped by TrainOneStepCell, and switched through it",
        """
        net = Net()
        optimizer = nn.SGD(net.trainable_params())
        step = nn.TrainOneStepCell(nn.WithLossCell(net, loss_fn), optimizer)
        step.set_train()
        ops.grad(f)
        for x, y in data:
            step(x, y)
    """,
    ),
    clean(
        "stepped by TrainOneStepCell",
        """
        net = Net()
        optimizer = nn.SGD(net.trainable_params())
        with_loss = nn.WithLossCell(net, loss_fn)
        step = nn.TrainOneStepCell(with_loss, optimizer)
        for x, y in data:
            step(x, y)
    """,
    ),
    clean(
        "stepped by TrainOneStepWithLossScaleCell",
        """
        net = Net()
        optimizer = nn.SGD(net.trainable_params())
        step = nn.TrainOneStepWithLossScaleCell(nn.WithLossCell(net, loss_fn), optimizer, scale)
        step(x, y)
    """,
    ),
    clean(
        "differentiated by ForwardValueAndGrad",
        """
        net = Net()
        weights = ms.ParameterTuple(net.trainable_params())
        step = nn.ForwardValueAndGrad(nn.WithLossCell(net, loss_fn), weights, get_by_list=True)
        loss, gradients = step(x, y)
        optimizer(gradients)
    """,
    ),
    clean(
        "trained by Model, which switches",
        """
        net = Net()
        model = ms.Model(net, loss_fn, nn.SGD(net.trainable_params()))
        model.train(3, data)
        ops.grad(f)
        net(x)
    """,
    ),
    clean(
        "built by amp, which switches",
        """
        net = Net()
        optimizer = nn.SGD(net.trainable_params())
        step = ms.amp.build_train_network(net, optimizer, loss_fn)
        step(x, y)
        ops.grad(f)
    """,
    ),
    clean("only run", "net = Net()\nprint(net(x))\nops.grad(f)\n"),
    clean(
        "its weights are only counted",
        "net = Net()\nprint(len(net.trainable_params()))\nops.grad(f)\n",
    ),
    clean(
        "nothing takes gradients",
        "net = Net()\noptimizer = nn.SGD(net.trainable_params())\nnet(x)\n",
    ),
    clean("a parameter", "def main(net):\n" + textwrap.indent(LOOP, "    ")),
    clean(
        "handed to code elsewhere", "from lib import prepare\nnet = Net()\nprepare(net)\n" + LOOP
    ),
    clean("stored in an object", "net = Net()\nstate.net = net\n" + LOOP),
    clean(
        "no batch normalisation",
        "net = nn.SequentialCell(nn.Dense(4, 8))\nbn = nn.BatchNorm1d(3)\n" + LOOP,
    ),
    clean(
        "batch normalisation that always uses the batch",
        "net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8, use_batch_statistics=True))\n"
        + LOOP,
    ),
    clean(
        "the class switches itself",
        """
        class Own(Net):
            def __init__(self):
                super().__init__()
                self.set_train()

        net = Own()
    """
        + LOOP.replace("\n", "\n        "),
    ),
    clean("rebound to something not in view", "net = Net()\nnet = convert(net)\n" + LOOP),
    clean("rebound to another model", "net = Net()\nnet = load()\n" + LOOP),
]


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN206", code, IMPORTS)


def test_models_of_pytorch_start_in_training_mode() -> None:
    check_clean(
        "BN206",
        """
        import torch

        net = torch.nn.Sequential(torch.nn.BatchNorm1d(3))
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        net(x).sum().backward()
        optimizer.step()
        """,
    )


PAIR = """
import mindspore as ms
import torch
from mindspore import nn

ref = torch.nn.BatchNorm1d(3)
loss = ref(torch.from_numpy(x)).sum()
loss.backward()

net = nn.BatchNorm1d(3)
weights = net.trainable_params()
grad_fn = ms.value_and_grad(net, None, weights)
value, gradients = grad_fn(ms.Tensor(x))
nn.SGD(weights)(gradients)
"""


def test_a_pair_that_the_comparison_reports_is_not_reported_twice() -> None:
    """Where BN211 reports the same object, only BN211 does."""
    assert len(run("BN211", PAIR)) == 1
    assert run("BN206", PAIR) == []
    assert len(run("BN206", PAIR.replace("loss = ref", "loss = other"))) == 1


@pytest.mark.mindspore
def test_gradients_of_a_cell_as_built_leave_its_statistics() -> None:
    """The figure in the documentation: x of N(3, 4), the mean of a bare call is that of x."""
    import mindspore as ms
    import numpy as np
    from mindspore import nn

    x = ms.Tensor(np.random.RandomState(0).normal(3, 2, (64, 4)).astype("float32"))
    for trained in (False, True):
        net = nn.BatchNorm1d(4)
        if trained:
            net.set_train()
        optimizer = nn.SGD(net.trainable_params())
        step = ms.value_and_grad(lambda v, net=net: net(v).sum(), None, optimizer.parameters)
        _loss, gradients = step(x)
        optimizer(gradients)
        moved = float(np.abs(net.moving_mean.asnumpy()).max())
        assert (moved > 0.1) is trained


@pytest.mark.mindspore
def test_a_switch_on_a_wrapper_reaches_the_cell_it_wraps() -> None:
    from mindspore import nn

    net = nn.BatchNorm1d(4)
    optimizer = nn.SGD(net.trainable_params())
    step = nn.TrainOneStepCell(nn.WithLossCell(net, nn.MSELoss()), optimizer)
    assert not net.training
    step.set_train()
    assert net.training
