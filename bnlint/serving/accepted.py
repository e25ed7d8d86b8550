"""What the baselines of configurations accept, each of them read once."""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.config.options import Config, ConfigError, Mistake
from bnlint.files.tree import Tree
from bnlint.fixing.baseline import BaselineError, Entry, load
from bnlint.running.treatment import Treatment


class Accepted:
    """What may remain of files, as the baselines of their configurations say."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._known: dict[str, Mapping[str, Mapping[Entry, int]]] = {}

    def treatment(self, path: str, config: Config) -> Treatment:
        """Return how the file at ``path`` is checked: without what is accepted of it.

        Raises:
            ConfigError: the baseline cannot be used.
        """
        if config.baseline is None:
            return Treatment()
        known = self._known.get(config.baseline)
        if known is None:
            try:
                known = load(config.baseline, self.tree).files
            except BaselineError as error:
                raise ConfigError(Mistake(config.file or "", "baseline", str(error))) from None
            self._known[config.baseline] = known
        return Treatment(accepted=known.get(path, {}))
