"""What a project shows of the source of layers that normalise otherwise than by batches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import bnlint, write

MINDSPORE = """
from mindspore import nn

class Block(nn.Cell):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm((8,))
"""
KERAS = """
from tensorflow import keras

norm = keras.layers.LayerNormalization()
"""
TORCH = """
import torch.nn as nn

norm, batch = nn.LayerNorm(8), nn.BatchNorm1d(8, eps=1e-3)
"""
FLAX = """
from flax import linen as nn

norm = nn.LayerNorm()
"""
CONVERTS = """
import mindspore
import torch
from model import Block

state = torch.load("block.pth")
mindspore.save_checkpoint([{"name": "norm.gamma", "data": state["norm.weight"]}], "block.ckpt")
"""

MANY = {f"model{i}": MINDSPORE for i in range(13)}

SHOWN = [
    pytest.param(
        {"model": MINDSPORE, "convert": CONVERTS}, "convert.py:6 loads PyTorch weights", 1e-7,
        id="a converter that loads weights of the one and saves them for the other",
    ),
    pytest.param(
        {"model": MINDSPORE, "tools__pt2ms": "import torch\n"},
        "tools/pt2ms.py:1 carries PyTorch weights over", 1e-7,
        id="a converter that is called so",
    ),
    pytest.param(
        {"model": '"""A Keras port of the PyTorch model."""\n' + KERAS},
        "line 1 says 'port of the PyTorch'", 1e-3,
        id="a sentence at the head of the file",
    ),
    pytest.param(
        {"model": "# Ported from Flax.\n" + KERAS}, "line 1 says 'Ported from Flax'", 1e-3,
        id="a framework by its own name, whose ecosystem has several numbers",
    ),
    pytest.param(
        {"model": "# from torch import nn\n" + MINDSPORE},
        "line 1 keeps PyTorch code in a comment (from torch)", 1e-7,
        id="an import that is commented out",
    ),
    pytest.param(
        {"model": MINDSPORE + "\n    def construct(self, x):\n"
                  "        return self.norm(x)  # return torch.relu(self.norm(x))\n"},
        "line 10 keeps PyTorch code in a comment (torch.relu)", 1e-7,
        id="a line that is commented out",
    ),
    pytest.param(
        {"model": KERAS + '\ndef widths(x):\n    """Widths of `x` (a torch.FloatTensor)."""\n'},
        "line 7 keeps PyTorch code in a comment (torch.FloatTensor)", 1e-3,
        id="a type in a docstring",
    ),
    pytest.param(
        {"model": "from ops import relu\n" + MINDSPORE,
         "ops": "import mindspore\n\n# import torch\nrelu = mindspore.ops.relu\n"},
        "ops.py:3 keeps PyTorch code in a comment (import torch)", 1e-7,
        id="code of the source in a file that is imported",
    ),
    pytest.param(
        {"model": MINDSPORE,
         "run": "import mindspore\nfrom model import Block\n\n# net.load(torch.load('a.pth'))\n"},
        "run.py:4 keeps PyTorch code in a comment (torch.load)", 1e-7,
        id="code of the source in a file that imports the model",
    ),
    pytest.param(
        {"model": "# import torch\n" + MINDSPORE.replace("norm = nn.", "kind = nn.").replace(
            "((8,))", "\n        self.norm = self.kind((8,))")},
        "line 1 keeps PyTorch code in a comment (import torch)", 1e-7,
        id="a layer that is never called by its name",
    ),
    pytest.param(
        {"model": "# Adapted from https://github.com/someone/norms-pytorch\n" + KERAS},
        "line 1 says 'Adapted from https://github.com/someone/norms-pytorch'", 1e-3,
        id="an address with the name of a framework",
    ),
    pytest.param(
        {"model": "# Copied from transformers.models.bert.modeling_bert\n" + MINDSPORE},
        "line 1 says 'Copied from transformers.models.bert.modeling_bert'", 1e-7,
        id="a module of transformers",
    ),
    pytest.param(
        {"model": KERAS, "README.md": "# Norms\n\nAcknowledgements\n\n* [norms](https://"
                                      "github.com/someone/norms-pytorch)\n"},
        "README.md:3 says 'Acknowledgements: github.com/someone/norms-pytorch'", 1e-3,
        id="an address in the introduction of the project",
    ),
    pytest.param(
        {**MANY, "small__model": MINDSPORE, "small__pt2ms": "import torch\n"},
        "small/pt2ms.py:1 carries PyTorch weights over", 1e-7,
        id="a converter beside its model, in a collection of models",
    ),
    pytest.param(
        {"model": KERAS, "README.md": "Norms, ported from PyTorch.\n"},
        "README.md:1 says 'ported from PyTorch'", 1e-3,
        id="a sentence in the introduction of the project",
    ),
]  # fmt: skip


def said(folder: Path, *arguments: str, **files: str) -> list[dict[str, str]]:
    """Return what BN103 says of the layers of a project."""
    write(folder, **{"pyproject.toml": "", **files})
    run = bnlint(folder, *arguments, "--select", "BN103", "--output-format", "json", "--no-cache")
    return list(json.loads(run.out))


@pytest.mark.parametrize(("files", "sign", "mine"), SHOWN)
def test_an_eps_that_no_other_framework_has_is_reported(
    tmp_path: Path, files: dict[str, str], sign: str, mine: float
) -> None:
    (row,) = said(tmp_path, **files)
    assert sign in row["message"]
    assert row["message"].endswith(": check the reference")
    assert row["confidence"] == "medium"
    assert row["fix"]["applicability"] == "unsafe"
    assert f"default {mine:g}" in row["message"]


SILENT = [
    pytest.param({"model": MINDSPORE}, id="nothing shows a source"),
    pytest.param(
        {"model": MINDSPORE.replace("(8,)", "(8,), epsilon=1e-5"), "convert": CONVERTS},
        id="eps is written down",
    ),
    pytest.param(
        {"model": MINDSPORE.replace("LayerNorm((8,))", "GroupNorm(2, 8)"), "convert": CONVERTS},
        id="a kind whose eps is the same in both",
    ),
    pytest.param(
        {**MANY, "convert": CONVERTS.replace("from model import Block\n", "")},
        id="a collection of models",
    ),
    pytest.param(
        {"model": FLAX, "torch2flax": "import torch\n"},
        id="an eps that models in the other framework often set",
    ),
    pytest.param(
        {"model": '"""A PyTorch port of the Keras model."""\n' + TORCH},
        id="an eps that is the default of several frameworks",
    ),
    pytest.param(
        {"model": "# Ported from TensorFlow.\n" + MINDSPORE},
        id="an ecosystem whose frameworks have several numbers",
    ),
    pytest.param(
        {"model": MINDSPORE, "tools__pt2ms": "import torch\n",
         "tools__flax2ms": "import flax\n"},
        id="two sources",
    ),
    pytest.param(
        {"model": MINDSPORE, "tests__pt2ms": "import torch\n"}, id="a converter among the tests"
    ),
    pytest.param(
        {"model": "# This is like torch.nn.LayerNorm, and faster.\n" + MINDSPORE},
        id="a comment that compares",
    ),
    pytest.param(
        {"model": "import torch\n# torch.load('a.pth')\n" + MINDSPORE},
        id="a comment about what the file imports itself",
    ),
    pytest.param(
        {"model": "note = 'torch.cat'  # of torch\n" + MINDSPORE}, id="a string, and a word"
    ),
    pytest.param(
        {"model": "# See https://pytorch.org/docs/torch.nn.html\n" + KERAS},
        id="an address of documentation",
    ),
    pytest.param(
        {"model": "# Adapted from https://github.com/someone/norms-tensorflow\n" + KERAS},
        id="an address with the name of its own framework",
    ),
    pytest.param(
        {"model": "# Adapted from https://github.com/someone/norms\n" + KERAS},
        id="an address with the name of none",
    ),
    pytest.param(
        {"model": "# Copied from transformers.models.bert.modeling_tf_bert\n" + KERAS},
        id="a module of transformers in its own framework",
    ),
    pytest.param(
        {"model": MINDSPORE, "README.md": "Adapted from https://github.com/someone/norms-pytorch "
         "and https://github.com/someone/norms-jax. Credits: https://github.com/a/norms-jax\n"},
        id="an introduction that gives credit to two",
    ),
    pytest.param(
        {"model": KERAS, "README.md": "Faster than https://github.com/someone/norms-pytorch\n"},
        id="an introduction that compares",
    ),
    pytest.param(
        {"model": MINDSPORE, "ops": "import mindspore\n\n# import torch\n"},
        id="code of another framework in a file that has nothing to do with the model",
    ),
    pytest.param(
        {"model": MINDSPORE, "ops": "import mindspore\nimport model\n\n# import (torch\n"},
        id="a file that is no Python",
    ),
    pytest.param(
        {**{name: "import ops\n" + text for name, text in MANY.items()},
         "ops": "import mindspore\n\n# import torch\n"},
        id="code of another framework in a file that a collection of models imports",
    ),
    pytest.param(
        {"model": MINDSPORE, "other__pt2ms": "import torch\n",
         "other__net": MINDSPORE.replace("LayerNorm((8,))", "BatchNorm2d(8)")},
        id="a converter of another model, in the folder of that",
    ),
    pytest.param(
        {"model": MINDSPORE.replace("(8,)", "(8,), epsilon=1e-5"), "run": "import model\n",
         "old": MINDSPORE, "pt2ms": "import torch\n"},
        id="a file that nothing imports, beside the model of the converter",
    ),
    pytest.param(
        {**MANY, "small__model": MINDSPORE, "small__tools__pt2ms": "import torch\n"},
        id="a converter whose own folder has no layers, in a collection of models",
    ),
    pytest.param(
        {"model": "# import caffe\n" + KERAS}, id="a framework whose ports set their own numbers"
    ),
]  # fmt: skip


@pytest.mark.parametrize("files", SILENT)
def test_nothing_is_reported(tmp_path: Path, files: dict[str, str]) -> None:
    assert said(tmp_path, **files) == []


def test_what_models_may_have_set_is_of_low_confidence(tmp_path: Path) -> None:
    port = '"""A PyTorch port of the Keras model."""\n' + TORCH
    (row,) = said(tmp_path, "--min-confidence", "low", model=port)
    assert (row["confidence"], row["severity"]) == ("low", "warning")


def test_layers_of_each_kind_have_converters_of_their_own(tmp_path: Path) -> None:
    """The file with batch normalisation does not hide the one without, nor the other way round."""
    batch = MINDSPORE.replace("LayerNorm((8,))", "BatchNorm2d(8)").replace("Block", "Other")
    rows = said(tmp_path, model=MINDSPORE, other=batch, pt2ms="import torch\nimport mindspore\n")
    assert [row["filename"] for row in rows] == ["model.py"]


def test_a_class_that_a_caller_may_choose_is_spoken_of(tmp_path: Path) -> None:
    port = "# import torch\n" + MINDSPORE.replace("(self)", "(self, layer=nn.LayerNorm)")
    (row,) = said(tmp_path, model=port.replace("nn.LayerNorm((8,))", "layer((8,))"))
    assert row["message"].endswith("(the default of parameter layer of Block)")
    assert row["confidence"] == "medium"
