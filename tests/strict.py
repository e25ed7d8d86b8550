"""Has questions fail in tests that no table can answer, since what they ask for is misspelt.

A word of the vocabulary, or a role of an argument, that does not exist is one that no framework
has: what asks for it would be silent, and nobody would see why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from bnlint.frameworks.records import Api
from bnlint.frameworks.schema import ROLES, VOCABULARY
from bnlint.frameworks.tables import Catalogue, Frameworks

#: What tables say of modes, which can be asked for like a word.
_OF_MODES = ("gradient_free", "tapes", "phase_setters")

WORDS = frozenset((*VOCABULARY, *_OF_MODES))


def refuse_what_is_misspelt() -> None:
    """Check each word and role that is asked for from now on."""
    for owner, name, at, known in (
        (Frameworks, "word", 1, WORDS),
        (Frameworks, "shares", 2, WORDS),
        (Frameworks, "first", 1, WORDS),
        (Frameworks, "means", 2, WORDS),
        (Catalogue, "names", 1, WORDS),
        (Api, "attribute", 1, ROLES),
    ):
        setattr(owner, name, _checked(getattr(owner, name), at, known))


def _checked(plain: Callable[..., Any], at: int, known: Collection[str]) -> Callable[..., Any]:
    @wraps(plain)
    def asked(*arguments: Any) -> Any:
        assert arguments[at] in known, f"there is no {arguments[at]}"
        return plain(*arguments)

    return asked
