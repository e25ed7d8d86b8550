"""What an array is to batch normalisation, by the names that frameworks have for it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from bnlint.frameworks.tables import catalogue

SCALE, SHIFT, MEAN, VARIANCE, COUNTER = "scale", "shift", "mean", "variance", "counter"

#: What a layer learns, what it gathers, and both, in the order of the tables.
LEARNED = (SCALE, SHIFT)
STATISTICS = (MEAN, VARIANCE)
KINDS = (*LEARNED, *STATISTICS)

#: What people call each of them.
CALLED = {
    SCALE: "gamma",
    SHIFT: "beta",
    MEAN: "the mean",
    VARIANCE: "the variance",
    COUNTER: "the number of batches",
}


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, str]:
    """Return the kind of each name of an array; what means two of them is left out."""
    found: dict[str, set[str]] = {}
    for table in catalogue().tables.values():
        for row in table["api"]:
            state = row["state"]
            for key, kinds in (
                ("trainable", LEARNED), ("affine", LEARNED), ("statistics", STATISTICS),
            ):  # fmt: skip
                names = state.get(key, ())
                if len(names) == len(kinds):
                    for name, kind in zip(names, kinds, strict=True):
                        found.setdefault(_last(name), set()).add(kind)
            for name in state.get("counter", ()):
                if is_distinct(_last(name)):
                    found.setdefault(_last(name), set()).add(COUNTER)
    return {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1}


def _last(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2]


def kind_of(name: str) -> str:
    """Return what the array called ``name`` (``running_var``) is, or an empty string."""
    return _kinds().get(name, "")


def is_distinct(name: str) -> bool:
    """Tell whether nothing else goes by ``name``: ``moving_mean``, and not ``mean``."""
    return "_" in name.strip("_")


def is_statistic(name: str) -> bool:
    """Tell whether ``name`` is that of a running statistic, and of nothing else."""
    return is_distinct(name) and kind_of(name) in STATISTICS


@lru_cache(maxsize=1)
def _layers() -> frozenset[frozenset[str]]:
    rows = (row for table in catalogue().tables.values() for row in table["api"])
    return frozenset(
        frozenset(_last(name) for names in row["state"].values() for name in names) for row in rows
    )


def stand_together(name: str, other: str) -> bool:
    """Tell whether a layer of any framework has both: ``bias`` and ``running_mean``."""
    return any(name in layer and other in layer for layer in _layers())


@lru_cache(maxsize=1)
def listed_order() -> tuple[str, ...]:
    """Return the kinds of the arrays of a layer in the order in which it gives all its weights."""
    for family, table in catalogue().tables.items():
        if table["vocabulary"].get("gives_weights"):
            row = catalogue().reference_row(family)
            return tuple(kind_of(_last(name)) for name in row.get("saved_order", ()))
    return ()


def split_key(key: str) -> tuple[str, str]:
    """Return what stands before the name of an array in a key, and the name.

    ``layer1.bn/moving_mean:0`` is that of ``moving_mean``.
    """
    text = key.partition(":")[0]
    cut = max(text.rfind(mark) for mark in "./") + 1
    return text[:cut], text[cut:]


def key_of(node: ast.expr, text: str) -> tuple[str, str] | None:
    """Return what stands before the name of an array in a key that is built, and the name.

    ``text`` is the source of ``node``: ``f"{prefix}.weight"``, ``name + "/gamma"``, ``"%s/beta" %
    name``, ``"{}.bias".format(name)``, ``".".join([name, "running_mean"])``.
    """
    end = _end(node)
    if end is None:
        return None
    _, name = split_key(end)
    return (text.replace(name, "", 1) if text.count(name) == 1 else text, name)


def _end(node: ast.expr) -> str | None:
    """Return the text with which a key ends, as far as it is written down."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[*_, last]) | ast.BinOp(op=ast.Add(), right=last):
            return _end(last)
        case ast.BinOp(op=ast.Mod(), left=pattern):
            return _end(pattern)
        case ast.Call(func=ast.Attribute(attr="format", value=pattern)):
            return _end(pattern)
        case ast.Call(func=ast.Attribute(attr="join"), args=[*_, last]):
            listed = last.elts[-1:] if isinstance(last, (ast.List, ast.Tuple)) else [last]
            return next(map(_end, listed), None)
    return None
