"""Convolutions before batch normalisation: what their padding and their bias do, by number.

What is run is the text itself, before and after the fix, beside its reference. The weights of the
reference are given to the port.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured import Array, rules, run

from bnlint.engine.facts import ReferenceFile
from bnlint.engine.linter import Options, check
from bnlint.finding import Finding
from bnlint.fixing.rounds import fix

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]

REFERENCE = """
import keras
from keras import layers

reference = keras.Sequential([
    layers.Conv2D(8, {kernel}, strides={stride}, padding="same", use_bias={bias}),
    layers.BatchNormalization(),
])
"""

PORT = """
import torch.nn.functional as F
from torch import nn


class Port(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, {kernel}, stride={stride}, padding={padding}, bias={bias})
        self.bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)

    def forward(self, x):
        return self.bn(self.conv(x))
"""


def options(code: str, reference: str) -> Options:
    files = (ReferenceFile("reference.py", reference.encode()),) if reference else ()
    return Options(frozenset({code}), frozenset({code}), references=files)


def found(code: str, port: str, reference: str = "") -> list[Finding]:
    result = check(port.encode(), "port.py", rules(), options(code, reference))
    assert result.problems == ()
    return list(result.findings)


def fixed(code: str, port: str, reference: str = "") -> str:
    """Return the text after ``--fix --unsafe-fixes``, which leaves nothing to find."""
    result = fix(port.encode(), "port.py", rules(), options(code, reference), unsafe=True)
    assert (result.problems, result.notices, result.findings) == ((), (), ())
    assert result.after is not None
    return result.after.decode()


def images(size: int) -> Array:
    return np.random.default_rng(0).normal(0.0, 1.0, (2, 3, size, size)).astype(np.float32)


def outputs(reference: str, ports: list[str], size: int) -> list[Array]:
    """Return what the reference and each port give in inference, all with the same weights."""
    import keras
    import torch

    keras.utils.set_random_seed(0)
    model = run(reference)["reference"]
    x = images(size)
    given = [np.asarray(model(x.transpose(0, 2, 3, 1), training=False)).transpose(0, 3, 1, 2)]
    for text in ports:
        port = run(text)["Port"]().eval()
        with torch.no_grad():
            kernel = np.asarray(model.layers[0].kernel).transpose(3, 2, 0, 1).copy()
            port.conv.weight.copy_(torch.from_numpy(kernel))
            given.append(port(torch.from_numpy(x)).numpy())
    return given


def relative(ours: Array, theirs: Array) -> float:
    """Return the root of the mean square of the difference over that of the reference."""
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize(
    ("kernel", "stride", "size"), [(3, 2, 224), (5, 2, 224), (7, 2, 64), (3, 3, 63), (3, 2, 8)]
)
def test_padding(kernel: int, stride: int, size: int) -> None:
    """As wrong as an unrelated image where the stride divides the size, and right after the fix."""
    numbers: dict[str, Any] = {"kernel": kernel, "stride": stride, "bias": False}
    reference = REFERENCE.format(**numbers)
    port = PORT.format(**numbers, padding=kernel // 2)
    right, before, after = outputs(reference, [port, fixed("BN501", port, reference)], size)
    print(f"before {relative(before, right):.3g}, after {relative(after, right):.3g}")
    assert before.shape == after.shape == right.shape
    assert 1.0 < relative(before, right) < 2.0
    assert relative(after, right) < 1e-6


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [(1, 2, 0, 224), (3, 1, 1, 224), (4, 2, 1, 224), (2, 2, 0, 224)],
)
def test_padding_that_is_the_same(kernel: int, stride: int, padding: int, size: int) -> None:
    """What the rule says nothing of computes what the reference does."""
    numbers: dict[str, Any] = {"kernel": kernel, "stride": stride, "bias": False}
    reference, port = REFERENCE.format(**numbers), PORT.format(**numbers, padding=padding)
    assert found("BN501", port, reference) == []
    right, same = outputs(reference, [port], size)
    assert relative(same, right) < 1e-6


def test_odd_sizes_are_why_the_fix_is_unsafe() -> None:
    """Where the stride does not divide the size, even padding is right, and the fix is not."""
    numbers: dict[str, Any] = {"kernel": 3, "stride": 2, "bias": False}
    reference, port = REFERENCE.format(**numbers), PORT.format(**numbers, padding=1)
    after = fixed("BN501", port, reference)
    right, before = outputs(reference, [port], 225)
    assert relative(before, right) < 1e-6
    (_, wrong) = outputs(reference, [after], 225)
    assert wrong.shape != right.shape or relative(wrong, right) > 0.1


def test_bias() -> None:
    """In training the normalisation takes the bias out, in inference it is there in full."""
    import torch

    text = PORT.format(kernel=3, stride=1, padding=1, bias=True)
    assert [finding.code for finding in found("BN502", text)] == ["BN502"]
    x = torch.from_numpy(images(8))
    with torch.no_grad():
        port = run(text)["Port"]().train()
        in_training = port(x)
        state = {name: value.clone() for name, value in port.bn.state_dict().items()}
        in_inference = port.eval()(x)
        port.conv.bias += 3.0
        moved = (port.train()(x) - in_training).abs().max()
        port.bn.load_state_dict(state)  # as training without that shift has left it
        shift = port.eval()(x) - in_inference
        expected = 3.0 / torch.sqrt(port.bn.running_var + port.bn.eps)
    print(f"in training {moved:.2g}, in inference {shift.abs().max():.3g}")
    assert moved < 2e-6
    assert torch.allclose(shift, expected.reshape(1, -1, 1, 1).expand_as(shift), atol=1e-4)


def test_training_without_the_bias() -> None:
    """What the fix writes trains as before; the running mean is less by the bias."""
    import torch

    text = PORT.format(kernel=3, stride=1, padding=1, bias=True)
    after = fixed("BN502", text)
    x = torch.from_numpy(images(8))
    with torch.no_grad():
        biased, plain = (run(from_family)["Port"]() for from_family in (text, after))
        assert plain.conv.bias is None
        plain.conv.weight.copy_(biased.conv.weight)
        difference = (biased.train()(x) - plain.train()(x)).abs().max()
        shift = biased.bn.running_mean - plain.bn.running_mean
        assert difference < 2e-6
        assert torch.allclose(shift, biased.conv.bias * 0.01, atol=1e-6)
        assert torch.allclose(biased.bn.running_var, plain.bn.running_var, atol=1e-6)
