"""The text that a fix of a value writes computes what its reference computes; the old one did not.

What is run is the text itself, before and after the fix, beside the reference.
"""

from __future__ import annotations

import pytest
from measured import (
    adapted,
    after_steps,
    apart,
    batches,
    codes,
    fixed,
    inference,
    planted,
    prove,
    relative,
    run,
)

KERAS = "from keras import layers\nbn = layers.BatchNormalization()\n"
TORCH = "import torch.nn as nn\nbn = nn.BatchNorm2d(4)\n"

TORCH_HEAD = "import torch.nn as nn\n"
KERAS_HEAD = "from keras import layers\n"

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]


def case(name: str, rules: str, from_family: str, text: str) -> object:
    """Return a parameter: the rules that are to fix the text, its source family, the text."""
    head = TORCH_HEAD if from_family == "keras" else KERAS_HEAD
    return pytest.param(rules.split(), from_family, head + text, id=name)


MOMENTUM = [
    case("keyword", "BN101", "keras", "bn = nn.BatchNorm2d(4, eps=1e-3, momentum=0.99)\n"),
    case("position", "BN101", "keras", "bn = nn.BatchNorm2d(4, 1e-3, 0.99)\n"),
    case(
        "constant",
        "BN101",
        "keras",
        "MOMENTUM = 0.99\nbn = nn.BatchNorm2d(4, eps=1e-3, momentum=MOMENTUM)\n",
    ),
    case(
        "constant with another use",
        "BN101",
        "keras",
        "MOMENTUM = 0.99\nprint(MOMENTUM)\nbn = nn.BatchNorm2d(4, eps=1e-3, momentum=MOMENTUM)\n",
    ),
    case(
        "dictionary",
        "BN101",
        "keras",
        "OPTIONS = dict(eps=1e-3, momentum=0.99)\nbn = nn.BatchNorm2d(4, **OPTIONS)\n",
    ),
    case(
        "parameter",
        "BN101",
        "keras",
        "def make(m=0.99):\n    return nn.BatchNorm2d(4, eps=1e-3, momentum=m)\nbn = make()\n",
    ),
    case(
        "store after construction",
        "BN101",
        "keras",
        "bn = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)\nbn.momentum = 0.99\n",
    ),
    case("old name", "BN108", "keras", "bn = nn.BatchNorm2d(4, eps=1e-3, decay=0.99)\n"),
    case("Keras keyword", "BN101", "torch", "bn = layers.BatchNormalization(-1, 0.1, 1e-5)\n"),
    case("default", "BN102", "keras", "bn = nn.BatchNorm2d(4, eps=1e-3)\n"),
    case(
        "default of a subclass",
        "BN102",
        "keras",
        "class Norm(nn.BatchNorm2d):\n    def __init__(self, c):\n"
        "        super().__init__(c, eps=1e-3)\nbn = Norm(4)\n",
    ),
    case(
        "default of a partial",
        "BN102",
        "keras",
        "from functools import partial\nNorm = partial(nn.BatchNorm2d, eps=1e-3)\nbn = Norm(4)\n",
    ),
    case("lazy layer", "BN102", "keras", "bn = nn.LazyBatchNorm2d(1e-3)\n"),
    case("swapped", "BN108", "keras", "bn = nn.BatchNorm2d(4, 0.99, 1e-3)\n"),
]

EPS = [
    case("default", "BN103", "keras", "bn = nn.BatchNorm2d(4, momentum=0.01)\n"),
    case(
        "default of a partial",
        "BN103",
        "keras",
        "from functools import partial\n"
        "Norm = partial(nn.BatchNorm2d, momentum=0.01)\nbn = Norm(4)\n",
    ),
    case(
        "default of a subclass",
        "BN103",
        "keras",
        "class Norm(nn.BatchNorm2d):\n    def __init__(self, c):\n"
        "        super().__init__(c, momentum=0.01)\nbn = Norm(4)\n",
    ),
    case("lazy layer", "BN103", "keras", "bn = nn.LazyBatchNorm2d(momentum=0.01)\n"),
    case("Keras default", "BN103", "torch", "bn = layers.BatchNormalization(momentum=0.9)\n"),
    case("swapped", "BN108", "keras", "bn = nn.BatchNorm2d(4, 0.99, 1e-3)\n"),
    case(
        "everything at its default",
        "BN102 BN103",
        "keras",
        "bn = nn.BatchNorm2d(\n    4,  # as many as filters\n)\n",
    ),
]


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize(("rules", "from_family", "text"), MOMENTUM)
def test_running_statistics(rules: list[str], from_family: str, text: str, steps: int) -> None:
    """After 1 step and after 50; the old name raises, so nothing is compared before its fix."""
    reference = after_steps(adapted(run(KERAS if from_family == "keras" else TORCH)["bn"]), steps)
    result = fixed(text, from_family)
    assert codes(result) == rules
    new = after_steps(adapted(run(result.after or b"")["bn"]), steps)
    if "decay=" in text:
        with pytest.raises(TypeError, match="decay"):
            run(text)
        assert apart(new[0], reference[0]) <= 5 * max(new[1], reference[1])
        return
    old = after_steps(adapted(run(text)["bn"]), steps)
    prove(old, new, reference, apart)


