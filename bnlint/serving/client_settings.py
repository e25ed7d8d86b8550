"""What an editor may set: some options of the command line, and what only editors have."""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.config.settings import Given, Selection
from bnlint.config.suggestions import suggestion
from bnlint.finding import CONFIDENCES
from bnlint.frameworks.tables import catalogue
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any


class ClientSettings(NamedTuple):
    """The settings of an editor, and what is wrong with those that it sent.

    ``inlay_hints`` asks for the decay of each layer behind its call, ``translate_to`` are the
    frameworks that layers are offered to be translated to; empty, all are.
    """

    given: Given = Given()
    inlay_hints: bool = False
    translate_to: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _confidence(value: Any) -> str | None:
    return value if value in CONFIDENCES else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _families(value: Any) -> tuple[str, ...] | None:
    names = _texts(value)
    tables = catalogue()
    found = [tables.family(name) or name for name in names or ()]
    return None if names is None or set(found) - set(tables.described) else tuple(found)


#: The settings by name: what reads one, and what it is to be.
_READERS = {
    "from": (_text, "the name of a framework"),
    "select": (_texts, "a list of rules"),
    "extendSelect": (_texts, "a list of rules"),
    "ignore": (_texts, "a list of rules"),
    "minConfidence": (_confidence, f"one of {', '.join(CONFIDENCES)}"),
    "inlayHints": (_flag, "true or false"),
    "translateTo": (_families, "a list of frameworks"),
}


def client_settings(sent: object) -> ClientSettings | None:
    """Return the settings that an editor sent; what is wrong among them counts as not set.

    Some editors send every server the settings of all: ``None`` if there are none for bnlint.
    """
    own = sent.get("bnlint", sent.get("settings", sent)) if isinstance(sent, Mapping) else sent
    if isinstance(own, Mapping) and own is sent:
        own = {n: v for n, v in own.items() if n in _READERS or not isinstance(v, Mapping)} or None
    if own is None:
        return None
    if not isinstance(own, Mapping):
        return ClientSettings(mistakes=(f"settings: expected an object, found {own!r}",))
    found: dict[str, Any] = {}
    mistakes: list[str] = []
    for name, value in own.items():
        if name not in _READERS:
            mistakes.append(f"unknown setting {name}{suggestion(str(name), _READERS)}")
            continue
        if value is None:
            continue
        read, wanted = _READERS[name]
        found[name] = read(value)
        if found[name] is None:
            mistakes.append(f"setting {name}: expected {wanted}, found {value!r}")
    selection = Selection(
        found.get("select"), found.get("extendSelect") or (), found.get("ignore") or ()
    )
    given = Given(
        selection, min_confidence=found.get("minConfidence"), from_family=found.get("from")
    )
    return ClientSettings(
        given, bool(found.get("inlayHints")), found.get("translateTo") or (), tuple(mistakes)
    )
