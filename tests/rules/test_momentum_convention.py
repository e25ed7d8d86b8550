"""BN101: a momentum in the other convention."""

from __future__ import annotations

import pytest
from one_rule import run
from value_rule import Hazard, check_clean, check_hazard, hazard, sourced

TORCH = "is the weight of the new batch in PyTorch"
KERAS = "is the weight of the old value in Keras"

LITERAL = [
    hazard(
        "Keras's default written into a PyTorch layer",
        """
        import torch.nn as nn

        class Stem(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm2d(32, eps=1e-3, momentum=«0.99»)
        """,
        "momentum=0.99 of BatchNorm2d",
        TORCH,
        "each step keeps 0.01 of the old running value",
        advice="write momentum=0.01, which is what Keras calls 0.99",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a positional momentum",
        """
        from torch.nn import BatchNorm1d

        bn = BatchNorm1d(64, 1e-5, «0.9»)
        """,
        "momentum=0.9 of BatchNorm1d",
        fix="unsafe: 0.9 -> 0.1",
    ),
    hazard(
        "a four-digit decay, complemented in decimal",
        """
        import torch

        bn = torch.nn.BatchNorm2d(8, momentum=«0.9997»)
        """,
        "keeps 0.0003 of",
        advice="write momentum=0.0003",
        fix="unsafe: 0.9997 -> 0.0003",
    ),
    hazard(
        "slim's decay in a PyTorch layer",
        """
        import torch.nn as nn

        bn = nn.BatchNorm3d(8, momentum=«0.999»)
        """,
        fix="unsafe: 0.999 -> 0.001",
    ),
    hazard(
        "an unusual number is a warning of medium confidence, which names the assumption",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, momentum=«0.8»)
        """,
        "presumably meant as the weight of the ",
        kind="warning medium",
        fix="unsafe: 0.8 -> 0.2",
    ),
    hazard(
        "the functional form in training mode",
        """
        import torch.nn.functional as F

        def norm(x, mean, var):
            return F.batch_norm(x, mean, var, training=True, momentum=«0.99»)
        """,
        "momentum=0.99 of batch_norm",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "an activation whose shape has a name that weights have, too",
        """
        import torch.nn.functional as F

        def norm(x, b, c, h, w, mean, var):
            return F.batch_norm(x.view(b, c, h, w), mean, var, training=True, momentum=«0.99»)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "PyTorch's default in a Keras model",
        """
        from tensorflow.keras import layers

        def block(x):
            return layers.BatchNormalization(momentum=«0.1», epsilon=1e-5)(x)
        """,
        "momentum=0.1 of BatchNormalization",
        KERAS,
        "each step keeps 0.1 of the old running value",
        advice="write momentum=0.9, which is what PyTorch calls 0.1",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "PyTorch's default in MindSpore's nn",
        """
        from mindspore import nn

        bn = nn.BatchNorm2d(64, momentum=«0.1»)
        """,
        "is the weight of the old value in MindSpore",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "MindSpore's mint means the other thing than its nn",
        """
        from mindspore import mint

        bn = mint.nn.BatchNorm2d(64, momentum=«0.9»)
        """,
        "is the weight of the new batch in MindSpore",
        fix="unsafe: 0.9 -> 0.1",
    ),
    hazard(
        "tf.layers in training",
        """
        import tensorflow as tf

        def norm(x, training):
            return tf.layers.batch_normalization(x, momentum=«0.1», training=training)
        """,
        "momentum=0.1 of batch_normalization",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "slim, where it is called decay",
        """
        import tf_slim as slim

        def norm(net):
            return slim.batch_norm(net, decay=«0.1», is_training=True)
        """,
        "decay=0.1 of batch_norm",
        advice="write decay=0.9",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "a slim argument scope",
        """
        import tensorflow.contrib.slim as slim

        def net(x):
            with slim.arg_scope([slim.batch_norm], decay=«0.1», epsilon=1e-5):
                return slim.batch_norm(x)
        """,
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "the parameters of a slim normaliser",
        """
        import tf_slim as slim

        def net(x):
            return slim.conv2d(
                x, 64, 3, normalizer_fn=slim.batch_norm, normalizer_params={"decay": «0.1»}
            )
        """,
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "the normaliser of a slim scope",
        """
        import tf_slim as slim

        def net(x):
            with slim.arg_scope(
                [slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params={"decay": «0.1»}
            ):
                return slim.conv2d(x, 64, 3)
        """,
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "two candidates of one convention",
        """
        try:
            import tensorflow.keras as keras
        except ImportError:
            import keras

        bn = keras.layers.BatchNormalization(momentum=«0.1»)
        """,
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "a star import of a framework",
        """
        from torch.nn import *

        bn = BatchNorm2d(3, momentum=«0.9»)
        """,
        fix="unsafe: 0.9 -> 0.1",
    ),
]

