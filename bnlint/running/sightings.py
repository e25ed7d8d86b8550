"""What was found in single files, and what all that was looked at for it looked like.

Whoever checks a few files, as a hook of git does, waits for each. So each has a memory of its own,
which is read without those of all others, and is believed without asking the project anything:
where all files and folders that were looked at look as they did, all is as it was. What many files
rest on is remembered once for all of them (:mod:`bnlint.running.cache`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence

from bnlint.config.settings import Config, Configs
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.noted import Looks, Noted, looks_as
from bnlint.files.tree import DISK
from bnlint.finding import Problem
from bnlint.running.deciding import options_for
from bnlint.running.discovery import File
from bnlint.running.kept import packed, unpacked
from bnlint.running.memory import identity, opened, path_of, sealed, spelled, write
from bnlint.running.treatment import Treatment


class Sightings:
    """What is known of single files, as one working folder calls them.

    ``folder`` is where memories are kept, if not in the usual place; ``identity`` tells this bnlint
    from any other.
    """

    def __init__(self, cwd: str, folder: str | None, identity: str) -> None:
        self._cwd = cwd
        self._folder = folder
        self._identity = identity

    def recall(self, file: File, options: Options) -> Result | None:
        """Return what is found in a file, if that is known."""
        try:
            text = opened(DISK.read(self._path(file)))
            key, *looks, found = json.loads(text or "null")
            if key != self._key(file, options):
                return None
            if not looks_as(Looks(*looks), DISK):
                return None
            result = unpacked(found)
            if result is not None and result.findings:
                from bnlint.files.source import decode

                text = decode(DISK.read(file.path), file.display).text
                result = result._replace(text=text)
        except (OSError, ArithmeticError, ValueError, LookupError, TypeError, AttributeError):
            return None
        except (RecursionError, MemoryError):
            return None
        return result

    def remember(self, file: File, options: Options, result: Result, looks: Looks) -> None:
        """Remember what was found in a file, if that is plain data."""
        found = packed(result)
        if found is None:
            return
        parts = (self._key(file, options), *looks, found)
        with contextlib.suppress(OSError, ValueError):
            write(self._path(file), sealed(json.dumps(parts, separators=(",", ":"))))

    def _key(self, file: File, options: Options) -> str:
        """Return what a file is checked as: by which bnlint, under which name and settings."""
        return f"{self._identity}\n{file.display}\n{spelled(options)}"

    def _path(self, file: File) -> str:
        return path_of("file", f"{self._cwd}\n{file.path}", self._folder)


def open_sightings(folder: str | None, cwd: str, rules: Sequence[LoadedRule]) -> Sightings | None:
    """Return the memories of single files for runs in ``cwd``.

    ``None`` where nothing can be relied on. ``folder`` is where memories are kept, if not in the
    usual place.
    """
    known = identity(rules)
    return Sightings(cwd, folder, known) if known is not None else None


def sighted(
    sightings: Sightings,
    files: Sequence[File],
    configs: Configs,
    rules: Sequence[LoadedRule],
    *,
    processes: int | None,
    advance: Callable[[int], None],
    treatment_for: Callable[[str, Config], Treatment],
) -> Iterator[Result | Problem]:
    """Check ``files`` as :func:`bnlint.running.runner.run` does, those that are not known.

    What checks files is imported only if there are such.
    """
    known: dict[File, Result] = {}
    for file in files:
        config = configs.of(file.path)
        result = None
        if not config.ports:
            result = sightings.recall(file, options_for(config, file.path, rules))
        if result is not None and _counts(result, treatment_for(file.path, config)):
            known[file] = result
    unknown = [file for file in files if file not in known]
    if not unknown:
        yield from known.values()
        return
    from bnlint.engine.facts import renew
    from bnlint.running.runner import run

    tree = Noted(DISK)
    renew(tree)
    outcomes = run(
        unknown, configs, rules, processes=processes, treatment_for=treatment_for, tree=tree
    )
    made: list[tuple[File, Result]] = []
    for done, file in enumerate(files, 1):
        outcome = known[file] if file in known else next(outcomes)
        if file not in known and isinstance(outcome, Result):
            made.append((file, outcome))
        yield outcome
        advance(done)
    if tree.is_young:
        return
    looks = tree.looks()
    for file, result in made:
        config = configs.of(file.path)
        if not config.ports and _counts(result, treatment_for(file.path, config)):
            if b"port-of" not in DISK.read(file.path):  # what it names may lie anywhere
                sightings.remember(file, options_for(config, file.path, rules), result, looks)


def _counts(result: Result, treatment: Treatment) -> bool:
    """Tell whether a result is that of a check, and nothing else is to be done about it."""
    return treatment == Treatment() or not result.findings
