"""Which files are worth parsing for what the other files of their project hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import DEFINES_SCRIPT, TAKES_GRADIENTS
from bnlint.semantics.hints.things import BINDS_MODEL
from bnlint.semantics.project.marks import marks_of, takes_weights
from bnlint.semantics.project.resolver import Grounds, Importer, Resolver
from bnlint.semantics.values.memo import Memo
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
        DEFINES_SCRIPT, BINDS_MODEL, "__main__", re.escape(TAKES_GRADIENTS),
        rf"\.(?:{methods})\(", rf"^(?: {{4}})?with \S*(?:{contexts})",
    )  # fmt: skip
    return re.compile("|".join(words), re.MULTILINE).search


def takes_part(resolver: Resolver, place: Importer, text: str) -> bool:
    """Tell whether a file may do something with models that other files of its project build."""
    if place.name.partition(".")[0] in resolver.tops:
        return False  # the source of a framework, which its table speaks for
    return (
        hands_over(resolver, place.file, text)
        or switches_unknown_models(resolver, place.file, text)
        or moves_weights(resolver, place.file, text)
        or makes_graph_steps(resolver, place.file, text)
    )


def hands_over(resolver: Resolver, file: str, text: str) -> bool:
    """Tell whether a file may take models from files that it imports, or hand them to some.

    One of them, or the file itself, speaks of modes, and one of models. The file is one that does
    something, and no mere collection of layers.
    """
    if not _acts()(text):
        return False
    files = resolver.behind(file)
    if not files:
        return False
    found = [marks_of(text), *map(resolver.sources.marks, files)]
    return any(marks.modes for marks in found) and any(
        marks.apis or marks.models for marks in found
    )


def switches_unknown_models(resolver: Resolver, file: str, text: str) -> bool:
    """Tell whether a file switches the modes of models whose class it need not know.

    It switches what a class of it keeps, or takes gradients beside, and a file of the project
    builds batch normalisation.
    """
    if _switches("")(text) is None:
        return False
    if TAKES_GRADIENTS not in text and _switches(r"self\.\w+")(text) is None:
        return False
    return builds_norms(resolver, file)


def moves_weights(resolver: Resolver, file: str, text: str) -> bool:
    """Tell whether a file goes through the weights of models, or saves them without statistics.

    A file of the project builds batch normalisation.
    """
    return takes_weights(text) and builds_norms(resolver, file)


def makes_graph_steps(resolver: Resolver, file: str, text: str) -> bool:
    """Tell whether a file makes the operation that trains a graph, with an optimiser of its own.

    A file of the project builds batch normalisation.
    """
    return _makes_step()(text) is not None and builds_norms(resolver, file)


@lru_cache(maxsize=1)
def _makes_step() -> Callable[[str], Any]:
    """Return a search for an optimiser of a graph, with what makes a step behind it."""
    vocabularies = [table["vocabulary"] for table in catalogue().tables.values()]
    paths = [path for words in vocabularies for path in words.get("graph_optimizers", ())]
    makers = {path.split(".")[-2] for path in paths}
    methods = "|".join(sorted(m for m in catalogue().names("apply_methods") if len(m) > 5))
    packages = "|".join(sorted(makers))
    return re.compile(rf"\b(?:{packages})\.\w*Optimizer\b[\s\S]*\.(?:{methods})\(").search


@lru_cache(maxsize=2)
def _switches(of: str) -> Callable[[str], Any]:
    """Return a search for a switch of what is written as ``of``, a pattern."""
    names = "|".join(sorted(catalogue().switches()))
    return re.compile(rf"{of}\.(?:{names})\(").search


_BUILDS: Memo[str, bool] = Memo()


def builds_norms(resolver: Resolver, file: str) -> bool:
    """Tell, by the text, whether a file of the project around ``file`` builds normalisation."""
    return builds_norms_below(resolver, resolver.sources.root(file))


def builds_norms_below(resolver: Resolver, root: str) -> bool:
    """Tell, by the text, whether a file of the project in ``root`` builds normalisation."""
    with resolver.sources.asking("norms", root):
        known = _BUILDS.of(resolver)
        if root not in known:
            found = map(resolver.sources.marks, resolver.sources.below(root))
            known[root] = any(marks.apis for marks in found)
        return known[root]


_MAKES: Memo[str, tuple[bool, Grounds]] = Memo()


def may_make_models(resolver: Resolver, place: Importer, text: str) -> bool:
    """Tell whether batch normalisation may be in what a file makes.

    It, or a file that its imports lead to, however far, names an API or a ready-made model.
    """
    if place.name.partition(".")[0] in resolver.tops:
        return False  # the source of a framework, which its table speaks for
    found = marks_of(text)
    if found.apis or found.models:
        return True
    known = _MAKES.of(resolver)
    if place.file not in known:
        with resolver.sources.noting() as grounds:
            makes, seen = _search(resolver, place.file)
        for file in (place.file,) if makes else seen:  # what these lead to was all seen
            known[file] = makes, grounds
    makes, grounds = known[place.file]
    resolver.sources.note(grounds)
    return makes


def _search(resolver: Resolver, start: str) -> tuple[bool, set[str]]:
    """Return whether a file that imports lead to names anything, and the files looked at."""
    known = _MAKES.of(resolver)
    seen = {start: None}
    queue = [start]
    for importer in queue:
        fresh = [file for file in resolver.imported(importer) if file not in seen]
        seen |= dict.fromkeys(fresh)
        for file in fresh:
            marks = resolver.sources.marks(file)
            if marks.apis or marks.models:
                return True, set(seen)
            if file in known:
                makes, grounds = known[file]
                resolver.sources.note(grounds)
                if makes:
                    return True, set(seen)
            else:
                queue.append(file)
    return False, set(seen)
