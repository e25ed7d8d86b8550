"""What is found out about one object while it is followed, in whatever file."""

from __future__ import annotations

from bnlint.semantics.objects import holders
from bnlint.semantics.objects.events import Use
from bnlint.semantics.objects.holders import Owner
from bnlint.semantics.values.domain import Evaluate


class Walk:
    """What has been found out about one object so far."""

    def __init__(self, ev: Evaluate) -> None:
        self.ev = ev
        self.uses: list[Use] = []
        self.escapes = ""
        self.entered = 0
        self.owners: list[Owner] = []
        self.switches = {
            method
            for framework in ev.frameworks.frameworks.values()
            for method, _ in (*framework.modes.to_inference, *framework.modes.to_training)
        }

    def check_attributes(self) -> None:
        """Note that the view ends where an attribute that holds the object may hold another."""
        for owner in self.owners:
            if not self.escapes and (name := holders.replaced(self.ev, owner)):
                self.escapes = f"self.{name} of {owner.cls.node.name} may hold another object"
