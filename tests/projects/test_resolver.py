"""Which files imports lead to, and what may come from there."""

from __future__ import annotations

import pytest
from project_files import Project

from bnlint.semantics.project.resolver import Place, absolute, joined, split

PACKAGE = {
    "net": "from pkg import block\nimport pkg.deep.layers as layers\n",
    "pkg__INIT": "from .norms import block\nfrom . import norms\n",
    "pkg__norms": "def block(): ...\n",
    "pkg__deep__INIT": "",
    "pkg__deep__layers": "from ..norms import block as made\nfrom ... import net\n",
}


@pytest.mark.parametrize(
    ("importer", "symbol", "file"),
    [
        ("net", "pkg", "pkg/__init__"), ("net", "pkg.norms", "pkg/norms"),
        ("net", "pkg.deep.layers", "pkg/deep/layers"), ("net", "pkg.block", None),
        ("net", "torch", None), ("pkg/deep/layers", "..norms", "pkg/norms"),
        ("pkg/deep/layers", ".", "pkg/deep/__init__"), ("pkg/deep/layers", "..", "pkg/__init__"),
        ("pkg/norms", ".deep", "pkg/deep/__init__"), ("pkg/__init__", ".norms", "pkg/norms"),
        ("net", ".pkg", "pkg/__init__"), ("net", "other", None),
    ],
)  # fmt: skip
def test_the_file_that_an_import_leads_to(
    project: Project, importer: str, symbol: str, file: str | None
) -> None:
    files = project(**PACKAGE)
    assert files.name(files.resolver.find(files.place(importer), symbol)) == file


def test_a_folder_that_is_called_like_a_framework_is_none_but_for_itself(project: Project) -> None:
    files = project(net="", torch__INIT="", torch__nn__INIT="", torch__nn__norm="")
    assert files.resolver.find(files.place("net"), "torch.nn") is None
    inside = files.place("torch/nn/norm")
    assert (inside.name, inside.package) == ("torch.nn.norm", "torch.nn")
    found = [files.name(files.resolver.find(inside, s)) for s in ("torch.nn", ".", "keras.nn")]
    assert found == ["torch/nn/__init__", "torch/nn/__init__", None]
    assert files.resolver.place(files.path("net")) is files.place("net")


@pytest.mark.parametrize(
    ("symbol", "package", "path"),
    [
        ("a.b", "p.q", "a.b"), (".a", "p.q", "p.q.a"), ("..a", "p.q", "p.a"),
        ("...a", "p.q", "...a"),
        (".", "p.q", "p.q"), ("..", "p.q", "p"), (".a", "", ".a"), ("a", "", "a"),
    ],
)  # fmt: skip
def test_what_a_relative_import_means(symbol: str, package: str, path: str) -> None:
    assert absolute(Place("f.py", "m", package), symbol) == path


@pytest.mark.parametrize(
    ("origin", "name", "path"),
    [("a", "b", "a.b"), (".", "b", ".b"), ("..", "b", "..b"), (".a", "b", ".a.b")],
)
def test_paths_are_joined_and_split(origin: str, name: str, path: str) -> None:
    assert joined(origin, name) == path
    assert split(path) == (origin, name)


def test_a_name_alone_is_in_no_module() -> None:
    assert split("a") == ("", "a")
    assert split("..") == ("..", "")


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("net", ["pkg/deep/layers", "pkg/__init__"]),
        ("pkg/__init__", ["pkg/norms", "pkg/__init__"]),
        ("pkg/norms", []),
    ],
)
def test_the_files_that_a_file_imports(project: Project, name: str, leads: list[str]) -> None:
    files = project(**PACKAGE)
    found = [files.name(path) for path in files.resolver.imported(files.path(name))]
    assert found == leads
    assert [files.name(path) for path in files.resolver.imported(files.path(name))] == leads


def test_imports_are_followed_for_three_steps_and_forty_files(project: Project) -> None:
    chain = {f"m{n}": f"import m{n + 1}\n" for n in range(6)}
    files = project(**chain, m6="")
    found = [files.name(path) for path in files.resolver.behind(files.path("m0"))]
    assert found == ["m1", "m2", "m3"]
    circle = project(m0="import m1", m1="import m0")
    assert [circle.name(p) for p in circle.resolver.behind(circle.path("m0"))] == ["m1"]


@pytest.mark.parametrize("count", [39, 40, 41, 60])
def test_no_more_than_forty_files_are_behind_one(project: Project, count: int) -> None:
    many = {f"n{n:02}": "" for n in range(count)}
    files = project(net="".join(f"import {name}\n" for name in many), **many)
    found = [files.name(path) for path in files.resolver.behind(files.path("net"))]
    assert found == [f"n{n:02}" for n in range(min(count, 40))]


@pytest.mark.parametrize(
    ("text", "name", "may"),
    [
        ("def f(): ...", "f", True), ("def f(): ...", "g", False), ("a, b = 1, 2", "b", True),
        ("globals()[x] = 1", "g", True), ("from .more import *", "deep", True),
        ("from .more import *", "other", False), ("from .gone import *", "other", True),
        ("from torch import *", "other", True), ("from .pkg import *", "other", False),
        ("from .round import *", "other", False), ("", "more", True),
    ],
)  # fmt: skip
def test_what_may_be_imported(project: Project, text: str, name: str, may: bool) -> None:
    """What is not of the project may give anything, and so may a submodule."""
    files = project(
        net="", pkg__INIT=text, pkg__more="deep = 1", pkg__pkg="", pkg__round="from .round import *"
    )
    place = files.place("net")
    for _ in range(2):
        assert files.resolver.may_export(place, "pkg", name) is may
    assert files.resolver.may_export(place, "torch", name)


def test_a_name_is_followed_to_where_it_is_made(project: Project) -> None:
    files = project(
        net="from pkg import block, Layer, both, gone", pkg__INIT="from .a import block as block\n"
        "from .a import Layer\nfrom .a import both\nfrom .b import both\nfrom torch import gone",
        pkg__a="from .b import made as block\nclass Layer: ...", pkg__b="def made(): ...",
    )  # fmt: skip
    place = files.place("net")
    for symbol, file, name in (
        ("pkg.block", "pkg/b", "made"), ("pkg.Layer", "pkg/a", "Layer"),
        ("pkg.both", "pkg/__init__", "both"), ("pkg.gone", None, "gone"),
        ("torch.nn", None, "nn"),
    ):  # fmt: skip
        found, called = files.resolver.holder(place, symbol)
        assert (files.name(found), called) == (file, name)


@pytest.mark.parametrize(("hops", "file"), [(6, "m7"), (7, "m8"), (8, "m8")])
def test_a_name_is_passed_on_eight_times_at_most(project: Project, hops: int, file: str) -> None:
    chain = {f"m{n}": f"from m{n + 1} import f\n" for n in range(hops + 1)}
    files = project(**chain, **{f"m{hops + 1}": "def f(): ...\n"})
    found, _ = files.resolver.holder(files.place("m0"), "m1.f")
    assert files.name(found) == file
