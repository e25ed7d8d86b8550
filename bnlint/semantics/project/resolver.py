"""How the files of a project lie: which file an import leads to, before any of them is parsed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from bnlint.semantics.project.marks import Marks
from bnlint.semantics.project.outline import UNREAD, Imports, Loose, Outline
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.memo import ONE_FILE, TEXTS, Memo
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import re
    from typing import Any, TypeVar

    K = TypeVar("K")
    V = TypeVar("V")

#: Files through which a name is passed on at most.
_MAX_HOPS = 8

#: How far from a file, and in how many others, code is looked for that runs its models.
_MAX_FAR = 3
_MAX_BEHIND = 40


class Place(NamedTuple):
    """Where an import stands: the absolute file, the name of its module, and of its package."""

    file: str
    name: str
    package: str


Importer = Module | Place


class Grounds(NamedTuple):
    """What an answer rests on: files that were looked at, and imports that were followed.

    An import is the folder of the importing file, and the path it imports. ``questions`` were asked
    about whole projects: an answer rests on what is said to them, however it was found out.
    """

    files: set[str]
    imports: set[tuple[str, str]]
    questions: set[Question]


#: A question about a whole project: what is asked, and about what.
Question = tuple[str, ...]

#: The grounds of what rests on nothing, or is not to be remembered.
NOTHING = Grounds(set(), set(), set())


class Sources(Protocol):
    """Where the files of a project are, and what stands in them."""

    def name(self, file: str) -> str:
        """Return the dotted import name of ``file``."""

    def package(self, file: str) -> str:
        """Return the dotted name of the package from which relative imports in ``file`` start."""

    def find(self, importer: str, path: str) -> str | None:
        """Return the file of the module that the file ``importer`` imports as ``path``."""

    def outline(self, file: str) -> Outline:
        """Return what can be said of ``file`` without parsing it."""

    def imports(self, file: str) -> Imports:
        """Return what ``file`` imports."""

    def loose(self, file: str) -> Loose:
        """Return what ``file`` may bind beyond its outline: anything, if it cannot be read."""

    def marks(self, file: str) -> Marks:
        """Return what ``file`` speaks of: nothing, if it cannot be read."""

    def module(self, file: str) -> Module | None:
        """Return ``file`` parsed, ``None`` where it cannot be."""

    def root(self, file: str) -> str:
        """Return the folder that holds all of the project around ``file``."""

    def files(self, file: str) -> list[str]:
        """Return the Python files of the project around ``file``."""

    def below(self, root: str) -> list[str]:
        """Return the Python files of the project in the folder ``root``."""

    def search(self, file: str, pattern: str, words: Collection[str] = ()) -> list[str]:
        """Return the files of the project around ``file`` whose text matches ``pattern``.

        What matches holds one of ``words``, where there are any: to look for these is a tenth of
        the work.
        """

    def around(self, folder: str) -> str:
        """Return the folder that holds all of the project around the folder ``folder``."""

    def matching(self, root: str, pattern: str) -> list[str]:
        """Return the files of the project in the folder ``root`` whose text matches ``pattern``."""

    def noting(self) -> AbstractContextManager[Grounds]:
        """Note what is looked at meanwhile."""

    def text(self, file: str) -> str | None:
        """Return what stands in ``file``; ``None`` if it cannot be read."""

    def held(self, file: str) -> frozenset[str]:
        """Return which of the words that whole projects are searched for stand in ``file``."""

    def readme(self, file: str) -> tuple[str, str]:
        """Return the path and the text of what introduces the project around ``file``, if any."""

    def lists(self, folder: str, names: re.Pattern[str]) -> list[tuple[str, str]]:
        """Return name and text of the files in ``folder`` whose whole name matches, sorted."""

    def asking(self, *question: str) -> AbstractContextManager[None]:
        """Note that ``question`` is asked, and nothing of what is looked at to answer it."""

    def note(self, grounds: Grounds) -> None:
        """Note ``grounds``, on which an answer rests that was found before."""


_MAY_BIND: Memo[tuple[str, str], bool] = Memo()
_GROUNDS: Memo[tuple[str, str], Grounds] = Memo()


class Resolver:
    """The files of a project, found by import.

    ``tops`` are the packages of the frameworks: a folder of the project that is called like one
    is not what an import of that name means, except in the framework's own source.
    """

    def __init__(self, sources: Sources, tops: Collection[str]) -> None:
        self.sources = sources
        self.tops = tops
        self._places: dict[str, Place] = {}
        self._leads: dict[Outline, tuple[tuple[str, ...], Grounds]] = {}
        #: What has been found out about whole projects.
        self.memos: dict[Memo[Any, Any], dict[Any, Any]] = {}

    def remembered(self, memo: Memo[K, tuple[V, Grounds]], key: K, answer: Callable[[], V]) -> V:
        """Return what ``memo`` has for ``key`` or ``answer`` says, and note its grounds."""
        known = memo.of(self)
        if key not in known:
            with self.sources.noting() as grounds:
                found = answer()
            known[key] = found, grounds
        found, grounds = known[key]
        self.sources.note(grounds)
        return found

    def revise(self, files: Collection[str]) -> None:
        """Forget what rests on the texts of ``files``, which import the same as before."""
        for memo in list(self.memos):
            if memo.rests_on == TEXTS:
                del self.memos[memo]
            elif memo.rests_on == ONE_FILE:
                for file in files:
                    self.memos[memo].pop(file, None)

    def find(self, importer: Importer, symbol: str) -> str | None:
        """Return the file of the module that ``importer`` imports as ``symbol``."""
        path = absolute(importer, symbol)
        top = path.partition(".")[0]
        if top in self.tops and top != importer.name.partition(".")[0]:
            return None
        return self.sources.find(importer.file, path)

    def outline(self, file: str) -> Outline:
        """Return what can be said of ``file`` without parsing it."""
        return self.sources.outline(file)

    def place(self, file: str) -> Place:
        """Return where the imports of ``file`` stand."""
        place = self._places.get(file)
        if place is None:
            name, package = self.sources.name(file), self.sources.package(file)
            place = self._places[file] = Place(file, name, package)
        return place

    def behind(self, file: str) -> tuple[str, ...]:
        """Return the files that the imports of a file lead to, and those of these, nearest first.

        What is further away than a few files, or comes after a large number of them, is left out.
        """
        found = {file: None}
        near = [file]
        for _ in range(_MAX_FAR):
            further = [other for place in near for other in self.imported(place)]
            fresh = [other for other in dict.fromkeys(further) if other not in found]
            near = fresh[: _MAX_BEHIND + 1 - len(found)]
            found |= dict.fromkeys(near)
        return tuple(found)[1:]

    def imported(self, file: str) -> tuple[str, ...]:
        """Return the files that a file imports directly."""
        importer, outline = self.place(file), self.outline(file)
        known = self._leads.get(outline)
        if known is None:
            with self.sources.noting() as grounds:
                imports = outline.imports
                symbols = [
                    *imports.stars,
                    *(m for named in imports.modules.values() for m in named),
                ]
                for origins in imports.names.values():
                    for origin, name in origins:
                        symbols += [origin, joined(origin, name)]
                files = [self.find(importer, symbol) for symbol in dict.fromkeys(symbols)]
            known = self._leads[outline] = tuple(dict.fromkeys(filter(None, files))), grounds
        self.sources.note(known[1])
        return known[0]

    def may_export(self, importer: Importer, origin: str, name: str) -> bool:
        """Tell, without parsing, whether ``from origin import name`` may give something.

        It may not where all that is behind ``origin`` is of the project, and none of it can bind
        the name.
        """
        if self.find(importer, joined(origin, name)) is not None:
            return True
        file = self.find(importer, origin)
        return file is None or self._may_bind(file, name)

    def _may_bind(self, file: str, name: str) -> bool:
        known, key = _MAY_BIND.of(self), (file, name)
        if key not in known:
            known[key] = False  # of a circle of star imports, the others decide
            with self.sources.noting() as grounds:
                outline = self.outline(file)
                place = self.place(file)
                found = (
                    outline.binds(name)
                    or self.sources.loose(file).may_bind(name)
                    or any(self.may_export(place, star, name) for star in outline.imports.stars)
                )
            known[key], _GROUNDS.of(self)[key] = found, grounds
        self.sources.note(_GROUNDS.of(self).get(key, NOTHING))
        return known[key]

    def holder(self, importer: Importer, symbol: str) -> tuple[str | None, str]:
        """Return the file that ``symbol`` comes from, and what it is called there.

        Files that only pass it on are seen through, as far as their text shows that.
        """
        file, name = None, ""
        for _ in range(_MAX_HOPS):
            parent, name = split(absolute(importer, symbol))
            file = self.find(importer, parent)
            outline = self.outline(file) if file is not None else UNREAD
            origins = outline.imports.names.get(name, ())
            if file is None or outline.is_function(name) or len(origins) != 1:
                break
            importer, symbol = self.place(file), joined(*origins[0])
        return file, name


def absolute(module: Importer, symbol: str) -> str:
    """Return the absolute import path of ``symbol`` as written in ``module``.

    A relative import stays as it is where the name of the module's package is not known, as in a
    folder without ``__init__.py``.
    """
    if not symbol.startswith("."):
        return symbol
    name = symbol.lstrip(".")
    level = len(symbol) - len(name)
    package = module.package.split(".") if module.package else []
    if level > len(package):
        return symbol
    above = package[: len(package) - level + 1]
    return ".".join([*above, name] if name else above)


def joined(origin: str, name: str) -> str:
    """Return the import path of ``name`` in the module ``origin``, as written in an import."""
    return f"{origin}{name}" if origin.endswith(".") else f"{origin}.{name}"


def split(path: str) -> tuple[str, str]:
    """Return ``path`` as the module that holds the last name in it, and that name."""
    name = path.rpartition(".")[2]
    parent = path.removesuffix(name)
    return (parent.removesuffix(".") if parent.strip(".") else parent), name
