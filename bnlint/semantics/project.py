"""The project around a file: which modules there are, and what an import in one of them means."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.evaluate import Evaluator
from bnlint.semantics.layout import Layout, absolute, split
from bnlint.semantics.module import Module
from bnlint.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.semantics.sites import Site


class Project:
    """The modules that a file's imports lead to, and one evaluator over all of them.

    The findings of a file may depend on the modules of its project, never on which files were
    named on the command line. Without a ``layout``, the file stands alone. ``main`` is the file
    that is checked, as it is in memory. ``sites_of`` finds the sites of another module.
    """

    def __init__(
        self,
        frameworks: Frameworks,
        layout: Layout | None = None,
        main: Module | None = None,
        sites_of: Callable[[Project, Module], Sequence[Site]] | None = None,
    ) -> None:
        self.frameworks = frameworks
        self.layout = layout
        self._sites_of = sites_of
        self.modules: dict[str, Module | None] = {}
        if main is not None and main.file:
            self.modules[main.file] = main
        self.evaluator = Evaluator(self, frameworks)

    def forget(self) -> None:
        """Drop what has been read and worked out: the circles that keep trees alive."""
        self.evaluator.forget()
        self.modules.clear()

    def resolve(self, module: Module, symbol: str) -> Module | tuple[Module, str] | None:
        """Return the project module, or the name in one, that ``symbol`` imported in ``module`` is.

        ``symbol`` is as written: ``a.b.name``, or with leading dots for a relative import. What a
        framework table lists is no part of the project, also where the framework's own source is.
        """
        path = absolute(module, symbol)
        if self.frameworks.knows(path):
            return None
        parent, name = split(path)
        holder = self.module(module, parent) if parent else None
        if holder is not None and not holder.is_namespace:
            return holder, name
        return self.module(module, path)

    def module(self, importer: Module, symbol: str) -> Module | None:
        """Return the project module that ``importer`` imports as ``symbol``."""
        file = self.layout.find(importer, symbol) if self.layout is not None else None
        if self.layout is None or file is None:
            return None
        if file not in self.modules:
            self.modules[file] = self.layout.sources.module(file)
        return self.modules[file]

    def sites(self, module: Module) -> Sequence[Site]:
        """Return the sites of another module of the project, as its constructors leave them."""
        kept, key = self.evaluator.kept, ("sites", module.tree)
        if key not in kept:
            kept[key] = self._sites_of(self, module) if self._sites_of is not None else ()
        found: Sequence[Site] = kept[key]
        return found

    def symbol(self, module: Module, symbol: str) -> str:
        """Return the import path of ``symbol``, as written in ``module``, seen from outside."""
        return absolute(module, symbol)

    def submodule(self, module: Module, name: str) -> Module | None:
        """Return the project module ``module.name``, if ``module`` is a package that has it."""
        if not module.name or module.package != module.name:
            return None
        return self.module(module, f"{module.name}.{name}")

    def is_function(self, module: Module, symbol: str) -> bool:
        """Tell, without parsing, whether ``symbol`` in ``module`` is a function of the project."""
        return self.layout is not None and self.layout.is_function(module, symbol)

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
