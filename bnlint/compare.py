"""``bnlint compare``: the layers of a port beside those of its reference, and what is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bnlint.finding import Finding, Problem
from bnlint.inventory import Setting, SiteRow, row_of
from bnlint.linter import Facts, Options, Result, check_facts, facts_of
from bnlint.registry import LoadedRule
from bnlint.semantics.alignment import UNIFORM, Pair, align
from bnlint.semantics.module import Module
from bnlint.semantics.numbers import close
from bnlint.semantics.parts import within


class Input(NamedTuple):
    """One file of a side: what it is called, its bytes, and the class or function that counts.

    ``folder`` is the absolute folder it lies in, if it lies in one.
    """

    path: str
    data: bytes
    part: str = ""
    folder: str | None = None


class Row(NamedTuple):
    """A layer of each side, or of one; ``differs`` names the settings in which they differ.

    ``how`` says how the pair was made (see :mod:`bnlint.semantics.alignment`). Where it is
    ``uniform``, ``reference`` stands for all layers of that side, which are alike.
    """

    reference: SiteRow | None
    port: SiteRow | None
    how: str
    differs: tuple[str, ...] = ()


class Total(NamedTuple):
    """The parameters of a side's layers, as its framework counts and the trainable part.

    ``None`` where the size of a layer is not known, or a layer stands in a loop or a block, so
    that how often it is built is not known.
    """

    framework: str
    counted: int | None
    trainable: int | None


class Comparison(NamedTuple):
    """What came of a comparison; ``alike`` counts the reference's layers if they are all alike."""

    alike: int
    rows: tuple[Row, ...]
    totals: tuple[Total, ...]
    findings: tuple[Finding, ...]
    texts: dict[str, str]
    problems: tuple[Problem, ...]


def compare(
    reference: Sequence[Input], port: Sequence[Input], rules: Sequence[LoadedRule]
) -> Comparison:
    """Compare two sides, each one or more files."""
    problems: list[Problem] = []
    theirs = list(_read(reference, problems))
    mine = list(_read(port, problems))
    pairs = align([s for f in mine for s in f.sites], [s for f in theirs for s in f.sites])
    facts = {id(f.module): f for f in (*mine, *theirs)}
    codes = frozenset(r.code for r in rules if r.rule.needs_reference)
    results = [_check(f, pairs, rules, codes, theirs) for f in mine]
    for result in results:
        problems += result.problems
    findings = [finding for result in results for finding in result.findings]
    alike = sum(len(f.sites) for f in theirs) if any(p.how == UNIFORM for p in pairs) else 0
    return Comparison(
        alike,
        tuple(_row(pair, facts) for pair in pairs),
        tuple(total for side in (theirs, mine) for total in _totals(side)),
        tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        {f.module.path: f.module.text for f in (*mine, *theirs)},
        tuple(problems),
    )


def _read(side: Iterable[Input], problems: list[Problem]) -> Iterator[Facts]:
    for item in side:
        facts = facts_of(item.data, item.path, item.folder)
        if isinstance(facts, Problem):
            problems.append(facts)
        elif facts is not None:
            if item.part:
                sites = within(facts.module, item.part, facts.sites)
                if sites is None:
                    what = f"there is no class or function {item.part} in it"
                    problems.append(Problem(what, item.path))
                    continue
                facts = facts._replace(sites=sites)
            if facts.sites:
                yield facts
        elif item.part:
            problems.append(Problem("it holds no batch normalisation", item.path))


def _check(
    facts: Facts,
    pairs: Sequence[Pair],
    rules: Sequence[LoadedRule],
    codes: frozenset[str],
    references: Sequence[Facts],
) -> Result:
    named = [p for p in pairs if p.port is not None and p.port.module is facts.module]
    return check_facts(facts, rules, Options(codes, codes), named, references)


def _row(pair: Pair, facts: dict[int, Facts]) -> Row:
    reference, port = (
        row_of(facts[id(site.module)], site) if site is not None else None
        for site in (pair.reference, pair.port)
    )
    differs: list[str] = []
    if reference is not None and port is not None:
        if _differ(reference.eps, port.eps):
            differs.append("eps")
        if reference.decay is not None and port.decay is not None:
            if not close(1 - reference.decay, 1 - port.decay):
                differs.append("decay")
        if reference.parameters is not None and port.parameters is not None:
            if reference.parameters.trainable != port.parameters.trainable:
                differs.append("parameters")
        numbers = (reference.channels, port.channels)
        if pair.how != UNIFORM and None not in numbers and numbers[0] != numbers[1]:
            differs.append("channels")
    return Row(reference, port, pair.how, tuple(differs))


def _differ(left: Setting, right: Setting) -> bool:
    values = (left.value, right.value)
    if any(s.kind == "unknown" for s in (left, right)):
        return False
    if all(isinstance(v, (int, float)) for v in values):
        return not close(float(values[0]), float(values[1]))  # type: ignore[arg-type]
    return values[0] != values[1]


def _totals(side: Sequence[Facts]) -> Iterator[Total]:
    rows = [(facts, site, row_of(facts, site)) for facts in side for site in facts.sites]
    for framework in dict.fromkeys(row.framework for _, _, row in rows):
        parameters = [
            row.parameters if _is_built_once(facts.module, site.call) else None
            for facts, site, row in rows
            if row.framework == framework
        ]
        counted = [p.counted_number if p is not None else None for p in parameters]
        trainable = [p.trainable_number if p is not None else None for p in parameters]
        yield Total(framework, _sum(counted), _sum(trainable))


def _is_built_once(module: Module, call: ast.AST, depth: int = 0) -> bool:
    """Tell whether a call runs once where its model is built: in no loop, block or helper."""
    for around in module.ancestors(call):
        if isinstance(around, _REPEATS):
            return False
        if isinstance(around, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if around.name == "__init__":  # run by the call of its class, not by super().__init__()
                continue
            calls = module.calls_by_name.get(around.name, ())
            if len(calls) > 1 or depth > 5:
                return False
            if any(not _is_built_once(module, use, depth + 1) for use in calls):
                return False
    return True


_REPEATS = (
    ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.If, ast.IfExp,
)  # fmt: skip


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
