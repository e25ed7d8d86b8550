"""Which names that a module imports from others of its project may stand for an API.

A class that derives from an API, a partial of one, a function that returns one: what
:mod:`bnlint.semantics.names.carriers` finds within a file is followed here from file to file. Only
files that mention an API are parsed for it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.names.carriers import carriers
from bnlint.semantics.project.outline import Glance, words
from bnlint.semantics.project.resolver import Grounds, Importer, Layout, absolute, joined
from bnlint.semantics.syntax.module import Module

#: A name that a file binds.
Binding = tuple[str, str]


class ImportedCarriers:
    """What may be called as an API under which name, in the files of any project.

    ``aliases`` are the import paths of all APIs, ``mentions`` tells whether a text mentions one at
    all. Answers are kept until a file turns out to have changed. They are exact (a name carries if
    any name behind it does), so that they do not depend on what was asked before.
    """

    def __init__(
        self, layout: Layout, aliases: Collection[str], mentions: Callable[[str], bool]
    ) -> None:
        self.layout = layout
        self.aliases = aliases
        self.names = {alias.rpartition(".")[2] for alias in aliases}
        self.mentions = mentions
        self._answers: dict[Binding, bool] = {}
        self._grounds: dict[Binding, Grounds] = {}
        self._own: dict[str, tuple[Glance, set[str]]] = {}

    def of(self, module: Module, frameworks: Frameworks) -> set[str]:
        """Return the identifiers of ``module`` through which it may call an API of ``frameworks``.

        A name that other modules make of an API counts whichever framework it is of.
        """
        names = {alias.rpartition(".")[2] for alias in frameworks.by_alias}
        return carriers(module, names.union(self._imported(module) if module.file else ()))

    def reaches(self, importer: Importer, text: str) -> bool:
        """Tell whether a file with this text has carriers of other modules."""
        if "import" not in text:
            return False
        glance = self.layout.look(importer.file)
        if glance is None or glance.text != text:
            glance = Glance(text)
        imports = glance.imports
        for name, origins in imports.names.items():
            if name in glance.used and any(self._comes_from(importer, *o) for o in origins):
                return True
        modules = [module for named in imports.modules.values() for module in named]
        files = {self.layout.find(importer, origin) for origin in (*modules, *imports.stars)}
        return any(self._any_of(file, glance) for file in sorted(filter(None, files)))

    def _imported(self, module: Module) -> Iterator[str]:
        """Yield the identifiers under which ``module`` has carriers of other modules."""
        mentioned = module.uses.nodes.keys()
        for statement in module.imports:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    yield from self._among(self.layout.find(module, alias.name), mentioned)
                continue
            origin = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                if alias.name == "*":
                    yield from self._among(self.layout.find(module, origin), mentioned)
                elif self._comes_from(module, origin, alias.name):
                    yield alias.asname or alias.name
                else:  # it may be a module
                    file = self.layout.find(module, joined(origin, alias.name))
                    yield from self._among(file, mentioned)

    def _among(self, file: str | None, names: Iterable[str]) -> Iterator[str]:
        """Yield those of ``names`` that are carriers in ``file``."""
        glance = self.layout.look(file) if file is not None else None
        if file is None or glance is None:
            return
        stars = bool(glance.imports.stars)
        for name in sorted(names):
            if (stars or (name in glance.words and glance.binds(name))) and self._carries(
                (file, name)
            ):
                yield name

    def _any_of(self, file: str, user: Glance) -> bool:
        """Tell whether ``user`` mentions a carrier that ``file`` binds or imports by name."""
        glance = self.layout.look(file)
        if glance is None:
            return False
        names = (name for name in user.used & glance.words if glance.binds(name))
        return any(True for _ in self._among(file, names))

    def _comes_from(self, importer: Importer, origin: str, name: str) -> bool:
        """Tell whether ``from origin import name`` in ``importer`` gives a carrier."""
        if self._is_alias(importer, origin, name):
            return True
        file = self.layout.find(importer, origin)
        return file is not None and self._carries((file, name))

    def _is_alias(self, importer: Importer, origin: str, name: str) -> bool:
        """Tell whether ``from origin import name`` gives an API itself."""
        return name in self.names and absolute(importer, joined(origin, name)) in self.aliases

    def _carries(self, wanted: Binding) -> bool:
        """Tell whether a name, as a file binds it, may be called as an API.

        It may if that is so of any name it is made of or imported from, however far away.
        """
        known = self._answers.get(wanted)
        if known is None:
            with self.layout.sources.noting() as grounds:
                known = self._search(wanted, grounds)
        self.layout.sources.note(self._grounds[wanted])
        return known

    def _search(self, wanted: Binding, grounds: Grounds) -> bool:
        """Work out :meth:`_carries`; what it rests on is noted in ``grounds`` meanwhile."""
        reached, queue = {wanted}, [wanted]
        self._grounds[wanted] = grounds
        while queue:
            binding = queue.pop()
            known = self._answers.get(binding)
            if known is not None:
                self.layout.sources.note(self._grounds[binding])
            else:
                known = self._is_own(binding)
            if known:
                self._answers[wanted] = True
                return True
            if binding not in self._answers:
                for other in self._behind(binding):
                    if other is None:
                        self._answers[wanted] = True
                        return True
                    if other not in reached:
                        reached.add(other)
                        queue.append(other)
        for binding in reached:
            if binding not in self._answers:
                self._answers[binding], self._grounds[binding] = False, grounds
        return False

    def _is_own(self, binding: Binding) -> bool:
        """Tell whether a file by itself makes a name stand for an API.

        Only a function that speaks of an API, or of what is made of one, must be parsed for it.
        """
        file, name = binding
        glance = self._look(file)
        text = glance.statement(name) if glance is not None and glance.mentions else ""
        if glance is None or not text:
            return False
        found = words(text)
        if text.startswith("class "):
            return not self.names.isdisjoint(words(text.partition(":")[0]))
        if not text.startswith("def "):
            return not self.names.isdisjoint(found)
        if self.names.isdisjoint(found) and not self._speaks_of_own(glance, name, found):
            return False
        known = self._own.get(file)
        if known is None or known[0] is not glance:
            module = self.layout.sources.module(file)
            own = carriers(module, self.names) if module is not None else set()
            known = self._own[file] = (glance, own)
        return name in known[1]

    def _speaks_of_own(self, glance: Glance, name: str, found: set[str]) -> bool:
        """Tell whether one of the names ``found`` in a function is a variable made of an API."""
        statements = (glance.statement(other) for other in found if other != name)
        return any(
            not self.names.isdisjoint(words(statement))
            for statement in statements
            if not statement.startswith(("def ", "class "))
        )

    def _behind(self, binding: Binding) -> Iterator[Binding | None]:
        """Yield the names that a name of a file may stand for; ``None`` is an API."""
        file, name = binding
        glance = self._look(file)
        if glance is None:
            return
        if not glance.mentions and (glance.is_function(name) or glance.is_own_class(name)):
            return
        imports = glance.imports
        importer = self.layout.place(file)
        origins = list(imports.names.get(name, ()))
        if not glance.binds(name):
            origins += [(origin, name) for origin in imports.stars]
        for origin, other in origins:
            if self._is_alias(importer, origin, other):
                yield None
            there = self.layout.find(importer, origin)
            if there is not None:
                yield there, other
        for other in glance.behind(name):
            yield file, other

    def _look(self, file: str) -> Glance | None:
        glance = self.layout.look(file)
        if glance is not None and glance.mentions is None:
            glance.mentions = self.mentions(glance.text)
        return glance
