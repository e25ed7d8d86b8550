"""References that a project has itself: layers of the family, and files that are pairs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import bnlint, write

KERAS = """
from tensorflow.keras import layers


def block(x, name):
    x = layers.Conv2D(8, 3, strides=2, padding="same", name=name)(x)
    return layers.BatchNormalization({eps}name=name + "_bn")(x)
"""
PORT = """
import torch.nn as nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, 2, 1)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.bn(self.conv(x))
"""
CONVERTS = """
import torch
from tensorflow import keras
from {port} import Block

reference, port = keras.models.load_model("net.h5"), Block()
port.bn.weight.data = torch.from_numpy(reference.layers[0].get_weights()[0])
"""


def findings(folder: Path, *arguments: str, **files: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return what is found in a project, by file and code."""
    write(folder, **{"pyproject.toml": "", **files})
    run = bnlint(folder, *arguments, "--select", "BN1,BN501", "--output-format", "json")
    rows = json.loads(run.out)
    return {(row["filename"], row["code"]): row for row in rows}


DECLARED = ("--from", "keras")


def test_layers_of_the_family_come_before_its_default(tmp_path: Path) -> None:
    found = findings(tmp_path, *DECLARED, model=PORT, old=KERAS.format(eps="epsilon=2e-5, "))
    row = found["model.py", "BN103"]
    assert row["message"] == (
        "BatchNorm2d leaves eps at PyTorch's default 1e-05, the Keras layers of the project have "
        "2e-05 (old.py:7)"
    )
    assert (row["severity"], row["confidence"]) == ("warning", "medium")
    assert row["fix"]["applicability"] == "unsafe"


def test_layers_of_the_family_count_where_it_is_inferred(tmp_path: Path) -> None:
    model = '"""Ported from Keras."""\n' + PORT
    found = findings(tmp_path, model=model, old=KERAS.format(eps="epsilon=2e-5, "))
    assert found["model.py", "BN103"]["message"] == (
        "BatchNorm2d leaves eps at PyTorch's default 1e-05; line 1 says 'Ported from Keras', and "
        "the Keras layers of the project have 2e-05 (old.py:7): check the reference"
    )


@pytest.mark.parametrize(
    "old",
    [
        pytest.param(
            {
                "old": KERAS.format(eps="epsilon=2e-5, "),
                "older": KERAS.format(eps="epsilon=1e-3, "),
            },
            id="they do not agree",
        ),
        pytest.param({"old": KERAS.format(eps="epsilon=1e-5, ")}, id="they agree with the port"),
    ],
)
def test_silent(tmp_path: Path, old: dict[str, str]) -> None:
    assert ("model.py", "BN103") not in findings(tmp_path, *DECLARED, model=PORT, **old)


@pytest.mark.parametrize(
    "old",
    [
        pytest.param({}, id="there are none"),
        pytest.param({"tests__old": KERAS.format(eps="epsilon=2e-5, ")}, id="they are tests"),
        pytest.param(
            {f"old{i}": KERAS.format(eps="epsilon=2e-5, ") for i in range(13)}, id="too many files"
        ),
        pytest.param(
            {"old": "import tf_slim as slim\ny = slim.batch_norm(x, epsilon=2e-5)\n"},
            id="another family",
        ),
    ],
)
def test_default_counts(tmp_path: Path, old: dict[str, str]) -> None:
    found = findings(tmp_path, *DECLARED, model=PORT, **old)
    assert "the Keras default is 0.001, if" in found["model.py", "BN103"]["message"]


TWINS = {"keras_net": KERAS.format(eps=""), "torch_net": PORT}


def test_twins_with_a_converter_are_compared(tmp_path: Path) -> None:
    found = findings(tmp_path, **TWINS, convert=CONVERTS.format(port="torch_net"))
    assert found.keys() == {("torch_net.py", code) for code in ("BN102", "BN103", "BN501")}
    row = found["torch_net.py", "BN103"]
    assert (row["severity"], row["confidence"]) == ("error", "high")
    assert row["message"].endswith("the Keras default is 0.001 (keras_net.py:7)")
    assert row["fix"]["applicability"] == "safe"
    run = bnlint(tmp_path)
    assert "compared with nothing" not in run.err
    assert "hint" not in run.err


