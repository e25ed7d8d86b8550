"""What the rules have the fixers write, in whole files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from changes import all_rules, fixed, text_after
from command_line import bnlint, write

from bnlint.engine.documentation import Example, page

TORCH = "import torch\nimport torch.nn as nn\n"
KERAS = "from tensorflow import keras\nfrom tensorflow.keras import layers\n"
BOTH = f"import torch.nn as nn\n{KERAS}"
CALL = (
    "class M(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
    "        self.bn = layers.BatchNormalization()\n    def call(self, x, training=None):\n"
    "        return self.bn(x{})\n"
)
PREDICT = (
    "model = torchvision.models.resnet18()\nmodel.load_state_dict(torch.load('w.pt'))\n"
    "def predict(image):\n    with torch.no_grad():\n{}        return model(image)\n"
)
TRAIN = (
    "net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))\n{}"
    "optimizer = nn.SGD(net.trainable_params())\n"
    "step = ms.value_and_grad(lambda x: net(x).sum(), None, optimizer.parameters)\n"
    "def train(x):\n    loss, gradients = step(x)\n    optimizer(gradients)\n"
)

#: Name, head, body, body after fixing, declared source.
FIXED: list[tuple[str, str, str, str, str | None]] = [
    (
        "constant whose uses agree",
        TORCH,
        "M = 0.99\na = nn.BatchNorm2d(3, momentum=M)\nb = nn.BatchNorm1d(3, momentum=M)\n",
        "M = 0.01\na = nn.BatchNorm2d(3, momentum=M)\nb = nn.BatchNorm1d(3, momentum=M)\n",
        None,
    ),
    (
        "constant that the other camp uses too",
        BOTH,
        (
            "M = 0.99\na = layers.BatchNormalization(momentum=M, epsilon=1e-3)\n"
            "b = nn.BatchNorm2d(3, momentum=M, eps=1e-3)\n"
        ),
        (
            "M = 0.99\na = layers.BatchNormalization(momentum=M, epsilon=1e-3)\n"
            "b = nn.BatchNorm2d(3, momentum=1 - M, eps=1e-3)\n"
        ),
        None,
    ),
    (
        "default of a parameter",
        TORCH,
        "def f(c, m=0.99):\n    return nn.BatchNorm2d(c, momentum=m)\n",
        "def f(c, m=0.01):\n    return nn.BatchNorm2d(c, momentum=m)\n",
        None,
    ),
    (
        "misplaced positions",
        TORCH,
        "a = nn.BatchNorm2d(32, 0.99, 1e-3)\n",
        "a = nn.BatchNorm2d(32, momentum=0.01, eps=1e-3)\n",
        None,
    ),
    (
        "keyword of another framework",
        KERAS,
        "a = layers.BatchNormalization(eps=1e-3)\n",
        "a = layers.BatchNormalization(epsilon=1e-3)\n",
        None,
    ),
    (
        "defaults of a declared framework",
        TORCH,
        "a = nn.BatchNorm2d(\n    32,  # channels\n    affine=True,\n)\n",
        (
            "a = nn.BatchNorm2d(\n    32,  # channels\n    affine=True,\n    momentum=0.01,\n"
            "    eps=0.001,\n)\n"
        ),
        "keras",
    ),
    (
        "eps as the reference spells it",
        BOTH,
        "a = layers.BatchNormalization(momentum=0.9, epsilon=2e-4)\nb = nn.BatchNorm2d(8)\n",
        (
            "a = layers.BatchNormalization(momentum=0.9, epsilon=2e-4)\n"
            "b = nn.BatchNorm2d(8, eps=2e-4)\n"
        ),
        "keras",
    ),
    (
        "partial",
        f"{TORCH}from functools import partial\n",
        "N = partial(nn.BatchNorm2d)\na = N(32)\n",
        "N = partial(nn.BatchNorm2d, momentum=0.01, eps=0.001)\na = N(32)\n",
        "keras",
    ),
    (
        "subclass",
        TORCH,
        "class B(nn.BatchNorm2d):\n    def __init__(self, n):\n        super().__init__(n)\nB(1)\n",
        (
            "class B(nn.BatchNorm2d):\n    def __init__(self, n):\n"
            "        super().__init__(n, momentum=0.01, eps=0.001)\nB(1)\n"
        ),
        "keras",
    ),
    (
        "training flag",
        KERAS,
        CALL.format(", training=True"),
        CALL.format(", training=training"),
        None,
    ),
    (
        "axis",
        KERAS,
        (
            "x = layers.Conv2D(3, 3, data_format='channels_first')(y)\n"
            "x = layers.BatchNormalization()(x)\n"
        ),
        (
            "x = layers.Conv2D(3, 3, data_format='channels_first')(y)\n"
            "x = layers.BatchNormalization(axis=1)(x)\n"
        ),
        None,
    ),
    (
        "method that is named and not called",
        TORCH,
        "m = nn.Sequential(nn.BatchNorm2d(3))\nm.eval; m.train  # c\n",
        "m = nn.Sequential(nn.BatchNorm2d(3))\nm.eval(); m.train()  # c\n",
        None,
    ),
    (
        "missing eval",
        f"{TORCH}import torchvision\n",
        PREDICT.format(""),
        PREDICT.format("").replace("    with", "    model.eval()\n    with"),
        None,
    ),
    (
        "missing set_train",
        "import mindspore as ms\nfrom mindspore import nn\n",
        TRAIN.format(""),
        TRAIN.format("net.set_train()\n"),
        None,
    ),
]

LAYER = "bn = nn.BatchNorm2d(64, momentum={})"
#: Comments behind ``momentum=0.1``, where nothing is found, and what is left of them.
SUPPRESSIONS = [
    ("  # bnlint: ignore[BN101] old", ""),
    ("# bnlint: ignore", ""),
    ("  # bnlint: ignore[BN101] see #12", ""),
    ("  # bnlint: ignore-file[BN101] x", ""),
    ("  # bnlint: ignore[momentum-convention] x", ""),
    ("  # bnlint: ignore[BN101] old  # type: ignore", "  # type: ignore"),
    ("  # type: ignore  # bnlint: ignore[BN101] old", "  # type: ignore"),
    ("  # noqa: BN101", ""),
    ("  # noqa: E501, BN101", "  # noqa: E501"),
    ("  # noqa: BN101, E501", "  # noqa: E501"),
    ("  # noqa: E501,BN101 words", "  # noqa: E501 words"),
    ("  # noqa:BN101 words", "  # words"),
    ("  # kept # noqa: BN101 # kept too", "  # kept # kept too"),
    ("  # noqa: E501", "  # noqa: E501"),
    ("  # noqa", "  # noqa"),
]


@pytest.mark.parametrize(
    ("head", "body", "after", "from_family"), [pytest.param(*row, id=name) for name, *row in FIXED]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_file(head: str, body: str, after: str, from_family: str | None, newline: str) -> None:
    result = fixed((head + body).replace("\n", newline), from_family=from_family)
    assert text_after(result) == (head + after).replace("\n", newline)
    assert (result.findings, result.notices) == ((), ())
    assert fixed(text_after(result), from_family=from_family).after is None


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, id=f"{loaded.code}-{number}")
        for loaded in all_rules()
        for number, example in enumerate(page(loaded.module).examples)
        if example.hazard
    ],
)
def test_documented_hazard(example: Example) -> None:
    once = fixed(example.code, from_family=example.from_family)
    assert once.notices == ()
    assert [f.code for f in once.findings if f.fix is not None and f.fix.edits] == []
    assert bool(once.fixed) == (once.after is not None)
    if once.after is not None:
        assert fixed(once.after, from_family=example.from_family).after is None


@pytest.mark.parametrize(("before", "after"), SUPPRESSIONS)
@pytest.mark.parametrize("end", ["\n", "", "\n\nx = 1\n"])
def test_unused_suppression(before: str, after: str, end: str) -> None:
    head = TORCH + LAYER.format("0.1")
    result = fixed(f"{head}{before}{end}", unsafe=False)
    assert (result.after or result.before or f"{head}{before}{end}".encode()) == (
        f"{head}{after}{end}".encode()
    )
    assert (result.findings, result.notices) == ((), ())


def test_suppression_that_is_used_in_part() -> None:
    head = TORCH + LAYER.format("0.99")
    result = fixed(f"{head}  # bnlint: ignore[BN101, BN108] why\n")
    assert text_after(result) == f"{head}  # bnlint: ignore[BN101] why\n"


@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_unused_suppression_alone_on_its_line(indent: str) -> None:
    text = f"{TORCH}if x:\n  y\nif z:\n\t{indent}# bnlint: ignore[BN101] old\n\tb = 1\n"
    result = fixed(text)
    assert text_after(result) == f"{TORCH}if x:\n  y\nif z:\n\tb = 1\n"


# -------------------------------------------------------------------------- edits in JSON


@pytest.mark.parametrize(
    ("head", "body", "after", "from_family"), [pytest.param(*row, id=name) for name, *row in FIXED]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_json_edits_are_what_fix_writes(
    tmp_path: Path, head: str, body: str, after: str, from_family: str | None, newline: str
) -> None:
    text = (f"s = 'ä€😀'\n{head}" + body).replace("\n", newline)
    declared = ["--from", from_family] if from_family else []
    write(tmp_path, f=text)
    run = bnlint(tmp_path, "--output-format", "json", *declared)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    code = json.loads(run.out)[0]["code"]
    edits = [
        (edit["location"], edit["end_location"], edit["content"])
        for finding in json.loads(run.out)
        if finding["code"] == code
        for edit in finding["fix"]["edits"]
    ]
    for start, end, content in sorted(edits, key=lambda e: -e[0]["row"] * 1000 - e[0]["column"]):
        first = lines[start["row"] - 1][: start["column"] - 1]
        last = lines[end["row"] - 1][end["column"] - 1 :]
        content = content.replace("\r\n", "\n").replace("\r", "\n")
        lines[start["row"] - 1 : end["row"]] = (first + content + last).split("\n")
    run = bnlint(tmp_path, "--fix", "--unsafe-fixes", "--select", code, *declared)
    assert run.code == 0
    assert (tmp_path / "f.py").read_bytes().decode() == newline.join(lines)
