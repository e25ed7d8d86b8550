"""Which Python runs which framework: the user's word, never that of the linted project.

In order of strength: ``--interpreter NAME=PATH``, the environment variable
``BNLINT_INTERPRETERS`` (``NAME=PATH`` pairs between path separators), the user's own
configuration file (``bnlint/config.toml`` in the platform's folder for configuration, table
``[interpreters]``), and the Python that runs bnlint.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from bnlint.frameworks.tables import catalogue

VARIABLE = "BNLINT_INTERPRETERS"


class InterpreterError(ValueError):
    """A choice of interpreters that cannot be used; the message says where and why."""


def interpreters(given: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the interpreter of each worker that one was named for.

    ``given`` are the ``NAME=PATH`` of the command line. A name is a framework's family or its
    worker; a later pair of the same source wins.

    Raises:
        InterpreterError: a pair is malformed, a name unknown, or there is no such program.
    """
    path = user_configuration()
    chosen = _read(path)
    chosen |= _pairs(environment.get(VARIABLE, "").split(os.pathsep), VARIABLE)
    chosen |= _pairs(given, "--interpreter")
    return chosen


def user_configuration() -> str:
    """Return where the user's own configuration is, whether or not there is one."""
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("bnlint", appauthor=False), "config.toml")


def _pairs(pairs: Iterable[str], origin: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for pair in filter(None, pairs):
        name, equals, program = pair.partition("=")
        if not equals or not name or not program:
            raise InterpreterError(f"{origin}: expected NAME=PATH, found {pair!r}")
        chosen[_worker(name, origin)] = _program(program, origin)
    return chosen


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
        chosen[_worker(name, path)] = _program(program, path)
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


def _program(program: str, origin: str) -> str:
    expanded = os.path.expanduser(program)
    found = shutil.which(expanded)
    if found is None:
        raise InterpreterError(f"{origin}: {program}: there is no such program")
    return os.path.abspath(found)
