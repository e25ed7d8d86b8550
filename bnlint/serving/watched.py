"""The files on disk as a process last saw them, that is told when they change."""

from __future__ import annotations

from bnlint.files.tree import DISK, LONGEST, Entry, Tree


class Watched:
    """Another tree, whose folders and states of files are looked at once and then remembered.

    What is read is not kept. Who is told of a change calls :meth:`forget`.
    """

    def __init__(self, below: Tree = DISK) -> None:
        self.below = below
        self._entries: dict[str, list[Entry] | OSError] = {}
        self._kinds: dict[str, str] = {}
        self._identities: dict[str, object] = {}
        self._real: dict[str, str] = {}

    def forget(self) -> None:
        """Take it that anything may have changed."""
        for known in (self._entries, self._kinds, self._identities, self._real):
            known.clear()

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file.

        Raises:
            OSError: as the tree below.
        """
        return self.below.read(path, limit)

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder, in any order.

        Raises:
            OSError: as the tree below.
        """
        known = self._entries.get(folder)
        if known is None:
            try:
                known = self.below.entries(folder)
            except OSError as error:
                known = error
            self._entries[folder] = known
        if isinstance(known, OSError):
            raise known.with_traceback(None)
        return known

    def kind(self, path: str) -> str:
        """Return what lies at a path, links followed: empty if nothing does."""
        known = self._kinds.get(path)
        if known is None:
            known = self._kinds[path] = self.below.kind(path)
        return known

    def identity(self, path: str) -> object:
        """Return what tells the content of a file from any other that it may have had."""
        if path not in self._identities:
            self._identities[path] = self.below.identity(path)
        return self._identities[path]

    def real(self, path: str) -> str:
        """Return the path under which a file really lies, links followed."""
        known = self._real.get(path)
        if known is None:
            known = self._real[path] = self.below.real(path)
        return known
