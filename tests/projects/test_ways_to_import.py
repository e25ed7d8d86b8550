"""A name of another file means the same however it is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.facts import renew
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

RULES = load_rules()
CODES = frozenset(rule.code for rule in RULES)

#: What is written at the top of ``pkg/net.py``, and the name there of ``it`` in ``pkg/parts.py``.
WAYS = {
    "its name": ("from pkg.parts import it", "it"),
    "its name, renamed": ("from pkg.parts import it as that", "that"),
    "its name, relatively": ("from .parts import it", "it"),
    "all names": ("from pkg.parts import *", "it"),
    "all names, relatively": ("from .parts import *", "it"),
    "the module": ("import pkg.parts", "pkg.parts.it"),
    "the module, renamed": ("import pkg.parts as those", "those.it"),
    "the module from its package": ("from pkg import parts", "parts.it"),
    "the module from its package, renamed": ("from pkg import parts as those", "those.it"),
    "the module, relatively": ("from . import parts", "parts.it"),
    "the module, relatively, renamed": ("from . import parts as those", "those.it"),
    "its name from the package": ("from pkg import it", "it"),
    "the package": ("import pkg", "pkg.it"),
    "if it is there": ("try:\n    from pkg.parts import it\nexcept ImportError:\n    raise", "it"),
    "one of several": ("from pkg.parts import (\n    other,\n    it,\n)", "it"),
    "several modules": ("import os, pkg.parts as those", "those.it"),
}

#: The package hands some names on.
PACKAGE = "from .parts import it\n"


def _said(folder: Path, way: str, parts: str, net: str, checked: str) -> list[tuple[str, int, str]]:
    imported, name = WAYS[way]
    files = {
        "pyproject.toml": "",
        "pkg/__init__.py": PACKAGE if way in ("its name from the package", "the package") else "",
        "pkg/parts.py": f"import torch\nimport torch.nn as nn\nimport torchvision\n\n{parts}",
        "pkg/net.py": f"{imported}\n\n{net.replace('IT', name)}",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    renew()
    options = Options(CODES, folder=str(folder / "pkg"))
    result = check(files[f"pkg/{checked}"].encode(), checked, RULES, options)
    assert result.problems == ()
    return [(f.code, f.span.row, f.message) for f in result.findings]


@pytest.mark.parametrize("way", WAYS)
def test_who_gives_an_argument_is_found(way: str, tmp_path: Path) -> None:
    """A momentum of Keras is told where the layer is made, which another file decides."""
    parts = "def it(momentum):\n    return nn.BatchNorm2d(8, momentum=momentum)\n"
    ((code, row, message),) = _said(tmp_path, way, parts, "bn = IT(0.99)\n", "parts.py")
    assert (code, row) == ("BN101", 6)
    assert "net.py" in message


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_elsewhere_is_known(way: str, tmp_path: Path) -> None:
    """A layer under a name of another file is the layer."""
    ((code, _, _),) = _said(
        tmp_path, way, "it = nn.BatchNorm2d\n", "bn = IT(8, momentum=0.99)\n", "net.py"
    )
    assert code == "BN101"


@pytest.mark.parametrize("way", WAYS)
def test_who_switches_a_model_is_found(way: str, tmp_path: Path) -> None:
    """A model that another file puts into inference mode is not told to run in training mode."""
    parts = (
        'it = torchvision.models.resnet18(weights="DEFAULT")\n\n\n'
        "def predict(image):\n    with torch.no_grad():\n        return it(image).argmax(1)\n"
    )
    assert _said(tmp_path, way, parts, "IT.eval()\n", "parts.py") == []
    ((code, row, _),) = _said(tmp_path, way, parts, "IT.cpu()\n", "parts.py")
    assert (code, row) == ("BN201", 10)


@pytest.mark.parametrize("way", WAYS)
def test_who_derives_from_a_class_is_found(way: str, tmp_path: Path) -> None:
    """A class derived from one of another file is what that one is."""
    parts = (
        "class it(nn.BatchNorm2d):\n    def __init__(self, channels, momentum=0.99):\n"
        "        super().__init__(channels, momentum=momentum)\n"
    )
    net = "class Own(IT):\n    pass\n\n\nbn = Own(8)\n"
    codes = {code for code, _, _ in _said(tmp_path, way, parts, net, "parts.py")}
    assert codes == {"BN101"}
