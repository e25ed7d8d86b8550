"""References that are installed models, named by their import path: read, and not imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from command_line import bnlint, write

from bnlint.engine import installed

KERAS = """
from keras import layers


def block(x):
    return layers.BatchNormalization(epsilon=2e-5, momentum=0.9, name="bn")(x)


class Net:
    def build(self, x):
        return block(x)
"""
PORT = """
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
"""
#: Whatever is imported raises an exception.
CRASHES = "raise SystemError('imported')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A port, and a folder of installed packages that the configuration names."""
    write(
        tmp_path,
        **{
            "project__bnlint.toml": 'reference-paths = ["../site"]\n',
            "project__port.py": PORT,
            "site__zoo__models__net": CRASHES + KERAS,
            "site__timm__models__old": "def resnet_50(x):\n    pass\n",
            "site__timm__models__new": KERAS + "\n\ndef net50(x):\n    return Net().build(x)\n",
        },
    )
    for package, text in (
        ("zoo", "from .models import Net as ZooNet, net\n"),
        ("zoo/models", "from zoo.models.net import *\n"),
        ("zoo/stars", "from zoo.models import *\n"),
        ("timm", ""),
    ):
        (tmp_path / "site" / package).mkdir(exist_ok=True)
        (tmp_path / "site" / package / "__init__.py").write_text(CRASHES + text)
    return tmp_path / "project"


FOUND = [
    pytest.param("zoo.ZooNet", "zoo/models/net.py", id="a package passes it on"),
    pytest.param("zoo.models.Net", "zoo/models/net.py", id="by a star"),
    pytest.param("zoo.stars.Net", "zoo/models/net.py", id="by a star of a star"),
    pytest.param("zoo.models.net.Net", "zoo/models/net.py", id="where it is defined"),
    pytest.param("zoo.models.net", "zoo/models/net.py", id="a module"),
    pytest.param('timm.create_model("net50")', "timm/models/new.py", id="by its name"),
    pytest.param("timm.create_model('net50.in1k')", "timm/models/new.py", id="and its weights"),
]


@pytest.mark.parametrize(("name", "file"), FOUND)
def test_compare_reads_it(project: Path, name: str, file: str) -> None:
    run = bnlint(project, "compare", name, "port.py", "--output-format", "json")
    assert run.err == ""
    assert run.code == 1
    (pair,) = json.loads(run.out)["pairs"]
    assert pair["reference"]["filename"] == file
    assert (pair["reference"]["eps"], pair["port"]["eps"]) == (2e-5, 1e-5)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("zoo.Nothing", id="no such name"),
        pytest.param("other.Net", id="no such package"),
        pytest.param('timm.create_model("resnet99")', id="no such model"),
        pytest.param('zoo.make("net50")', id="a function that no table knows"),
    ],
)
def test_what_is_not_found_is_said(project: Path, name: str) -> None:
    run = bnlint(project, "compare", name, "port.py")
    assert (run.code, run.out) == (2, "")
    assert f"the reference {name} is not found where this Python looks for packages" in run.err


def test_a_file_of_that_name_comes_first(project: Path) -> None:
    write(project, **{"zoo.ZooNet": KERAS.replace("2e-5", "5e-5")})
    run = bnlint(project, "compare", "zoo.ZooNet", "port.py", "--output-format", "json")
    assert json.loads(run.out)["pairs"][0]["reference"]["eps"] == 5e-5


@pytest.mark.parametrize(
    ("configuration", "comment"),
    [
        pytest.param("", "# bnlint: port-of zoo.ZooNet\n", id="a comment"),
        pytest.param(
            '[[port]]\npaths = ["port.py"]\nreference = "zoo.ZooNet"\n', "", id="a configuration"
        ),
    ],
)
def test_a_named_port_is_compared_in_a_plain_run(
    project: Path, configuration: str, comment: str
) -> None:
    settings = (project / "bnlint.toml").read_text() + configuration
    write(project, **{"bnlint.toml": settings, "port": comment + PORT})
    run = bnlint(project, "--select", "BN103", "--output-format", "json")
    (row,) = json.loads(run.out)
    assert row["severity"] == "error"
    assert row["message"].endswith("the Keras layer has 2e-05 (zoo/models/net.py:7)")
    assert row["fix"]["applicability"] == "safe"


def test_a_reference_that_is_not_installed_is_said(project: Path) -> None:
    write(project, port="# bnlint: port-of zoo.Nothing\n" + PORT)
    run = bnlint(project)
    assert run.code == 2
    assert "port.py: the reference zoo.Nothing is not found" in run.err


def test_packages_of_another_python(project: Path) -> None:
    (project / "bnlint.toml").unlink()
    site = project.parent / "site"
    script = project.parent / "python"
    script.write_text(f"#!{sys.executable}\nprint({str(site)!r})\n")
    script.chmod(0o755)
    run = bnlint(project, "compare", "zoo.ZooNet", "port.py", "--python", str(script))
    assert run.code == 1
    run = bnlint(project, "compare", "zoo.ZooNet", "port.py", "--python", str(site / "none"))
    assert run.code == 2
    assert "--python cannot be asked" in run.err


def test_what_a_converter_makes_is_offered(project: Path) -> None:
    converter = """
        import torch
        from tensorflow import keras
        from port import Net

        reference, port = keras.applications.ResNet50(), Net()
        port.bn.weight.data = torch.from_numpy(reference.layers[0].get_weights()[0])
        """
    converter = converter.replace("\n        ", "\n")
    write(project, convert=converter)
    hint = "bnlint compare keras.applications.ResNet50 port.py\n"
    assert hint in bnlint(project).err
    write(project, convert=converter + "keras.applications.VGG16()\n")
    assert "bnlint compare keras" in bnlint(project).err  # VGG16 has no batch normalisation
    write(project, convert=converter + "keras.applications.Xception()\n")
    assert "bnlint compare keras" not in bnlint(project).err


@pytest.mark.parametrize(
    ("script", "told"),
    [("exit 3", "it ended with 3"), ("exec sleep 30", "it gave no answer in 0.3 s")],
)
def test_an_interpreter_that_does_not_answer_is_an_error(
    script: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "_PATIENCE", 0.3)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    with pytest.raises(OSError, match=told):
        installed.paths_of_python(str(python))
