"""Rule documentation: the docstring of a rule's module, taken apart.

The docstring is the single source of ``bnlint explain``, of the pages under ``docs/rules`` and of
the rule table. Its form is fixed::

    One sentence that says what is wrong.

    What it does
    ------------
    ...
    Example
    -------
    Hazard (from keras):

        code that must give this finding

    Clean:

        code that must not

The tests run the examples.
"""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import NamedTuple

#: The sections a rule must have, in order; the others are optional and stand where shown.
REQUIRED = ("What it does", "Why it matters", "Example", "Fix")
SECTIONS = (*REQUIRED, "Numbers", "References")

_HEADING = re.compile(r"^(?P<title>[A-Z][^\n]*)\n-{3,}\n", re.MULTILINE)
_EXAMPLE = re.compile(
    r"^(?P<kind>Hazard|Clean)(?: \(from (?P<source>\w+)\))?:\n\n"
    r"(?P<code>(?:(?:    [^\n]*)?\n?)+)",
    re.MULTILINE,
)


class Example(NamedTuple):
    """A piece of code that must (``hazard``) or must not give the finding.

    ``source`` is the declared source family under which it is run, if any.
    """

    hazard: bool
    source: str | None
    code: str


class Page(NamedTuple):
    """A rule's documentation: its first sentence, its sections by title, its examples."""

    summary: str
    sections: dict[str, str]
    examples: tuple[Example, ...]


class DocumentationError(ValueError):
    """A rule's docstring breaks the form; the message names the rule's module and the section."""


def page(module: ModuleType) -> Page:
    """Return the documentation of the rule in ``module``.

    Raises:
        DocumentationError: there is no docstring, a required section is missing or an unknown one
            is there, or there is no hazard or no clean example.
    """
    text = inspect.cleandoc(module.__doc__ or "") + "\n"
    headings = list(_HEADING.finditer(text))
    if not headings:
        raise DocumentationError(f"{module.__name__}: the docstring has no sections")
    summary = " ".join(text[: headings[0].start()].split())
    sections: dict[str, str] = {}
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        sections[heading["title"]] = text[heading.end() : end].strip("\n")
    for title in REQUIRED:
        if title not in sections:
            raise DocumentationError(f"{module.__name__}: the section '{title}' is missing")
    for title in sections:
        if title not in SECTIONS:
            raise DocumentationError(f"{module.__name__}: there is no section '{title}'")
    examples = tuple(
        Example(match["kind"] == "Hazard", match["source"], inspect.cleandoc(match["code"]) + "\n")
        for match in _EXAMPLE.finditer(sections["Example"] + "\n")
    )
    if not any(e.hazard for e in examples) or all(e.hazard for e in examples):
        raise DocumentationError(f"{module.__name__}: the examples need a hazard and a clean one")
    return Page(summary, sections, examples)
