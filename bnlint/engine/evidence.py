"""Puts to each finding the experiment that can prove it, with the layer as the fix makes it."""

from __future__ import annotations

from collections.abc import Callable

from bnlint.engine.registry import LoadedRule
from bnlint.finding import Finding
from bnlint.fixes.edits import applied
from bnlint.rule import Context
from bnlint.semantics.layers.sites import Site
from bnlint.trial import Layer, Trial

#: The fixed layers of a file so far, by the experiment and what the fix writes for what. Reading a
#: file anew for each of 500 findings that are alike would take longer than all else.
Known = dict[tuple[object, ...], Layer]


def with_trial(
    finding: Finding,
    context: Context,
    loaded: LoadedRule,
    reread: Callable[[str], Context],
    known: Known,
) -> Finding:
    """Return ``finding`` with its experiment, where its rule states one.

    ``reread`` gives the context of the same file with another text, and raises as a parser does
    where that cannot be parsed; ``known`` keeps what it gave.
    """
    experiment = loaded.checks.get("experiment")
    site = _site(context, finding.subject)
    if experiment is None or site is None:
        return finding
    trial: Trial | None = experiment(finding, site, context)
    if trial is not None and trial.fixed is None:
        trial = trial._replace(fixed=_fixed(finding, trial, context, loaded, reread, known))
    return finding._replace(trial=trial)


def _site(context: Context, start: int) -> Site | None:
    for site in context.sites:
        if context.module.span(site.call).start == start:
            return site
    return None


def _fixed(
    finding: Finding,
    trial: Trial,
    context: Context,
    loaded: LoadedRule,
    reread: Callable[[str], Context],
    known: Known,
) -> Layer | None:
    """Return the layer that the fixed text makes, as the same experiment has it."""
    fix = finding.fix
    if fix is None or not fix.edits:
        return None
    written = [(context.module.text[edit.start : edit.end], edit.text) for edit in fix.edits]
    key = (finding.code, trial, *written)
    if key not in known:
        layer = _read(finding, context, loaded, reread)
        if layer is None:
            return None
        known[key] = layer
    return known[key]


def _read(
    finding: Finding, context: Context, loaded: LoadedRule, reread: Callable[[str], Context]
) -> Layer | None:
    fix = finding.fix
    assert fix is not None
    text = applied(context.module.text, fix.edits)
    try:
        after = reread(text.new)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for start in (text.start(finding.subject), text.end(finding.subject)):
        site = _site(after, start)
        if site is not None:
            trial: Trial | None = loaded.checks["experiment"](finding, site, after)
            return trial.port if trial is not None else None
    return None
