"""Which names that a module imports from others of its project may stand for an API.

A class that derives from an API or may compute what one does, a partial, a function that returns
one: what :mod:`bnlint.semantics.names.carriers` finds within a file is followed here from file to
file. Only files that mention an API are parsed for it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.hints.things import is_norm
from bnlint.semantics.names.carriers import carriers
from bnlint.semantics.project.outline import (
    CLASS,
    FUNCTION,
    UNREAD,
    VARIABLE,
    Outline,
    imports_in,
    used_words,
    words,
)
from bnlint.semantics.project.resolver import Grounds, Importer, Resolver, absolute, joined
from bnlint.semantics.syntax.module import Module, origin_of
from bnlint.startup.typed import NamedTuple

#: A name that a file binds.
Binding = tuple[str, str]


class _Stars(NamedTuple):
    """The files from which a file imports all names, with the names that each may have.

    ``grounds`` are what that rests on.
    """

    targets: list[tuple[str, set[str]]]
    grounds: Grounds


class ImportedCarriers:
    """What may be called as an API under which name, in the files of any project.

    ``aliases`` are the import paths of all APIs, and ``may_be`` tells of the name of a class
    whether it may compute by itself what they do. Answers are exact (a name carries if any name
    behind it does), so that they do not depend on what was asked before, and kept.
    """

    def __init__(
        self,
        resolver: Resolver,
        aliases: Collection[str],
        may_be: Callable[[str], bool] = is_norm,
    ) -> None:
        self.resolver = resolver
        self.aliases = aliases
        self.may_be = may_be
        self.names = {alias.rpartition(".")[2] for alias in aliases}
        self._answers: dict[Binding, bool] = {}
        self._grounds: dict[Binding, Grounds] = {}
        self._own: dict[str, set[str]] = {}
        self._stars: dict[str, _Stars] = {}

    def of(self, module: Module, frameworks: Frameworks) -> set[str]:
        """Return the identifiers of ``module`` through which it may call an API of ``frameworks``.

        A name that other modules make of an API counts whichever framework it is of.
        """
        names = {alias.rpartition(".")[2] for alias in frameworks.by_alias}
        names.update(
            cls.name for cls in module.classes if self.may_be(cls.name)
        )  # by hand, perhaps
        givers = set()
        for alias, maker in frameworks.makers.items():
            names.add(alias.rpartition(".")[2])
            if maker.gives == "class":
                givers.add(alias.rpartition(".")[2])
        imported = self._imported(module) if module.file else ()
        return carriers(module, names.union(imported), givers)

    def reaches(self, importer: Importer, text: str) -> bool:
        """Tell whether a file with this text uses carriers of other modules."""
        outline = self.resolver.outline(importer.file)
        imports = outline.imports if outline is not UNREAD else imports_in(text)
        carried = [
            name
            for name, origins in imports.names.items()
            if any(self._comes_from(importer, *origin) for origin in origins)
        ]
        modules = [module for named in imports.modules.values() for module in named]
        modules += [  # from package import module
            joined(*origin)
            for name, origins in imports.names.items()
            if f"{name}." in text
            for origin in origins
        ]
        files = {self.resolver.find(importer, origin) for origin in (*modules, *imports.stars)}
        files.discard(None)
        if not carried and not files:
            return False
        used = used_words(text)
        if not used.isdisjoint(carried):
            return True
        return any(True for file in sorted(filter(None, files)) for _ in self._among(file, used))

    def _imported(self, module: Module) -> Iterator[str]:
        """Yield the identifiers under which ``module`` has carriers of other modules."""
        mentioned = module.uses.nodes.keys()
        for statement in module.imports:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    yield from self._among(self.resolver.find(module, alias.name), mentioned)
                continue
            origin = origin_of(statement)
            for alias in statement.names:
                if alias.name == "*":
                    yield from self._among(self.resolver.find(module, origin), mentioned)
                elif self._comes_from(module, origin, alias.name):
                    yield alias.asname or alias.name
                else:  # it may be a module
                    file = self.resolver.find(module, joined(origin, alias.name))
                    yield from self._among(file, mentioned)

    def _among(self, file: str | None, names: Iterable[str]) -> Iterator[str]:
        """Yield those of ``names`` that are carriers in ``file``."""
        if file is None:
            return
        outline = self.resolver.outline(file)
        stars = bool(outline.imports.stars)
        for name in sorted(names):
            if (stars or outline.binds(name)) and self._carries((file, name)):
                yield name

    def _comes_from(self, importer: Importer, origin: str, name: str) -> bool:
        """Tell whether ``from origin import name`` in ``importer`` gives a carrier."""
        if self._is_alias(importer, origin, name):
            return True
        file = self.resolver.find(importer, origin)
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
            with self.resolver.sources.noting() as grounds:
                known = self._search(wanted, grounds)
        self.resolver.sources.note(self._grounds[wanted])
        return known

    def _search(self, wanted: Binding, grounds: Grounds) -> bool:
        """Work out :meth:`_carries`; what it rests on is noted in ``grounds`` meanwhile."""
        reached: dict[Binding, Binding | None] = {wanted: None}  # and from where
        queue = [wanted]
        self._grounds[wanted] = grounds
        while queue:
            binding = queue.pop()
            known = self._answers.get(binding)
            if known is not None:
                self.resolver.sources.note(self._grounds[binding])
            else:
                known = self._is_own(binding)
            if known:
                return self._found(binding, reached, grounds)
            if binding not in self._answers:
                for other in self._behind(binding):
                    if other is None:
                        return self._found(binding, reached, grounds)
                    if other not in reached:
                        reached[other] = binding
                        queue.append(other)
        for binding in reached:
            if binding not in self._answers:
                self._answers[binding], self._grounds[binding] = False, grounds
        return False

    def _found(
        self, last: Binding, reached: dict[Binding, Binding | None], grounds: Grounds
    ) -> bool:
        """Note that ``last`` carries, and with it all through which it was reached."""
        binding: Binding | None = last
        while binding is not None:
            if binding not in self._answers:
                self._answers[binding], self._grounds[binding] = True, grounds
            binding = reached[binding]
        return True

    def _is_own(self, wanted: Binding) -> bool:
        """Tell whether a file by itself makes a name stand for an API.

        Only a function that speaks of an API, or of what is made of one, must be parsed for it.
        """
        file, name = wanted
        outline = self.resolver.outline(file)
        if not outline.text:
            return False
        for binding in outline.bindings.get(name, ()):
            text = outline.text[binding.start : binding.end]
            if binding.kind == CLASS:
                text = text.partition(":")[0]
            found = words(text)
            speaks = not self.names.isdisjoint(found)
            if binding.kind == FUNCTION and (speaks or self._speaks_of_own(outline, name, found)):
                if name in self._carriers_in(file):
                    return True
            elif binding.kind != FUNCTION and (
                speaks or (binding.kind == CLASS and self.may_be(name))
            ):
                return True
        return False

    def _carriers_in(self, file: str) -> set[str]:
        """Return the carriers that a file has by itself, whose tree is looked at for it."""
        if file not in self._own:
            module = self.resolver.sources.module(file)
            self._own[file] = carriers(module, self.names) if module is not None else set()
        return self._own[file]

    def _speaks_of_own(self, outline: Outline, name: str, found: set[str]) -> bool:
        """Tell whether one of the names ``found`` in a function is a variable made of an API."""
        return any(
            not self.names.isdisjoint(words(outline.text[binding.start : binding.end]))
            for other in found & outline.bindings.keys()
            for binding in outline.bindings[other]
            if other != name and binding.kind == VARIABLE
        )

    def _behind(self, wanted: Binding) -> Iterator[Binding | None]:
        """Yield the names that a name of a file may stand for; ``None`` is an API."""
        file, name = wanted
        outline = self.resolver.outline(file)
        importer = self.resolver.place(file)
        for origin, other in outline.imports.names.get(name, ()):
            if self._is_alias(importer, origin, other):
                yield None
            there = self.resolver.find(importer, origin)
            if there is not None:
                yield there, other
        if outline.imports.stars and not outline.binds(name):
            stars = self._stars_of(file)
            self.resolver.sources.note(stars.grounds)
            if name in self.names:
                for origin in outline.imports.stars:
                    if self._is_alias(importer, origin, name):
                        yield None
            yield from ((there, name) for there, names in stars.targets if name in names)
        for other in outline.made_of(name):
            yield file, other

    def _stars_of(self, file: str) -> _Stars:
        """Return what star imports give ``file``, found out once for all names it may be."""
        known = self._stars.get(file)
        if known is None:
            with self.resolver.sources.noting() as grounds:
                targets = [(there, self._names_in(there)) for there in self._starred(file)]
            known = self._stars[file] = _Stars(targets, grounds)
        return known

    def _starred(self, file: str) -> list[str]:
        """Return the files of the project from which ``file`` imports all names."""
        importer, stars = self.resolver.place(file), self.resolver.outline(file).imports.stars
        found = (self.resolver.find(importer, origin) for origin in stars)
        return [there for there in found if there is not None]

    def _names_in(self, file: str) -> set[str]:
        """Return the names that ``file`` may have: its own, and those of its star imports."""
        names: set[str] = set()
        seen, queue = {file}, [file]
        while queue:
            there = queue.pop()
            outline = self.resolver.outline(there)
            names.update(outline.bindings, outline.imports.names, outline.imports.modules)
            if outline.imports.stars:
                names |= self.names  # some of which a framework's star may give
            for other in self._starred(there):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return names
