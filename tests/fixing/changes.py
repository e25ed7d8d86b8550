"""Carries out intents on pieces of code, and makes rules and fixers that misbehave."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import ModuleType, SimpleNamespace
from typing import NamedTuple
from unittest import mock

from bnlint.engine import drafts
from bnlint.engine.linter import Options, Result
from bnlint.engine.registry import LoadedRule, load_fixers, load_rules
from bnlint.finding import SAFE, Edit, Finding, Fix, Intent, Span
from bnlint.fixes.rewriting import Refused
from bnlint.fixing.rounds import fix
from bnlint.rule import Context, Rule
from bnlint.semantics.syntax.module import Module, parse

#: A file is only looked at where one of the names of the APIs stands in it.
HEAD = "from torch.nn import BatchNorm2d\n"


def carried_out(text: str, make: Callable[[Module, ast.Call], Sequence[Intent]]) -> str:
    """Return ``text`` after the intents on its first call of ``BN``, or why they were refused."""
    module = parse("f.py", text)
    call = next(
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "BN"
    )
    return edited(text, module, tuple(make(module, call)))


def edited(text: str, module: Module, intents: tuple[Intent, ...]) -> str:
    """Return ``text`` after ``intents``, or why they were refused; what comes out must parse."""
    try:
        edits = drafts.draft(Fix(SAFE, "", intents), module)
    except Refused as refused:
        return f"refused: {refused}"
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    ast.parse(text)
    return text


@lru_cache(maxsize=1)
def all_rules() -> tuple[LoadedRule, ...]:
    return load_rules()


def fixed(
    code: str | bytes,
    *,
    from_family: str | None = None,
    unsafe: bool = True,
    path: str = "script.py",
    only: Sequence[str] = (),
) -> Result:
    """Return what comes of fixing ``code`` with all rules, or ``only`` some; no rule crashes."""
    codes = frozenset(only or (r.code for r in all_rules()))
    data = code.encode() if isinstance(code, str) else code
    result = fix(data, path, all_rules(), Options(codes, from_family=from_family), unsafe=unsafe)
    assert result.problems == ()
    return result


def text_after(result: Result) -> str:
    """Return the fixed text."""
    assert result.after is not None
    return result.after.decode()


# -------------------------------------------------------------------------- rules made for a test


class Write(NamedTuple):
    """An intent that says itself what is written: edits relative to the start of its target."""

    target: Span
    edits: tuple[tuple[int, int, str], ...]


def _write(intent: Write, module: Module) -> tuple[Edit, ...]:
    start = intent.target.start
    return tuple(Edit(start + first, start + last, text) for first, last, text in intent.edits)


#: For a match: the edits of the fix, relative to the start of the match.
Edits = Callable[["re.Match[str]"], Sequence[tuple[int, int, str]]]


def over(text: str) -> Edits:
    """Return edits that write ``text`` over the whole match."""
    return lambda match: [(0, len(match[0]), text)]


def made(
    code: str, pattern: str, edits: Edits | None, when: str = "", argument: str = ""
) -> LoadedRule:
    """Return a rule that finds what matches ``pattern``, in files where ``when`` matches."""
    rule = Rule(code, code.lower(), "error")

    def check_file(context: Context) -> Iterator[Finding]:
        text = context.module.text
        if not re.search(when, text):
            return
        for match in re.finditer(pattern, text):
            span = context.module.lines.between(match.start(), match.end())
            change = None
            if edits is not None:
                intent = Write(span, tuple(edits(match)))
                change = Fix(SAFE, "change it", (intent,))  # type: ignore[arg-type]
            yield context.report(
                rule, span, f"found {match[0]}", fix=change, argument=argument
            )._replace(subject=match.start())

    return LoadedRule(rule, ModuleType(code), {"check_file": check_file})


def fixed_by(text: str | bytes, *rules: LoadedRule, writes: object = _write) -> Result:
    """Return what comes of fixing ``text`` with rules made for a test."""
    data = text.encode() if isinstance(text, str) else text
    codes = frozenset(rule.code for rule in rules)
    fixers = {**load_fixers(), Write: SimpleNamespace(INTENT=Write, edits=writes)}
    with mock.patch.object(drafts, "fixers", lambda: fixers):
        return fix(data, "f.py", rules, Options(codes))
