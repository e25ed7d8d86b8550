"""Which files of a project use a name that a file binds: the import graph, read backwards.

The graph is made of the texts of imports, once for a project; no file is parsed for it. A package
that passes a name on is followed to the files that import it from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.semantics.project.resolver import Resolver, joined
from bnlint.semantics.values.memo import Memo
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


_GRAPHS: Memo[str, Graph] = Memo()
_USERS: Memo[User, Sequence[User] | None] = Memo()


def users(resolver: Resolver, file: str, name: str) -> Sequence[User] | None:
    """Return the files that use what ``file`` binds as ``name``, in the order of their paths.

    ``None`` is returned where there are more than :data:`MAX_USERS`.
    """
    root = resolver.sources.root(file)  # the answer rests on all files of the project
    known, key = _USERS.of(resolver), User(file, name)
    if key not in known:
        known[key] = _search(resolver, _graph(resolver, root, file), key)
    return known[key]


def is_known(resolver: Resolver, file: str) -> bool:
    """Tell whether the import graph of the project around ``file`` is made: it is not too large."""
    return len(resolver.sources.files(file)) <= _MAX_FILES


def may_be_used(resolver: Resolver, file: str) -> bool:
    """Tell whether any file of the project may import ``file``, or a name of it."""
    graph = _graph(resolver, resolver.sources.root(file), file)
    last = _last(resolver.place(file).name)
    return (
        last in graph.origins
        or any(last in known for known in (graph.named, graph.whole, graph.stars))
        or "" in graph.stars
    )


def _graph(resolver: Resolver, root: str, file: str) -> Graph:
    known = _GRAPHS.of(resolver)
    if root not in known:
        files = resolver.sources.files(file)
        known[root] = _made(resolver, files if len(files) <= _MAX_FILES else ())
    return known[root]


def _made(resolver: Resolver, files: Sequence[str]) -> Graph:
    graph = Graph({}, {}, {}, set())
    for file in files:
        imports = resolver.sources.imports(file)
        if imports is None:
            continue
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


def _search(resolver: Resolver, graph: Graph, wanted: User) -> Sequence[User] | None:
    found: dict[User, None] = {}
    queue, seen = [wanted], {wanted}
    while queue:
        binding = queue.pop()
        further: list[User] = []
        for file, origin, alias in graph.named.get(binding.name, ()):
            if resolver.find(resolver.place(file), origin) == binding.file:
                further.append(User(file, alias))
        module = _last(resolver.place(binding.file).name)
        for last in (module, ""):  # `from . import *` names no module
            for file, origin in graph.stars.get(last, ()):
                if resolver.find(resolver.place(file), origin) == binding.file:
                    further.append(User(file, binding.name))
        whole = [*graph.whole.get(module, ())]
        whole += [(file, joined(o, module)) for file, o, _ in graph.named.get(module, ())]
        for file, path in whole:
            if resolver.find(resolver.place(file), path) == binding.file:
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


#: Files that use or pass on a name after which it is given up.
_MAX_PASSED = 4 * MAX_USERS


def _passes_on(user: User) -> bool:
    """Tell whether a file is there to collect the names of a package."""
    return user.file.endswith("/__init__.py")


def _last(path: str) -> str:
    return path.rpartition(".")[2]
