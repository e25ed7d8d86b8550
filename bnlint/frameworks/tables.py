"""Framework tables, loaded only as far as the imports at hand call for.

An installed wheel carries all tables in one checked ``compiled.json`` (written at build time by
``setup.py``), since parsing the TOML at each start would cost more than linting a file. A plain
checkout has no such file and reads the TOML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from bnlint.frameworks.records import (
    BATCH,
    UNKNOWN,
    Api,
    Framework,
    Maker,
    Modes,
    Neighbour,
    Parameter,
    SourceText,
    TableError,
)
from bnlint.frameworks.rows import api_of, framework_of, maker_of, neighbour_of, norm_of
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "UNKNOWN",
    "Api",
    "Catalogue",
    "Framework",
    "Frameworks",
    "Modes",
    "Neighbour",
    "Parameter",
    "SourceText",
    "TableError",
    "catalogue",
    "compile_tables",
]

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_COMPILED = "compiled.json"


class Catalogue(NamedTuple):
    """All tables as plain data, and what must be known before any is loaded.

    ``imports`` maps the name of a top-level package to the tables it calls for. A file that names
    an API contains one of ``tokens``; one that runs a ready-made model in a mode that matters,
    one of ``model_words`` and one of ``mode_words``. ``state_words`` are names that only running
    statistics have. ``norm_tokens`` are to other kinds of normalisation what ``tokens`` are.
    ``own_eps`` has for each family the kinds of normalisation, and their default eps, that layers
    of no other ecosystem have by default or often set.
    """

    tables: Mapping[str, Mapping[str, Any]]
    imports: Mapping[str, tuple[str, ...]]
    tokens: tuple[str, ...] = ()
    model_words: tuple[str, ...] = ()
    mode_words: tuple[str, ...] = ()
    state_words: tuple[str, ...] = ()
    norm_tokens: tuple[str, ...] = ()
    own_eps: Mapping[str, Mapping[str, float]] = {}

    @property
    def families(self) -> tuple[str, ...]:
        """The names ``--from`` takes, sorted."""
        return tuple(sorted(self.tables))

    @property
    def described(self) -> tuple[str, ...]:
        """The families whose layers are known in code, sorted; the others are references only."""
        heads = {name: table["framework"] for name, table in self.tables.items()}
        return tuple(name for name in self.families if not heads[name].get("reference_only"))

    def family(self, name: str) -> str | None:
        """Return the family that people call ``name``: by its own name or another, in any case."""
        wanted = name.lower()
        if wanted in self.tables:
            return wanted
        for family, table in self.tables.items():
            if wanted in table["framework"].get("aliases", ()):
                return family
        return None

    @property
    def aliases(self) -> frozenset[str]:
        """The import paths of the APIs of all tables, and of what makes them by their names."""
        return frozenset(
            alias
            for table in self.tables.values()
            for row in (*table["api"], *table["maker"])
            for alias in row["aliases"]
        )

    @property
    def norm_aliases(self) -> frozenset[str]:
        """The import paths of what normalises otherwise, and of what makes it by its names."""
        norms = (row for table in self.tables.values() for row in json.loads(table["norm"]))
        makers = (row for table in self.tables.values() for row in table["maker"])
        return frozenset(alias for row in (*norms, *makers) for alias in row["aliases"])

    @property
    def distributions(self) -> Mapping[str, str]:
        """The packages of which tables know several releases, by what projects require them as."""
        return {
            name: package
            for table in self.tables.values()
            for package, names in table["framework"].get("distributions", {}).items()
            for name in names
        }

    def configured(self, path: str, key: str) -> float | None:
        """Return what a configuration holds under ``key`` by default, by the path of its class."""
        package, name = path.partition(".")[0], path.rpartition(".")[2]
        for table in self.tables.values():
            number = table.get("configurations", {}).get(package, {}).get(name, {}).get(key)
            if number is not None:
                return float(number)
        return None

    def roots(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the tables that files importing ``names`` (dotted or not) call for, sorted."""
        wanted = {t for name in names for t in self.imports.get(name.partition(".")[0], ())}
        return tuple(sorted(wanted))

    def reference_row(self, family: str) -> Mapping[str, Any]:
        """Return the table entry whose defaults stand for ``family``, as plain data."""
        table = self.tables[family]
        wanted = table["framework"]["reference"]
        return next(row for row in table["api"] if row["id"] == wanted)

    def row_of_convention(self, convention: str) -> Mapping[str, Any] | None:
        """Return the table entry that stands for a framework with this convention of momentum."""
        family = self._family_of_convention(convention)
        return self.reference_row(family) if family else None

    def title_of_convention(self, convention: str) -> str:
        """Return the title of a framework whose momentum follows ``convention``, for messages."""
        family = self._family_of_convention(convention)
        return str(self.tables[family]["framework"]["title"]) if family else "another framework"

    def _family_of_convention(self, convention: str) -> str:
        for family in self.families:
            if self.tables[family]["framework"].get("known_for") == convention:
                return family
        return ""

    def parameter_names(self, role: str) -> Mapping[str, frozenset[str]]:
        """Return what any framework calls the argument in ``role``, with its conventions there."""
        names: dict[str, frozenset[str]] = {}
        for table in self.tables.values():
            for row in table["api"]:
                name = row["roles"].get(role)
                if name is not None:
                    names[name] = names.get(name, frozenset()) | {row["convention"]}
        return names

    def names(self, word: str) -> frozenset[str]:
        """Return what means ``word`` in any framework, whichever a file imports: the last parts.

        For questions that are asked before tables are loaded, or of code whose author may have
        taken the name from another framework.
        """
        return frozenset(
            path.rpartition(".")[2]
            for table in self.tables.values()
            for path in table["vocabulary"].get(word, ())
        )

    def switches(self) -> frozenset[str]:
        """Return the names of all methods that switch modes, in any framework."""
        return frozenset(
            row["method"]
            for table in self.tables.values()
            for key in ("to_inference", "to_training")
            for row in table["modes"].get(key, ())
        )

    def load(self, names: tuple[str, ...]) -> Frameworks:
        """Return the tables called ``names`` as records."""
        return _load(names) if self is catalogue() else Frameworks(self.tables, names)


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


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return all tables as plain data, from the compiled file where there is one.

    Raises:
        TableError: a TOML table breaks the format.
    """
    try:
        data = json.loads(_read(f"{_FOLDER}/{_COMPILED}"))
    except FileNotFoundError:
        data = compile_tables(_FOLDER)
    tables = data["tables"]
    imports: dict[str, tuple[str, ...]] = {}
    for name, table in tables.items():
        for root in table["framework"]["imports"]:
            imports[root] = (*imports.get(root, ()), name)
    return Catalogue(
        tables,
        imports,
        tuple(data["tokens"]),
        tuple(data["model_words"]),
        tuple(data["mode_words"]),
        tuple(data["state_words"]),
        tuple(data["norm_tokens"]),
        data["own_eps"],
    )


def compile_tables(folder: str) -> dict[str, Any]:
    """Read and check every TOML table in ``folder``; the result is ready for JSON.

    It holds ``tables``, by the name of the framework and in that order, and the words that let a
    file pass the triage (``tokens``, ``model_words``, ``mode_words``, ``state_words``;
    ``norm_tokens`` where other kinds of normalisation matter), and ``own_eps``. The neighbours of a
    table and the other kinds of normalisation, more than half of it, stay JSON text until they are
    asked for.

    Raises:
        TableError: a table breaks the format, two tables are known for one convention, or an id
            stands in two tables.
    """
    import sys
    from importlib import import_module

    from bnlint.frameworks import schema

    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    tables: dict[str, Any] = {}
    ids: set[str] = set()
    conventions: set[str | None] = set()
    norms: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(name for name in os.listdir(folder) if name.endswith(".toml")):
        try:
            data = tomllib.loads(_read(f"{folder}/{file}").decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TableError(f"{file}: {error}") from None
        table = schema.check_table(file, data)
        known_for = table["framework"].get("known_for")
        if known_for is not None and known_for in conventions:
            raise TableError(f"{file}: framework.known_for: {known_for!r} stands in two tables")
        conventions.add(known_for)
        norms[table["framework"]["name"]] = table["norm"]
        texts = {part: json.dumps(table[part]) for part in ("neighbour", "norm")}
        tables[table["framework"]["name"]] = {**table, **texts}
        for api in (*table["api"], *table["norm"]):
            if api["id"] in ids:
                raise TableError(f"{file}: api {api['id']!r} stands in two tables")
            ids.add(api["id"])
    tables = dict(sorted(tables.items()))
    return {
        "tokens": schema.tokens(tables.values()),
        "model_words": schema.model_words(tables.values()),
        "mode_words": schema.mode_words(tables.values()),
        "state_words": schema.state_words(tables.values()),
        "norm_tokens": schema.tokens({"api": rows, "maker": []} for rows in norms.values()),
        "own_eps": _own_eps(tables, norms),
        "tables": tables,
    }


def _own_eps(
    tables: Mapping[str, Any], norms: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, dict[str, float]]:
    """Return for each family the kinds whose default eps layers of no other ecosystem have."""
    numbers: dict[str, dict[float, set[str]]] = {}
    defaults: dict[str, dict[str, float]] = {}
    for family, rows in norms.items():
        for row in rows:
            if not row.get("reference"):
                continue
            name, kind = row["roles"].get("eps"), row["norm"]
            given = next((d for other, _, d in row["signature"] if other == name), None)
            default = given[1] if given and given[0] == "literal" else None
            usual = row.get("usual_eps", ())
            for eps in (default, *usual) if isinstance(default, float) else usual:
                ecosystem = tables[family]["framework"]["ecosystem"]
                numbers.setdefault(kind, {}).setdefault(eps, set()).add(ecosystem)
            if isinstance(default, float):
                defaults.setdefault(family, {})[kind] = default
    own = {
        family: {k: eps for k, eps in kinds.items() if len(numbers[k][eps]) == 1}
        for family, kinds in defaults.items()
    }
    return {family: kinds for family, kinds in own.items() if kinds}


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


@lru_cache(maxsize=64)
def _load(names: tuple[str, ...]) -> Frameworks:
    return Frameworks(catalogue().tables, names)
