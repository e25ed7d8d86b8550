"""Which files imports lead to, who uses a name, and which names may stand for an API there."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_files import Files, Project, projects_in

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.imported_carriers import ImportedCarriers
from bnlint.semantics.project.resolver import Place, absolute, joined, split
from bnlint.semantics.project.users import MAX_USERS, may_be_used, users


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return what makes a project of files by name, ``/`` written ``__``."""
    return projects_in(tmp_path)


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


# ------------------------------------------------------------------------------- who uses a name


USING = {
    "lib__INIT": "from .norms import block\nfrom .norms import other as renamed\n",
    "lib__norms": "def block(): ...\ndef other(): ...\n",
    "a": "from lib import block\n",
    "b": "from lib.norms import block as made\n",
    "c": "import lib.norms\nimport lib as l\n",
    "d": "from lib import norms\n",
    "e": "from lib.norms import *\n",
    "f": "from e import block\n",
    "g": "from lib import renamed\n",
    "h": "from elsewhere import block\n",
    "i": "block = 1\n",
}


@pytest.mark.parametrize(
    ("file", "name", "found"),
    [
        ("lib/norms", "block",
         ["a block", "b made", "c block", "d block", "e block", "f block"]),
        ("lib/norms", "other", ["c other", "c renamed", "d other", "e other", "g renamed"]),
        ("lib/__init__", "block", ["a block", "c block"]),
        ("lib/norms", "nothing", ["c nothing", "d nothing", "e nothing"]), ("i", "block", []),
    ],
)  # fmt: skip
def test_who_uses_a_name(project: Project, file: str, name: str, found: list[str]) -> None:
    files = project(**USING)
    for _ in range(2):
        told = users(files.resolver, files.path(file), name)
        assert told is not None
        assert [f"{files.name(user.file)} {user.name}" for user in told] == found


@pytest.mark.parametrize(
    ("name", "used"),
    [("lib/norms", True), ("e", True), ("a", False), ("i", False), ("lib/__init__", True)],
)
def test_whether_a_file_may_be_used(project: Project, name: str, used: bool) -> None:
    files = project(**USING)
    assert may_be_used(files.resolver, files.path(name)) is used


@pytest.mark.parametrize(
    "text",
    ["from . import *", "import pkg.one", "from pkg import one", "from pkg.one import x",
     "from pkg.one import *", "import one"],
)  # fmt: skip
def test_any_import_of_a_file_may_use_it(project: Project, text: str) -> None:
    files = project(pkg__INIT="", pkg__one="x = 1", pkg__two=text)
    assert may_be_used(files.resolver, files.path("pkg/one"))
    assert not may_be_used(project(pkg__INIT="", pkg__one="", pkg__two="").resolver,
                           files.path("pkg/one"))  # fmt: skip


def test_stars_of_a_package_pass_names_on(project: Project) -> None:
    files = project(
        pkg__INIT="from .one import *", pkg__one="def f(): ...", pkg__two="from . import *",
        net="from pkg import f as g",
    )  # fmt: skip
    found = users(files.resolver, files.path("pkg/one"), "f")
    assert found is not None
    assert [f"{files.name(user.file)} {user.name}" for user in found] == ["net g", "pkg/two f"]


@pytest.mark.parametrize(("count", "told"), [(MAX_USERS, True), (MAX_USERS + 1, False)])
def test_a_name_with_too_many_users_is_not_followed(
    project: Project, count: int, told: bool
) -> None:
    assert MAX_USERS == 8
    many = {f"u{n}": "from lib import f\n" for n in range(count)}
    files = project(lib="def f(): ...", **many)
    found = users(files.resolver, files.path("lib"), "f")
    assert (found is not None) is told


@pytest.mark.parametrize(("count", "told"), [(32, True), (33, False)])
def test_a_name_that_is_passed_on_too_often_is_given_up(
    project: Project, count: int, told: bool
) -> None:
    """The files of packages that pass it on count, though they are no users."""
    many = {f"p{n}__INIT": "from lib import f\n" for n in range(count)}
    files = project(lib="def f(): ...", **many)
    assert users(files.resolver, files.path("lib"), "f") == ([] if told else None)


# -------------------------------------------------------------------------------- what stands for


def carried(files: Files) -> ImportedCarriers:
    return ImportedCarriers(files.resolver, catalogue().aliases)


