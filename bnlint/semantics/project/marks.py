"""Which words that matter a text holds: names of APIs, of ready-made models, of switches of modes.

They are looked for as text, before anything is parsed. A word that stands in a comment counts too:
what is found here only decides what is worth parsing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import TAKES_GRADIENTS
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple
from bnlint.startup.words import Words

if TYPE_CHECKING:
    from typing import Any

_DEFINED = lazy(r"def (\w+)")

_IMPORTED = lazy(r"(?m)^[ \t]*(?:from|import)[ \t]+(\w+)")

_SWITCH_BY_PLACE = lazy(r"(?i)norm\w*\([^()\n=]*,\s*(?:True|False)\s*[,)]")

#: An eps that is taken of a configuration, and a layer that is given none.
_CONFIGURED = lazy(r"(?i)eps\w*\s*=\s*[\w.]*(?:conf|cfg|args|hp)\w*(?:\.|\[.)\w*eps")
_NO_EPS = lazy(r"(?i)norm\w*\((?:(?!eps)[^()])*\)")

#: With what a name goes on.
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

#: How a comment begins that talks to bnlint.
_TALKS = "bnlint:"

#: What the names of functions for inference have in them.
_EVALUATES = ("eval", "test", "predict", "infer", "valid", "demo")


class Marks(NamedTuple):
    """What a text speaks of.

    ``apis`` tells whether it names an API of any framework, ``models`` whether it names a
    ready-made model or what loads one, and ``modes`` whether it switches modes or gradients, or has
    a function that is named for inference.
    """

    apis: bool
    models: bool
    modes: bool


def marks_of(text: str) -> Marks:
    """Return what ``text`` speaks of."""
    return Marks(mentions_api(text), names_model(text), switches_modes(text))


def mentions_api(text: str) -> bool:
    """Tell whether a text names an API of any framework, or what makes one.

    No ``get_normal_name`` is a ``get_norm``, while ``batch_normalization`` is an API as
    ``batch_norm`` is: only the words that go on in the name of an API may go on in the text.
    """
    found = _words().found_in(text)
    return not found.anywhere.isdisjoint(_unended()) or not found.ending.isdisjoint(
        catalogue().tokens
    )


@lru_cache(maxsize=1)
def _words() -> Words:
    """Return all the words that are looked for here."""
    tables = catalogue()
    norms = (*tables.tokens, *tables.norm_tokens, *tables.state_words)
    models = (*tables.mode_words, *tables.model_words, *_weights())
    return Words((*norms, *models, TAKES_GRADIENTS, _TALKS))


@lru_cache(maxsize=1)
def _unended() -> frozenset[str]:
    """Return the words for APIs with which a name of one goes on."""
    names = " ".join(alias.rpartition(".")[2] for alias in catalogue().aliases)
    return frozenset(
        token for token in catalogue().tokens if any(token + letter in names for letter in _LETTERS)
    )


def mentions_statistics(text: str) -> bool:
    """Tell whether a text has a word that only running statistics are called."""
    return not _words().found_in(text).anywhere.isdisjoint(catalogue().state_words)


def mentions_norm(text: str) -> bool:
    """Tell whether a text names a layer that normalises otherwise than by batches."""
    return not _words().found_in(text).anywhere.isdisjoint(catalogue().norm_tokens)


def is_about_norms(text: str, *, compared: bool, unsure: bool = False) -> bool:
    """Tell whether a text is worth parsing for layers that normalise otherwise than by batches.

    It names one, and is ``compared`` with something, imports the frameworks of both sides of a
    port, gives such a layer true or false by its place, among its numbers, or says whether one
    tracks statistics. Where what is
    ``unsure`` counts too, it may take the eps of some of its layers of a configuration.
    """
    if not mentions_norm(text):
        return False
    if unsure and _CONFIGURED.search(text) is not None and _NO_EPS.search(text) is not None:
        return True
    if compared or _SWITCH_BY_PLACE.search(text) is not None or _imports_two(text):
        return True
    return any(word in text for word in _tracking())


@lru_cache(maxsize=1)
def _tracking() -> frozenset[str]:
    """Return the arguments that say whether other kinds of normalisation track statistics."""
    norms = (row for table in catalogue().tables.values() for row in json.loads(table["norm"]))
    return frozenset(row["statistics"]["argument"] for row in norms if "statistics" in row)


def _imports_two(text: str) -> bool:
    """Tell whether a text imports frameworks of two ecosystems."""
    tables = catalogue().roots(_IMPORTED.findall(text))
    return len({catalogue().tables[name]["framework"]["ecosystem"] for name in tables}) > 1


def names_model(text: str) -> bool:
    """Tell whether a text names a ready-made model, or what loads or makes one.

    No ``Exception`` is an xception: a name begins with the word.
    """
    return not _words().found_in(text).beginning.isdisjoint(catalogue().model_words)


def switches_modes(text: str) -> bool:
    """Tell whether a text switches modes or gradients, or has a function named for inference.

    Taking gradients counts: what is run beside may be meant for inference.
    """
    found = _words().found_in(text).anywhere
    if TAKES_GRADIENTS in found or not found.isdisjoint(catalogue().mode_words):
        return True
    functions = " ".join(_DEFINED.findall(text))
    return any(word in functions for word in _EVALUATES)


def speaks_for_itself(text: str) -> bool:
    """Tell whether a text is worth parsing whatever stands in the other files of its project.

    It names an API or running statistics, talks to bnlint, names a switch of modes without calling
    it, gives layers lists of weights, reads averages of variables back, or runs a ready-made model
    in a mode that matters.
    """
    found = _words().found_in(text).anywhere
    if _TALKS in found or mentions_statistics(text):
        return True
    if mentions_api(text) or _uncalled()(text) is not None:
        return True
    if lists_weights(text) or any(f".{w}(" in text for w in catalogue().names("restoring_methods")):
        return True
    return (switches_modes(text) or takes_weights(text)) and names_model(text)


def lists_weights(text: str) -> bool:
    """Tell whether a text gives layers lists of weights, and has words for mean and variance."""
    return (
        "mean" in text
        and "var" in text
        and any(f".{word}(" in text for word in catalogue().names("takes_weights"))
    )


def takes_weights(text: str) -> bool:
    """Tell whether a text goes through the weights of two models, or collects those of one."""
    found = _words().found_in(text).anywhere
    return not found.isdisjoint(_weights()) and _takes()(text) is not None


@lru_cache(maxsize=1)
def _weights() -> frozenset[str]:
    return frozenset(f".{name}(" for name in catalogue().names("without_statistics"))


@lru_cache(maxsize=1)
def _takes() -> Callable[[str], Any]:
    names = "|".join(sorted(catalogue().names("without_statistics")))
    savers = "|".join(sorted(catalogue().names("variable_savers")))
    return re.compile(
        rf"zip\([^\n]*\.(?:{names})\(|in [\w.]+\.(?:{names})\(\)[\]}}]"
        rf"|(?:[dD]ict|list)\([\w.]+\.(?:{names})\(\)\)|(?:{savers})\([^\n]*(?:{names})\("
    ).search


@lru_cache(maxsize=1)
def _uncalled() -> Callable[[str], Any]:
    # A mode switch that is named and not called ends its line.
    names = "|".join(sorted(catalogue().switches()))
    return re.compile(rf"\.(?:{names})[ \t]*(?:[#;\r\n]|\Z)").search
