"""Which files a command line stands for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bnlint.config.settings import Configs, Given
from bnlint.files.display import displayed
from bnlint.finding import Problem
from bnlint.running.discovery import File, Found, read, walk

posix = pytest.mark.skipif(os.name == "nt", reason="needs symbolic links and pipes")


def tree(root: Path, *files: str, **contents: str) -> None:
    """Make ``files`` (and folders, with a slash at the end) below ``root``."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text("", encoding="utf-8")
    for name, text in contents.items():
        (root / name.replace("__", ".")).write_text(text, encoding="utf-8")


def found(root: Path, *paths: str, given: Given | None = None) -> Found:
    """Walk ``paths`` in ``root``, with the configuration files that are there."""
    return walk(paths or (".",), Configs(root.as_posix(), given=given), root.as_posix())


def names(root: Path, *paths: str, given: Given | None = None) -> list[str]:
    """Return what is found, after making sure that there was nothing to complain of."""
    result = found(root, *paths, given=given)
    assert (result.problems, result.notices) == ((), ())
    return [file.display for file in result.files]


def test_order(tmp_path: Path) -> None:
    """Files come in the order of their names, whatever the order on disk or of the arguments."""
    tree(tmp_path, "b/z.py", "b/a.pyi", "a.py", "B.py", "b.py")
    expected = ["B.py", "a.py", "b.py", "b/a.pyi", "b/z.py"]
    assert names(tmp_path) == expected
    assert names(tmp_path, "b.py", "b", "B.py", "a.py") == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(["m.py", "m.pyi"], ["m.py", "m.pyi"], id="modules and stubs"),
        pytest.param(["m.py", "m.pyc", "m.txt", "m.py.orig", "py"], ["m.py"], id="nothing else"),
        pytest.param(["a.py/m.py"], ["a.py/m.py"], id="a folder that is called like a module"),
        pytest.param(
            ["m.py", ".hidden/n.py", ".o.py"], [".hidden/n.py", ".o.py", "m.py"], id="dot"
        ),
        pytest.param(
            ["env/m.py", "models/build.py", "builder/m.py", "dist.py"],
            ["builder/m.py", "dist.py", "env/m.py", "models/build.py"],
            id="names that only resemble those left out",
        ),
        pytest.param(["m.py", "venv/n.py", "a/b/.venv/n.py"], ["m.py"], id="venv, at any depth"),
        pytest.param(["m.py", "e/pyvenv.cfg", "e/lib/n.py"], ["m.py"], id="a venv of any name"),
        pytest.param(
            ["pyvenv.cfg", "m.py", "lib/site-packages/n.py"], ["m.py"], id="a venv in the root"
        ),
        pytest.param(["m.py", "node_modules/n.py", "build/lib/n.py"], ["m.py"], id="build output"),
        pytest.param(["m.py", "._m.py", "._d/n.py"], ["m.py"], id="what macOS keeps beside files"),
    ],
)
def test_search(tmp_path: Path, made: list[str], expected: list[str]) -> None:
    """In a folder, Python files are taken that are the project's own."""
    tree(tmp_path, *made)
    assert names(tmp_path) == expected


@pytest.mark.parametrize(
    "path", ["script", "notes.txt", ".venv/n.py", "ignored.py", "./sub/../script"]
)
def test_named_file(tmp_path: Path, path: str) -> None:
    """A file that is named is taken, whatever it is called and wherever it lies."""
    tree(tmp_path, "script", "notes.txt", ".venv/n.py", "ignored.py", ".git/", "sub/")
    tree(tmp_path, __gitignore="ignored.py\n")
    assert names(tmp_path, path) == [os.path.normpath(path)]


