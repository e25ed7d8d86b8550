"""The modules of the project around a file, read when an import of them is followed.

What an import means depends on the files of the project alone, never on which of them were named
on the command line, nor on what is installed. It is looked for as Python would, run from a folder
of the project: in the folder of a script, in the folders that hold the package of the importing
file, and in those between there and the top of the project (a ``src`` folder there included). The
top of a project is the first folder upwards with one of :data:`TOPS` in it.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from bnlint.config.options import EXCLUDE
from bnlint.files.display import displayed
from bnlint.files.reading import read_file
from bnlint.files.source import Unreadable, decode
from bnlint.semantics.project.outline import Glance
from bnlint.semantics.project.resolver import Grounds
from bnlint.semantics.syntax.module import Module, parse

#: What marks the top folder of a project.
TOPS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg", "bnlint.toml", ".bnlint.toml")

#: Characters of source that are kept parsed, in all. A parsed file takes 60 bytes for each.
_KEPT = 2_000_000

#: Files that are searched at most.
_TOO_MANY = 50_000

#: What an answer rests on that rests on all files of a project.
EVERYTHING = "*"

#: A file longer than this (in bytes) is data, not code that others import from.
_TOO_LONG = 2_000_000


class Packages:
    """The packages on disk, by the absolute paths of their files.

    What has been parsed last is kept, since many files import the same few; of all files that were
    looked at, the text is. A file that has changed is read again.
    """

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], str | None] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._bases: dict[str, str] = {}
        self._glances: dict[str, tuple[tuple[int, int], Glance | None]] = {}
        self._modules: OrderedDict[str, Module] = OrderedDict()
        self._kept = 0
        self._entries: dict[str, frozenset[str]] = {}
        self._notes: list[Grounds] = []
        self._prints: dict[str, str] = {}
        #: Whether fingerprints of files will be asked for; they are made where files are read.
        self.remembers = False

        self._found: dict[tuple[str, str], list[str]] = {}

    # ------------------------------------------------------------------ grounds

    @contextmanager
    def noting(self) -> Iterator[Grounds]:
        """Note what is looked at meanwhile, if it will be asked for: what an answer rests on."""
        grounds = Grounds(set(), set())
        if not self.remembers:
            yield grounds
            return
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

    def saw(self, file: str, data: bytes) -> None:
        """Take it that ``file`` holds ``data``, for its fingerprint."""
        self._prints[file] = _digest(data)

    def fingerprint(self, file: str) -> str:
        """Return what tells ``file``, as it was when it was looked at, from any other state of it.

        Its name as a module is part of it. What has not been looked at is read.
        """
        found = self._prints.get(file)
        if found is None:
            found = self._prints[file] = _fingerprint(file)
        return f"{found} {self.name(file)}"

    # ------------------------------------------------------------------ names

    def name(self, file: str) -> str:
        """Return the dotted import name of ``file`` within the folder that holds its package."""
        folder, _, base = file.rpartition("/")
        stem = base.removesuffix(".py").removesuffix(".pyi")
        name = f"{folder}/{stem}".removesuffix("/__init__")
        return name.removeprefix(f"{self._base(folder)}/").replace("/", ".")

    def package(self, file: str) -> str:
        """Return the dotted name of the package from which relative imports in ``file`` start."""
        name = self.name(file)
        is_package = file.endswith("/__init__.py") or not file.endswith((".py", ".pyi"))
        return name if is_package else name.rpartition(".")[0]

    def _base(self, folder: str) -> str:
        """Return the folder that holds the package in ``folder`` (itself, if it is none)."""
        base = self._bases.get(folder)
        if base is None:
            base = folder
            while os.path.isfile(f"{base}/__init__.py") and base != "":
                base = base.rpartition("/")[0]
            self._bases[folder] = base
        return base

    def _search_path(self, folder: str) -> tuple[str, ...]:
        """Return the folders in which an import of a file in ``folder`` is looked for, in order."""
        found = self._roots.get(folder)
        if found is None:
            base = self._base(folder)
            folders = [base, *_up_to_top(base)]
            source = f"{folders[-1]}/src"
            if len(folders) > 1 or _is_top(base):
                folders.append(source)
            found = self._roots[folder] = tuple(dict.fromkeys(folders))
        return found

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
            self._files[key] = self._find(folder, path)
        return self._files[key]

    def _find(self, folder: str, path: str) -> str | None:
        name = path.lstrip(".")
        level = len(path) - len(name)
        parts = name.split(".") if name else []
        if not all(part.isidentifier() for part in parts):
            return None
        if level:
            for _ in range(level - 1):
                folder = folder.rpartition("/")[0]
            return self._in_folder(folder, parts)
        namespace: str | None = None
        for root in (*self._search_path(folder), *_named_above(folder, parts[0])):
            found = self._in_folder(root, parts)
            if found is None:
                continue
            if not os.path.isdir(found):
                return found
            namespace = namespace or found
        return namespace

    def _in_folder(self, root: str, parts: list[str]) -> str | None:
        """Return the file or namespace folder of a module that is looked for in ``root``."""
        if parts and not self._holds(root, parts[0]):
            return None
        path = "/".join([root, *parts])
        if os.path.isfile(f"{path}/__init__.py"):
            return f"{path}/__init__.py"
        if parts and os.path.isfile(f"{path}.py"):
            return f"{path}.py"
        return path if os.path.isdir(path) else None

    def _holds(self, folder: str, name: str) -> bool:
        """Tell whether a module called ``name`` may stand in ``folder``: most imports are not it.

        A folder that cannot be listed may still let its files be read.
        """
        found = self._entries.get(folder)
        if found is None:
            try:
                found = frozenset(map(os.path.normcase, os.listdir(folder)))
            except NotADirectoryError:
                found = frozenset()
            except OSError:
                found = frozenset() if not os.path.isdir(folder) else frozenset("?")
            self._entries[folder] = found
        return (
            os.path.normcase(name) in found or os.path.normcase(f"{name}.py") in found
        ) or found == {"?"}

    def search(self, file: str, pattern: str) -> list[str]:
        """Return the files of the project around ``file`` whose text matches ``pattern``."""
        root = self.root(file)
        found = self._found.get((root, pattern))
        if found is None:
            matches = re.compile(pattern.encode()).search
            found = [path for path in _python_files(root) if matches(_bytes(path))]
            self._found[(root, pattern)] = found
        return found

    def root(self, file: str) -> str:
        """Return the folder that holds all of the project around ``file``.

        It is what lies below its top; without one, the package of ``file``. What is asked of that
        folder rests on all files of it.
        """
        if self._notes:
            self._notes[-1].files.add(EVERYTHING)
        folder = file.rpartition("/")[0]
        base = self._base(folder)
        above = [base, *_up_to_top(base)]
        if len(above) > 1 or _is_top(base):
            return above[-1]
        inside = folder.removeprefix(base).strip("/").partition("/")[0]
        return f"{base}/{inside}".rstrip("/")

    def look(self, file: str) -> Glance | None:
        """Return what can be seen of ``file`` without parsing it; ``None`` if it cannot be read."""
        if self._notes:
            self._notes[-1].files.add(file)
        try:
            state = os.stat(file)
        except OSError:
            return None
        stamp = (state.st_mtime_ns, state.st_size)
        known = self._glances.get(file)
        if known is None or known[0] != stamp:
            glance: Glance | None = None
            if state.st_size <= _TOO_LONG:
                try:
                    data = b"" if os.path.isdir(file) else read_file(file)
                    if self.remembers:
                        self._prints[file] = _digest(data)
                    glance = Glance(decode(data, file).text)
                except (OSError, Unreadable):
                    glance = None
            known = self._glances[file] = (stamp, glance)
        return known[1]

    def module(self, file: str) -> Module | None:
        """Return ``file`` parsed, ``None`` where it cannot be."""
        glance = self.look(file)
        if glance is None:
            return None
        try:
            return self.parsed(file, displayed(file, _cwd()), glance.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None  # reported where that file is checked

    def parsed(self, file: str, path: str, text: str) -> Module:
        """Return ``text``, which stands in ``file`` and is called ``path``, parsed.

        Raises:
            SyntaxError, ValueError, RecursionError: as
                :func:`bnlint.semantics.syntax.module.parse`.
        """
        known = self._modules.get(file)
        if known is not None and known.text == text and known.path == path:
            self._modules.move_to_end(file)
            return known
        module = parse(path, text, self.name(file))
        module.file = file
        module.is_namespace = not file.endswith((".py", ".pyi"))
        module.package = self.package(file)
        if known is not None:
            self._kept -= len(known.text)
        self._modules[file] = module
        self._modules.move_to_end(file)
        self._kept += len(text)
        while self._kept > _KEPT and len(self._modules) > 1:
            _, old = self._modules.popitem(last=False)
            self._kept -= len(old.text)
        return module


def _cwd() -> str:
    return os.getcwd().replace(os.sep, "/")


def _is_top(folder: str) -> bool:
    return any(os.path.lexists(f"{folder}/{name}") for name in TOPS)


def _up_to_top(folder: str) -> list[str]:
    """Return the folders above ``folder`` up to the top of its project; none without a top."""
    found: list[str] = []
    while not _is_top(folder):
        if not folder:
            return []
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return found


def _named_above(folder: str, name: str) -> list[str]:
    """Return the folder that holds a folder called ``name`` in which ``folder`` lies, if any.

    A file in ``models/`` that imports ``models.layers`` is run from the folder above.
    """
    above, found, _ = f"{folder}/".rpartition(f"/{name}/")
    return [above] if found else []


def _python_files(root: str) -> list[str]:
    """Return the Python files below ``root`` in order, without folders that hold no project code.

    Where ``root`` is no package and has no top above it, only its own files: it may be anything.
    """
    found: list[str] = []
    deep = _is_top(root) or os.path.isfile(f"{root}/__init__.py")
    for folder, folders, names in os.walk(root):
        kept = sorted(n for n in folders if n not in EXCLUDE and not n.startswith("."))
        folders[:] = kept if deep else []
        found += [f"{folder}/{name}" for name in sorted(names) if name.endswith((".py", ".pyi"))]
        if len(found) > _TOO_MANY:
            break
    return found


def _bytes(path: str) -> bytes:
    try:
        return read_file(path) if os.stat(path).st_size <= _TOO_LONG else b""
    except OSError:
        return b""


def _digest(data: bytes) -> str:
    from hashlib import blake2b  # 2 ms to import, and not for a run that remembers nothing

    return blake2b(data, digest_size=16).hexdigest()


def _fingerprint(file: str) -> str:
    try:
        return _digest(b"" if os.path.isdir(file) else read_file(file))
    except OSError as error:
        return type(error).__name__


#: The packages of this process.
PACKAGES = Packages()
