"""What has been parsed, as far as there is room: many files import the same few."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

from bnlint.semantics.syntax.module import Module

#: Characters of source that are kept parsed, in all. A parsed file takes 60 to 130 bytes for each.
_ROOM = 1_400_000

#: How often the turns of a file are doubled at most.
_MOST_DOUBLED = 8


class Parsed:
    """Files that have been parsed, by their paths.

    What is used last stays longest. A file that had to be parsed again is passed over, twice as
    often each time: else the base classes that all files of a large project derive from, 300,000
    characters of them, would be parsed once for each other file.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._modules: OrderedDict[str, Module] = OrderedDict()
        self._kept = 0
        self._times: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        self._revised: set[str] = set()

    def revise(self, file: str) -> None:
        """Take it that nobody goes by what is kept of ``file`` any more: it may be used up."""
        if file in self._modules:
            self._revised.add(file)

    def get(
        self, file: str, path: str, text: str, parse: Callable[[Module | None], Module]
    ) -> Module:
        """Return ``text``, which stands in ``file`` and is called ``path``, parsed.

        It is what ``parse`` returns, where it is not known. Whatever that raises is passed on. What
        it is given is what the file was, where that may be used up.
        """
        known = self._modules.get(file)
        if known is not None and known.text == text and known.path == path:
            self._modules.move_to_end(file)
            self._revised.discard(file)
            return known
        size = len(known.text) if known is not None else 0
        is_free = known is not None and known.path == path and file in self._revised
        module = parse(known if is_free else None)
        self._revised.discard(file)
        self._kept -= size
        self._modules[file] = module
        self._modules.move_to_end(file)
        self._kept += len(text)
        self._turns[file] = 2 ** min(self._times[file], _MOST_DOUBLED) - 1
        self._times[file] += 1
        while self._kept > self._room and len(self._modules) > 1:
            old = next(other for other in self._modules if other != file)
            if self._turns[old]:
                self._turns[old] -= 1
                self._modules.move_to_end(old)
            else:
                self._kept -= len(self._modules.pop(old).text)
        return module
