"""Experiments that prove a finding: plain data that a rule states beside its check.

A trial compares what two layers compute. Layers are made of an API of the framework tables and of
literal arguments: never of source text, and never of code of the linted project.
"""

from __future__ import annotations

from collections.abc import Iterable

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TypeGuard

#: What is compared: outputs under planted statistics, or running statistics after some steps.
OUTPUT, STATISTICS = "output", "statistics"

TRAINING, INFERENCE = "training", "inference"

#: Variances at which eps shows: it hides where the variance is near one.
SMALL_VARIANCES = (1e-4, 1e-2, 1.0)

#: Variances at which a response shows: it adds a small part of the squares to a number.
LARGE_VARIANCES = (1.0, 1e2, 1e4)

#: Where an array of a layer comes from that is not its own: a new layer, or the root of a variance.
INITIAL, ROOT = "initial", "root"

#: The literals that an argument may be; a tuple has axes or sizes.
Literal = bool | int | float | str | tuple[int, ...] | None


class Layer(NamedTuple):
    """One layer, or call of a function.

    ``api`` is its id in the tables, ``arguments`` pairs names of parameters with literals; sizes
    and arrays are not among them. ``mode`` is the mode to run it in, empty for the mode of a bare
    call. ``arrays`` pairs the role of an array with what is in its place: the role of another one,
    ``INITIAL`` or ``ROOT``.
    """

    api: str
    arguments: tuple[tuple[str, Literal], ...] = ()
    mode: str = ""
    arrays: tuple[tuple[str, str], ...] = ()

    def without(self, *names: str) -> Layer:
        """Return the same layer with these arguments left at their defaults."""
        return self._replace(arguments=tuple(a for a in self.arguments if a[0] not in names))

    def given(self, **arguments: Literal) -> Layer:
        """Return the same layer with these arguments given."""
        rest = self.without(*arguments).arguments
        return self._replace(arguments=tuple(sorted((*rest, *arguments.items()))))


class Trial(NamedTuple):
    """What to run and to compare.

    ``fixed`` is the port's layer after the fix; where a rule leaves it out, it is read from the
    fixed text. Without ``reference`` the port is compared with its table's word on the fixed
    layer. ``variances`` are planted as running variances, channel by channel; ``affine`` plants a
    random gamma and beta in layers that have them. ``about`` says in a few words what is compared.
    Of layers that normalise otherwise than by batches, ``variances`` are those of examples; with
    ``own_axes``, each side is fed its channels in the axis that it normalises.
    """

    quantity: str
    port: Layer
    reference: Layer | None = None
    fixed: Layer | None = None
    variances: tuple[float, ...] = (1.0,)
    affine: bool = False
    channels: int = 4
    rank: int = 4
    about: str = ""
    own_axes: bool = False


def is_literal(value: object) -> TypeGuard[Literal]:
    """Tell whether an experiment may give ``value`` to a layer."""
    if isinstance(value, tuple):
        return all(type(item) is int for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def literals(pairs: Iterable[tuple[str, object]]) -> tuple[tuple[str, Literal], ...]:
    """Return those of ``pairs`` whose value is a literal, sorted by name."""
    return tuple(sorted((name, value) for name, value in pairs if is_literal(value)))
