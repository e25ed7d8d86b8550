"""What a class that normalises over channels by itself is like, field by field."""

from __future__ import annotations

import ast

import pytest
from reading import module_of

from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import Api, catalogue
from bnlint.semantics.layers.handwritten_norms import handwritten_norm
from bnlint.semantics.project.project import Project
from bnlint.semantics.values.domain import ClassRef

CODE = """
import {package}

class RMSNorm({base}):
    def __init__(self, dim, epsilon=1e-6, **more):
        super().__init__()
        self.eps = epsilon

    def forward(self, x):
        {body}
"""
WITHIN = "return x * {package}.rsqrt({mean}.mean({axis}) + {eps})"
BEHIND = "return x / ({package}.sqrt({mean}.mean({axis})) + {eps})"


def read(
    family: str,
    base: str,
    body: str,
    *,
    mean: str = "(x ** 2)",
    axis: int = -1,
    eps: str = "self.eps",
) -> Api:
    """Return what the class is as an API."""
    body = body.format(package=family, mean=mean, axis=axis, eps=eps)
    module = module_of(CODE.format(package=family, base=base, body=body))
    tables = catalogue().load(tuple(catalogue().families)).norms
    cls = module.classes[0]
    assert isinstance(cls, ast.ClassDef)
    found = handwritten_norm(Project(tables).evaluator, ClassRef(module, cls))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("family", "base", "mean", "norm", "like", "eps"),
    [
        ("torch", "torch.nn.Module", "(x ** 2)", "rms", "torch.nn.RMSNorm", "eps"),
        ("torch", "torch.nn.Module", "((x - m) ** 2)", "layer", "torch.nn.LayerNorm", "eps"),
        ("paddle", "paddle.nn.Layer", "((x - m) ** 2)", "layer", "paddle.nn.LayerNorm", "epsilon"),
    ],
)
def test_it_is_like_the_layer_of_its_framework(
    family: str, base: str, mean: str, norm: str, like: str, eps: str
) -> None:
    api = read(family, base, WITHIN, mean=mean)
    assert (api.norm, api.like, api.framework.name) == (norm, like, family)
    assert api.own_names == {"epsilon": eps}
    assert api.id.endswith("RMSNorm")
    assert (api.aliases, api.bases, api.kind) == ((), (), "layer")
    assert [one.name for one in api.signature] == ["dim", "epsilon", "more"]
    assert api.declared == {"dim", "epsilon", "more"}
    assert api.roles == {"eps": "epsilon"}
    assert (api.eps_fixed, api.eps_none, api.usual_eps) == (None, None, ())
    assert (api.place, api.reduces, api.channel_axis) == ("inside", "channels", -1)
    assert (api.data_formats, api.ranks, api.attributes) == ({}, UNKNOWN, None)
    assert (api.extra_keywords, api.inert, api.needed) == (frozenset(), frozenset(), frozenset())
    assert api.statistics == {}
    assert api.state == {"trainable": (), "statistics": ()}


def test_where_eps_stands_and_what_the_mean_is_over() -> None:
    api = read("torch", "torch.nn.Module", BEHIND, axis=1)
    assert (api.place, api.channel_axis, api.norm) == ("outside", 1, "rms")


def test_a_number_of_the_formula_is_no_argument() -> None:
    api = read("torch", "torch.nn.Module", WITHIN, eps="1e-8")
    assert (api.eps_fixed, api.roles, api.own_names) == (1e-8, {}, {})


def test_a_class_of_which_its_framework_has_no_like() -> None:
    """It is like nothing, and has the name of its own argument."""
    api = read("chainer", "chainer.Link", WITHIN)
    assert (api.like, api.norm, api.framework.name) == (api.id, "rms", "chainer")
    assert api.own_names == {}
