"""Findings written by hand, and readers of what comes out, for the tests of the output."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hypothesis import strategies as st

from bnlint.finding import Comparison, Finding, Fix, Reference, ReplaceValue, Span
from bnlint.output import Report, render

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def span(row: int = 1, column: int = 1, end_row: int = 0, end_column: int = 0) -> Span:
    """Return a span; offsets play no part in the output."""
    return Span(row, column, end_row or row, end_column or column + 1, 0, 0)


def fix(applicability: str = "safe", reason: str = "", message: str = "write eps=0.001") -> Fix:
    """Return a fix that could be carried out, unless it is manual."""
    intents = () if applicability == "manual" else (ReplaceValue(span(), "0.001"),)
    return Fix(applicability, message, intents, reason)


def finding(place: Span | None = None, **changes: Any) -> Finding:
    """Return a finding of BN103 in ``src/model.py``, with changes."""
    found = Finding(
        "BN103",
        "eps-differs",
        "error",
        "high",
        "src/model.py",
        place or span(18, 19, 18, 37),
        "BatchNorm2d leaves eps at 1e-05, the Keras default is 0.001",
    )
    return found._replace(**changes)


def reference(row: int, column: int, path: str | None = "src/model.py") -> Reference:
    """Return a reference in a file."""
    return Reference("same-file", "Keras", "keras3.layers.BatchNormalization", path, row, column)


def written(output_format: str, *findings: Finding, text: str | None = None, **style: Any) -> str:
    """Return the findings in a format; ``text`` is that of the file of the first of them."""
    texts = {findings[0].path: text} if text is not None else {}
    return "".join(render(Report(findings, texts, len(findings)), output_format, **style))


def without_color(text: str) -> str:
    """Return ``text`` without the codes that colour it."""
    return _ANSI.sub("", text)


def width(text: str) -> int:
    """Return the cells that ``text`` takes, by the Unicode tables of Python."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def unprintable(text: str) -> list[str]:
    """Return the characters of ``text`` that no terminal should be given."""
    return [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]


#: Any text, halves of surrogate pairs and control characters among it.
TEXTS = st.text(st.characters())
PLACES = st.integers(1, 200)
SPANS = st.builds(span, PLACES, PLACES, PLACES, PLACES)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary() | st.just(...),
    lambda inner: st.tuples(inner, inner),
)
FINDINGS = st.builds(
    finding,
    SPANS,
    path=TEXTS,
    code=st.sampled_from(["BN101", "BN103", "PLUGIN1234"]),
    severity=st.sampled_from(["error", "warning", "info"]),
    message=TEXTS,
    help=TEXTS,
    fix=st.none()
    | st.builds(fix, st.sampled_from(["safe", "unsafe", "manual"]), reason=TEXTS, message=TEXTS),
    reference=st.none() | st.builds(Reference, TEXTS, TEXTS, TEXTS, TEXTS, PLACES, PLACES),
    values=st.tuples() | st.tuples(st.builds(Comparison, TEXTS, VALUES, VALUES, TEXTS)),
)

#: Reports of anything.
REPORTS = st.builds(
    Report,
    st.lists(FINDINGS, max_size=4).map(tuple),
    st.dictionaries(TEXTS, TEXTS),
    st.just(4),
    notices=st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
)
