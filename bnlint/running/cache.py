"""What is remembered between runs: what was found in files, and on what that rests.

A file need not be checked again if its bytes, the settings and bnlint are the same, and so is all
that was looked at on the way: the files its imports lead to, where they led, and what its project
says to the questions that were asked about it. What is to be fixed, or to be proved by experiments,
is checked each time.

This is for many files; of few, each has a memory of its own (:mod:`bnlint.running.sightings`).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence

from bnlint.engine.facts import resolver
from bnlint.engine.options import Options
from bnlint.engine.packages import PACKAGES, Packages
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.source import decode
from bnlint.files.tree import DISK
from bnlint.running.kept import packed, unpacked
from bnlint.running.memory import identity, opened, path_of, sealed, spelled, write
from bnlint.running.outlines import Outlines
from bnlint.running.questions import answer
from bnlint.semantics.project.resolver import Grounds, Question
from bnlint.startup.digests import blake2b, digest
from bnlint.startup.typed import NamedTuple


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
            settings = self._settings[options] = spelled(options).encode("utf-8", "replace")
        names = f"{path}\n{display}\n{self.packages.fingerprint(path)}\n"
        return digest(names.encode("utf-8", "replace") + settings)

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
                write(self.outlines.path, outlines)
        if not self._is_changed:
            return
        kept = {
            path: entry
            for path, entry in self._entries.items()
            if path in self._touched or os.path.isfile(path)
        }
        with contextlib.suppress(OSError, ValueError):
            write(self.path, _packed(self.identity, kept))


def open_cache(
    folder: str | None, cwd: str, rules: Sequence[LoadedRule], packages: Packages = PACKAGES
) -> Cache | None:
    """Return the memory for runs in ``cwd``; ``None`` where nothing can be relied on.

    ``folder`` is where memories are kept, if not in the usual place.
    """
    known = identity(rules)
    return Cache(path_of("results", cwd, folder), known, packages) if known is not None else None


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
    return sealed(json.dumps(parts, separators=(",", ":")))


def _read(path: str, identity: str) -> dict[str, _Entry]:
    """Return what the file at ``path`` remembers; nothing if it is not there, or not whole."""
    try:
        text = opened(DISK.read(path))
        if text is None:
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