THROUGH_NAMES = [
    hazard(
        "a module constant that only layers use is changed where it stands",
        """
        import torch.nn as nn

        BN_MOMENTUM = 0.99

        def block(c):
            return nn.Sequential(nn.Conv2d(c, c, 3), nn.BatchNorm2d(c, momentum=«BN_MOMENTUM»))
        """,
        "momentum=0.99 of BatchNorm2d",
        advice="define BN_MOMENTUM as 0.01",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a constant that the optimiser uses as well is converted at the layer",
        """
        import torch
        import torch.nn as nn

        MOMENTUM = 0.9
        bn = nn.BatchNorm2d(8, momentum=«MOMENTUM»)
        opt = torch.optim.SGD(bn.parameters(), lr=0.1, momentum=MOMENTUM)
        """,
        advice="write momentum=1 - MOMENTUM: 0.1",
        fix="unsafe: MOMENTUM -> 1 - MOMENTUM",
    ),
    hazard(
        "a constant of two conventions is converted at the layer",
        """
        import torch.nn as nn
        from tensorflow import keras

        DECAY = 0.99
        a = keras.layers.BatchNormalization(momentum=DECAY)
        b = nn.BatchNorm2d(8, eps=1e-3, momentum=«DECAY»)
        """,
        fix="unsafe: DECAY -> 1 - DECAY",
    ),
    hazard(
        "a class attribute",
        """
        import torch.nn as nn

        class Net(nn.Module):
            BN_MOMENTUM = 0.99

            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm2d(8, momentum=«self.BN_MOMENTUM»)
        """,
        advice="define self.BN_MOMENTUM as 0.01",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a parameter default is reported where it is defined",
        """
        import torch.nn as nn

        def conv_bn(c, momentum=«0.99»):
            return nn.Sequential(nn.Conv2d(c, c, 1), nn.BatchNorm2d(c, momentum=momentum))
        """,
        "(the default of parameter momentum of conv_bn)",
        kind="error medium",
        advice="define momentum as 0.01",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a default that two layers share is reported once",
        """
        import torch.nn as nn

        class Block(nn.Module):
            def __init__(self, c, momentum=«0.99»):
                super().__init__()
                self.bn1 = nn.BatchNorm2d(c, momentum=momentum)
                self.bn2 = nn.BatchNorm2d(c, momentum=momentum)
        """,
        "(the default of parameter momentum of Block)",
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a default that other code uses as well is converted at the layer",
        """
        import torch.nn as nn

        def conv_bn(c, momentum=«0.99»):
            print(momentum)
            return nn.BatchNorm2d(c, momentum=momentum)
        """,
        kind="error medium",
        advice="write momentum=1 - momentum: 0.01",
        fix="unsafe: momentum -> 1 - momentum",
    ),
    hazard(
        "an attribute set from a parameter",
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self, bn_momentum=«0.9»):
                super().__init__()
                self.momentum = bn_momentum
                self.bn = nn.BatchNorm2d(8, momentum=self.momentum)
        """,
        kind="error medium",
        fix="unsafe: self.momentum -> 1 - self.momentum",
    ),
    hazard(
        "the default of an option",
        """
        import argparse
        import torch.nn as nn

        parser = argparse.ArgumentParser()
        parser.add_argument("--bn-momentum", type=float, default=«0.99»)
        args = parser.parse_args()
        bn = nn.BatchNorm2d(8, momentum=args.bn_momentum)
        """,
        "(the default of option --bn-momentum)",
        advice="write momentum=1 - args.bn_momentum: 0.01",
        kind="error medium",
        fix="unsafe: args.bn_momentum -> 1 - args.bn_momentum",
    ),
    hazard(
        "the field of a dataclass",
        """
        from dataclasses import dataclass

        import torch.nn as nn

        @dataclass
        class Config:
            bn_momentum: float = «0.99»

        def norm(c, cfg: Config):
            return nn.BatchNorm2d(c, momentum=cfg.bn_momentum)
        """,
        "(the default of field bn_momentum of Config)",
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a dictionary of arguments",
        """
        import torch.nn as nn

        NORM = dict(eps=1e-3, momentum=«0.99»)
        bn = nn.BatchNorm2d(8, **NORM)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "an element of a configuration",
        """
        import torch.nn as nn

        CONFIG = {"model": {"bn_momentum": 0.99}}
        bn = nn.BatchNorm2d(8, momentum=«CONFIG["model"]["bn_momentum"]»)
        """,
        fix='unsafe: CONFIG["model"]["bn_momentum"] -> 1 - CONFIG["model"]["bn_momentum"]',
    ),
    hazard(
        "a default put into the keywords of a caller",
        """
        import torch.nn as nn

        def norm(c, **kwargs):
            kwargs.setdefault("momentum", «0.99»)
            return nn.BatchNorm2d(c, **kwargs)
        """,
        "(the default on line 4)",
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a partial",
        """
        from functools import partial

        import torch.nn as nn

        norm_layer = partial(nn.BatchNorm2d, eps=1e-3, momentum=«0.99»)
        bn = norm_layer(64)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a partial of a partial",
        """
        import functools

        import torch.nn as nn

        base = functools.partial(nn.BatchNorm2d, momentum=«0.99»)
        norm = functools.partial(base, eps=1e-3)
        bn = norm(64)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a partial as the default of a parameter",
        """
        from functools import partial

        import torch.nn as nn

        class Block(nn.Module):
            def __init__(self, c, norm_layer=partial(nn.BatchNorm2d, momentum=«0.99»)):
                super().__init__()
                self.norm = norm_layer(c)
        """,
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a lambda",
        """
        import torch.nn as nn

        norm = lambda c: nn.BatchNorm2d(c, momentum=«0.99»)
        bn = norm(8)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a layer class that is a parameter's default",
        """
        import torch.nn as nn

        def block(c, norm_layer=nn.BatchNorm2d):
            return norm_layer(c, momentum=«0.99»)
        """,
        "(the default of parameter norm_layer of block)",
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a layer class that is chosen if none is given",
        """
        import torch.nn as nn

        class Block(nn.Module):
            def __init__(self, c, norm_layer=None):
                super().__init__()
                if norm_layer is None:
                    norm_layer = nn.BatchNorm2d
                self.norm = norm_layer(c, momentum=«0.99»)
        """,
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a momentum that is chosen if none is given",
        """
        import torch.nn as nn

        def block(c, momentum=None):
            if momentum is None:
                momentum = «0.99»
            return nn.BatchNorm2d(c, momentum=momentum)
        """,
        kind="error medium",
        fix="unsafe: momentum -> 1 - momentum",
    ),
    hazard(
        "a momentum chosen with or",
        """
        import torch.nn as nn

        def block(c, momentum=None):
            momentum = momentum or «0.99»
            return nn.BatchNorm2d(c, momentum=momentum)
        """,
        kind="error medium",
        fix="unsafe: momentum -> 1 - momentum",
    ),
    hazard(
        "a subclass that hands on its own default",
        """
        import torch.nn as nn

        class TFBatchNorm(nn.BatchNorm2d):
            def __init__(self, c, eps=1e-3, momentum=«0.99»):
                super().__init__(c, eps=eps, momentum=momentum)

        bn = TFBatchNorm(64)
        """,
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a subclass of a subclass",
        """
        import torch.nn as nn

        class Norm(nn.BatchNorm2d):
            def __init__(self, c, **kwargs):
                super(Norm, self).__init__(c, **kwargs)

        class PortedNorm(Norm):
            def __init__(self, c):
                Norm.__init__(self, c, momentum=«0.99»)

        bn = PortedNorm(8)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "an attribute set after construction",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8)
        bn.momentum = «0.99»
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a loop over the layers, in the constructor",
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.bn = nn.BatchNorm2d(8)
                for m in self.modules():
                    if isinstance(m, nn.Conv2d):
                        nn.init.kaiming_normal_(m.weight)
                    elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                        m.eps = 1e-3
                        m.momentum = «0.99»
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "a layer class imported in either branch",
        """
        import os

        if os.environ.get("SYNC"):
            from torch.nn import SyncBatchNorm as Norm
        else:
            from torch.nn import BatchNorm2d as Norm

        bn = Norm(8, momentum=«0.99»)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
]

WITH_REFERENCE = [
    hazard(
        "safe where the complement is the declared source's decay",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, eps=1e-3, momentum=«0.99»)
        """,
        fix="safe: 0.99 -> 0.01",
        from_family="keras",
    ),
    hazard(
        "unsafe where it is not",
        """
        import torch.nn as nn

        bn = nn.BatchNorm2d(8, eps=1e-3, momentum=«0.9»)
        """,
        fix="unsafe: 0.9 -> 0.1",
        from_family="keras",
    ),
    hazard(
        "safe towards Keras",
        """
        import keras

        bn = keras.layers.BatchNormalization(epsilon=1e-5, momentum=«0.1»)
        """,
        fix="safe: 0.1 -> 0.9",
        from_family="torch",
    ),
    hazard(
        "unsafe where a caller may give another",
        """
        import torch.nn as nn

        def norm(c, momentum=«0.99»):
            return nn.BatchNorm2d(c, eps=1e-3, momentum=momentum)
        """,
        kind="error medium",
        fix="unsafe: 0.99 -> 0.01",
        from_family="keras",
    ),
    hazard(
        "unsafe in a same-file pair without a direction",
        """
        import keras
        import torch.nn as nn

        a = keras.layers.BatchNormalization(momentum=0.99)
        b = nn.BatchNorm2d(8, eps=1e-3, momentum=«0.99»)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
    hazard(
        "also in a test, where there is a reference",
        """
        import keras
        import torch.nn as nn

        def test_port():
            a = keras.layers.BatchNormalization(momentum=0.99)
            b = nn.BatchNorm2d(8, eps=1e-3, momentum=«0.99»)
        """,
        fix="unsafe: 0.99 -> 0.01",
    ),
]


@pytest.mark.parametrize("case", LITERAL + THROUGH_NAMES + WITH_REFERENCE)
def test_momentum_of_the_other_convention_is_reported(case: Hazard) -> None:
    finding = check_hazard("BN101", case)
    (value,) = finding.values
    assert value.unit == "decay"
    assert float(str(value.port)) + float(str(value.reference)) == pytest.approx(1.0)


def test_a_constant_that_two_layers_take_is_one_finding_where_it_is_defined() -> None:
    (finding,) = run(
        "BN101",
        """
        import torch.nn as nn

        M = 0.99
        a = nn.BatchNorm2d(8, momentum=M)
        b = nn.BatchNorm2d(8, momentum=M)
        """,
    )
    assert (finding.span.row, finding.span.column) == (3, 5)
    assert finding.message.endswith("; 2 layers take it, from line 4 to line 5")


def test_it_goes_before_a_difference_from_the_reference() -> None:
    code = """
    import torch.nn as nn

    bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.99)
    """
    assert len(run("BN101", code, from_family="torch")) == 1
    assert run("BN102", code, from_family="keras") == []


CLEAN = sourced(
    """