def test_twins_are_compared_where_the_family_is_declared(tmp_path: Path) -> None:
    found = findings(tmp_path, *DECLARED, **TWINS)
    assert found["torch_net.py", "BN103"]["severity"] == "error"


OFFER = (
    "hint: these may be a reference and its port, or the other way round: bnlint compare {} {}\n"
)


def test_twins_alone_are_offered(tmp_path: Path) -> None:
    assert findings(tmp_path, **TWINS) == {}
    assert bnlint(tmp_path).err.startswith(OFFER.format("keras_net.py", "torch_net.py"))


def test_twins_of_one_folder_come_before_others(tmp_path: Path) -> None:
    """A repository of many ports, each beside its reference, is offered those pairs alone."""
    files = {f"{folder}__{name}": text for folder in "abc" for name, text in TWINS.items()}
    assert findings(tmp_path, **files) == {}
    hints = [line for line in bnlint(tmp_path).err.splitlines(True) if line.startswith("hint")]
    assert hints == [OFFER.format(f"{f}/keras_net.py", f"{f}/torch_net.py") for f in "abc"]


def test_twins_of_one_name_in_two_folders(tmp_path: Path) -> None:
    files = {"ref__net": TWINS["keras_net"], "port__Net": PORT}
    assert findings(tmp_path, **files) == {}
    assert OFFER.format("port/Net.py", "ref/net.py") in bnlint(tmp_path).err


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"keras_net": KERAS.format(eps=""), "torch_other": PORT}, id="other names"),
        pytest.param({"net": PORT, "old__net": PORT}, id="one framework"),
        pytest.param(
            {"keras_net": KERAS.format(eps="") + KERAS.format(eps="epsilon=2e-5, "),
             "torch_net": PORT * 3},
            id="layers that cannot be paired one by one",
        ),
        pytest.param({**TWINS, "torch_net": "# bnlint: port-of keras_net.py\n" + PORT},
                     id="the port names its reference"),
        pytest.param({**TWINS, "bnlint.toml": "infer = false\n"}, id="the configuration ends it"),
    ],
)  # fmt: skip
def test_no_twins(tmp_path: Path, files: dict[str, str]) -> None:
    findings(tmp_path, **files)
    assert "hint" not in bnlint(tmp_path).err


REFERENCE = "from tensorflow import keras\n\nbn = keras.layers.BatchNormalization()\n"
WRITTEN = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)\n"


@pytest.mark.parametrize(
    ("port", "settings"),
    [
        pytest.param(f"# bnlint: port-of old.py\n{WRITTEN}", "", id="a comment"),
        pytest.param(f"# bnlint: port-of ./old.py::bn\n{WRITTEN}", "", id="a part of it"),
        pytest.param(
            WRITTEN,
            '[[tool.bnlint.port]]\npaths = ["port.py"]\nreference = "old.py"\n',
            id="the configuration",
        ),
    ],
)
def test_a_named_reference_is_no_port_that_lacks_one(
    tmp_path: Path, port: str, settings: str
) -> None:
    write(tmp_path, old=REFERENCE, port=port, **{"pyproject.toml": settings})
    for paths in ((), ("old.py",)):
        run = bnlint(tmp_path, "--no-cache", *paths)
        assert "compared with nothing" not in run.err
    assert "All checks passed (1 file, 1 batch normalisation layer)." in run.err
    told = bnlint(tmp_path, "reference", "old.py").out
    assert "1 Keras layer: nothing: it is the reference of other files" in told


@pytest.mark.parametrize(
    "port",
    [
        pytest.param(WRITTEN, id="nothing names it"),
        pytest.param(f"# bnlint: port-of other.py\n{WRITTEN}", id="another is named"),
        pytest.param(f'"""# bnlint: port-of old.py"""\n{WRITTEN}', id="in a string"),
    ],
)
def test_layers_that_nothing_names_as_a_reference(tmp_path: Path, port: str) -> None:
    write(tmp_path, old=REFERENCE, port=port, other=REFERENCE, **{"pyproject.toml": ""})
    run = bnlint(tmp_path, "--no-cache", "old.py")
    assert "1 batch normalisation layer; eps and momentum compared with nothing" in run.err
