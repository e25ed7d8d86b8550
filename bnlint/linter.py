"""The way through: bytes to text to facts to findings, for one file at a time.

:func:`check` never raises for what a file contains: what cannot be read becomes a finding, a rule
that crashes becomes a problem that costs this rule on this file only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from bnlint.directives import (
    PORT_OF,
    Directive,
    Suppressed,
    find_directives,
    may_have_directives,
    suppress,
)
from bnlint.finding import CONFIDENCES, MANUAL, SAFE, UNSAFE, Finding, Fix, Problem, Span
from bnlint.frameworks.declared import families_of, with_wrappers
from bnlint.frameworks.tables import catalogue
from bnlint.packages import PACKAGES
from bnlint.patterns import lazy
from bnlint.registry import LoadedRule
from bnlint.rule import Context
from bnlint.semantics.carried import Carried
from bnlint.semantics.later import apply_stores
from bnlint.semantics.layout import Layout
from bnlint.semantics.module import Module, parse
from bnlint.semantics.project import Project, imported_roots
from bnlint.semantics.references import Side
from bnlint.semantics.sites import Site, Unresolved, find_sites
from bnlint.source import Source, Unreadable, decode
from bnlint.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast
    from typing import Any

    from bnlint.frameworks.records import Wrapper
    from bnlint.semantics.alignment import Pair


class ReferenceFile(NamedTuple):
    """A file that another is a port of: what it is called, its bytes, and the part that counts.

    ``part`` names a class or function; empty, all of the file counts. ``folder`` is the absolute
    folder it lies in.
    """

    path: str
    data: bytes
    part: str = ""
    folder: str | None = None


class Options(NamedTuple):
    """What decides the findings of one file.

    ``codes`` are the rules that run, ``explicit`` those that were selected by the user (an
    ``info`` finding is shown only of these), ``source`` is the declared source family,
    ``folder`` the absolute folder of the file, if it lies in one. Fixes of the rules in
    ``unfixable`` are text only; those in ``safe_fixes`` and ``unsafe_fixes`` count as such.
    ``trials`` asks for the experiments that can prove the findings, ``references`` are the files
    that this one is a port of, ``wrappers`` what the configuration declares to stand for an API.
    """

    codes: frozenset[str]
    explicit: frozenset[str] = frozenset()
    min_confidence: str = "medium"
    source: str | None = None
    folder: str | None = None
    unfixable: frozenset[str] = frozenset()
    safe_fixes: frozenset[str] = frozenset()
    unsafe_fixes: frozenset[str] = frozenset()
    trials: bool = False
    references: tuple[ReferenceFile, ...] = ()
    wrappers: tuple[Wrapper, ...] = ()


class Failure(NamedTuple):
    """A file that could not be read: what is wrong, where, and what it probably is."""

    path: str
    message: str
    row: int
    column: int


class Result(NamedTuple):
    """What came of one file.

    ``text`` is its decoded text where there are findings to show, else ``None``. ``checked``
    tells that the file was parsed, and not passed over as holding nothing of interest;
    ``undeclared`` that it has sites at a framework's defaults and nothing to compare them with.

    Of a file that was changed, ``fixed`` are the findings that were fixed, ``suppressed`` counts
    those that a comment was written for, and ``before`` and ``after`` are its bytes. ``accepted``
    are the findings that a baseline names, as the pairs of code and statement it has.
    """

    path: str
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    text: str | None = None
    checked: bool = False
    undeclared: bool = False
    fixed: tuple[Finding, ...] = ()
    suppressed: int = 0
    before: bytes | None = None
    after: bytes | None = None
    accepted: tuple[tuple[str, str], ...] = ()


class Facts(NamedTuple):
    """What the reader found in a file."""

    module: Module
    project: Project
    sites: Sequence[Site]
    unresolved: Sequence[Unresolved]


def check(data: bytes, path: str, rules: Sequence[LoadedRule], options: Options) -> Result:
    """Check one file given as bytes; ``path`` is what it is called in the findings."""
    try:
        source = decode(data, path)
    except Unreadable as error:
        failure = Failure(path, error.message, error.row, error.column)
        return _unreadable(failure, None, rules, options)
    file = file_in(options.folder, path)
    if not is_interesting(source.text, options.wrappers, file):
        return Result(path, ())
    try:
        module = parse_file(path, source.text, file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _unreadable(syntax_failure(source, error), source.text, rules, options)
    try:
        return _check_module(module, rules, options)
    except Exception as error:  # a fault of bnlint's own costs this file only
        return Result(path, (), (crashed("bnlint", error, path),))


def is_interesting(text: str, wrappers: tuple[Wrapper, ...] = (), file: str | None = None) -> bool:
    """Tell whether a file may hold anything for bnlint; others are not even parsed.

    ``file`` is where it lies, if it lies in a file: it may use layers of its project.
    """
    if _triage()(text) is not None or any(wrapper.name in text for wrapper in wrappers):
        return True
    return file is not None and _carried(wrappers).reaches(_layout().place(file), text)


#: Functions that are named for inference.
_EVALUATES = r"def \w*(?:eval|test|predict|infer|valid|demo)"


@lru_cache(maxsize=1)
def _names() -> Callable[[str], Any]:
    return re.compile("|".join(map(re.escape, sorted(catalogue().tokens)))).search


@lru_cache(maxsize=1)
def _triage() -> Callable[[str], Any]:
    tables = catalogue()
    # A mode switch that is named and not called ends its line.
    uncalled = rf"\.(?:{'|'.join(sorted(tables.switches()))})[ \t]*(?:[#;\r\n]|\Z)"
    words = [*map(re.escape, sorted(tables.tokens)), "bnlint:", uncalled]
    models = "|".join(map(re.escape, tables.model_words))
    modes = "|".join([*map(re.escape, tables.mode_words), _EVALUATES])
    names = re.compile("|".join(words)).search
    model, mode = lazy(models), lazy(modes)  # 1 ms to compile, and not for a file with a name
    return lambda text: names(text) or (mode.search(text) and model.search(text))


def read_facts(
    module: Module, source: str | None = None, wrappers: tuple[Wrapper, ...] = ()
) -> Facts:
    """Read a parsed file: its sites with what is known of their arguments.

    Where the file lies in a folder (``module.file``), its imports are followed through the project
    around it.
    """
    tables = catalogue()
    layout = _layout() if module.file else None
    names = _carried(wrappers).of(module)
    wanted: set[str] = set(tables.roots(imported_roots(module)))
    if source is not None:
        wanted.add(source)
    if wrappers:
        wanted |= families_of(wrappers)
    while True:
        frameworks = tables.load(tuple(sorted(wanted)))
        if wrappers:
            frameworks = with_wrappers(frameworks, wrappers)
        project = Project(frameworks, layout, module)
        sites, unresolved = find_sites(project, module, names)
        sites = apply_stores(project, module, sites)
        # What the modules of the project import may need more tables than the file itself does.
        more = set(tables.roots(project.imported_roots())) - wanted
        if not more:
            return Facts(module, project, sites, unresolved)
        wanted |= more


def file_in(folder: str | None, path: str) -> str | None:
    """Return the absolute path of the file shown as ``path``, if it lies in a ``folder``."""
    return None if folder is None else f"{folder.rstrip('/')}/{path.rpartition('/')[2]}"


def parse_file(path: str, text: str, file: str | None) -> Module:
    """Parse what is called ``path``, and lies in ``file`` if it lies in one.

    Raises:
        SyntaxError, ValueError, RecursionError: as :func:`bnlint.semantics.module.parse`.
    """
    return PACKAGES.parsed(file, path, text) if file else parse(path, text)


@lru_cache(maxsize=1)
def _layout() -> Layout:
    return Layout(PACKAGES, frozenset(catalogue().imports))


@lru_cache(maxsize=8)
def _carried(wrappers: tuple[Wrapper, ...]) -> Carried:
    """Return what tells which names may stand for an API, or for one of ``wrappers``."""
    paths = [wrapper.path for wrapper in wrappers]
    return Carried(_layout(), catalogue().aliases.union(paths), _mentions)


def _mentions(text: str) -> bool:
    """Tell whether a text names an API of any framework, or what makes one."""
    return _names()(text) is not None


#: The project of the file checked last. It forgets the file when the next one has been checked:
#: to take a tree apart is 2 % of a run, and needless at the end of the process.
_done: list[Project] = []


def _check_module(module: Module, rules: Sequence[LoadedRule], options: Options) -> Result:
    facts = read_facts(module, options.source, options.wrappers)
    named: Sequence[Pair] = ()
    references: Sequence[Facts] = ()
    problems: list[Problem] = []
    if options.references:
        from bnlint.semantics.alignment import align

        found = [reference_facts(item, options.wrappers) for item in options.references]
        problems = [item for item in found if isinstance(item, Problem)]
        references = [item for item in found if isinstance(item, Facts)]
        named = align(facts.sites, [site for item in references for site in item.sites])
    result = check_facts(facts, rules, options, named, references)
    return result._replace(problems=(*problems, *result.problems))


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
    sides = [Side(item.project, item.module, item.sites) for item in references]
    context = Context(
        module, facts.project, facts.sites, options.source, options.folder, named, sides
    )
    found: list[Finding] = []
    for loaded in rules:
        if loaded.code in options.codes:
            found += _run(loaded, context, options, problems)
    found = _one_per_argument(_unrepeated(found))
    found = [finding for finding in found if _is_wanted(finding, options)]
    directives: list[Directive] = []
    if found or may_have_directives(module.text):
        directives = find_directives(module)
    suppressed = suppress(found, directives, module)
    found = suppressed.remaining
    found += _about_directives(directives, suppressed, context, rules, options, problems)
    if found:
        from bnlint.semantics.concrete import confirmed

        found = [
            _with_fix(finding, module, options, problems)
            for finding in found
            if confirmed(module, finding)
        ]
        if options.trials:
            found = [_with_trial(f, context, rules, options.wrappers, problems) for f in found]
    result = Result(
        module.path,
        tuple(sorted(found, key=lambda finding: finding.sort_key)),
        tuple(problems),
        notices=tuple(_reference_notices(directives, options)),
        text=module.text if found else None,
        checked=True,
        undeclared=options.source is None
        and not named
        and any(s.value("eps").from_default and context.reference(s) is None for s in facts.sites),
    )
    while _done:
        _done.pop().forget()
    _done.append(context.project)
    return result


def _with_fix(
    finding: Finding, module: Module, options: Options, problems: list[Problem]
) -> Finding:
    """Return ``finding`` with the edits of its fix, and as safe as the options have it."""
    from bnlint.drafts import with_edits

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
        problems.append(crashed(f"the fix of {finding.code}", error, module.path))
        return finding._replace(fix=Fix(MANUAL, fix.message, (), "the fixer crashed"))


def _with_trial(
    finding: Finding,
    context: Context,
    rules: Sequence[LoadedRule],
    wrappers: tuple[Wrapper, ...],
    problems: list[Problem],
) -> Finding:
    """Return ``finding`` with the experiment that can prove it."""
    from bnlint.evidence import with_trial

    def reread(text: str) -> Context:
        module = parse(context.module.path, text)
        facts = read_facts(module, context.source, wrappers)
        named = [pair for pair in context.named if pair.port is not None]
        if len(named) != len(facts.sites):
            named = []
        named = [p._replace(port=s) for p, s in zip(named, facts.sites, strict=False)]
        return Context(
            module, facts.project, facts.sites, context.source, context.folder, named,
            context.references,
        )  # fmt: skip

    loaded = next(rule for rule in rules if rule.code == finding.code)
    try:
        return with_trial(finding, context, loaded, reread)
    except Exception as error:
        what = f"the experiment of {finding.code}"
        problems.append(crashed(what, error, context.module.path))
        return finding


def _reference_notices(directives: Sequence[Directive], options: Options) -> Iterator[str]:
    for directive in directives:
        if directive.kind == PORT_OF and options.folder is None:
            yield (
                f"line {directive.span.row} names the reference {directive.text}, which was not "
                "compared with: what is checked here is no file"
            )


def reference_facts(
    reference: ReferenceFile, wrappers: tuple[Wrapper, ...] = ()
) -> Facts | Problem:
    """Read a reference: all of a file, or what one class or function of it is made of."""
    facts = facts_of(reference.data, reference.path, reference.folder, wrappers)
    if isinstance(facts, Problem):
        return facts
    if facts is None or not facts.sites:
        what = "it has no batch normalisation layer that is known, and is named as a reference"
        return Problem(what, reference.path)
    if not reference.part:
        return facts
    from bnlint.semantics.parts import within

    sites = within(facts.module, reference.part, facts.sites)
    if sites is None:
        what = f"there is no class or function {reference.part} in it"
        return Problem(what, reference.path)
    if not sites:
        what = f"no batch normalisation layer is known in {reference.part}"
        return Problem(what, reference.path)
    return facts._replace(sites=sites)


def facts_of(
    data: bytes, path: str, folder: str | None = None, wrappers: tuple[Wrapper, ...] = ()
) -> Facts | Problem | None:
    """Read a file given as bytes, in ``folder`` if it lies in one.

    Returns ``None`` if it holds nothing of interest.
    """
    try:
        source = decode(data, path)
        file = file_in(folder, path)
        if not is_interesting(source.text, wrappers, file):
            return None
        return read_facts(parse_file(path, source.text, file), wrappers=wrappers)
    except Unreadable as error:
        return Problem(error.message, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        failure = syntax_failure(source, error)
        return Problem(f"line {failure.row}: {failure.message}", path)


def _run(
    loaded: LoadedRule, context: Context, options: Options, problems: list[Problem]
) -> Iterator[Finding]:
    """Run the checks of one rule; a crash is a problem and costs this rule on this file.

    What a rule of severity ``info`` has to say of single sites is asked for only by who selects it.
    """
    try:
        check_site = loaded.checks.get("check_site")
        if check_site is not None and (
            loaded.rule.severity != "info" or loaded.code in options.explicit
        ):
            yield from _once(check_site, context)
        check_file = loaded.checks.get("check_file")
        if check_file is not None:
            yield from _findings(check_file(context))
    except Exception as error:
        problems.append(crashed(f"rule {loaded.code}", error, context.module.path))


def _once(check_site: Callable[..., Any], context: Context) -> Iterator[Finding]:
    """Yield what is found at each site, once for each place of another file that decides it.

    What the constructor of a class in another file decides is found there, and not reported here.
    """
    reported: set[ast.AST] = set()
    for site in context.sites:
        for finding in _findings(check_site(site, context)):
            there = context.elsewhere(site, finding.argument) if finding.argument else None
            if there is not None and (there in reported or context.is_derived_elsewhere(site)):
                continue
            if there is not None:
                reported.add(there)
            yield finding


def _findings(found: Iterable[Any]) -> Iterator[Finding]:
    """Yield what a check found, so that anything else it gives counts as a crash of its rule."""
    for finding in found:
        if not isinstance(finding, Finding):
            raise TypeError(f"a check gives findings, not {type(finding).__name__}")
        yield finding


def crashed(what: str, error: Exception, path: str | None = None) -> Problem:
    """Return the problem that says where a rule (or bnlint itself) crashed, in one line."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    message = " ".join(str(error).split())
    kind = type(error).__name__
    why = f"{kind}: {message}" if message else kind
    return Problem(f"{what} crashed ({where}: {why}); please report this", path)


