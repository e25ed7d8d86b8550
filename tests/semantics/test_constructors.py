"""What constructors take, and which attributes hold what is given to them."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.frameworks.records import SourceText
from bnlint.semantics.layers.constructors import given_attributes, signature_of


def class_of(body: str) -> ast.ClassDef:
    (node,) = ast.parse(
        f"class Norm(Module):\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    ).body
    assert isinstance(node, ast.ClassDef)
    return node


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("def __init__(self, eps):\n    self.eps = eps", {"eps": "eps"}),
        ("def __init__(self, e):\n    self.eps = self.more = e", {"eps": "e", "more": "e"}),
        ("def __init__(self, *, e):\n    self.eps = e", {"eps": "e"}),
        ("def __init__(self, e):\n    if e:\n        self.eps = e", {"eps": "e"}),
        ("def __init__(self, e):\n    self.eps = float(e)", {}),
        ("def __init__(self, e):\n    self.eps = other", {}),
        ("def __init__(self, e):\n    eps = e", {}),
        ("def __init__(self, e):\n    self.eps += e", {}),
        ("def setup(self, e):\n    self.eps = e", {"eps": "e"}),
        ("def reset(self, e):\n    self.eps = e", {}),
        ("eps: float = 1e-5\ndim: int", {"eps": "eps", "dim": "dim"}),
        ("eps = 1e-5", {}),
        ("dim: int\ndef setup(self, e):\n    self.eps = e", {"dim": "dim", "eps": "e"}),
        ("def forward(self, x):\n    pass\ndef __init__(self, e):\n    self.eps = e", {"eps": "e"}),
    ],
)
def test_attributes_that_hold_what_is_given(body: str, found: dict[str, str]) -> None:
    assert given_attributes(class_of(body)) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("def __init__(self):\n    pass", []),
        ("def __init__(self, a, b=1):\n    pass", ["a positional", "b positional 1"]),
        ("def __init__(self, a, /, b=1):\n    pass", ["a positional", "b positional 1"]),
        ("def __init__(self, a=1, b=2):\n    pass", ["a positional 1", "b positional 2"]),
        (
            "def __init__(self, a, *, b, c=3):\n    pass",
            ["a positional", "b keyword", "c keyword 3"],
        ),
        ("def __init__(self, a=None, **more):\n    pass", ["a positional None", "more extra"]),
        ("def __init__(self, a=EPS):\n    pass", ["a positional EPS"]),
        ("def __init__(self, a=-1e-5):\n    pass", ["a positional -1e-05"]),
        ("def forward(self, x):\n    pass", []),
        ("a: int\nb: float = 2.0\nc = 3", ["a positional", "b positional 2.0"]),
        ("a: int\ndef __init__(self, b):\n    pass", ["b positional"]),
    ],
)
def test_what_a_constructor_takes(body: str, found: list[str]) -> None:
    said = []
    for one in signature_of(class_of(body)):
        default = one.default.text if isinstance(one.default, SourceText) else one.default
        is_there = not one.required and one.kind != "extra"
        said.append(f"{one.name} {one.kind}" + (f" {default}" if is_there else ""))
    assert said == found
