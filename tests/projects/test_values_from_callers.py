"""What layers are given by files that call the functions and classes which make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bnlint.cli.main import main

BLOCK = """\
import torch.nn as nn

def block(c, momentum):
    return nn.BatchNorm2d(c, momentum=momentum)
"""
CLASS = """\
import torch.nn as nn

class Block(nn.Module):
    def __init__(self, c, norm_layer=None, momentum=0.1):
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        self.bn = norm_layer(c, momentum=momentum)
"""
BASE = """\
import torch.nn as nn

class Base(nn.Module):
    def __init__(self, c, norm):
        super().__init__()
        self.bn = norm(c, momentum=0.99)

default = nn.BatchNorm2d
"""
RECORD = """\
import collections
import torch.nn as nn

Settings = collections.namedtuple("Settings", ["momentum", "eps"])

class Net(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, eps=settings.eps, momentum=settings.momentum)
"""

#: What each project reports in ``layers.py`` (the line), and its other files.
WRONG: dict[str, tuple[int, str, dict[str, str]]] = {
    "one caller, by keyword": (
        4,
        BLOCK,
        {"net.py": "from layers import block\nbn = block(8, momentum=0.99)\n"},
    ),
    "one caller, by position": (
        4,
        BLOCK,
        {"net.py": "from layers import block\nbn = block(8, 0.99)\n"},
    ),
    "a caller that imports the module": (
        4,
        BLOCK,
        {"net.py": "import layers\nbn = layers.block(8, 0.99)\n"},
    ),
    "a caller under another name": (
        4,
        BLOCK,
        {"net.py": "from layers import block as b\nbn = b(8, 0.99)\n"},
    ),
    "a caller by a star import": (
        4,
        BLOCK,
        {"net.py": "from layers import *\nbn = block(8, 0.99)\n"},
    ),
    "callers that disagree and are wrong, each of them": (
        4,
        BLOCK,
        {
            "a.py": "from layers import block\nbn = block(8, 0.99)\n",
            "b.py": "from layers import block\nbn = block(8, 0.9)\n",
        },
    ),
    "a caller that has it from its own caller": (
        4,
        BLOCK,
        {
            "net.py": "from layers import block\ndef net(mom):\n    return block(8, mom)\n",
            "run.py": "from net import net\nmodel = net(0.99)\n",
        },
    ),
    "keywords that are passed on": (
        4,
        BLOCK,
        {"net.py": "from layers import block\nKW = dict(momentum=0.99)\nbn = block(8, **KW)\n"},
    ),
    "a default that each caller overrides": (
        7,
        CLASS,
        {"net.py": "from layers import Block\nb = Block(8, momentum=0.99)\n"},
    ),
    "a partial of another file": (
        4,
        BLOCK,
        {
            "net.py": "from functools import partial\nfrom layers import block\n"
            "make = partial(block, momentum=0.99)\nbn = make(8)\n"
        },
    ),
    "a partial that is handed on": (
        4,
        BLOCK,
        {
            "net.py": "from functools import partial\nfrom layers import block\n"
            "from nets import Net\nnet = Net(norm=partial(block, momentum=0.9))\n",
        },
    ),
    "a partial and a call": (
        4,
        BLOCK,
        {
            "a.py": "from functools import partial\nfrom layers import block\n"
            "make = partial(block, momentum=0.99)\n",
            "b.py": "from layers import block\nbn = block(8, 0.9)\n",
        },
    ),
    "a derived class of another file": (
        6,
        BASE,
        {
            "net.py": "import torch.nn as nn\nfrom layers import Base\n\nclass Net(Base):\n"
            "    def __init__(self, c):\n        super().__init__(c, nn.BatchNorm2d)\n"
        },
    ),
    "a derived class without a constructor": (
        7,
        CLASS,
        {
            "net.py": "from layers import Block\n\nclass Net(Block):\n    pass\n\n"
            "net = Net(8, momentum=0.99)\n"
        },
    ),
    "a named tuple": (
        9,
        RECORD,
        {"run.py": "from layers import Net, Settings\nnet = Net(Settings(0.99, 1e-3))\n"},
    ),
}

CLEAN: dict[str, tuple[str, dict[str, str]]] = {
    "nobody calls it": (BLOCK, {"net.py": "from layers import block\n"}),
    "the caller gives the right one": (
        BLOCK, {"net.py": "from layers import block\nbn = block(8, 0.01)\n"},
    ),
    "one of the callers is right": (
        BLOCK,
        {"a.py": "from layers import block\nbn = block(8, 0.99)\n",
         "b.py": "from layers import block\nbn = block(8, 0.1)\n"},
    ),
    "a default that one caller leaves": (
        CLASS,
        {"a.py": "from layers import Block\nb = Block(8, momentum=0.99)\n",
         "b.py": "from layers import Block\nb = Block(8)\n"},
    ),
    "a class that is handed on as well": (
        CLASS,
        {"a.py": "from layers import Block\nb = Block(8, momentum=0.99)\n",
         "b.py": "from layers import Block\nimport nets\nnet = nets.make(Block)\n"},
    ),
    "only a test gives the wrong one": (
        BLOCK, {"test_net.py": "from layers import block\nbn = block(8, 0.99)\n"},
    ),
    "the caller converts it": (
        BLOCK, {"net.py": "from layers import block\nbn = block(8, 1 - 0.99)\n"},
    ),
    "another function of that name": (
        BLOCK, {"net.py": "from other import block\nbn = block(8, 0.99)\n",
                "other.py": "def block(c, momentum):\n    return c\n"},
    ),
    "a caller of another project": (
        BLOCK, {"inner/pyproject.toml": "",
                "inner/net.py": "from elsewhere import block\nbn = block(8, 0.99)\n"},
    ),
    "a partial gives the right one": (
        BLOCK,
        {"net.py": "from functools import partial\nfrom layers import block\n"
                   "make = partial(block, momentum=0.01)\n"},
    ),
    "a partial is right, and a call wrong": (
        BLOCK,
        {"a.py": "from functools import partial\nfrom layers import block\n"
                 "make = partial(block, momentum=0.01)\n",
         "b.py": "from layers import block\nbn = block(8, 0.99)\n"},
    ),
    "a partial leaves it to whoever calls": (
        BLOCK,
        {"net.py": "from functools import partial\nfrom layers import block\n"
                   "make = partial(block, 8)\n"},
    ),
    "a partial in a test": (
        BLOCK,
        {"test_net.py": "from functools import partial\nfrom layers import block\n"
                        "make = partial(block, momentum=0.99)\n"},
    ),
    "a partial of the file itself gives the right one": (
        "from functools import partial\n" + BLOCK + "make = partial(block, momentum=0.1)\n", {},
    ),
    "a caller that is not known": (
        BLOCK, {"net.py": "from layers import block\ndef f(x):\n    return block(8, x)\n"},
    ),
    "the derived class gives another norm": (
        BASE,
        {"net.py": "import torch.nn as nn\nfrom layers import Base\n\nclass Net(Base):\n"
                   "    def __init__(self, c):\n        super().__init__(c, nn.GroupNorm)\n"},
    ),
    "what is given has no momentum in the other convention": (
        RECORD, {"run.py": "from layers import Net, Settings\nnet = Net(Settings(0.1, 1e-3))\n"},
    ),
    "the record is not in view": (
        RECORD, {"run.py": "from layers import Net\nimport conf\nnet = Net(conf.read())\n"},
    ),
}  # fmt: skip


def found(
    folder: Path,
    layers: str,
    files: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *named: str,
) -> list[tuple[str, int]]:
    """Return where BN101 is reported in ``layers.py`` of a project."""
    for name, text in {"pyproject.toml": "", "layers.py": layers, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(folder)
    main(["check", "--no-cache", "--output-format", "json", *(named or ["layers.py"])])
    rows = json.loads(capsys.readouterr().out)
    return [(Path(r["filename"]).name, r["location"]["row"]) for r in rows if r["code"] == "BN101"]


@pytest.mark.parametrize("name", WRONG)
def test_what_all_callers_give_wrong_is_reported(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row, layers, files = WRONG[name]
    assert found(tmp_path, layers, files, capsys, monkeypatch) == [("layers.py", row)]


@pytest.mark.parametrize("name", CLEAN)
def test_what_callers_may_give_right_is_not_reported(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers, files = CLEAN[name]
    assert found(tmp_path, layers, files, capsys, monkeypatch) == []


def test_findings_do_not_depend_on_the_files_that_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, layers, files = WRONG["one caller, by keyword"]
    alone = found(tmp_path, layers, files, capsys, monkeypatch)
    assert found(tmp_path, layers, files, capsys, monkeypatch, ".") == alone


def test_a_name_that_is_used_all_over_a_project_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"net{i}.py": "from layers import block\nbn = block(8, 0.99)\n" for i in range(20)}
    assert found(tmp_path, BLOCK, files, capsys, monkeypatch) == []


def test_layers_that_take_a_constant_of_another_file_are_one_finding_at_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = (
        "import torch.nn as nn\nfrom settings import M\n"
        "a = nn.BatchNorm2d(8, momentum=M)\nb = nn.BatchNorm2d(9, momentum=M)\n"
    )
    files = {"settings.py": "M = 0.99\n"}
    assert found(tmp_path, layers, files, capsys, monkeypatch) == [("layers.py", 3)]
