"""The rules on PaddlePaddle: what each finds, and what it leaves alone."""

from __future__ import annotations

import pytest
from framework_rule import check_clean, check_hazard, clean, hazard
from value_rule import Hazard

NET = """
import paddle
from paddle import nn

class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3)
        self.bn = nn.BatchNorm2D(8)

    def forward(self, x):
        return self.bn(self.conv(x))

"""


HAZARD = [
    hazard(
        "BN101",
        "PyTorch's default in a layer",
        """
        import paddle.nn as nn

        bn = nn.BatchNorm2D(64, momentum=«0.1»)
        """,
        "momentum=0.1 of BatchNorm2D is the weight of the old value in PaddlePaddle",
        "each step keeps 0.1 of the old running value",
        advice="write momentum=0.9, which is what PyTorch calls 0.1",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN101",
        "a positional momentum comes second",
        """
        from paddle.nn import BatchNorm3D

        bn = BatchNorm3D(64, «0.01»)
        """,
        "momentum=0.01 of BatchNorm3D",
        fix="unsafe: 0.01 -> 0.99",
    ),
    hazard(
        "BN101",
        "the layer with an activation",
        """
        import paddle

        bn = paddle.nn.BatchNorm(64, act="relu", momentum=«0.1»)
        """,
        "momentum=0.1 of BatchNorm",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN101",
        "the function shares PyTorch's order, not its convention",
        """
        import paddle.nn.functional as F

        def norm(x, mean, var, weight, bias):
            return F.batch_norm(x, mean, var, weight, bias, True, «0.1», 1e-5)
        """,
        "momentum=0.1 of batch_norm",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN101",
        "a layer of Paddle 1",
        """
        import paddle.fluid as fluid

        bn = fluid.dygraph.BatchNorm(64, momentum=«0.1»)
        """,
        "momentum=0.1 of BatchNorm",
        fix="unsafe: 0.1 -> 0.9",
    ),
    hazard(
        "BN101",
        "X2Paddle's layer takes PyTorch's momentum",
        """
        from x2paddle import torch2paddle

        bn = torch2paddle.BatchNorm2D(64, momentum=«0.9», track_running_stats=False)
        """,
        "momentum=0.9 of BatchNorm2D is the weight of the new batch",
        advice="write momentum=0.1, which is what Keras calls 0.9",
        fix="unsafe: 0.9 -> 0.1",
    ),
    hazard(
        "BN102",
        "the default decay is not that of Keras",
        """
        import paddle.nn as nn

        bn = «nn.BatchNorm2D(64, epsilon=1e-3)»
        """,
        "momentum",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2D(64, epsilon=1e-3) has momentum=0.99",
        from_family="keras",
    ),
    hazard(
        "BN103",
        "the default eps is not that of Keras",
        """
        import paddle.nn as nn

        bn = «nn.BatchNorm2D(64, momentum=0.99)»
        """,
        "BatchNorm2D leaves epsilon at PaddlePaddle's default 1e-05, the Keras default is 0.001",
        kind="warning medium",
        fix="unsafe: nn.BatchNorm2D(64, momentum=0.99) has epsilon=0.001",
        from_family="keras",
    ),
    hazard(
        "BN104",
        "no gamma beside a layer that has one",
        """
        import paddle
        import torch

        a = torch.nn.BatchNorm2d(8)
        b = «paddle.nn.BatchNorm2D(8, weight_attr=False)»
        """,
        "BatchNorm2D lacks gamma, the PyTorch reference has (line 4)",
        kind="warning high",
        fix="unsafe: False -> True; paddle.nn.BatchNorm2D(8, weight_attr=False) has bias_attr=True",
    ),
    hazard(
        "BN105",
        "batch statistics whatever the mode",
        """
        import paddle.nn as nn

        bn = nn.BatchNorm2D(64, use_global_stats=«False»)
        """,
        "use_global_stats=False makes BatchNorm2D normalise with the batch in inference too, and "
        "updates its running statistics, which nothing uses",
        kind="warning medium",
        advice="remove use_global_stats",
        fix="unsafe: nn.BatchNorm2D(64, use_global_stats=False) less use_global_stats",
    ),
    hazard(
        "BN106",
        "statistics that hold the last batch only",
        """
        import paddle.nn as nn

        bn = nn.BatchNorm2D(64, momentum=«0.0»)
        """,
        "momentum=0.0",
        kind="warning high",
    ),
    hazard(
        "BN107",
        "the cumulative average is PyTorch's",
        """
        import paddle.nn as nn

        bn = nn.BatchNorm2D(64, momentum=«None»)
        """,
        "PaddlePaddle's BatchNorm2D does not take momentum=None (TypeError at the first call)",
        advice="give a number",
    ),
    hazard(
        "BN108",
        "eps and momentum in PyTorch's order",
        """
        import paddle

        bn = paddle.nn.BatchNorm2D(3, «1e-5», 0.1)
        """,
        "1e-05 lands in momentum of BatchNorm2D, whose positional order is (num_features, "
        "momentum, epsilon, weight_attr, ...)",
        advice="write epsilon=1e-5, momentum=0.9",
        fix="unsafe: paddle.nn.BatchNorm2D(3, 1e-5, 0.1) with epsilon=..., momentum=0.9",
    ),
    hazard(
        "BN108",
        "eps is called epsilon",
        """
        import paddle

        bn = paddle.nn.BatchNorm1D(3, «eps=1e-3»)
        """,
        "PaddlePaddle's BatchNorm1D has no argument eps: it is called epsilon here",
        fix="safe: paddle.nn.BatchNorm1D(3, eps=1e-3) has epsilon for eps",
    ),
    hazard(
        "BN109",
        "X2Paddle's layer beside Paddle's own",
        """
        from paddle import nn
        from x2paddle import torch2paddle

        class Net(nn.Layer):
            def __init__(self, momentum):
                super().__init__()
                self.stem = nn.BatchNorm2D(8, momentum=momentum)
                self.head = torch2paddle.BatchNorm2D(
                    8, momentum=«momentum», track_running_stats=False
                )
        """,
        "is the weight of the new batch in x2paddle.torch2paddle.BatchNorm2D, and of the old "
        "value in paddle.nn.BatchNorm2D (line 7)",
        kind="warning high",
        advice="give one of the two layers 1 minus the momentum",
    ),
    hazard(
        "BN110",
        "running statistics in a file that trains",
        """
        import paddle
        from paddle import nn

        net = nn.Sequential(nn.Conv2D(3, 8, 3), nn.BatchNorm2D(8, use_global_stats=«True»))
        optimizer = paddle.optimizer.SGD(parameters=net.parameters())
        """,
        "use_global_stats=True keeps BatchNorm2D on its running statistics while this file trains",
        kind="error medium",
        advice="remove use_global_stats",
        fix="unsafe: nn.BatchNorm2D(8, use_global_stats=True) less use_global_stats",
    ),
    hazard(
        "BN110",
        "a file that X2Paddle has written",
        """
        import paddle
        from paddle import nn
        from x2paddle import torch2paddle

        net = nn.Sequential(nn.BatchNorm2D(num_features=8, use_global_stats=«True»))
        optimizer = paddle.optimizer.SGD(parameters=net.parameters())
        """,
        kind="error medium",
        fix="safe: nn.BatchNorm2D(num_features=8, use_global_stats=True) less use_global_stats",
    ),
    hazard(
        "BN110",
        "a class that adds to what the layer does",
        """
        import paddle
        from paddle import nn

        class Act(nn.BatchNorm2D):
            def forward(self, x):
                return paddle.tanh(super().forward(x))

        net = Act(8, use_global_stats=«True»)
        optimizer = paddle.optimizer.SGD(parameters=net.parameters())
        """,
        kind="error medium",
        fix="unsafe: Act(8, use_global_stats=True) less use_global_stats",
    ),
    hazard(
        "BN110",
        "the default of X2Paddle's layer",
        """
        from paddle import nn
        from x2paddle import torch2paddle

        net = nn.Sequential(«torch2paddle.BatchNorm2D(8)»)
        net.train()
        """,
        "track_running_stats=True keeps BatchNorm2D on its running statistics",
        kind="error medium",
        advice="use the framework's own layer",
    ),
    hazard(
        "BN201",
        "no_grad is not eval",
        NET
        + """
net = Net()
net.set_state_dict(paddle.load("net.pdparams"))
with paddle.no_grad():
    y = «net(x)»
""",
        "'net' infers here in training mode: no eval() in this file",
        kind="error medium",
        fix="unsafe: insert net.eval()",
    ),
    hazard(
        "BN205",
        "the flag of the function is left at inference",
        """
        import paddle
        from paddle import nn
        import paddle.nn.functional as F

        class Norm(nn.Layer):
            def __init__(self, channels):
                super().__init__()
                self.weight = paddle.create_parameter([channels], "float32")
                self.bias = paddle.create_parameter([channels], "float32", is_bias=True)
                self.register_buffer("mean", paddle.zeros([channels]))
                self.register_buffer("variance", paddle.ones([channels]))

            def forward(self, x):
                return «F.batch_norm(x, self.mean, self.variance, self.weight, self.bias)»
        """,
        "batch_norm() without training= infers (its default is False)",
        kind="warning high",
        advice="write training=self.training",
        fix="safe: write training=self.training",
    ),
    hazard(
        "BN211",
        "Paddle as it starts beside Keras as it starts",
        """
        import keras
        import numpy as np
        import paddle

        x = np.ones((2, 4, 4, 3), "float32")
        a = keras.layers.BatchNormalization()
        b = paddle.nn.BatchNorm2D(3, data_format="NHWC")
        print(abs(a(x) - «b(paddle.to_tensor(x))»))
        """,
        "runs in training mode (as PaddlePaddle starts), 'a' on line 8 in inference mode (as Keras "
        "starts)",
        fix="unsafe: insert b.eval()",
    ),
    hazard(
        "BN212",
        "eval is named, not called",
        NET
        + """
net = Net()
«net.eval»
""",
        "eval",
        fix="safe: write net.eval()",
    ),
    hazard(
        "BN214",
        "built in forward",
        """
        from paddle import nn

        class Block(nn.Layer):
            def forward(self, x):
                return «nn.BatchNorm2D(x.shape[1])»(x)
        """,
        "BatchNorm2D is built anew in forward() at every call",
    ),
    hazard(
        "BN301",
        "channels last at the convolution only",
        """
        from paddle import nn

        net = nn.Sequential(
            nn.Conv2D(3, 8, 3, data_format="NHWC"),
            nn.ReLU(),
            «nn.BatchNorm2D(8)»,
        )
        """,
        "BatchNorm2D normalises axis 1 (data_format='NCHW', the default), but Conv2D on line 4 has "
        "its channels in axis 3 (data_format='NHWC')",
        fix="safe: nn.BatchNorm2D(8) has data_format='NHWC'",
    ),
]


