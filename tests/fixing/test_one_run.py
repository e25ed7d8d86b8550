"""What is offered as a fix is made, and one run makes all there is to make."""

from __future__ import annotations

import pytest

from bnlint.engine.linter import Options
from bnlint.engine.registry import load_rules
from bnlint.fixing.rounds import allows, fix

RULES = load_rules()
CODES = frozenset(rule.code for rule in RULES)

NET = """\
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(x)

model = Net()
"""

CASES = [
    pytest.param(
        "import torch.nn as nn, keras\nk = keras.layers.BatchNormalization()\n"
        "b = nn.BatchNorm2d(8, .9, -3)\n",
        "b = nn.BatchNorm2d(8, momentum=0.01, eps=0.001)\n",
        id="arguments in each other's place, beside a reference",
    ),
    pytest.param(
        "import torch.nn as nn\n"
        "b = nn.BatchNorm2d(8)  # bnlint: ignore[BN101] x # bnlint: ignore[BN105] y\n",
        "b = nn.BatchNorm2d(8)\n",
        id="two unused suppressions in one line",
    ),
    pytest.param(
        "import torch.nn as nn\nb = nn.BatchNorm2d(8)  # bnlint: ignore[BN101] x "
        "# bnlint: ignore[BN105] y # bnlint: ignore[BN106] z\n",
        "b = nn.BatchNorm2d(8)\n",
        id="three of them",
    ),
    pytest.param(
        "import torch.nn as nn\nb = nn.BatchNorm2d(8) \\\n  # bnlint: ignore[BN101] x\nc = 1\n",
        "b = nn.BatchNorm2d(8)\nc = 1\n",
        id="a suppression after a backslash",
    ),
    pytest.param(
        "import torch.nn as nn\r\nb = nn.BatchNorm2d(8) \\\r\n\\\r\n # bnlint: ignore[BN101] x",
        "b = nn.BatchNorm2d(8)",
        id="after two, at the end of a file",
    ),
    pytest.param(
        f"{NET}for epoch in range(9):\n\f    for x, y in d:\n\f        model(x).backward()\n"
        "\f    model.eval()\n",
        "for epoch in range(9):\n\f    model.train()\n\f    for x, y in d:\n"
        "\f        model(x).backward()\n\f    model.eval()\n",
        id="form feeds in indentation",
    ),
    pytest.param(
        f"{NET}for epoch in range(9):\n    for x in d:\n        model(x).backward()\n"
        "        model.train(mode=False)\n        for y in v:\n            model(y)\n",
        "for epoch in range(9):\n    for x in d:\n        model.train()\n"
        "        model(x).backward()\n"
        "        model.train(mode=False)\n        for y in v:\n            model(y)\n",
        id="a loop that does it all within another",
    ),
    pytest.param(
        f"{NET}other = Net()\n"
        "def run():\n    for x in d:\n        model(x).backward()\n        model.eval()\n"
        "run()\nfor x in d:\n    other(x).backward()\n    other.eval()\n",
        "def run():\n    for x in d:\n        model.train()\n        model(x).backward()\n"
        "        model.eval()\n"
        "run()\nfor x in d:\n    other.train()\n    other(x).backward()\n    other.eval()\n",
        id="two loops that do it",
    ),
]


@pytest.mark.parametrize(("before", "end"), CASES)
def test_one_run_is_enough(before: str, end: str) -> None:
    """Nothing is rolled back, and a second run has nothing left to fix."""
    options = Options(CODES, min_confidence="low")
    result = fix(before.encode(), "x.py", RULES, options, unsafe=True)
    assert result.notices == ()
    assert result.after is not None
    assert result.after.decode().endswith(end)
    again = fix(result.after, "x.py", RULES, options, unsafe=True)
    assert not any(allows(finding, unsafe=True) for finding in again.findings)