def _unreadable(
    failure: Failure, text: str | None, rules: Sequence[LoadedRule], options: Options
) -> Result:
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


def _about_directives(
    directives: Sequence[Directive],
    suppressed: Suppressed,
    context: Context,
    rules: Sequence[LoadedRule],
    options: Options,
    problems: list[Problem],
) -> list[Finding]:
    found: list[Finding] = []
    known = {loaded.code: loaded.name for loaded in rules}
    running = options.codes
    if options.source is None and not context.named:
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


def _unrepeated(findings: Iterable[Finding]) -> list[Finding]:
    """Keep one of several findings that a shared definition gives at one place."""
    seen: dict[tuple[str, Span, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.span, finding.argument), finding)
    return list(seen.values())


def _one_per_argument(findings: list[Finding]) -> list[Finding]:
    """Keep, of the findings about one argument of one layer, the first in precedence."""
    best: dict[tuple[int, str], int] = {}
    for finding in findings:
        if finding.argument:
            key = (finding.subject, finding.argument)
            best[key] = min(best.get(key, finding.precedence), finding.precedence)
    return [f for f in findings if not f.argument or best[(f.subject, f.argument)] == f.precedence]


def _is_wanted(finding: Finding, options: Options) -> bool:
    if finding.severity == "info" and finding.code not in options.explicit:
        return False
    return CONFIDENCES.index(finding.confidence) <= CONFIDENCES.index(options.min_confidence)


