"""From what a rule wants changed to the edits that change it: intents through fixers to text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import ModuleType
from typing import Any

from bnlint.engine.registry import load_fixers
from bnlint.finding import (
    MANUAL,
    ArgumentsToKeywords,
    Edit,
    Finding,
    Fix,
    InsertStatement,
    Intent,
    RemoveArgument,
    RenameKeyword,
    SetKeyword,
    Span,
)
from bnlint.fixes.rewriting import Refused, code, comments, parse_call
from bnlint.semantics.syntax.depth import is_deep
from bnlint.semantics.syntax.module import Module

#: Intents that are about a whole call.
_OF_CALLS = (SetKeyword, RenameKeyword, ArgumentsToKeywords, RemoveArgument)


@lru_cache(maxsize=1)
def fixers() -> Mapping[type, ModuleType]:
    """Return the fixers, loaded once.

    Raises:
        bnlint.engine.registry.RegistryError: one of them cannot be loaded.
    """
    return load_fixers()


def region(intent: Intent) -> Span:
    """Return the place that an intent declares it will touch."""
    if isinstance(intent, _OF_CALLS):
        return intent.call
    if isinstance(intent, InsertStatement):
        return intent.anchor
    return intent.target


def with_edits(finding: Finding, module: Module) -> Finding:
    """Return ``finding`` with the edits of its fix; a fix that cannot be written is text only."""
    fix = finding.fix
    if fix is None or not fix.intents:
        return finding
    try:
        fix = fix._replace(edits=draft(fix, module))
    except Refused as refusal:
        fix = Fix(MANUAL, fix.message, (), str(refusal))
    return finding._replace(fix=fix)


def draft(fix: Fix, module: Module) -> tuple[Edit, ...]:
    """Return the edits that carry out the intents of ``fix``, in the order of the text.

    Raises:
        Refused: one of the intents cannot be carried out here.
    """
    edits: list[Edit] = []
    calls: dict[Span, list[Intent]] = {}
    for intent in fix.intents:
        if isinstance(intent, _OF_CALLS) and _has(intent, "rewrite"):
            calls.setdefault(intent.call, []).append(intent)
        else:
            edits += _fixer(intent).edits(intent, module)
    for span, intents in calls.items():
        edits += _rewritten(span, intents, module)
    edits.sort()
    if any(left.end > right.start for left, right in pairwise(edits)):
        raise Refused("the changes overlap")
    return tuple(edits)


def _rewritten(span: Span, intents: Sequence[Intent], module: Module) -> Iterator[Edit]:
    """Yield the edit that carries out all ``intents`` on the call at ``span``."""
    text = module.text[span.start : span.end]
    if is_deep(text):
        raise Refused("the call is nested too deeply")
    before = after = parse_call(text)
    for intent in intents:
        after = _fixer(intent).rewrite(after, intent)
    if comments(after) != comments(before):
        raise Refused("a comment would be lost")
    new = code(before, after, text)
    start = _common(text, new)
    end = _common(text[start:][::-1], new[start:][::-1])
    if text != new:
        yield Edit(span.start + start, span.end - end, new[start : len(new) - end])


def _common(left: str, right: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def _has(intent: Intent, function: str) -> bool:
    return hasattr(_fixer(intent), function)


def _fixer(intent: Intent) -> Any:
    fixer = fixers().get(type(intent))
    if fixer is None:
        raise Refused(f"no fixer carries out {type(intent).__name__}")
    return fixer
