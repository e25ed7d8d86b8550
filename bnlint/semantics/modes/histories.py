"""The histories of the models of a file: what is made, and all that is done with it.

Mode rules ask :meth:`bnlint.rule.Context.histories` for them, and get what they may speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.switches import is_made_of_switched, manages_itself
from bnlint.semantics.objects.allocations import Made, constructions_for
from bnlint.semantics.objects.events import Life
from bnlint.semantics.objects.history import life_of
from bnlint.semantics.objects.models import Contents
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate


class History:
    """A model that a file makes, and its life. Both are worked out when they are asked for."""

    def __init__(self, ev: Evaluate, module: Module, sites: Sequence[Site], made: Made) -> None:
        self.made = made
        self._ev = ev
        self._module = module
        self._sites = sites

    @property
    def framework(self) -> Framework:
        """The framework of the model."""
        return self.made.framework

    @property
    def life(self) -> Life:
        """What is done with the model."""
        return life_of(self._ev, self._module, self.made.origins)

    @property
    def contents(self) -> Contents:
        """What the model is made of."""
        return self.made.contents(self._ev, self._sites)

    @property
    def only_if(self) -> str:
        """Which classes normalise of those that the model may be of, if not all of them do."""
        return self.made.only_if(self._ev, self._sites)

    @property
    def in_test(self) -> bool:
        """Whether the model is made in a test."""
        return in_test(self._module, self.made.call)

    def follows_its_mode(self) -> bool:
        """Tell whether batch normalisation is in the model, in the mode that its life shows.

        It is not known to be where the model switches itself, or is made of what may have been
        switched before. This takes longest to find out, and is best asked last.
        """
        found = self.contents
        if not found.normalises or manages_itself(self._ev, found, self.framework):
            return False
        return not is_made_of_switched(self._ev, self._module, self.made)


def histories(
    ev: Evaluate,
    module: Module,
    sites: Sequence[Site],
    *,
    shows: bool,
    initial: str = "",
    switches: Sequence[str] = ("object",),
    whole: bool = True,
) -> Iterator[History]:
    """Yield the histories of the models of ``module`` that a rule may speak of.

    They are all models where the file ``shows`` something that the rule is about; else those that
    it hands to code of other files. ``switches`` says how their modes are switched, as the tables
    have it, and ``initial`` in which mode they start, if that matters. ``whole`` leaves out what
    is not all in view.
    """
    for made in constructions_for(ev, module, shows=shows):
        modes = made.framework.modes
        if modes.switch not in switches or (initial and modes.initial != initial):
            continue
        history = History(ev, module, sites, made)
        if not whole or not history.life.escapes:
            yield history
