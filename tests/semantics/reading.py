"""Reads pieces of code with the semantic engine, and turns its answers into plain Python."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from bnlint.engine.facts import read_facts
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site, Unresolved
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module, parse
from bnlint.semantics.values.domain import (
    Candidate,
    Constant,
    Dictionary,
    Sequence,
    Symbol,
    Unknown,
)
from bnlint.semantics.values.evaluator import Evaluator


class NotPlainError(Exception):
    """The evaluator's answer is no plain value."""


def module_of(code: str) -> Module:
    """Parse code written inside a test."""
    return parse("x.py", textwrap.dedent(code).lstrip("\n"))


def evaluator() -> Evaluator:
    """Return an evaluator that knows all framework tables."""
    tables = catalogue()
    return Project(tables.load(tuple(tables.families))).evaluator


def last_expression(module: Module) -> ast.expr:
    """Return the expression that the last statement of ``module`` assigns or is."""
    statement = module.tree.body[-1]
    assert isinstance(statement, (ast.Assign, ast.Expr))
    return statement.value


def answers(code: str) -> tuple[Candidate, ...]:
    """Return what the last expression of ``code`` may be."""
    module = module_of(code)
    return evaluator().evaluate(module, last_expression(module))


def answer(code: str) -> object:
    """Return the last expression of ``code`` as a plain value, or why it is unknown."""
    module = module_of(code)
    ev = evaluator()
    found = ev.evaluate(module, last_expression(module))
    unknown = [c.object.reason for c in found if isinstance(c.object, Unknown)]
    if unknown:
        return Unknown(unknown[0])
    values = [plain_value(ev, candidate) for candidate in found]
    return values[0] if len(values) == 1 else values


def plain_value(ev: Evaluator, candidate: Candidate) -> object:
    """Return a candidate as the Python value it stands for.

    Raises:
        NotPlainError: it stands for none that can be made here, or for one that is not known whole.
    """
    found = candidate.object
    if isinstance(found, Constant):
        return found.value
    if isinstance(found, Sequence) and not found.open:
        made = [_only(ev, item) for item in found.items]
        return tuple(made) if isinstance(candidate.node, ast.Tuple) else made
    if isinstance(found, Dictionary) and not found.open:
        return {key: _only(ev, item) for key, item in found.items}
    if isinstance(found, Symbol):
        return found.path
    raise NotPlainError(type(found).__name__)


def _only(ev: Evaluator, item: object) -> object:
    values = ev.argument(item)  # type: ignore[arg-type]
    if len(values) != 1:
        raise NotPlainError
    return plain_value(ev, values[0])


def sites(code: str) -> list[Site]:
    """Return the batch normalisation calls of ``code``, with what is stored later."""
    return list(read_facts(module_of(code)).sites)


def unresolved(code: str) -> list[Unresolved]:
    """Return the calls of ``code`` that may be batch normalisation."""
    return list(read_facts(module_of(code)).unresolved)


def known(code: str, role: str) -> list[str]:
    """Return, for each site of ``code``, what is known of ``role``: ``known 0.1``, ``unknown``."""
    return list(_settings(sites(code), role))


def _settings(found: list[Site], role: str) -> Iterator[str]:
    for site in found:
        value = site.value(role)
        yield f"{value.kind} {value.value}" if value.is_known else "unknown"
