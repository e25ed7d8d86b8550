"""Which files a port is compared with: what its configuration and its comments name."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bnlint.config.options import NO_REFERENCE, absolute, is_installed
from bnlint.config.settings import Config, reference_for
from bnlint.engine.directives import PORT_OF, find_directives
from bnlint.engine.facts import ReferenceFile
from bnlint.engine.packages import PACKAGES
from bnlint.files.display import displayed
from bnlint.finding import Problem
from bnlint.semantics.syntax.module import parse

#: What stands in a file that says what it is a port of.
_PORT_OF = rf"bnlint:[ \t]*{PORT_OF}"


def references_of(
    config: Config, path: str, display: str, text: str, cwd: str
) -> tuple[tuple[ReferenceFile, ...], list[Problem]]:
    """Return the references of the file at the absolute ``path``, and which cannot be had.

    A ``port-of`` comment names files relative to the file it stands in, and is stronger than the
    configuration.
    """
    folder = path.rpartition("/")[0]
    named = _marks(display, text)
    if not named:
        configured = reference_for(config, path)
        if configured is None:
            return (), []
        named = [configured]
    found: list[ReferenceFile] = []
    problems: list[Problem] = []
    for name in named:
        reference, part = split(name, folder)
        if is_installed(name) and not PACKAGES.tree.kind(reference):
            model = installed_model(name, config.reference_paths)
            if isinstance(model, Problem):
                problems.append(model._replace(path=display))
            else:
                found.append(model)
            continue
        try:
            data = PACKAGES.tree.read(reference)
        except OSError as error:
            shown = displayed(reference, cwd)
            message = f"its reference {shown} cannot be read: {error.strerror or error}"
            problems.append(Problem(message, display))
        else:
            where = reference.rpartition("/")[0] or "/"
            found.append(ReferenceFile(displayed(reference, cwd), data, part, where))
    return tuple(found), problems


def is_reference(config: Config, path: str) -> bool:
    """Tell whether the configuration has other files as ports of the one at the absolute path."""
    references = {port.reference for port in config.ports} - {None, NO_REFERENCE}
    return any(split(name or "", "/")[0] == path for name in references)


def is_named(file: str) -> bool:
    """Tell whether a comment in another file of the project names ``file`` as its reference."""
    for port in PACKAGES.search(file, _PORT_OF, (PORT_OF,)):
        folder = port.rpartition("/")[0]
        marks = _marks(port, PACKAGES.text(port) or "") if port != file else ()
        if any(split(name, folder)[0] == file for name in marks):
            return True
    return False


def installed_model(name: str, folders: Sequence[str]) -> ReferenceFile | Problem:
    """Return the source of the installed model called ``name``, which is read and not imported.

    It is looked for in ``folders``, then where the running interpreter looks for packages.
    """
    from bnlint.engine.installed import locate, paths_of_python

    found = locate(name, [*folders, *paths_of_python()])
    if found is None:
        where = "where this Python looks for packages, nor in reference-paths or those of --python"
        return Problem(f"the reference {name} is not found {where}")
    data = PACKAGES.tree.read(found.file)
    return ReferenceFile(found.display, data, found.part, found.file.rpartition("/")[0])


def _marks(display: str, text: str) -> list[str]:
    """Return what the ``port-of`` comments of a file name; text in strings is no comment."""
    if "port-of" not in text:
        return []
    try:
        module = parse(display, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # reported where the file is checked
    return [d.text for d in find_directives(module) if d.kind == PORT_OF]


def split(name: str, folder: str) -> tuple[str, str]:
    """Return the absolute path and the part of ``file.py::Class``, relative to ``folder``."""
    file, _, part = name.partition("::")
    return absolute(file, folder).replace(os.sep, "/"), part
