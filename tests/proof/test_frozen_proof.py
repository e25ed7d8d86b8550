"""What the rules about freezing and exporting claim, and what their fixes make of it."""

from __future__ import annotations

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch]

#: Rounding of float32 in what is compared here is far below this, the faults are far above.
ROUNDING = 1e-5

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(2.0, 3.0, (64, 4)).astype(np.float32)


def both(text: str, rule: str) -> list[dict[str, object]]:
    """Return the names of a program and of what the fix of ``rule`` makes of it."""
    result = fixed(text)
    assert codes(result) == [rule]
    return [run(text), run(result.after or b"")]


EXPORT = """
import torch
import torch.nn as nn

model = nn.Sequential(nn.BatchNorm1d(4))
x = torch.rand(8, 4)
{}
"""


@pytest.mark.parametrize(
    "export",
    [
        "exported = torch.jit.trace(model, x, check_trace=False)",
        "exported = torch.jit.trace(model, x, check_trace=False).eval()",
        "exported = torch.export.export(model, (torch.rand(64, 4),)).module()",
    ],
    ids=["trace", "eval on the trace", "export"],
)
def test_an_exported_model_stays_in_its_mode(export: str) -> None:
    import torch

    x = torch.from_numpy(X)
    expected = torch.nn.BatchNorm1d(4).eval()(x).detach().numpy()
    old, new = (
        names["exported"](x).detach().numpy() for names in both(EXPORT.format(export), "BN604")
    )
    assert relative(old, expected) > 0.5
    assert relative(new, expected) < ROUNDING


def test_onnx_export_writes_inference_in_either_mode() -> None:
    """Why torch.onnx.export is not among the exporters: it switches the model itself."""
    import inspect

    import torch

    default = inspect.signature(torch.onnx.export).parameters["training"].default
    assert default is torch.onnx.TrainingMode.EVAL
