"""Which Python files a folder of a project holds, and which of them hold a text."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from bnlint.config.options import EXCLUDE
from bnlint.engine.directives import PORT_OF
from bnlint.engine.layout import Layout
from bnlint.files.tree import FOLDER, Tree
from bnlint.semantics.origins.words import speeches
from bnlint.startup.words import Words

#: Files that are searched at most.
_TOO_MANY = 50_000

#: A file longer than this (in bytes) is data, not code that others import from.
TOO_LONG = 2_000_000


@lru_cache(maxsize=1)
def words_of_projects() -> Words:
    """Return what finds the words that all files of a project are searched for.

    These are the words by which ecosystems are known, and that which names a reference.
    """
    marks = (mark for speech in speeches().values() for mark in speech.marks)
    return Words((*marks, PORT_OF), apart=True)


class Searches:
    """The Python files below folders, and what was searched for in them.

    Each list and each answer is kept, and which of the words that whole projects are searched for a
    file holds: it is read once for all of these. The tree is taken to stand still, but for files
    that are searched again.
    """

    def __init__(self, tree: Tree, layout: Layout) -> None:
        self._tree = tree
        self.layout = layout
        self._files: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], list[str]] = {}
        self._held: dict[str, frozenset[str]] = {}

    def below(self, root: str) -> list[str]:
        """Return the Python files below ``root``, without folders that hold no project code.

        Where ``root`` is no package and has no top above it, only its own files: it may be
        anything.
        """
        known = self._files.get(root)
        if known is not None:
            return known
        found: list[str] = []
        deep = self.layout.is_top(root) or self.layout.has(root, "__init__.py")
        pending = [root]
        while pending and len(found) <= _TOO_MANY:
            folder = pending.pop()
            try:
                entries = sorted(self._tree.entries(folder))
            except OSError:
                continue
            inside = [e.name for e in entries if e.kind == FOLDER and not e.name.startswith(".")]
            if deep:
                pending += [f"{folder}/{n}" for n in reversed(inside) if n not in EXCLUDE]
            names = [entry.name for entry in entries if entry.kind != FOLDER]
            found += [f"{folder}/{name}" for name in names if name.endswith((".py", ".pyi"))]
        self._files[root] = found
        return found

    def matching(self, root: str, pattern: str, words: Collection[str] = ()) -> list[str]:
        """Return the files below ``root`` whose text matches ``pattern``.

        What matches holds one of ``words``, where there are any.
        """
        known = self._found.get((root, pattern))
        if known is not None:
            return known
        matches, held = re.compile(pattern.encode()).search, [word.encode() for word in words]
        found, files = [], self.below(root)
        if words and words_of_projects().words.issuperset(words):
            files = [path for path in files if not self.held(path).isdisjoint(words)]
        for path in files:
            data = self.data(path)
            if (not held or any(word in data for word in held)) and matches(data):
                found.append(path)
        self._found[(root, pattern)] = found
        return found

    def held(self, file: str) -> frozenset[str]:
        """Return which of the words that whole projects are searched for stand in ``file``."""
        found = self._held.get(file)
        if found is None:
            found = self._held[file] = words_of_projects().held_in(self.data(file))
        return found

    def again(self, file: str) -> None:
        """Put right what searches found, after the content of ``file`` has changed."""
        self._held.pop(file, None)
        data = self.data(file)
        for (root, pattern), found in self._found.items():
            files = self._files.get(root, [])
            matches = file in files and re.search(pattern.encode(), data) is not None
            if matches != (file in found):
                members = {*found} ^ {file}
                found[:] = [path for path in files if path in members]

    def data(self, file: str) -> bytes:
        """Return the bytes of a file, none where it cannot be read or is no code."""
        try:
            return self._tree.read(file, TOO_LONG)
        except OSError:
            return b""
