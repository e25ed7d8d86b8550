"""Regular expressions that are compiled when they are first used.

Compiling one takes 50 to 700 microseconds, and Python compiles all of a module's when it is
imported: thirty of them took 5 ms of a run on one file, which uses ten.
"""

from __future__ import annotations

import re

from bnlint.startup.typed import TYPE_CHECKING


class _Lazy:
    """Stands for a pattern, whose methods it takes over one by one as they are asked for."""

    def __init__(self, text: str | bytes, flags: int = 0) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)  # from now on it is found without coming here
        return found


if TYPE_CHECKING:
    from typing import AnyStr

    def lazy(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """Return a pattern as :func:`re.compile` does, but compile it only when it is used."""
        ...
else:
    lazy = _Lazy