@pytest.mark.parametrize("path", [".venv", "build/lib", "ignored", "ignored/deep"])
def test_named_folder(tmp_path: Path, path: str) -> None:
    """A folder that is named is searched even if a search from above would leave it out."""
    tree(tmp_path, f"{path}/m.py", ".git/", __gitignore="ignored/\n")
    assert names(tmp_path, path) == [f"{path}/m.py"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(Given(exclude=("a",)), ["m.py", "venv/m.py"], id="exclude replaces"),
        pytest.param(Given(extend_exclude=("a",)), ["m.py"], id="extend-exclude adds"),
        pytest.param(Given(extend_exclude=("a/b",)), ["a/m.py", "m.py"], id="a path"),
        pytest.param(Given(extend_exclude=("./a/b/",)), ["a/m.py", "m.py"], id="a path, decorated"),
        pytest.param(Given(extend_exclude=("b/m.py",)), ["a/b/m.py", "a/m.py", "m.py"], id="root"),
        pytest.param(Given(extend_exclude=("**/b",)), ["a/m.py", "m.py"], id="any folder b"),
        pytest.param(Given(extend_exclude=("a/*.py",)), ["m.py"], id="a star goes through slashes"),
        pytest.param(Given(extend_exclude=("m.*",)), [], id="a name with a star"),
        pytest.param(Given(extend_exclude=("{x,a}/[!c]",)), ["a/m.py", "m.py"], id="sets"),
        pytest.param(Given(extend_exclude=("[m].py", "?")), [], id="one of several"),
        pytest.param(Given(include=("*.txt",)), ["a/t.txt"], id="include replaces"),
        pytest.param(Given(include=("a/*.py",)), ["a/b/m.py", "a/m.py"], id="include by path"),
    ],
)
def test_exclude_and_include(tmp_path: Path, given: Given, expected: list[str]) -> None:
    """Patterns mean what they mean to ruff (its own results, taken down by hand)."""
    tree(tmp_path, "m.py", "a/m.py", "a/b/m.py", "a/t.txt", "venv/m.py")
    result = found(tmp_path, given=given)
    assert [file.display for file in result.files] == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("venv/m.py", []),
        ("venv/lib/m.py", []),
        ("gone/a/m.py", []),
        ("m.py", ["m.py"]),
        ("gone2/m.py", ["gone2/m.py"]),
    ],
)
def test_force_exclude(tmp_path: Path, path: str, expected: list[str]) -> None:
    """With force-exclude a file is left out with any folder it is in, though it is named."""
    tree(tmp_path, path)
    given = Given(force_exclude=True, extend_exclude=("gone",))
    assert names(tmp_path, path, given=given) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("gone", []), ("gone/a", []), ("kept", ["kept/m.py"]), (".", ["kept/m.py"])],
)
def test_force_exclude_of_a_folder(tmp_path: Path, path: str, expected: list[str]) -> None:
    """The same holds for folders that are named."""
    tree(tmp_path, "gone/a/m.py", "kept/m.py")
    assert names(tmp_path, path, given=Given(force_exclude=True, exclude=("gone",))) == expected


def test_folders_above_the_configuration_exclude_nothing(tmp_path: Path) -> None:
    """A checkout below a folder called build is no build output."""
    project = tmp_path / "build" / "project"
    tree(project, "m.py", bnlint__toml="force-exclude = true\n")
    assert names(project, "m.py") == ["m.py"]
    outer = project.parent
    tree(outer, bnlint__toml="force-exclude = true\n")
    assert names(outer, "project", ".") == ["project/m.py"]


def test_each_folder_by_its_own_configuration(tmp_path: Path) -> None:
    """What a nested configuration leaves out is left out there, and only there."""
    tree(tmp_path, "x.py", "a/x.py", "a/y.py", "b/x.py", "b/c/x.py", "b/c/y.py")
    (tmp_path / "b/bnlint.toml").write_text('exclude = ["x.py"]\n')
    assert names(tmp_path) == ["a/x.py", "a/y.py", "b/c/y.py", "x.py"]


@posix
def test_symbolic_links(tmp_path: Path) -> None:
    """A link to a file is followed, one to a folder is not, and no file comes twice."""
    tree(tmp_path, "p/b.py", "p/sub/c.py", "outside/d.py", "outside/e.py")
    (tmp_path / "p/a_link.py").symlink_to("b.py")
    (tmp_path / "p/loop").symlink_to(".")
    (tmp_path / "p/d.py").symlink_to("../outside/d.py")
    (tmp_path / "p/d2.py").symlink_to("../outside/d.py")
    (tmp_path / "p/folder").symlink_to("../outside")
    assert names(tmp_path, "p") == ["p/b.py", "p/d.py", "p/sub/c.py"]
    assert names(tmp_path, "p", "outside") == [
        "outside/d.py",
        "outside/e.py",
        "p/b.py",
        "p/sub/c.py",
    ]
    (tmp_path / "p/folder.py").symlink_to("../outside")
    assert names(tmp_path, "p/a_link.py") == ["p/a_link.py"]
    assert names(tmp_path, "p/a_link.py", "p/b.py") == ["p/b.py"]
    assert names(tmp_path, "p") == ["p/b.py", "p/d.py", "p/sub/c.py"]
    assert names(tmp_path, "p/folder") == ["p/folder/d.py", "p/folder/e.py"]


def test_files_named_twice(tmp_path: Path) -> None:
    """One file under several names is checked once."""
    tree(tmp_path, "p/a.py")
    assert names(tmp_path, "p", "p/", "./p/a.py", str(tmp_path / "p"), "p/../p/a.py") == ["p/a.py"]


