"""Framework tables, loaded only as far as the imports at hand call for.

An installed wheel carries all tables in one checked ``compiled.json`` (written at build time by
``setup.py``), since parsing the TOML at each start would cost more than linting a file. A plain
checkout has no such file and reads the TOML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bnlint.frameworks.loaded import Frameworks
from bnlint.frameworks.records import (
    UNKNOWN,
    Api,
    Framework,
    Modes,
    Neighbour,
    Parameter,
    SourceText,
    TableError,
)
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


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return all tables as plain data, from the compiled file where there is one.

    Raises:
        TableError: a TOML table breaks the format.
    """
    try:
        with open(f"{_FOLDER}/{_COMPILED}", "rb") as stream:
            data = json.loads(stream.read())
    except FileNotFoundError:
        from bnlint.frameworks.compiling import compile_tables

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


@lru_cache(maxsize=64)
def _load(names: tuple[str, ...]) -> Frameworks:
    return Frameworks(catalogue().tables, names)
