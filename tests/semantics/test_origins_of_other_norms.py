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


MANY = {f"model{i}": MINDSPORE for i in range(13)}

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
