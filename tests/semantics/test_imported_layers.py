"""Which layers of other files a file builds by what it imports, and which stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.facts import Facts, facts_of, renew
from bnlint.semantics.layers import imported_layers
from bnlint.semantics.layers.imported_layers import (
    built_by_imports,
    sites_beside,
    sites_of_imports,
)

BLOCKS = """\
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        self.inner = Inner()

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

def conv_bn():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
"""


def facts(folder: Path, net: str, **files: str) -> Facts:
    """Return what is known of ``net.py`` in a project with these files."""
    (folder / "pyproject.toml").touch()
    for name, text in {"net": net, "blocks": BLOCKS, **files}.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    renew()
    found = facts_of(net.encode(), "net.py", str(folder))
    assert isinstance(found, Facts)
    return found


BN = "from torch import nn\nnorm = nn.BatchNorm2d(8)\n"
OTHER = "from torch import nn\nnorm = nn.BatchNorm1d(8)\n"
NET = "from torch import nn\n{}\nown = nn.BatchNorm2d(8)\n{}\n"


@pytest.mark.parametrize(
    ("imports", "code", "rows"),
    [
        ("from blocks import Block", "net = Block()", [6, 12]),
        ("from blocks import Block as B", "net = B()", [6, 12]),
        ("import blocks", "net = blocks.Block()", [6, 12]),
        ("import blocks as b", "net = b.Inner(), b.Inner(), b.conv_bn()", [12, 20]),
        ("import pkg.blocks", "net = pkg.blocks.Other()", [17]),
        ("from pkg import blocks", "net = blocks.Other()", [17]),
        ("from blocks import Block, conv_bn", "net = conv_bn()", [20]),
        ("from blocks import Block", "net = list()", []),
        ("from blocks import Block", "class Net(Block):\n    pass", [6, 12]),
        ("from blocks import Block", "class Block(nn.Module):\n    pass\nnet = Block()", []),
        ("from blocks import Block, Inner", "net = Inner(), Block()", [6, 12]),
        ("import blocks", "net = other.blocks.Block()", []),
    ],
)
def test_layers_of_what_a_file_names(
    tmp_path: Path, imports: str, code: str, rows: list[int]
) -> None:
    found = facts(tmp_path, NET.format(imports, code), pkg__blocks=BLOCKS, pkg____init__="")
    made = list(sites_of_imports(found.project, found.module))
    assert [site.call.lineno for site in made] == rows
    counted = built_by_imports(found.project, found.module)
    assert [*counted.values()] == ([len(rows)] if rows else [])
    assert all(Path(file).name == "blocks.py" for file in counted)


def test_layers_of_what_a_part_of_a_file_names(tmp_path: Path) -> None:
    net = (
        f"{BN}from blocks import Inner, conv_bn\n\ndef build():\n    return helper()\n\n"
        "def helper():\n    return Inner()\n\nclass Net:\n    def head(self):\n"
        "        return conv_bn()\n\n    def tail(self):\n        return Inner()\n"
    )
    found = facts(tmp_path, net)
    counted = {
        part: sum(built_by_imports(found.project, found.module, part).values())
        for part in ("", "build", "helper", "Net", "Net.head", "Net.neck")
    }
    assert counted == {"": 2, "build": 1, "helper": 1, "Net": 2, "Net.head": 1, "Net.neck": 0}


def beside(found: Facts, pattern: str = r"\bBatchNorm2d\(") -> list[str]:
    made = sites_beside(found.project, found.module, pattern)
    return [f"{Path(site.module.file).name}:{site.call.lineno}" for site in made]


def test_layers_that_stand_beside_a_file(tmp_path: Path) -> None:
    """Those of files that somebody imports together with it, and that match the pattern."""
    found = facts(
        tmp_path,
        BN,
        main="import net\nimport model, more\n",
        again="import net\nimport model\n",
        model="import parts\n" + BN,
        parts=BN,
        more=OTHER,
        apart="import lonely\n",
        lonely=BN,
    )
    assert beside(found) == ["model.py:3", "parts.py:2"]
    assert beside(found, r"\bBatchNorm1d\(") == ["more.py:2"]
    assert beside(found, r"\bGroupNorm\(") == []


@pytest.mark.parametrize(
    ("text", "is_beside"),
    [
        ("import net, model\n", True),
        ("from net import norm\nimport model\n", True),
        ("from . import net\nfrom . import model\n", True),
        ("import netting\nimport model\n", False),
        ("import model\nprint('net')\n", False),
    ],
)
def test_files_that_import_both(tmp_path: Path, text: str, is_beside: bool) -> None:
    found = facts(tmp_path, BN, main=text, model=BN, netting="x = 1\n")
    assert beside(found) == (["model.py:2"] if is_beside else [])


def test_a_file_does_not_stand_beside_itself(tmp_path: Path) -> None:
    assert beside(facts(tmp_path, BN, main="import net\n")) == []
    assert beside(facts(tmp_path, BN, main="import net, model\n", model=BN)) == ["model.py:2"]


@pytest.mark.parametrize(("most", "found"), [(2, 2), (3, 3), (4, 3)])
def test_so_many_files_with_layers_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, found: int
) -> None:
    monkeypatch.setattr(imported_layers, "_MOST_HOLDERS", most)
    text = "import net, a, b, c\n"
    assert len(beside(facts(tmp_path, BN, main=text, a=BN, b=BN, c=BN))) == found


@pytest.mark.parametrize(("most", "found"), [(1, 1), (2, 2)])
def test_so_many_files_that_import_it_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, found: int
) -> None:
    monkeypatch.setattr(imported_layers, "_MOST_USERS", most)
    made = beside(facts(tmp_path, BN, u="import net, a\n", v="import net, b\n", a=BN, b=BN))
    assert len(made) == found
