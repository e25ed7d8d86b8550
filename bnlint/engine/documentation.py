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

    Fix
    ---
    What is written.

    Fix safety
    ----------
    Safe ... (when, and why)

    Unsafe ...

    Not written ...

The section Fix begins with "None" where a rule writes nothing; there is no Fix safety then. The
tests run the examples.
"""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import NamedTuple

from bnlint.finding import MANUAL, SAFE, UNSAFE

#: The sections a rule must have, in order; the others are optional and stand where shown.
REQUIRED = ("What it does", "Why it matters", "Example", "Fix")
SECTIONS = (*REQUIRED, "Fix safety", "Numbers", "References")

#: What a paragraph of Fix safety speaks of, and the applicability of the fixes that it is about.
SAFETY = {"Safe": SAFE, "Unsafe": UNSAFE, "Not written": MANUAL}

_HEADING = re.compile(r"^(?P<title>[A-Z][^\n]*)\n-{3,}\n", re.MULTILINE)
_EXAMPLE = re.compile(
    r"^(?P<kind>Hazard|Clean)(?: \(from (?P<from_family>\w+)\))?:\n\n"
    r"(?P<code>(?:(?:    [^\n]*)?\n?)+)",
    re.MULTILINE,
)


class Example(NamedTuple):
    """A piece of code that must (``hazard``) or must not give the finding.

    ``from_family`` is the family with which it is run (``--from``), if any.
    """

    hazard: bool
    from_family: str | None
    code: str


class Page(NamedTuple):
    """A rule's documentation: its first sentence, its sections by title, its examples.

    ``fixes`` are the applicabilities that the rule's fixes may have, text only not counted.
    """

    summary: str
    sections: dict[str, str]
    examples: tuple[Example, ...]
    fixes: tuple[str, ...] = ()


class DocumentationError(ValueError):
    """A rule's docstring breaks the form; the message names the rule's module and the section."""


def page(module: ModuleType) -> Page:
    """Return the documentation of the rule in ``module``.

    Raises:
        DocumentationError: there is no docstring, a required section is missing or an unknown one
            is there, there is no hazard or no clean example, or the fixes are not accounted for.
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
        Example(
            match["kind"] == "Hazard", match["from_family"], inspect.cleandoc(match["code"]) + "\n"
        )
        for match in _EXAMPLE.finditer(sections["Example"] + "\n")
    )
    if not any(e.hazard for e in examples) or all(e.hazard for e in examples):
        raise DocumentationError(f"{module.__name__}: the examples need a hazard and a clean one")
    return Page(summary, sections, examples, _fixes(module.__name__, sections))


def _fixes(name: str, sections: dict[str, str]) -> tuple[str, ...]:
    """Return the applicabilities that the section Fix safety speaks of.

    Raises:
        DocumentationError: it is missing, there for nothing, or has a paragraph of another form.
    """
    writes, safety = not sections["Fix"].startswith("None"), sections.get("Fix safety")
    if writes is (safety is None):
        what = "is missing" if writes else "is there, and nothing is written"
        raise DocumentationError(f"{name}: the section 'Fix safety' {what}")
    found = set()
    for paragraph in safety.split("\n\n") if safety is not None else ():
        kinds = [kind for word, kind in SAFETY.items() if re.match(rf"{word}\b", paragraph)]
        if not kinds:
            raise DocumentationError(
                f"{name}: a paragraph of 'Fix safety' begins with {', '.join(SAFETY)}"
            )
        found.update(kinds)
    return tuple(kind for kind in (SAFE, UNSAFE) if kind in found)