@pytest.mark.parametrize(("rules", "from_family", "text"), EPS)
def test_inference_output(rules: list[str], from_family: str, text: str) -> None:
    """With running variances of 1e-4, 1e-2 and 1."""
    result = fixed(text, from_family)
    assert codes(result) == rules
    reference = inference(adapted(run(KERAS if from_family == "keras" else TORCH)["bn"]))
    old, new = (inference(adapted(run(t)["bn"])) for t in (text, result.after or b""))
    prove(old, new, reference)


@pytest.mark.parametrize(
    ("from_family", "text", "keyword"),
    [
        pytest.param(
            "keras",
            "import torch.nn as nn\nbn = nn.BatchNorm2d(4, epsilon=1e-3, momentum=0.01)\n",
            "epsilon",
            id="epsilon in PyTorch",
        ),
        pytest.param(
            "torch",
            "from keras import layers\nbn = layers.BatchNormalization(eps=1e-5, momentum=0.9)\n",
            "eps",
            id="eps in Keras",
        ),
    ],
)
def test_renamed_keyword(from_family: str, text: str, keyword: str) -> None:
    """What raised runs, and gives what the reference gives."""
    with pytest.raises((TypeError, ValueError), match=keyword):
        run(text)
    result = fixed(text, from_family)
    assert codes(result) == ["BN108"]
    new = inference(adapted(run(result.after or b"")["bn"]))
    reference = inference(adapted(run(KERAS if from_family == "keras" else TORCH)["bn"]))
    assert relative(new[0], reference[0]) <= 5 * max(new[1], reference[1])


@pytest.mark.parametrize(
    ("from_family", "reference", "port"),
    [
        pytest.param(
            "keras",
            "layers.BatchNormalization(epsilon=1e-5, momentum=0.9, scale=False, center=False)",
            "nn.BatchNorm2d(4)",
            id="affine=False for scale and center",
        ),
        pytest.param(
            "keras",
            "layers.BatchNormalization(epsilon=1e-5, momentum=0.9)",
            "nn.BatchNorm2d(4, 1e-5, 0.1, False)",
            id="affine by position",
        ),
        pytest.param(
            "torch",
            "nn.BatchNorm2d(4, eps=1e-3, momentum=0.01, affine=False)",
            "layers.BatchNormalization()",
            id="scale and center for affine=False",
        ),
    ],
)
def test_gamma_and_beta(from_family: str, reference: str, port: str) -> None:
    """With weights as after training, where a side has some; safe, since a direction is given."""
    text = (
        f"from keras import layers\nimport torch.nn as nn\nreference = {reference}\nbn = {port}\n"
    )
    result = fixed(text, from_family)
    assert codes(result) == ["BN104"]
    assert [f.fix.applicability for f in result.fixed if f.fix] == ["safe"]
    before, after = run(text), run(result.after or b"")
    prove(
        inference(adapted(before["bn"])),
        inference(adapted(after["bn"])),
        inference(adapted(after["reference"])),
    )


@pytest.mark.parametrize(
    "settings", [("eps=1e-4", "epsilon=1e-3"), ("eps=1e-3", "epsilon=2e-5")], ids=" ".join
)
def test_pair_in_one_file(
    settings: tuple[str, str],
) -> None:
    """The port takes the eps that is written at its twin."""
    eps, epsilon = settings
    text = (
        "from keras import layers\nimport torch.nn as nn\n"
        f"reference = layers.BatchNormalization({epsilon}, momentum=0.9)\n"
        f"bn = nn.BatchNorm2d(4, {eps})\n"
    )
    result = fixed(text, "keras")
    assert codes(result) == ["BN103"]
    before, after = run(text), run(result.after or b"")
    prove(
        inference(adapted(before["bn"])),
        inference(adapted(after["bn"])),
        inference(adapted(after["reference"])),
    )


def test_statistics_tracked() -> None:
    """A sample's output depends on its batch before the fix; after it, it is the reference's."""
    text = TORCH_HEAD + (
        "bn = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01, track_running_stats=False)\n"
    )
    result = fixed(text, "keras")
    assert codes(result) == ["BN105"]
    old, new, reference = (adapted(run(t)["bn"]) for t in (text, result.after or b"", KERAS))
    for bn in (old, new, reference):
        bn.plant(planted())
    x = batches()[0][:8]
    alone = [relative(bn.infer(x[:1]), bn.infer(x)[:1]) for bn in (old, new, reference)]
    assert alone[0] > 0.1
    assert max(alone[1:]) < 1e-6
    exact = inference(new), inference(reference)
    prove((old.infer(batches()[0]), 0.0), *exact)
