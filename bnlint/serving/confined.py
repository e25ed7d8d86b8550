"""Files of which only those are there that really lie in some folders."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from bnlint.files.tree import DISK, LONGEST, Entry, Tree


class Confined:
    """Another tree, of which nothing is there outside of ``folders``, wherever links lead."""

    def __init__(self, folders: Iterable[str], below: Tree = DISK) -> None:
        self.below = below
        self.folders = tuple(below.real(folder).rstrip("/") for folder in folders)

    def holds(self, path: str) -> bool:
        """Tell whether a path really lies in one of the folders."""
        real = self.below.real(path)
        return any(real == folder or real.startswith(f"{folder}/") for folder in self.folders)

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file.

        Raises:
            OSError: as the tree below, or the file lies elsewhere.
        """
        self._check(path)
        return self.below.read(path, limit)

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder, in any order.

        Raises:
            OSError: as the tree below, or the folder lies elsewhere.
        """
        self._check(folder)
        return self.below.entries(folder)

    def kind(self, path: str) -> str:
        """Return what lies at a path, links followed: empty if nothing does."""
        return self.below.kind(path) if self.holds(path) else ""

    def identity(self, path: str) -> object:
        """Return what tells the content of a file from any other that it may have had."""
        return self.below.identity(path) if self.holds(path) else None

    def real(self, path: str) -> str:
        """Return the path under which a file really lies, links followed."""
        return self.below.real(path)

    def _check(self, path: str) -> None:
        if not self.holds(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