#: What ``norms.py`` holds, how ``net.py`` imports it, and whether what is imported is an API.
CARRIED = [
    ("from torch.nn import BatchNorm2d as Norm", "from norms import Norm", True),
    ("from torch.nn import BatchNorm2d", "from norms import BatchNorm2d as Norm", True),
    ("from torch.nn import *", "from norms import BatchNorm2d as Norm", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from norms import Norm", True),
    ("from torch import nn\nNorm = nn.Conv2d", "from norms import Norm", False),
    ("from torch import nn\nclass Norm(nn.BatchNorm2d): ...", "from norms import Norm", True),
    ("from torch import nn\nclass MyBatchNorm(nn.Module): ...\nx = nn.BatchNorm2d(1)",
     "from norms import MyBatchNorm as Norm", True),
    ("from torch import nn\nclass Block(nn.Module):\n    norm = nn.BatchNorm2d",
     "from norms import Block as Norm", False),
    ("from torch import nn\ndef Norm(n):\n    return nn.BatchNorm2d", "from norms import Norm",
     True),
    ("from torch import nn\ndef Norm(n):\n    return nn.BatchNorm2d(n)", "from norms import Norm",
     False),
    ("from torch import nn\ndef Norm(n):\n    x = nn.BatchNorm2d(n)", "from norms import Norm",
     False),
    ("from torch import nn\nKIND = nn.BatchNorm2d\ndef Norm(n):\n    return KIND",
     "from norms import Norm", True),
    ("from torch import nn\nKIND = nn.Conv2d\nX = nn.BatchNorm2d\ndef Norm(n):\n    return KIND",
     "from norms import Norm", False),
    ("from deep import Norm", "from norms import Norm", True),
    ("from deep import *", "from norms import Norm", True),
    ("import deep\nNorm = deep.Norm", "from norms import Norm", False),
    ("from deep import Norm\nclass Other(Norm): ...", "from norms import Other as Norm", True),
    ("from deep import Norm\nOther = Norm", "from norms import Other as Norm", True),
    ("from round import Norm", "from norms import Norm", False),
    ("", "from norms import Norm", False),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from norms import *", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "import norms", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "import norms as n", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from . import norms", True),
    ("from torch import nn\nNorm = nn.BatchNorm2d", "from gone import Norm", False),
]  # fmt: skip


@pytest.mark.parametrize(("norms", "imports", "is_api"), CARRIED)
def test_what_may_stand_for_an_api(
    project: Project, norms: str, imports: str, is_api: bool
) -> None:
    """As an answer to the whole file, and to its text before anything is parsed."""
    text = f"{imports}\nlayer = norms.Norm(8)\nother = Norm(8)\n"
    files = project(
        net=text, norms=norms, deep="from torch.nn import BatchNorm2d as Norm\n",
        round="from round2 import Norm", round2="from round import Norm",
    )  # fmt: skip
    module = files.resolver.sources.module(files.path("net"))
    assert module is not None
    frameworks = catalogue().load(("torch",))
    for _ in range(2):
        assert carried(files).reaches(files.place("net"), text) is is_api
        assert ("Norm" in carried(files).of(module, frameworks)) is is_api


@pytest.mark.parametrize(
    ("text", "reaches"),
    [
        ("from torch.nn import BatchNorm2d as B\nx = B(8)", True),
        ("from torch.nn import BatchNorm2d as B", False),
        ("from torch.nn import Conv2d as B\nx = B(8)", False),
        ("from norms import Norm\nx = Norm(8)", True),
        ("from norms import Norm\n", False),
        ("from norms import Norm as N\nx = N(8)", True),
        ("from pkg import norms\nx = norms.Norm(8)", True),
        ("from pkg import norms\nx = norms.conv(8)", False),
        ("import pkg.norms\nx = pkg.norms.Norm(8)", True),
        ("x = Norm(8)", False),
    ],
)
def test_a_text_reaches_an_api_where_it_uses_what_it_imports(
    project: Project, text: str, reaches: bool
) -> None:
    norms = "from torch import nn\nclass Norm(nn.BatchNorm2d): ...\ndef conv(): ...\n"
    files = project(net=text, norms=norms, pkg__INIT="", pkg__norms=norms)
    assert carried(files).reaches(files.place("net"), text) is reaches


def test_answers_do_not_depend_on_what_was_asked_before(project: Project) -> None:
    chain = {f"m{n}": f"from m{n + 1} import A, B\n" for n in range(4)}
    files = project(
        **chain, m4="from torch.nn import BatchNorm2d as A\nfrom torch.nn import Conv2d as B\n"
    )
    for first, last in ((0, 3), (3, 0)):
        known = carried(files)
        for name, is_api in (("B", False), ("A", True)):
            for at in (first, last):
                text = f"from m{at} import {name}\nx = {name}(8)\n"
                assert known.reaches(files.place("m0"), text) is is_api
