"""What a project gives the file that is checked: modules, who uses a name, what is read at all."""

from __future__ import annotations

import pytest
from project_files import BUILDS, Files
from project_files import Project as Made

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project import project as module
from bnlint.semantics.project.outline import imports_in, outline_of
from bnlint.semantics.project.project import Project, imported_by, imported_roots


def around(files: Files, name: str = "net") -> Project:
    main = files.resolver.sources.module(files.path(name))
    assert main is not None
    return Project(catalogue().load(("torch",)), files.resolver, main)


@pytest.mark.parametrize(
    ("symbol", "file", "name"),
    [
        ("pkg.norms.block", "pkg/norms", "block"), ("pkg.norms", "pkg/__init__", "norms"),
        ("pkg", "pkg/__init__", None), ("bare.norms", "bare/norms", None),
        ("torch.nn.BatchNorm2d", None, None), ("other.thing", None, None), ("net", "net", None),
    ],
)  # fmt: skip
def test_what_a_symbol_is(project: Made, symbol: str, file: str | None, name: str | None) -> None:
    """A name in a module, or a module; nothing of a framework, or outside."""
    files = project(net="", pkg__INIT="", pkg__norms="", bare__norms="")
    own = around(files)
    assert own.main is not None
    found = own.resolve(own.main, symbol)
    if name is not None:
        assert isinstance(found, tuple)
        found, called = found
        assert called == name
    assert not isinstance(found, tuple)
    assert (files.name(found.file) if found is not None else None) == file


def test_a_package_has_modules_and_a_module_none(project: Made) -> None:
    files = project(net="", pkg__INIT="", pkg__norms="")
    own = around(files)
    assert own.main is not None
    package = own.module(own.main, "pkg")
    assert package is not None
    below = own.submodule(package, "norms")
    assert below is not None
    assert files.name(below.file) == "pkg/norms"
    assert own.submodule(package, "gone") is None
    assert own.submodule(below, "norms") is None
    assert own.module(own.main, "net") is own.main
    assert own.module(own.main, "pkg") is package


@pytest.mark.parametrize(
    ("limit", "read"),
    [(0, [False] * 3), (9, [True, False, False]), (10, [True, True, False]), (20, [True] * 3)],
)
def test_no_more_is_read_than_so_many_characters(
    project: Made, monkeypatch: pytest.MonkeyPatch, limit: int, read: list[bool]
) -> None:
    """What goes beyond is the last that is read; what is known is asked for again."""
    files = project(net="", a="x = 'aaa'", b="x = 'bbb'", c="x = 'ccc'")
    monkeypatch.setattr(module, "_MOST_READ", limit)
    own = around(files)
    assert own.main is not None
    for _ in range(2):
        assert [own.module(own.main, name) is not None for name in "abc"] == read


def test_users_are_read_once(project: Made) -> None:
    files = project(net="def f(): ...\n", a="from net import f\n", b="from net import f as g")
    own = around(files)
    assert own.main is not None
    found = own.users(own.main, "f")
    assert found is not None
    assert [(files.name(there.file), name) for there, name in found] == [("a", "f"), ("b", "g")]
    again = own.users(own.main, "f")
    assert again is not None
    assert [there for there, _ in again] == [there for there, _ in found]
    assert own.module(own.main, "a") is found[0][0]
    assert own.users(own.main, "other") == []
    assert own.may_be_used(own.main)
    alone = Project(catalogue().load(("torch",)), None, own.main)
    assert alone.users(own.main, "f") == []
    assert not alone.may_be_used(own.main)


def test_files_that_say_something_come_after_the_one_that_is_checked(project: Made) -> None:
    files = project(net="eval", b="x.eval()", a="y.eval()", c="train()")
    own = around(files)
    assert own.main is not None
    found = [files.name(there.file) for there in own.saying(own.main, r"\.eval\(")]
    assert found == ["net", "a", "b"]
    alone = Project(catalogue().load(("torch",)), None, own.main)
    assert [*alone.saying(own.main, "eval")] == [own.main]


