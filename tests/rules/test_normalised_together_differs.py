"""What is normalised together is compared, and nothing is said of what is not known or the same."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Finding


def found(code: str, from_family: str | None = None) -> list[Finding]:
    """Return the findings of the rule on a piece of code."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(frozenset({"BN305"}), from_family=from_family)
    result = check(source, "x.py", load_rules(), options)
    assert result.problems == ()
    return list(result.findings)


TWO = "import keras\nimport torch.nn as nn\nimport tf_slim as slim\n"

HAZARDS = [
    pytest.param(
        "import mlx.nn as nn\nnn.GroupNorm(8, 64)", "torch", 2,
        "GroupNorm (group normalisation) normalises over 8 groups of every so many channels, the "
        "PyTorch default over groups of neighbouring channels", id="groups that lie apart",
    ),
    pytest.param(
        "import mlx.nn as nn\ndef make(groups):\n    return nn.GroupNorm(groups, 64)", "torch", 3,
        "normalises over groups of every so many channels", id="of any number",
    ),
    pytest.param(
        "from mxnet.gluon import nn\nnn.GroupNorm()", "keras", 2,
        "normalises over one group of neighbouring channels, the Keras default over 32 groups of "
        "neighbouring channels", id="one group by default",
    ),
    pytest.param(
        f"{TWO}a = keras.layers.GroupNormalization(8)\nb = nn.GroupNorm(4, 64)", "keras", 5,
        "normalises over 4 groups of neighbouring channels, the Keras layer (line 4) over 8 groups",
        id="other numbers of groups",
    ),
    pytest.param(
        f"{TWO}def f(x):\n    return slim.layer_norm(x)\nb = nn.LayerNorm(8)", "slim", 6,
        "normalises over axis -1 alone, the TF-Slim layer (line 5) over all axes from 1 on",
        id="all but the batch",
    ),
    pytest.param(
        f"{TWO}a = keras.layers.LayerNormalization()\nb = nn.LayerNorm((4, 8))", "keras", 5,
        "normalises over axes [-2, -1], the Keras layer (line 4) over axis -1 alone",
        id="a shape of two sizes",
    ),
    pytest.param(
        "import keras\nfrom onnxscript import opset17 as op\ndef f(x, s):\n"
        "    a = keras.ops.layer_normalization(x, s, axis=1)\n"
        "    return a, op.LayerNormalization(x, s, axis=1)", "keras", 5,
        "normalises over all axes from 1 on, the Keras layer (line 4) over axis 1 alone",
        id="an axis, and all from it on",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family", "row", "message"), HAZARDS)
def test_a_difference_is_reported(code: str, family: str, row: int, message: str) -> None:
    (finding,) = found(code, family)
    assert finding.span.row == row
    assert message in finding.message


CLEAN = [
    pytest.param("import mlx.nn as nn\nnn.GroupNorm(8, 64, pytorch_compatible=True)", "torch",
                 id="blocks of channels, as there"),
    pytest.param("import mlx.nn as nn\nnn.GroupNorm(8, 64, pytorch_compatible=flag)", "torch",
                 id="not known"),
    pytest.param("import mlx.nn as nn\nnn.GroupNorm(1, 64)", "torch",
                 id="one group has all channels however they are dealt out"),
    pytest.param("import mlx.nn as nn\nnn.GroupNorm(8, 64)", None, id="no reference"),
    pytest.param("import mlx.nn as nn\nnn.LayerNorm(64)", "torch", id="the last axis, as there"),
    pytest.param("from mxnet.gluon import nn\nnn.GroupNorm(8)", "keras", id="written down"),
    pytest.param("from mxnet.gluon import nn\nnn.GroupNorm(n)", "keras", id="a number not known"),
    pytest.param("import torch.nn as nn\nnn.GroupNorm(8, 64)", "keras",
                 id="no default to leave it at"),
    pytest.param("import torch.nn as nn\nnn.LayerNorm((4, 8))", "keras",
                 id="a shape is written down"),
    pytest.param("from oneflow import nn\nnn.GroupNorm(8, 64)", "keras", id="not measured"),
    pytest.param("import haiku as hk\nhk.GroupNorm(32)", "keras",
                 id="an axis that is left at its default is no other"),
    pytest.param("from timm.layers import LayerNorm2d\nLayerNorm2d(64)", "keras",
                 id="the channels, wherever they are"),
    pytest.param(f"{TWO}a = keras.layers.LayerNormalization(axis=1)\nb = nn.LayerNorm(8)", "keras",
                 id="one axis on both sides, by the layout of each"),
    pytest.param(f"{TWO}a = keras.layers.LayerNormalization([-2, -1])\nb = nn.LayerNorm((4, 8))",
                 "keras", id="two axes on both sides"),
    pytest.param(f"{TWO}a = keras.layers.LayerNormalization()\nb = nn.LayerNorm(size)", "keras",
                 id="a shape not known"),
    pytest.param(f"{TWO}a = keras.layers.LayerNormalization(axis=a)\nb = nn.LayerNorm((4, 8))",
                 "keras", id="an axis not known"),
    pytest.param(f"{TWO}def f(x):\n    return slim.layer_norm(x)\nb = nn.LayerNorm((4, 8, 8))",
                 "slim", id="three sizes may be all but the batch"),
    pytest.param(f"{TWO}def f(x):\n    return slim.layer_norm(x, begin_norm_axis=-1)\n"
                 "b = nn.LayerNorm(8)", "slim", id="from the last axis on"),
    pytest.param(f"{TWO}a = keras.layers.GroupNormalization(8)\nb = nn.GroupNorm(8, 64)", "keras",
                 id="the same number of groups"),
    pytest.param(f"{TWO}a = keras.layers.GroupNormalization(-1)\nb = nn.GroupNorm(8, 8)", "keras",
                 id="groups of one channel each"),
    pytest.param(f"{TWO}a = keras.layers.BatchNormalization(1)\nb = nn.BatchNorm2d(8)", "keras",
                 id="batch normalisation is another rule's"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family"), CLEAN)
def test_nothing_is_said(code: str, family: str | None) -> None:
    assert found(code, family) == []


def test_fixes() -> None:
    """Groups can be written, axes cannot."""
    (finding,) = found("import mlx.nn as nn\nnn.GroupNorm(8, 64)\n", "torch")
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits[0].text) == (
        "unsafe", ", pytorch_compatible=True",
    )  # fmt: skip
    code = f"{TWO}a = keras.layers.GroupNormalization(8)\nb = nn.GroupNorm(4, 64)\n"
    (finding,) = found(code, "keras")
    assert finding.fix is not None
    assert (finding.fix.applicability, finding.fix.edits[0].text) == ("safe", "8")
    (finding,) = found(f"{TWO}def f(x):\n    slim.layer_norm(x)\nnn.LayerNorm(8)\n", "slim")
    assert finding.fix is not None
    assert finding.fix.applicability == "manual"


def test_a_pair_without_a_declared_direction_is_of_medium_confidence() -> None:
    code = f"{TWO}a = keras.layers.GroupNormalization(8)\nb = nn.GroupNorm(4, 64)\n"
    assert {f.confidence for f in found(code)} == {"medium"}
    assert {f.confidence for f in found(code, "keras")} == {"high"}
