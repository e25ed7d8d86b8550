"""What layers are given by other files of the project, however these import from each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bnlint.cli.main import main

LAYER = "import torch.nn as nn\n"
SETTINGS = "EPS = 1e-3\nMOMENTUM = 0.99\n"


def project(folder: Path, files: Mapping[str, str]) -> None:
    (folder / "pyproject.toml").write_text("")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def sites(
    folder: Path, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, object]]:
    """Return eps, momentum and how they are known of each layer of ``file``."""
    monkeypatch.chdir(folder)
    assert main(["sites", "--output-format", "json", file]) == 0
    rows = json.loads(capsys.readouterr().out)
    return [
        {
            "eps": row["eps"]["value"],
            "momentum": row["momentum"]["value"],
            "kinds": (row["eps"]["kind"], row["momentum"]["kind"]),
        }
        for row in rows
    ]


GIVEN = "bn = nn.BatchNorm2d(8, {eps}, {momentum})\n"

#: File that is read, and the files of the project. Each layer has eps 1e-3 and momentum 0.99.
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "sibling of a script": (
        "run.py",
        {"settings.py": SETTINGS, "run.py": "from settings import EPS, MOMENTUM"},
    ),
    "module of a script": (
        "run.py",
        {"settings.py": SETTINGS,
         "run.py": "import settings as s\nfrom settings import EPS\nMOMENTUM = s.MOMENTUM"},
    ),
    "relative": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "from .settings import EPS, MOMENTUM"},
    ),
    "relative, module": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "from . import settings\nEPS = settings.EPS\nMOMENTUM = settings.MOMENTUM"},
    ),
    "from above": (
        "pkg/nets/net.py",
        {"pkg/__init__.py": "", "pkg/nets/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/nets/net.py": "from ..settings import EPS, MOMENTUM"},
    ),
    "absolute": (
        "pkg/nets/net.py",
        {"pkg/__init__.py": "", "pkg/nets/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/nets/net.py": "from pkg.settings import EPS, MOMENTUM"},
    ),
    "absolute, module path": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "import pkg.settings\n"
                       "EPS, MOMENTUM = pkg.settings.EPS, pkg.settings.MOMENTUM"},
    ),
    "other name": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": "E = 1e-3\nM = 0.99",
         "pkg/net.py": "from .settings import E as EPS, M as MOMENTUM"},
    ),
    "star": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "from .settings import *"},
    ),
    "passed on by the package": (
        "pkg/nets/net.py",
        {"pkg/__init__.py": "from .settings import EPS, MOMENTUM", "pkg/settings.py": SETTINGS,
         "pkg/nets/__init__.py": "", "pkg/nets/net.py": "from pkg import EPS, MOMENTUM"},
    ),
    "two imports away": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/a.py": "from .b import EPS, MOMENTUM",
         "pkg/b.py": "from .c import *", "pkg/c.py": SETTINGS,
         "pkg/net.py": "from .a import EPS, MOMENTUM"},
    ),
    "namespace package": (
        "pkg/nets/net.py",
        {"pkg/settings.py": SETTINGS, "pkg/nets/net.py": "from pkg.settings import EPS, MOMENTUM"},
    ),
    "relative in a namespace package": (
        "pkg/nets/net.py",
        {"pkg/settings.py": SETTINGS, "pkg/nets/net.py": "from ..settings import EPS, MOMENTUM"},
    ),
    "folder beside, no marker": (
        "task/run.py",
        {"common/settings.py": SETTINGS, "task/run.py": "from common.settings import EPS, MOMENTUM",
         "task/unused.py": ""},
    ),
    "two folders up, no marker": (
        "tools/task/run.py",
        {"common/settings.py": SETTINGS, "main.py": "import tools.task.run",
         "tools/task/run.py": "from common.settings import EPS, MOMENTUM"},
    ),
    "src layout, from the tests": (
        "tests/net.py",
        {"src/pkg/__init__.py": "", "src/pkg/settings.py": SETTINGS,
         "tests/net.py": "from pkg.settings import EPS, MOMENTUM"},
    ),
    "circle of imports": (
        "pkg/net.py",
        {"pkg/__init__.py": "from . import net, settings",
         "pkg/settings.py": "from . import net\n" + SETTINGS,
         "pkg/net.py": "from . import settings\nfrom .settings import EPS, MOMENTUM"},
    ),
    "package that imports its own module by name": (
        "pkg/net.py",
        {"pkg/__init__.py": "from pkg import settings", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "from pkg import settings as s\nEPS, MOMENTUM = s.EPS, s.MOMENTUM"},
    ),
    "either of two modules, alike": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/a.py": SETTINGS, "pkg/b.py": SETTINGS,
         "pkg/net.py": "try:\n    from .a import EPS, MOMENTUM\n"
                       "except ImportError:\n    from .b import EPS, MOMENTUM"},
    ),
    "the nearer of two modules of a name": (
        "pkg/nets/net.py",
        {"settings.py": "EPS = MOMENTUM = 1", "pkg/nets/settings.py": SETTINGS,
         "pkg/nets/net.py": "from settings import EPS, MOMENTUM"},
    ),
    "class of settings": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": "class C:\n    eps = 1e-3\n    momentum = 0.99",
         "pkg/net.py": "from .settings import C\nEPS, MOMENTUM = C.eps, C.momentum"},
    ),
    "named tuple": (
        "pkg/net.py",
        {"pkg/__init__.py": "",
         "pkg/settings.py": "from collections import namedtuple\n"
                            "T = namedtuple('T', 'eps momentum')\n"
                            "SETTINGS = T(momentum=0.99, eps=1e-3)",
         "pkg/net.py": "from .settings import SETTINGS as s\nEPS, MOMENTUM = s.eps, s.momentum"},
    ),
    "function": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": "def settings(m=0.99):\n    return 1e-3, m",
         "pkg/net.py": "from .settings import settings\nEPS, MOMENTUM = settings()"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_values(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, files = WAYS[name]
    code = f"{LAYER}{files[file]}\n{GIVEN.format(eps='EPS', momentum='MOMENTUM')}"
    project(tmp_path, {**files, file: code})
    (found,) = sites(tmp_path, file, capsys, monkeypatch)
    assert (found["eps"], found["momentum"]) == (1e-3, 0.99)


#: Files in which nothing must be made of what the other file says.
UNKNOWN: dict[str, tuple[str, dict[str, str]]] = {
    "no such module": ("net.py", {"net.py": "from gone import EPS, MOMENTUM"}),
    "no such name": ("net.py", {"settings.py": "", "net.py": "from settings import EPS, MOMENTUM"}),
    "module that does not parse": (
        "net.py", {"settings.py": "EPS = = 1", "net.py": "from settings import EPS, MOMENTUM"},
    ),
    "only a circle": (
        "pkg/a.py",
        {"pkg/__init__.py": "", "pkg/a.py": "from .b import EPS, MOMENTUM",
         "pkg/b.py": "from .a import EPS, MOMENTUM"},
    ),
    "either of two modules, different": (
        "net.py",
        {"a.py": SETTINGS, "b.py": "EPS = 1\nMOMENTUM = 1",
         "net.py": "try:\n    from a import EPS, MOMENTUM\n"
                   "except ImportError:\n    from b import EPS, MOMENTUM"},
    ),
    "changed by another module's function": (
        "net.py",
        {"settings.py": f"{SETTINGS}def set(e, m):\n    global EPS, MOMENTUM\n    EPS = e\n"
                        "    MOMENTUM = m",
         "net.py": "from settings import EPS, MOMENTUM"},
    ),
    "above the top of the project": (
        "inner/net.py",
        {"settings.py": SETTINGS, "inner/setup.py": "",
         "inner/net.py": "from settings import EPS, MOMENTUM"},
    ),
    "beside the package, not in it": (
        "pkg/net.py",
        {"pkg/__init__.py": "", "pkg/settings.py": SETTINGS,
         "pkg/net.py": "from settings import EPS, MOMENTUM"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, files = UNKNOWN[name]
    code = f"{LAYER}{files[file]}\n{GIVEN.format(eps='EPS', momentum='MOMENTUM')}"
    project(tmp_path, {**files, file: code})
    (found,) = sites(tmp_path, file, capsys, monkeypatch)
    assert found["kinds"] == ("unknown", "unknown")


#: What another file makes of an API, and how many layers of eps 1e-3 and momentum 0.99 are made.
MADE: dict[str, tuple[str, str]] = {
    "class": (
        "class Norm(nn.BatchNorm2d):\n def __init__(s,n, e=1e-3, m=.99): super().__init__(n, e, m)",
        "Norm(8)",
    ),
    "class of keywords": (
        "class Norm(nn.BatchNorm2d):\n    def __init__(s, n, **kw): super().__init__(n, **kw)",
        "Norm(8, eps=1e-3, momentum=0.99)",
    ),
    "class of a class": (
        "class Base(nn.BatchNorm2d):\n    pass\nclass Norm(Base):\n    pass",
        "Norm(8, 1e-3, 0.99)",
    ),
    "alias": ("Norm = nn.BatchNorm2d", "Norm(8, 1e-3, 0.99)"),
    "partial": (
        "from functools import partial\nNorm = partial(nn.BatchNorm2d, eps=1e-3)",
        "Norm(8, momentum=0.99)",
    ),
    "function that chooses": (
        "def get(kind='bn'):\n    return nn.BatchNorm2d\nNorm = get()",
        "Norm(8, 1e-3, 0.99)",
    ),
    "dictionary": ("KINDS = {'bn': nn.BatchNorm2d}\nNorm = KINDS['bn']", "Norm(8, 1e-3, 0.99)"),
}


@pytest.mark.parametrize("passed_on", [False, True])
@pytest.mark.parametrize("name", MADE)
def test_what_is_made_of_an_api(
    name: str,
    passed_on: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, call = MADE[name]
    files = {"pkg/__init__.py": "", "pkg/layers.py": f"{LAYER}{made}\n"}
    origin = ".layers"
    if passed_on:
        files["pkg/more.py"] = "from .layers import Norm\n"
        origin = ".more"
    files["pkg/net.py"] = f"from {origin} import Norm\nbn = {call}  # a BatchNorm\n"
    project(tmp_path, files)
    (found,) = sites(tmp_path, "pkg/net.py", capsys, monkeypatch)
    assert (found["eps"], found["momentum"]) == (1e-3, 0.99)


def test_class_that_derives_from_an_imported_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file between mentions no API at all."""
    project(tmp_path, {
        "a.py": f"{LAYER}class Base(nn.BatchNorm2d): pass\n",
        "b.py": "from a import Base\nclass Norm(Base):\n    pass\n",
        "net.py": "from b import Norm\nbn = Norm(8, 1e-3, 0.99)  # a BatchNorm\n",
    })  # fmt: skip
    (found,) = sites(tmp_path, "net.py", capsys, monkeypatch)
    assert (found["eps"], found["momentum"]) == (1e-3, 0.99)


