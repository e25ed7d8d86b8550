"""Python's own arithmetic on constants, with limits on the size of what it may make.

The results agree with what Python computes (a property the tests check against ``eval``); an
operation that raises, or whose result would be unreasonably large, has no value.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: Integers beyond this many bits, and strings or sequences beyond this length, are not computed.
MAX_BITS = 4096
MAX_LENGTH = 10_000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}

#: Pure builtins that are computed on constants.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "pow": lambda base, power: binary(ast.Pow(), base, power),
    "round": round,
    "str": str,
}


class NoValue(Exception):  # a result, not an error: the expression has no value here
    """An operation on constants that raises, or whose result would be too large."""


def binary(op: ast.operator, left: object, right: object) -> object:
    """Compute ``left op right``.

    Raises:
        NoValue: Python would raise, or the result is too large.
    """

    def compute() -> object:
        if not _affordable(op, left, right):
            raise NoValue
        return _BINARY[type(op)](left, right)

    return _limited(compute)


def unary(op: ast.unaryop, operand: object) -> object:
    """Compute ``op operand``.

    Raises:
        NoValue: Python would raise.
    """
    return _limited(lambda: _UNARY[type(op)](operand))


def compare(op: ast.cmpop, left: object, right: object) -> object:
    """Compute ``left op right`` for a comparison.

    Raises:
        NoValue: Python would raise, or identity would depend on the implementation.
    """
    if isinstance(op, (ast.Is, ast.IsNot)) and not _singleton(left):
        if type(left) is not type(right) or left != right:
            return isinstance(op, ast.IsNot)
        if not (isinstance(left, str) and left.isidentifier()):  # these are kept once, and meant so
            raise NoValue
        return isinstance(op, ast.Is)
    return _limited(lambda: _COMPARE[type(op)](left, right))


def call(name: str, arguments: tuple[object, ...], keywords: dict[str, object]) -> object:
    """Call the builtin ``name`` of :data:`FUNCTIONS`.

    Raises:
        NoValue: Python would raise, or the result is too large.
    """
    return _limited(lambda: FUNCTIONS[name](*arguments, **keywords))


def text(method: str, value: str, *arguments: object) -> object:
    """Call a method of the string ``value``.

    Raises:
        NoValue: Python would raise, or the result is too large.
    """
    if method == "replace" and len(str(arguments)) + len(value) > 1000:  # may square the length
        raise NoValue
    return _limited(lambda: getattr(value, method)(*arguments))


def is_affordable(value: object) -> bool:
    """Tell whether a constant is of a size that is computed with."""
    if isinstance(value, int):
        return value.bit_length() <= MAX_BITS
    return not isinstance(value, (str, bytes)) or len(value) <= MAX_LENGTH


def _singleton(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _affordable(op: ast.operator, left: Any, right: Any) -> bool:
    if isinstance(op, ast.Pow) and isinstance(left, int):
        return abs(left) <= 1 or left.bit_length() * right <= MAX_BITS
    if isinstance(op, ast.LShift):
        return bool(right <= MAX_BITS)
    if isinstance(op, ast.Mult):
        for item, times in ((left, right), (right, left)):
            if isinstance(item, (str, bytes)):
                return len(item) * operator.index(times) <= MAX_LENGTH
    if isinstance(op, ast.Mod) and isinstance(left, (str, bytes)):
        # A width in a format ("%9999999d") makes a string as long as it says.
        return not any(c.isdigit() for c in str(left))
    return True


def _limited(compute: Callable[[], object]) -> object:
    try:
        result = compute()
    except Exception:
        raise NoValue from None
    if not is_affordable(result):
        raise NoValue
    return result
