"""Which Python runs which framework: the user's word, never that of the linted project.

In order of strength: ``--interpreter NAME=PATH``, the environment variable
``BNLINT_INTERPRETERS`` (``NAME=PATH`` pairs between path separators), the user's own
configuration file (``bnlint/config.toml`` in the platform's folder for configuration, table
``[interpreters]``), and the Python that runs bnlint.

The latter two hold in every folder, so that a relative path in them would let the folder at hand
choose the program: they take absolute paths and names on ``PATH``. A configuration file that lies
in the linted project is refused: in a container, a home or ``XDG_CONFIG_HOME`` may lead there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bnlint.files.folders import config_folder
from bnlint.frameworks.tables import catalogue

VARIABLE = "BNLINT_INTERPRETERS"

#: What the folder of a project that is no repository has in it.
_MARKS = ("pyproject.toml", "bnlint.toml", ".bnlint.toml")


class InterpreterError(ValueError):
    """A choice of interpreters that cannot be used; the message says where and why."""


def interpreters(
    given: Iterable[str], environment: Mapping[str, str], linted: Iterable[str] = ()
) -> dict[str, str]:
    """Return the interpreter of each worker that one was named for.

    ``given`` are the ``NAME=PATH`` of the command line. A name is a framework's family or its
    worker; a later pair of the same source wins. ``linted`` are the paths that bnlint checks.

    Raises:
        InterpreterError: a pair is malformed, a name unknown, there is no such program, or the
            user's configuration lies in the linted project.
    """
    path = user_configuration()
    chosen = _read(path) if os.path.isabs(path) else {}
    if chosen:
        for root in projects(linted):
            if os.path.realpath(path).startswith(os.path.join(root, "")):
                raise InterpreterError(
                    f"{path}: lies in the project that is checked, which must not name programs; "
                    "use --interpreter"
                )
    chosen |= _pairs(environment.get(VARIABLE, "").split(os.pathsep), VARIABLE)
    return chosen | named(given)


def named(given: Iterable[str]) -> dict[str, str]:
    """Return the interpreters that the command line names, and no others.

    Raises:
        InterpreterError: a pair is malformed, a name unknown, or there is no such program.
    """
    return _pairs(given, "--interpreter")


def user_configuration() -> str:
    """Return where the user's own configuration is, whether or not there is one.

    A relative ``XDG_CONFIG_HOME`` does not count, as its specification has it.
    """
    return os.path.join(config_folder(), "config.toml")


def _pairs(pairs: Iterable[str], origin: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for pair in filter(None, pairs):
        name, equals, program = pair.partition("=")
        if not equals or not name or not program:
            raise InterpreterError(f"{origin}: expected NAME=PATH, found {pair!r}")
        worker = _worker(name, origin)
        chosen[worker] = _program(program, origin, anywhere=origin == VARIABLE)
    return chosen


def projects(linted: Iterable[str]) -> tuple[str, ...]:
    """Return the folders of the projects that the linted paths are in, links followed."""
    return tuple(sorted({_project(path) for path in linted or ("",)}))


def _project(path: str) -> str:
    """Return the folder of the project that ``path`` is in: its repository, or configuration."""
    start = os.path.realpath(path or ".")
    start = start if os.path.isdir(start) else os.path.dirname(start)
    folders = [start]
    while (above := os.path.dirname(folders[-1])) != folders[-1]:
        folders.append(above)
    for names in ((".git",), _MARKS):
        for folder in folders:
            if any(os.path.lexists(os.path.join(folder, name)) for name in names):
                return folder
    return start


def _read(path: str) -> dict[str, str]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        with open(path, "rb") as stream:
            table: Any = tomllib.load(stream)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InterpreterError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InterpreterError(f"{path}: not valid TOML: {error}") from None
    unknown = sorted(set(table) - {"interpreters"})
    if unknown:
        raise InterpreterError(f"{path}: {unknown[0]}: unknown key; there is [interpreters]")
    chosen: dict[str, str] = {}
    entries = table.get("interpreters", {})
    if not isinstance(entries, dict):
        raise InterpreterError(f"{path}: interpreters: expected a table of name = path")
    for name, program in entries.items():
        if not isinstance(program, str):
            raise InterpreterError(f"{path}: interpreters.{name}: expected a path")
        worker = _worker(name, path)
        chosen[worker] = _program(program, path, anywhere=True)
    return chosen


def _worker(name: str, origin: str) -> str:
    """Return the worker that runs the framework called ``name``."""
    tables = catalogue().tables
    heads = {family: str(table["framework"].get("worker", "")) for family, table in tables.items()}
    worker = heads.get(name, name)
    if not worker or worker not in heads.values():
        known = ", ".join(
            sorted({*(f for f, w in heads.items() if w), *filter(None, heads.values())})
        )
        raise InterpreterError(f"{origin}: unknown framework {name}; accepted are {known}")
    return worker


def _program(program: str, origin: str, *, anywhere: bool) -> str:
    """Return the absolute path of a program; ``anywhere``: it must be the same in every folder."""
    expanded = os.path.expanduser(program)
    is_name = not os.path.dirname(expanded)
    if is_name and os.name == "nt":  # which looks into the current folder first
        raise InterpreterError(f"{origin}: {program}: expected a path")
    if anywhere and not is_name and not os.path.isabs(expanded):
        raise InterpreterError(
            f"{origin}: {program}: expected an absolute path, since it holds in every folder"
        )
    found = shutil.which(expanded)
    if found is None:
        raise InterpreterError(f"{origin}: {program}: there is no such program")
    return os.path.abspath(found)
