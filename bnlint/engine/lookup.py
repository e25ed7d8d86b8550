"""Which file of a project an import leads to, as Python would find it."""

from __future__ import annotations

from bnlint.engine.layout import Layout
from bnlint.files.tree import FILE, FOLDER


def find_module(layout: Layout, folder: str, path: str) -> str | None:
    """Return the file of the module that a file in ``folder`` imports as ``path``.

    For a namespace package, a folder without ``__init__.py``, it is that folder.
    """
    name = path.lstrip(".")
    level = len(path) - len(name)
    parts = name.split(".") if name else []
    if not all(part.isidentifier() for part in parts):
        return None
    if level:
        for _ in range(level - 1):
            folder = folder.rpartition("/")[0]
        return _in_folder(layout, folder, parts)
    if not parts:
        return None
    namespace: str | None = None
    for root in (*layout.search_path(folder), *_named_above(folder, parts[0])):
        found = _in_folder(layout, root, parts)
        if found is None:
            continue
        if found.endswith(".py"):
            return found
        namespace = namespace or found
    return namespace


def _in_folder(layout: Layout, root: str, parts: list[str]) -> str | None:
    """Return the file or namespace folder of a module that is looked for in ``root``."""
    folder, has, kind = root, layout.has, layout.tree.kind
    for part in parts[:-1]:
        if not has(folder, part):
            return None
        folder = f"{folder}/{part}"
    path = f"{folder}/{parts[-1]}" if parts else root
    if (not parts or has(folder, parts[-1])) and has(path, "__init__.py"):
        return f"{path}/__init__.py"
    if parts and has(folder, f"{parts[-1]}.py") and kind(f"{path}.py") == FILE:
        return f"{path}.py"
    if parts and not has(folder, parts[-1]):
        return None
    return path if kind(path) == FOLDER else None


def _named_above(folder: str, name: str) -> list[str]:
    """Return the folder that holds a folder called ``name`` in which ``folder`` lies, if any.

    A file in ``models/`` that imports ``models.layers`` is run from the folder above.
    """
    above, found, _ = f"{folder}/".rpartition(f"/{name}/")
    return [above] if found else []
