"""The rules on Flax (linen and nnx), Haiku and Equinox: what each finds, and leaves alone."""

from __future__ import annotations

import pytest
from framework_rule import check_clean, check_hazard, clean, hazard
from value_rule import Hazard

HAZARD = [
    # ------------------------------------------------------------------------------- linen
    hazard(
        "BN101",
        "PyTorch's default in linen",
        """
        import flax.linen as nn

        bn = nn.BatchNorm(use_running_average=False, momentum=«0.1»)
        """,
        "momentum=0.1 of BatchNorm is the weight of the old value in Flax",
        advice="write momentum=0.9, which is what PyTorch calls 0.1",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN101",
        "in a partial",
        """
        from functools import partial
        from flax import linen as nn

        def block(x, train):
            norm = partial(nn.BatchNorm, use_running_average=not train, momentum=«0.01»)
            return norm()(x)
        """,
        "momentum=0.01 of BatchNorm",
        fix="unsafe: 0.01 -> 0.99",
    ),
    hazard(
        "BN102",
        "linen's default decay is not that of PyTorch",
        """
        from flax import linen as nn

        bn = «nn.BatchNorm(use_running_average=True)»
        """,
        "BatchNorm keeps 0.99 of the old running value per step",
        kind="info medium",
        from_family="torch",
    ),
    hazard(
        "BN103",
        "linen's default eps is not that of Keras",
        """
        from flax import linen as nn

        bn = «nn.BatchNorm(use_running_average=True)»
        """,
        "BatchNorm leaves epsilon at Flax's default 1e-05, the Keras default is 0.001",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm(use_running_average=True) has epsilon=0.001",
        from_family="keras",
    ),
    hazard(
        "BN104",
        "no gamma beside a layer that has one",
        """
        import flax.linen
        import torch

        a = torch.nn.BatchNorm2d(8)
        b = «flax.linen.BatchNorm(use_scale=False, use_bias=False)»
        """,
        "BatchNorm lacks gamma and beta, the PyTorch reference has (line 4)",
        kind="warning high",
        fix="unsafe: False -> True; False -> True",
    ),
    hazard(
        "BN107",
        "the cumulative average is PyTorch's",
        """
        import flax.linen as nn

        bn = nn.BatchNorm(use_running_average=False, momentum=«None»)
        """,
        "Flax's BatchNorm does not take momentum=None (TypeError at the first training call)",
        advice="give a number",
    ),
    hazard(
        "BN108",
        "eps is called epsilon in linen",
        """
        import flax.linen as nn

        bn = nn.BatchNorm(use_running_average=False, «eps=1e-3»)
        """,
        "Flax's BatchNorm has no argument eps: it is called epsilon here",
        fix="safe: nn.BatchNorm(use_running_average=False, eps=1e-3) has epsilon for eps",
    ),
    hazard(
        "BN203",
        "a layer of linen that is told to train",
        """
        from flax import linen as nn

        class Block(nn.Module):
            @nn.compact
            def __call__(self, x, train):
                x = nn.Conv(8, (3, 3))(x)
                return nn.BatchNorm(«use_running_average=False»)(x)
        """,
        "use_running_average=False makes BatchNorm normalise with the batch and move its "
        "statistics in inference too",
        kind="error medium",
        fix="unsafe: write use_running_average=not train",
    ),
    hazard(
        "BN203",
        "linen's flag at the call",
        """
        from flax import linen as nn

        class Block(nn.Module):
            def setup(self):
                self.bn = nn.BatchNorm()

            def __call__(self, x, use_running_average):
                return self.bn(x, «use_running_average=False»)
        """,
        fix="safe: write use_running_average=use_running_average, the flag this call is given",
    ),
    hazard(
        "BN301",
        "the channels of linen are last",
        """
        from flax import linen as nn

        class Block(nn.Module):
            @nn.compact
            def __call__(self, x, train):
                x = nn.Conv(features=8, kernel_size=(3, 3))(x)
                x = nn.relu(x)
                return nn.BatchNorm(use_running_average=not train, axis=«1»)(x)
        """,
        "BatchNorm normalises axis 1 (axis=1), but Conv on line 6 has its channels in axis 3 (as "
        "it always has)",
        fix="safe: 1 -> -1",
    ),
    # --------------------------------------------------------------------------------- nnx
    hazard(
        "BN101",
        "PyTorch's default in nnx",
        """
        from flax import nnx

        bn = nnx.BatchNorm(64, momentum=«0.1», rngs=nnx.Rngs(0))
        """,
        "momentum=0.1 of BatchNorm is the weight of the old value in Flax nnx",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN201",
        "nnx starts in training mode",
        """
        from flax import nnx

        class Net(nnx.Module):
            def __init__(self, rngs):
                self.conv = nnx.Conv(3, 8, (3, 3), rngs=rngs)
                self.bn = nnx.BatchNorm(8, rngs=rngs)

            def __call__(self, x):
                return self.bn(self.conv(x))

        def predict(images):
            model = Net(nnx.Rngs(0))
            return [«model(image)» for image in images]
        """,
        "'model' runs in predict() in training mode: no eval() in this file",
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "BN203",
        "nnx's flag at the call wins over eval",
        """
        from flax import nnx

        class Net(nnx.Module):
            def __init__(self, rngs):
                self.bn = nnx.BatchNorm(8, rngs=rngs)

            def __call__(self, x):
                return self.bn(x, «use_running_average=False»)
        """,
        fix="unsafe: remove use_running_average=False: the model then decides",
    ),
    hazard(
        "BN211",
        "nnx as it starts beside Keras as it starts",
        """
        import keras
        import numpy as np
        from flax import nnx

        x = np.ones((2, 4, 4, 3), "float32")
        a = keras.layers.BatchNormalization()
        b = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
        print(abs(a(x) - «b(x)»))
        """,
        "'b' runs in training mode (as Flax nnx starts), 'a' on line 8 in inference mode",
        fix="unsafe: insert b.eval()",
    ),
    hazard(
        "BN212",
        "eval is named, not called",
        """
        from flax import nnx

        model = nnx.Sequential(nnx.Linear(3, 8, rngs=rngs), nnx.BatchNorm(8, rngs=rngs))
        «model.eval»
        """,
        fix="safe: write model.eval()",
    ),
    hazard(
        "BN214",
        "built in a call of nnx",
        """
        from flax import nnx

        class Net(nnx.Module):
            def __call__(self, x):
                return «nnx.BatchNorm(8, rngs=self.rngs)»(x)
        """,
        "BatchNorm is built anew in __call__() at every call",
    ),
    hazard(
        "BN301",
        "the channels of nnx are last",
        """
        from flax import nnx

        class Net(nnx.Module):
            def __init__(self, rngs):
                self.conv = nnx.Conv(3, 8, kernel_size=(3, 3), rngs=rngs)
                self.bn = nnx.BatchNorm(8, axis=«1», rngs=rngs)

            def __call__(self, x):
                return self.bn(self.conv(x))
        """,
        "BatchNorm normalises axis 1 (axis=1), but Conv on line 5 has its channels in axis 3",
        fix="safe: 1 -> -1",
    ),
    # ------------------------------------------------------------------------------- Haiku
    hazard(
        "BN101",
        "PyTorch's default in Haiku",
        """
        import haiku as hk

        def forward(x, is_training):
            return hk.BatchNorm(True, True, decay_rate=«0.1»)(x, is_training)
        """,
        "decay_rate=0.1 of BatchNorm is the weight of the old value in Haiku",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN102",
        "beside a layer of another decay",
        """
        import haiku as hk
        import torch

        a = torch.nn.BatchNorm2d(8)
        b = hk.BatchNorm(True, True, «0.99»)
        """,
        kind="warning high",
        fix="unsafe: 0.99 -> 0.9",
    ),
    hazard(
        "BN103",
        "Haiku's default eps is not that of Keras",
        """
        import haiku as hk

        bn = «hk.BatchNorm(True, True, 0.99)»
        """,
        "BatchNorm leaves eps at Haiku's default 1e-05, the Keras default is 0.001",
        kind="warning medium",
        fix="unsafe: hk.BatchNorm(True, True, 0.99) has eps=0.001",
        from_family="keras",
    ),
    hazard(
        "BN108",
        "Haiku's momentum is called decay_rate",
        """
        import haiku as hk

        bn = hk.BatchNorm(True, True, «momentum=0.9»)
        """,
        "Haiku's BatchNorm has no argument momentum: it is called decay_rate here",
        fix="manual",
    ),
    hazard(
        "BN203",
        "a layer of Haiku that is told to train",
        """
        import haiku as hk

        class Block(hk.Module):
            def __call__(self, x, is_training):
                bn = hk.BatchNorm(True, True, 0.9)
                return bn(x, «is_training=True»)
        """,
        "is_training=True makes BatchNorm normalise with the batch",
        fix="safe: write is_training=is_training, the flag this call is given",
    ),
    hazard(
        "BN203",
        "nothing around it says the mode, which must be given",
        """
        import haiku as hk

        class Block(hk.Module):
            def __call__(self, x):
                return hk.BatchNorm(True, True, 0.9)(x, «is_training=True»)
        """,
        advice="give is_training the mode that the model runs in",
        fix="manual: give is_training the mode that the model runs in",
    ),
    hazard(
        "BN301",
        "channels first after a convolution that has them last",
        """
        import haiku as hk

        def forward(x, is_training):
            x = hk.Conv2D(8, 3, data_format="NHWC")(x)
            bn = hk.BatchNorm(True, True, 0.9, data_format=«"channels_first"»)(x, is_training)
            return bn
        """,
        "BatchNorm normalises axis 1 (data_format='channels_first'), but Conv2D on line 4 has its "
        "channels in axis 3 (data_format='NHWC')",
        fix="safe: \"channels_first\" -> 'channels_last'",
    ),
    # ----------------------------------------------------------------------------- Equinox
    hazard(
        "BN101",
        "PyTorch's default in Equinox",
        """
        import equinox as eqx

        bn = eqx.nn.BatchNorm(64, "batch", momentum=«0.1»)
        """,
        "momentum=0.1 of BatchNorm is the weight of the old value in Equinox",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN103",
        "Equinox's default eps is not that of Keras",
        """
        import equinox as eqx

        bn = «eqx.nn.BatchNorm(64, "batch", mode="batch")»
        """,
        "BatchNorm leaves eps at Equinox's default 1e-05, the Keras default is 0.001",
        kind="warning medium",
        fix='unsafe: eqx.nn.BatchNorm(64, "batch", mode="batch") has eps=0.001',
        from_family="keras",
    ),
    hazard(
        "BN108",
        "epsilon is called eps in Equinox",
        """
        import equinox as eqx

        bn = eqx.nn.BatchNorm(64, "batch", «epsilon=1e-3»)
        """,
        "Equinox's BatchNorm has no argument epsilon: it is called eps here",
        fix='safe: eqx.nn.BatchNorm(64, "batch", epsilon=1e-3) has eps for epsilon',
    ),
    hazard(
        "BN203",
        "a layer of Equinox that is told to train",
        """
        import equinox as eqx

        class Net(eqx.Module):
            bn: eqx.nn.BatchNorm

            def __init__(self):
                self.bn = eqx.nn.BatchNorm(8, "batch")

            def __call__(self, x, state):
                return self.bn(x, state, «inference=False»)
        """,
        "inference=False makes BatchNorm normalise with the batch",
        fix="unsafe: remove inference=False: the model then decides",
    ),
    hazard(
        "BN214",
        "built in a call of Equinox",
        """
        import equinox as eqx

        class Net(eqx.Module):
            def __call__(self, x, state):
                return «eqx.nn.BatchNorm(8, "batch")»(x, state)
        """,
        "BatchNorm is built anew in __call__() at every call",
    ),
]


