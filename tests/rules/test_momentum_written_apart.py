"""BN101: a momentum that is stored in layers, held by a partial, or given by several callers."""

from __future__ import annotations

import pytest
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

STORED = [
    hazard(
        "a loop over the layers of a ready-made model, by class",
        """
        import torch.nn as nn
        import torchvision

        model = torchvision.models.resnet50()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = «0.9997»
        """,
        "momentum=0.9997 of BatchNorm2d, stored in layers, is the weight of the new batch",
        fix="unsafe: 0.9997 -> 0.0003",
    ),
    hazard(
        "a loop that asks for names, of modules of which only norms have a momentum",
        """
        import torch.nn as nn

        def prepare(model):
            for name, module in model.named_modules():
                if ".bn" in name:
                    module.momentum = «0.99»

        bn = nn.BatchNorm2d(8)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "setattr in a function that is applied to each layer",
        """
        import torch.nn as nn

        def slow(m):
            if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(m, "momentum", «0.999»)
        """,
        fix="unsafe: 0.999 -> 0.001",
    ),
    hazard(
        "Paddle keeps its momentum in a private attribute",
        """
        import paddle.nn as nn

        def prepare(model):
            for m in model.sublayers():
                if isinstance(m, nn.BatchNorm2D):
                    m._momentum = «0.1»
        """,
        "_momentum=0.1 of BatchNorm2D, stored in layers, is the weight of the old value",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "a constant that is stored",
        """
        import torch.nn as nn

        DECAY = 0.99

        def prepare(model):
            for m in model.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.momentum = «DECAY»
        """,
        fix="unsafe: DECAY -> 1 - DECAY",
    ),
]

HELD = [
    hazard(
        "a partial that is handed to a model",
        """
        import torch.nn as nn
        from functools import partial

        def make(net):
            return net(norm_layer=partial(nn.BatchNorm2d, momentum=«0.99»))
        """,
        "momentum=0.99 of BatchNorm2d, which a partial holds, is the weight of the new batch",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a partial for which a default stands in",
        """
        import torch.nn as nn
        from functools import partial

        class Block(nn.Module):
            def __init__(self, c, norm_layer=None):
                super().__init__()
                norm_layer = norm_layer or nn.BatchNorm2d
                self.bn = norm_layer(c)

        def small():
            return Block(8, norm_layer=partial(nn.BatchNorm2d, momentum=«0.9»))
        """,
        fix="unsafe: 0.9 -> 0.1",
    ),
]

GIVEN = [
    hazard(
        "callers that disagree, and are wrong each of them",
        """
        import torch.nn as nn

        def block(c, mom):
            return nn.BatchNorm2d(c, momentum=«mom»)

        a = block(3, 0.99)
        b = block(3, 0.9)
        """,
        "momentum of BatchNorm2d is 0.99 or 0.9, in each case the weight of the new batch",
        kind="error medium",
        fix="unsafe: mom -> 1 - mom",
    ),
    hazard(
        "a norm class that derived classes choose",
        """
        import torch.nn as nn

        class Base(nn.Module):
            def __init__(self, c, norm=None):
                super().__init__()
                self.bn = norm(c, momentum=«0.99»)

        class Flat(Base):
            def __init__(self, c):
                super().__init__(c, norm=nn.BatchNorm1d)

        class Deep(Base):
            def __init__(self, c):
                super().__init__(c, nn.BatchNorm2d)
        """,
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a setting that setdefault puts into an attribute",
        """
        import haiku as hk

        class Net(hk.Module):
            def __init__(self, config=None):
                super().__init__()
                self.config = dict(config or {})
                self.config.setdefault("decay_rate", «0.1»)
                self.config.setdefault("create_scale", True)
                self.config.setdefault("create_offset", True)

            def __call__(self, x, t):
                return hk.BatchNorm(**self.config)(x, t)
        """,
        kind="error medium",
        fix="unsafe: 0.1 -> 0.9",
    ),
]


CHOSEN = [
    hazard(
        "dictionaries that agree on the momentum",
        """
        import torch.nn as nn

        SMALL = dict(eps=1e-3, momentum=0.99)
        LARGE = dict(eps=1e-5, momentum=«0.99»)

        def block(c, large):
            return nn.BatchNorm2d(c, **(LARGE if large else SMALL))
        """,
        fix="manual",
        kind="error high",
    ),
]


@pytest.mark.parametrize("case", [*STORED, *HELD, *GIVEN, *CHOSEN])
def test_a_momentum_written_apart_is_reported(case: Hazard) -> None:
    check_hazard("BN101", case)


CLEAN = sourced(
    """
--- a loop that stores the right one
import torch.nn as nn

def prepare(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.01
--- a loop over other layers
import torch.nn as nn

def prepare(model):
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.momentum = 0.99
--- an optimizer has a momentum too
import torch

def prepare(optimizer):
    for group in optimizer.param_groups:
        group.momentum = 0.99
--- a momentum that is worked out
import torch.nn as nn

def prepare(model, steps):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 1 - 0.01
--- an attribute of an object of which nothing is known
import torch.nn as nn

def prepare(model):
    model.momentum = 0.99
--- Paddle does not look at an attribute of that name
import paddle.nn as nn

def prepare(model):
    for m in model.sublayers():
        if isinstance(m, nn.BatchNorm2D):
            m.momentum = 0.1
--- MindSpore keeps one minus the momentum
import mindspore.nn as nn

def prepare(model):
    for _, m in model.cells_and_names():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.1
--- Keras stores its own kind
import tensorflow as tf

def prepare(model):
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.99
--- a partial of the right one
import torch.nn as nn
from functools import partial

norm = partial(nn.BatchNorm2d, momentum=0.01)
--- a partial of another layer
import torch.nn as nn
from functools import partial

norm = partial(nn.GroupNorm, momentum=0.99)
bn = nn.BatchNorm2d(8)
--- a partial of several classes
import torch.nn as nn
from functools import partial

def make(other, flag):
    return partial(nn.BatchNorm2d if flag else other, momentum=0.99)
--- dictionaries that do not agree
import torch.nn as nn

SMALL = dict(momentum=0.99)
LARGE = dict(momentum=0.01)

def block(c, large):
    return nn.BatchNorm2d(c, **(LARGE if large else SMALL))
--- dictionaries of which one leaves it out
import torch.nn as nn

SMALL = dict(momentum=0.99)
LARGE = dict(eps=1e-3)

def block(c, large):
    return nn.BatchNorm2d(c, **(LARGE if large else SMALL))
--- one of the callers is right
import torch.nn as nn

def block(c, mom):
    return nn.BatchNorm2d(c, momentum=mom)

a = block(3, 0.99)
b = block(3, 0.1)
--- one of the callers is not known
import torch.nn as nn

def block(c, mom):
    return nn.BatchNorm2d(c, momentum=mom)

def net(x):
    return block(3, 0.01), block(3, x)
--- the derived class chooses a norm without running statistics
import torch.nn as nn

class Base(nn.Module):
    def __init__(self, c, norm=None):
        super().__init__()
        self.bn = norm(c, momentum=0.99)

class Other(Base):
    def __init__(self, c):
        super().__init__(c, norm=nn.LayerNorm)

bn = nn.BatchNorm2d(8)
--- another object's attribute is changed
import haiku as hk

class Net(hk.Module):
    def __init__(self, other, config=None):
        super().__init__()
        self.config = dict(config or {})
        other.config.setdefault("decay_rate", 0.1)

    def __call__(self, x, t):
        return hk.BatchNorm(True, True, **self.config)(x, t)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_what_is_written_apart_and_right_is_not_reported(
    code: str, from_family: str | None
) -> None:
    check_clean("BN101", code, from_family)
