"""What the rules about freezing and exporting claim, and what their fixes make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch]

#: Rounding of float32 in what is compared here is far below this, the faults are far above.
ROUNDING = 1e-5

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(2.0, 3.0, (64, 4)).astype(np.float32)


def both(text: str, rule: str) -> list[dict[str, Any]]:
    """Return the names of a program and of what the fix of ``rule`` makes of it."""
    result = fixed(text)
    assert codes(result) == [rule]
    return [run(text), run(result.after or b"")]


EXPORT = """
import torch
import torch.nn as nn

model = nn.Sequential(nn.BatchNorm1d(4))
x = torch.rand(8, 4)
{}
"""


@pytest.mark.parametrize(
    "export",
    [
        "exported = torch.jit.trace(model, x, check_trace=False)",
        "exported = torch.jit.trace(model, x, check_trace=False).eval()",
        "exported = torch.export.export(model, (torch.rand(64, 4),)).module()",
    ],
    ids=["trace", "eval on the trace", "export"],
)
def test_an_exported_model_stays_in_its_mode(export: str) -> None:
    import torch

    x = torch.from_numpy(X)
    expected = torch.nn.BatchNorm1d(4).eval()(x).detach().numpy()
    old, new = (
        names["exported"](x).detach().numpy() for names in both(EXPORT.format(export), "BN604")
    )
    assert relative(old, expected) > 0.5
    assert relative(new, expected) < ROUNDING


def test_onnx_export_writes_inference_in_either_mode() -> None:
    """Why torch.onnx.export is not among the exporters: it switches the model itself."""
    import inspect

    import torch

    default = inspect.signature(torch.onnx.export).parameters["training"].default
    assert default is torch.onnx.TrainingMode.EVAL


FREEZE = """
import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))
for p in model.parameters():
    p.requires_grad = False
model.append(nn.Linear(3, 1))
optimizer = torch.optim.SGD(model[2].parameters(), 0.01)

def train(x):
    model.train()
    for _ in range(10):
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def test_frozen_statistics_stand_still() -> None:
    """The message says 65 %: 1 - 0.9**10 of the way from the old mean, 0, to the new data."""
    import torch

    moved = []
    for names in both(FREEZE, "BN251"):
        names["train"](torch.from_numpy(X))
        moved.append(names["model"][0].running_mean.numpy() / X.mean(0))
        assert names["model"][0].weight.grad is None
    assert moved[0] == pytest.approx(1 - 0.9**10, rel=1e-4)
    assert not moved[1].any()


SHARED = """
import torch
import torch.nn as nn

def fit(net, x):
    optimizer = torch.optim.SGD(net[2].parameters(), 0.01)
    for _ in range(10):
        net.train()
        loss = net(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        net.eval()
        with torch.no_grad():
            print(net(x).mean())
        net.train()

x = 2 + 3 * torch.rand(64, 4)
tuned = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), nn.Linear(3, 1))
fit(tuned, x)
fixed = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))
for p in fixed.parameters():
    p.requires_grad = False
fixed.append(nn.Linear(3, 1))
fit(fixed, x)
"""


def test_a_model_that_is_trained_by_the_same_function_is_not_frozen_with_it() -> None:
    """The fix stands after each train() of a function that is given another model too."""
    old, new = both(SHARED, "BN251")
    expected = (1 - 0.9**10) * old["x"].mean(0).numpy()
    for model in (old["fixed"], old["tuned"]):
        assert model[0].running_mean.numpy() == pytest.approx(expected, rel=1e-4)
    expected = (1 - 0.9**10) * new["x"].mean(0).numpy()
    assert new["tuned"][0].running_mean.numpy() == pytest.approx(expected, rel=1e-4)
    assert not new["fixed"][0].running_mean.any()


UNDONE = """
import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.01)

def train(x):
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    for _ in range(10):
        model.train()
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

UNDONE_IN_CLASS = """
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.norm.eval()
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.norm(x))

model = Net()

def train(x):
    model.train()
    for _ in range(10):
        model(x)
"""


@pytest.mark.parametrize("text", [UNDONE, UNDONE_IN_CLASS], ids=["loop", "class"])
def test_a_freeze_holds_through_train(text: str) -> None:
    """``training`` is True again and the statistics move; after the fix neither is so."""
    import torch

    for names, is_wrong in zip(both(text, "BN252"), (True, False), strict=True):
        names["train"](torch.from_numpy(X))
        norm = next(m for m in names["model"].modules() if isinstance(m, torch.nn.BatchNorm1d))
        assert norm.training is is_wrong
        expected = (1 - 0.9**10 if is_wrong else 0.0) * X.mean(0)
        assert norm.running_mean.numpy() == pytest.approx(expected, rel=1e-4)
        names["model"].eval()
        names["model"].train(False)
        assert not norm.training


def test_momentum_freezes_statistics_only() -> None:
    """The rule says 5.76 on N(3, 4): training mode normalises with the batch all the same."""
    import torch

    drawn = torch.from_numpy(DRAWN.normal(3.0, 2.0, (16, 4, 8, 8)).astype(np.float32))
    frozen = torch.nn.BatchNorm2d(4, momentum=0.0)
    trained = frozen.train()(drawn)
    assert not frozen.running_mean.any()
    inferred = frozen.eval()(drawn)
    assert relative(trained.detach().numpy(), inferred.detach().numpy()) > 0.5
    replaced = torch.nn.BatchNorm2d(4, momentum=1.0).train()
    replaced(drawn)
    expected = drawn.mean((0, 2, 3)).numpy()
    assert relative(replaced.running_mean.numpy(), expected) < ROUNDING


LOOP = """
import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), 0.01)

def train(x):
    for _ in range(10):
        loss = model(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        model(x)
"""


def test_every_pass_trains() -> None:
    """Statistics move once in ten passes before the fix, and in each of them after it."""
    import torch

    for names, steps in zip(both(LOOP, "BN202"), (1, 10), strict=True):
        names["train"](torch.from_numpy(X))
        moved = names["model"][0].running_mean.numpy() / X.mean(0)
        assert moved == pytest.approx(1 - 0.9**steps, rel=1e-4)


PROBE = """
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.BatchNorm2d(4))
        self.features.load_state_dict(nn.Sequential(nn.BatchNorm2d(4)).state_dict())
        with torch.no_grad():
            self.shape = self.features(torch.zeros(2, 4, 8, 8)).shape

norm = Net().features[0]
"""


def test_a_made_up_input_moves_no_statistics() -> None:
    """One run on zeros takes the variance from 1 to 0.9; after the fix it stays 1."""
    for names, variance in zip(both(PROBE, "BN209"), (0.9, 1.0), strict=True):
        assert names["norm"].running_var.numpy() == pytest.approx(variance)
        assert names["norm"].training


def test_inference_mode_leaves_weights_to_the_optimiser() -> None:
    """One step changes the weight of a layer in inference mode, and not its running mean."""
    import torch

    norm = torch.nn.BatchNorm1d(4).eval()
    optimizer = torch.optim.SGD(norm.parameters(), 0.1)
    norm(torch.from_numpy(X)).pow(2).mean().backward()
    optimizer.step()
    assert (norm.weight - 1).abs().min() > 0.01
    assert not norm.running_mean.any()
