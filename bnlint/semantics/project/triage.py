"""Which files are worth parsing for what the other files of their project hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import DEFINES_SCRIPT
from bnlint.semantics.hints.things import BINDS_MODEL
from bnlint.semantics.project.marks import marks_of
from bnlint.semantics.project.outline import outline_of
from bnlint.semantics.project.resolver import Importer, Resolver
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


@lru_cache(maxsize=1)
def _acts() -> Callable[[str], Any]:
    # What a script does, and hardly ever a file that defines layers.
    methods, contexts = (
        "|".join(sorted(catalogue().names(word))) for word in ("script_methods", "script_contexts")
    )
    words = (
        DEFINES_SCRIPT, BINDS_MODEL, "__main__",
        rf"\.(?:{methods})\(", rf"^(?: {{4}})?with \S*(?:{contexts})",
    )  # fmt: skip
    return re.compile("|".join(words), re.MULTILINE).search


def hands_over(resolver: Resolver, place: Importer, text: str) -> bool:
    """Tell whether a file may take models from files that it imports, or hand them to some.

    One of them, or the file itself, speaks of modes, and one of models. The file is one that does
    something, and no mere collection of layers.
    """
    if place.name.partition(".")[0] in resolver.tops:
        return False  # the source of a framework, which its table speaks for
    if "import" not in text or not _acts()(text):
        return False
    files = resolver.behind(place, resolver.outline(place.file) or outline_of(text))
    if not files:
        return False
    found = [marks_of(text), *filter(None, map(resolver.sources.marks, files))]
    return any(marks.modes for marks in found) and any(
        marks.apis or marks.models for marks in found
    )
