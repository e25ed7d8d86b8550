"""The one way in which the linted project is read, and what can stand in for the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import bnlint, write

from bnlint.engine.facts import renew
from bnlint.engine.linter import Options, check
from bnlint.engine.packages import Packages
from bnlint.engine.registry import load_rules
from bnlint.files.tree import DISK, FILE, FOLDER, OTHER, Entry, Overlay
from bnlint.running.cache import state_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, a=b"1", b__c=b"2")
    os.symlink("a.py", tmp_path / "link.py")
    return tmp_path


def test_disk(folder: Path) -> None:
    assert DISK.read(f"{folder}/a.py") == DISK.read(f"{folder}/link.py") == b"1"
    assert sorted(DISK.entries(str(folder))) == [
        Entry("a.py", FILE),
        Entry("b", FOLDER),
        Entry("link.py", OTHER),
    ]
    kinds = [DISK.kind(f"{folder}/{name}") for name in ("a.py", "link.py", "b", "x", "a.py/x")]
    assert kinds == [FILE, FILE, FOLDER, "", ""]
    assert DISK.real(f"{folder}/link.py") == DISK.real(f"{folder}/a.py")


def test_disk_tells_changes(folder: Path) -> None:
    path = f"{folder}/a.py"
    before = DISK.identity(path)
    assert before == DISK.identity(path)
    (folder / "a.py").write_bytes(b"12")
    assert DISK.identity(path) != before
    assert DISK.identity(f"{folder}/x") is None


@pytest.mark.parametrize("name", ["b", "x.py", "pipe", "a.py/x"])
def test_what_is_no_file_cannot_be_read(folder: Path, name: str) -> None:
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")  # to open one for reading waits until somebody writes
    with pytest.raises(OSError):
        DISK.read(f"{folder}/{name}")


def test_what_is_too_long_is_not_read(folder: Path) -> None:
    assert DISK.read(f"{folder}/a.py", limit=1) == b"1"
    with pytest.raises(OSError, match="arge"):
        DISK.read(f"{folder}/a.py", limit=0)


def test_overlay(folder: Path) -> None:
    tree = Overlay(DISK, {f"{folder}/a.py": b"3", f"{folder}/new/d.py": b"4"})
    assert tree.read(f"{folder}/a.py") == b"3"
    assert tree.read(f"{folder}/b/c.py") == b"2"
    assert tree.read(f"{folder}/new/d.py") == b"4"
    assert {e.name for e in tree.entries(str(folder))} == {"a.py", "b", "link.py", "new"}
    assert tree.entries(f"{folder}/new") == [Entry("d.py", FILE)]
    kinds = [tree.kind(f"{folder}/{name}") for name in ("a.py", "new", "new/d.py", "b", "x")]
    assert kinds == [FILE, FOLDER, FILE, FOLDER, ""]
    assert tree.identity(f"{folder}/b/c.py") == DISK.identity(f"{folder}/b/c.py")
    assert tree.identity(f"{folder}/a.py") != DISK.identity(f"{folder}/a.py")
    with pytest.raises(OSError):
        tree.entries(f"{folder}/nowhere")


class Archive:
    """A tree without a disk: all there is lies in memory."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def read(self, path: str, limit: int | None = None) -> bytes:
        if path not in self.texts:
            raise FileNotFoundError(path)
        return self.texts[path].encode()

    def entries(self, folder: str) -> list[Entry]:
        inside = [p[len(folder) + 1 :] for p in self.texts if p.startswith(f"{folder}/")]
        names = {p.partition("/")[0]: FOLDER if "/" in p else FILE for p in inside}
        return [Entry(name, kind) for name, kind in names.items()]

    def kind(self, path: str) -> str:
        if path in self.texts:
            return FILE
        return FOLDER if any(p.startswith(f"{path}/") for p in self.texts) else ""

    def identity(self, path: str) -> object:
        return self.texts.get(path)

    def real(self, path: str) -> str:
        return path


@pytest.fixture
def renewed() -> Iterator[None]:
    yield
    renew()


@pytest.mark.usefixtures("renewed")
def test_imports_are_followed_in_an_archive() -> None:
    net = "import torch.nn as nn\nfrom pkg.config import M\nbn = nn.BatchNorm2d(8, momentum=M)\n"
    texts = {"/z/pkg/__init__.py": "", "/z/pkg/config.py": "M = 0.99\n", "/z/pkg/net.py": net}
    rules = load_rules()
    options = Options(frozenset(rule.code for rule in rules), folder="/z/pkg")
    renew(Archive(texts))
    assert [f.code for f in check(net.encode(), "net.py", rules, options).findings] == ["BN101"]
    texts["/z/pkg/config.py"] = "M = 0.01\n"
    renew(Archive(texts))
    assert check(net.encode(), "net.py", rules, options).findings == ()


def test_others_see_a_file_as_it_is_in_the_editor(tmp_path: Path) -> None:
    """A file on standard input that imports a file which imports it back."""
    on_disk = "M = 0.01\nimport torch.nn as nn\nfrom layers import norm\n"
    layers = "import torch.nn as nn\nimport net\n"
    layers += "def norm():\n    return nn.BatchNorm2d(8, momentum=net.M)\n"
    write(tmp_path, net=on_disk, layers=layers, pyproject="")
    (tmp_path / "pyproject.toml").write_text("")
    edited = on_disk.replace("0.01", "0.99") + "import layers\nclass N(layers.nn.BatchNorm2d):\n"
    edited += "    def __init__(self):\n        super().__init__(8, momentum=layers.net.M)\n"
    named = ("-", "--stdin-filename", "net.py", "--isolated")
    assert "BN101" in bnlint(tmp_path, *named, stdin=edited.encode()).out
    calm = edited.replace("0.99", "0.01").encode()
    assert "BN101" not in bnlint(tmp_path, *named, stdin=calm).out


@pytest.mark.parametrize("path", ["/a\0b", "/a\0b.py", "/\ud800", "/\ud800.py"])
def test_nothing_lies_at_a_path_that_none_can_have(path: str) -> None:
    """Such paths stand in memories of other runs that are damaged or made up."""
    with pytest.raises(OSError):
        DISK.read(path)
    with pytest.raises(OSError):
        DISK.entries(path)
    assert DISK.kind(path) == ""
    packages = Packages()
    for folder, imported in ((path, "a"), ("/", path), ("/", ""), (path, "")):
        assert packages.find(f"{folder}/", imported) is None
    assert state_of(packages, [path], [(path, "a"), ("/", path)], []) == state_of(
        Packages(), [path], [(path, "a"), ("/", path)], []
    )
