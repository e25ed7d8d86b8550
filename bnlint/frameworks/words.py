"""Computes from the tables the words that ``marks.py`` looks for in a text; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: A token shorter than this would let files through that have nothing to do with the matter.
_SHORTEST_TOKEN = 8


def tokens(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a few substrings, one of which stands in every text that names an API.

    To call an API, a file must spell the last component of one of its aliases, or of what makes it
    by its name. From these components the substring that most of them share is taken (the longest
    such, the first in order), and so on for the rest until each is covered.
    """
    rest = sorted(
        {
            alias.rpartition(".")[2]
            for table in tables
            for row in (*table["api"], *table["maker"])
            for alias in row["aliases"]
        }
    )
    found = []
    while rest:
        parts = sorted({part for name in rest for part in _parts(name)})
        best = max(parts, key=lambda part: (sum(part in name for name in rest), len(part)))
        found.append(best)
        rest = [name for name in rest if best not in name]
    return sorted(found)


def model_words(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return words, one of which stands in a text that builds or loads a model ready-made.

    They are the last components of builders and loaders; a component too plain to tell anything
    (``load``) stays with the one before it. What reads models of another format, or makes those it
    is given the name of, is known by its package.
    """
    words: set[str] = set()
    for table in tables:
        vocabulary = table["vocabulary"]
        for word in ("builders", "loaders"):
            words.update(_telling(path) for path in vocabulary.get(word, ()))
        for word in ("importers", "makes_by_name"):
            words.update(path.partition(".")[0] for path in vocabulary.get(word, ()))
    return sorted(w for w in words if not any(o != w and o in w for o in words))


def mode_words(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return words, one of which stands in a text that does something with modes or gradients.

    It switches a mode, switches gradients off or records them, keeps weights from being trained, or
    takes a model out of, or in from, a format that fixes its mode. Where models start in training,
    or an argument decides, it may load weights: they are to be used.
    """
    words: set[str] = set()
    for table in tables:
        modes, vocabulary = table["modes"], table["vocabulary"]
        for word in ("gradient_free", "tapes"):
            words.update(path.rpartition(".")[2] for path in modes.get(word, ()))
        words.update(row["name"] for row in modes.get("freezes", ()))
        for row in modes.get("to_inference", ()):
            if "argument" not in row:
                words.add(f".{row['method']}(")
        for word in ("exporters", "keeping_values"):
            words.update(_telling(path) for path in vocabulary.get(word, ()))
        if modes.get("switch") == "object" and modes.get("initial") == "training":
            words.update(vocabulary.get("load_methods", ()))
        if modes.get("switch") == "argument":
            words.update(f".{method}(" for method in vocabulary.get("load_methods", ()))
            words.update(f".{method}(" for method in vocabulary.get("apply_methods", ()))
        words.update(path.partition(".")[0] for path in vocabulary.get("importers", ()))
    return sorted(w for w in words if not any(o != w and o in w for o in words))


def state_words(tables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names that only running statistics have: ``running_var``, and not ``mean``."""
    words = {
        name.replace("/", ".").rpartition(".")[2]
        for table in tables
        for api in table["api"]
        for name in api["state"]["statistics"]
    }
    return sorted(w for w in words if len(w) >= _SHORTEST_TOKEN and "_" in w.strip("_"))


def _telling(path: str) -> str:
    """Return the last component of an import path, with the one before it if that is too plain.

    Of a method, it is the class.
    """
    package, _, name = path.removesuffix("*").rpartition(".")
    owner = package.rpartition(".")[2]
    if owner[:1].isupper() and name.islower():
        return owner
    plain = len(name) < _SHORTEST_TOKEN and name.isalpha() and name.islower()
    return f"{owner}.{name}" if plain else name


def _parts(name: str) -> set[str]:
    """Return the substrings of ``name`` long enough for a token, or ``name`` if it is short."""
    ends = range(_SHORTEST_TOKEN, len(name) + 1)
    return {name[i:end] for end in ends for i in range(end - _SHORTEST_TOKEN + 1)} or {name}
