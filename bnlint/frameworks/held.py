"""Holds a framework table to its format, and its entries to one another.

Checking a table yields plain data (dicts, lists, strings, numbers) that JSON can carry, so that the
same result comes out of a TOML file at run time and out of the compiled file in an installed wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bnlint.frameworks import fields as f
from bnlint.frameworks.records import TableError
from bnlint.frameworks.schema import API, API_FIELDS, MAKER, NEIGHBOUR, NORM, NORM_FIELDS, TABLE
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_ROOT = lazy(r"\{(\w+)\}")


def check_table(file: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` (a parsed TOML table) in checked, JSON-ready form.

    Two shorthands are resolved here. ``like``: an entry takes every field it does not give itself
    from an entry above it, named by its id (an API) or by its first alias as written (a
    neighbour or maker). ``{root}`` at the head of a name stands for each path of that framework
    root; a root may use those above it.

    Raises:
        TableError: a key is unknown, missing or of the wrong type, ``framework.name`` is not what
            ``file`` is called, an id or an alias stands twice, a role names a parameter that the
            signature does not have, an alias lies outside the packages of the table, or
            ``framework.reference`` names no entry.
    """
    table: dict[str, Any] = TABLE(file, "", data)
    family, stem = table["framework"]["name"], file.removesuffix(".toml")
    if family != stem:
        why = f'expected "{stem}", as the file is called, found "{family}"'
        raise TableError(f"{file}: framework.name: {why}")
    roots: dict[str, list[str]] = {}
    for root, listed in table["framework"].get("roots", {}).items():
        roots[root] = _expanded(file, f"framework.roots.{root}", listed, roots)

    def names(key: str, listed: list[str]) -> list[str]:
        return _expanded(file, key, listed, roots)

    for word, listed in table["vocabulary"].items():
        table["vocabulary"][word] = names(f"vocabulary.{word}", listed)
    for name in ("gradient_free", "tapes", "phase_setters"):
        if name in table["modes"]:
            table["modes"][name] = names(f"modes.{name}", table["modes"][name])
    apis = []
    for key, api in _entries(file, "api", table["api"], API, lambda entry: entry.get("id")):
        for field in ("aliases", "bases"):
            if field in api:
                api[field] = names(f.at(key, field), api[field])
        _check_api(file, key, api, table["framework"]["imports"])
        apis.append(api)
    neighbours = []
    seen: set[str] = set()
    for key, neighbour in _entries(
        file, "neighbour", table.get("neighbour", []), NEIGHBOUR, _first
    ):
        neighbour["aliases"] = names(f.at(key, "aliases"), neighbour["aliases"])
        _check_neighbour(file, key, neighbour, table["framework"]["imports"], seen)
        neighbours.append(neighbour)
    norms: list[dict[str, Any]] = []
    for key, norm in _entries(file, "norm", table.get("norm", []), NORM, lambda n: n.get("id")):
        norm["aliases"] = names(f.at(key, "aliases"), norm["aliases"])
        _check_norm(file, key, norm, table["framework"]["imports"], norms)
        norms.append(norm)
    ids = {entry["id"] for entry in (*apis, *norms)}
    makers = []
    for key, maker in _entries(file, "maker", table.get("maker", []), MAKER, _first):
        maker["aliases"] = names(f.at(key, "aliases"), maker["aliases"])
        _check_maker(file, key, maker, table["framework"]["imports"], ids)
        makers.append(maker)
    reference = table["framework"]["reference"]
    if all(api["id"] != reference for api in apis):
        raise f.failure(file, "framework.reference", "the id of an entry", reference)
    return {**table, "api": apis, "neighbour": neighbours, "maker": makers, "norm": norms}


def _first(entry: Mapping[str, Any]) -> Any:
    aliases = entry.get("aliases")
    return aliases[0] if isinstance(aliases, list) and aliases else None


