"""What the values of command-line options are read as.

Each function raises :class:`argparse.ArgumentTypeError` with a line that says what is expected.
"""

from __future__ import annotations

import argparse


def words(text: str) -> list[str]:
    """Parse a list of words."""
    return [word for word in (part.strip() for part in text.split(",")) if word]


def rules(text: str) -> list[str]:
    """Parse a list of rules; an empty one would pass every file unread."""
    found = words(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected codes or names of rules, found {text!r}")
    return found


def output(text: str) -> tuple[str, str | None]:
    """Parse ``FORMAT`` or ``FORMAT=FILE``."""
    from bnlint.config.options import FORMATS
    from bnlint.config.suggestions import suggested

    name, equals, file = text.partition("=")
    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"no output format {name!r}{suggested(name, FORMATS)}")
    if equals and not file:
        raise argparse.ArgumentTypeError(f"expected FORMAT=FILE, found {text!r}")
    return name, file or None


def reason(text: str) -> str:
    """Parse the reason of a suppression: one line that ends no comment."""
    found = text.strip()
    if not found or "#" in found or not found.isprintable():
        raise argparse.ArgumentTypeError(f"expected a reason in one line without #, found {text!r}")
    return found


def seconds(text: str) -> tuple[float, float]:
    """Parse ``SECONDS`` or ``SECONDS,TOTAL``."""
    try:
        each, _, total = text.partition(",")
        limits = float(each), float(total) if total else 1800.0
    except ValueError:
        limits = (0.0, 0.0)
    if not all(0 < limit < 1e6 for limit in limits):
        raise argparse.ArgumentTypeError(f"expected SECONDS or SECONDS,TOTAL, found {text!r}")
    return limits


def per_file_ignores(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Parse ``GLOB:RULE,GLOB:RULE``."""
    ignores: dict[str, list[str]] = {}
    for part in words(text):
        glob, colon, rule = part.rpartition(":")
        if not colon or not glob or not rule:
            raise argparse.ArgumentTypeError(f"expected GLOB:RULE, found {part!r}")
        ignores.setdefault(glob, []).append(rule)
    return [(glob, tuple(codes)) for glob, codes in ignores.items()]


def positive(text: str) -> int:
    """Parse a number above 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return int(text)
