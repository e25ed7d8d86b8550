"""The project around a file: which modules there are, and what an import in one of them means."""

from __future__ import annotations

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.evaluate import Evaluator
from bnlint.semantics.module import Module


class Project:
    """Modules by dotted name, and one evaluator over all of them.

    The findings of a file may depend on the modules of its project, never on which files were
    named on the command line.
    """

    def __init__(self, modules: dict[str, Module], frameworks: Frameworks) -> None:
        self.modules = modules
        self.frameworks = frameworks
        self.evaluator = Evaluator(self, frameworks)

    def resolve(self, module: Module, symbol: str) -> Module | tuple[Module, str] | None:
        """Return the project module, or the name in one, that ``symbol`` imported in ``module`` is.

        ``symbol`` is as written: ``a.b.name``, or with leading dots for a relative import.
        """
        path = absolute(module.name, symbol)
        if path in self.modules:
            return self.modules[path]
        parent, _, name = path.rpartition(".")
        if parent in self.modules:
            return self.modules[parent], name
        return None

    def submodule(self, module: Module, name: str) -> Module | None:
        """Return the project module ``module.name``, if ``module`` is a package that has it."""
        return self.modules.get(f"{module.name}.{name}") if module.name else None


def absolute(importer: str, symbol: str) -> str:
    """Return the absolute import path of ``symbol`` as written in the module called ``importer``.

    A relative import in a module whose own name is not known stays as it is written.
    """
    level = len(symbol) - len(symbol.lstrip("."))
    if not level or not importer:
        return symbol
    package = importer.split(".")[:-level]
    return ".".join([*package, symbol[level:]]) if package else symbol
