"""How files are called in what a person reads."""

from __future__ import annotations

import os

from bnlint.startup.patterns import lazy

#: What no terminal should be sent: control characters, and bytes of names that are not UTF-8.
_UNPRINTABLE = lazy("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def current() -> str:
    """Return the current folder, with forward slashes."""
    return os.getcwd().replace(os.sep, "/")


def displayed(path: str, cwd: str) -> str:
    """Return the absolute ``path`` as it is shown: relative to ``cwd`` where it is below it."""
    shown = path.removeprefix(f"{cwd.rstrip('/')}/") if path != cwd else "."
    return shown if shown.isascii() and shown.isprintable() else _UNPRINTABLE.sub("\ufffd", shown)
