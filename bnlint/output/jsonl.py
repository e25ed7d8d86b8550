"""JSON Lines: the objects of the format ``json``, one in a line."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.output.json import dumps, objects
from bnlint.output.report import Report, Style


def render(report: Report, _style: Style) -> Iterator[str]:
    """Yield the object of each finding and each notice."""
    for found in objects(report):
        yield dumps(found, None)
