"""Which names that a module imports from others of its project may stand for an API.

A class that derives from an API, a partial of one, a function that returns one: what
:mod:`bnlint.semantics.taint` finds within a file is followed here from file to file. Only files
that mention an API are parsed for it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from bnlint.semantics.module import Module
from bnlint.semantics.project import Importer, Project
from bnlint.semantics.sketch import Sketch, sketch
from bnlint.semantics.taint import carriers
from bnlint.typed import NamedTuple


class Seen(NamedTuple):
    """What has been seen of a file: its text, whether it mentions an API, and its sketch."""

    text: str
    mentions: bool
    sketch: Sketch


#: What has been seen of each file in this process. It is little: the names it binds.
_SEEN: dict[str, Seen] = {}


class Carried:
    """What may be called as an API under which name, for the modules of one project.

    ``mentions`` tells whether a text mentions an API at all. In a circle of imports, a question
    that comes up again while it is being answered counts as answered with no.
    """

    def __init__(self, project: Project, mentions: Callable[[str], bool]) -> None:
        self.project = project
        self.mentions = mentions
        self.names = {alias.rpartition(".")[2] for alias in project.frameworks.by_alias}
        self._answers: dict[tuple[str, str], bool] = {}
        self._own: dict[str, set[str]] = {}

    def of(self, module: Module) -> set[str]:
        """Return the identifiers of ``module`` through which an API may be called."""
        return carriers(module, self.names.union(self._imported(module)))

    def _imported(self, module: Module) -> Iterator[str]:
        """Yield the identifiers under which ``module`` has carriers of other modules."""
        if self.project.sources is None:
            return
        mentioned = module.uses.nodes.keys()
        for statement in module.imports:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    yield from self._among(self._file(module, alias.name), mentioned)
                continue
            origin = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                if alias.name == "*":
                    yield from self._among(self._file(module, origin), mentioned)
                elif self._comes_from(module, origin, alias.name):
                    yield alias.asname or alias.name
                else:  # it may be a module
                    file = self._file(module, _joined(origin, alias.name))
                    yield from self._among(file, mentioned)

    def _file(self, module: Importer, symbol: str) -> str | None:
        return self.project.find(module, self.project.symbol(module, symbol))

    def _among(self, file: str | None, names: Iterable[str]) -> Iterator[str]:
        """Yield those of ``names`` that are carriers in ``file``."""
        seen = self._look(file) if file is not None else None
        if file is None or seen is None:
            return
        for name in sorted(names):
            if (seen.sketch.binds(name) or seen.sketch.stars) and self._carries(file, name):
                yield name

    def _comes_from(self, importer: Importer, origin: str, name: str) -> bool:
        """Tell whether ``from origin import name`` in ``importer`` gives a carrier."""
        symbol = self.project.symbol(importer, _joined(origin, name))
        if self.project.frameworks.knows(symbol):
            return True
        file = self._file(importer, origin)
        return file is not None and self._carries(file, name)

    def _carries(self, file: str, name: str) -> bool:
        """Tell whether ``name``, as ``file`` binds it, may be called as an API."""
        key = (file, name)
        if key not in self._answers:
            self._answers[key] = False
            self._answers[key] = self._is_carrier(file, name)
        return self._answers[key]

    def _is_carrier(self, file: str, name: str) -> bool:
        seen = self._look(file)
        if seen is None:
            return False
        found = seen.sketch
        made_of = found.made_of.get(name)
        if made_of is not None and seen.mentions and name in self._own_carriers(file):
            return True
        importer = self.project.place(file)
        if any(self._comes_from(importer, *origin) for origin in found.imported.get(name, ())):
            return True
        behind = [n for n in sorted(made_of or ()) if n != name and found.binds(n)]
        if any(self._carries(file, other) for other in behind):
            return True
        return not found.binds(name) and any(
            self._comes_from(importer, origin, name) for origin in found.stars
        )

    def _own_carriers(self, file: str) -> set[str]:
        """Return the carriers of ``file``, as far as it binds them without others."""
        own = self._own.get(file)
        if own is None:
            module = self.project.load(file)
            own = self._own[file] = carriers(module, self.names) if module is not None else set()
        return own

    def _look(self, file: str) -> Seen | None:
        """Return what is seen of ``file``; ``None`` if it cannot be read or is empty."""
        sources = self.project.sources
        text = sources.text(file) if sources is not None else None
        if not text:
            return None
        seen = _SEEN.get(file)
        if seen is None or seen.text is not text:
            seen = _SEEN[file] = Seen(text, self.mentions(text), sketch(text))
        return seen


def _joined(origin: str, name: str) -> str:
    return f"{origin}{name}" if origin.endswith(".") else f"{origin}.{name}"
