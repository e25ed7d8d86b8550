"""Wrappers that a project declares: classes and functions of its own that stand for a known API.

A declaration says what a wrapper is like and which defaults it has of its own. It becomes a record
of the same kind as a table's entry, so that everything that reads tables reads wrappers too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from bnlint.frameworks.records import Wrapper
from bnlint.frameworks.tables import Api, Frameworks, Parameter, catalogue
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def families_of(wrappers: Iterable[Wrapper]) -> frozenset[str]:
    """Return the frameworks whose tables ``wrappers`` need."""
    return frozenset(family for wrapper in wrappers for family, _ in rows_of(wrapper.like))


@lru_cache(maxsize=64)
def with_wrappers(frameworks: Frameworks, wrappers: tuple[Wrapper, ...]) -> Frameworks:
    """Return ``frameworks`` with the ``wrappers`` among what a call may reach."""
    made: dict[str, tuple[Api, ...]] = {}
    for wrapper in wrappers:
        for _, row in rows_of(wrapper.like):
            api = frameworks.apis.get(row["id"])
            if api is not None:
                made[wrapper.path] = (*made.get(wrapper.path, ()), _api(wrapper, api))
    return frameworks.extended(made)


def _api(wrapper: Wrapper, like: Api) -> Api:
    """Return ``like`` under the wrapper's name, with its defaults and names of arguments."""
    settings, own = dict(wrapper.settings), dict(wrapper.parameters)

    def renamed(rows: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
        return tuple({**row, "argument": own.get(row["argument"], row["argument"])} for row in rows)

    signature = tuple(
        Parameter(
            own.get(p.name, p.name),
            p.kind,
            p.required and p.name not in settings,
            settings.get(p.name, p.default),
        )
        for p in _in_order(wrapper, like)
    )
    return like._replace(
        id=wrapper.path,
        aliases=(wrapper.path,),
        # A class test for the API reaches what stands for it.
        bases=(*like.aliases, *like.bases),
        signature=signature,
        roles={role: own.get(name, name) for role, name in like.roles.items()},
        statistics=renamed((like.statistics,))[0] if like.statistics else {},
        estimator_when=renamed(like.estimator_when),
        training_statistics_when=renamed(like.training_statistics_when),
        variance_formula_when=renamed(like.variance_formula_when),
        inert=frozenset(own.get(name, name) for name in like.inert),
        like=like.id,
        declared=frozenset(own.get(name, name) for name in settings),
        own_names={theirs: name for name, theirs in own.items()},
    )


def _in_order(wrapper: Wrapper, like: Api) -> list[Parameter]:
    """Return the parameters of ``like``, those that the wrapper takes by place in its order."""
    order = wrapper.positional
    if order is None:
        return list(like.signature)
    by_place = [like.parameter(name) for name in order]
    rest = [p for p in like.signature if p.name not in order or p.kind == "extra"]
    return [p._replace(kind="positional") for p in by_place if p is not None] + [
        p if p.kind == "extra" else p._replace(kind="keyword") for p in rest
    ]


@lru_cache(maxsize=64)
def rows_of(name: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return the entries that ``name`` stands for, by id or import path, each with its table.

    An import path does not stand for releases that nobody means who does not say so.
    """
    found = [
        (family, row)
        for family, table in catalogue().tables.items()
        for row in table["api"]
        if row["id"] == name or (name in row["aliases"] and not row.get("only_declared"))
    ]
    by_id = [(family, row) for family, row in found if row["id"] == name]
    return tuple(by_id or found)