@pytest.mark.parametrize(("rule", "case"), HAZARD)
def test_a_hazard_is_reported(rule: str, case: Hazard) -> None:
    check_hazard(rule, case)


CLEAN = clean(
    """
--- BN101 linen's default written out
from flax import linen as nn
bn = nn.BatchNorm(use_running_average=False, momentum=0.99, epsilon=1e-5)
--- BN101 PyTorch's momentum converted
from flax import linen as nn
bn = nn.BatchNorm(use_running_average=False, momentum=1 - 0.1)
--- BN101 the momentum of an optimiser
import optax
from flax import nnx
tx = optax.sgd(0.1, momentum=0.1)
bn = nnx.BatchNorm(8, rngs=nnx.Rngs(0))
--- BN101 a class of one's own with the same name
from flax import linen as nn
class BatchNorm(nn.Module):
    momentum: float = 0.99
bn = BatchNorm(momentum=0.1)
--- BN101 Haiku's decay
import haiku as hk
bn = hk.BatchNorm(True, True, 0.999)
--- BN101 the decay of an average is no momentum
import haiku as hk
ema = hk.ExponentialMovingAverage(0.1)
bn = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)
--- BN101 Equinox's default
import equinox as eqx
bn = eqx.nn.BatchNorm(8, "batch", momentum=0.99)
--- BN102 the decay of PyTorch [from torch]
from flax import linen as nn
bn = nn.BatchNorm(use_running_average=True, momentum=0.9)
--- BN102 Flax from Keras decays alike [from keras]
from flax import nnx
bn = nnx.BatchNorm(8, rngs=nnx.Rngs(0))
--- BN102 a decay that had to be written [from torch]
import haiku as hk
bn = hk.BatchNorm(True, True, 0.999)
--- BN102 nothing stands for Haiku's decay [from haiku]
import torch
bn = torch.nn.BatchNorm2d(8)
--- BN103 eps is that of PyTorch [from torch]
from flax import linen as nn
bn = nn.BatchNorm(use_running_average=True)
--- BN103 the eps of Keras [from keras]
import equinox as eqx
bn = eqx.nn.BatchNorm(8, "batch", eps=1e-3)
--- BN103 nnx is no port of linen [from flax]
from flax import nnx
bn = nnx.BatchNorm(8, epsilon=1e-5, rngs=nnx.Rngs(0))
--- BN104 both have gamma and beta
import haiku as hk
import torch
a = torch.nn.BatchNorm2d(8)
b = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)
--- BN104 neither has them
import flax.linen
import torch
a = torch.nn.BatchNorm2d(8, affine=False)
b = flax.linen.BatchNorm(use_scale=False, use_bias=False)
--- BN107 a number
from flax import nnx
bn = nnx.BatchNorm(8, momentum=0.9, rngs=nnx.Rngs(0))
--- BN108 linen's own names
from flax import linen as nn
bn = nn.BatchNorm(use_running_average=False, axis=-1, momentum=0.9, epsilon=1e-3, use_scale=True)
--- BN108 the positional order of Haiku
import haiku as hk
bn = hk.BatchNorm(True, True, 0.9, 1e-3)
--- BN108 the positional order of Equinox
import equinox as eqx
bn = eqx.nn.BatchNorm(8, "batch", 1e-3, True, 0.9)
--- BN201 nnx switched to inference
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.bn = nnx.BatchNorm(8, rngs=rngs)
    def __call__(self, x):
        return self.bn(x)
def predict(images):
    model = Net(nnx.Rngs(0))
    model.eval()
    return [model(image) for image in images]
--- BN201 nnx switched by an attribute
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.bn = nnx.BatchNorm(8, rngs=rngs)
    def __call__(self, x):
        return self.bn(x)
def predict(images):
    model = Net(nnx.Rngs(0))
    model.set_attributes(use_running_average=True)
    return [model(image) for image in images]
--- BN201 nnx seen in another mode
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.bn = nnx.BatchNorm(8, rngs=rngs)
    def __call__(self, x):
        return self.bn(x)
def predict(images):
    model = Net(nnx.Rngs(0))
    model = nnx.view(model, use_running_average=True)
    return [model(image) for image in images]
--- BN201 a layer of nnx that is built for inference
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.bn = nnx.BatchNorm(8, use_running_average=True, rngs=rngs)
    def __call__(self, x):
        return self.bn(x)
def predict(images):
    model = Net(nnx.Rngs(0))
    return [model(image) for image in images]
--- BN201 Equinox's mode is an argument
import equinox as eqx
class Net(eqx.Module):
    bn: eqx.nn.BatchNorm
    def __init__(self):
        self.bn = eqx.nn.BatchNorm(8, "batch")
    def __call__(self, x, state):
        return self.bn(x, state)
def predict(x, state):
    model = eqx.nn.inference_mode(Net())
    return model(x, state)
--- BN203 the flag follows the method's
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return nn.BatchNorm(use_running_average=not train)(x)
--- BN203 a layer of linen that infers
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm(use_running_average=True)(x)
--- BN203 linen's two modes are two branches
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        if train:
            return nn.BatchNorm(use_running_average=False, name="bn")(x)
        return nn.BatchNorm(use_running_average=True, name="bn")(x)
--- BN203 a field of the module
from flax import linen as nn
class Block(nn.Module):
    train: bool
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm(use_running_average=not self.train)(x)
--- BN203 a layer of nnx that starts in training mode
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.bn = nnx.BatchNorm(8, use_running_average=False, rngs=rngs)
    def __call__(self, x):
        return self.bn(x)
--- BN203 a layer of Equinox that starts in training mode
import equinox as eqx
class Net(eqx.Module):
    def __init__(self):
        self.bn = eqx.nn.BatchNorm(8, "batch", inference=False)
    def __call__(self, x, state):
        return self.bn(x, state)
--- BN203 a generator samples with the batch
from flax import linen as nn
class Generator(nn.Module):
    @nn.compact
    def __call__(self, z):
        return nn.BatchNorm(use_running_average=False)(z)
--- BN203 a function that trains
import haiku as hk
def train_forward(x):
    return hk.BatchNorm(True, True, 0.9)(x, is_training=True)
--- BN211 both infer
import keras
from flax import nnx
a = keras.layers.BatchNormalization()
b = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
b.eval()
print(abs(a(x) - b(x)))
--- BN211 a mode that must be given is given elsewhere
import haiku as hk
import keras
a = keras.layers.BatchNormalization()
b = hk.BatchNorm(True, True, 0.9)
print(abs(a(x) - b(x)))
--- BN211 the flag of a call of Haiku
import haiku as hk
import keras
a = keras.layers.BatchNormalization()
b = hk.BatchNorm(True, True, 0.9)
print(abs(a(x) - b(x, is_training=False)))
--- BN212 called
from flax import nnx
model = nnx.Sequential(nnx.BatchNorm(8, rngs=rngs))
model.eval()
--- BN214 a compact method of linen
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return nn.BatchNorm(use_running_average=not train)(x)
--- BN214 Haiku keeps what a module builds
import haiku as hk
class Block(hk.Module):
    def __call__(self, x, is_training):
        return hk.BatchNorm(True, True, 0.9)(x, is_training)
--- BN214 a layer of Equinox that is held
import equinox as eqx
class Net(eqx.Module):
    bn: eqx.nn.BatchNorm
    def __init__(self):
        self.bn = eqx.nn.BatchNorm(8, "batch")
    def __call__(self, x, state):
        return self.bn(x, state)
--- BN301 the last axis
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Conv(8, (3, 3))(x)
        return nn.BatchNorm(use_running_average=not train, axis=3)(x)
--- BN301 the default
from flax import nnx
net = nnx.Sequential(nnx.Conv(3, 8, (3, 3), rngs=rngs), nnx.BatchNorm(8, rngs=rngs))
--- BN301 an input of unknown rank
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train, size):
        x = nn.Conv(8, size)(x)
        return nn.BatchNorm(use_running_average=not train, axis=1)(x)
--- BN301 a dense layer
from flax import linen as nn
class Block(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return nn.BatchNorm(use_running_average=not train, axis=1)(nn.Dense(8)(x))
--- BN301 both of Haiku have the channels first
import haiku as hk
def forward(x, is_training):
    x = hk.Conv2D(8, 3, data_format="NCHW")(x)
    return hk.BatchNorm(True, True, 0.9, data_format="channels_first")(x, is_training)
"""
)


@pytest.mark.parametrize(("rule", "code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(rule: str, code: str, from_family: str | None) -> None:
    check_clean(rule, code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)
