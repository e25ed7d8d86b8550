"""One finding for each definition, however many layers take what is defined there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from bnlint.finding import MANUAL, Definition, Finding, Fix, Intent, Span
from bnlint.rule import Context
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.value import PRESUMED


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
    return [_merged(found, place, context, sites) for (_, place, _), found in groups.items()]


def takers(layers: int) -> str:
    """Return what the message of a finding about a definition says of those that take it."""
    return f"; {layers} layers take it"


def _definition(site: Site, argument: str, context: Context) -> ast.AST | None:
    """Return where the value of an argument is written, ``None`` for what an API leaves it at."""
    there = context.decided_outside(site, argument)
    value = site.value(argument)
    return there or (value.node if not value.from_default else None)


def _merged(
    findings: list[Finding], place: Span | ast.AST, context: Context, sites: Mapping[int, Site]
) -> Finding:
    first = findings[0]
    number = len({finding.subject for finding in findings})
    if not isinstance(place, Span):
        first = first._replace(definition=_shared(first, place, number, sites))
    if number < 2:
        return first
    span = first.span
    if len({finding.span for finding in findings}) > 1:
        if isinstance(place, ast.expr) and context.owns(place):
            span = context.module.span(place)
        else:
            span = min(findings, key=lambda finding: finding.span.start).span
    rows = sorted({finding.span.row for finding in findings})
    where = f", from line {rows[0]} to line {rows[-1]}" if len(rows) > 1 else ""
    return first._replace(
        span=span,
        message=first.message + ("" if isinstance(place, Span) else takers(number) + where),
        fix=_joint(first.fix, findings),
    )


def _shared(
    finding: Finding, node: ast.AST, layers: int, sites: Mapping[int, Site]
) -> Definition | None:
    """Return where the value ``node`` of a finding is written, if that is for all of a file.

    What a caller gives is none: it is the caller's own.
    """
    site = sites[finding.subject]
    value = site.value(finding.argument)
    module = _module_of(site, finding.argument, node)
    if value.kind == PRESUMED or not isinstance(node, ast.expr):
        return None
    if module is None or not module.file or module.enclosing_function(node) is not None:
        return None
    if not isinstance(module.statement(node), (ast.Assign, ast.AnnAssign)):
        return None
    return Definition(module.file, module.span(node), layers)


def _module_of(site: Site, argument: str, node: ast.AST) -> Module | None:
    """Return the module in which a value of ``site`` is written."""
    resolution = site.resolutions[0]
    given = resolution.matched.given.get(resolution.api.roles.get(argument, ""))
    modules = [site.value(argument).module, given.module if given is not None else None]
    return next((m for m in modules if m is not None and node in m.parents), None)


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
