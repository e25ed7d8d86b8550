"""What ``bnlint rules`` and ``bnlint explain`` print, and the pages of the documentation.

All of it comes from the rules' own docstrings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bnlint.files.display import clean
from bnlint.frameworks.records import BATCH, NORM_NAMES
from bnlint.output.listing import Column, listing
from bnlint.output.report import FormatError, Style

if TYPE_CHECKING:
    from bnlint.engine.documentation import Page
    from bnlint.engine.registry import LoadedRule
    from bnlint.rule import Rule

#: The formats of the list.
FORMATS = ("table", "json")

_COLUMNS = (
    Column("code", "bold", title=True),
    Column("name", title=True),
    Column("severity", plain=True),
    Column("default"),
    Column("fix"),
    Column("what is wrong", prose=True),
)

_PAGE_WIDTH = 100  # cells; longer lines are hard to read

_RST_CODE = re.compile(r"``([^`]+)``")
_CODE_SPAN = re.compile(r"(`+[^`]+`+)")
#: What Markdown would take for markup in prose that means none.
_MARKUP = re.compile(r"[*<\\]|(?<!\w)_|_(?!\w)")
_EXAMPLE = re.compile(r"(?P<kind>Hazard|Clean)(?: \(from (?P<from_family>\w+)\))?:\Z")


def lines(rules: Sequence[LoadedRule], format: str, style: Style) -> Iterator[str]:  # noqa: A002
    """Return the lines of the list of rules in one of :data:`FORMATS`.

    Raises:
        FormatError: there is no such format.
    """
    if format == "table":
        return listing(_COLUMNS, [("", [_row(rule) for rule in rules])], style)
    if format == "json":
        return _json(rules)
    raise FormatError(f"rules can be written as {', '.join(FORMATS)}, not as {format}")


def explained(loaded: LoadedRule, style: Style) -> Iterator[str]:
    """Return the lines of a rule's page: set for a terminal, without a width as Markdown.

    Raises:
        DocumentationError: the rule's docstring breaks the form.
    """
    text = markdown(loaded)
    return iter(text.splitlines()) if style.width is None else _set(text, style)


def _set(text: str, style: Style) -> Iterator[str]:
    """Yield the lines of a Markdown text, set for a terminal."""
    import io

    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(
        file=io.StringIO(),
        width=min(style.width or _PAGE_WIDTH, _PAGE_WIDTH),
        force_terminal=style.color,
        color_system="standard" if style.color else None,
        no_color=not style.color,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(Markdown(text, code_theme="ansi_dark"))
    for line in capture.get().splitlines():
        yield line.rstrip(" ")


def markdown(loaded: LoadedRule) -> str:
    """Return the page of a rule in Markdown.

    Raises:
        DocumentationError: the rule's docstring breaks the form.
    """
    page = _page(loaded)
    parts = [f"# {loaded.name} ({loaded.code})", _prose(page.summary), _about(loaded, page)]
    sections = dict(page.sections)
    if said := _said_of(loaded):
        # What is seen goes with the numbers, which stand before the references.
        references = sections.pop("References", None)
        sections["Numbers"] = "\n\n".join(t for t in (sections.get("Numbers"), said) if t)
        if references is not None:
            sections["References"] = references
    for title, text in sections.items():
        parts.append(f"## {title}")
        parts.append(_examples(text) if title == "Example" else _prose(text))
    return "\n\n".join(parts) + "\n"


@lru_cache(maxsize=1)
def seen() -> dict[str, tuple[int, int]]:
    """Return of each built-in rule how many true and false findings were read in public code.

    The counts come from the tables in ``docs/accuracy``, by ``docs/generate.py``.
    """
    text = Path(__file__).with_name("seen.json").read_text(encoding="utf-8")
    return {code: (true, false) for code, (true, false) in json.loads(text).items()}


def _said_of(loaded: LoadedRule) -> str:
    """Return the sentence on what was seen of a rule; empty where nobody counts."""
    if loaded.code not in seen():
        return ""
    true, false = seen()[loaded.code]
    if not true and not false:
        return "Seen on public code: nothing yet, true or false."
    mended = ", as they were first run" if false else ""
    return f"Seen on public code: {true} true, {false} false{mended}."


def summary_of(loaded: LoadedRule) -> str:
    """Return the sentence that says what is wrong, as plain text.

    Raises:
        DocumentationError: the rule's docstring breaks the form.
    """
    return " ".join(_page(loaded).summary.replace("``", "").split())


def rule_table(rules: Sequence[LoadedRule], folder: str = "") -> str:
    """Return a Markdown table of the rules, each with a link to its page in ``folder``.

    Raises:
        DocumentationError: a rule's docstring breaks the form.
    """
    lines = [
        "| Code | Name | Severity | Default | Fix | What is wrong |",
        "|---|---|---|---|---|---|",
    ]
    for loaded in rules:
        page = _page(loaded)
        texts = (
            f"[{loaded.code}]({folder}{loaded.code}.md)",
            loaded.name,
            loaded.rule.severity,
            "on" if loaded.default else "off",
            " or ".join(page.fixes) or "none",
            _prose(page.summary),
        )
        lines.append(f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |")
    return "\n".join(lines) + "\n"


def unproven(rules: Sequence[LoadedRule], folder: str = "") -> str:
    """Return, in Markdown, the rules that run unasked and were never seen to speak truly."""
    links = [
        f"[{loaded.code}]({folder}{loaded.code}.md)"
        for loaded in rules
        if loaded.default and loaded.code in seen() and not seen()[loaded.code][0]
    ]
    return (
        "These rules are on by default, and had nothing true to say on the public code that they\n"
        f"were run on: {', '.join(links)}.\n"
    )


def _page(loaded: LoadedRule) -> Page:
    from bnlint.engine.documentation import page

    return page(loaded.module)


def _known(loaded: LoadedRule) -> tuple[str, Sequence[str]]:
    """Return the summary of a rule and the kinds of its fixes.

    A plug-in's rule is listed even if nobody has documented it.
    """
    from bnlint.engine.documentation import DocumentationError

    try:
        page = _page(loaded)
    except DocumentationError:
        return "", ()
    return page.summary.replace("``", ""), page.fixes


def _row(loaded: LoadedRule) -> tuple[str, ...]:
    summary, kinds = _known(loaded)
    default = "on" if loaded.default else "off"
    fix = " or ".join(kinds) or "none"
    texts = (loaded.code, loaded.name, loaded.rule.severity, default, fix, summary)
    return tuple(clean(text) for text in texts)


def _json(rules: Sequence[LoadedRule]) -> Iterator[str]:
    from bnlint.output.json import dumps

    objects = []
    for loaded in rules:
        summary, kinds = _known(loaded)
        objects.append(
            {
                "code": loaded.code,
                "name": loaded.name,
                "severity": loaded.rule.severity,
                "confidence": loaded.rule.confidence,
                "default": loaded.default,
                "needs_reference": loaded.rule.needs_reference,
                "norms": loaded.rule.norms,
                "fix": kinds,
                "summary": summary or None,
            }
        )
    yield dumps(objects)


def _about(loaded: LoadedRule, page: Page) -> str:
    """Return the line that says how the rule is set, and what it can do."""
    rule = loaded.rule
    fix = " or ".join(page.fixes)
    parts = [
        f"Severity: {rule.severity}",
        f"confidence: {rule.confidence}",
        f"{'on' if rule.default else 'off'} by default",
        "needs a reference" if rule.needs_reference else "",
        _kinds(rule),
        f"fix: {fix}" if fix else "no automatic fix",
    ]
    return f"*{'; '.join(part for part in parts if part)}.*"


def _kinds(rule: Rule) -> str:
    """Return for which kinds of normalisation a rule holds, where that is not batches alone."""
    if rule.norms == (BATCH,):
        return ""
    names = [NORM_NAMES[kind] for kind in rule.norms]
    return "for " + " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _prose(text: str) -> str:
    """Return a docstring's prose in Markdown, markup characters that mean nothing escaped."""
    text = _RST_CODE.sub(r"`\1`", text)
    parts = _CODE_SPAN.split(text)
    parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)


def _examples(text: str) -> str:
    """Return the example section with its indented code in fences."""
    from textwrap import dedent

    parts: list[str] = []
    lines: list[str] = []
    in_code = False
    for line in [*text.split("\n"), "end"]:
        is_code = line.startswith("    ")
        if line.strip() and is_code != in_code:
            block = "\n".join(lines).strip("\n")
            if in_code:
                parts.append(f"```python\n{dedent(block)}\n```")
            elif block:
                parts.append("\n".join(_label(prose) for prose in block.split("\n")))
            lines, in_code = [], is_code
        lines.append(line)
    return "\n\n".join(parts)


def _label(line: str) -> str:
    """Return a line between examples, which as a rule says what the next one is."""
    found = _EXAMPLE.match(line)
    if found is None:
        return _prose(line)
    declared = f" (with `--from {found['from_family']}`)" if found["from_family"] else ""
    return f"**{found['kind']}**{declared}:"
