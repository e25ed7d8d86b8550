"""Reads and checks all framework tables, and makes of them what a wheel carries."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence

from bnlint.frameworks.held import check_table
from bnlint.frameworks.records import TableError
from bnlint.frameworks.words import mode_words, model_words, state_words, tokens
from bnlint.startup.typed import TYPE_CHECKING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from typing import Any


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
    tables: dict[str, Any] = {}
    ids: set[str] = set()
    conventions: set[str | None] = set()
    norms: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(name for name in os.listdir(folder) if name.endswith(".toml")):
        try:
            with open(f"{folder}/{file}", "rb") as stream:
                data = tomllib.load(stream)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TableError(f"{file}: {error}") from None
        table = check_table(file, data)
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
        "tokens": tokens(tables.values()),
        "model_words": model_words(tables.values()),
        "mode_words": mode_words(tables.values()),
        "state_words": state_words(tables.values()),
        "norm_tokens": tokens({"api": rows, "maker": []} for rows in norms.values()),
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