--- PyTorch's own default
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=0.1)
--- what Keras calls 0.99, converted
import torch.nn as nn
bn = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
--- Keras's own default
from tensorflow import keras
bn = keras.layers.BatchNormalization(momentum=0.99)
--- MindSpore's own default, which equals that of no new-weight API
from mindspore import nn
bn = nn.BatchNorm2d(64, momentum=0.9)
--- a half means the same in both conventions
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=0.5)
--- zero and one are BN106's
import torch.nn as nn
a, b = nn.BatchNorm2d(8, momentum=0.0), nn.BatchNorm2d(8, momentum=1)
--- left at its default
import torch.nn as nn
bn = nn.BatchNorm2d(8)
--- converted where it is used
import torch.nn as nn
BN_MOMENTUM = 0.99
bn = nn.BatchNorm2d(8, momentum=1 - BN_MOMENTUM)
--- converted where it is defined
import torch.nn as nn
_BN_MOMENTUM = 1 - 0.9997
bn = nn.BatchNorm2d(8, momentum=_BN_MOMENTUM)
--- computed from a decay, and large
import torch.nn as nn
bn_decay = 0.1
bn = nn.BatchNorm2d(8, momentum=1.0 - bn_decay)
--- a Keras-style argument that is converted later
import torch.nn as nn

