"""Asks rules about a file: what they find, and what becomes of one that crashes.

A crash is a problem that costs this rule on this file, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from bnlint.engine.crashes import crashed, followed, is_too_deep
from bnlint.engine.directives import Directive, Suppressed, suppress
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.finding import Finding, Problem
from bnlint.rule import Context
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from bnlint.engine.facts import Failure
    from bnlint.semantics.layers.sites import Site


def asked(
    loaded: LoadedRule,
    context: Context,
    options: Options,
    problems: list[Problem],
    notices: list[str],
) -> Iterator[Finding]:
    """Run the checks of one rule; a crash is a problem and costs this rule on this file.

    Of code that is nested too deeply to be followed, a rule says nothing more, and a notice tells
    so. What a rule of severity ``info`` has to say of single sites is asked for only by who
    selects it.
    """
    try:
        of_sites = "check_site" in loaded.checks
        if of_sites and (loaded.rule.severity != "info" or loaded.code in options.explicit):
            yield from _at_sites(loaded, context)
        # What a rule says of other kinds, it says of their sites.
        of_file = context.frameworks.of_batches or not of_sites
        if of_file and "check_file" in loaded.checks:
            about_file = list(_findings(loaded.checks["check_file"](context)))
            # What is said of a file may rest on all of it, and not all of it was followed.
            if not context.evaluator.budget.is_spent:
                yield from about_file
    except Exception as error:
        if is_too_deep(error, context.module):
            notices.append(f"nested too deeply in places: {loaded.code} does not speak of them")
            return
        problems.append(crashed(f"rule {loaded.code}", error, context.module.path))


def unreadable(
    failure: Failure, text: str | None, rules: Sequence[LoadedRule], options: Options
) -> Result:
    """Return what rules say of a file that could not be read or parsed."""
    found: list[Finding] = []
    problems: list[Problem] = []
    for loaded in rules:
        if loaded.code not in options.codes or "check_unreadable" not in loaded.checks:
            continue
        try:
            found += _findings(loaded.checks["check_unreadable"](failure))
        except Exception as error:
            problems.append(crashed(f"rule {loaded.code}", error, failure.path))
    return Result(
        failure.path,
        tuple(found),
        tuple(problems),
        text=text if found else None,
        checked=True,
    )


def about_directives(
    directives: Sequence[Directive],
    suppressed: Suppressed,
    context: Context,
    rules: Sequence[LoadedRule],
    options: Options,
    problems: list[Problem],
) -> list[Finding]:
    """Return what rules say of the directives of a file, less what these suppress."""
    found: list[Finding] = []
    known = {loaded.code: loaded.name for loaded in rules}
    running = options.codes
    if options.from_family is None and not context.named:
        running = running - {r.code for r in rules if r.rule.needs_reference}
    for loaded in rules:
        if loaded.code not in options.codes or "check_directives" not in loaded.checks:
            continue
        check_directives = loaded.checks["check_directives"]
        try:
            found += _findings(
                check_directives(directives, suppressed.used, known, running, context)
            )
        except Exception as error:
            problems.append(crashed(f"rule {loaded.code}", error, context.module.path))
    return suppress(found, [d for d in directives if d.selectors], context.module).remaining


def _at_sites(loaded: LoadedRule, context: Context) -> Iterator[Finding]:
    """Yield what is found at each site of a kind that the rule speaks of.

    What the constructor of a class in another file decides is found there, and not reported here.
    Nothing is said of a setting that another file may change later.
    """
    for site in context.sites:
        if any(api.norm not in loaded.rule.norms for api in site.apis):
            continue
        with followed(context.module):
            for finding in _findings(loaded.checks["check_site"](site, context)):
                if finding.argument and finding.argument in _unsettled(context, site):
                    continue
                name = finding.argument
                there = context.decided_outside(site, name) if name else None
                if there is None or not context.is_derived_outside(site):
                    yield finding


def _unsettled(context: Context, site: Site) -> Collection[str]:
    from bnlint.semantics.layers.external_writes import (
        unsettled,  # only where there is something to say
    )

    return unsettled(context.project, site)


def _findings(found: Iterable[Any]) -> Iterator[Finding]:
    """Yield what a check found, so that anything else it gives counts as a crash of its rule."""
    for finding in found:
        if not isinstance(finding, Finding):
            raise TypeError(f"a check gives findings, not {type(finding).__name__}")
        yield finding
