"""Some framework tables as records, indexed by id, by import path and by vocabulary word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property

from bnlint.frameworks.records import BATCH, Api, Framework, Maker, Neighbour
from bnlint.frameworks.rows import api_of, framework_of, maker_of, neighbour_of, norm_of
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Frameworks:
    """Some tables as records, indexed by id, by import path and by vocabulary word."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], names: tuple[str, ...]) -> None:
        self.frameworks = {name: framework_of(tables[name]) for name in names}
        self.apis: dict[str, Api] = {}
        self.by_alias: dict[str, tuple[Api, ...]] = {}
        #: What the same paths meant in releases so old that nobody means them who does not say so.
        self.old: dict[str, tuple[Api, ...]] = {}
        self.neighbours: dict[str, Neighbour] = {}
        self.makers: dict[str, Maker] = {}
        self.declared: frozenset[str] = frozenset()
        self.of_batches = True
        self._references: dict[tuple[str, str], Api] = {}
        self._tables = [(framework, tables[name]) for name, framework in self.frameworks.items()]
        self._words: dict[str, dict[str, Framework]] = {}
        self._own: dict[str, Mapping[str, Sequence[str]]] = {}
        self._families: dict[str, dict[str, Framework]] = {}  # names that end in "*", without it
        for name, framework in self.frameworks.items():
            self._add(framework, tables[name])

    def _add(self, framework: Framework, table: Mapping[str, Any]) -> None:
        for row in table["api"]:
            api = api_of(framework, row)
            self.apis[api.id] = api
            index = self.old if api.only_declared else self.by_alias
            for alias in api.aliases:
                index[alias] = (*index.get(alias, ()), api)
        for row in json.loads(table["neighbour"]):
            neighbour = neighbour_of(framework, row)
            self.neighbours.update(dict.fromkeys(neighbour.aliases, neighbour))
        for row in table["maker"]:
            self.makers.update(dict.fromkeys(row["aliases"], maker_of(framework, row)))
        words = {**table["vocabulary"]}
        for name in ("gradient_free", "tapes", "phase_setters"):
            words[name] = table["modes"].get(name, ())
        self._own[framework.name] = words
        for word, names in words.items():
            for name in names:
                self._words.setdefault(word, {}).setdefault(name, framework)
                if name.endswith("*"):
                    self._families.setdefault(word, {}).setdefault(name[:-1], framework)

    @cached_property
    def norms(self) -> Frameworks:
        """The same tables with the layers that normalise otherwise in the place of the APIs.

        What asks for APIs then finds these, and no batch normalisation (``of_batches``).
        """
        from copy import copy

        other = copy(self)
        other.apis, other.by_alias, other.old, other.declared = {}, {}, {}, frozenset()
        other.of_batches = False
        other._references = {}
        for framework, table in self._tables:
            for row in json.loads(table["norm"]):
                api = norm_of(framework, row)
                other.apis[api.id] = api
                if row.get("reference"):
                    other._references[framework.name, api.norm] = api
                for alias in api.aliases:
                    other.by_alias[alias] = (*other.by_alias.get(alias, ()), api)
        return other

    def extended(self, wrappers: Mapping[str, tuple[Api, ...]]) -> Frameworks:
        """Return the same tables with the APIs that a project declares, by their import path.

        ``declared`` holds these paths. ``apis`` stays what the tables say.
        """
        from copy import copy

        more = copy(self)
        more.by_alias = {**self.by_alias, **wrappers}
        more.declared = frozenset(wrappers)
        return more

    def word(self, word: str) -> Mapping[str, Framework]:
        """Return the names (import paths, methods) that mean ``word``, with their frameworks.

        Of frameworks that share a name, the first is there; see :meth:`shares`.
        """
        return self._words.get(word, {})

    def shares(self, name: str, word: str, framework: Framework) -> bool:
        """Tell whether ``name`` means ``word`` in ``framework``, whatever it means elsewhere."""
        return name in self._own[framework.name].get(word, ())

    def first(self, word: str, framework: Framework) -> str:
        """Return the name that ``framework`` lists first for ``word``, empty if it has none."""
        return next(iter(self._own[framework.name].get(word, ())), "")

    def means(self, path: str, word: str) -> Framework | None:
        """Return the framework in which the import path ``path`` means ``word``, if any.

        A name in a table that ends in ``*`` stands for every path that begins as it does.
        """
        names = self._words.get(word)
        if not names:
            return None
        found = names.get(path)
        if found is None and word in self._families:
            for start, framework in self._families[word].items():
                if path.startswith(start):
                    return framework
        return found

    def knows(self, path: str) -> bool:
        """Tell whether any table has the exact import path ``path``.

        A single name is none: methods and parts of models are listed by those. Nor does what makes
        layers by their names count: where it is part of a project, its code is read.
        """
        if path in self.by_alias or path in self.neighbours:
            return True
        return "." in path and any(path in names for names in self._words.values())

    def leads_to(self, path: str) -> bool:
        """Tell whether any table has the import path ``path``, or one that goes on from it."""
        start = f"{path}."
        return self.knows(path) or any(
            name.startswith(start) for names in (self.by_alias, self.neighbours) for name in names
        )

    def other_releases(self, api: Api) -> tuple[Api, ...]:
        """Return the APIs that an import path of ``api`` means in other releases."""
        return tuple(
            other
            for other in self.apis.values()
            if other is not api and not set(other.aliases).isdisjoint(api.aliases)
        )

    def has_root(self, path: str) -> bool:
        """Tell whether ``path`` lies in a package that one of these tables describes."""
        root = path.partition(".")[0]
        return any(root in framework.imports for framework in self.frameworks.values())

    def reference(self, family: str) -> Api:
        """Return the API whose defaults stand for ``family`` when a port is declared from it."""
        return self.apis[self.frameworks[family].reference]

    def reference_of(self, family: str, norm: str) -> Api | None:
        """Return the API whose defaults stand for a kind of normalisation in ``family``, if any."""
        if norm == BATCH:
            return self.reference(family)
        return self.norms._references.get((family, norm))
