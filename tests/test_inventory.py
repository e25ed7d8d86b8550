"""Which calls ``bnlint sites`` lists: layers that are built, not layers that are run."""

from __future__ import annotations

import textwrap

import pytest

from bnlint.engine.facts import Facts, facts_of
from bnlint.engine.inventory import SiteRow, rows


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


IMPORTS = """
import equinox as eqx
import haiku as hk
import paddle
from flax import linen, nnx
"""


@pytest.mark.parametrize(
    ("call", "mode"),
    [
        ("paddle.nn.BatchNorm2D(8)", "training"),
        ("paddle.nn.BatchNorm(8, is_test=True)", "inference"),
        ("paddle.nn.BatchNorm(8, is_test=flag)", "by argument"),
        ("paddle.static.nn.batch_norm(x)", "training"),
        ("paddle.static.nn.batch_norm(x, is_test=True)", "inference"),
        ("linen.BatchNorm()", "required"),
        ("linen.BatchNorm(use_running_average=True)", "inference"),
        ("linen.BatchNorm(use_running_average=not train)", "by argument"),
        ("nnx.BatchNorm(8, rngs=rngs)", "training"),
        ("nnx.BatchNorm(8, use_running_average=True, rngs=rngs)", "inference"),
        ("hk.BatchNorm(True, True, 0.9)", "required"),
        ("eqx.nn.BatchNorm(8, 'batch')", "training"),
        ("eqx.nn.BatchNorm(8, 'batch', inference=True)", "inference"),
    ],
)
def test_the_mode_of_a_new_layer(call: str, mode: str) -> None:
    """As its constructor is told, or as the framework starts."""
    (row,) = listed(f"{IMPORTS}\nbn = {call}\n")
    assert row.mode == mode


@pytest.mark.parametrize(
    ("call", "counted", "trainable"),
    [
        ("paddle.nn.BatchNorm2D(8)", 32, 16),
        ("paddle.nn.BatchNorm2D(8, weight_attr=False)", 24, 8),
        ("paddle.nn.BatchNorm2D(8, weight_attr=False, bias_attr=False)", 16, 0),
        ("paddle.nn.BatchNorm2D(8, weight_attr='gamma')", 32, 16),
        ("nnx.BatchNorm(8, use_scale=False, rngs=rngs)", 8, 8),
        ("eqx.nn.BatchNorm(8, 'batch', channelwise_affine=False)", 0, 0),
    ],
)
def test_parameters_less_what_is_switched_off(call: str, counted: int, trainable: int) -> None:
    """An argument that is None by default leaves them on, whatever else than false it is."""
    (row,) = listed(f"{IMPORTS}\nbn = {call}\n")
    assert row.parameters is not None
    assert (row.parameters.counted_number, row.parameters.trainable_number) == (counted, trainable)


def test_parameters_that_a_value_out_of_view_decides_are_not_counted() -> None:
    (row,) = listed(f"{IMPORTS}\nbn = paddle.nn.BatchNorm2D(8, weight_attr=attr)\n")
    assert row.parameters is None
