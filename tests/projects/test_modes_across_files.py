"""Models that are built of other files of the project, and handed to functions there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

RULES = load_rules()

FILES = {
    "pyproject.toml": "",
    "blocks.py": """\
import torch.nn as nn

class ConvBN(nn.Sequential):
    def __init__(self, a, b):
        super().__init__(nn.Conv2d(a, b, 3), nn.BatchNorm2d(b))

class ConvGN(nn.Sequential):
    def __init__(self, a, b):
        super().__init__(nn.Conv2d(a, b, 3), nn.GroupNorm(2, b))
""",
    "net.py": """\
import torch.nn as nn
from blocks import ConvBN, ConvGN

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = ConvBN(3, 8)

    def forward(self, x):
        return self.body(x)

class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = ConvGN(3, 8)

    def forward(self, x):
        return self.body(x)

class Sampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = ConvBN(3, 8)

    def forward(self, x):
        self.body.eval()
        return self.body(x)
""",
    "helpers.py": """\
import torch
from registry import MODELS

def load(model, path):
    model.load_state_dict(torch.load(path))

def count(model):
    return sum(p.numel() for p in model.parameters())

def count_by_way_of(model):
    return count(model)

def prepare(model):
    model.eval()

def prepare_by_way_of(model):
    prepare(model)

def keep(model):
    MODELS.append(model)

def run(model, x):
    return model(x)
""",
}

SCRIPT = """\
import sys
import torch
from helpers import {helper}
from net import {net}

model = {net}()
{line}
with torch.no_grad():
    print(model(torch.load(sys.argv[1])))
"""


def codes(folder: Path, helper: str, net: str, line: str) -> list[str]:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    text = SCRIPT.format(helper=helper, net=net, line=line)
    options = Options(frozenset(rule.code for rule in RULES), folder=str(folder))
    result = check(text.encode(), "predict.py", RULES, options)
    assert result.problems == ()
    return [f"{finding.span.row} {finding.code}" for finding in result.findings]


@pytest.mark.parametrize(
    ("helper", "line"),
    [
        pytest.param("load", 'load(model, "net.pt")', id="loads"),
        pytest.param("count", "print(count(model))", id="counts"),
        pytest.param("count_by_way_of", "print(count_by_way_of(model))", id="two files away"),
        pytest.param("run", "run(model, 1)", id="run there"),
    ],
)
def test_model_that_is_not_switched(tmp_path: Path, helper: str, line: str) -> None:
    assert codes(tmp_path, helper, "Net", line) == ["9 BN201"]


@pytest.mark.parametrize(
    ("helper", "net", "line"),
    [
        pytest.param("load", "Net", 'load(model, "net.pt"); model.eval()', id="switched here"),
        pytest.param("prepare", "Net", "prepare(model)", id="switched there"),
        pytest.param("prepare_by_way_of", "Net", "prepare_by_way_of(model)", id="further away"),
        pytest.param("keep", "Net", "keep(model)", id="kept there"),
        pytest.param("gone", "Net", "gone(model)", id="not there"),
        pytest.param("load", "Grouped", 'load(model, "net.pt")', id="no batch normalisation"),
        pytest.param("load", "Sampler", 'load(model, "net.pt")', id="switches itself"),
        pytest.param("load", "Gone", "pass", id="model that is not there"),
    ],
)
def test_clean(tmp_path: Path, helper: str, net: str, line: str) -> None:
    assert codes(tmp_path, helper, net, line) == []


FROZEN = """\
import torch.nn as nn

class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 2)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm1d):
                m.eval()

    def forward(self, x):
        return self.head(self.bn(x))
"""


@pytest.mark.parametrize(
    ("files", "where"),
    [
        pytest.param(
            {"train.py": "from frozen import Frozen\n\nnet = Frozen()\nnet.train()\n"},
            "model (train.py:4), which",
            id="the file that imports it",
        ),
        pytest.param(
            {
                "a.py": "from frozen import Frozen\n\nnet = Frozen()\nnet.cuda()\n",
                "b.py": "import frozen\n\nnet = frozen.Frozen()\nnet.train(True)\n",
            },
            "model (b.py:4), which",
            id="the first that switches",
        ),
        pytest.param(
            {"train.py": "from other import Net\n\nnet = Net()\nnet.train()\n"},
            "model, which",
            id="one that does not import it",
        ),
        pytest.param(
            {"train.py": "from frozen import Frozen\n\nnet = Frozen()\nnet.train(False)\n"},
            "model, which",
            id="one that switches to inference",
        ),
        pytest.param(
            {"train.py": "from frozen import Frozen\n\nnet = Frozen()\nfit.train(net)\n"},
            "model, which",
            id="a method that is given the model",
        ),
        pytest.param({}, "model, which", id="nobody"),
    ],
)
def test_a_freeze_of_a_constructor_names_who_undoes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], where: str
) -> None:
    for name, text in {"pyproject.toml": "", "frozen.py": FROZEN, **files}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    codes = frozenset({"BN252"})
    options = Options(codes, folder=str(tmp_path))
    (finding,) = check(FROZEN.encode(), "frozen.py", RULES, options).findings
    assert where in finding.message
