"""The modules of the project around a file, read when an import of them is followed.

What an import means depends on the files of the project alone, never on which of them were named
on the command line, nor on what is installed. It is looked for as Python would, run from a folder
of the project: in the folder of a script, in the folders that hold the package of the importing
file, and in those between there and the top of the project (a ``src`` folder there included), as
:mod:`bnlint.engine.layout` finds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from bnlint.engine.layout import Layout
from bnlint.engine.lookup import find_module
from bnlint.engine.parsed import Parsed
from bnlint.engine.searching import TOO_LONG, Searches
from bnlint.files.display import current, displayed
from bnlint.files.documents import HOLDS_CODE
from bnlint.files.source import Unreadable, decode
from bnlint.files.tree import DISK, Tree
from bnlint.semantics.project.marks import Marks, marks_of
from bnlint.semantics.project.outline import (
    ANYTHING,
    UNREAD,
    Imports,
    Loose,
    Outline,
    imports_in,
    loose_in,
    outline_of,
)
from bnlint.semantics.project.resolver import NOTHING, Grounds
from bnlint.semantics.syntax.edited import edited
from bnlint.semantics.syntax.module import Module, parse
from bnlint.startup.digests import digest
from bnlint.startup.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re
    from typing import Any

#: What introduces a project is called so.
READMES = ("README.md", "readme.md", "Readme.md", "README.rst", "README.txt", "README")

#: An outline as plain data, without the text of its file.
Packed = tuple["Any", ...]


class OutlineMemory(Protocol):
    """What knows outlines by the digest of what they are of."""

    def recall(self, digest: str, text: str) -> Outline | None:
        """Return the outline of a file whose bytes have this digest, if it is known."""

    def remember(self, digest: str, outline: Outline) -> None:
        """Remember the outline of a file whose bytes have this digest."""

    def drain(self) -> Mapping[str, Packed]:
        """Return what was remembered since this was asked last, as plain data."""


class Packages:
    """The packages of a source tree, by the absolute paths of their files.

    Of each file that was looked at, the outline is kept; what has been parsed last is kept too,
    since many files import the same few. The tree is taken to stand still until :meth:`renew`.
    """

    def __init__(self, tree: Tree = DISK) -> None:
        self.tree = tree
        self._outlines: dict[str, tuple[object, Outline]] = {}
        self._parsed = Parsed()
        self._notes: list[Grounds] = []
        #: Whether fingerprints of files will be asked for; they are made where files are read.
        self.remembers = False
        #: What knows outlines of earlier runs, if any does.
        self.memory: OutlineMemory | None = None
        self.renew()

    def renew(self, tree: Tree | None = None) -> None:
        """Take it that any file may have changed, and that all are to be read from ``tree`` now.

        What was found out of the content of files stays, for those that turn out to be the same.
        """
        self.tree = tree or self.tree
        self.remembers = False
        self.memory = None
        self._seen: set[str] = set()
        self._files: dict[tuple[str, str], str | None] = {}
        self.layout = Layout(self.tree, self.imports)
        self._prints: dict[str, str] = {}
        self._marks: dict[str, Marks] = {}
        self._imports: dict[str, Imports] = {}
        self._loose: dict[str, Loose] = {}
        self._searches = Searches(self.tree, self.layout)

    def revise(self, files: Iterable[str]) -> bool:
        """Take it that the content of ``files`` may have changed, and nothing else.

        Tells whether they import the same as before: else nothing is left of how files lie to one
        another.
        """
        same = True
        for file in files:
            was_asked = file in self._seen or file in self._imports
            before = self.imports(file) if was_asked else None
            self._seen.discard(file)
            for known in (self._prints, self._marks, self._loose, self._imports):
                known.pop(file, None)
            self._searches.again(file)
            self._parsed.revise(file)
            same = same and (not was_asked or before == self.imports(file))
        if not same:
            self._files = {}
            self.layout = self._searches.layout = Layout(self.tree, self.imports)
        return same

    # ------------------------------------------------------------------ grounds

    @contextmanager
    def noting(self) -> Iterator[Grounds]:
        """Note what is looked at meanwhile, if it will be asked for: what an answer rests on."""
        if not self.remembers:
            yield NOTHING
            return
        grounds = Grounds(set(), set(), set())
        self._notes.append(grounds)
        try:
            yield grounds
        finally:
            self._notes.pop()
            self.note(grounds)

    def note(self, grounds: Grounds) -> None:
        """Note ``grounds``, on which an answer rests that was found before."""
        if self._notes:
            self._notes[-1].files.update(grounds.files)
            self._notes[-1].imports.update(grounds.imports)
            self._notes[-1].questions.update(grounds.questions)

    @contextmanager
    def asking(self, *question: str) -> Iterator[None]:
        """Note that ``question`` is asked, and nothing of what is looked at to answer it.

        What a whole project says to a question rarely changes with one of its files. How it is
        asked again is written in :mod:`bnlint.running.questions`.
        """
        if self._notes:
            self._notes[-1].questions.add(question)
        notes, self._notes = self._notes, []
        try:
            yield
        finally:
            self._notes = notes

    def saw(self, file: str, data: bytes) -> None:
        """Take it that ``file`` holds ``data``, for its fingerprint."""
        self._prints[file] = digest(data)

    def fingerprint(self, file: str) -> str:
        """Return what tells ``file``, as it was when it was looked at, from any other state of it.

        Its name as a module is part of it. What has not been looked at is read.
        """
        found = self._prints.get(file)
        if found is None:
            found = self._prints[file] = self._fingerprint(file)
        return f"{found} {self.name(file)}"

    # ------------------------------------------------------------------ names

    def name(self, file: str) -> str:
        """Return the dotted import name of ``file`` within the folder that holds its package."""
        folder, _, base = file.rpartition("/")
        stem = base.removesuffix(".py").removesuffix(".pyi")
        name = f"{folder}/{stem}".removesuffix("/__init__")
        return name.removeprefix(f"{self.layout.base(folder)}/").replace("/", ".")

    def package(self, file: str) -> str:
        """Return the dotted name of the package from which relative imports in ``file`` start."""
        name = self.name(file)
        is_package = file.endswith("/__init__.py") or not file.endswith(HOLDS_CODE)
        return name if is_package else name.rpartition(".")[0]

    # ------------------------------------------------------------------ files

    def find(self, importer: str, path: str) -> str | None:
        """Return the file of the module that the file ``importer`` imports as ``path``.

        For a namespace package, a folder without ``__init__.py``, it is that folder.
        """
        folder = importer.rpartition("/")[0]
        key = (folder, path)
        if self._notes:
            self._notes[-1].imports.add(key)
        if key not in self._files:
            self._files[key] = find_module(self.layout, folder, path)
        return self._files[key]

    def files(self, file: str) -> list[str]:
        """Return the Python files of the project around ``file``."""
        return self.below(self.root(file))

    def below(self, root: str) -> list[str]:
        """Return the Python files of the project in the folder ``root``."""
        with self.asking("files", root):
            return self._searches.below(root)

    def search(self, file: str, pattern: str, words: Collection[str] = ()) -> list[str]:
        """Return the files of the project around ``file`` whose text matches ``pattern``.

        What matches holds one of ``words``, where there are any: to look for these is a tenth of
        the work.
        """
        return self.matching(self.root(file), pattern, words)

    def matching(self, root: str, pattern: str, words: Collection[str] = ()) -> list[str]:
        """Return the files of the project in the folder ``root`` as :meth:`search` does."""
        with self.asking("search", root, pattern):
            return self._searches.matching(root, pattern, words)

    def root(self, file: str) -> str:
        """Return the folder that holds all of the project around ``file``.

        It is what lies below its top; without one, the package of ``file``.
        """
        return self.around(file.rpartition("/")[0])

    def around(self, folder: str) -> str:
        """Return the folder that holds all of the project around the folder ``folder``."""
        with self.asking("root", folder):
            return self.layout.root(folder)

    def _fingerprint(self, file: str) -> str:
        try:
            is_file = file.endswith(HOLDS_CODE)
            return digest(self.tree.read(file, TOO_LONG) if is_file else b"")
        except OSError as error:
            return type(error).__name__

    def outline(self, file: str) -> Outline:
        """Return what can be said of ``file`` without parsing it."""
        if self._notes:
            self._notes[-1].files.add(file)
        known = self._outlines.get(file)
        if known is not None and file in self._seen:
            return known[1]
        self._seen.add(file)
        identity = self.tree.identity(file)
        if known is not None and identity is not None and known[0] == identity:
            return known[1]
        text = self._text(file)
        outline = self._outlined(text, self._prints.get(file)) if text is not None else UNREAD
        self._outlines[file] = identity, outline
        return outline

    def imports(self, file: str) -> Imports:
        """Return what ``file`` imports.

        Where its outline is not known, that costs a tenth as much.
        """
        if file in self._seen:
            return self.outline(file).imports
        if file not in self._imports:
            self._imports[file] = self._imports_in(file)
        return self._imports[file]

    def _imports_in(self, file: str) -> Imports:
        data = self._searches.data(file)
        try:
            text = decode(data, file).text
        except Unreadable:
            return UNREAD.imports
        if self.memory is not None:
            known = self.memory.recall(digest(data), text)
            if known is not None:
                return known.imports
        return imports_in(text)

    def _outlined(self, text: str, known_by: str | None) -> Outline:
        """Return the outline of a ``text`` whose bytes have this digest, where there is one."""
        if self.memory is None or known_by is None:
            return outline_of(text)
        known = self.memory.recall(known_by, text)
        if known is None:
            known = outline_of(text)
            self.memory.remember(known_by, known)
        return known

    def loose(self, file: str) -> Loose:
        """Return what ``file`` may bind beyond its outline: anything, if it cannot be read."""
        if self._notes:
            self._notes[-1].files.add(file)
        if file not in self._loose:
            text = self._text(file)
            self._loose[file] = loose_in(text) if text is not None else ANYTHING
        return self._loose[file]

    def marks(self, file: str) -> Marks:
        """Return what ``file`` speaks of: nothing, if it cannot be read."""
        if self._notes:
            self._notes[-1].files.add(file)
        if file not in self._marks:
            self._marks[file] = marks_of(self._text(file) or "")
        return self._marks[file]

    def text(self, file: str) -> str | None:
        """Return what stands in ``file``; ``None`` if it cannot be read."""
        if self._notes:
            self._notes[-1].files.add(file)
        return self._text(file)

    def held(self, file: str) -> frozenset[str]:
        """Return which of the words that whole projects are searched for stand in ``file``."""
        if self._notes:
            self._notes[-1].files.add(file)
        return self._searches.held(file)

    def readme(self, file: str) -> tuple[str, str]:
        """Return the path and the text of what introduces the project around ``file``, if any."""
        root = self.root(file)
        for name in READMES:
            if self.layout.has(root, name) and (text := self._document(root, name)) is not None:
                return f"{root}/{name}", text
        return "", ""

    def lists(self, folder: str, names: re.Pattern[str]) -> list[tuple[str, str]]:
        """Return name and text of the files in ``folder`` whose whole name matches, sorted."""
        matching = [name for name in self.layout.listed(folder) or () if names.fullmatch(name)]
        read = [(name, self._document(folder, name)) for name in sorted(matching)]
        return [(name, text) for name, text in read if text is not None]

    def _document(self, folder: str, name: str) -> str | None:
        """Return the text of a file that is no Python; ``None`` if it cannot be read."""
        try:
            return self.tree.read(f"{folder}/{name}", TOO_LONG).decode("utf-8", "replace")
        except OSError:
            return None

    def _text(self, file: str) -> str | None:
        """Return what stands in ``file``: nothing in a folder, ``None`` if it cannot be read."""
        try:
            data = self.tree.read(file, TOO_LONG) if file.endswith(HOLDS_CODE) else b""
            if self.remembers:
                self._prints[file] = digest(data)
            return decode(data, file).text
        except (OSError, Unreadable):
            return None

    def module(self, file: str) -> Module | None:
        """Return ``file`` parsed, ``None`` where it cannot be."""
        if self._notes:
            self._notes[-1].files.add(file)
        text = self._text(file)
        if text is None:
            return None
        try:
            return self.parsed(file, displayed(file, current()), text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # reported where that file is checked

    def parsed(self, file: str, path: str, text: str) -> Module:
        """Return ``text``, which stands in ``file`` and is called ``path``, parsed.

        Raises:
            SyntaxError, ValueError, RecursionError: as
                :func:`bnlint.semantics.syntax.module.parse`.
        """

        def made(before: Module | None) -> Module:
            name = self.name(file)
            module = edited(before, text) if before is not None and before.name == name else None
            module = module or parse(path, text, name)
            module.file = file
            module.is_namespace = not file.endswith(HOLDS_CODE)
            module.package = self.package(file)
            return module

        return self._parsed.get(file, path, text, made)


#: The packages of this process.
PACKAGES = Packages()
