"""Findings on layer, group, instance and RMS normalisation are run, and their figures are right."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.confirm.pool import Pool
from bnlint.confirm.verdicts import CONFIRMED, ORACLE, PREDICTED, Laboratory
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.finding import Confirmation, Finding

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]


@pytest.fixture(scope="module")
def laboratory() -> object:
    """Return a laboratory whose workers last as long as this module."""
    with Pool({}) as pool:
        yield Laboratory(pool, "cpu")


def confirmed(
    laboratory: Laboratory, code: str, *rules: str, from_family: str | None = None
) -> list[tuple[Finding, Confirmation]]:
    """Return the findings of some rules on a piece of code, with what came of their experiments."""
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(frozenset(rules), from_family=from_family, trials=True)
    result = check(source, "x.py", load_rules(), options)
    assert result.problems == ()
    found = laboratory.confirm(result.findings)
    return [(f, f.confirmation) for f in found if f.confirmation is not None]


#: What differs by eps: the code, the family it was ported from, and the bounds of the difference
#: at variance 1e-4 over the largest value, of which eps inside the root gives the one on the left.
EPS = [
    pytest.param("nn.LayerNorm(8)", "keras", 0.5, 0.9, id="layer"),
    pytest.param("nn.GroupNorm(4, 8)", "keras", 0.5, 0.9, id="group"),
    pytest.param("nn.RMSNorm(8)", "keras", 1e-3, 0.1, id="rms"),
    pytest.param("nn.LayerNorm(8)", "mindspore", 0.01, 0.1, id="layer, from what is not installed"),
    pytest.param("nn.InstanceNorm2d(8)", "flax", 0.01, 0.1, id="instance"),
]


@pytest.mark.parametrize(("call", "family", "least", "most"), EPS)
def test_eps_differs(
    call: str, family: str, least: float, most: float, laboratory: Laboratory
) -> None:
    code = f"import torch.nn as nn\nlayer = {call}\n"
    ((_, outcome),) = confirmed(laboratory, code, "BN103", from_family=family)
    assert outcome.verdict == CONFIRMED
    assert outcome.before is not None
    assert least < outcome.before < most
    assert outcome.after is not None
    assert outcome.after < 5e-6
    assert outcome.port.startswith("torch ")
    assert outcome.reference.startswith(("keras ", ORACLE))


def test_affine_differs(laboratory: Laboratory) -> None:
    code = """
        import keras
        import torch.nn as nn

        reference = keras.layers.GroupNormalization(4, epsilon=1e-5, center=False, scale=False)
        port = nn.GroupNorm(4, 8)
    """
    ((_, outcome),) = confirmed(laboratory, code, "BN104", from_family="keras")
    assert outcome.verdict == CONFIRMED
    assert outcome.before is not None
    assert outcome.before > 0.5  # gamma and beta of training against none
    assert outcome.after is not None
    assert outcome.after < 5e-6


@pytest.mark.parametrize(
    ("call", "fixed"),
    [
        ("nn.LayerNorm(64, False)", "nn.LayerNorm(64, elementwise_affine=False)"),
        ("nn.GroupNorm(8, 64, True)", "nn.GroupNorm(8, 64, affine=True)"),
        ("nn.RMSNorm(64, False)", "nn.RMSNorm(64, elementwise_affine=False)"),
        ("nn.LayerNorm(64, 0.9)", None),
    ],
)
def test_misplaced_arguments(call: str, fixed: str | None, laboratory: Laboratory) -> None:
    code = f"import torch.nn as nn\nlayer = {call}\n"
    ((finding, outcome),) = confirmed(laboratory, code, "BN108", from_family="mlx")
    assert outcome.verdict == CONFIRMED, outcome.reason
    assert outcome.before is not None
    assert outcome.before > 1e-4
    assert finding.fix is not None
    if fixed is None:
        assert not finding.fix.edits
        assert outcome.about == "output, beside that of the default eps"
    else:
        (edit,) = finding.fix.edits
        assert (
            code[: edit.start] + edit.text + code[edit.end :]
            == f"import torch.nn as nn\nlayer = {fixed}\n"
        )


def test_a_switch_in_another_place_than_the_last_is_not_moved(laboratory: Laboratory) -> None:
    code = "import torch.nn as nn\nlayer = nn.LayerNorm(64, False, True)\n"
    ((finding, outcome),) = confirmed(laboratory, code, "BN108")
    assert finding.fix is not None
    assert not finding.fix.edits
    assert outcome.verdict == CONFIRMED


def test_what_is_not_installed_is_foretold(laboratory: Laboratory) -> None:
    code = "from mindspore import nn\nlayer = nn.LayerNorm((8,))\n"
    ((_, outcome),) = confirmed(laboratory, code, "BN103", from_family="mlx")
    assert outcome.verdict == PREDICTED
    assert outcome.before is not None
    assert 0.01 < outcome.before < 0.1  # 1e-7 against 1e-5 at variance 1e-4: 1 - sqrt(1 / 1.1)


def test_groups_decide_how_many_channels_are_tried(laboratory: Laboratory) -> None:
    """Thirty-two groups want at least as many channels."""
    code = """
        import keras
        import torch.nn as nn

        reference = keras.layers.GroupNormalization()
        port = nn.GroupNorm(32, 64)
    """
    ((_, outcome),) = confirmed(laboratory, code, "BN103", from_family="keras")
    assert outcome.verdict == CONFIRMED


#: Lines that look the same and differ most: two files' worth of code, the family of the reference,
#: the rule that finds it, and the least difference that was measured of the frameworks themselves.
FAR_APART = [
    pytest.param(
        """
        import keras
        import torch.nn as nn

        reference = keras.layers.LayerNormalization()
        port = nn.LayerNorm(64)
        """, "keras", "BN103", 0.5, id="eps of Keras and PyTorch",
    ),
    pytest.param(
        """
        import keras
        from onnxscript import opset17 as op

        def run(x, scale, bias):
            reference = keras.ops.layer_normalization(x, scale, bias, axis=1, epsilon=1e-5)
            return reference, op.LayerNormalization(x, scale, bias, axis=1)
        """, "keras", "BN305", 0.5, id="an axis in Keras, all from it on in ONNX",
    ),
    pytest.param(
        """
        import mlx.nn as nn
        import torch

        reference = torch.nn.GroupNorm(8, 64)
        port = nn.GroupNorm(8, 64)
        """, "torch", "BN305", 0.05, id="groups of MLX",
    ),
    pytest.param(
        """
        import keras
        from mxnet.gluon import nn

        reference = keras.layers.GroupNormalization(epsilon=1e-5)
        port = nn.GroupNorm()
        """, "keras", "BN305", 0.1, id="one group of MXNet, 32 of Keras",
    ),
    pytest.param(
        """
        import tf_slim as slim
        import torch.nn as nn

        def reference(x):
            return slim.layer_norm(x)

        port = nn.LayerNorm(64, eps=1e-12)
        """, "slim", "BN305", 0.1, id="all but the batch in TF-Slim",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "family", "rule", "least"), FAR_APART)
def test_lines_that_look_the_same_and_differ_most(
    code: str, family: str, rule: str, least: float, laboratory: Laboratory
) -> None:
    ((_, outcome),) = confirmed(laboratory, code, rule, from_family=family)
    assert outcome.verdict == CONFIRMED, outcome
    assert outcome.before is not None
    assert outcome.before > least
    assert outcome.after is None or outcome.after < 5e-6


@pytest.mark.parametrize(
    ("call", "rule", "least", "mends"),
    [
        ("nn.InstanceNorm2d(8, momentum=0.9, track_running_stats=True)", "BN101", 5, True),
        ("nn.InstanceNorm2d(8, momentum=0.0, track_running_stats=True)", "BN106", 0.9, False),
        ("nn.InstanceNorm2d(8, momentum=None, track_running_stats=True)", "BN107", 0.9, False),
        ("nn.InstanceNorm2d(8, track_running_stats=True)", "BN105", 0.5, True),
    ],
)
def test_statistics_of_instances(
    call: str, rule: str, least: float, mends: bool, laboratory: Laboratory
) -> None:
    code = f"""
        import mlx.nn
        import torch.nn as nn

        reference = mlx.nn.InstanceNorm(8)
        port = {call}
    """
    ((_, outcome),) = confirmed(laboratory, code, rule, from_family="mlx")
    assert outcome.verdict == CONFIRMED, outcome.reason
    assert outcome.before is not None
    assert outcome.before > least
    assert (outcome.after is not None) is mends
    if outcome.after is not None:
        assert outcome.after < 5e-6