def _entries(
    file: str,
    kind: str,
    entries: list[dict[str, Any]],
    check: f.Check,
    name_of: Callable[[Any], Any],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the key and the checked form of each entry, ``like`` resolved.

    The key calls an entry by its name, and one without a name by its number.
    """
    raw: dict[str, dict[str, Any]] = {}
    for i, entry in enumerate(entries):
        named = name_of(entry)
        key = f'{kind} "{named}"' if isinstance(named, str) else f"{kind}[{i}]"
        own = {name: value for name, value in entry.items() if name != "like"}
        like = entry.get("like")
        if like is not None:
            if not isinstance(like, str) or like not in raw:
                raise f.failure(file, f.at(key, "like"), "the name of an entry above", like)
            own = {**raw[like], **own}
        checked = check(file, key, own)
        name = name_of(own)
        if name in raw:
            raise TableError(f"{file}: {key}: {name!r} stands twice")
        raw[name] = own
        yield key, checked


def _expanded(file: str, key: str, listed: list[str], roots: Mapping[str, list[str]]) -> list[str]:
    """Write each name with a ``{root}`` at its head once for every path of that root."""
    out: dict[str, None] = {}
    for name in listed:
        found = _ROOT.match(name)
        if not found:
            heads = [name]
        elif found[1] in roots:
            heads = [root + name[found.end() :] for root in roots[found[1]]]
        else:
            raise f.failure(file, key, "a root that framework.roots has", name)
        for head in heads:
            if head in out:
                raise TableError(f"{file}: {key}: {head!r} stands twice")
            out[head] = None
    return list(out)


def _check_aliases(file: str, key: str, aliases: list[str], imports: list[str]) -> None:
    for alias in aliases:
        if alias.partition(".")[0] not in imports:
            raise f.failure(file, f.at(key, "aliases"), "names in framework.imports", alias)


def _check_roles(file: str, key: str, roles: Mapping[str, str], names: set[str]) -> None:
    for role, name in roles.items():
        if name not in names:
            raise f.failure(file, f.at(key, f"roles.{role}"), "a parameter of the signature", name)


def _check_api(file: str, key: str, api: Mapping[str, Any], imports: list[str]) -> None:
    _check_aliases(file, key, api["aliases"], imports)
    names = {row[0] for row in api["signature"]} | set(api.get("extra_keywords", ()))
    called = {row[0] for row in api.get("call_signature", ())}
    _check_roles(file, key, api["roles"], names | called)
    conditions = [("statistics", api["statistics"]["argument"])] if "statistics" in api else []
    for field in ("estimator_when", "training_statistics_when", "variance_formula_when"):
        conditions += [(field, row["argument"]) for row in api.get(field, ())]
    conditions += [("inert", name) for name in api.get("inert", ())]
    for field, name in conditions:
        if name not in names:
            raise f.failure(file, f.at(key, field), "an argument the API takes", name)
    _check_read(file, key, api["read"], API_FIELDS)


def _check_read(file: str, key: str, read: list[str], fields: Mapping[str, f.Check]) -> None:
    for field in read:
        if field not in fields:
            raise f.failure(file, f.at(key, "read"), "names of fields", field)


def _check_norm(
    file: str,
    key: str,
    norm: Mapping[str, Any],
    imports: list[str],
    above: Iterable[Mapping[str, Any]],
) -> None:
    _check_aliases(file, key, norm["aliases"], imports)
    parameters = {row[0] for row in norm["signature"]}
    _check_roles(file, key, norm["roles"], parameters)
    if "statistics" in norm and norm["statistics"]["argument"] not in parameters:
        name = norm["statistics"]["argument"]
        raise f.failure(file, f.at(key, "statistics"), "a parameter of the signature", name)
    conditions = [("grouping_when", row["argument"]) for row in norm.get("grouping_when", ())]
    fields = ("plain", "inert", "needed")
    conditions += [(field, name) for field in fields for name in norm.get(field, ())]
    for field, name in conditions:
        if name not in parameters:
            raise f.failure(file, f.at(key, field), "a parameter of the signature", name)
    _check_read(file, key, norm["read"], NORM_FIELDS)
    kind = norm["norm"]
    if norm.get("reference") and any(n["norm"] == kind and n.get("reference") for n in above):
        raise TableError(f"{file}: {f.at(key, 'reference')}: {kind!r} has another already")


def _check_neighbour(
    file: str, key: str, neighbour: Mapping[str, Any], imports: list[str], seen: set[str]
) -> None:
    _check_aliases(file, key, neighbour["aliases"], imports)
    _check_roles(file, key, neighbour["roles"], {row[0] for row in neighbour["signature"]})
    for alias in neighbour["aliases"]:
        if alias in seen:
            raise TableError(f"{file}: {f.at(key, 'aliases')}: {alias!r} stands twice")
        seen.add(alias)


def _check_maker(
    file: str, key: str, maker: Mapping[str, Any], imports: list[str], ids: set[str]
) -> None:
    _check_aliases(file, key, maker["aliases"], imports)
    parameters = {row[0] for row in maker["signature"]}
    _check_roles(file, key, maker.get("roles", {}), parameters)
    if maker["chooses"] not in parameters:
        raise f.failure(
            file, f.at(key, "chooses"), "a parameter of the signature", maker["chooses"]
        )
    for name, layer in maker["layers"].items():
        if layer not in ids:
            raise f.failure(file, f.at(key, f"layers.{name}"), "the id of an entry", layer)
