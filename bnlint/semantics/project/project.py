"""The project around a file: which modules there are, and what an import in one of them means."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.project.outline import Outline
from bnlint.semantics.project.resolver import Resolver, absolute, joined, split
from bnlint.semantics.project.triage import may_make_models
from bnlint.semantics.project.users import may_be_used, users
from bnlint.semantics.syntax.module import Module, dotted, origin_of
from bnlint.semantics.values.budget import Budget
from bnlint.semantics.values.evaluator import MAX_WORK_IN_FILE, Evaluator
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    pass


#: Characters of other modules that are read for one file. What lies beyond is taken for something
#: outside the project: nothing is known of it.
_MOST_READ = 800_000

_HANDS_OVER: Memo[Module, bool] = Memo()

#: What tells the identifiers through which a module may call an API of some frameworks.
Carriers = Callable[[Module, Frameworks], Collection[str]]


def _no_carriers(_: Module, __: Frameworks) -> Collection[str]:
    return ()


class Project:
    """The modules that a file's imports lead to, and one evaluator over all of them.

    The findings of a file may depend on the modules of its project, never on which files were
    named on the command line. Without a ``resolver``, the file stands alone. ``main`` is the file
    that is checked, as it is in memory. ``carriers`` tells which names of a module stand for APIs.
    """

    def __init__(
        self,
        frameworks: Frameworks,
        resolver: Resolver | None = None,
        main: Module | None = None,
        carriers: Carriers = _no_carriers,
    ) -> None:
        self.frameworks = frameworks
        self.resolver = resolver
        self.main: Module | None = main
        self._carriers = carriers
        self.modules: dict[str, Module | None] = {}
        self._using: dict[str, Module | None] = {}
        self._read = 0
        if main is not None and main.file:
            self.modules[main.file] = main
        steps = MAX_WORK_IN_FILE + (len(main.text) if main is not None else 0)
        self.evaluator = Evaluator(self, frameworks, budget=Budget(steps))

    def forget(self) -> None:
        """Drop what has been read and worked out: the circles that keep trees alive."""
        self.evaluator.forget()
        self.main = None
        self.modules.clear()
        self._using.clear()

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
        file = self.resolver.find(importer, symbol) if self.resolver is not None else None
        if self.resolver is None or file is None:
            return None
        if file not in self.modules:
            known = self._using.get(file)
            self.modules[file] = known or self._parsed(self.resolver, file)
        return self.modules[file]

    def _parsed(self, resolver: Resolver, file: str) -> Module | None:
        """Return a file parsed, if not too much has been read for the one that is checked."""
        if self._read >= _MOST_READ:
            return None
        found = resolver.sources.module(file)
        self._read += len(found.text) if found is not None else 0
        return found

    def saying(self, module: Module, pattern: str) -> Iterator[Module]:
        """Yield ``module``, and the other files of its project whose text matches ``pattern``."""
        yield module
        if self.resolver is not None:
            sources = self.resolver.sources
            others = sorted({*sources.search(module.file, pattern)} - {module.file})
            yield from filter(None, map(sources.module, others))

    def may_be_used(self, module: Module) -> bool:
        """Tell, by the text of imports, whether another file may use what ``module`` binds."""
        return self.resolver is not None and may_be_used(self.resolver, module.file)

    def users(self, module: Module, name: str) -> list[tuple[Module, str]] | None:
        """Return the modules that use what ``module`` binds as ``name``, and its name in each.

        ``None`` is returned for a name that is used all over the project.
        """
        if self.resolver is None:
            return []
        files = users(self.resolver, module.file, name)
        if files is None:
            return None
        found: list[tuple[Module, str]] = []
        for user in files:
            if user.file in self.modules:
                there = self.modules[user.file]
            else:
                if user.file not in self._using:
                    self._using[user.file] = self._parsed(self.resolver, user.file)
                there = self._using[user.file]
            if there is not None:
                found.append((there, user.name))
        return found

    def may_export(self, importer: Module, origin: str, name: str) -> bool:
        """Tell, without parsing, whether ``from origin import name`` may give something."""
        return self.resolver is None or self.resolver.may_export(importer, origin, name)

    def carriers(self, module: Module) -> Collection[str]:
        """Return the identifiers through which ``module`` may call an API."""
        return self._carriers(module, self.frameworks)

    def symbol(self, module: Module, symbol: str) -> str:
        """Return the import path of ``symbol``, as written in ``module``, seen from outside."""
        return absolute(module, symbol)

    def submodule(self, module: Module, name: str) -> Module | None:
        """Return the project module ``module.name``, if ``module`` is a package that has it."""
        if module.package != module.name:
            return None
        return self.module(module, f"{module.name}.{name}")

    def may_make_models(self, module: Module) -> bool:
        """Tell, by the text of files, whether batch normalisation may be in what a file makes."""
        if self.resolver is None or self.evaluator.frameworks.declared:
            return True
        return may_make_models(self.resolver, module, module.text)

    def hands_over_models(self, module: Module) -> bool:
        """Tell, by the text of files, whether ``module`` deals with code that switches modes.

        That is a file with a function or class that it calls with what it has made, or one of
        those that this file imports; or a file that makes something for it. Methods do not count:
        what they hand on is mostly tensors.
        """
        known = _HANDS_OVER.of(self.evaluator)
        if module not in known:
            known[module] = self._hands_over_models(module)
        return known[module]

    def _hands_over_models(self, module: Module) -> bool:
        if self.resolver is None:
            return False
        names, makers = _assigned(module)
        takers = {
            dotted(call.func).partition(".")[0]
            for call in module.calls
            if any(isinstance(a, ast.Name) and a.id in names for a in _arguments(call))
            and module.enclosing_class(call) is None
        }
        taking = sorted(_files_of(self.resolver, module, takers))
        near = (other for file in taking for other in (file, *self.resolver.imported(file)))
        making = sorted(_files_of(self.resolver, module, makers))
        return any(self.resolver.sources.marks(file).modes for file in (*near, *making))

    def imported_roots(self) -> Iterator[str]:
        """Yield what the modules read so far import absolutely."""
        for module in self.modules.values():
            if module is not None:
                yield from imported_roots(module)


def _files_of(resolver: Resolver, module: Module, names: Collection[str]) -> set[str]:
    """Return the files in which what ``module`` imports under ``names`` is defined."""
    found: set[str | None] = set()
    for statement in module.imports:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if (alias.asname or alias.name).partition(".")[0] in names:
                    found.add(resolver.find(module, alias.name))
            continue
        origin = origin_of(statement)
        for alias in statement.names:
            if alias.name == "*":
                found.add(resolver.find(module, origin))
            elif (alias.asname or alias.name) in names:
                symbol = joined(origin, alias.name)
                found.add(resolver.find(module, symbol))  # it may be a module
                found.add(resolver.holder(module, symbol)[0])
    return {file for file in found if file is not None}


def imported_roots(module: Module) -> Iterator[str]:
    """Yield the import paths that ``module`` imports absolutely."""
    for statement in module.imports:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name
        elif statement.module and not statement.level:
            yield statement.module


def _assigned(module: Module) -> tuple[set[str], set[str]]:
    """Return the names to which a file assigns what a call gives, and those that are called.

    What classes do is left out.
    """
    names: set[str] = set()
    makers: set[str] = set()
    for call in module.calls:
        parent = module.parents[call]
        while isinstance(parent, (ast.Attribute, ast.Call)):  # build().to(device)
            parent = module.parents[parent]
        if isinstance(parent, ast.Assign) and not isinstance(parent.targets[0], ast.Attribute):
            if module.enclosing_class(call) is None:
                makers.add(dotted(call.func).partition(".")[0])
                for target in parent.targets:
                    names.update(p.id for p in ast.walk(target) if isinstance(p, ast.Name))
    return names, makers


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def imported_by(outline: Outline) -> Iterator[str]:
    """Yield the import paths of what a file imports, as they are written."""
    found = outline.imports
    for named in found.modules.values():
        yield from named
    for origins in (*found.names.values(), tuple((star, "") for star in found.stars)):
        yield from (origin for origin, _ in origins)
