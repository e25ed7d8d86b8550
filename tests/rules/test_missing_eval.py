"""BN201: models that are run for inference and that nobody has switched."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_hazard, hazard

NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.bn = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, 2)

    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).mean((2, 3)))

"""

NO_GRAD = (
    "infers here in training mode: no eval() in this file. Switching gradients off does not",
)
FIX = "unsafe: insert model.eval()"

HAZARD = [
    hazard(
        "loaded weights, run under no_grad",
        """
        model = Net()
        model.load_state_dict(torch.load("weights.pt"))
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "no weights loaded: a warning",
        """
        model = Net()
        with torch.inference_mode():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "moved to a device where it is made, and rebound to itself",
        """
        model = Net().to(device)
        model.load_state_dict(torch.load("weights.pt", map_location=device))
        model = model.half().cuda()
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "an annotated variable",
        """
        model: nn.Module = Net()
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a decorator switches gradients off",
        """
        model = Net()
        model.load_state_dict(torch.load("weights.pt"))

        @torch.no_grad()
        def logits(image):
            return «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "a decorator without parentheses",
        """
        model = Net()

        @torch.inference_mode
        def logits(image):
            return «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "set_grad_enabled(False)",
        """
        model = Net()
        with torch.set_grad_enabled(False), torch.autocast("cuda"):
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "only the first of several inference calls",
        """
        model = Net()
        with torch.no_grad():
            first = «model(image)»
            second = model(image.flip(-1))
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a function named for evaluation, gradients on",
        """
        model = Net()

        def evaluate(loader):
            hits = 0
            for x, y in loader:
                hits += («model(x)».argmax(1) == y).sum()
            return hits
        """,
        "'model' runs in evaluate() in training mode: no eval() in this file",
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "made by a function of the file",
        """
        def build(width):
            net = Net(width)
            net.load_state_dict(torch.load("weights.pt"))
            return net

        def main():
            model = build(16).cuda()
            with torch.no_grad():
                for x in loader:
                    print(«model(x)».argmax(1))
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "made in a function's return statement",
        """
        def build():
            return Net()

        model = build()
        with torch.no_grad():
            out = «model(x)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "passed to a function of the file",
        """
        def accuracy(model, loader):
            hits = 0
            with torch.no_grad():
                for x, y in loader:
                    hits += («model(x)».argmax(1) == y).sum()
            return hits

        net = Net()
        print(accuracy(net, loader))
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a validation phase inside the training function, run under train()",
        """
        def train():
            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), 0.1)
            for epoch in range(10):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad()
                    out = model(x)
                    loss = F.cross_entropy(out, y)
                    loss.backward()
                    optimizer.step()
                total = 0
                with torch.no_grad():
                    for x, y in val_loader:
                        out = «model(x)»
                        loss = F.cross_entropy(out, y)
                        total += loss.item()
                        meter.update(loss.item(), len(x))
                scheduler.step(total)
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a test() whose callers all leave training mode on",
        """
        def train(model, optimizer):
            model.train()
            for x, y in train_loader:
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()

        def test(model):
            with torch.no_grad():
                for x, y in test_loader:
                    print(F.cross_entropy(«model(x)», y).item())

        def main():
            net = Net()
            optimizer = torch.optim.Adam(net.parameters())
            for epoch in range(5):
                train(net, optimizer)
                test(net)
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "wrapped for several devices",
        """
        model = nn.DataParallel(Net())
        model.load_state_dict(torch.load("weights.pt"))
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "wrapped under a condition",
        """
        model = Net()
        if torch.cuda.device_count() > 1:
            model = nn.DataParallel(model)
        model = torch.compile(model)
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a ready-made model with another head",
        """
        model = torchvision.models.resnet18()
        features = model.fc.in_features
        model.fc = nn.Linear(features, 10)
        model.load_state_dict(torch.load("weights.pt"))
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "train(True) is the other switch",
        """
        model = Net()
        model.train(True)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for x, y in loader:
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a global that a function makes",
        """
        model = None

        def load():
            global model
            model = Net()
            model.load_state_dict(torch.load("weights.pt"))

        def predict(image):
            with torch.no_grad():
                return «model(image)»
        """,
        *NO_GRAD,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "printed, asked for its size and its weights saved",
        """
        model = Net()
        print(model, sum(p.numel() for p in model.parameters()))
        torch.save(model.state_dict(), "weights.pt")
        if hasattr(model, "bn") and isinstance(model, nn.Module):
            with torch.no_grad():
                out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "a Sequential of fresh layers",
        """
        model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        with torch.no_grad():
            out = «model(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix=FIX,
    ),
    hazard(
        "the layer itself",
        """
        bn = nn.BatchNorm2d(8)
        with torch.no_grad():
            out = «bn(image)»
        """,
        *NO_GRAD,
        kind="warning medium",
        fix="unsafe: insert bn.eval()",
    ),
]


@pytest.mark.parametrize("expected", HAZARD)
def test_hazard(expected: Hazard) -> None:
    """Each is a model whose whole life is in view and that nothing switches."""
    finding = check_hazard("BN201", expected, NET)
    assert finding.help.startswith("write ")
    assert finding.help.endswith(".eval() before the first inference call")
