"""What a file holds: bytes to text, text to a tree, and its sites with what is known of them.

Most files hold nothing for bnlint, which their text tells.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from functools import lru_cache

from bnlint.engine.packages import PACKAGES
from bnlint.files.source import Lines, Source, Unreadable, decode
from bnlint.files.tree import DISK, Tree
from bnlint.finding import Problem
from bnlint.frameworks.declared import families_of, with_wrappers
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.attribute_writes import apply_stores
from bnlint.semantics.layers.sites import Site, Unresolved, found_in
from bnlint.semantics.project.imported_carriers import ImportedCarriers
from bnlint.semantics.project.marks import mentions_norm, speaks_for_itself
from bnlint.semantics.project.project import Project, imported_by, imported_roots
from bnlint.semantics.project.releases import meant_in
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.project.triage import takes_part
from bnlint.semantics.syntax.module import Module, parse
from bnlint.semantics.values.domain import Symbol
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.frameworks.records import Wrapper


class ReferenceFile(NamedTuple):
    """A file that another is a port of: what it is called, its bytes, and the part that counts.

    ``part`` names a class or function; empty, all of the file counts. ``folder`` is the absolute
    folder it lies in.
    """

    path: str
    data: bytes
    part: str = ""
    folder: str | None = None


class Failure(NamedTuple):
    """A file that could not be read: what is wrong, where, and what it probably is."""

    path: str
    message: str
    row: int
    column: int


class Facts(NamedTuple):
    """What the reader found in a file, or in the class or function ``part`` of it."""

    module: Module
    project: Project
    sites: Sequence[Site]
    unresolved: Sequence[Unresolved]
    part: str = ""


def is_interesting(text: str, wrappers: tuple[Wrapper, ...] = (), file: str | None = None) -> bool:
    """Tell whether a file may hold anything for bnlint; others are not even parsed.

    ``file`` is where it lies, if it lies in a file: it may use layers and models of its project.
    """
    if speaks_for_itself(text) or any(wrapper.name in text for wrapper in wrappers):
        return True
    if file is None:
        return False
    place = resolver().place(file)
    return _carried(wrappers).reaches(place, text) or takes_part(resolver(), place, text)


def read_facts(
    module: Module, from_family: str | None = None, wrappers: tuple[Wrapper, ...] = ()
) -> Facts:
    """Read a parsed file: its sites with what is known of their arguments.

    Where the file lies in a folder (``module.file``), its imports are followed through the project
    around it.
    """
    tables = catalogue()
    around = resolver() if module.file else None
    carried = _carried(wrappers)
    wanted: set[str] = set(tables.roots((*imported_roots(module), module.name)))
    if from_family is not None:
        wanted.add(from_family)
    if wrappers:
        wanted |= families_of(wrappers)

    if not wanted and around is not None:  # its models come from other files
        near = map(around.outline, around.behind(module.file))
        wanted |= set(tables.roots(root for outline in near for root in imported_by(outline)))

    while True:
        frameworks = tables.load(tuple(sorted(wanted)))
        frameworks = meant_in(module, frameworks, around)
        if wrappers:
            frameworks = with_wrappers(frameworks, wrappers)
        project = Project(frameworks, around, module, carried.of)
        sites, unresolved = found_in(project.evaluator, module)
        sites = apply_stores(project, module, sites)
        # What the modules of the project import may need more tables than the file itself does.
        more = set(tables.roots(project.imported_roots())) - wanted
        if not more:
            return Facts(module, project, sites, unresolved)
        wanted |= more


def may_be_port(text: str, file: str | None) -> bool:
    """Tell, without parsing, whether a file has other layers of which it may be shown whence."""
    if not file or not mentions_norm(text):
        return False
    from bnlint.semantics.origins.search import may_tell_source

    return may_tell_source(resolver(), file, text)


def other_norms(facts: Facts) -> Facts:
    """Return a file that was read with its layers that normalise otherwise than by batches.

    They are read apart, so that nothing which is said of batch normalisation rests on them. Of a
    file that only builds layers for another, none are known.
    """
    project, module = facts.project, facts.module
    if project.main is not module:
        return facts._replace(sites=(), unresolved=())
    other = Project(project.frameworks.norms, project.resolver, module, _carried_norms().of)
    sites, unresolved = found_in(other.evaluator, module)
    sites = apply_stores(other, module, sites)
    if facts.part:
        from bnlint.semantics.layers.parts import within

        sites = within(module, facts.part, sites) or []
    return Facts(module, other, sites, unresolved, facts.part)


def file_in(folder: str | None, path: str) -> str | None:
    """Return the absolute path of the file shown as ``path``, if it lies in a ``folder``."""
    return None if folder is None else f"{folder.rstrip('/')}/{path.rpartition('/')[2]}"


def parse_file(path: str, text: str, file: str | None) -> Module:
    """Parse what is called ``path``, and lies in ``file`` if it lies in one.

    Raises:
        SyntaxError, ValueError, RecursionError: as :func:`bnlint.semantics.syntax.module.parse`.
    """
    return PACKAGES.parsed(file, path, text) if file else parse(path, text)


def renew(tree: Tree = DISK) -> None:
    """Begin a run, whose files are read from ``tree``: what was seen before may have changed."""
    PACKAGES.renew(tree)
    resolver.cache_clear()
    _carried.cache_clear()
    _carried_norms.cache_clear()


def revise(files: Collection[str]) -> None:
    """Take it that the content of ``files`` may have changed since a run began, and nothing else.

    A process that stays keeps what it knows of all others.
    """
    if PACKAGES.revise(files):
        resolver().revise(files)
    else:
        resolver.cache_clear()
    _carried.cache_clear()


@lru_cache(maxsize=1)
def resolver() -> Resolver:
    """Return what finds the files of the project, as this run reads them."""
    return Resolver(PACKAGES, frozenset(catalogue().imports))


@lru_cache(maxsize=8)
def _carried(wrappers: tuple[Wrapper, ...]) -> ImportedCarriers:
    """Return what tells which names may stand for an API, or for one of ``wrappers``."""
    paths = [wrapper.path for wrapper in wrappers]
    return ImportedCarriers(resolver(), catalogue().aliases.union(paths))


@lru_cache(maxsize=1)
def _carried_norms() -> ImportedCarriers:
    """Return what tells which names may stand for a layer that normalises otherwise."""
    from bnlint.semantics.hints.things import normalises

    return ImportedCarriers(resolver(), catalogue().norm_aliases, normalises)


def reference_facts(
    reference: ReferenceFile, wrappers: tuple[Wrapper, ...] = ()
) -> list[Facts] | Problem:
    """Read a reference: all of a file, or what one class or function of it is made of.

    What other files build for it follows.
    """
    facts = facts_of(reference.data, reference.path, reference.folder, wrappers, named=True)
    if not isinstance(facts, Facts):
        return facts or Problem("nothing is known of it", reference.path)
    what = "it has no batch normalisation layer that is known, and is named as a reference"
    if reference.part:
        from bnlint.semantics.layers.parts import within

        sites = within(facts.module, reference.part, facts.sites)
        if sites is None:
            what = f"there is no class or function {reference.part} in it"
            return Problem(what, reference.path)
        facts = facts._replace(sites=sites, part=reference.part)
        what = f"no batch normalisation layer is known in {reference.part}"
    found = [facts, *behind(facts)]
    known = any(item.sites for item in found) or _is_ready_made(facts)
    if not known and not (mentions_norm(facts.module.text) and other_norms(facts).sites):
        return Problem(what, reference.path)
    return found


def behind(facts: Facts) -> list[Facts]:
    """Return what other files build for a file that was read, or for the part of it that counts.

    Layers of which nothing is known are left out: they are made of what is not in view.
    """
    from bnlint.semantics.layers.behind import layers_behind

    further: list[Facts] = []
    for other, sites in layers_behind(facts.project, facts.module, facts.part).items():
        known = [s for s in sites if s.value("eps").is_known or s.value("momentum").is_known]
        if known:
            further.append(Facts(other, facts.project, known, ()))
    return further


def _is_ready_made(facts: Facts) -> bool:
    """Tell whether a file, or the part of it that counts, makes a model that normalises."""
    from bnlint.semantics.layers.parts import held_by

    ev, module = facts.project.evaluator, facts.module
    held = held_by(module, facts.part) if facts.part else {module.tree}
    return any(
        isinstance(value.object, Symbol)
        and ev.frameworks.means(value.object.path, "builders") is not None
        for call in module.calls
        if not held.isdisjoint(module.ancestors(call))
        for value in ev.evaluate(module, call.func)
    )


def facts_of(
    data: bytes,
    path: str,
    folder: str | None = None,
    wrappers: tuple[Wrapper, ...] = (),
    *,
    named: bool = False,
    norms: bool = False,
) -> Facts | Problem | None:
    """Read a file given as bytes, in ``folder`` if it lies in one.

    What other files of the project set later is not known. Returns ``None`` if the file holds
    nothing of interest, but for one that is ``named`` itself: others may build its layers. With
    ``norms``, layers that normalise otherwise than by batches are of interest too.
    """
    try:
        source = decode(data, path)
        file = file_in(folder, path)
        wanted = named or (norms and mentions_norm(source.text))
        if not wanted and not is_interesting(source.text, wrappers, file):
            return None
        facts = read_facts(parse_file(path, source.text, file), wrappers=wrappers)
    except Unreadable as error:
        return Problem(error.message, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        failure = syntax_failure(source, error)
        return Problem(f"line {failure.row}: {failure.message}", path)
    return settled(facts)


def settled(facts: Facts) -> Facts:
    """Return a file with nothing known of what other files of the project set later."""
    from bnlint.semantics.layers.external_writes import unsettled, without

    sites = [without(site, unsettled(facts.project, site)) for site in facts.sites]
    return facts._replace(sites=sites)


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
    elif _newer_python(source.text, row):
        import platform

        message = (
            f"this needs a newer Python than {platform.python_version()}, which runs bnlint: "
            "run bnlint with that one"
        )
    else:
        message = f"this is not valid Python: {error.msg}"
    return Failure(source.path, message, row, max(column, 1))


def _newer_python(text: str, row: int) -> bool:
    """Tell whether LibCST, whose grammar is its own, can read what the interpreter cannot."""
    from bnlint.semantics.syntax.depth import is_deep

    if len(text) > 1_000_000 or is_deep(text):
        return False
    import libcst

    for part in (_around(text, row), text):  # it takes ten times as long as the interpreter
        try:
            libcst.parse_module(part)
        except Exception:
            return False
    return True


#: Where a function or class, or what decorates it, comes after an empty line.
_BEGINS = lazy(r"\n[ \t]*\n(?=@|(?:async[ \t]+)?def\b|class\b)")


def _around(text: str, row: int) -> str:
    """Return the part of ``text`` that cannot be parsed, if what stands around it can be.

    Where something is missing, it is the next definition that is complained of.
    """
    lines = Lines(text)
    place = lines.starts[min(row, len(lines.starts)) - 1]
    begins = [0, 0, *(found.end() for found in _BEGINS.finditer(text)), len(text)]
    after = min(bisect_right(begins, place), len(begins) - 1)
    start, end = begins[after - 2], begins[after]
    try:
        ast.parse(text[:start])
        ast.parse(text[end:])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    return text[start:end]
