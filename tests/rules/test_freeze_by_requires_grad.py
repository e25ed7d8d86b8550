"""BN251: weights frozen by their gradients, beside statistics that go on moving."""

from __future__ import annotations

import pytest
from one_rule import Hazard, check_hazard, hazard, run

IMPORTS = """
import torch
import torch.nn as nn
import torchvision


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x))


"""

TRAIN = """
optimizer = torch.optim.SGD(model.fc.parameters(), 0.01)

def train(loader):
    model.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

SAYS = (
    "the weights of 'model' and not its statistics",
    "10 steps take its statistics 65% of the way",
)
FIX = "unsafe: put the batch normalisation layers of model into inference mode here"
KIND = "warning medium"

KEEPS = """
def save(model, path):
    model.class_to_idx = data.class_to_idx
    state = {"classifier": model.fc, "mapping": model.class_to_idx, "weights": model.state_dict()}
    torch.save(state, path)

def predict(model, x):
    model.eval()
    names = {model.class_to_idx[key]: key for key in model.class_to_idx}
    found = []
    found.append(names[int(model(x).argmax())])
    return found

save(model, "net.pt")
"""

HAZARDS = [
    hazard(
        "parts and names of classes are saved with it",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        for p in «model.parameters()»:
            p.requires_grad = False
        model.fc = nn.Linear(512, 10)
        """
        + (TRAIN + KEEPS).replace("\n", "\n        "),
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "weights are given later",
        """
        model = torchvision.models.resnet18(weights=None)
        model.load_state_dict(torch.load("net.pt"))
        for p in «model.parameters()»:
            p.requires_grad = False
        model.fc = nn.Linear(512, 10)
        """
        + TRAIN.replace("\n", "\n        "),
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a loop over the weights",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        for p in «model.parameters()»:
            p.requires_grad = False
        model.fc = nn.Linear(512, 10)
        """
        + TRAIN.replace("\n", "\n        "),
        "requires_grad freezes",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the method in a loop over the named weights",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        for name, p in «model.named_parameters()»:
            p.requires_grad_(False)
        model.fc = nn.Linear(512, 10)
        """
        + TRAIN.replace("\n", "\n        "),
        "requires_grad_ freezes",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "the method of the model",
        """
        model = torchvision.models.resnet18(weights="DEFAULT").cuda()
        «model.requires_grad_(False)»
        model.fc = nn.Linear(512, 10)
        """
        + TRAIN.replace("\n", "\n        "),
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "a comment that speaks of freezing",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        # Freeze the pretrained layers.
        for p in «model.parameters()»:
            p.requires_grad = False
        model.fc = nn.Linear(512, 10)
        """
        + TRAIN.replace("\n", "\n        "),
        *SAYS,
        kind="error medium",
        fix=FIX,
    ),
    hazard(
        "never switched: it starts in training mode",
        """
        model = torchvision.models.densenet121(weights="DEFAULT")
        for p in «model.parameters()»:
            p.requires_grad = False
        model.classifier = nn.Linear(1024, 10)
        for x, y in loader:
            loss = nn.functional.cross_entropy(model.forward(x), y)
            loss.backward()
        torch.save(model, "model.pth")
        """,
        *SAYS,
        kind=KIND,
        fix="",
    ),
    hazard(
        "switched for each phase",
        """
        def fit(model, optimizer):
            for phase in ("train", "val"):
                if phase == "train":
                    model.train()
                else:
                    model.eval()
                for x, y in loaders[phase]:
                    with torch.set_grad_enabled(phase == "train"):
                        loss = nn.functional.cross_entropy(model(x), y)
                        if phase == "train":
                            loss.backward()
                            optimizer.step()
            return model

        model_conv = torchvision.models.resnet18(weights="DEFAULT")
        for p in «model_conv.parameters()»:
            p.requires_grad = False
        model_conv.fc = nn.Linear(512, 2)
        model_conv = fit(model_conv, torch.optim.SGD(model_conv.fc.parameters(), 0.01))
        """,
        "the weights of 'model_conv' and not its statistics",
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "switched for each phase in one expression",
        """
        model = torchvision.models.resnet18(weights="DEFAULT")
        for p in «model.parameters()»:
            p.requires_grad = False
        model.fc = nn.Linear(512, 2)
        for phase in ("train", "val"):
            model.train() if phase == "train" else model.eval()
            for x, y in loaders[phase]:
                loss = nn.functional.cross_entropy(model(x), y)
                if phase == "train":
                    loss.backward()
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "part of a class",
        """
        class Net(nn.Module):
            def __init__(self, freeze=True):
                super().__init__()
                self.backbone = torchvision.models.resnet18(weights="DEFAULT")
                self.head = nn.Linear(1000, 10)
                if freeze:
                    for p in «self.backbone.parameters()»:
                        p.requires_grad = False

            def forward(self, x):
                return self.head(self.backbone(x))
        """,
        "the weights of self.backbone and not its statistics",
        kind=KIND,
        fix="",
    ),
    hazard(
        "part of a class, under a flag that one of two sets",
        """
        class Net(nn.Module):
            def __init__(self, freeze=False):
                super().__init__()
                self.backbone = torchvision.models.resnet18(weights="DEFAULT")
                self.head = nn.Linear(1000, 10)
                if freeze:
                    for p in «self.backbone.parameters()»:
                        p.requires_grad = False

        models = [Net(), Net(freeze=True)]
        """,
        "the weights of self.backbone and not its statistics",
        kind=KIND,
        fix="",
    ),
    hazard(
        "part of a class, under a flag that is given from elsewhere",
        """
        class Net(nn.Module):
            def __init__(self, freeze=False):
                super().__init__()
                self.backbone = torchvision.models.resnet18(weights="DEFAULT")
                self.head = nn.Linear(1000, 10)
                if freeze:
                    for p in «self.backbone.parameters()»:
                        p.requires_grad = False

        model = Net(config.FREEZE)
        """,
        "the weights of self.backbone and not its statistics",
        kind=KIND,
        fix="",
    ),
    hazard(
        "part of a class, with a class of the file, without gradients in forward",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = Block()
                self.head = nn.Sequential(nn.ReLU(), nn.Linear(8, 10))
                self._freeze_encoder()

            def _freeze_encoder(self):
                «self.encoder.requires_grad_(False)»

            def forward(self, x):
                with torch.no_grad():
                    x = self.encoder(x)
                return self.head(x.mean((2, 3)))
        """,
        "the weights of self.encoder and not its statistics",
        kind="error medium",
        fix="",
    ),
    hazard(
        "the head of the frozen part is replaced",
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = torchvision.models.resnet18(weights="DEFAULT")
                for p in «self.net.parameters()»:
                    p.requires_grad = False
                self.net.fc = nn.Linear(512, 10)

            def forward(self, x):
                return self.net(x)
        """,
        kind=KIND,
        fix="",
    ),
]


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN251", expected, IMPORTS)