def model(batch_norm_momentum=0.99, batch_norm_epsilon=1e-3):
    bn_mom = 1 - batch_norm_momentum
    return nn.BatchNorm2d(8, momentum=bn_mom, eps=batch_norm_epsilon)
--- a converted attribute
import torch.nn as nn

class Block(nn.Module):
    def __init__(self, global_params):
        super().__init__()
        self._bn_mom = 1 - global_params.batch_norm_momentum
        self.bn = nn.BatchNorm2d(8, momentum=self._bn_mom)
--- the optimiser's momentum
import torch
import torch.nn as nn
bn = nn.BatchNorm2d(8)
opt = torch.optim.SGD(bn.parameters(), lr=0.1, momentum=0.9)
--- a dictionary that goes to the optimiser
import torch
import torch.nn as nn
bn = nn.BatchNorm2d(8)
cfg = dict(lr=0.1, momentum=0.9)
opt = torch.optim.SGD(bn.parameters(), **cfg)
--- a dictionary that nothing uses
import torch.nn as nn
bn = nn.BatchNorm2d(8)
optimizer = dict(type="SGD", momentum=0.9)
--- a variable of the same name further down
import torch
import torch.nn as nn
momentum = 0.1
bn = nn.BatchNorm2d(8, momentum=momentum)
momentum = 0.9
opt = torch.optim.SGD(bn.parameters(), 0.1, momentum)
--- a global of the same name that the script sets for the optimiser
import torch.nn as nn
momentum = 0.1

