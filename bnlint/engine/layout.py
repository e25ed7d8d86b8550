"""How the folders of a project lie: its top, its packages, and where an import is looked for.

The top of a project is the first folder upwards with one of :data:`TOPS` in it. Where there is
none, it is the folder from which the files below import one another: ``task/pose.py`` with
``from utils.misc import make_input`` lies in the project that has ``utils`` beside ``task``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache

from bnlint.files.tree import FOLDER, Tree
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.outline import Imports

#: What marks the top folder of a project.
TOPS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg", "bnlint.toml", ".bnlint.toml")

#: A top that nothing marks is looked for this many folders up, in folders of so many files.
_MAX_ABOVE = 2
_MAX_FILES = 100


@lru_cache(maxsize=1)
def _elsewhere() -> frozenset[str]:
    """Return what an import never finds in the folders above a script, whatever lies there.

    That is frameworks and modules of Python: somebody has cloned one, or has a ``random.py``.
    """
    return sys.stdlib_module_names.union(catalogue().imports)


class Layout:
    """The folders around Python files. ``imports`` returns what a file imports.

    What was found out stays: the tree is taken to stand still.
    """

    def __init__(self, tree: Tree, imports: Callable[[str], Imports]) -> None:
        self.tree = tree
        self.imports = imports
        self._names: dict[str, frozenset[str] | None] = {}
        self._bases: dict[str, str] = {}
        self._above: dict[str, list[str]] = {}
        self._tops: set[str] = set()

    def has(self, folder: str, name: str) -> bool:
        """Tell whether something called ``name`` lies in ``folder``.

        A folder that cannot be listed may still let its files be read.
        """
        names = self.listed(folder)
        if names is None:
            return self.tree.kind(f"{folder}/{name}") != ""
        return os.path.normcase(name) in names

    def base(self, folder: str) -> str:
        """Return the folder that holds the package in ``folder`` (itself, if it is none)."""
        base = self._bases.get(folder)
        if base is None:
            base = folder
            while base != "" and self._lies_in(base, "__init__.py"):
                base = base.rpartition("/")[0]
            self._bases[folder] = base
        return base

    def is_top(self, folder: str) -> bool:
        """Tell whether ``folder`` is the top of a project, as far as that has been found out."""
        return folder in self._tops or self._is_marked(folder)

    def search_path(self, folder: str) -> tuple[str, ...]:
        """Return the folders in which an import of a file in ``folder`` is looked for, in order."""
        base = self.base(folder)
        folders = [base, *self._up_to_top(base)]
        if len(folders) > 1 or self.is_top(base):
            folders.append(f"{folders[-1]}/src")
        return tuple(dict.fromkeys(folders))

    def root(self, folder: str) -> str:
        """Return the folder that holds all of the project around ``folder``.

        It is what lies below its top; without one, the package of ``folder``.
        """
        base = self.base(folder)
        above = [base, *self._up_to_top(base)]
        if len(above) > 1 or self.is_top(base):
            return above[-1]
        inside = folder.removeprefix(base).strip("/").partition("/")[0]
        return f"{base}/{inside}".rstrip("/")

    def _up_to_top(self, folder: str) -> list[str]:
        """Return the folders above ``folder`` up to the top of its project; none without a top."""
        found = self._above.get(folder)
        if found is None:
            found = self._above[folder] = self._up_to_marked(folder)
            if not found and not self._is_marked(folder):
                found += self._up_to_importing(folder)
        return found

    def _is_marked(self, folder: str) -> bool:
        return any(self._lies_in(folder, name) for name in TOPS)

    def _lies_in(self, folder: str, name: str) -> bool:
        """Tell whether ``name`` lies in a folder that may be above the project, with much else."""
        if folder in self._names:
            return self.has(folder, name)
        return self.tree.kind(f"{folder}/{name}") != ""

    def _up_to_marked(self, folder: str) -> list[str]:
        found: list[str] = []
        while not self._is_marked(folder):
            if not folder:
                return []
            folder = folder.rpartition("/")[0]
            found.append(folder)
        return found

    def _up_to_importing(self, folder: str) -> list[str]:
        """Return the folders up to one whose files, or those in ``folder``, import across it."""
        own = set(self._imported(folder))
        found: list[str] = []
        child = folder
        for _ in range(_MAX_ABOVE):
            above, _, name = child.rpartition("/")
            if not above:
                return []
            found.append(above)
            beside = {module for module in own - _elsewhere() if not self._holds(folder, module)}
            if name in self._imported(above) or any(self._holds(above, m) for m in beside):
                self._tops.add(above)
                return found
            child = above
        return []

    def _imported(self, folder: str) -> Iterator[str]:
        """Yield the first names of the modules that the files in ``folder`` import."""
        files = sorted(n for n in self.listed(folder) or () if n.endswith(".py"))
        for file in files[:_MAX_FILES]:
            found = self.imports(f"{folder}/{file}")
            origins = [origin for pairs in found.names.values() for origin, _ in pairs]
            modules = [module for modules in found.modules.values() for module in modules]
            for path in (*origins, *modules, *found.stars):
                if not path.startswith("."):
                    yield path.partition(".")[0]

    def _holds(self, folder: str, module: str) -> bool:
        """Tell whether ``folder`` has Python code of that name."""
        if self.has(folder, f"{module}.py"):
            return True
        if not module or not self.has(folder, module):
            return False
        inside = self.listed(f"{folder}/{module}") or ()
        return any(name.endswith(".py") for name in inside)

    def listed(self, folder: str) -> frozenset[str] | None:
        """Return the names of what lies in ``folder``; ``None`` if it may not be listed."""
        if folder not in self._names:
            found: frozenset[str] | None = frozenset()
            try:
                entries = self.tree.entries(folder or "/")
                found = frozenset([os.path.normcase(entry.name) for entry in entries])
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError:
                found = None if self.tree.kind(folder or "/") == FOLDER else frozenset()
            self._names[folder] = found
        return self._names[folder]