_PYTHON_2 = lazy(
    r"^[ \t]*(?:print[ \t]+[^\s(=.,:\[\])]|exec[ \t]+['\"]|raise[ \t]+\w+[ \t]*,"
    r"|except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:)|<>|\bur['\"]",
    re.MULTILINE,
)


def syntax_failure(source: Source, error: BaseException) -> Failure:
    """Say what keeps a file from being parsed: Python 2, newer Python, or a plain error."""
    if isinstance(error, (RecursionError, MemoryError)):
        return Failure(source.path, "expressions are nested too deeply to be read", 1, 1)
    if not isinstance(error, SyntaxError):
        return Failure(source.path, f"it cannot be parsed: {error}", 1, 1)
    row, column = error.lineno or 1, error.offset or 1
    if _PYTHON_2.search(source.text):
        message = "this is Python 2: bnlint reads Python 3 only (2to3 or a fork may convert it)"
    elif _newer_python(source.text):
        import platform

        message = (
            f"this needs a newer Python than {platform.python_version()}, which runs bnlint: "
            "run bnlint with that one"
        )
    else:
        message = f"this is not valid Python: {error.msg}"
    return Failure(source.path, message, row, max(column, 1))


def _newer_python(text: str) -> bool:
    """Tell whether LibCST, whose grammar is its own, can read what the interpreter cannot."""
    from bnlint.semantics.depth import is_deep

    if len(text) > 1_000_000 or is_deep(text):
        return False
    import libcst

    try:
        libcst.parse_module(text)
    except Exception:
        return False
    return True
