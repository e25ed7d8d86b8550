"""A suppression comment that suppresses nothing.

What it does
------------
Reports ``# bnlint: ignore[...]``, ``# bnlint: ignore-file[...]`` and bnlint's codes in ``# noqa``
that suppress no finding of this run. Codes of other tools in a shared ``noqa`` are left alone, and
so are codes that could not have fired: deselected ones, and comparisons where there is no
reference. So is what stands at a value that other files import: it counts for layers there. A bare
``# noqa`` is other tools' business.

Why it matters
--------------
A suppression that outlives its reason hides the next fault on its line.

Example
-------
Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=0.1)  # bnlint: ignore[BN101] converted from Keras

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, momentum=0.99)  # bnlint: ignore[BN101] last batch on purpose

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(64)  # noqa: E501

Fix
---
Removes the comment, or the one code of several.

Fix safety
----------
Safe: comments do not run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from bnlint.engine.directives import IGNORE, IGNORE_FILE, NOQA, Directive
from bnlint.finding import SAFE, Finding, Fix, RemoveComment
from bnlint.rule import Context, Rule
from bnlint.semantics.project.users import users
from bnlint.semantics.syntax.module import Module

RULE = Rule("BN901", "unused-suppression", "warning")

#: Rules about bnlint itself: what they report is suppressed after this rule has looked.
_OWN = RULE.code[:3]


def check_directives(
    directives: Sequence[Directive],
    used: Mapping[int, set[str]],
    known: Mapping[str, str],
    running: frozenset[str],
    context: Context,
) -> Iterator[Finding]:
    """Report suppressions, and single codes of them, that suppressed nothing."""
    codes = {name: code for code, name in known.items()}
    for index, directive in enumerate(directives):
        if directive.kind not in (IGNORE, IGNORE_FILE, NOQA):
            continue
        if not directive.selectors:
            if directive.kind != NOQA and index not in used and not _may_serve(directive, context):
                yield _finding(directive, (), "it suppresses nothing", context)
            continue
        idle = tuple(
            selector
            for selector in directive.selectors
            if (code := codes.get(selector, selector.upper())) in running
            and not code.startswith(_OWN)
            and code not in used.get(index, set())
        )
        if idle and not _may_serve(directive, context):
            several = "codes suppress" if len(idle) > 1 else "code suppresses"
            yield _finding(directive, idle, f"the {several} nothing", context)


def _may_serve(directive: Directive, context: Context) -> bool:
    """Tell whether a suppression stands at a value that other files take, and counts for these."""
    file, resolver = context.module.file, context.project.resolver
    if resolver is None:
        return False
    row = directive.span.row
    return any(
        users(resolver, file, name) != []
        for statement, name in _values(context.module)
        if directive.kind == IGNORE_FILE
        or statement.lineno - directive.alone <= row <= context.module.span(statement).end_row
    )


def _values(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yield where values are written for all of a file, with the names by which they are taken."""
    for node in ast.walk(module.tree):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or module.enclosing_function(node):
            continue
        classes = [
            outer.name for outer in module.ancestors(node) if isinstance(outer, ast.ClassDef)
        ]
        stored = (part for part in ast.walk(node) if isinstance(part, ast.Name))
        for name in classes[-1:] or [p.id for p in stored if isinstance(p.ctx, ast.Store)]:
            yield node, name


def _finding(directive: Directive, idle: tuple[str, ...], why: str, context: Context) -> Finding:
    kept = tuple(s for s in directive.selectors if s not in idle)
    text = ""
    if kept:
        text = context.module.text[directive.span.start : directive.span.end]
        before, after = (
            ("noqa: ", "") if directive.kind == NOQA else (f"bnlint: {directive.kind}[", "]")
        )
        reason = f" {directive.text}" if directive.text else ""
        text = f"# {before}{', '.join(kept)}{after}{reason}"
    listed = f" ({', '.join(idle)})" if idle else ""
    advice = f"write '{text}'" if text else "remove the comment"
    return context.report(
        RULE,
        directive.span,
        f"unused suppression{listed}: {why}",
        help=advice,
        fix=Fix(SAFE, advice, (RemoveComment(directive.span, text),)),
    )
