"""Which releases of frameworks a file can mean, by what it uses and what its project requires."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.syntax.module import Module, dotted, origin_of


def meant_in(module: Module, frameworks: Frameworks, resolver: Resolver | None) -> Frameworks:
    """Return the tables without the releases that ``module`` cannot mean."""
    if not any(head.distributions for head in frameworks.frameworks.values()):
        return frameworks
    from bnlint.frameworks.releases import of_releases
    from bnlint.semantics.project.requirements import required_by

    folder = module.file.rpartition("/")[0]
    required = required_by(resolver, folder) if resolver is not None else {}
    newest = newest_in(module, frameworks)
    if not required and not newest:
        return frameworks
    return of_releases(frameworks, tuple(sorted(required.items())), newest)


def newest_in(module: Module, frameworks: Frameworks) -> frozenset[str]:
    """Return the frameworks of which a file uses what only the newest release has."""
    words = frameworks.word("newest_only")
    return frozenset(head.name for path, head in words.items() if _uses(module, path))


def _uses(module: Module, path: str) -> bool:
    """Tell whether the file imports or names what stands at an import path."""
    for statement in module.imports:
        if any(isinstance(around, ast.Try) for around in module.ancestors(statement)):
            continue  # another release may do without
        origin = f"{origin_of(statement)}." if isinstance(statement, ast.ImportFrom) else ""
        if any(f"{origin}{alias.name}.".startswith(f"{path}.") for alias in statement.names):
            return True
    return any(dotted(use) == path for use in module.uses.of(path.rpartition(".")[2]))
