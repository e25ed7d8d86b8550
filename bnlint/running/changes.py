"""What is new since a revision of git: which lines changed, and what the files were before.

Git is asked, and nothing that the repository configures is run by it.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from bnlint.config.settings import Configs
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.files.source import readable
from bnlint.files.tree import DISK, FILE, LONGEST, Entry, Overlay, Tree
from bnlint.finding import Finding, Span
from bnlint.running.discovery import File, read
from bnlint.running.runner import run
from bnlint.startup.typed import NamedTuple

#: Programs that a configuration could name are switched off.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class ChangesError(ValueError):
    """Git cannot say what changed; the message says why."""


class Changes(NamedTuple):
    """The files that differ from a revision, by their absolute paths.

    ``before`` has what each held, ``None`` where it was not there.
    """

    before: Mapping[str, bytes | None]

    def tree(self, now: Tree = DISK) -> Tree:
        """Return the files as they were."""
        return _Past(now, self.before)

    def rows(self, path: str, display: str, now: bytes) -> Collection[int]:
        """Return the rows of the program in a file that are new, or other than they were."""
        if path not in self.before:
            return ()
        text = readable(now, display).splitlines()
        before = self.before[path]
        if before is None:
            return range(1, len(text) + 1)
        from difflib import SequenceMatcher

        old = readable(before, display).splitlines()
        changed: set[int] = set()
        matcher = SequenceMatcher(None, old, text, autojunk=False)
        for kind, _, _, start, end in matcher.get_opcodes():
            if kind != "equal":
                changed.update(range(start + 1, end + 1))
        return changed


class _Past(Overlay):
    """A tree with some files as they were; those that were not there are not."""

    def __init__(self, below: Tree, before: Mapping[str, bytes | None]) -> None:
        super().__init__(below, {p: data for p, data in before.items() if data is not None})
        self.absent = frozenset(path for path, data in before.items() if data is None)

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return what a file held.

        Raises:
            OSError: it was not there, or as the tree below.
        """
        if path in self.absent:
            raise FileNotFoundError(path)
        return super().read(path, limit)

    def entries(self, folder: str) -> list[Entry]:
        """Return what lay in a folder.

        Raises:
            OSError: as the tree below.
        """
        return [e for e in super().entries(folder) if f"{folder}/{e.name}" not in self.absent]

    def kind(self, path: str) -> str:
        """Return what lay at a path."""
        return "" if path in self.absent else super().kind(path)

    def identity(self, path: str) -> object:
        """Return what tells what a file held."""
        return None if path in self.absent else super().identity(path)


def changes_since(revision: str, folder: str) -> Changes:
    """Return what differs from ``revision`` in the repository around the absolute ``folder``.

    Files that git does not know yet, and does not ignore, are new.

    Raises:
        ChangesError: there is no git, no repository or no such revision.
    """
    top = _git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape")
    top = top.rstrip("\r\n").replace(os.sep, "/")
    base = _commit(revision, folder)
    status = _git(top, "diff", "--name-status", "-z", "--no-renames", "--no-ext-diff",
                  "--no-textconv", base, "--")  # fmt: skip
    parts = status.decode("utf-8", "surrogateescape").split("\0")
    before: dict[str, bytes | None] = {}
    for kind, name in zip(parts[0::2], parts[1::2], strict=False):
        path = f"{top}/{name}"
        before[path] = None if kind == "A" else _blob(top, base, name)
    others = _git(top, "ls-files", "-z", "--others", "--exclude-standard")
    for name in others.decode("utf-8", "surrogateescape").split("\0"):
        if name:
            before[f"{top}/{name}"] = None
    return Changes(before)


def _commit(revision: str, folder: str) -> str:
    named = f"{revision}^{{commit}}"
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", named)
    except ChangesError:
        why = f"no revision {revision!r} in this repository"
        if _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true":
            why += ", whose history is cut short: 'git fetch --unshallow' gets the rest"
        raise ChangesError(why) from None
    return found.decode("ascii").strip()


def _blob(top: str, base: str, name: str) -> bytes | None:
    try:
        return _git(top, "cat-file", "blob", f"{base}:{name}")
    except ChangesError:  # a submodule
        return None


def _git(folder: str, *arguments: str) -> bytes:
    """Return what git says.

    Raises:
        ChangesError: it cannot be run, or fails.
    """
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the revision is no option
            [*_GIT, "-C", folder, *arguments], capture_output=True, env=environment, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise ChangesError(f"git cannot be run: {error.strerror or error}") from None
    if done.returncode:
        told = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise ChangesError(told or "git failed")
    return done.stdout


def since(
    revision: str,
    results: Sequence[Result],
    found: Sequence[File],
    configs: Configs,
    rules: Sequence[LoadedRule],
) -> list[Result]:
    """Return ``results`` with the findings that are new since ``revision``.

    These are those on changed lines, and those that were not found when all files were as they
    were: a change shows in files that it leaves alone, where they call what changed or are its
    port.

    Raises:
        ChangesError: git cannot say what changed.
    """
    from bnlint.engine.facts import renew

    changes = changes_since(revision, os.getcwd().replace(os.sep, "/"))
    paths = {file.display: file for file in found}
    told = [paths[result.path] for result in results if result.findings and result.path in paths]
    tree = changes.tree(configs.tree)
    past: dict[str, Result] = {}
    renew(tree)
    try:
        there = [file for file in told if tree.kind(file.path) == FILE]
        for outcome in run(there, configs, rules, processes=1, tree=tree):
            if isinstance(outcome, Result):
                past[outcome.path] = outcome
    finally:
        renew(configs.tree)
    known: dict[str, Collection[int]] = {}

    def is_changed(file: File, span: Span) -> bool:
        if file.path not in known:
            data = read(file, configs.tree)
            text = data if isinstance(data, bytes) else b""
            known[file.path] = changes.rows(file.path, file.display, text)
        return any(row in known[file.path] for row in range(span.row, span.end_row + 1))

    return [
        _only_new(result, past.get(result.path), paths[result.path], is_changed)
        if result.findings and result.path in paths
        else result
        for result in results
    ]


def _only_new(
    result: Result, past: Result | None, file: File, is_changed: Callable[[File, Span], bool]
) -> Result:
    """Return ``result`` with the findings that are new: on changed lines, or not found before.

    A finding of the ``past`` is known by its code and the statement it is about. One about a value
    that is written on a changed line is new there; others stay where layers take the value.
    """
    from bnlint.fixing.baseline import described

    known: Counter[tuple[str, str]] = Counter()
    if past is not None:
        known.update(entry for _, entry in described(past))
    kept: list[Finding] = []
    for finding, entry in described(result):
        is_known = known[entry] > 0
        known[entry] -= is_known
        place = finding.definition
        if place is not None and not is_changed(File(place.path, place.path), place.span):
            place = None
        if not is_known or place is not None or is_changed(file, finding.span):
            kept.append(finding._replace(definition=place))
    return result._replace(findings=tuple(kept))
