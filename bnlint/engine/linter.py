"""Checks one file: from its bytes to findings, with the edits of their fixes.

:func:`check` never raises for what a file contains: what cannot be read becomes a finding, a rule
that crashes becomes a problem that costs this rule on this file only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.engine.asking import about_directives, asked, unreadable
from bnlint.engine.comparing import context_of, hints, offered, paired_with, uncompared
from bnlint.engine.crashes import crashed, is_too_deep
from bnlint.engine.directives import (
    PORT_OF,
    Directive,
    find_directives,
    may_have_directives,
    suppress,
    suppressed_where_written,
)
from bnlint.engine.facts import (
    Facts,
    Failure,
    file_in,
    is_interesting,
    may_be_port,
    other_norms,
    parse_file,
    read_facts,
    syntax_failure,
)
from bnlint.engine.options import Options as Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result as Result
from bnlint.files.source import Source, Unreadable, decode
from bnlint.finding import CONFIDENCES, MANUAL, SAFE, UNSAFE, Finding, Fix, Problem
from bnlint.frameworks.records import BATCH
from bnlint.rule import Context
from bnlint.semantics.project.marks import is_about_norms, mentions_norm
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module, parse
from bnlint.semantics.values.budget import TOO_LARGE
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.engine.evidence import Known
    from bnlint.files.documents import Document
    from bnlint.frameworks.records import Wrapper
    from bnlint.semantics.layers.alignment import Pair


def check(data: bytes, path: str, rules: Sequence[LoadedRule], options: Options) -> Result:
    """Check one file given as bytes; ``path`` is what it is called in the findings."""
    try:
        source = decode(data, path)
    except Unreadable as error:
        failure = Failure(path, error.message, error.row, error.column)
        return unreadable(failure, None, rules, options)
    file = file_in(options.folder, path)
    if not is_interesting(source.text, options.wrappers, file):
        compares = options.from_family is not None or bool(options.references)
        infers = options.infer and not options.native
        unsure = options.min_confidence == CONFIDENCES[-1]
        if not is_about_norms(source.text, compared=compares, unsure=unsure) and not (
            infers and may_be_port(source.text, file)
        ):
            return Result(path, ())
    try:
        module = parse_file(path, source.text, file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return unreadable(syntax_failure(source, error), source.text, rules, options)
    try:
        result = _check_module(module, rules, options)
        if source.document is not None:
            result = _with_flaws(source, source.document, result, rules, options)
        return result
    except Exception as error:  # a fault of bnlint's own costs this file only
        if is_too_deep(error, module):
            return unreadable(syntax_failure(source, error), source.text, rules, options)
        return Result(path, (), (crashed("bnlint", error, path),))


def _with_flaws(
    source: Source,
    document: Document,
    result: Result,
    rules: Sequence[LoadedRule],
    options: Options,
) -> Result:
    """Return the result of a document with what keeps the first of its blocks from being read."""
    result = result._replace(document=document)
    if not document.flaws:
        return result
    flaw = document.flaws[0]
    try:
        parse(source.path, flaw.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        failure = syntax_failure(source._replace(text=flaw.code), error)
        failure = failure._replace(row=failure.row + flaw.row - 1)
        others = len(document.flaws) - 1
        if others:
            more = "1 more cell is" if others == 1 else f"{others} more cells are"
            failure = failure._replace(message=f"{failure.message} ({more} not read either)")
        found = unreadable(failure, source.text, rules, options)
        findings = sorted((*result.findings, *found.findings), key=lambda f: f.sort_key)
        problems = (*result.problems, *found.problems)
        text = source.text if findings else None
        return result._replace(findings=tuple(findings), problems=problems, text=text)
    return result


#: The project of the file checked last. It forgets the file when the next one has been checked:
#: to take a tree apart is 2 % of a run, and needless at the end of the process.
_done: list[Project] = []


def _check_module(module: Module, rules: Sequence[LoadedRule], options: Options) -> Result:
    facts = read_facts(module, options.from_family, options.wrappers)
    paired = paired_with(facts, options)
    result = check_facts(facts, rules, options, paired.pairs, paired.references)
    return result._replace(problems=(*paired.problems, *result.problems))


def check_facts(
    facts: Facts,
    rules: Sequence[LoadedRule],
    options: Options,
    named: Sequence[Pair] = (),
    references: Sequence[Facts] = (),
) -> Result:
    """Check a file that was read already.

    ``named`` pairs its sites with those of a named reference, ``references`` are the files of it.
    """
    module = facts.module
    problems: list[Problem] = []
    notices: list[str] = []
    context = context_of(facts, options, named, references)
    found: list[Finding] = []
    for loaded in rules:
        if loaded.code in options.codes:
            found += asked(loaded, context, options, problems, notices)
    found = _one_per_argument(found)
    unlisted = [
        (finding.code, finding.reference.framework)
        for finding in found
        if finding.reference is not None and not _is_listed(finding, options)
    ]
    found = [finding for finding in found if _is_wanted(finding, options)]
    if found:
        from bnlint.engine.merging import by_definition

        found = by_definition(found, context)
    other = _context_of_other_norms(context, facts, rules, options, references)
    if other is not None:
        found += _of_other_norms(other, rules, options, problems, notices)
    directives: list[Directive] = []
    if found or may_have_directives(module.text):
        directives = find_directives(module)
    suppressed = suppress(found, directives, module)
    found = [f for f in suppressed.remaining if not _is_suppressed_elsewhere(f, context)]
    found += about_directives(directives, suppressed, context, rules, options, problems)
    if found:
        from bnlint.semantics.syntax.concrete import confirmed

        found = [
            _with_fix(finding, module, options, problems)
            for finding in found
            if confirmed(module, finding)
        ]
        if options.trials:
            known: Known = {}
            found = [
                _with_trial(
                    f, _spoken_of(f, context, other), rules, options.wrappers, problems, known
                )
                for f in found
            ]
    if other is not None:
        other.project.forget()
        for side in other.references:
            side.project.forget()
    alone = uncompared(context, rules, options)
    result = Result(
        module.path,
        tuple(sorted(found, key=lambda finding: finding.sort_key)),
        tuple(problems),
        notices=(*notices, *_too_large(facts), *_reference_notices(directives, options)),
        text=module.text if found else None,
        checked=True,
        uncompared=len(alone),
        layers=len(context.sites),
        hints=tuple(hints(context, alone)),
        offers=tuple(offered(facts, context, options)),
        unlisted=tuple(unlisted),
    )
    while _done:
        _done.pop().forget()
    _done.append(context.project)
    return result


def _is_suppressed_elsewhere(finding: Finding, context: Context) -> bool:
    """Tell whether a comment suppresses a finding in another file, where its value is written."""
    place, resolver = finding.definition, context.project.resolver
    if place is None or resolver is None or place.path == context.module.file:
        return False
    there = resolver.sources.module(place.path)
    return there is not None and suppressed_where_written(finding, there)


def _context_of_other_norms(
    context: Context,
    facts: Facts,
    rules: Sequence[LoadedRule],
    options: Options,
    references: Sequence[Facts],
) -> Context | None:
    """Return the file with its other kinds of normalisation, where a rule has to look at them."""
    speaking = any(r.rule.norms != (BATCH,) and r.code in options.codes for r in rules)
    if not speaking or not mentions_norm(facts.module.text):
        return None
    from bnlint.engine.other_norms import context_of_norms

    return context_of_norms(context, facts, options, references)


def _of_other_norms(
    other: Context,
    rules: Sequence[LoadedRule],
    options: Options,
    problems: list[Problem],
    notices: list[str],
) -> list[Finding]:
    """Return what rules have to say of other kinds of normalisation than that of batches."""
    found: list[Finding] = []
    for loaded in rules:
        if loaded.rule.norms != (BATCH,) and loaded.code in options.codes:
            found += asked(loaded, other, options, problems, notices)
    found = [f for f in _one_per_argument(found) if _is_wanted(f, options)]
    if len(found) > 1:
        from bnlint.engine.merging import by_definition

        found = by_definition(found, other)
    return found


def _spoken_of(finding: Finding, context: Context, other: Context | None) -> Context:
    """Return the one of two readings of a file that has the layer of a finding."""
    if other is None:
        return context
    starts = {other.module.span(site.call).start for site in other.sites}
    return other if finding.subject in starts else context


def _with_fix(
    finding: Finding, module: Module, options: Options, problems: list[Problem]
) -> Finding:
    """Return ``finding`` with the edits of its fix, and as safe as the options have it."""
    from bnlint.engine.drafts import with_edits

    fix = finding.fix
    if fix is None or not fix.intents:
        return finding
    if finding.code in options.unfixable:
        fix = Fix(MANUAL, fix.message, (), "the configuration keeps it from being fixed")
        return finding._replace(fix=fix)
    if finding.code in options.safe_fixes:
        finding = finding._replace(fix=fix._replace(applicability=SAFE, reason=""))
    elif finding.code in options.unsafe_fixes:
        reason = fix.reason or "the configuration has it as unsafe"
        finding = finding._replace(fix=fix._replace(applicability=UNSAFE, reason=reason))
    try:
        return with_edits(finding, module)
    except Exception as error:
        if is_too_deep(error, module):
            return finding._replace(fix=Fix(MANUAL, fix.message, (), "it is nested too deeply"))
        problems.append(crashed(f"the fix of {finding.code}", error, module.path))
        return finding._replace(fix=Fix(MANUAL, fix.message, (), "the fixer crashed"))


def _with_trial(
    finding: Finding,
    context: Context,
    rules: Sequence[LoadedRule],
    wrappers: tuple[Wrapper, ...],
    problems: list[Problem],
    known: Known,
) -> Finding:
    """Return ``finding`` with the experiment that can prove it."""
    from bnlint.engine.evidence import with_trial

    def reread(text: str) -> Context:
        module = parse(context.module.path, text)
        facts = read_facts(module, context.from_family, wrappers)
        if not context.project.frameworks.of_batches:
            facts = other_norms(facts)
        named = [pair for pair in context.named if pair.port is not None]
        if len(named) != len(facts.sites):
            named = []
        named = [p._replace(port=s) for p, s in zip(named, facts.sites, strict=False)]
        return Context(
            module, facts.project, facts.sites, context.from_family, context.folder, named,
            context.references, context.part, infers=context.infers,
        )  # fmt: skip

    loaded = next(rule for rule in rules if rule.code == finding.code)
    try:
        return with_trial(finding, context, loaded, reread, known)
    except Exception as error:
        if is_too_deep(error, context.module):
            return finding
        what = f"the experiment of {finding.code}"
        problems.append(crashed(what, error, context.module.path))
        return finding


def _too_large(facts: Facts) -> Iterator[str]:
    if facts.project.evaluator.budget.is_spent:
        yield f"{TOO_LARGE} to its end: what rests on the rest of it is not reported"


def _reference_notices(directives: Sequence[Directive], options: Options) -> Iterator[str]:
    for directive in directives:
        if directive.kind == PORT_OF and options.folder is None:
            yield (
                f"line {directive.span.row} names the reference {directive.text}, which was not "
                "compared with: what is checked here is no file"
            )


def _one_per_argument(findings: list[Finding]) -> list[Finding]:
    """Keep, of the findings about one argument of one layer, the first in precedence."""
    best: dict[tuple[int, str], int] = {}
    for finding in findings:
        if finding.argument:
            key = (finding.subject, finding.argument)
            best[key] = min(best.get(key, finding.precedence), finding.precedence)
    return [f for f in findings if not f.argument or best[(f.subject, f.argument)] == f.precedence]


def _is_listed(finding: Finding, options: Options) -> bool:
    """Tell whether a finding is listed: one for information only to who selects its rule."""
    return finding.severity != "info" or finding.code in options.explicit


def _is_wanted(finding: Finding, options: Options) -> bool:
    if not _is_listed(finding, options):
        return False
    return CONFIDENCES.index(finding.confidence) <= CONFIDENCES.index(options.min_confidence)
