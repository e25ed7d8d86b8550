"""What git would leave out: ``.gitignore`` files and ``.git/info/exclude``.

As in git, the deepest file with a pattern for a path decides, a folder left out is left out with
all that is in it, nothing holds outside a repository, and a repository inside another one starts
afresh. Paths are absolute and have forward slashes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container
from itertools import pairwise

from bnlint.files.tree import Tree
from bnlint.startup.typed import NamedTuple

__all__ = ["Level", "above", "enter", "ignored"]

# True: left out, False: taken in again, None: no pattern for it
Verdict = Callable[[str], "bool | None"]


class Level(NamedTuple):
    """The patterns of one folder (with a slash at its end), and the levels above it."""

    folder: str
    verdict: Verdict | None
    outer: Level | None


def above(folder: str, tree: Tree) -> Level | None:
    """Return the levels that hold in ``folder`` because of the folders above it.

    A folder that git itself leaves out, and that is named all the same, is searched as though
    the patterns above it were not there.
    """
    chain = [folder]
    while not tree.kind(f"{chain[0].rstrip('/')}/.git"):
        outer = chain[0].rpartition("/")[0] or "/"
        if outer == chain[0]:
            return None
        chain.insert(0, outer)
    level = None
    for outer, inner in pairwise(chain):
        inside = f"{outer.rstrip('/')}/"
        names = [name for name in (".git", ".gitignore") if tree.kind(inside + name)]
        level = enter(outer, names, level, tree)
        if ignored(level, inner, is_folder=True):
            return Level(inside, None, None)
    return level


def enter(folder: str, names: Container[str], outer: Level | None, tree: Tree) -> Level | None:
    """Return the levels that hold in ``folder``, which has entries called ``names``.

    ``outer`` are those that hold in the folder above it; ``None`` is outside any repository.
    """
    inside = f"{folder.rstrip('/')}/"
    if ".git" in names:
        outer = Level(inside, _patterns(_exclude_file(f"{inside}.git", tree), tree), None)
    if outer is None or ".gitignore" not in names:
        return outer
    verdict = _patterns(f"{inside}.gitignore", tree)
    return outer if verdict is None else Level(inside, verdict, outer)


def ignored(level: Level | None, path: str, *, is_folder: bool) -> bool:
    """Tell whether the patterns of ``level`` and those above it leave out ``path``.

    The folders that ``path`` is in are taken not to be left out.
    """
    tail = "/" if is_folder else ""
    while level is not None:
        if level.verdict is not None:
            verdict = level.verdict(path[len(level.folder) :] + tail)
            if verdict is not None:
                return verdict
        level = level.outer
    return False


def _exclude_file(git: str, tree: Tree) -> str:
    """Return the path of ``info/exclude``; ``git`` is a folder, or a file that leads to one."""
    try:
        folder = _text(tree.read(git)).removeprefix("gitdir:").strip()
        git = os.path.join(git.rpartition("/")[0], folder)
        git = os.path.join(git, _text(tree.read(f"{git}/commondir")).strip())
    except OSError:
        pass  # a folder; or a repository without further worktrees
    return f"{git}/info/exclude"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _patterns(path: str, tree: Tree) -> Verdict | None:
    """Return what the patterns in the file at ``path`` say, ``None`` if there are none."""
    try:
        data = tree.read(path)
    except OSError:
        return None
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    if not lines:
        return None

    from pathspec import GitIgnoreSpec

    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except ValueError:
        # git passes over a line that is no pattern
        spec = GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])
    # One search for all patterns at once: most paths match none, and pathspec tries each in turn.
    parts = [pattern.regex.pattern for pattern in spec.patterns if pattern.regex is not None]
    any_of = re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", f"(?:{part})") for part in parts))

    def verdict(path: str) -> bool | None:
        return spec.check_file(path).include if any_of.match(path) else None

    return verdict


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
