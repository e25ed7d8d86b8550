"""A text before and after edits, and where places of the one are in the other."""

from __future__ import annotations

from collections.abc import Sequence

from bnlint.finding import Edit
from bnlint.startup.typed import NamedTuple


class Text(NamedTuple):
    """A text with its edits: what it was, what it is, and how places moved."""

    old: str
    new: str
    edits: tuple[Edit, ...]

    def start(self, offset: int) -> int:
        """Return where a region that began at ``offset`` begins now; it takes in insertions."""
        return offset + sum(
            len(e.text) - (e.end - e.start)
            for e in self.edits
            if e.end <= offset and not e.start == e.end == offset
        )

    def end(self, offset: int) -> int:
        """Return where a region that ended at ``offset`` ends now; it takes in insertions."""
        return offset + sum(len(e.text) - (e.end - e.start) for e in self.edits if e.end <= offset)


def applied(old: str, edits: Sequence[Edit]) -> Text:
    """Return ``old`` with ``edits``, which must not overlap."""
    ordered = tuple(sorted(edits))
    parts: list[str] = []
    position = 0
    for edit in ordered:
        parts += [old[position : edit.start], edit.text]
        position = edit.end
    return Text(old, "".join([*parts, old[position:]]), ordered)
