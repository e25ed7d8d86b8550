"""The project around a file: which modules there are, and what an import in one of them means."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.evaluate import Evaluator
from bnlint.semantics.module import Module
from bnlint.typed import NamedTuple, Protocol


class Place(NamedTuple):
    """Where an import stands: the absolute file, the name of its module, and of its package."""

    file: str
    name: str
    package: str


Importer = Module | Place


class Sources(Protocol):
    """Where the files of a project are, and what stands in them."""

    def name(self, file: str) -> str:
        """Return the dotted import name of ``file``."""

    def find(self, importer: str, path: str) -> str | None:
        """Return the file of the module that the file ``importer`` imports as ``path``."""

    def text(self, file: str) -> str | None:
        """Return the text of ``file``, ``None`` where it cannot be read."""

    def module(self, file: str) -> Module | None:
        """Return ``file`` parsed, ``None`` where it cannot be."""


class Project:
    """The modules that a file's imports lead to, and one evaluator over all of them.

    The findings of a file may depend on the modules of its project, never on which files were
    named on the command line. Without ``sources``, the file stands alone. ``main`` is the file that
    is checked, as it is in memory.
    """

    def __init__(
        self, frameworks: Frameworks, sources: Sources | None = None, main: Module | None = None
    ) -> None:
        self.frameworks = frameworks
        self.sources = sources
        self.modules: dict[str, Module | None] = {}
        if main is not None and main.file:
            self.modules[main.file] = main
        self.evaluator = Evaluator(self, frameworks)

    def resolve(self, module: Module, symbol: str) -> Module | tuple[Module, str] | None:
        """Return the project module, or the name in one, that ``symbol`` imported in ``module`` is.

        ``symbol`` is as written: ``a.b.name``, or with leading dots for a relative import. What a
        framework table lists is no part of the project, also where the framework's own source is.
        """
        path = absolute(module, symbol)
        if self.frameworks.knows(path):
            return None
        parent, name = _split(path)
        holder = self.module(module, parent) if parent else None
        if holder is not None and not holder.is_namespace:
            return holder, name
        return self.module(module, path)

    def symbol(self, module: Importer, symbol: str) -> str:
        """Return the import path of ``symbol``, as written in ``module``, seen from outside."""
        return absolute(module, symbol)

    def submodule(self, module: Module, name: str) -> Module | None:
        """Return the project module ``module.name``, if ``module`` is a package that has it."""
        if not module.name or module.package != module.name:
            return None
        return self.module(module, f"{module.name}.{name}")

    def module(self, importer: Module, path: str) -> Module | None:
        """Return the module of the import ``path``, as ``importer`` sees it."""
        file = self.find(importer, path)
        return self.load(file) if file is not None else None

    def find(self, importer: Importer, path: str) -> str | None:
        """Return the file of the import ``path``, as ``importer`` sees it."""
        if self.sources is None or not importer.file:
            return None
        top = path.partition(".")[0]
        if top and self.frameworks.has_root(top) and top != importer.name.partition(".")[0]:
            return None  # a folder of the project that is called as a framework is not imported
        return self.sources.find(importer.file, path)

    def place(self, file: str) -> Place:
        """Return where the imports of ``file`` stand."""
        assert self.sources is not None
        name = self.sources.name(file)
        package = name if file.endswith("/__init__.py") else name.rpartition(".")[0]
        return Place(file, name, package)

    def load(self, file: str) -> Module | None:
        """Return ``file`` parsed, the same for as long as this project lives."""
        if file not in self.modules:
            assert self.sources is not None
            self.modules[file] = self.sources.module(file)
        return self.modules[file]

    def imported_roots(self) -> Iterator[str]:
        """Yield what the modules read so far import absolutely."""
        for module in self.modules.values():
            if module is not None:
                yield from imported_roots(module)


def imported_roots(module: Module) -> Iterator[str]:
    """Yield the import paths that ``module`` imports absolutely."""
    for statement in module.imports:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name
        elif statement.module and not statement.level:
            yield statement.module


def absolute(module: Importer, symbol: str) -> str:
    """Return the absolute import path of ``symbol`` as written in ``module``.

    A relative import stays as it is where the name of the module's package is not known, as in a
    folder without ``__init__.py``.
    """
    name = symbol.lstrip(".")
    level = len(symbol) - len(name)
    package = module.package.split(".") if module.package else []
    if not level or level > len(package):
        return symbol
    return ".".join([*package[: len(package) - level + 1], name])


def _split(path: str) -> tuple[str, str]:
    """Return ``path`` as the module that holds the last name in it, and that name."""
    name = path.rpartition(".")[2]
    parent = path.removesuffix(name)
    return (parent.removesuffix(".") if parent.strip(".") else parent), name