def block(c):
    return nn.BatchNorm2d(c, momentum=momentum)

net = block(8)
momentum = 0.9
--- a function rebinds the global
import torch.nn as nn
MOMENTUM = 0.99

def configure():
    global MOMENTUM
    MOMENTUM = 0.01

def block(c):
    return nn.BatchNorm2d(c, momentum=MOMENTUM)
--- only one branch is wrong
import torch.nn as nn

def block(c, keras):
    momentum = 0.1
    if keras:
        momentum = 0.99
    return nn.BatchNorm2d(c, momentum=momentum)
--- a loop over several values
import torch.nn as nn
for momentum in (0.01, 0.1, 0.99):
    bn = nn.BatchNorm2d(8, momentum=momentum)
--- the momentum is an argument without a default
import torch.nn as nn

def block(c, momentum):
    return nn.BatchNorm2d(c, momentum=momentum)
--- the momentum comes from the command line
import argparse
import torch.nn as nn
parser = argparse.ArgumentParser()
parser.add_argument("--bn-momentum", type=float, required=True)
args = parser.parse_args()
bn = nn.BatchNorm2d(8, momentum=args.bn_momentum)
--- what the command line says is converted
import argparse
import torch.nn as nn
parser = argparse.ArgumentParser()
parser.add_argument("--bn-decay", type=float, default=0.99)
args = parser.parse_args()
bn = nn.BatchNorm2d(8, momentum=1 - args.bn_decay)
--- the momentum of an optimiser comes from the command line
import argparse
import torch
import torch.nn as nn
parser = argparse.ArgumentParser()
parser.add_argument("--momentum", type=float, default=0.9)
args = parser.parse_args()
bn = nn.BatchNorm2d(8)
opt = torch.optim.SGD(bn.parameters(), lr=0.1, momentum=args.momentum)
--- a partial whose momentum the call replaces
from functools import partial
import torch.nn as nn
norm = partial(nn.BatchNorm2d, momentum=0.99)
bn = norm(8, momentum=0.01)
--- a partial whose momentum the call may replace
from functools import partial
import torch.nn as nn

def block(options):
    norm = partial(nn.BatchNorm2d, momentum=0.99)
    return norm(8, **options)
--- a dictionary that is changed before it is used
import torch.nn as nn
cfg = dict(eps=1e-3, momentum=0.99)
cfg["momentum"] = 0.01
bn = nn.BatchNorm2d(8, **cfg)
--- a dictionary that is updated with what a caller gives
import torch.nn as nn

def norm(c, overrides):
    cfg = dict(momentum=0.99)
    cfg.update(overrides)
    return nn.BatchNorm2d(c, **cfg)
--- a dictionary that another function changes
import torch.nn as nn
CFG = {"momentum": 0.99}

def main(args):
    CFG["momentum"] = args.momentum

def norm(c):
    return nn.BatchNorm2d(c, **CFG)
--- a dictionary element that is popped off
import torch.nn as nn
cfg = {"momentum": 0.99, "eps": 1e-3}
decay = cfg.pop("momentum")
bn = nn.BatchNorm2d(8, momentum=1 - decay, **cfg)
--- callers may override the dictionary
import torch.nn as nn

def norm(c, **kwargs):
    return nn.BatchNorm2d(c, **{"momentum": 0.99, **kwargs})
--- an attribute set after construction puts it right
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=0.99)
bn.momentum = 0.01
--- a loop may put it right
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=0.99)

def fix(model):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = 0.01
--- a function given to apply may put it right
import torch.nn as nn

def fix(m):
    if type(m) is nn.BatchNorm2d:
        m.momentum = 0.01