@posix
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone.py", "no such file or folder"),
        ("gone", "no such file or folder"),
        ("m.py/n.py", "no such file or folder"),
        ("broken.py", "broken symbolic link"),
        ("loop.py", "cannot be read"),
    ],
)
def test_paths_that_are_not_there(tmp_path: Path, path: str, message: str) -> None:
    """Each is an error that names it, and the other files are found all the same."""
    tree(tmp_path, "m.py")
    (tmp_path / "broken.py").symlink_to("gone.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    result = found(tmp_path, path, "m.py")
    assert [file.display for file in result.files] == ["m.py"]
    (problem,) = result.problems
    assert problem.path == path
    assert problem.message.startswith(message)


def test_an_empty_path(tmp_path: Path) -> None:
    """An unset variable in a script must not mean the current folder."""
    tree(tmp_path, "m.py")
    result = found(tmp_path, "")
    assert result.files == ()
    assert [problem.message for problem in result.problems] == [
        "an empty path names no file; is a variable not set?"
    ]


@posix
def test_what_is_skipped_in_a_folder_is_named(tmp_path: Path) -> None:
    """Broken links and things that are no files are skipped, with a notice."""
    tree(tmp_path, "m.py")
    (tmp_path / "broken.py").symlink_to("gone.py")
    (tmp_path / "broken.txt").symlink_to("gone.txt")
    os.mkfifo(tmp_path / "pipe.py")
    result = found(tmp_path)
    assert [file.display for file in result.files] == ["m.py"]
    assert result.problems == ()
    assert result.notices == (
        ("skipped: broken symbolic link", "broken.py"),
        ("skipped: not a regular file", "pipe.py"),
    )


def test_a_folder_without_python_files(tmp_path: Path) -> None:
    """It is no error, but it is said."""
    tree(tmp_path, "empty/", "text/a.txt", "full/m.py")
    result = found(tmp_path, "empty", "text", "full")
    assert [notice.path for notice in result.notices] == ["empty", "text"]
    assert all("no Python files" in notice.message for notice in result.notices)
    assert result.problems == ()


def test_notebooks_are_found_and_pages_where_they_are_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, "n.ipynb", "m.py", "p.md", "p.rst", ".ipynb_checkpoints/n-checkpoint.ipynb")
    assert names(tmp_path) == ["m.py", "n.ipynb"]
    (tmp_path / "bnlint.toml").write_text("include-docs = true")
    assert names(tmp_path) == ["m.py", "n.ipynb", "p.md", "p.rst"]
    assert names(tmp_path, "p.md") == ["p.md"]


def denied(*paths: Path) -> Callable[..., object]:
    """Return os.scandir as it is where ``paths`` must not be listed."""
    scandir = os.scandir
    forbidden = {path.as_posix() for path in paths}

    def guarded(path: str) -> object:
        if path in forbidden:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    return guarded


def test_a_folder_that_must_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error that names it; the others are searched."""
    tree(tmp_path, "a/m.py", "b/m.py", "c/m.py")
    monkeypatch.setattr(os, "scandir", denied(tmp_path / "b"))
    result = found(tmp_path)
    assert [file.display for file in result.files] == ["a/m.py", "c/m.py"]
    assert result.problems == (Problem("cannot be read: Permission denied", "b"),)


def test_a_broken_configuration(tmp_path: Path) -> None:
    """All that is wrong with it is said, once; its files are not checked, the others are."""
    tree(tmp_path, "m.py", "a/m.py", "a/b/n.py", "c/m.py")
    (tmp_path / "a/bnlint.toml").write_text("fix = 1\nfixabel = 1\n")
    result = found(tmp_path, ".", "a/m.py", "a/b")
    assert [file.display for file in result.files] == ["c/m.py", "m.py"]
    assert result.problems == (
        Problem("fix: expected true or false, found 1", "a/bnlint.toml"),
        Problem("fixabel: unknown key; did you mean fixable?", "a/bnlint.toml"),
    )
    assert result.notices == ()
    assert found(tmp_path, "a").notices == ()
    (tmp_path / "c/bnlint.toml").write_text("fix = true\n")
    (tmp_path / "c/m.py").rename(tmp_path / "a/m.py")
    (tmp_path / "a").rename(tmp_path / "c/a")
    assert found(tmp_path, "c").notices == ()


def test_read(tmp_path: Path) -> None:
    """Bytes, or a problem that names the file as displayed."""
    (tmp_path / "m.py").write_bytes(b"x\r\n")
    assert read(File(tmp_path / "m.py", "m.py")) == b"x\r\n"
    gone = read(File(tmp_path / "gone.py", "gone.py"))
    assert gone == Problem("cannot be read: No such file or directory", "gone.py")


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        pytest.param("/p/src/m.py", "/p", "src/m.py", id="below the current folder"),
        pytest.param("/p/m.py", "/p/src", "/p/m.py", id="above it"),
        pytest.param("/pq/m.py", "/p", "/pq/m.py", id="beside it, with its name for a beginning"),
        pytest.param("/p/m.py", "/", "p/m.py", id="in the root"),
        pytest.param("/p", "/p", ".", id="the current folder itself"),
        pytest.param("/p/日本.py", "/p", "日本.py", id="not ASCII"),
        pytest.param("/p/a\n::error::b\x1b.py", "/p", "a␊::error::b␛.py", id="control"),
        pytest.param("/p/\udcff.py", "/p", "\ufffd.py", id="a byte that is not UTF-8"),
    ],
)
def test_displayed(path: str, cwd: str, expected: str) -> None:
    """Relative where that is shorter than a way up; never what a terminal would obey."""
    assert displayed(path, cwd) == expected
