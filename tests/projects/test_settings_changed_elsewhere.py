"""Code that sets eps or momentum of layers of other files, or makes up for them: all is silent.

The helper stands with the training code, and no import leads to it from the layers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnlint.cli.main import main

NET = """\
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
"""
HELPER = """\
import torch.nn as nn

def initialize(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eps = 1e-3
            m.momentum = 0.01
"""
TRAIN = """\
from net import Net
from helpers import initialize

model = Net()
initialize(model)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return code and row of what is found in ``net.py`` as a port from Keras."""
    main(["--from", "keras", "--output-format", "concise", *arguments, "net.py"])
    lines = capsys.readouterr().out.splitlines()
    return [f"{line.split()[2]} {line.split(':')[1]}" for line in lines]


BOTH = ["BN102 6", "BN103 6"]

REACHING = {
    "a loop over modules": HELPER,
    "applied to each layer": (
        "import torch.nn as nn\n\ndef fn(m):\n    if type(m) is nn.BatchNorm2d:\n"
        "        m.eps, m.momentum = 1e-3, 0.01\n\ndef initialize(model):\n    model.apply(fn)\n"
    ),
    "a test of the name": HELPER.replace(
        "isinstance(m, nn.BatchNorm2d)", "m.__class__.__name__.find('BatchNorm') != -1"
    ),
    "several classes": HELPER.replace("nn.BatchNorm2d)", "(nn.BatchNorm1d, nn.BatchNorm2d))"),
    "the class that all derive from": HELPER.replace(
        "nn.BatchNorm2d", "nn.modules.batchnorm._BatchNorm"
    ),
    "setattr": HELPER.replace("m.eps = 1e-3", "setattr(m, 'eps', 1e-3)").replace(
        "m.momentum = 0.01", "setattr(m, 'momentum', 0.01)"
    ),
    "a value that is not known": HELPER.replace("1e-3", "max(m.eps, 1e-3)").replace(
        "0.01", "model.momentum"
    ),
    "a method of a base class": (
        "import torch.nn as nn\n\nclass Base(nn.Module):\n    def initialize(self):\n"
        "        for m in self.modules():\n            if isinstance(m, nn.BatchNorm2d):\n"
        "                m.eps = 1e-3\n                m.momentum = 0.01\n"
    ),
}


@pytest.mark.parametrize("helper", REACHING.values(), ids=REACHING.keys())
def test_silent_where_a_helper_may_reach(
    folder: Path, capsys: pytest.CaptureFixture[str], helper: str
) -> None:
    assert found(capsys) == BOTH
    (folder / "helpers").mkdir()
    (folder / "helpers" / "__init__.py").write_text(helper)
    train = TRAIN if "def initialize(model)" in helper else TRAIN.replace("initialize", "Base")
    (folder / "train.py").write_text(train)
    # Whatever was read of the project before, in this process, is read again: it has changed.
    assert fresh(folder) == []


OTHERS = {
    "a loop over what was picked before": (
        "import torch.nn as nn\n\ndef initialize(model):\n    bns = list(model.norms())\n"
        "    for bn in bns:\n        bn.eps = 1e-3\n        bn.momentum = 0.01\n"
    ),
    "layers of another class": HELPER.replace("BatchNorm2d", "BatchNorm1d"),
    "another kind of layer": HELPER.replace("BatchNorm2d", "GroupNorm"),
    "other attributes": HELPER.replace("m.eps", "m.weight").replace("m.momentum", "m.bias"),
    "settings of an optimiser": (
        "def initialize(optimizer):\n    for group in optimizer.param_groups:\n"
        "        group.momentum = 0.9\n        group.eps = 1e-8\n"
    ),
    "a class of one's own": (
        "class Adam:\n    def __init__(self, eps=1e-8, momentum=0.9):\n"
        "        self.eps = eps\n        self.momentum = momentum\n\ninitialize = Adam\n"
    ),
}


@pytest.mark.parametrize("helper", OTHERS.values(), ids=OTHERS.keys())
def test_found_where_a_helper_does_something_else(folder: Path, helper: str) -> None:
    (folder / "helpers.py").write_text(helper)
    (folder / "train.py").write_text(TRAIN)
    assert fresh(folder) == BOTH


def test_found_where_no_user_of_the_helper_imports_the_layers(folder: Path) -> None:
    (folder / "helpers.py").write_text(HELPER)
    (folder / "train.py").write_text(TRAIN.replace("from net", "from other_net"))
    (folder / "other_net.py").write_text(NET)
    assert fresh(folder) == BOTH


def test_a_user_may_import_the_layers_from_far_away(folder: Path) -> None:
    (folder / "helpers.py").write_text(HELPER)
    (folder / "models").mkdir()
    (folder / "models" / "__init__.py").write_text("from .zoo import *\n")
    (folder / "models" / "zoo.py").write_text("import net\nNet = net.Net\n")
    (folder / "train.py").write_text(TRAIN.replace("from net", "from models"))
    assert fresh(folder) == []


def test_a_helper_may_be_used_by_another(folder: Path) -> None:
    (folder / "helpers.py").write_text(HELPER)
    (folder / "setup_model.py").write_text(
        "import helpers\n\ndef prepared(model):\n    helpers.initialize(model)\n    return model\n"
    )
    (folder / "train.py").write_text(
        "from net import Net\nfrom setup_model import prepared\n\nmodel = prepared(Net())\n"
    )
    assert fresh(folder) == []


def test_a_script_of_its_own(folder: Path) -> None:
    (folder / "train.py").write_text(
        "import torch.nn as nn\nfrom net import Net\n\nmodel = Net()\n"
        "for m in model.modules():\n    if isinstance(m, nn.BatchNorm2d):\n        m.eps = 1e-3\n"
    )
    assert fresh(folder) == ["BN102 6"]


CONVERTER = """\
KERAS_EPS, TORCH_EPS = 1e-3, 1e-5

def convert(layers, model):
    state = model.state_dict()
    for name, weights in layers.items():
        gamma, beta, mean, var = weights
        var = var + KERAS_EPS - TORCH_EPS
        state[name + ".weight"], state[name + ".running_var"] = gamma, var
    model.load_state_dict(state)
"""

_MOVE = "        var = var + KERAS_EPS - TORCH_EPS\n"

#: How a converter moves weights from Keras's eps to that of PyTorch.
MAKING_UP = {
    "the difference of two constants": _MOVE,
    "the difference in brackets, added in place": "        var += (KERAS_EPS - TORCH_EPS)\n",
    "the difference of two numbers": "        var = var + (1e-3 - 1e-5)\n",
    "eps of layers and of configurations": (
        "        var += layers[name].cfg['epsilon'] - model.bn.eps\n"
    ),
    "gamma scaled by the quotient of both roots": (
        "        gamma = gamma * (var + TORCH_EPS) ** 0.5 / (var + KERAS_EPS) ** 0.5\n"
    ),
    "gamma scaled by the root of the quotient": (
        "        gamma *= np.sqrt((var + 1e-5) / (var + KERAS_EPS))\n"
    ),
}


@pytest.mark.parametrize("move", MAKING_UP.values(), ids=MAKING_UP.keys())
def test_silent_on_eps_where_a_converter_makes_up_for_it(folder: Path, move: str) -> None:
    (folder / "converter.py").write_text(CONVERTER.replace(_MOVE, move))
    (folder / "train.py").write_text(
        "from converter import convert\nfrom net import Net\n\nconvert({}, Net())\n"
    )
    assert fresh(folder) == ["BN102 6"]


#: What a converter may do beside, and no variance is moved by.
LEAVING = {
    "copied as it is": "",
    "the same eps twice": "        var += KERAS_EPS - KERAS_EPS\n",
    "the difference goes elsewhere": "        print(KERAS_EPS - TORCH_EPS)\n",
    "a difference of large numbers": "        var = var + (3.5 - 1.5)\n",
    "normalised by hand, with one eps": (
        "        folded = gamma / (var + KERAS_EPS) ** 0.5 / (var + KERAS_EPS) ** 0.5\n"
    ),
    "a quotient of other sums": "        gamma *= (mean + 1e-5) / (beta + KERAS_EPS)\n",
}


@pytest.mark.parametrize("move", LEAVING.values(), ids=LEAVING.keys())
def test_found_where_a_converter_leaves_variances_alone(folder: Path, move: str) -> None:
    (folder / "converter.py").write_text(CONVERTER.replace(_MOVE, move))
    (folder / "train.py").write_text(
        "from converter import convert\nfrom net import Net\n\nconvert({}, Net())\n"
    )
    assert fresh(folder) == BOTH


def test_found_where_no_user_of_the_converter_imports_the_layers(folder: Path) -> None:
    (folder / "converter.py").write_text(CONVERTER)
    (folder / "train.py").write_text(
        "from converter import convert\nfrom other_net import Net\n\nconvert({}, Net())\n"
    )
    (folder / "other_net.py").write_text(NET)
    assert fresh(folder) == BOTH


def test_a_script_may_make_up_for_eps_of_its_own_layers(folder: Path) -> None:
    (folder / "net.py").write_text(NET + CONVERTER)
    assert fresh(folder) == ["BN102 6"]


def test_sites_say_why_nothing_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "helpers.py").write_text(HELPER)
    (folder / "train.py").write_text(TRAIN)
    output = run(folder, "sites", "--output-format", "json", "net.py")
    (row,) = json.loads(output)
    assert row["eps"]["kind"] == "unknown"
    assert row["eps"]["why"] == "helpers.py:6 may set it to 0.001 later"


def test_a_reference_that_is_changed_elsewhere_says_nothing(folder: Path) -> None:
    (folder / "port.py").write_text(NET.replace("BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-2)"))
    assert "BN103" in run(folder, "compare", "net.py", "port.py")
    (folder / "helpers.py").write_text(HELPER)
    (folder / "train.py").write_text(TRAIN)
    assert "BN103" not in run(folder, "compare", "net.py", "port.py")


def fresh(folder: Path) -> list[str]:
    """Return what is found in ``net.py``, in a process that has read nothing before."""
    output = run(folder, "--from", "keras", "--output-format", "concise", "net.py")
    return [f"{line.split()[2]} {line.split(':')[1]}" for line in output.splitlines()]


def run(folder: Path, *arguments: str) -> str:
    from command_line import program

    return program(folder, *arguments).out
