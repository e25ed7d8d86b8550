"""What rules say of the families that came last: rules know none of them by name."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules


def said(code: str, rule: str, from_family: str | None = None) -> list[tuple[int, str]]:
    """Return the lines of the findings of one rule, with the start of what they say."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(frozenset({rule}), from_family=from_family, explicit=frozenset({rule}))
    found = check(source, "x.py", load_rules(), options).findings
    return [(finding.span.row, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("code", "family", "message"),
    [
        (
            "import mlx.nn as nn\nbn = nn.BatchNorm(64)",
            "keras",
            "BatchNorm leaves eps at MLX's default 1e-05, the Keras default is 0.001",
        ),
        (
            "from tinygrad import nn\nbn = nn.BatchNorm(64)",
            "keras",
            "BatchNorm leaves eps at tinygrad's default 1e-05, the Keras default is 0.001",
        ),
        (
            "import chainer.links as L\nbn = L.BatchNormalization(64)",
            "torch",
            "BatchNormalization leaves eps at Chainer's default 2e-05, the PyTorch default is",
        ),
        (
            "import mxnet as mx\nbn = mx.sym.BatchNorm(x)",
            "torch",
            "BatchNorm leaves eps at MXNet's default 0.001, the PyTorch default is 1e-05",
        ),
        (
            "import torch.nn as nn\nbn = nn.BatchNorm2d(64)",
            "chainer",
            "BatchNorm2d leaves eps at PyTorch's default 1e-05, the Chainer default is 2e-05",
        ),
        (
            "import sonnet as snt\nbn = snt.BatchNorm()",
            "torch",
            "BatchNorm leaves eps at Sonnet's default 0.001, the PyTorch default is 1e-05",
        ),
        (
            "from jittor import nn\nbn = nn.BatchNorm(64)",
            "keras",
            "BatchNorm leaves eps at Jittor's default 1e-05, the Keras default is 0.001",
        ),
    ],
)
def test_another_eps_is_reported(code: str, family: str, message: str) -> None:
    ((_, found),) = said(code, "BN103", family)
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("code", "family"),
    [
        pytest.param("import mlx.nn as nn\nbn = nn.BatchNorm(64)", "torch", id="the same eps"),
        pytest.param(
            "import mlx.nn as nn\nbn = nn.BatchNorm(64, eps=1e-3)", "keras", id="eps is passed"
        ),
        pytest.param("from jittor import nn\nbn = nn.BatchNorm(64)", "jittor", id="no port"),
        pytest.param(
            "import sonnet as snt\nbn = snt.BatchNorm(affine=True)", "keras",
            id="1e-5 in Sonnet 2, 1e-3 in Sonnet 1: which one is not known",
        ),
        pytest.param(
            "from onnx import helper\nn = helper.make_node('Conv', i, o)", "keras",
            id="another node",
        ),
    ],
)  # fmt: skip
def test_no_difference_is_reported(code: str, family: str) -> None:
    assert said(code, "BN103", family) == []


def test_momenta_of_the_other_convention_are_reported() -> None:
    code = """
        import mlx.nn as nn
        from tinygrad import nn as tn
        import chainer.links as L
        a = nn.BatchNorm(64, momentum=0.99)
        b = tn.BatchNorm(64, momentum=0.99)
        c = L.BatchNormalization(64, decay=0.1)
        d = nn.BatchNorm(64, momentum=0.01)
        e = tn.BatchNorm(64, momentum=0.03)
        f = L.BatchNormalization(64, decay=0.99)
    """
    assert [row for row, _ in said(code, "BN101")] == [4, 5, 6]


def test_arguments_in_the_order_of_another_framework_are_reported() -> None:
    code = """
        from mxnet.gluon import nn
        from tinygrad import nn as tn
        a = nn.BatchNorm(64, 0.9)
        b = tn.BatchNorm(64, 0.9)
        c = nn.BatchNorm(1, 0.9, 1e-5)
        d = tn.BatchNorm(64, 1e-5)
        e = nn.BatchNorm(axis=1, in_channels=64)
    """
    assert [row for row, _ in said(code, "BN108")] == [3, 4]
