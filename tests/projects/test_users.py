"""Which files use a name that a file binds."""

from __future__ import annotations

import pytest
from project_files import Project

from bnlint.semantics.project import users as using
from bnlint.semantics.project.users import MAX_USERS, may_be_used, users

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


@pytest.mark.parametrize(("limit", "told"), [(4, True), (3, False)])
def test_nobody_is_asked_in_a_large_project(
    project: Project, monkeypatch: pytest.MonkeyPatch, limit: int, told: bool
) -> None:
    monkeypatch.setattr(using, "_MAX_FILES", limit)
    files = project(net="def f(): ...\n", a="from net import f\n", b="", c="")
    assert (users(files.resolver, files.path("net"), "f") is not None) is told
    assert may_be_used(files.resolver, files.path("net")) is told