def test_keras_stops_statistics_too() -> None:
    """trainable=False is a freeze that holds, so that it is none of this rule's business."""
    code = """
    from tensorflow import keras
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.BatchNormalization()])
    model.trainable = False
    model.fit(x, y)
    """
    assert run("BN251", code) == []


def test_mindspore() -> None:
    code = """
    import mindspore as ms
    from mindspore import nn
    net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
    for p in net.get_parameters():
        p.requires_grad = False
    net.set_train()
    step = ms.value_and_grad(lambda x: net(x).sum(), None, head.trainable_params())
    """
    (finding,) = run("BN251", code)
    assert "requires_grad freezes the weights of 'net'" in finding.message


@pytest.mark.parametrize(("name", "value"), [("stop_gradient", True), ("trainable", False)])
def test_paddle(name: str, value: bool) -> None:
    code = f"""
    import paddle
    net = paddle.nn.Sequential(paddle.nn.Linear(4, 8), paddle.nn.BatchNorm1D(8))
    for p in net.parameters():
        p.{name} = {value}
    net.train()
    for x, y in loader:
        loss = paddle.nn.functional.mse_loss(head(net(x)), y)
        loss.backward()
    """
    (finding,) = run("BN251", code)
    assert f"{name} freezes the weights of 'net'" in finding.message
    (clean,) = [run("BN251", code.replace(str(value), str(not value)))]
    assert clean == []
