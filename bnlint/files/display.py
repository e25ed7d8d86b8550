"""How text and files are shown: what a terminal or the log of a CI service may be sent."""

from __future__ import annotations

import os
import re

from bnlint.startup.patterns import lazy

#: C0 and C1 controls, marks that reorder the text around them, line and paragraph separators,
#: halves of surrogate pairs, and what CI services take for a command wherever it stands in a line:
#: ``##[`` (GitHub), ``##vso[`` (Azure), ``##teamcity[``.
_HARMFUL = lazy(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
    r"|#(?=#(?:vso|teamcity)?\[)"
)


def as_said(name: str) -> str:
    """Return what code calls something as a sentence says it: in quotes if it would read as a word.

    ``self.net`` would not.
    """
    return f"'{name}'" if name.isidentifier() else name


def clean(text: str) -> str:
    """Return ``text`` with a visible character in the place of each that may do harm.

    Every character is replaced by one character, so that places in the text stay what they are.
    """
    if begins_command(text):
        start = text.index(":")
        text = f"{text[:start]}{_ALIKE[':']}{text[start + 1 :]}"
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    return _HARMFUL.sub(_visible, text)


def encoded(path: str) -> bytes:
    """Return ``path`` as bytes: what was no UTF-8 as it was, other half surrogates as they are.

    POSIX has the first kind in names of files, Windows the second.
    """
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def begins_command(text: str) -> bool:
    """Tell whether GitHub takes a line that begins with ``text`` for a command."""
    return "::" in text and text.lstrip().startswith("::")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # the picture of the control character
    return _ALIKE.get(match[0], "\ufffd")


_ALIKE = {"\x7f": "\u2421", ":": "\ua789", "#": "\u266f"}


def current() -> str:
    """Return the current folder, with forward slashes."""
    return os.getcwd().replace(os.sep, "/")


def displayed(path: str, cwd: str) -> str:
    """Return the absolute ``path`` as it is shown: relative to ``cwd`` where it is below it."""
    shown = path.removeprefix(f"{cwd.rstrip('/')}/") if path != cwd else "."
    # no line may begin with what a CI service takes for a command, and this is the same path
    return clean(f"./{shown}" if begins_command(shown) else shown)
