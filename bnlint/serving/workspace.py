"""The files of an editor as bnlint sees them: open buffers in the place of the disk, kept warm.

From one check to the next, what was found out of all other files stays. Everything here is done by
one thread at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from bnlint.config.checking import configurations
from bnlint.config.options import Config
from bnlint.config.settings import Given, excluded
from bnlint.engine.facts import Facts, facts_of, renew, revise
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.engine.result import Result
from bnlint.files.display import current, displayed
from bnlint.files.source import Unreadable, decode
from bnlint.files.tree import Overlay
from bnlint.finding import Problem
from bnlint.running.deciding import options_for, options_of
from bnlint.running.discovery import File
from bnlint.running.treatment import treat
from bnlint.serving.accepted import Accepted
from bnlint.serving.watched import Watched

#: What the path of a buffer begins with that lies in no file.
UNSAVED = "untitled:"

#: The bytes of buffers by the paths of their files; ``None`` where one was closed.
Buffers = Mapping[str, "bytes | None"]


class Workspace:
    """Open buffers, the files around them, and what bnlint says of each.

    ``given`` are settings of the client, laid over every configuration as options of a command line
    are.

    Raises:
        ConfigError: ``given`` cannot be used.
        bnlint.engine.registry.RegistryError: a rule cannot be loaded.
    """

    def __init__(self, given: Given | None = None) -> None:
        self.rules: Sequence[LoadedRule] = load_rules()
        self.disk = Watched()
        self.tree = Overlay(self.disk, {})
        self.configure(given or Given())

    def configure(self, given: Given) -> None:
        """Begin anew with other settings of the client.

        Raises:
            ConfigError: they cannot be used.
        """
        self.given = given
        self.refresh()

    def refresh(self) -> None:
        """Take it that anything on the disk may have changed.

        Raises:
            ConfigError: the settings of the client cannot be used.
        """
        self.disk.forget()
        renew(self.tree)
        self._accepted = Accepted(self.tree)
        self.configs = configurations(current(), self.given, self.rules, tree=self.tree)

    def update(self, buffers: Buffers) -> None:
        """Take over what editors changed; all that does not rest on it stays.

        Raises:
            ConfigError: the settings of the client cannot be used.
        """
        texts = self.tree.texts
        changed = {path: data for path, data in buffers.items() if texts.get(path) != data}
        files = [path for path in changed if not path.startswith(UNSAVED)]
        there = [self.tree.kind(path) for path in files]
        for path, data in changed.items():
            if data is None:
                texts.pop(path, None)
            else:
                texts[path] = data
        came_or_went = there != [self.tree.kind(path) for path in files]
        if came_or_went or any(path.endswith(".toml") for path in files):
            self.refresh()
        elif files:
            revise(files)

    def check(self, path: str, *, fix: bool = False, unsafe: bool = False) -> Result:
        """Check the buffer at ``path``, and make what can be fixed of it where that is asked for.

        Raises:
            ConfigError: its configuration cannot be used.
        """
        data, display, config, options, problems = self._of(path)
        if not path.startswith(UNSAVED) and excluded(config, path):
            return Result(display, ())
        treatment = self._accepted.treatment(path, config)._replace(fix=fix, unsafe=unsafe)
        result = treat(data, display, self.rules, options, treatment)
        result = result._replace(problems=(*problems, *result.problems))
        if result.text is None:
            with contextlib.suppress(Unreadable):
                source = decode(data, display)
                result = result._replace(text=source.text, document=source.document)
        return result

    def facts(self, path: str) -> Facts | None:
        """Return what is known of the layers of the buffer at ``path``; ``None`` without any.

        Raises:
            ConfigError: its configuration cannot be used.
        """
        data, display, _, options, _ = self._of(path)
        found = facts_of(data, display, options.folder, options.wrappers)
        return None if isinstance(found, Problem) else found

    def options(self, path: str) -> Options:
        """Return what decides the findings of the buffer at ``path``.

        Raises:
            ConfigError: its configuration cannot be used.
        """
        return self._of(path)[3]

    def _of(self, path: str) -> tuple[bytes, str, Config, Options, tuple[Problem, ...]]:
        data = self.tree.texts[path]
        if path.startswith(UNSAVED):
            config = self.configs.of(f"{current()}/-")
            options = options_for(config, f"{current()}/-", self.rules)._replace(folder=None)
            return data, path.removeprefix(UNSAVED) or "untitled", config, options, ()
        display = displayed(path, current())
        config = self.configs.of(path)
        options, problems = options_of(data, File(path, display), config, self.rules)
        return data, display, config, options, problems
