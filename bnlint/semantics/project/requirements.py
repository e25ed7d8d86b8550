"""Which releases of packages a project says that it needs, in the files that installers read.

Files of a project that are nearer to a Python file outweigh those above it. Read are requirements
and constraints of pip, ``pyproject.toml``, ``setup.cfg``, ``setup.py``, environments of conda,
``Pipfile`` and the lock files of Poetry, PDM and uv. Nothing is installed or run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice

from bnlint.semantics.values.memo import Memo
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from bnlint.semantics.project.resolver import Resolver

#: For a distribution, each file that speaks of it with what it allows: version specifiers as
#: PEP 440 has them, of which one must hold. An empty one allows every release.
Required = Mapping[str, tuple[tuple[str, ...], ...]]

_NAMES = lazy(
    r"""(?x)
    (?P<lines> [\w.-]*(?:requirements?|constraints?)[\w.-]*\.(?:txt|in) | setup\.cfg )
    | (?P<tables> pyproject\.toml | pipfile )
    | (?P<script> setup\.py )
    | (?P<conda> [\w.-]*(?:environment|conda|env)[\w.-]*\.ya?ml )
    | (?P<lock> (?:poetry|pdm|uv)\.lock )
    """,
    re.IGNORECASE,
)
_LOCKED = lazy(r'^name = "([^"\n]+)"\nversion = "([^"\n]+)"', re.MULTILINE)
_CONDA = lazy(r"([\w.-]+)(?:\s*=\s*|\s+)(\d[\w.]*)(?:\.\*)?(?:=\S*)?$")
_QUOTED = lazy(r"""['"]([A-Za-z][^'"\n]{1,120})['"]""")
_CARET = lazy(r"\s*([\^~])\s*(\d+(?:\.\d+)*)\s*$")
_BARE = lazy(r"\s*\d+(?:\.\d+)*(?:\.\*)?\s*$")

#: No requirement that somebody wrote is longer, and no file has more of them.
_MAX_LENGTH = 200
_MAX_PAIRS = 5000

_IN_FOLDER: Memo[str, Required] = Memo()


def required_by(resolver: Resolver, folder: str) -> Required:
    """Return what the project around ``folder`` says of the distributions in the tables.

    Of each distribution the nearest folder that speaks of it counts, up to the top of the project.
    """
    with resolver.sources.asking("requires", folder):
        return _required(resolver, folder)


def _required(resolver: Resolver, folder: str) -> Required:
    known = _IN_FOLDER.of(resolver)
    if folder not in known:
        found: dict[str, tuple[tuple[str, ...], ...]] = {}
        for name, text in resolver.sources.lists(folder, _NAMES):
            for distribution, allowed in _said_in(name, text).items():
                found[distribution] = (*found.get(distribution, ()), allowed)
        top = resolver.sources.around(folder)
        if folder != top:
            found = {**_required(resolver, folder.rpartition("/")[0]), **found}
        known[folder] = found
    return known[folder]


def _said_in(name: str, text: str) -> Mapping[str, tuple[str, ...]]:
    """Return what one file allows of the distributions that it names."""
    from bnlint.frameworks.tables import catalogue

    wanted = catalogue().distributions
    normalised = _name(text)
    if not any(name in normalised for name in wanted):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for distribution, allowed in islice(_pairs(name, text), _MAX_PAIRS):
        distribution = _name(distribution)
        if distribution in wanted and len(allowed) <= _MAX_LENGTH:
            found[distribution] = (*found.get(distribution, ()), allowed)
    return found


def _name(text: str) -> str:
    """Return a name as installers compare it; in a longer text each name is written so."""
    return re.sub(r"[-_.]+", "-", text).lower()


def _pairs(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the distributions that a file names, each with the specifier that stands there."""
    how = getattr(_NAMES.fullmatch(name), "lastgroup", "")
    if how == "lock":
        yield from ((found[1], f"=={found[2]}") for found in _LOCKED.finditer(text))
    elif how == "tables":
        yield from _in_table(_toml(text))
    elif how == "script":
        yield from filter(None, map(_requirement, _QUOTED.findall(text)))
    else:
        for line in text.splitlines():
            line = line.partition("#")[0].strip().removeprefix("- ").strip()
            quoted = _QUOTED.fullmatch(line)
            line = quoted[1] if quoted is not None else line
            conda = _CONDA.match(line) if how == "conda" else None
            if conda is not None:
                yield conda[1], f"=={conda[2]}.*"
            elif (found := _requirement(line)) is not None:
                yield found


def _requirement(text: str) -> tuple[str, str] | None:
    """Return the name and the specifier of a requirement of pip, if ``text`` is one."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text.partition(" --")[0])
    except InvalidRequirement:
        return None
    return found.name, str(found.specifier)


def _toml(text: str) -> object:
    from importlib import import_module

    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _in_table(value: Any) -> Iterator[tuple[str, str]]:
    """Yield what lists of requirements in a table say, and tables from names to versions."""
    if isinstance(value, list):
        for item in value:
            found = _requirement(item) if isinstance(item, str) else None
            if found is not None:
                yield found
            else:
                yield from _in_table(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            version = item.get("version") if isinstance(item, dict) else item
            if isinstance(version, str):
                yield name, _specifier(version)
            yield from _in_table(item)


def _specifier(version: str) -> str:
    """Return a version constraint of Poetry or Pipenv as PEP 440 has it; empty where it is none.

    ``^`` lets everything vary but the first number that is not zero, ``~`` all from the third.
    """
    caret = _CARET.match(version) if len(version) <= _MAX_LENGTH else None
    if caret is None:
        return f"=={version.strip()}" if _BARE.match(version) else version.replace("*", "", 1)
    numbers = [int(part) for part in caret[2].split(".")]
    fixed = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    fixed = fixed if caret[1] == "^" else min(1, len(numbers) - 1)
    above = ".".join(map(str, [*numbers[:fixed], numbers[fixed] + 1]))
    return f">={caret[2]},<{above}"
