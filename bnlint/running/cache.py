"""What is remembered between runs: what was found in files, and on what that rests.

A file need not be checked again if its bytes, the settings and bnlint are the same, and so is all
that was looked at on the way: the files its imports lead to, where they led, and what its project
says to the questions that were asked about it. What is to be fixed, or to be proved by experiments,
is checked each time.

The memory lies in the user's own cache folder, never in the linted project: a project could come
with one that calls everything clean.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from bnlint import FOLDER
from bnlint.engine.facts import resolver
from bnlint.engine.linter import Options, Result
from bnlint.engine.packages import PACKAGES, Packages
from bnlint.engine.registry import LoadedRule
from bnlint.files.source import decode
from bnlint.files.tree import DISK, LONGEST
from bnlint.files.writing import put
from bnlint.running.kept import packed, unpacked
from bnlint.running.outlines import Outlines
from bnlint.running.questions import answer
from bnlint.semantics.project.resolver import Grounds, Question
from bnlint.startup.typed import NamedTuple

#: Where the memory is kept, instead of in the user's cache folder.
VARIABLE = "BNLINT_CACHE_DIR"

#: A memory that was not written for so many seconds is thrown away when another is.
_MAX_AGE = 60 * 24 * 3600

#: What the files of memories are called, and nothing else in their folder.
_OWN = re.compile(r"bnlint-(?:clean|results|outlines)-[0-9a-f]{16}\.json")


class Basis(NamedTuple):
    """On what a result rests: files, imports and questions, and what came of them."""

    files: tuple[str, ...]
    imports: tuple[tuple[str, str], ...]
    questions: tuple[Question, ...]
    state: str


class _Entry(NamedTuple):
    """A file: what it was checked as, what was found as plain data, and on what that rests."""

    key: str
    found: object
    basis: Basis


class Cache:
    """What is known of the files of one working folder.

    ``path`` is the file that holds them, ``identity`` what tells this bnlint from any other.
    """

    def __init__(self, path: str, identity: str, packages: Packages = PACKAGES) -> None:
        self.path = path
        self.identity = identity
        self.packages = packages
        self._entries = _read(path, identity)
        self._touched: set[str] = set()
        self._is_changed = False
        self._settings: dict[Options, bytes] = {}
        packages.remembers = True
        self.outlines = Outlines(path.replace("-results-", "-outlines-"), identity)
        packages.memory = self.outlines

    def key(self, path: str, display: str, data: bytes, options: Options) -> str:
        """Return what the file at ``path`` is checked as: its bytes, its names, the settings."""
        self.packages.saw(path, data)
        settings = self._settings.get(options)
        if settings is None:
            settings = self._settings[options] = _spelled(options).encode("utf-8", "replace")
        names = f"{path}\n{display}\n{self.packages.fingerprint(path)}\n"
        return blake2b(names.encode("utf-8", "replace") + settings, digest_size=16).hexdigest()

    def recall(self, path: str, display: str, key: str, data: bytes) -> Result | None:
        """Return the result for a file that holds ``data``, if it is known."""
        entry = self._entries.get(path)
        if entry is None or entry.key != key:
            return None
        files, imports, questions, state = entry.basis
        if state_of(self.packages, files, imports, questions) != state:
            return None
        result = unpacked(entry.found)
        if result is None:
            return None
        self._touched.add(path)
        if result.findings:
            result = result._replace(text=decode(data, display).text)
        return result

    def remember(self, path: str, key: str, result: Result, basis: Basis) -> None:
        """Remember what was found in a file, if that is plain data."""
        self._touched.add(path)
        self._is_changed = True
        self._entries.pop(path, None)
        found = packed(result)
        if found is not None:
            self._entries[path] = _Entry(key, found, basis)

    def save(self) -> None:
        """Write what is remembered. Where that cannot be done, the next run checks everything."""
        outlines = self.outlines.spelled()
        with contextlib.suppress(OSError, ValueError):
            if outlines is not None:
                _write(self.outlines.path, outlines)
        if not self._is_changed:
            return
        kept = {
            path: entry
            for path, entry in self._entries.items()
            if path in self._touched or os.path.isfile(path)
        }
        with contextlib.suppress(OSError, ValueError):
            _write(self.path, _packed(self.identity, kept))


def open_cache(
    folder: str | None, cwd: str, rules: Sequence[LoadedRule], packages: Packages = PACKAGES
) -> Cache | None:
    """Return the memory for runs in ``cwd``; ``None`` where nothing can be relied on.

    ``folder`` is where memories are kept, if not in the usual place. Rules from elsewhere may look
    at anything, so that with them nothing is remembered.
    """
    identity = _identity(rules)
    if identity is None:
        return None
    folder = folder or os.environ.get(VARIABLE) or _usual_folder()
    name = blake2b(cwd.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return Cache(os.path.join(folder, f"bnlint-results-{name}.json"), identity, packages)


def basis_of(packages: Packages, grounds: Grounds) -> Basis:
    """Return ``grounds`` with the state they are in."""
    files, imports = tuple(sorted(grounds.files)), tuple(sorted(grounds.imports))
    questions = tuple(sorted(grounds.questions))
    return Basis(files, imports, questions, state_of(packages, files, imports, questions))


def state_of(
    packages: Packages,
    files: Iterable[str],
    imports: Iterable[tuple[str, str]],
    questions: Iterable[Question],
) -> str:
    """Return what tells the state of files, where imports lead, and answers, from any other."""
    state = blake2b(digest_size=16)
    for file in files:
        state.update(packages.fingerprint(file).encode("utf-8", "surrogatepass"))
    for folder, path in imports:
        found = packages.find(f"{folder}/", path) or ""
        state.update(f"\0{found}".encode("utf-8", "surrogatepass"))
    for question in questions:
        state.update(answer(resolver(), question).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


# ---------------------------------------------------------------------------------- identity


def _usual_folder() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("bnlint", appauthor=False)


def _spelled(options: Options) -> str:
    """Return ``options`` as a text that is the same in each process."""
    parts = [
        f"{name}={sorted(value) if isinstance(value, frozenset) else value!r}"
        for name, value in zip(options._fields, options, strict=True)
        if name != "trials"
    ]
    return "\n".join(parts)


def _identity(rules: Sequence[LoadedRule]) -> str | None:
    """Return what tells this bnlint and Python from others; ``None`` with foreign rules."""
    folders = {folder for folder, _, _ in os.walk(FOLDER) if not folder.endswith("__pycache__")}
    for loaded in rules:
        if not loaded.module.__name__.startswith("bnlint.rules."):
            return None
        folders.add(os.path.dirname(os.path.abspath(loaded.module.__file__ or "")))
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
    return blake2b("\n".join(stamps).encode("utf-8", "replace"), digest_size=16).hexdigest()


# ---------------------------------------------------------------------------------- the file


def _packed(identity: str, entries: dict[str, _Entry]) -> str:
    """Return the memory as text: what results rest on once each, and named by number.

    The digest of the rest comes first: what is damaged is not believed.
    """
    files: dict[str, int] = {}
    imports: dict[tuple[str, str], int] = {}
    questions: dict[Question, int] = {}
    rows = {
        path: (
            entry.key,
            entry.found,
            entry.basis.state,
            [files.setdefault(file, len(files)) for file in entry.basis.files],
            [imports.setdefault(found, len(imports)) for found in entry.basis.imports],
            [questions.setdefault(asked, len(questions)) for asked in entry.basis.questions],
        )
        for path, entry in entries.items()
    }
    parts = {
        "identity": identity, "files": [*files], "imports": [*imports],
        "questions": [*questions], "entries": rows,
    }  # fmt: skip
    text = json.dumps(parts, separators=(",", ":"))
    return f"{_digest(text)}\n{text}"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _read(path: str, identity: str) -> dict[str, _Entry]:
    """Return what the file at ``path`` remembers; nothing if it is not there, or not whole."""
    try:
        digest, _, text = DISK.read(path).decode("utf-8", "surrogateescape").partition("\n")
        if digest != _digest(text):
            return {}
        parts = json.loads(text)
        if parts["identity"] != identity:
            return {}
        files = [str(file) for file in parts["files"]]
        imports = [(str(folder), str(found)) for folder, found in parts["imports"]]
        questions = [tuple(map(str, question)) for question in parts["questions"]]
        return {
            str(name): _Entry(
                str(key),
                found,
                Basis(
                    tuple([files[index] for index in named]),
                    tuple([imports[index] for index in followed]),
                    tuple([questions[index] for index in asked]),
                    str(state),
                ),
            )
            for name, (key, found, state, named, followed, asked) in parts["entries"].items()
        }
    except (OSError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    except (RecursionError, MemoryError):
        return {}


def _write(path: str, text: str) -> None:
    if len(text) > LONGEST:
        return  # it would not be read again
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    for entry in os.scandir(folder):  # the folder may hold anything else
        if _OWN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            if time.time() - entry.stat().st_mtime > _MAX_AGE:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    put(path, text.encode(), mode=0o600, whole=False)
