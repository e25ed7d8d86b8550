"""``bnlint compare``: the layers of a port beside those of its reference, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bnlint.engine.comparing import aligned
from bnlint.engine.facts import Facts, behind, facts_of, file_in, other_norms
from bnlint.engine.inventory import Setting, SiteRow, row_of
from bnlint.engine.linter import check_facts
from bnlint.engine.options import Options
from bnlint.engine.registry import LoadedRule
from bnlint.engine.result import Result
from bnlint.finding import Finding, Problem
from bnlint.frameworks.records import BATCH, Wrapper
from bnlint.porting.feeding import (
    Feed,
    differences,
    feed_of,
    is_padded_by_hand,
    is_unsized,
    runs_in,
)
from bnlint.porting.module_paths import ModulePaths
from bnlint.porting.totals import Total, totals
from bnlint.rule import CONVENTION
from bnlint.semantics.layers.alignment import UNIFORM, Pair
from bnlint.semantics.layers.configured import configured_eps
from bnlint.semantics.layers.imported_layers import built_by_imports
from bnlint.semantics.layers.parts import held_by
from bnlint.semantics.layers.references import norm_of
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.origins.words import bare_name
from bnlint.semantics.project.marks import mentions_norm
from bnlint.semantics.syntax.numbers import close, in_floats


class Input(NamedTuple):
    """One file of a side: what it is called, its bytes, and the class or function that counts.

    ``folder`` is the absolute folder it lies in, if it lies in one, ``wrappers`` what its
    configuration declares to stand for an API.
    """

    path: str
    data: bytes
    part: str = ""
    folder: str | None = None
    wrappers: tuple[Wrapper, ...] = ()


class Row(NamedTuple):
    """A layer of each side, or of one; ``differs`` names the settings in which they differ.

    ``how`` says how the pair was made (see :mod:`bnlint.semantics.layers.alignment`). Where it is
    ``uniform``, ``reference`` stands for all ``alike`` layers of its side or file. ``feeds`` are
    what stands before the two; ``padded`` and ``unsized`` tell why convolutions among them were not
    compared. ``files`` are the two that were compared with each other alone. ``names`` are what the
    two are called in their models (see :mod:`bnlint.porting.module_paths`), where that was asked,
    ``modes`` in which modes they run (see :func:`bnlint.porting.feeding.runs_in`). ``same_key``
    tells that both take their eps of one key of a configuration.
    """

    reference: SiteRow | None
    port: SiteRow | None
    how: str
    differs: tuple[str, ...] = ()
    feeds: tuple[Feed | None, Feed | None] = (None, None)
    alike: int = 0
    padded: bool = False
    unsized: bool = False
    files: tuple[str, str] | None = None
    names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    modes: tuple[str, str] = ("", "")
    same_key: bool = False


class Unseen(NamedTuple):
    """What a file of a side builds, or may build, without its being compared.

    ``unresolved`` are the rows of its calls whose callee is not known, ``elsewhere`` how many
    layers each other file builds for it.
    """

    path: str
    unresolved: tuple[int, ...]
    elsewhere: dict[str, int]


class Comparison(NamedTuple):
    """What came of a comparison."""

    rows: tuple[Row, ...]
    unseen: tuple[Unseen, ...]
    totals: tuple[Total, ...]
    findings: tuple[Finding, ...]
    texts: dict[str, str]
    problems: tuple[Problem, ...]


def compare(
    reference: Sequence[Input],
    port: Sequence[Input],
    rules: Sequence[LoadedRule],
    chosen: frozenset[str] | None = None,
    from_family: str | None = None,
    *,
    names: bool = False,
    trials: bool = False,
) -> Comparison:
    """Compare two sides, each one or more files.

    The rules that compare run, and those that say more of the same argument; or ``chosen`` ones.
    ``from_family`` is the family of the reference, where files hold layers of several. ``names``
    asks what layers are called in their models, ``trials`` for the experiments of findings.
    """
    problems: list[Problem] = []
    unseen: list[Unseen] = []
    theirs = list(_read(reference, problems, unseen))
    mine = list(_read(port, problems, unseen))
    by_file = min(len(reference), len(port)) > 1
    rows: tuple[Row, ...] = ()
    pairs: list[Pair] = []
    others = ([other_norms(facts) for facts in side] for side in (mine, theirs))
    # Batch normalisation first; then what normalises otherwise, like beside like.
    for port_side, reference_side in ((mine, theirs), tuple(others)):
        own, other = ([f for f in side if f.sites] for side in (port_side, reference_side))
        groups = list(_groups(own, other, from_family, by_file=by_file))
        facts = {id(f.module): f for f in (*own, *other)}
        made = [_row(pair, group, facts) for group in groups for pair in group.pairs]
        if port_side is mine:
            pairs = [pair for group in groups for pair in group.pairs]
        if names:
            called = ModulePaths(other, reference[0].part), ModulePaths(own, port[0].part)
            told = [_names(pair, group, *called) for group in groups for pair in group.pairs]
            made = [row._replace(names=two) for row, two in zip(made, told, strict=True)]
        rows += tuple(made)
    codes = comparing_codes(rules) if chosen is None else chosen
    beside = {row.files[1]: row.files[0] for row in rows if row.files is not None}
    options = Options(codes, codes, from_family=from_family, trials=trials)
    results = [_check(f, pairs, rules, options, _beside(f, theirs, beside)) for f in mine]
    for result in results:
        problems += result.problems
    findings = [finding for result in results for finding in result.findings]
    return Comparison(
        rows,
        tuple(unseen),
        (*_totals(theirs, reference), *_totals(mine, port)),
        tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        {f.module.path: f.module.text for f in (*mine, *theirs)},
        tuple(problems),
    )


def comparing_codes(rules: Sequence[LoadedRule]) -> frozenset[str]:
    """Return the rules that compare, and those that say more of an argument that these speak of."""
    return frozenset(
        r.code for r in rules if r.rule.needs_reference or r.rule.precedence == CONVENTION
    )


class _Group(NamedTuple):
    """Pairs of layers that were made together, and all layers of the reference among them.

    ``files`` names the two files where they belong together by name.
    """

    pairs: Sequence[Pair]
    reference: Sequence[Site] = ()
    files: tuple[str, str] | None = None


def _groups(
    mine: Sequence[Facts], theirs: Sequence[Facts], from_family: str | None, *, by_file: bool
) -> Iterator[_Group]:
    """Yield the pairs of layers: ``by_file`` where both sides have files of one name.

    What remains is paired as one, unless that is several files on both sides: where the others
    belong together by name, these belong to none.
    """
    partners = dict(_file_pairs(mine, theirs)) if by_file else {}
    for i, j in partners.items():
        port, reference = mine[i], theirs[j]
        files = reference.module.path, port.module.path
        pairs = aligned([port], [reference], from_family)
        yield _Group(pairs, reference.sites, files)
    left = [facts for i, facts in enumerate(mine) if i not in partners]
    found = partners.values()
    right = [facts for j, facts in enumerate(theirs) if j not in found]
    if partners and min(len(mine), len(theirs)) - len(partners) > 1:
        yield _Group([*aligned(left, []), *aligned([], right)])
    else:
        pairs = aligned(left, right, from_family)
        yield _Group(pairs, [site for facts in right for site in facts.sites])


def _file_pairs(mine: Sequence[Facts], theirs: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """Yield the positions of files with the same name, each on its side once.

    Case, underscores and words for frameworks make no difference: ``resnet_keras.py`` is
    ``ResNet.py``.
    """
    sides = []
    for side in (mine, theirs):
        names = [bare_name(facts.module.path) for facts in side]
        sides.append({name: i for i, name in enumerate(names) if names.count(name) == 1})
    for name, i in sides[0].items():
        if name and name in sides[1]:
            yield i, sides[1][name]


def _read(side: Sequence[Input], problems: list[Problem], unseen: list[Unseen]) -> Iterator[Facts]:
    """Read the files of a side; of one file, those behind it count as well.

    Of a folder, what it holds is all that counts.
    """
    files = {file_in(item.folder, item.path) for item in side}
    for item in side:
        alone = len(side) == 1
        facts = facts_of(item.data, item.path, item.folder, item.wrappers, named=alone, norms=True)
        if isinstance(facts, Problem):
            problems.append(facts)
        elif facts is not None:
            if item.part:
                held = held_by(facts.module, item.part)
                if not held:
                    what = f"there is no class or function {item.part} in it"
                    problems.append(Problem(what, item.path))
                    continue
                around = facts.module.ancestors
                facts = facts._replace(
                    sites=[s for s in facts.sites if not held.isdisjoint(around(s.call))],
                    unresolved=[u for u in facts.unresolved if not held.isdisjoint(around(u.call))],
                    part=item.part,
                )
            further = behind(facts) if alone else []
            seen = {found.module.file: len(found.sites) for found in further}
            elsewhere = built_by_imports(facts.project, facts.module, item.part)
            others = {
                file: number - seen.get(file, 0)
                for file, number in elsewhere.items()
                if file not in files and number > seen.get(file, 0)
            }
            if facts.unresolved or others:
                rows = tuple(found.call.lineno for found in facts.unresolved)
                unseen.append(Unseen(item.path, rows, others))
            if facts.sites or mentions_norm(facts.module.text):
                yield facts
            yield from (found for found in further if found.sites)


def _totals(side: Sequence[Facts], named: Sequence[Input]) -> Sequence[Total]:
    """Return the totals of a side; of one whose layers other files build, they are not known."""
    if not {facts.module.path for facts in side} <= {item.path for item in named}:
        return ()
    return list(totals([facts for facts in side if facts.sites], named[0].part))


def _beside(port: Facts, theirs: Sequence[Facts], files: Mapping[str, str]) -> list[Facts]:
    """Return the files of the reference that ``port`` is compared with."""
    name = files.get(port.module.path)
    return [f for f in theirs if (f.module.path == name if name else True)]


def _check(
    facts: Facts,
    pairs: Sequence[Pair],
    rules: Sequence[LoadedRule],
    options: Options,
    references: Sequence[Facts],
) -> Result:
    named = [p for p in pairs if p.port is not None and p.port.module is facts.module]
    return check_facts(facts, rules, options, named, references)


def _row(pair: Pair, group: _Group, facts: dict[int, Facts]) -> Row:
    reference, port = (
        row_of(facts[id(site.module)], site) if site is not None else None
        for site in (pair.reference, pair.port)
    )
    differs: list[str] = []
    keys = _keys(pair)
    if reference is not None and port is not None:
        if _differ(reference.eps, port.eps) or keys == (True, False):
            differs.append("eps")
        if reference.decay is not None and port.decay is not None:
            if not close(1 - reference.decay, 1 - port.decay):
                differs.append("decay")
        if reference.parameters is not None and port.parameters is not None:
            if reference.parameters.trainable != port.parameters.trainable:
                differs.append("parameters")
        differs += _responses(reference, port)
        numbers = (reference.channels, port.channels)
        is_sure = pair.how != UNIFORM and not (reference.channels_why or port.channels_why)
        if is_sure and None not in numbers and numbers[0] != numbers[1]:
            differs.append("channels")
    modes = tuple(
        runs_in(s) if s is not None and norm_of(s) == BATCH else ""
        for s in (pair.reference, pair.port)
    )
    if all(modes) and modes[0] != modes[1]:
        differs.append("mode")
    feeds = _feeds(pair, facts)
    differs += differences(*feeds)
    return Row(
        reference,
        port,
        pair.how,
        tuple(differs),
        feeds,
        len(group.reference),
        is_padded_by_hand(*feeds),
        is_unsized(*feeds),
        group.files,
        modes=(modes[0], modes[1]),
        same_key=keys == (True, True),
    )


def _responses(reference: SiteRow, port: SiteRow) -> Iterator[str]:
    """Yield what is known to differ of two layers of local response normalisation."""
    if reference.response is None or port.response is None:
        return
    theirs, mine = reference.response, port.response
    if None not in (theirs.window, mine.window) and theirs.window != mine.window:
        yield "window"
    numbers = (("alpha", theirs.weight, mine.weight), ("beta", theirs.beta, mine.beta),
               ("k", theirs.k, mine.k))  # fmt: skip
    for name, one, other in numbers:
        if one is not None and other is not None and not close(one, other):
            yield name


def _keys(pair: Pair) -> tuple[bool, bool] | None:
    """Tell of both sides whether their eps is taken of a configuration, where that can be compared.

    It can where both take one key, or where the port leaves its eps at the default.
    """
    if pair.reference is None or pair.port is None:
        return None
    theirs, mine = configured_eps(pair.reference), configured_eps(pair.port)
    if theirs is None or pair.reference.value("eps").is_known:
        return None
    if mine is not None:
        return (True, True) if mine.is_key_of(theirs) else None
    return (True, False) if pair.port.value("eps").from_default else None


def _feeds(pair: Pair, facts: dict[int, Facts]) -> tuple[Feed | None, Feed | None]:
    """Return what stands before the layers of a pair; of one that stands for all, nothing."""
    if pair.port is None or pair.reference is None or pair.how == UNIFORM:
        return None, None
    reference, port = (
        feed_of(facts[id(site.module)], site) for site in (pair.reference, pair.port)
    )
    return reference, port


def _names(
    pair: Pair, group: _Group, reference: ModulePaths, port: ModulePaths
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the two of a pair are called in their models; all that one layer stands for."""
    theirs = [pair.reference] if pair.reference is not None else []
    if pair.how == UNIFORM:
        theirs = [site for site in group.reference if site.api.framework == theirs[0].api.framework]
    found = {name: None for site in theirs for name in reference.of(site)}
    return tuple(found), port.of(pair.port) if pair.port is not None else ()


def _differ(left: Setting, right: Setting) -> bool:
    values = (left.value, right.value)
    if any(s.kind == "unknown" for s in (left, right)):
        return False
    if all(isinstance(v, (int, float)) for v in values):
        return not close(in_floats(values[0]), in_floats(values[1]))  # type: ignore[arg-type]
    return values[0] != values[1]