SWITCHES = "def run(model):\n    model.eval()\n"

#: A file, those that it imports, and whether it deals with code that switches modes.
HANDED = [
    ("from a import run\nm = build()\nrun(m)\n", {"a": SWITCHES}, True),
    ("from a import run\nm = build()\nrun(model=m)\n", {"a": SWITCHES}, True),
    ("import a\nm = build()\na.run(m)\n", {"a": SWITCHES}, True),
    ("import a as b\nm = build()\nb.run(m)\n", {"a": SWITCHES}, True),
    ("from a import *\nm = build()\nrun(m)\n", {"a": SWITCHES}, True),
    ("from a import run\nm = build()\nrun(1)\n", {"a": SWITCHES}, False),
    ("from a import run\nm = 1\nrun(m)\n", {"a": SWITCHES}, False),
    ("from a import run\nm = build()\nother(m)\n", {"a": SWITCHES}, False),
    ("from a import run\nm = build()\nrun(m)\n", {"a": "def run(m): ...\n"}, False),
    ("from a import run\nm = build()\nrun(m)\n", {"a": "import b\n", "b": SWITCHES}, True),
    ("from a import run\nm = build()\nrun(m)\n", {"a": "import b\n", "b": "import c\n",
                                                  "c": SWITCHES}, False),
    ("from a import build\nm = build()\n", {"a": SWITCHES}, True),
    ("from a import build\nm = build().to(d)\n", {"a": SWITCHES}, True),
    ("from a import build\nbuild()\n", {"a": SWITCHES}, False),
    ("from a import build\nself.m = build()\n", {"a": SWITCHES}, False),
    ("from a import build\nm, n = build()\n", {"a": SWITCHES}, True),
    ("from a import run\nm, n = build()\nrun(n)\n", {"a": SWITCHES}, True),
    ("from a import run\nclass T:\n    def f(self):\n        m = build()\n        run(m)\n",
     {"a": SWITCHES}, False),
    ("from pkg import a\nm = build()\na.run(m)\n", {"pkg__INIT": "", "pkg__a": SWITCHES}, True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "others", "hands"), HANDED)
def test_files_that_hand_their_models_over(
    project: Made, text: str, others: dict[str, str], hands: bool
) -> None:
    files = project(net=text, **others)
    own = around(files)
    assert own.main is not None
    for _ in range(2):
        assert own.hands_over_models(own.main) is hands
    assert not Project(catalogue().load(("torch",)), None, own.main).hands_over_models(own.main)


def test_what_a_file_may_make(project: Made) -> None:
    files = project(net="import a", a=BUILDS, b="import c", c="")
    for name, makes in (("net", True), ("b", False)):
        own = around(files, name)
        assert own.main is not None
        assert own.may_make_models(own.main) is makes
        assert Project(catalogue().load(("torch",)), None, own.main).may_make_models(own.main)
        assert own.may_export(own.main, "c", "x") is False
        assert Project(catalogue().load(("torch",)), None, own.main).may_export(own.main, "c", "x")


def test_what_is_imported_absolutely(project: Made) -> None:
    text = (
        "import torch, keras.layers as l\nfrom numpy import a\nfrom . import b\nfrom .c import d\n"
    )
    files = project(net=text, b="import jax\n", c="")
    own = around(files)
    assert own.main is not None
    assert [*imported_roots(own.main)] == ["torch", "keras.layers", "numpy"]
    own.module(own.main, "b")
    own.module(own.main, "gone")
    assert [*own.imported_roots()] == ["torch", "keras.layers", "numpy", "jax"]
    outline = outline_of(f"{text}from paddle import *\nfrom numpy import c as a\n")
    assert [*imported_by(outline)] == [
        "torch", "keras.layers", "numpy", "numpy", ".", ".c", "paddle",
    ]  # fmt: skip
    assert imports_in(text).modules == {"torch": ["torch"], "l": ["keras.layers"]}
