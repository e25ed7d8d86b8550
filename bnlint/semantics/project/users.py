"""Which files of a project use a name that a file binds: the import graph, read backwards.

The graph is made of the texts of imports, once for a project; no file is parsed for it. A package
that passes a name on is followed to the files that import it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from bnlint.semantics.project.resolver import Resolver, joined
from bnlint.semantics.values.memo import IMPORTS, Memo
from bnlint.startup.typed import NamedTuple

#: A name that more files use than this is used in too many ways to be followed to all of them.
MAX_USERS = 8

#: Of a project with more files than this, the import graph is not made.
_MAX_FILES = 4_000


class User(NamedTuple):
    """A file that uses a name of another one, and what it is called there."""

    file: str
    name: str


class Graph(NamedTuple):
    """Who imports what in a project, by the last part of what is imported.

    ``named`` holds, for ``from origin import name as alias``, the file, the origin and the alias;
    ``whole`` the file and the import path of a module that is imported as such, ``stars`` those of
    a module from which everything is imported. ``origins`` are the last parts of all origins.
    """

    named: dict[str, list[tuple[str, str, str]]]
    whole: dict[str, list[tuple[str, str]]]
    stars: dict[str, list[tuple[str, str]]]
    origins: set[str]


_GRAPHS: Memo[str, Graph | None] = Memo(IMPORTS)
_USERS: Memo[User, Sequence[User] | None] = Memo(IMPORTS)

#: For a project and a name: by the file that is imported from, who imports the name from there.
_NAMED: Memo[tuple[str, str], dict[str, list[User]]] = Memo(IMPORTS)

#: The same for the last part of a module's name, and who imports all of it, or it as such.
_STARS: Memo[tuple[str, str], dict[str, list[str]]] = Memo(IMPORTS)
_WHOLE: Memo[tuple[str, str], dict[str, list[str]]] = Memo(IMPORTS)


def users(resolver: Resolver, file: str, name: str) -> Sequence[User] | None:
    """Return the files that use what ``file`` binds as ``name``, in the order of their paths.

    ``None`` is returned where there are more than :data:`MAX_USERS`, and where the project is too
    large for its import graph to be made.
    """
    with resolver.sources.asking("users", file, name):
        known, key = _USERS.of(resolver), User(file, name)
        if key not in known:
            known[key] = _search(resolver, resolver.sources.root(file), key)
        return known[key]


def may_be_used(resolver: Resolver, file: str) -> bool:
    """Tell whether any file of the project may import ``file``, or a name of it.

    Of a project that is too large for its import graph to be made, nobody is asked.
    """
    with resolver.sources.asking("used", file):
        graph = _graph(resolver, resolver.sources.root(file))
        last = _last(resolver.place(file).name)
        return graph is not None and (
            last in graph.origins
            or any(last in known for known in (graph.named, graph.whole, graph.stars))
            or "" in graph.stars
        )


def _graph(resolver: Resolver, root: str) -> Graph | None:
    """Return the import graph of a project, ``None`` for one that is too large."""
    known = _GRAPHS.of(resolver)
    if root not in known:
        files = resolver.sources.below(root)
        known[root] = _made(resolver, files) if len(files) <= _MAX_FILES else None
    return known[root]


def _made(resolver: Resolver, files: Sequence[str]) -> Graph:
    graph = Graph({}, {}, {}, set())
    for file in files:
        imports = resolver.sources.imports(file)
        for alias, origins in imports.names.items():
            for origin, name in origins:
                graph.named.setdefault(name, []).append((file, origin, alias))
                graph.origins.add(_last(origin))
        for paths in imports.modules.values():
            for path in paths:
                graph.whole.setdefault(_last(path), []).append((file, path))
        for origin in imports.stars:
            graph.stars.setdefault(_last(origin), []).append((file, origin))
    return graph


def _by_origin(resolver: Resolver, root: str, graph: Graph, name: str) -> dict[str, list[User]]:
    """Return who imports ``name``, by the file that it is imported from."""
    known, key = _NAMED.of(resolver), (root, name)
    if key not in known:
        found: dict[str, list[User]] = {}
        known[key] = found
        for file, origin, alias in graph.named.get(name, ()):
            target = resolver.find(resolver.place(file), origin)
            if target is not None:
                found.setdefault(target, []).append(User(file, alias))
    return known[key]


def _by_module(
    resolver: Resolver,
    memo: Memo[tuple[str, str], dict[str, list[str]]],
    root: str,
    last: str,
    imports: Callable[[], Iterable[tuple[str, str]]],
) -> dict[str, list[str]]:
    """Return the files that import a module whose name ends in ``last``, by the file it is."""
    known, key = memo.of(resolver), (root, last)
    if key not in known:
        found: dict[str, list[str]] = {}
        known[key] = found
        for file, path in imports():
            target = resolver.find(resolver.place(file), path)
            if target is not None:
                found.setdefault(target, []).append(file)
    return known[key]


def _search(resolver: Resolver, root: str, wanted: User) -> Sequence[User] | None:
    graph = _graph(resolver, root)
    if graph is None:
        return None
    found: dict[User, None] = {}
    queue, seen = [wanted], {wanted}
    while queue:
        binding = queue.pop()
        further = [*_by_origin(resolver, root, graph, binding.name).get(binding.file, ())]
        module = _last(resolver.place(binding.file).name)
        for last in (module, ""):  # `from . import *` names no module
            stars = _by_module(resolver, _STARS, root, last, partial(_starred, graph, last))
            further += [User(file, binding.name) for file in stars.get(binding.file, ())]
        whole = _by_module(resolver, _WHOLE, root, module, partial(_as_modules, graph, module))
        for file in whole.get(binding.file, ()):
            found[User(file, binding.name)] = None
        for user in further:
            found[user] = None
            if user not in seen:
                seen.add(user)
                queue.append(user)
        if len(found) > _MAX_PASSED:
            return None
    kept = sorted(user for user in found if user.file != wanted.file and not _passes_on(user))
    return kept if len(kept) <= MAX_USERS else None


def _starred(graph: Graph, last: str) -> Sequence[tuple[str, str]]:
    """Return the files that import all of a module whose name ends in ``last``, and its path."""
    return graph.stars.get(last, ())


def _as_modules(graph: Graph, last: str) -> Iterator[tuple[str, str]]:
    """Yield the files that may import a module whose name ends in ``last``, and its path there."""
    yield from graph.whole.get(last, ())
    for file, origin, _ in graph.named.get(last, ()):
        yield file, joined(origin, last)


#: Files that use or pass on a name after which it is given up.
_MAX_PASSED = 4 * MAX_USERS


def _passes_on(user: User) -> bool:
    """Tell whether a file is there to collect the names of a package."""
    return user.file.endswith("/__init__.py")


def _last(path: str) -> str:
    return path.rpartition(".")[2]
