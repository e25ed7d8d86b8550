"""What the rules about Keras models in evaluation and fine-tuning claim, and what the fixes do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured import codes, fixed, relative, run

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

ROUNDING = 1e-5

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(3.0, 2.0, (64, 4)).astype(np.float32)


def both(text: str, rule: str) -> list[dict[str, Any]]:
    """Return the names of a program and of what the fix of ``rule`` makes of it."""
    result = fixed(text)
    assert codes(result) == [rule]
    return [run(text), run(result.after or b"")]


EVALUATE = """
from tensorflow import keras

model = keras.Sequential([keras.layers.Input((4,)), keras.layers.BatchNormalization()])

def evaluate(x):
    return model(x, training=True).numpy()
"""


def test_a_sample_is_evaluated_by_itself() -> None:
    """Its output no longer depends on the samples beside it, and is that of PyTorch's layer."""
    import torch

    expected = torch.nn.BatchNorm1d(4, eps=1e-3).eval()(torch.from_numpy(X[:1])).detach().numpy()
    for names, is_wrong in zip(both(EVALUATE, "BN213"), (True, False), strict=True):
        outputs = [
            names["evaluate"](batch)[:1] for batch in (X[:8], np.concatenate([X[:1], X[8:15]]))
        ]
        apart = relative(outputs[1], outputs[0])
        assert apart > 0.1 if is_wrong else apart < ROUNDING
        assert (relative(outputs[0], expected) < ROUNDING) is not is_wrong
        moved = np.abs(names["model"].layers[-1].moving_mean.numpy()).max()
        assert moved > 0.01 if is_wrong else moved == 0
