"""Outlines that are remembered between runs, by the content of the files they are of.

An outline depends on nothing but the text, so that it holds wherever that text stands. A file that
changed costs one outline; those that it is imported by are checked again with the outlines that are
known. What is read here is checked: a file that is damaged, or was made by another bnlint, counts
as not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bnlint.engine.packages import Packed
from bnlint.files.tree import DISK
from bnlint.semantics.project.outline import CLASS, FUNCTION, VARIABLE, Binding, Imports, Outline

#: More than so many are not remembered: the oldest are forgotten first.
_MOST = 30_000

_KINDS = (FUNCTION, CLASS, VARIABLE)


def packed(outline: Outline) -> Packed:
    """Return ``outline`` as plain data, without the text of its file."""
    imports = outline.imports
    bindings = {
        name: [(_KINDS.index(b.kind), b.made_of, b.start, b.end) for b in found]
        for name, found in outline.bindings.items()
    }
    return (
        {name: list(found) for name, found in imports.names.items()},
        {name: list(found) for name, found in imports.modules.items()},
        imports.stars,
        bindings,
        outline.apis,
    )


def unpacked(data: Packed, text: str) -> Outline | None:
    """Return the outline that ``data`` stands for, of a file with this ``text``.

    ``None`` where the data is of another form than :func:`packed` gives.
    """
    try:
        names, modules, stars, bindings, apis = data
        imports = Imports(
            {str(n): [(str(origin), str(other)) for origin, other in f] for n, f in names.items()},
            {str(n): [str(module) for module in f] for n, f in modules.items()},
            tuple([str(star) for star in stars]),
        )
        found = {
            str(n): [
                Binding(_KINDS[int(kind)], tuple([str(m) for m in made_of]), int(start), int(end))
                for kind, made_of, start, end in f
            ]
            for n, f in bindings.items()
        }
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return Outline(
        imports,
        found,
        text if apis else "",
        apis=bool(apis),
    )


class Outlines:
    """The outlines of a memory, read when the first one is asked for.

    ``path`` is the file that holds them, ``identity`` what tells this bnlint from any other.
    """

    def __init__(self, path: str, identity: str) -> None:
        self.path = path
        self.identity = identity
        self._known: dict[str, Packed] | None = None
        #: What was made in this process, and is to be remembered.
        self.made: dict[str, Packed] = {}

    def recall(self, digest: str, text: str) -> Outline | None:
        """Return the outline of a file whose bytes have this digest, if it is known."""
        if self._known is None:
            self._known = _read(self.path, self.identity)
        found = self._known.get(digest)
        return unpacked(found, text) if found is not None else None

    def remember(self, digest: str, outline: Outline) -> None:
        """Remember the outline of a file whose bytes have this digest."""
        self.made[digest] = packed(outline)

    def drain(self) -> dict[str, Packed]:
        """Return what was made since this was asked last, for whoever keeps the memory."""
        made, self.made = self.made, {}
        return made

    def take(self, made: Mapping[str, Packed]) -> None:
        """Remember what another process has made."""
        self.made.update(made)

    def spelled(self) -> str | None:
        """Return all that is to be remembered as text; ``None`` where nothing is new."""
        if not self.made:
            return None
        if self._known is None:
            self._known = _read(self.path, self.identity)
        kept = {**self._known, **self.made}
        for digest in list(kept)[: max(0, len(kept) - _MOST)]:
            del kept[digest]
        parts = {"identity": self.identity, "outlines": kept}
        return json.dumps(parts, separators=(",", ":"))


def _read(path: str, identity: str) -> dict[str, Packed]:
    try:
        parts = json.loads(DISK.read(path))
        if parts["identity"] != identity:
            return {}
        return {str(digest): tuple(found) for digest, found in parts["outlines"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return {}
