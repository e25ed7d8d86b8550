"""What local response normalisation computes, whatever the framework, and how another one says it.

Each value is divided by ``(k + weight * sum) ** beta``, a sum of squares in a window of channels.
Frameworks count a window by its size or by its radius, and divide their alpha by the size or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bnlint.frameworks.records import Api
from bnlint.startup.typed import NamedTuple

#: How many channels a window of a size has before and after each, by the word of the table.
_WINDOWS: Mapping[str, Callable[[int], tuple[int, int]]] = {
    "radius": lambda size: (size, size),
    "before": lambda size: (size // 2, (size - 1) // 2),
    "after": lambda size: ((size - 1) // 2, size // 2),
    "fewer": lambda size: ((size - 1) // 2, (size - 1) // 2),
    "more": lambda size: (size // 2, size // 2),
}


class Response(NamedTuple):
    """What a layer computes: channels before and after each, what a square counts, beta, and k.

    What is not known is ``None``.
    """

    window: tuple[int, int] | None
    weight: float | None
    beta: float | None
    k: float | None


def response(api: Api, of: Callable[[str], object]) -> Response:
    """Return what ``api`` computes; ``of`` gives the argument in a role, or its default."""
    size, alpha = of("size"), _number(of("alpha"))
    window = _window(api, size) if type(size) is int else None
    weight = None if api.alpha_divided else alpha
    if api.alpha_divided and alpha is not None and type(size) is int and size > 0:
        weight = alpha / size
    return Response(window, weight, _number(of("beta")), _number(of("k")))


def spelled(api: Api, wanted: Response) -> Mapping[str, float | None]:
    """Return what ``api`` has to be given by role; ``None`` for what it cannot be told."""
    size = None if wanted.window is None else _size(api, wanted.window)
    alpha = wanted.weight
    if alpha is not None and api.alpha_divided:
        alpha = None if size is None else alpha * size
    alpha = None if alpha is None else float(f"{alpha:.12g}")
    return {"size": size, "alpha": alpha, "beta": wanted.beta, "k": wanted.k}


def _window(api: Api, size: int) -> tuple[int, int] | None:
    least = 0 if api.window == "radius" else 1
    return _WINDOWS[api.window](size) if api.window and size >= least else None


def _size(api: Api, window: tuple[int, int]) -> int | None:
    """Return the size with which ``api`` has ``window``: the odd one, if two have."""
    sizes = [size for size in range(sum(window) + 3) if _window(api, size) == window]
    return next((size for size in sizes if size % 2), sizes[0] if sizes else None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


def resized(source: Api, target: Api, size: str) -> tuple[str, bool]:
    """Return the text of a size of ``source`` as one of ``target``, and whether it rounds."""
    if source.window == target.window:
        return size, False
    plain = size if size.isidentifier() else f"({size})"
    if source.window == "radius":
        return f"(2 * {plain} + 1)", False
    return (f"{plain} // 2" if target.window == "radius" else size), True
