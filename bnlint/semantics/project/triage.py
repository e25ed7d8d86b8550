"""What the text of a file tells before it is parsed: whether it may hold anything for bnlint."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import DEFINES_INFERENCE, DEFINES_SCRIPT
from bnlint.semantics.hints.things import BINDS_MODEL
from bnlint.semantics.project.outline import Glance
from bnlint.semantics.project.resolver import Importer, Layout
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


@lru_cache(maxsize=1)
def _names() -> Callable[[str], Any]:
    return re.compile("|".join(map(re.escape, sorted(catalogue().tokens)))).search


@lru_cache(maxsize=1)
def _own_words() -> Callable[[str], Any]:
    tables = catalogue()
    # A mode switch that is named and not called ends its line.
    uncalled = rf"\.(?:{'|'.join(sorted(tables.switches()))})[ \t]*(?:[#;\r\n]|\Z)"
    words = [*map(re.escape, sorted(tables.tokens)), "bnlint:", uncalled]
    return re.compile("|".join(words)).search


@lru_cache(maxsize=1)
def _models() -> Callable[[str], Any]:
    return re.compile("|".join(map(re.escape, catalogue().model_words))).search


@lru_cache(maxsize=1)
def _modes() -> Callable[[str], Any]:
    return re.compile("|".join([*map(re.escape, catalogue().mode_words), DEFINES_INFERENCE])).search


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


def mentions_api(text: str) -> bool:
    """Tell whether a text names an API of any framework, or what makes one."""
    return _names()(text) is not None


def speaks_for_itself(text: str) -> bool:
    """Tell whether a text names an API, or runs a ready-made model in a mode that matters."""
    if _own_words()(text) is not None:
        return True
    return _modes()(text) is not None and _models()(text) is not None


def speaks_of_modes(glance: Glance) -> bool:
    """Tell whether a file switches modes or gradients, or has a function named for inference."""
    return _modes()(glance.text) is not None


def _speaks_of_models(glance: Glance) -> bool:
    return _names()(glance.text) is not None or _models()(glance.text) is not None


def hands_over(layout: Layout, place: Importer, text: str) -> bool:
    """Tell whether a file may take models from files that it imports, or hand them to some.

    One of them, or the file itself, speaks of modes, and one of models. The file is one that does
    something, and no mere collection of layers.
    """
    if "import" not in text or not _acts()(text):
        return False
    glance = layout.look(place.file)
    if glance is None or glance.text != text:
        glance = Glance(text)
    files = layout.behind(place, glance)
    return all(
        layout.answer(glance, asks) or any(layout.file_answers(file, asks) for file in files)
        for asks in ((_speaks_of_models, speaks_of_modes) if files else (_nothing,))
    )


def _nothing(_: Glance) -> bool:
    return False
