"""What is statically known of an argument: known, default, presumed or unknown."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.domain import Constant, Sequence, Unknown, ValueSet
from bnlint.startup.typed import NamedTuple

KNOWN, DEFAULT, PRESUMED, UNKNOWN = "known", "default", "presumed", "unknown"


class Value(NamedTuple):
    """What is known of one argument of a layer.

    ``kind`` is ``known`` (the code says so), ``default`` (left to the API's default),
    ``presumed`` (rests on ``why``, which a caller may override) or ``unknown`` (``why`` says what
    is missing). ``value`` is a constant or a tuple of constants. ``node`` in ``module`` is where
    it is written, ``argument`` the expression passed at the call, ``from_default`` tells a
    default even where it is only presumed that this API is called. ``alternatives`` are the values
    it may have where it is unknown only because these differ.
    """

    kind: str
    value: object = None
    why: str = ""
    module: Module | None = None
    node: ast.AST | None = None
    argument: ast.expr | None = None
    computed: bool = False
    from_default: bool = False
    alternatives: tuple[Value, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is a value: known, default or presumed."""
        return self.kind != UNKNOWN

    @property
    def number(self) -> float | None:
        """The value where it is a finite number, else ``None`` (booleans are no numbers here)."""
        if isinstance(self.value, bool):
            return None
        try:
            number = float(self.value) if isinstance(self.value, (int, float)) else math.nan
        except OverflowError:  # an integer beyond all floats
            return None
        return number if math.isfinite(number) else None


def written(value: Value) -> str:
    """Return a number as the code spells it (``1e-3``), or as a fix prints it (``0.001``)."""
    match value:
        case Value(module=Module() as module, node=ast.Constant() as node, computed=False):
            return module.source(node)
    return shown(value.number)


def absent(why: str) -> Value:
    """Return the value of which nothing is known."""
    return Value(UNKNOWN, None, why)


def possible(value: Value) -> tuple[Value, ...]:
    """Return the values that ``value`` may have: itself where it is known, else what is in view."""
    return (value,) if value.is_known else value.alternatives


def differing(values: Iterable[Value]) -> Value:
    """Return the value that is unknown because it may be any of ``values``."""
    found: dict[str, Value] = {}
    for value in values:
        found.setdefault(repr(value.value), value)
    why = "it may be " + " or ".join(sorted(found))
    return Value(UNKNOWN, None, why, alternatives=tuple(found.values()))


def agreed(values: list[Value]) -> Value:
    """Return what is known of an argument that has each of ``values`` in some case."""
    first = values[0]
    if not all(value.is_known for value in values):
        if all(possible(value) for value in values):
            return differing(other for value in values for other in possible(value))
        return next(value for value in values if not possible(value))
    for other in values[1:]:
        if other.value != first.value:
            return differing(values)
        if other.from_default is not first.from_default:
            first = first._replace(from_default=False)
    return next((v for v in (first, *values) if v.kind != PRESUMED), first)


def assumption(*values: Value) -> str:
    """Return how a message names what the presumed one of ``values`` rests on, or nothing."""
    return next((f" ({v.why})" for v in values if v.kind == PRESUMED), "")


def settle(candidates: ValueSet, argument: ast.expr | None) -> Value:
    """Return what the candidates for an argument say together.

    Several candidates that agree are one; candidates that differ are unknown.
    """
    constants: dict[str, Value] = {}
    for candidate in candidates:
        found = candidate.object
        if isinstance(found, Unknown):
            return absent(found.reason)
        plain = _plain(found)
        if plain is None:
            return absent("it is not a plain value")
        constants.setdefault(
            repr(plain[0]),
            Value(
                PRESUMED if candidate.presumed else KNOWN,
                plain[0],
                candidate.presumed,
                candidate.module,
                candidate.node,
                argument,
                candidate.computed,
            ),
        )
    if len(constants) > 1:
        return differing(constants.values())
    (value,) = constants.values()
    if value.kind == PRESUMED and any(not c.presumed for c in candidates):
        # Certain on one path and presumed on another, the same on both: it is what it is.
        return value._replace(kind=KNOWN, why="")
    return value


def _plain(found: object) -> tuple[object] | None:
    if isinstance(found, Constant):
        return (found.value,)
    if isinstance(found, Sequence) and not found.open:
        items: list[object] = []
        for item in found.items:
            match item.node:
                case ast.Constant(value):
                    items.append(value)
                case ast.UnaryOp(ast.USub(), ast.Constant(int(number))):
                    items.append(-number)  # an axis, counted from the end
                case _:
                    return None
        return (tuple(items),)
    return None
