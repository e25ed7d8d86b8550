"""Defaults of a parameter that a partial of the same file contradicts."""

from __future__ import annotations

import pytest
from reading import evaluator, sites

from bnlint.semantics.layers.alternatives import is_contradicted_default

CODE = """
from functools import partial
import torch.nn as nn

def block(c, norm={}):
    return norm(c)

{}
"""


@pytest.mark.parametrize(
    ("default", "other", "roles"),
    [
        ("nn.BatchNorm2d", "", ()),
        ("nn.BatchNorm2d", "other = partial(nn.BatchNorm2d, eps=1e-3)", ("eps",)),
        ("nn.BatchNorm2d", "other = partial(nn.BatchNorm2d, momentum=0.01)", ("momentum",)),
        ("nn.BatchNorm2d", "other = partial(nn.BatchNorm2d, **more)", ("eps", "momentum")),
        ("nn.BatchNorm2d", "other = partial(nn.BatchNorm1d, eps=1e-3)", ()),
        ("nn.BatchNorm2d", "other = partial(nn.Conv2d, eps=1e-3)", ()),
        ("nn.BatchNorm2d", "other = partial(read(), eps=1e-3)", ()),
        ("nn.BatchNorm2d", "class N(nn.Module):\n    pass\nother = partial(N, eps=1e-3)", ()),
        ("nn.BatchNorm2d", "def partial(a, eps):\n    return a\npartial(nn.BatchNorm2d, 1)", ()),
        ("partial(nn.BatchNorm2d, eps=1e-3)", "", ()),
        (
            "partial(nn.BatchNorm2d, eps=1e-3)",
            "other = partial(nn.BatchNorm2d, eps=1e-4)",
            ("eps",),
        ),
        (
            "partial(nn.BatchNorm2d, eps=1e-3)",
            "one = partial(nn.Conv2d, bias=False)\nother = partial(nn.BatchNorm2d, momentum=0.2)",
            ("momentum",),
        ),
    ],
)
def test_a_default_that_a_partial_contradicts(
    default: str, other: str, roles: tuple[str, ...]
) -> None:
    (site,) = sites(CODE.format(default, other))
    found = [r for r in ("eps", "momentum") if is_contradicted_default(evaluator(), site, r)]
    assert found == [*roles]


def test_what_is_known_is_not_contradicted() -> None:
    code = CODE.format("None", "other = partial(nn.BatchNorm2d, eps=1e-3)\nown = nn.BatchNorm2d(8)")
    (site,) = sites(code)
    assert not is_contradicted_default(evaluator(), site, "eps")
