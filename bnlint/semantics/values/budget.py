"""Counts the steps that are left for a file, of those that ``evaluator.py`` allows it.

So the work ends at the same place everywhere.
"""

from __future__ import annotations

#: Why it is not known what stands in a file that has cost all it may.
TOO_LARGE = "too large to follow"


class Budget:
    """The steps that are left for all questions about one file.

    They are steps of the evaluator and no seconds: what is found must not hang on the machine, on
    what else it does, or on the number of processes.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self) -> bool:
        """Take a step; tell whether there was one left."""
        self.left -= 1
        return self.left >= 0

    @property
    def is_spent(self) -> bool:
        """Whether a step was asked for that was not there: not all of the file was followed."""
        return self.left < 0
