"""What git leaves out is left out of the files in a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bnlint.config.settings import Configs, Given
from bnlint.running.discovery import walk

ROOT = Path(__file__).parent.parent


def tree(root: Path, *files: str, gitignore: str | None = None) -> None:
    """Make ``files`` (and folders, with a slash at the end) below ``root``."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text("", encoding="utf-8")
    if gitignore is not None:
        (root / ".gitignore").write_text(gitignore, encoding="utf-8")


def names(root: Path, *paths: str, given: Given | None = None) -> list[str]:
    """Return what is found, after making sure that nothing stood in the way."""
    result = walk(paths or (".",), Configs(root.as_posix(), given=given), root.as_posix())
    assert result.problems == ()
    return [file.display for file in result.files]


# What is left is what `git ls-files --others --exclude-standard` of git 2.39 lists.
GIT = [
    pytest.param("", ["k/a.py", "k/d/b.py", "m.py"], id="no pattern"),
    pytest.param("# m.py\n\n  \n", ["k/a.py", "k/d/b.py", "m.py"], id="comments and blank lines"),
    pytest.param("m.py\r\n", ["k/a.py", "k/d/b.py"], id="a name, CRLF"),
    pytest.param("k/", ["m.py"], id="a folder"),
    pytest.param("d/", ["k/a.py", "m.py"], id="a folder at any depth"),
    pytest.param("/d", ["k/a.py", "k/d/b.py", "m.py"], id="only in the root"),
    pytest.param("a.py/", ["k/a.py", "k/d/b.py", "m.py"], id="a folder of a file's name"),
    pytest.param("k/*.py", ["k/d/b.py", "m.py"], id="a star stops at slashes"),
    pytest.param("k/**/b.py", ["k/a.py", "m.py"], id="two stars do not"),
    pytest.param("*.py\n!m.py", ["m.py"], id="taken in again"),
    pytest.param("k\n!k/a.py", ["m.py"], id="not out of a folder left out"),
    pytest.param("k/*\n!k/d/", ["k/d/b.py", "m.py"], id="but beside"),
    pytest.param("/*\n!/k", ["k/a.py", "k/d/b.py"], id="all but one folder"),
    pytest.param("!m.py\nm.py", ["k/a.py", "k/d/b.py"], id="the last line decides"),
    pytest.param("!\n/\nm.py", ["k/a.py", "k/d/b.py"], id="lines that are no patterns"),
]


@pytest.mark.parametrize(("patterns", "expected"), GIT)
def test_gitignore(tmp_path: Path, patterns: str, expected: list[str]) -> None:
    """Left out is what git leaves out."""
    tree(tmp_path, "m.py", "k/a.py", "k/d/b.py", ".git/")
    (tmp_path / ".gitignore").write_bytes(patterns.encode())
    assert names(tmp_path) == expected


@pytest.mark.parametrize(("patterns", "expected"), GIT)
def test_git_info_exclude(tmp_path: Path, patterns: str, expected: list[str]) -> None:
    """The same patterns in the repository's own file mean the same."""
    tree(tmp_path, "m.py", "k/a.py", "k/d/b.py", ".git/info/exclude")
    (tmp_path / ".git/info/exclude").write_bytes(patterns.encode())
    assert names(tmp_path) == expected


def test_gitignore_nested(tmp_path: Path) -> None:
    """The deepest file with a pattern decides; its patterns begin in its folder."""
    tree(tmp_path, ".git/info/exclude", "m.py", "k/m.py", "k/n.py", "k/d/n.py")
    (tmp_path / ".git/info/exclude").write_text("n.py\n")
    (tmp_path / ".gitignore").write_text("m.py\n")
    (tmp_path / "k/.gitignore").write_text("!m.py\n!/n.py\n")
    assert names(tmp_path) == ["k/m.py", "k/n.py"]
    assert names(tmp_path, "k") == ["k/m.py", "k/n.py"]


def test_gitignore_above_the_folder_named(tmp_path: Path) -> None:
    """Patterns of the folders above hold, up to the root of the repository."""
    tree(tmp_path, "repo/.git/", "repo/src/a/m.py", "repo/src/a/n.py")
    (tmp_path / ".gitignore").write_text("m.py\n")
    (tmp_path / "repo/.gitignore").write_text("n.py\n")
    assert names(tmp_path, "repo/src/a") == ["repo/src/a/m.py"]


def test_gitignore_outside_a_repository(tmp_path: Path) -> None:
    """Without a repository there is no git to ask."""
    tree(tmp_path, "m.py", gitignore="m.py\n")
    assert names(tmp_path) == ["m.py"]


def test_gitignore_and_a_repository_in_the_repository(tmp_path: Path) -> None:
    """Patterns of the outer repository do not hold in the inner one."""
    tree(tmp_path, ".git/", "m.py", "inner/.git", "inner/m.py", gitignore="m.py\n")
    assert names(tmp_path) == ["inner/m.py"]


def test_gitignore_in_a_worktree(tmp_path: Path) -> None:
    """A further worktree has a file for a .git folder, and shares info/exclude."""
    tree(tmp_path, "repo/.git/info/exclude", "repo/.git/worktrees/w/gitdir", "w/m.py", "w/n.py")
    (tmp_path / "repo/.git/info/exclude").write_text("n.py\n")
    (tmp_path / "repo/.git/worktrees/w/commondir").write_text("../..\n")
    (tmp_path / "w/.git").write_text(f"gitdir: {tmp_path}/repo/.git/worktrees/w\n")
    assert names(tmp_path, "w") == ["w/m.py"]


def test_gitignore_not_respected(tmp_path: Path) -> None:
    """The option turns all of it off."""
    tree(tmp_path, ".git/", "m.py", gitignore="m.py\n")
    tree(tmp_path, "k/m.py")
    assert names(tmp_path, given=Given(respect_gitignore=False)) == ["k/m.py", "m.py"]
    assert names(tmp_path, "k", given=Given(respect_gitignore=False)) == ["k/m.py"]


@pytest.mark.parametrize(
    ("gitignore", "imported"), [("", False), ("# nothing\n", False), ("x\n", True)]
)
def test_pathspec_is_imported_for_patterns_only(
    tmp_path: Path, gitignore: str, imported: bool
) -> None:
    """It costs more to import than a small folder costs to check."""
    tree(tmp_path, ".git/", "m.py", gitignore=gitignore)
    code = (
        "import sys; from bnlint.config.settings import Configs; "
        "from bnlint.running.discovery import walk;"
        f"walk(['.'], Configs({str(tmp_path)!r}), {str(tmp_path)!r});"
        f"assert ('pathspec' in sys.modules) is {imported};"
        "assert not {'tomllib', 'tomli'} & set(sys.modules);"
        f"assert {imported} or not {{'dataclasses', 'inspect'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
