"""What git would leave out: ``.gitignore`` files and ``.git/info/exclude``.

As in git, the deepest file with a pattern for a path decides, a folder left out is left out with
all that is in it, nothing holds outside a repository, and a repository inside another one starts
afresh. Paths are absolute and have forward slashes.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Container, Iterable
from itertools import pairwise

from bnlint.config.automaton import Automaton, Taken, anything, one_of, within_name
from bnlint.files.tree import Tree
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

__all__ = ["Level", "above", "enter", "ignored"]

# True: left out, False: taken in again, None: no pattern for it
Verdict = Callable[[str], "bool | None"]

#: A file of more bytes than this is not looked at. Git itself draws the line at a hundred times it.
_LONGEST = 1_000_000

#: Of the wild patterns of a file, those beyond so many characters leave nothing out.
_MOST_WILD = 50_000

#: What is at the end of the path of a folder, and in no name.
_FOLDER = "\0"

_WILD = frozenset("*?[\\")

#: The named classes that may stand in brackets. Git has ASCII in mind here.
_KINDS = {
    "alnum": frozenset(string.ascii_letters + string.digits),
    "alpha": frozenset(string.ascii_letters),
    "blank": frozenset(" \t"),
    "cntrl": frozenset(map(chr, (*range(32), 127))),
    "digit": frozenset(string.digits),
    "graph": frozenset(map(chr, range(33, 127))),
    "lower": frozenset(string.ascii_lowercase),
    "print": frozenset(map(chr, range(32, 127))),
    "punct": frozenset(string.punctuation),
    "space": frozenset(string.whitespace),
    "upper": frozenset(string.ascii_uppercase),
    "xdigit": frozenset(string.hexdigits),
}
_KIND = lazy(r"\[:([^\]]*):\]")


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
    tail = _FOLDER if is_folder else ""
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
        data = tree.read(path, _LONGEST)
    except OSError:
        return None
    patterns = Patterns(data.decode("utf-8-sig", "surrogateescape").split("\n"))
    return patterns.verdict if patterns else None


class Patterns:
    """The lines of one file of patterns; the last one that fits a path decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._taken_in: list[bool] = []
        self._plain: dict[str, int] = {}  # patterns without anything wild, by what they match
        self._wild = 0  # characters of all other patterns
        self._names: Automaton | None = None  # of patterns without a slash
        self._paths: Automaton | None = None
        for line in lines:
            self._add(line.removesuffix("\r"))

    def __bool__(self) -> bool:
        """Tell whether there is any pattern."""
        return bool(self._taken_in)

    def verdict(self, path: str) -> bool | None:
        """Return what the patterns say of ``path``; that of a folder has a NUL at its end."""
        whole, name = f"/{path}", path.rpartition("/")[2]
        # a pattern for files and folders is kept without the mark of folders
        texts = {whole, name, whole.removesuffix(_FOLDER), name.removesuffix(_FOLDER)}
        found = [self._plain[text] for text in texts if text in self._plain]
        found += [
            number
            for automaton, text in ((self._names, name), (self._paths, path))
            if automaton is not None and (number := automaton.last(text)) is not None
        ]
        return not self._taken_in[max(found)] if found else None

    def _add(self, line: str) -> None:
        while line.endswith(" ") and not _is_escaped(line, len(line) - 1):
            line = line[:-1]
        if line.startswith("#"):
            return
        taken_in = line.startswith("!")
        pattern = line[taken_in:]
        only_folders = pattern.endswith("/")
        pattern = pattern.removesuffix("/")
        bare = "/" not in pattern
        pattern = pattern.removeprefix("/")
        if not pattern:
            return
        if _WILD.isdisjoint(pattern):
            mark = _FOLDER if only_folders else ""
            self._plain[f"{'' if bare else '/'}{pattern}{mark}"] = len(self._taken_in)
        elif not self._is_added(pattern, bare=bare, only_folders=only_folders):
            return  # git matches nothing by a pattern that is none
        self._taken_in.append(taken_in)

    def _is_added(self, pattern: str, *, bare: bool, only_folders: bool) -> bool:
        self._wild += len(pattern)
        if self._wild > _MOST_WILD:
            return False
        if bare:
            automaton = self._names = self._names or Automaton()
        else:
            automaton = self._paths = self._paths or Automaton()
        end = _extended(automaton, pattern)
        if end is None:
            return False
        folder = automaton.step(end, _FOLDER)
        for state in (folder,) if only_folders else (folder, end):
            automaton.accept(state, len(self._taken_in))
        return True


def _is_escaped(line: str, index: int) -> bool:
    before = line[:index]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _extended(automaton: Automaton, pattern: str) -> int | None:
    """Add what ``pattern`` stands for; return the state at its end, ``None`` if it is none."""
    state = automaton.state(after=(0,))
    i = 0
    while i < len(pattern):
        character = pattern[i]
        if character == "*":
            end = i
            while pattern[end : end + 1] == "*":
                end += 1
            alone = end - i > 1 and pattern[i - 1 : i] in ("", "/")
            if alone and pattern[end : end + 1] == "/":
                passed = automaton.step(automaton.loop(state, anything), "/")
                automaton.join(state, passed)
                state, end = passed, end + 1
            elif alone and end == len(pattern):
                state = automaton.loop(state, anything)
            else:
                state = automaton.loop(state, within_name)
            i = end
            continue
        taken: Taken = character
        if character == "[":
            found = _class(pattern, i)
            if found is None:
                return None
            i, taken = found
        elif character == "?":
            taken = within_name
        elif character == "\\":
            i += 1
            if i == len(pattern):
                return None
            taken = pattern[i]
        state = automaton.step(state, taken)
        i += 1
    return state


def _class(pattern: str, start: int) -> tuple[int, Taken] | None:
    """Return where the ``[...]`` that opens at ``start`` closes, and the test of what it takes.

    ``None`` if it does not close. As in git, a backslash takes the meaning from the next character.
    """
    negated = pattern.startswith(("!", "^"), start + 1)
    i = first = start + 1 + negated
    single: set[str] = set()
    ranges: list[tuple[str, str]] = []
    low = ""  # what a hyphen after it makes the start of a range
    while pattern[i : i + 1] != "]" or i == first:
        kind = _KIND.match(pattern, i)
        if kind:
            if kind[1] not in _KINDS:
                return None
            single |= _KINDS[kind[1]]
            low, i = "", kind.end()
            continue
        follows = pattern[i + 1 : i + 2]
        is_range = low != "" and pattern[i : i + 1] == "-" and follows not in ("", "]")
        i += is_range
        i += pattern[i : i + 1] == "\\"
        character = pattern[i : i + 1]
        if not character:
            return None
        if is_range:
            ranges.append((low, character))
        else:
            single.add(character)
        low, i = "" if is_range else character, i + 1
    taken = one_of(single, ranges, negated=negated)
    return i, lambda character: within_name(character) and taken(character)
