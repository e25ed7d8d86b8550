"""The lines that look alike and differ most are found, and the figure is shown by running both.

Where a framework is not installed, its table answers for it: the figures are the same, since the
tables are held to the frameworks (``docs/confirm.md`` says with which releases these were run).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from bnlint.confirm.pool import Pool
from bnlint.confirm.verdicts import CONFIRMED, ORACLE, PREDICTED, Laboratory
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

DOCS = Path(__file__).parents[2] / "docs" / "confirm.md"


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    """Return a laboratory whose workers last as long as this module."""
    with Pool({}) as pool:
        yield Laboratory(pool, "cpu")


#: The rule, where the code comes from, the difference of the outputs (as the page of the
#: documentation has it), whether there is a fix, and the code.
PAIRS = [
    ("BN103", "keras", "0.67", True, """
        import keras
        import torch.nn as nn
        reference = keras.layers.LayerNormalization()
        port = nn.LayerNorm(64)
     """),
    ("BN305", "torch", "0.13", True, """
        import mlx.nn
        import torch.nn
        reference = torch.nn.GroupNorm(8, 64)
        port = mlx.nn.GroupNorm(8, 64)
     """),
    ("BN305", "slim", "0.21", False, """
        import tf_slim as slim
        import torch.nn as nn
        def reference(x):
            return slim.layer_norm(x)
        port = nn.LayerNorm(64)
     """),
    ("BN305", "keras", "1.1", False, """
        import keras
        from onnxscript import opset17 as op
        def both(x, scale):
            reference = keras.ops.layer_normalization(x, scale, axis=1)
            port = op.LayerNormalization(x, scale, axis=1)
            return reference, port
     """),
    ("BN305", "keras", "0.3", True, """
        import keras
        from mxnet.gluon import nn
        reference = keras.layers.GroupNormalization()
        port = nn.GroupNorm()
     """),
    ("BN115", "torch", "0.68", True, """
        import tensorflow as tf
        import torch.nn as nn
        reference = nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0)
        def port(x):
            return tf.nn.lrn(x, 5, 2.0, 1e-4, 0.75)
     """),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "family", "apart", "mends", "code"), PAIRS)
def test_it_is_found_and_run(
    rule: str, family: str, apart: str, mends: bool, code: str, laboratory: Laboratory
) -> None:
    source = textwrap.dedent(code).lstrip("\n").encode()
    options = Options(frozenset({rule}), from_family=family, trials=True)
    (finding,) = laboratory.confirm(check(source, "x.py", load_rules(), options).findings)
    outcome = finding.confirmation
    assert outcome is not None
    runs = [not side.startswith(ORACLE) for side in (outcome.port, outcome.reference)]
    assert outcome.verdict == (CONFIRMED if any(runs) else PREDICTED)
    assert outcome.before is not None
    assert f"{outcome.before:.2g}" == apart
    assert (outcome.after is not None) is mends
    if outcome.after is not None:
        assert outcome.after < 1e-6


def test_the_documentation_has_these_figures() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for rule, _, apart, _, code in PAIRS:
        rows = [row for row in text.splitlines() if row.startswith("| `") and f"| {rule} |" in row]
        calls = [line.partition(" = ")[2] or line.split("return ")[-1] for line in code.splitlines()
                 if "reference = " in line or "port = " in line or "return s" in line
                 or "return tf" in line]  # fmt: skip
        assert any(
            f"| {apart} |" in row and all(call.strip() in row for call in calls) for row in rows
        ), (rule, calls)
