"""What git leaves out is left out of the files in a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnlint.config.settings import Configs, Given
from bnlint.files.tree import Disk
from bnlint.running.discovery import walk
from bnlint.running.gitignore import Patterns, enter, ignored

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


def names(root: Path, *paths: str, options: Given | None = None) -> list[str]:
    """Return what is found, after making sure that nothing stood in the way."""
    result = walk(paths or (".",), Configs(root.as_posix(), given=options), root.as_posix())
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
    assert names(tmp_path, options=Given(respect_gitignore=False)) == ["k/m.py", "m.py"]
    assert names(tmp_path, "k", options=Given(respect_gitignore=False)) == ["k/m.py"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "a",
                    "b",
                    "/",
                    "*",
                    "**",
                    "?",
                    "!",
                    "#",
                    "[ab]",
                    "[!a]",
                    "[a-",
                    "[]-a]",
                    "]",
                    "-",
                    "[[:alpha:]]",
                    "[[:x:]]",
                    "\\",
                    " ",
                    "**/",
                    "/**",
                    "ab",
                    ".",
                ]
            ),
            max_size=6,
        ).map("".join),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.sampled_from(["a", "b", "ab", "a b", "-", "[", "a.b"]), min_size=1, max_size=3),
)
@settings(max_examples=60)
def test_patterns_mean_what_they_mean_to_git(lines: list[str], parts: list[str]) -> None:
    """Whatever stands in the file, as long as git reads it; folders above are judged before."""
    path = "/".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / ".git/refs").mkdir(parents=True)
        (root / ".git/objects").mkdir()
        (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
        (root / ".gitignore").write_text("\n".join(lines) + "\n")
        tree(root, path)
        told = subprocess.run(
            ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others",
             "--exclude-standard", f":(literal){path}"],
            cwd=root, check=True, capture_output=True,
        ).stdout.decode()  # fmt: skip
        level = enter(root.as_posix(), {".git", ".gitignore"}, None, Disk())
        inside = root.as_posix()
        left_out = any(
            ignored(level, "/".join([inside, *parts[:end]]), is_folder=end < len(parts))
            for end in range(1, len(parts) + 1)
        )
    assert (path not in told.split("\0")) is left_out


@pytest.mark.parametrize("pattern", ["*a" * 12 + "b", "/" + "*a" * 12 + "b", "**/" * 12 + "b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    """Each character of a path is looked at once: a matcher that goes back would take years."""
    assert Patterns([pattern]).verdict("a/" * 30 + "a" * 200) is None


def test_more_patterns_than_anybody_writes(tmp_path: Path) -> None:
    """What is wild beyond a limit leaves nothing out; plain names have none."""
    plain = [f"n{number}.py" for number in range(20_000)]
    wild = [f"*w{number}" for number in range(20_000)]
    patterns = Patterns([*wild, *plain])
    assert patterns.verdict("aw10") is True
    assert patterns.verdict("aw19999") is None
    assert patterns.verdict("k/n19999.py") is True


def test_file_that_is_too_large(tmp_path: Path) -> None:
    tree(tmp_path, ".git/", "m.py", gitignore="m.py\n" + "#" * 1_000_000)
    assert names(tmp_path) == ["m.py"]


def test_no_pattern_costs_nothing(tmp_path: Path) -> None:
    """What patterns are read with is not imported where there is none to read."""
    tree(tmp_path, ".git/", "m.py", gitignore="# nothing\n")
    code = (
        "import sys; from bnlint.config.settings import Configs; "
        "from bnlint.running.discovery import walk;"
        f"walk(['.'], Configs({str(tmp_path)!r}), {str(tmp_path)!r});"
        "assert not {'tomllib', 'tomli', 'dataclasses', 'inspect'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