net = nn.Sequential(nn.BatchNorm2d(8, momentum=0.99)).apply(fix)
--- a subclass hands on a momentum of its own
import torch.nn as nn

class Norm(nn.BatchNorm2d):
    def __init__(self, c, **kwargs):
        kwargs["momentum"] = 0.01
        super().__init__(c, **kwargs)

bn = Norm(8, momentum=0.99)
--- a subclass sets its momentum itself
import torch.nn as nn

class Norm(nn.BatchNorm2d):
    def __init__(self, c, **kwargs):
        super().__init__(c, **kwargs)
        self.momentum = 0.01

bn = Norm(8, momentum=0.99)
--- a subclass converts
import torch.nn as nn

class Norm(nn.BatchNorm2d):
    def __init__(self, c, momentum=0.99):
        super().__init__(c, momentum=1 - momentum)

bn = Norm(8)
--- a class of the project that is merely called so
import torch.nn as nn

class BatchNorm2d(nn.Module):
    def __init__(self, c, momentum=0.99):
        super().__init__()

bn = BatchNorm2d(8, momentum=0.99)
--- a class of another package that is merely called so
import torch
from mylib.layers import BatchNorm2d
bn = BatchNorm2d(8, momentum=0.99)
--- the name is shadowed by a function
from torch.nn import BatchNorm2d

def BatchNorm2d(c, momentum):
    return None

bn = BatchNorm2d(8, momentum=0.99)
--- the package is shadowed by a parameter
import torch.nn as nn

def make(nn):
    return nn.BatchNorm2d(8, momentum=0.99)
--- the name may come from a star import of unknown contents
from mylib import *
bn = BatchNorm2d(8, momentum=0.99)
--- a registry's configuration, which no API is seen to take
import torch.nn as nn
from registry import build_norm_layer
norm_cfg = dict(type="BN", momentum=0.99)
norm = build_norm_layer(norm_cfg, 64)
bn = nn.BatchNorm2d(8)
--- candidates of opposite conventions
try:
    from mindspore import nn
except ImportError:
    from torch import nn
bn = nn.BatchNorm2d(8, momentum=0.9)
--- no statistics are kept
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=0.99, track_running_stats=False)
--- buffers of None
import torch.nn.functional as F

def norm(x):
    return F.batch_norm(x, None, None, training=True, momentum=0.99)
--- a functional call in inference, where momentum does nothing
import torch.nn.functional as F

def norm(x, mean, var):
    return F.batch_norm(x, mean, var, training=False, momentum=0.99)
--- tf.layers in inference, where momentum does nothing
import tensorflow as tf

def norm(x):
    return tf.layers.batch_normalization(x, momentum=0.1, training=False)
--- weight standardisation
import torch.nn.functional as F

def standardised(self, x, mean, var):
    return F.batch_norm(
        self.weight.reshape(1, self.out_channels, -1), mean, var, training=True, momentum=0.99
    )
--- an inference-only layer has no momentum
from torchvision.ops import FrozenBatchNorm2d
bn = FrozenBatchNorm2d(8)
--- a test that wants to see the statistics move
import torch.nn as nn

def test_statistics_move():
    bn = nn.BatchNorm2d(8, momentum=0.9)
--- a test case's method
import unittest
import tf_slim as slim

class TestBatchNorm(unittest.TestCase):
    def testMovingAverage(self):
        y = slim.batch_norm(self.x, decay=0.1, is_training=True)
--- an instance norm
import torch.nn as nn
n = nn.InstanceNorm2d(8, momentum=0.99)
--- no number at all
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum="0.99")
--- out of any range
import torch.nn as nn
a, b = nn.BatchNorm2d(8, momentum=-0.9), nn.BatchNorm2d(8, momentum=9.0)
--- a number too large for any float
import torch.nn as nn
bn = nn.BatchNorm2d(8, momentum=10 ** 400)
--- either of two layers of one framework, to which it means opposite things
from mindspore import mint, nn
make = nn.BatchNorm2d if old else mint.nn.BatchNorm2d
a, b = make(8, momentum=0.99), make(8, momentum=0.01)
--- a layer of either of two frameworks, to which it means opposite things
import torch.nn as nn
from tensorflow import keras
make = nn.LazyBatchNorm2d if port else keras.layers.BatchNormalization
a, b = make(momentum=0.99), make(momentum=0.01)
"""
)


@pytest.mark.parametrize(("code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(code: str, from_family: str | None) -> None:
    check_clean("BN101", code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(LITERAL + THROUGH_NAMES + WITH_REFERENCE)
