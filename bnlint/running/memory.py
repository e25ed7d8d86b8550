"""Where memories of earlier runs lie, what tells this bnlint from others, and how they are written.

They lie in the user's own cache folder, never in the linted project: a project could come with one
that calls everything clean.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence

from bnlint import FOLDER
from bnlint.engine.registry import LoadedRule, home
from bnlint.files.folders import cache_folder
from bnlint.files.tree import LONGEST
from bnlint.startup.digests import digest
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.engine.options import Options

#: Where memories are kept, instead of in the user's cache folder.
VARIABLE = "BNLINT_CACHE_DIR"

#: Of fewer files, to read what is remembered of a project takes as long as to check them.
CACHE_FROM = 50

#: A memory that was not written for so many seconds is thrown away when another is.
_MAX_AGE = 60 * 24 * 3600

#: What the files of memories are called, and nothing else in their folder.
_OWN = lazy(r"bnlint-(?:clean|results|outlines|file)-[0-9a-f]{16}\.json")


def path_of(kind: str, about: str, folder: str | None) -> str:
    """Return where the memory of one ``kind`` about something lies.

    ``folder`` is where memories are kept, if not in the usual place.
    """
    folder = folder or os.environ.get(VARIABLE) or cache_folder()
    name = digest(about.encode("utf-8", "surrogateescape"))[:16]
    return os.path.join(folder, f"bnlint-{kind}-{name}.json")


def identity(rules: Sequence[LoadedRule]) -> str | None:
    """Return what tells this bnlint and Python from others.

    ``None`` where nothing can be relied on: rules from elsewhere may look at anything.
    """
    if not all(loaded.is_own for loaded in rules):
        return None
    folders = {folder for folder, _, _ in os.walk(FOLDER) if not folder.endswith("__pycache__")}
    folders.add(home("rules"))
    stamps: list[str] = []
    try:
        for folder in sorted(folders):
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if entry.name.endswith((".py", ".toml", ".json")):
                        state = entry.stat()
                        stamps.append(f"{entry.path} {state.st_mtime_ns} {state.st_size}")
    except OSError:  # installed in an archive
        return None
    stamps.append(sys.version)
    return digest("\n".join(stamps).encode("utf-8", "replace"))


def spelled(options: Options) -> str:
    """Return ``options`` as a text that is the same in each process."""
    parts = [
        f"{name}={sorted(value) if isinstance(value, frozenset) else value!r}"
        for name, value in zip(options._fields, options, strict=True)
        if name != "trials"
    ]
    return "\n".join(parts)


def sealed(text: str) -> str:
    """Return a text with its digest before it: what is damaged is not believed."""
    return f"{digest(text.encode('utf-8', 'surrogateescape'))}\n{text}"


def opened(data: bytes) -> str | None:
    """Return the text that was sealed, ``None`` where it is damaged."""
    seal, _, text = data.decode("utf-8", "surrogateescape").partition("\n")
    return text if seal == digest(text.encode("utf-8", "surrogateescape")) else None


def write(path: str, text: str) -> None:
    """Write a memory, whole or not at all, and throw away those that nobody has written for long.

    Raises:
        OSError, ValueError: it cannot be written.
    """
    if len(text) > LONGEST:
        return  # it would not be read again
    from bnlint.files.writing import put

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    for entry in os.scandir(folder):  # the folder may hold anything else
        if _OWN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            if time.time() - entry.stat().st_mtime > _MAX_AGE:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    put(path, text.encode(), mode=0o600, whole=False)
