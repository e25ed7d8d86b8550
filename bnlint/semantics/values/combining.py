"""Values worked out of those of several parts, each of which may be one of several."""

from __future__ import annotations

import ast
from collections.abc import Callable

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import arithmetic
from bnlint.semantics.values.domain import (
    MAX_CANDIDATES,
    TOO_MANY,
    Candidate,
    Constant,
    Unknown,
    ValueSet,
    unknown,
)


def combine(
    module: Module,
    node: ast.expr,
    parts: tuple[ValueSet, ...],
    compute: Callable[..., object],
) -> ValueSet:
    """Apply ``compute`` to every combination of candidates of ``parts``."""
    combinations: list[tuple[Candidate, ...]] = [()]
    for values in parts:
        combinations = [(*c, v) for c in combinations for v in values]
        if len(combinations) > MAX_CANDIDATES:
            return unknown(TOO_MANY, module, node)
    found: list[Candidate] = []
    for combination in combinations:
        operands = [v.object.value for v in combination if isinstance(v.object, Constant)]
        if len(operands) < len(combination):
            missing = next(v.object for v in combination if not isinstance(v.object, Constant))
            why = missing.reason if isinstance(missing, Unknown) else "not a number"
            found.append(Candidate(Unknown(why), module, node))
            continue
        presumed = next((v.presumed for v in combination if v.presumed), "")
        try:
            result = compute(*operands)
        except arithmetic.NoValue:
            found.append(Candidate(Unknown("it cannot be computed"), module, node))
            continue
        found.append(Candidate(Constant(result), module, node, presumed, True))
    return tuple(found)
