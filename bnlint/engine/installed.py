"""Installed models that are named as references: ``keras.applications.EfficientNetB0``.

Their source is looked for as Python would look for it, and read. Nothing is imported: to look a
module up the ordinary way would import the packages that it lies in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

from bnlint.engine.packages import PACKAGES
from bnlint.files.tree import FILE, FOLDER
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.outline import imports_in, outline_of
from bnlint.semantics.project.resolver import joined
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

_CALL = lazy(r"([^\W\d]\w*(?:\.[^\W\d]\w*)+)\(\s*['\"]([^'\"()]+)['\"]\s*\)")

#: Through so many files a name is followed that packages pass on.
_MAX_HOPS = 10

#: And through so many files that have it by ``import *`` of others.
_MAX_STARS = 2

#: Files of a package that are searched for a function by its name.
_MAX_SEARCHED = 3_000

#: Seconds in which another interpreter has to say where it looks for packages.
_PATIENCE = 60.0


class Installed(NamedTuple):
    """Where the source of an installed model stands: in a file below ``root``, and as what.

    ``part`` is empty where all of the file is meant.
    """

    root: str
    file: str
    part: str

    @property
    def display(self) -> str:
        """What the file is called: its path in the folder of installed packages."""
        return self.file.removeprefix(f"{self.root.rstrip('/')}/")


def locate(name: str, roots: Sequence[str]) -> Installed | None:
    """Return where the source of what is called ``name`` stands, in the first of ``roots`` with it.

    ``name`` is an import path, or a call of a function that makes the model it is given the name of
    (``timm.create_model("resnet50")``).
    """
    call = _CALL.fullmatch(name)
    for root in roots:
        if call is not None:
            found = _made_by_name(root, call[1], call[2])
        else:
            found = next(filter(None, (_find(root, path) for path in _spellings(name))), None)
        if found is not None:
            return found
    return None


def paths_of_python(python: str | None = None) -> list[str]:
    """Return the folders in which ``python`` looks for packages, or else the running interpreter.

    Raises:
        OSError: ``python`` cannot be run, or does not answer.
    """
    paths = sys.path
    if python is not None:
        asked = "import sys; print('\\n'.join(sys.path))"
        command = [python, "-I", "-c", asked]
        try:
            done = subprocess.run(  # noqa: S603  # the command line names it
                command, capture_output=True, text=True, check=False, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            raise OSError(f"it gave no answer in {_PATIENCE:g} s") from error
        if done.returncode:
            raise OSError(f"it ended with {done.returncode}")
        paths = done.stdout.splitlines()
    # What is empty is the current folder, which may be the linted project.
    return [path.replace(os.sep, "/") for path in paths if path and os.path.isdir(path)]


def _spellings(name: str) -> Iterator[str]:
    """Yield ``name``, and the paths that the same thing has in other releases of its framework."""
    yield name
    for table in catalogue().tables.values():
        for paths in table["framework"].get("roots", {}).values():
            for path in paths:
                if name.startswith(f"{path}."):
                    yield from (f"{other}{name[len(path) :]}" for other in paths if other != path)


def _find(root: str, path: str) -> Installed | None:
    for _ in range(_MAX_HOPS):
        file, rest = _module(root, path)
        if file is None:
            return None
        if not rest:
            return Installed(root, file, "")
        text = PACKAGES.text(file)
        if text is None:
            return None
        first, *more = rest
        if first in outline_of(text).bindings:
            return Installed(root, file, first)
        path = _passed_on(root, file, first, text)
        if not path:
            return None
        path = ".".join([path, *more])
    return None


def _module(root: str, path: str) -> tuple[str | None, list[str]]:
    """Return the file of the module that ``path`` begins with, and what of ``path`` is left."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        base = "/".join([root.rstrip("/"), *parts[:end]])
        for file in (f"{base}/__init__.py", f"{base}.py"):
            if PACKAGES.tree.kind(file) == FILE:
                return file, parts[end:]
    return None, parts


def _passed_on(root: str, file: str, name: str, text: str, depth: int = 0) -> str:
    """Return the import path under which a file that passes ``name`` on has it, if it does.

    What it has by stars of other files counts, ``depth`` of which lie above it.
    """
    imports = imports_in(text)
    for origin, other in imports.names.get(name, ()):
        return joined(_absolute(root, file, origin), other)
    for star in imports.stars:
        module = _absolute(root, file, star)
        there, rest = _module(root, module)
        if there is None or rest:
            continue
        inside = PACKAGES.text(there) or ""
        if name in outline_of(inside).bindings or name in imports_in(inside).names:
            return joined(module, name)
        further = _passed_on(root, there, name, inside, depth + 1) if depth < _MAX_STARS else ""
        if further:
            return further
    return ""


def _absolute(root: str, file: str, origin: str) -> str:
    """Return the import path that ``origin`` is in ``file``, which lies below ``root``."""
    bare = origin.lstrip(".")
    level = len(origin) - len(bare)
    if not level:
        return origin
    folders = file.removeprefix(f"{root.rstrip('/')}/").split("/")[:-1]
    return ".".join([*folders[: len(folders) - level + 1], *filter(None, [bare])])


def _made_by_name(root: str, maker: str, model: str) -> Installed | None:
    """Return the function of the package of ``maker`` that has the name of a model."""
    tables = catalogue().tables.values()
    if all(maker not in table["vocabulary"].get("makes_by_name", ()) for table in tables):
        return None
    function = model.partition(".")[0].replace("-", "_")
    package = maker.partition(".")[0]
    defined = re.compile(rf"^def {re.escape(function)}\(", re.MULTILINE)
    for number, file in enumerate(_files(f"{root.rstrip('/')}/{package}")):
        if number > _MAX_SEARCHED:
            break
        if defined.search(PACKAGES.text(file) or ""):
            return Installed(root, file, function)
    return None


def _files(folder: str) -> Iterator[str]:
    """Yield the Python files in ``folder`` and below it."""
    try:
        entries = sorted(PACKAGES.tree.entries(folder))
    except OSError:
        return
    yield from (f"{folder}/{e.name}" for e in entries if e.kind == FILE and e.name.endswith(".py"))
    for entry in entries:
        if entry.kind == FOLDER:
            yield from _files(f"{folder}/{entry.name}")