@pytest.mark.parametrize(("rule", "case"), HAZARD)
def test_a_hazard_is_reported(rule: str, case: Hazard) -> None:
    check_hazard(rule, case)


CLEAN = clean(
    """
--- BN101 the default written out
import paddle.nn as nn
bn = nn.BatchNorm2D(64, momentum=0.9, epsilon=1e-5)
--- BN101 PyTorch's momentum converted
import paddle.nn as nn
bn = nn.BatchNorm2D(64, momentum=1 - 0.1)
--- BN101 the momentum of an optimiser
import paddle
opt = paddle.optimizer.Momentum(learning_rate=0.1, momentum=0.1)
bn = paddle.nn.BatchNorm2D(64)
--- BN101 X2Paddle's layer takes PyTorch's default
from x2paddle import torch2paddle
bn = torch2paddle.BatchNorm2D(64, momentum=0.1)
--- BN101 a layer that always uses its running statistics
import paddle.nn as nn
bn = nn.BatchNorm2D(64, momentum=0.1, use_global_stats=True)
--- BN101 an inference call
import paddle.nn.functional as F
y = F.batch_norm(x, mean, var, momentum=0.1)
--- BN101 a user's class of the same name
from layers import BatchNorm2D
bn = BatchNorm2D(64, momentum=0.1)
--- BN102 the decays are equal [from torch]
import paddle.nn as nn
bn = nn.BatchNorm2D(64)
--- BN102 the decay of Keras [from keras]
import paddle.nn as nn
bn = nn.BatchNorm2D(64, momentum=0.99, epsilon=1e-3)
--- BN103 eps is that of PyTorch [from torch]
import paddle.nn as nn
bn = nn.BatchNorm2D(64)
--- BN103 eps is that of Keras [from keras]
import paddle.nn as nn
bn = nn.BatchNorm(64, "relu", epsilon=1e-3)
--- BN103 code that is ported from Paddle [from paddle]
import paddle.nn as nn
bn = nn.BatchNorm2D(64)
--- BN104 settings of the parameters leave them there
import paddle
import torch
a = torch.nn.BatchNorm2d(8)
b = paddle.nn.BatchNorm2D(8, weight_attr=paddle.ParamAttr(learning_rate=2.0))
--- BN104 named parameters are there
import paddle
import torch
a = torch.nn.BatchNorm2d(8)
b = paddle.nn.BatchNorm2D(8, weight_attr="gamma", bias_attr="beta")
--- BN104 neither side has them
import paddle
import torch
a = torch.nn.BatchNorm2d(8, affine=False)
b = paddle.nn.BatchNorm2D(8, weight_attr=False, bias_attr=False)
--- BN105 the default follows the mode
import paddle.nn as nn
bn = nn.BatchNorm2D(64, use_global_stats=None)
--- BN105 the flag of the layer with an activation follows the mode
import paddle.nn as nn
bn = nn.BatchNorm(64, use_global_stats=False)
--- BN107 a number
import paddle.nn as nn
bn = nn.BatchNorm2D(64, momentum=0.95)
--- BN108 Paddle's own order
import paddle.nn as nn
bn = nn.BatchNorm2D(64, 0.9, 1e-5)
--- BN108 the activation comes second
import paddle.nn as nn
bn = nn.BatchNorm(64, "relu", False, 0.9, 1e-5)
--- BN108 X2Paddle's layer has PyTorch's order
from x2paddle import torch2paddle
bn = torch2paddle.BatchNorm2D(64, 1e-5, 0.1)
--- BN109 two layers of one convention
from paddle import nn
import paddle.nn.functional as F
def pair(x, mean, var, momentum):
    layer = nn.BatchNorm2D(8, momentum=momentum)
    return layer(F.batch_norm(x, mean, var, training=True, momentum=momentum))
--- BN110 nothing in the file trains
from paddle import nn
net = nn.Sequential(nn.BatchNorm2D(8, use_global_stats=True))
--- BN110 the default follows the mode
import paddle
from paddle import nn
net = nn.Sequential(nn.BatchNorm2D(8, use_global_stats=None))
optimizer = paddle.optimizer.SGD(parameters=net.parameters())
--- BN110 a class that normalises by itself
import paddle
from paddle import nn
import paddle.nn.functional as F
class MetaBN(nn.BatchNorm2D):
    def forward(self, x, training=True):
        return F.batch_norm(x, self._mean, self._variance, training=training)
net = MetaBN(8, use_global_stats=True)
optimizer = paddle.optimizer.SGD(parameters=net.parameters())
--- BN110 a frozen backbone
import paddle
from paddle import nn
class FrozenStem(nn.Layer):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2D(8, use_global_stats=True)
net = FrozenStem()
optimizer = paddle.optimizer.SGD(parameters=net.parameters())
--- BN201 switched to inference
import paddle
from paddle.vision.models import resnet18
net = resnet18(pretrained=True)
net.eval()
with paddle.no_grad():
    y = net(x)
--- BN201 run by a driver
import paddle
from paddle.vision.models import resnet18
model = paddle.Model(resnet18(pretrained=True))
with paddle.no_grad():
    y = model.predict(data)
--- BN201 a model without batch normalisation
import paddle
from paddle.vision.models import vgg16
net = vgg16(pretrained=True)
with paddle.no_grad():
    y = net(x)
--- BN205 the flag follows the layer
import paddle
from paddle import nn
import paddle.nn.functional as F
class Norm(nn.Layer):
    def __init__(self, channels):
        super().__init__()
        self.weight = paddle.create_parameter([channels], "float32")
        self.register_buffer("mean", paddle.zeros([channels]))
        self.register_buffer("variance", paddle.ones([channels]))
    def forward(self, x):
        return F.batch_norm(x, self.mean, self.variance, self.weight, training=self.training)
--- BN211 both infer
import keras
import paddle
a = keras.layers.BatchNormalization()
b = paddle.nn.BatchNorm2D(3, data_format="NHWC")
b.eval()
print(abs(a(x) - b(x)))
--- BN212 called
from paddle import nn
net = nn.Sequential(nn.BatchNorm2D(8))
net.eval()
--- BN214 built in the constructor
from paddle import nn
class Block(nn.Layer):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2D(8)
    def forward(self, x):
        return self.bn(x)
--- BN301 both have the channels last
from paddle import nn
net = nn.Sequential(
    nn.Conv2D(3, 8, 3, data_format="NHWC"), nn.BatchNorm2D(8, data_format="NHWC")
)
--- BN301 both have them first
from paddle import nn
net = nn.Sequential(nn.Conv2D(3, 8, 3), nn.BatchNorm2D(8))
--- BN301 a layout from a parameter
from paddle import nn
def block(layout):
    return nn.Sequential(nn.Conv2D(3, 8, 3, data_format=layout), nn.BatchNorm2D(8))
--- BN301 a linear layer
from paddle import nn
net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1D(8))
"""
)


@pytest.mark.parametrize(("rule", "code", "from_family"), CLEAN)
def test_clean_code_is_left_alone(rule: str, code: str, from_family: str | None) -> None:
    check_clean(rule, code, from_family)


def test_clean_cases_outnumber_hazards() -> None:
    assert len(CLEAN) > len(HAZARD)
