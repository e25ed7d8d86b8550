"""A tree that notes all that is looked at in it, and whether all of that looks the same later.

What was worked out from a project holds as long as everything that was looked at for it is as it
was: then no file need be read again to know so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from bnlint.files.tree import LONGEST, Entry, Tree
from bnlint.startup.digests import digest
from bnlint.startup.typed import NamedTuple

#: A file that was changed less than so many nanoseconds ago may be changed again at the same time,
#: as far as a file system can tell.
_YOUNG = 2_000_000_000


class Looks(NamedTuple):
    """What was looked at: by the folders they are in, names of files, and of folders.

    ``kinds`` are names of which only was asked what they are. ``state`` tells what all of it looked
    like from anything else it may look like.
    """

    files: Mapping[str, list[str]]
    folders: Mapping[str, list[str]]
    kinds: Mapping[str, list[str]]
    state: str


class Noted:
    """Another tree, of files on disk, with notes of what was looked at in it.

    ``files``, ``folders`` and ``kinds`` have for each path what tells its content from any other:
    of a folder, that is what it lists. Where a file was changed a moment ago (``is_young``), that
    cannot be told.
    """

    def __init__(self, below: Tree) -> None:
        self.below = below
        self.files: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.is_young = False

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file, as the tree below does."""
        self._note(path)
        return self.below.read(path, limit)

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder, as the tree below does."""
        self.folders.setdefault(folder, _listing(self.below, folder))
        return self.below.entries(folder)

    def kind(self, path: str) -> str:
        """Return what lies at a path, as the tree below does."""
        return self.kinds.setdefault(path, self.below.kind(path))

    def identity(self, path: str) -> object:
        """Return what tells the content of a file from any other, as the tree below does."""
        self._note(path)
        return self.below.identity(path)

    def real(self, path: str) -> str:
        """Return the path under which a file really lies, as the tree below does."""
        return self.below.real(path)

    def _note(self, path: str) -> None:
        if path not in self.files:
            self.files[path], changed = _state(path)
            self.is_young = self.is_young or changed > time.time_ns() - _YOUNG

    def drain(self) -> Noted:
        """Return what was noted since this was asked last, for another process."""
        drained = Noted(self.below)
        drained.take(self)
        self.files, self.folders, self.kinds = {}, {}, {}
        return drained

    def take(self, other: Noted) -> None:
        """Take over what was noted in another process; what was seen first counts."""
        self.files = {**other.files, **self.files}
        self.folders = {**other.folders, **self.folders}
        self.kinds = {**other.kinds, **self.kinds}
        self.is_young = self.is_young or other.is_young

    def looks(self) -> Looks:
        """Return what was looked at, and what it looked like."""
        rows = (*self.files.items(), *self.folders.items(), *self.kinds.items())
        files, folders, kinds = map(_by_folder, (self.files, self.folders, self.kinds))
        return Looks(files, folders, kinds, _digest(rows))


def looks_as(looks: Looks, tree: Tree) -> bool:
    """Tell whether all that was looked at looks as it did then."""

    def rows(names: Mapping[str, list[str]], state: Callable[[str], str]) -> Iterator[_Row]:
        for folder, inside in names.items():
            for name in inside:
                path = f"{folder}/{name}"
                yield path, state(path)

    files = rows(looks.files, lambda path: _state(path)[0])
    folders = rows(looks.folders, lambda path: _listing(tree, path))
    return _digest((*files, *folders, *rows(looks.kinds, tree.kind))) == looks.state


_Row = tuple[str, str]


def _state(path: str) -> tuple[str, int]:
    """Return what tells the content of a file from any other, and when it was changed last."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return "", 0
    changed, marked = state.st_mtime_ns, state.st_ctime_ns
    return f"{changed} {marked} {state.st_size} {state.st_ino}", max(changed, marked)


def _listing(tree: Tree, folder: str) -> str:
    """Return what tells what a folder lists from anything else it may list."""
    try:
        return "\n".join(sorted(f"{entry.name}\0{entry.kind}" for entry in tree.entries(folder)))
    except OSError as error:
        return type(error).__name__


def _by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        found.setdefault(folder, []).append(name)
    return found


def _digest(rows: Iterable[_Row]) -> str:
    text = "\n".join(f"{path}\0{state}" for path, state in sorted(rows))
    return digest(text.encode("utf-8", "surrogatepass"))
