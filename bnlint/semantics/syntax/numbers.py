"""Numbers as rules compare and print them: conventions of momentum, closeness, complements."""

from __future__ import annotations

import math

from bnlint.frameworks.tables import Api

#: Relative difference up to which two settings count as the same: 1.001e-5 is 1e-5, 0.999 is
#: not 0.99 (their new-batch weights are compared, 0.001 with 0.01).
TOLERANCE = 0.02


def close(left: float, right: float) -> bool:
    """Tell whether two settings are the same within :data:`TOLERANCE`."""
    if left == right:  # what is infinite on both sides too, of which there is no difference
        return True
    return abs(left - right) <= TOLERANCE * max(abs(left), abs(right)) < math.inf


def in_floats(number: float) -> float:
    """Return a number of source code as a float: an integer beyond all floats is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def complement(number: float | str) -> str:
    """Return one minus ``number`` in decimal, as source text: ``0.99`` gives ``0.01``.

    Raises:
        ValueError: ``number`` is not a finite number.
    """
    from decimal import Decimal, InvalidOperation  # 1 ms to import, and seldom needed

    try:
        result = Decimal(1) - Decimal(str(number))
    except InvalidOperation:
        raise ValueError(f"not a number: {number!r}") from None
    if not result.is_finite():
        raise ValueError(f"not a finite number: {number!r}")
    return shown(float(result))


def shown(number: object) -> str:
    """Return a number as a message and a fix print it: ``1e-05``, ``0.01``, ``0.9997``.

    What is left over of a subtraction is no digit: ``1 - 0.9997`` is ``0.0003``.
    """
    if not isinstance(number, float):
        return repr(number)
    text, rounded = repr(number), repr(float(f"{number:.12g}"))
    return rounded if len(rounded) <= _SHORT < len(text) else text


#: Characters that a number has which somebody wrote, at most; one that was computed has more.
_SHORT = 10


def decay(api: Api, momentum: float) -> float | None:
    """Return the weight of the old running value, rounded where floats only seem to differ.

    ``None`` if the API has no convention, or nobody knows it.
    """
    if api.convention == "new-weight":
        return float(complement(momentum))
    return api.decay(momentum)


def momentum_for(api: Api, decay_value: float) -> float | None:
    """Return the momentum to write so that ``api`` keeps ``decay_value`` of the old value."""
    return decay(api, decay_value)  # both conventions are their own inverse
