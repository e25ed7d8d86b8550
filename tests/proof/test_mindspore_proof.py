"""What fixes write for MindSpore computes what its reference in PyTorch computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured import (
    adapted,
    after_steps,
    apart,
    batches,
    codes,
    fixed,
    inference,
    planted,
    prove,
    relative,
    run,
)

pytestmark = [pytest.mark.torch, pytest.mark.mindspore]

HEAD = "from mindspore import nn\n"

#: PyTorch's layer, as it is and with the settings of Keras.
TORCH = "import torch.nn as nn\nbn = nn.BatchNorm2d(4)\n"
AS_KERAS = "import torch.nn as nn\nbn = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)\n"
REFERENCES = {"torch": TORCH, "keras": AS_KERAS}


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize(
    ("rule", "from_family", "call"),
    [
        pytest.param("BN101", "torch", "nn.BatchNorm2d(4, momentum=0.1)", id="copied keyword"),
        pytest.param("BN101", "torch", "nn.BatchNorm2d(4, 1e-5, 0.1)", id="copied position"),
        pytest.param("BN102", "keras", "nn.BatchNorm2d(4, eps=1e-3)", id="default"),
    ],
)
def test_running_statistics(rule: str, from_family: str, call: str, steps: int) -> None:
    """After 1 step and after 50; both frameworks divide by n - 1."""
    text = f"{HEAD}bn = {call}\n"
    result = fixed(text, from_family)
    assert codes(result) == [rule]
    texts = (text, result.after or b"", REFERENCES[from_family])
    prove(*(after_steps(adapted(run(t)["bn"]), steps) for t in texts), apart)


@pytest.mark.parametrize(
    ("rule", "from_family", "call"),
    [
        pytest.param("BN103", "keras", "nn.BatchNorm2d(4, momentum=0.99)", id="default"),
        pytest.param("BN108", "keras", "nn.BatchNorm2d(4, 0.99, 1e-3)", id="positions of Keras"),
    ],
)
def test_inference_output(rule: str, from_family: str, call: str) -> None:
    """With running variances of 1e-4, 1e-2 and 1."""
    text = f"{HEAD}bn = {call}\n"
    result = fixed(text, from_family)
    assert codes(result) == [rule]
    texts = (text, result.after or b"", REFERENCES[from_family])
    prove(*(inference(adapted(run(t)["bn"])) for t in texts))


def test_statistics_tracked() -> None:
    """A sample's output depends on its batch before the fix; after it, it is the reference's."""
    text = f"{HEAD}bn = nn.BatchNorm2d(4, use_batch_statistics=True)\n"
    result = fixed(text, "torch")
    assert codes(result) == ["BN105"]
    layers = [adapted(run(t)["bn"]) for t in (text, result.after or b"", TORCH)]
    x = batches()[0][:8]
    outputs = []
    for bn in layers:
        bn.plant(planted())
        outputs.append((bn.infer(x), bn.infer(x[:1])))
    alone = [relative(one, all_[:1]) for all_, one in outputs]
    assert alone[0] > 0.1
    assert max(alone[1:]) < 1e-6
    new, reference = (inference(bn) for bn in layers[1:])
    layers[0].plant(planted())
    prove((layers[0].infer(batches()[0]), 0.0), new, reference)


def trained(text: str, inputs: list[Any]) -> tuple[Any, Any, Any]:
    """Return gamma, beta and the moving mean of ``net`` after the program's training steps."""
    import mindspore as ms

    names = run(text)
    for x in inputs:
        names["train"](ms.Tensor(x))
    (bn,) = (cell for _, cell in names["net"].cells_and_names() if "BatchNorm" in str(type(cell)))
    return tuple(v.asnumpy() for v in (bn.gamma, bn.beta, bn.moving_mean))


def trained_in_torch(inputs: list[Any]) -> tuple[Any, Any, Any]:
    """Return the same of PyTorch, whose layers train unless told otherwise."""
    import torch

    bn = torch.nn.BatchNorm1d(4)
    optimizer = torch.optim.SGD(bn.parameters(), lr=0.1)
    for x in inputs:
        optimizer.zero_grad()
        ((bn(torch.from_numpy(x)) - torch.from_numpy(x)) ** 2).mean().backward()
        optimizer.step()
    return tuple(v.detach().numpy() for v in (bn.weight, bn.bias, bn.running_mean))


STEP = """
optimizer = nn.SGD(net.trainable_params(), learning_rate=0.1)
step = ms.value_and_grad(lambda x: ((net(x) - x) ** 2).mean(), None, optimizer.parameters)

def train(x):
    loss, gradients = step(x)
    optimizer(gradients)
"""

NET = """
import mindspore as ms
from mindspore import nn

class Net(nn.Cell):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(4{arguments})

    def construct(self, x):
        return self.bn(x)

net = Net()
{switch}"""


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param("BN206", NET.format(arguments="", switch="") + STEP, id="never switched"),
        pytest.param(
            "BN110",
            NET.format(arguments=", use_batch_statistics=False", switch="net.set_train()\n") + STEP,
            id="kept on its running statistics",
        ),
    ],
)
def test_training_step_trains(rule: str, text: str) -> None:
    """Gamma, beta and the moving mean after five steps are those of the same steps in PyTorch."""
    result = fixed(text)
    assert codes(result) == [rule]
    drawn = np.random.default_rng(0)
    inputs = [drawn.normal(3.0, 2.0, (64, 4)).astype(np.float32) for _ in range(5)]
    expected = trained_in_torch(inputs)
    for program, is_wrong in ((text, True), ((result.after or b"").decode(), False)):
        found = trained(program, inputs)
        wrong = [relative(f, e) for f, e in zip(found, expected, strict=True)]
        assert max(wrong) > 0.1 if is_wrong else max(wrong) < 1e-5
        assert bool(found[2].any()) is not is_wrong
