"""What ``bnlint reference`` prints: what the layers of each file are compared with, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from bnlint.config.spelling import toml
from bnlint.files.display import clean
from bnlint.output.report import Style, counted
from bnlint.output.text import paint, wrapped
from bnlint.semantics.layers.references import INFERRED

if TYPE_CHECKING:
    from bnlint.engine.basis import Basis


def lines(bases: Sequence[Basis], style: Style) -> Iterator[str]:
    """Yield a line for each file and what its layers are compared with, and the evidence below.

    At the end stand the lines of a configuration that say for good what was inferred.
    """
    for path, group in groupby(bases, key=lambda basis: basis.path):
        yield paint([(clean(path), "bold")], style.color)
        for basis in group:
            layers = f"{counted(basis.layers, f'{basis.framework} layer')}"
            yield from wrapped(f"  {layers}: {clean(basis.told)}", style.width)
            for why in basis.why:
                yield from wrapped(f"    {clean(why)}", style.width)
    pinned = list(pins(bases))
    if pinned:
        yield ""
        yield "In pyproject.toml, these lines say it for good:"
        yield ""
        yield from pinned


def pins(bases: Sequence[Basis]) -> Iterator[str]:
    """Yield the lines of a configuration that say for good what was inferred."""
    found: dict[str, list[str]] = {}
    for basis in bases:
        if basis.kind == INFERRED and basis.path not in found.get(basis.family, ()):
            found.setdefault(basis.family, []).append(basis.path)
    for family, paths in found.items():
        yield "[[tool.bnlint.port]]"
        yield f"paths = {toml(paths)}"
        yield f"from = {toml(family)}"


def json(bases: Sequence[Basis]) -> Iterator[str]:
    """Yield one array with an object for each file and what its layers are compared with."""
    from bnlint.output.json import dumps

    yield dumps(
        [
            {
                "filename": basis.path,
                "layers": basis.layers,
                "framework": basis.framework,
                "kind": basis.kind,
                "reference": basis.told,
                "evidence": list(basis.why),
                "from": basis.family or None,
            }
            for basis in bases
        ]
    )
