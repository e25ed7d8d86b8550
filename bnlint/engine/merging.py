"""One finding for each definition, however many layers take what is defined there."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from bnlint.finding import MANUAL, Finding, Fix, Intent, Span
from bnlint.rule import Context
from bnlint.semantics.layers.sites import Site


def by_definition(findings: Iterable[Finding], context: Context) -> list[Finding]:
    """Return ``findings`` with those merged that speak of one value, written in one place.

    The merged finding stands where the value is written, if that is in this file and layers take it
    in several places, and else where the first stood. It says how many layers take the value.
    """
    sites = {context.module.span(site.call).start: site for site in reversed(context.sites)}
    groups: dict[tuple[str, Span | ast.AST, str], list[Finding]] = {}
    for finding in findings:
        site = sites.get(finding.subject) if finding.argument else None
        node = _definition(site, finding.argument, context) if site is not None else None
        found = groups.setdefault((finding.code, node or finding.span, finding.argument), [])
        # A call that is given the value as it is written there speaks for all that take it.
        if site is not None and node is not None and node is site.value(finding.argument).argument:
            found.insert(0, finding)
        else:
            found.append(finding)
    return [_merged(found, place, context) for (_, place, _), found in groups.items()]


def _definition(site: Site, argument: str, context: Context) -> ast.AST | None:
    """Return where the value of an argument is written, ``None`` for what an API leaves it at."""
    there = context.decided_outside(site, argument)
    value = site.value(argument)
    return there or (value.node if not value.from_default else None)


def _merged(findings: list[Finding], place: Span | ast.AST, context: Context) -> Finding:
    first = findings[0]
    number = len({finding.subject for finding in findings})
    if number < 2:
        return first
    span = first.span
    if len({finding.span for finding in findings}) > 1:
        if isinstance(place, ast.expr) and context.owns(place):
            span = context.module.span(place)
        else:
            span = min(findings, key=lambda finding: finding.span.start).span
    return first._replace(
        span=span,
        message=first.message + ("" if isinstance(place, Span) else f"; {number} layers take it"),
        fix=_joint(first.fix, findings),
    )


def _joint(fix: Fix | None, findings: list[Finding]) -> Fix | None:
    """Return the fix that makes the changes of all ``findings``, if each of them has one."""
    if fix is None:
        return None
    intents: dict[Intent, None] = {}
    for finding in findings:
        if finding.fix is None or not finding.fix.intents:
            why = finding.fix.reason if finding.fix is not None else ""
            return Fix(MANUAL, fix.message, (), why or "not every layer can be changed")
        intents |= dict.fromkeys(finding.fix.intents)
    return fix._replace(intents=tuple(intents))
