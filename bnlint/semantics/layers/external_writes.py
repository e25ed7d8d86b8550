"""Settings that another file changes later: ``for m in model.modules(): ... m.eps = 1e-3``.

Such a loop stands with the helpers of a training script, far from the layers it changes, and no
import leads from these to it. It is looked for where something is about to be said of a setting.
A layer may be met by it if the file that makes the layer is imported, however far away, by a file
that uses the helper: what is then known of the setting is not known any more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from bnlint.semantics.layers.attribute_writes import ROLES, Store, may_pass, stores
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.project.resolver import Grounds, Resolver
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.value import absent

#: A helper that more files use than this may be run on anything.
_MAX_USERS = 40


_STORES: Memo[tuple[str, frozenset[str]], tuple[list[Store], Grounds]] = Memo()
_REACHED: Memo[ast.AST, tuple[set[str] | None, Grounds]] = Memo()


def unsettled(project: Project, site: Site) -> dict[str, str]:
    """Return the roles of ``site`` that another file may set later, and why nothing is known."""
    resolver = project.resolver
    attributes = {
        api.attribute(role): role for api in site.apis for role in ROLES if api.attribute(role)
    }
    if resolver is None or not attributes:
        return {}
    file = site.module.file
    names = frozenset(attributes)
    key = resolver.sources.root(file), names
    known = resolver.remembered(_STORES, key, lambda: list(_stores(resolver, file, names)))
    found: dict[str, str] = {}
    for store in known:
        role = attributes[store.attribute]
        if role in found or store.module.file == file or not may_pass(project, store, site):
            continue
        if may_reach(resolver, store.module, store.statement, file):
            value = "something else" if store.value is None else ast.unparse(store.value)
            where = f"{store.module.path}:{store.statement.lineno}"
            found[role] = f"{where} may set it to {value} later"
    return found


def without(site: Site, roles: dict[str, str]) -> Site:
    """Return ``site`` with nothing known of ``roles``, for the reasons they are paired with."""
    values = {**site.values, **{role: absent(why) for role, why in roles.items()}}
    return site._replace(values=values)


def _stores(resolver: Resolver, file: str, attributes: frozenset[str]) -> Iterator[Store]:
    """Yield where files of the project store ``attributes`` of what may be any layer.

    What a method stores on its own object, it stores on a layer of its own class.
    """
    names = sorted(attributes)
    others = "|".join(rf"{name}(?<!\bself\.{name})" for name in names)
    quoted = "|".join(names)
    stored = (
        rf"\.(?:{others})\b[^=\n]*=[^=]"
        rf"|\bsetattr\([\s\S]{{,200}}?[\"'](?:{quoted})[\"']"
    )
    words = [word for name in names for word in (f".{name}", f'"{name}"', f"'{name}'")]
    for other in resolver.sources.search(file, stored, words):
        module = resolver.sources.module(other)
        if module is not None:
            yield from stores(module, attributes)


def may_reach(resolver: Resolver, module: Module, statement: ast.stmt, file: str) -> bool:
    """Tell whether a file that uses what ``statement`` of ``module`` does imports ``file``.

    However far away that is: the function around the statement, and what uses that, are followed.
    """

    def imported() -> set[str] | None:
        users = _users(resolver, file, module, statement)
        return _imported(resolver, users) if len(users) <= _MAX_USERS else None

    reached = resolver.remembered(_REACHED, statement, imported)
    return reached is None or file in reached


def _users(resolver: Resolver, file: str, module: Module, statement: ast.stmt) -> list[str]:
    """Return the files that use the function or class around a statement, or what uses that.

    It is followed by name; of more than :data:`_MAX_USERS`, the rest is left out.
    """
    users = {module.file: None}
    names = _outermost(module, [statement])
    wanted = names
    while wanted and len(users) <= _MAX_USERS:
        pattern = rf"\b(?:{'|'.join(sorted(map(re.escape, wanted)))})\b"
        found = resolver.sources.search(file, pattern, wanted)
        users |= dict.fromkeys(found)
        further: set[str] = set()
        for using in filter(None, map(resolver.sources.module, found[:_MAX_USERS])):
            further |= _outermost(using, [u for n in wanted for u in using.uses.of(n)])
        wanted = further - names
        names = names | wanted
    return [*users]


def _outermost(module: Module, nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of the outermost functions and classes around ``nodes``."""
    found = set()
    for node in nodes:
        name = ""
        for around in module.ancestors(node):
            if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = around.name
        found.add(name)
    return found - {""}


def _imported(resolver: Resolver, users: list[str]) -> set[str]:
    """Return the files that ``users`` import, by way of however many others, and these."""
    seen, queue = set(users), list(users)
    while queue:
        fresh = set(resolver.imported(queue.pop())) - seen
        seen |= fresh
        queue += fresh
    return seen
