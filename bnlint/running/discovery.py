"""Which files a run checks: those that are named, and those in the folders that are named.

A file named on the command line is always checked; in folders, the configuration, ``.gitignore``
and the kind of file decide. Each file is checked once, under the path that is its own where it
can also be reached through a symbolic link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, count

from bnlint.config.globs import compiled
from bnlint.config.options import INCLUDE_DOCS, absolute
from bnlint.config.settings import Config, ConfigError, Configs, excluded
from bnlint.files.display import displayed
from bnlint.files.tree import DISK, FILE, FOLDER, Entry, Tree
from bnlint.finding import Problem
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.running.gitignore import Level


class File(NamedTuple):
    """A file to check: where it is, and what it is called in the output.

    ``path`` is absolute, with forward slashes. Paths are strings throughout: importing pathlib
    would cost a tenth of a one-file run.
    """

    path: str
    display: str


class Notice(NamedTuple):
    """Something the user should know that is no failure: one line for stderr."""

    message: str
    path: str | None = None


class Found(NamedTuple):
    """What :func:`walk` found: files in the order of their names, and what to tell the user."""

    files: tuple[File, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Notice, ...]


def walk(paths: Iterable[str], configs: Configs, cwd: str) -> Found:
    """Return the files that ``paths`` (relative to the absolute folder ``cwd``) stand for.

    A path that does not exist, a folder that cannot be listed and a configuration that cannot be
    used become problems, and all else is still found.
    """
    search = _Search(configs, absolute(cwd, ""))
    for path in sorted(set(paths)):
        search.add(path)
    return search.result()


def read(file: File, tree: Tree = DISK) -> bytes | Problem:
    """Return the bytes of ``file``, or why it cannot be read."""
    try:
        return tree.read(file.path)
    except OSError as error:
        return Problem(_unreadable(error), file.display)


class _Search:
    """One walk: what was found so far."""

    def __init__(self, configs: Configs, cwd: str) -> None:
        self.configs = configs
        self.tree = configs.tree
        self.cwd = cwd
        self.found: dict[str, str] = {}  # where a file really is -> the path it is called by
        self.problems: dict[Problem, None] = {}  # as sets that keep the order
        self.notices: dict[Notice, None] = {}

    def result(self) -> Found:
        files: dict[str, str] = {}
        for display, path in sorted((displayed(p, self.cwd), p) for p in self.found.values()):
            # names may differ in what cannot be shown, and each file is known by what it is called
            names = chain((display,), (f"{display} ({number})" for number in count(2)))
            files[next(name for name in names if name not in files)] = path
        return Found(
            tuple(File(path, display) for display, path in files.items()),
            tuple(sorted(self.problems, key=lambda problem: problem.path or "")),
            tuple(sorted(self.notices, key=lambda notice: notice.path or "")),
        )

    def problem(self, message: str, path: str) -> None:
        self.problems[Problem(message, displayed(path, self.cwd))] = None

    def notice(self, message: str, path: str) -> None:
        self.notices[Notice(message, displayed(path, self.cwd))] = None

    def add(self, name: str) -> None:
        """Add what the path ``name`` of the command line stands for."""
        if not name:
            message = "an empty path names no file; is a variable not set?"
            self.problems[Problem(message)] = None
            return
        path = absolute(name, self.cwd)
        try:
            if not self.tree.kind(path):
                os.stat(path)  # which says why
        except (FileNotFoundError, NotADirectoryError):
            broken = os.path.islink(path)
            self.problem("broken symbolic link" if broken else "no such file or folder", path)
            return
        except (OSError, ValueError) as error:
            self.problem(_unreadable(error), path)
            return
        is_folder = self.tree.kind(path) == FOLDER
        config = self.config(path if is_folder else path.rpartition("/")[0] or "/")
        if config is None or (config.force_exclude and excluded(config, path)):
            return
        real = self.tree.real(path)
        if not is_folder:
            self.take(path, real)
        elif not self.search(path, real):
            self.notice("no Python files to check in this folder", path)

    def config(self, folder: str) -> Config | None:
        """Return the configuration of ``folder``, ``None`` if it is no good."""
        try:
            return self.configs.of_folder(folder)
        except ConfigError as error:
            self.problems.update((mistake.problem, None) for mistake in error.mistakes)
            return None

    def take(self, path: str, real: str) -> None:
        """Take up a file, unless it was before; of several paths to it, its own is kept."""
        other = self.found.get(real)
        if other is None or (other != real and (path == real or path < other)):
            self.found[real] = path

    def search(self, root: str, real_root: str) -> bool:
        """Take up the files below ``root``. Tell whether there was anything to take or to tell."""
        from bnlint.running import gitignore  # of folders alone

        respected = self.configs.of_folder(root).respect_gitignore
        pending = [(root, gitignore.above(root, self.tree) if respected else None)]
        told = False
        while pending:
            folder, level = pending.pop()
            config = self.config(folder)
            if config is None:
                told = True
                continue
            try:
                entries = self.tree.entries(folder)
                names = {entry.name for entry in entries}
                if "pyvenv.cfg" in names and folder != root:
                    continue  # a virtual environment, by whatever name
                if config.respect_gitignore:
                    level = gitignore.enter(folder, names, level, self.tree)
                wanted = list(_wanted(entries, folder, config, level))
            except OSError as error:
                self.problem(_unreadable(error), folder)
                told = True
                continue
            for kind, path in wanted:
                if kind == FOLDER:
                    pending.append((path, level))
                    continue
                told = True
                if kind == FILE:
                    self.take(path, real_root + path[len(root) :])
                else:
                    self.special(path)
        return told

    def special(self, path: str) -> None:
        """Take up what ``path``, met in a folder and no plain file, leads to."""
        kind = self.tree.kind(path)
        if not kind:
            self.notice("skipped: broken symbolic link", path)
        elif kind == FILE:
            self.take(path, self.tree.real(path))
        elif kind != FOLDER:
            self.notice("skipped: not a regular file", path)


def _wanted(
    entries: list[Entry], folder: str, config: Config, level: Level | None
) -> Iterator[tuple[str, str]]:
    """Yield the kind and the path of each entry of ``folder`` that is to be looked into."""
    inside = f"{folder.rstrip('/')}/"
    docs = INCLUDE_DOCS if config.include_docs else ()
    if level is not None:
        from bnlint.running.gitignore import ignored
    included = compiled((*config.include, *docs), config.folder).match
    left_out = compiled((*config.exclude, *config.extend_exclude), config.folder).match
    for entry in entries:
        name = entry.name
        path = inside + name
        is_folder = entry.kind == FOLDER
        if name.startswith("._"):  # what macOS keeps beside a file on a foreign disk
            continue
        if not (is_folder or included(path, name)) or left_out(path, name):
            continue
        if level is not None and ignored(level, path, is_folder=is_folder):
            continue
        yield entry.kind, path


def _unreadable(error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) else None
    return f"cannot be read: {why or error}"