@pytest.mark.parametrize("top", ["torch", "keras", "tensorflow"])
def test_folder_called_as_a_framework(
    top: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of ports for PyTorch is not PyTorch."""
    project(tmp_path, {
        f"{top}/nn.py": "class BatchNorm2d:\n    pass\n",
        "net.py": "import torch.nn as nn\nbn = nn.BatchNorm2d(8, 1e-3, 0.99)\n",
    })  # fmt: skip
    (found,) = sites(tmp_path, "net.py", capsys, monkeypatch)
    assert (found["eps"], found["momentum"]) == (1e-3, 0.99)


def test_source_of_a_framework(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the table lists is an API there, too, and no function of the project."""
    project(tmp_path, {
        "tf_slim/__init__.py": "",
        "tf_slim/layers/__init__.py": "",
        "tf_slim/layers/layers.py": "def batch_norm(inputs, decay=0.5):\n    return inputs\n",
        "tf_slim/nets.py": "from .layers import layers as l\nx = l.batch_norm(1, decay=0.9)\n",
    })  # fmt: skip
    (found,) = sites(tmp_path, "tf_slim/nets.py", capsys, monkeypatch)
    assert (found["eps"], found["momentum"]) == (1e-3, 0.9)


@pytest.mark.parametrize(
    ("layer", "other"),
    [
        ("Norm(8)", "class Norm(nn.LayerNorm): pass"),
        ("Norm(8)", "def Norm(n): return nn.GroupNorm(2, n)"),
        ("BatchNorm2d(8)", "class BatchNorm2d(nn.Module):\n    def __init__(self, n): pass"),
        ("BatchNorm2d(8)", "from my_own_package import BatchNorm2d"),
    ],
)
def test_what_is_no_api(
    layer: str,
    other: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = layer.partition("(")[0]
    project(tmp_path, {
        "layers.py": f"{LAYER}{other}\n",
        "net.py": f"{LAYER}from layers import {name}\nbn = {layer}  # no BatchNorm\n",
    })  # fmt: skip
    assert all(row["eps"] is None for row in sites(tmp_path, "net.py", capsys, monkeypatch))
