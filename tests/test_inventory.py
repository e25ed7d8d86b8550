"""Which calls ``bnlint sites`` lists: layers that are built, not layers that are run."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.inventory import SiteRow, rows
from bnlint.linter import Facts, facts_of


def listed(code: str) -> list[SiteRow]:
    """Return the rows for code written inside a test."""
    facts = facts_of(textwrap.dedent(code).encode(), "model.py")
    assert isinstance(facts, Facts)
    return rows(facts)


def marked(code: str) -> int:
    """Return the line that ends in ``# here``."""
    lines = textwrap.dedent(code).splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith("# here")]
    return found


NOT_KNOWN = {
    "a normaliser that a caller in view leaves at None": (
        """
        from torch import nn

        class Conv(nn.Module):
            def __init__(self, channels, norm_layer=nn.BatchNorm2d):
                super().__init__()
                self.bn = norm_layer(channels)  # here

        class Block(nn.Module):
            def __init__(self, channels, norm_layer=None):
                super().__init__()
                self.conv = Conv(channels, norm_layer=norm_layer)
        """,
        "the default of parameter norm_layer of Block is None, and a caller may give it",
    ),
    "a module that somebody sets later": (
        """
        import keras

        layers = None

        def block(x):
            return layers.BatchNormalization()(x)  # here
        """,
        "BatchNormalization of a name that is None until it is set",
    ),
    "a class under a computed name": (
        """
        from torch import nn

        def block(channels, rank):
            bn = getattr(nn, f"BatchNorm{rank}d")
            return bn(channels)  # here
        """,
        "getattr() with an unknown name",
    ),
    "a class in a registry": (
        """
        from torch import nn
        from registry import NORMS

        def block(channels, kind=nn.BatchNorm2d):
            norm = NORMS[kind]
            return norm(channels)  # here
        """,
        "an element of something not followed",
    ),
}


@pytest.mark.parametrize(("code", "why"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_what_may_be_a_layer_is_listed_with_the_reason(code: str, why: str) -> None:
    """A name that some path binds to an API is listed once, whatever it turns out to be."""
    (row,) = [row for row in listed(code) if row.row == marked(code)]
    assert (row.api, row.why) == ("", why)
    assert (row.eps.kind, row.momentum.kind) == ("unknown", "unknown")


RUN = {
    "under a computed name": """
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                for index in range(3):
                    norm = nn.BatchNorm2d(8)
                    self.add_module(f"norm{index}", norm)

            def forward_features(self, x):
                for index in range(3):
                    norm = getattr(self, f"norm{index}")
                    x = norm(x)
                return x
        """,
    "in a list of layers": """
        from torch import nn

        class Net(nn.Module):
            def __init__(self, norm=nn.BatchNorm2d):
                super().__init__()
                self.norm = nn.ModuleList([norm(8) for _ in range(3)])

            def forward_features(self, x):
                for norm in self.norm:
                    x = norm(x)
                return self.norm[-1](x)
        """,
    "in the method that runs the model": """
        from torch import nn
        from blocks import Block

        class Conv(nn.Module):
            def __init__(self, norm=nn.BatchNorm2d):
                super().__init__()
                self.norm = norm(8)

        class Net(Block):
            def forward(self, x):
                return self.norm(x)
        """,
}


@pytest.mark.parametrize("code", RUN.values(), ids=RUN)
def test_a_layer_that_is_run_is_not_listed(code: str) -> None:
    """Only the call that builds the layer is a site."""
    assert [row.api for row in listed(code)] == ["torch.nn.BatchNorm2d"]


JOINED = {
    "a new dictionary": """
        from torch import nn

        defaults = {"eps": 1e-5, "momentum": 0.01}
        bn = nn.BatchNorm2d(8, **(defaults | {"eps": 1e-3}))
        """,
    "joined in place": """
        from torch import nn

        settings = {"eps": 1e-5, "momentum": 0.01}
        settings |= {"eps": 1e-3}
        bn = nn.BatchNorm2d(8, **settings)
        """,
}


@pytest.mark.parametrize("code", JOINED.values(), ids=JOINED)
def test_settings_from_two_dictionaries(code: str) -> None:
    """The second dictionary overrides the first."""
    (row,) = listed(code)
    assert (row.eps.value, row.eps.kind) == (1e-3, "known")
    assert (row.momentum.value, row.momentum.kind) == (0.01, "known")


def test_calls_on_weights() -> None:
    """A batch normalisation whose input is named as a weight is told from the layers."""
    code = """
        import torch.nn.functional as F

        def standardised(self, x, weight):
            return F.batch_norm(weight.view(1, -1, 4), None, None, training=True), F.batch_norm(x)
        """
    assert [row.of_weight for row in listed(code)] == [True, False]
