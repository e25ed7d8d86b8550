"""What ``bnlint compare`` prints as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bnlint.files.source import Lines
from bnlint.output.json import dumps, finding_object

if TYPE_CHECKING:
    from bnlint.engine.inventory import SiteRow
    from bnlint.frameworks.responses import Response
    from bnlint.porting.compare import Comparison
    from bnlint.porting.feeding import Feed


def json(comparison: Comparison) -> Iterator[str]:
    """Yield one object: the pairs, the totals and the findings."""
    yield dumps(comparison_object(comparison))


def comparison_object(comparison: Comparison) -> dict[str, object]:
    """Return the pairs, what was not compared, the totals and the findings, as JSON has them."""
    lines = {path: Lines(text) for path, text in comparison.texts.items()}
    return {
        "pairs": [
            {
                "reference": _object(row.reference, row.names[0]),
                "port": _object(row.port, row.names[1]),
                "paired_by": row.how or None,
                "differs": list(row.differs),
                "before": [_feed(feed) for feed in row.feeds],
            }
            for row in comparison.rows
        ],
        "not_compared": [
            {
                "filename": unseen.path,
                "unresolved": list(unseen.unresolved),
                "elsewhere": unseen.elsewhere,
            }
            for unseen in comparison.unseen
        ],
        "totals": [total._asdict() for total in comparison.totals],
        "findings": [finding_object(f, lines) for f in comparison.findings],
    }


def _feed(feed: Feed | None) -> dict[str, object] | None:
    if feed is None:
        return None
    numbers = feed.numbers
    return {
        "layer": feed.layer,
        "kernel": list(numbers.kernel) if numbers is not None and numbers.kernel else None,
        "stride": list(numbers.stride) if numbers is not None and numbers.stride else None,
        "padding": feed.padding or None,
        "bias": feed.bias,
        "activation": feed.active,
    }


def _object(row: SiteRow | None, names: Sequence[str]) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "filename": row.path,
        "location": {"row": row.row, "column": row.column},
        "cell": row.cell or None,
        "api": row.api,
        "name": row.name or None,
        "within": row.within or None,
        "modules": list(names) or None,
        "eps": row.eps.value,
        "decay": row.decay,
        "axis": row.axis.value,
        "mode": row.mode,
        "channels": row.channels,
        "parameters": row.parameters.counted if row.parameters is not None else None,
        "norm": row.norm,
        "response": _response(row.response) if row.response is not None else None,
    }


def _response(response: Response) -> dict[str, object]:
    before, after = response.window or (None, None)
    return {
        "before": before,
        "after": after,
        "alpha": response.weight,
        "beta": response.beta,
        "k": response.k,
    }
