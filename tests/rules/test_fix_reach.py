"""A fix is worth no more than what else takes the value that it changes."""

from __future__ import annotations

import pytest
from one_rule import plain, run

NORM = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Norm({base}):
    def __init__(self, c):
        super().__init__({arguments})
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))
        {statistics}

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, {flag})
"""

OWN = """self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))"""

MAYBE = """self.register_buffer("running_mean", torch.zeros(c) if c else None)
        self.register_buffer("running_var", torch.ones(c) if c else None)"""


def norm(flag: str, statistics: str = OWN, base: str = "nn.Module", arguments: str = "") -> str:
    """Return a module that normalises with a flag of its own."""
    text = NORM.format(flag=flag, statistics=statistics, base=base, arguments=arguments)
    return text.replace("        mean, var = self.running_mean, self.running_var\n", "")


KERAS_LAYER = """
from tensorflow import keras

class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.bn = keras.layers.BatchNormalization()

    def call(self, x, training=None):
        {before}
        return self.bn(x, training=True)
"""

TORCH_MODEL = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

    {method}

net = Net()
net.train
"""


def case(name: str, rule: str, fix: str, code: str, from_family: str | None = None) -> object:
    """Return a parameter: the rule, the applicability of its fixes, the code, the source."""
    return pytest.param(rule, fix, code, from_family, id=name)


CASES = [
    case(
        "a public constant may be imported",
        "BN101",
        "unsafe: other files may take MOMENTUM from this one",
        """
        import torch.nn as nn
        MOMENTUM = 0.99
        bn = nn.BatchNorm2d(3, eps=1e-3, momentum=MOMENTUM)
        """,
        "keras",
    ),
    case(
        "a class attribute may be inherited",
        "BN101",
        "unsafe: other files may take momentum from this one",
        """
        import torch.nn as nn
        class Block(nn.Module):
            momentum = 0.99
            def __init__(self):
                super().__init__()
                self.bn = nn.BatchNorm2d(3, eps=1e-3, momentum=self.momentum)
        """,
        "keras",
    ),
    case(
        "a private constant is this file's",
        "BN101",
        "safe: ",
        """
        import torch.nn as nn
        _MOMENTUM = 0.99
        bn = nn.BatchNorm2d(3, eps=1e-3, momentum=_MOMENTUM)
        """,
        "keras",
    ),
    case(
        "a variable of a function is that function's",
        "BN101",
        "safe: ",
        """
        import torch.nn as nn
        def block():
            momentum = 0.99
            return nn.BatchNorm2d(3, eps=1e-3, momentum=momentum)
        """,
        "keras",
    ),
    case(
        "a dictionary that an optimiser takes too",
        "BN101",
        "manual: options serves more than this layer",
        """
        import torch
        import torch.nn as nn
        def build():
            options = dict(momentum=0.9)
            bn = nn.BatchNorm2d(3, **options)
            return bn, torch.optim.SGD(bn.parameters(), lr=0.1, **options)
        """,
    ),
    case(
        "a dictionary that is read otherwise",
        "BN101",
        "manual: options serves more than this layer",
        """
        import torch.nn as nn
        def build():
            options = {"momentum": 0.99}
            return nn.BatchNorm2d(3, eps=1e-3, **options), options["momentum"]
        """,
        "keras",
    ),
    case(
        "a dictionary of one layer",
        "BN101",
        "safe: ",
        """
        import torch.nn as nn
        def build():
            options = {"momentum": 0.99}
            return nn.BatchNorm2d(3, eps=1e-3, **options)
        """,
        "keras",
    ),
    case(
        "a dictionary in place",
        "BN101",
        "safe: ",
        """
        import torch.nn as nn
        bn = nn.BatchNorm2d(3, eps=1e-3, **dict(momentum=0.99))
        """,
        "keras",
    ),
    case(
        "an eps that a LayerNorm takes too",
        "BN103",
        "manual: options serves more than this layer",
        """
        import keras
        import torch.nn as nn
        options = dict(eps=1e-5)
        reference = keras.layers.BatchNormalization(momentum=0.9)
        bn = nn.BatchNorm2d(3, **options)
        ln = nn.LayerNorm(3, **options)
        """,
        "keras",
    ),
    case(
        "keywords of a caller that has eps",
        "BN103",
        "manual: eps is passed in **kw by line 6",
        """
        import torch.nn as nn
        class Norm(nn.BatchNorm2d):
            def __init__(self, c, **kw):
                super().__init__(c, momentum=0.01, **kw)
        a = Norm(3)
        b = Norm(3, eps=1e-3)
        """,
        "keras",
    ),
    case(
        "keywords of callers out of view",
        "BN103",
        "unsafe: the reference was not read, and may set its own; a caller may pass eps in **kw",
        """
        import torch.nn as nn
        class Norm(nn.BatchNorm2d):
            def __init__(self, c, **kw):
                super().__init__(c, momentum=0.01, **kw)
        a = Norm(3)
        """,
        "keras",
    ),
    case(
        "affine by position",
        "BN104",
        "safe: ",
        """
        import keras
        import torch.nn as nn
        reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
        bn = nn.BatchNorm2d(3, 1e-5, 0.1, False)
        """,
        "keras",
    ),
    case(
        "affine that a caller may override",
        "BN104",
        "unsafe: the default of parameter affine of Block",
        """
        import keras
        import torch.nn as nn
        reference = keras.layers.BatchNormalization(
            epsilon=1e-5, momentum=0.9, scale=False, center=False
        )
        class Block(nn.Module):
            def __init__(self, affine=True):
                super().__init__()
                self.bn = nn.BatchNorm2d(3, affine=affine)
        """,
        "keras",
    ),
    case(
        "affine in a dictionary that others take",
        "BN104",
        "manual: options serves more than this layer",
        """
        import keras
        import torch.nn as nn
        options = dict(affine=False)
        reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
        bn = nn.BatchNorm2d(3, **options)
        norm = nn.InstanceNorm2d(3, **options)
        """,
        "keras",
    ),
    case(
        "the right name is given by position",
        "BN108",
        "manual: the call is given eps already",
        """
        import torch.nn as nn
        bn = nn.BatchNorm2d(3, 1e-3, epsilon=1e-3)
        """,
    ),
    case(
        "positions before a splatted dictionary",
        "BN108",
        "unsafe: what was meant is inferred from the values",
        """
        import torch.nn as nn
        def block(device):
            dd = {"device": device}
            return nn.BatchNorm2d(3, 0.99, 1e-3, **dd)
        """,
    ),
    case(
        "a flag that is removed from the parameters",
        "BN203",
        "unsafe: training mode in inference may be meant",
        KERAS_LAYER.format(before="del training"),
    ),
    case(
        "a parameter that no longer holds the flag",
        "BN203",
        "unsafe: training mode in inference may be meant",
        KERAS_LAYER.format(before="training = len(x.shape)"),
    ),
    case("statistics that are there", "BN205", "safe: ", norm("True")),
    case(
        "statistics that may be None",
        "BN205",
        "unsafe: without running statistics the layer has to normalise with the batch",
        norm("True", statistics=MAYBE),
    ),
    case(
        "statistics of a base class that may keep none",
        "BN205",
        "unsafe: without running statistics the layer has to normalise with the batch",
        norm("True", statistics="", base="nn.BatchNorm2d", arguments="c"),
    ),
    case(
        "a flag in a dictionary of the file",
        "BN205",
        "manual: the flag is not written in the call",
        "FLAGS = dict(training=True)\n" + norm("**FLAGS"),
    ),
    case(
        "a method of the model's own",
        "BN212",
        "unsafe: what the model's own train() does is not known",
        TORCH_MODEL.format(method="def train(self, mode=True): return super().train(mode)"),
    ),
    case(
        "a written layout that says nothing",
        "BN301",
        "unsafe: a global setting may change the default layout",
        """
        from keras import layers
        def block(x):
            x = layers.Conv2D(4, 3, data_format=None)(x)
            return layers.BatchNormalization(axis=1)(x)
        """,
    ),
]


@pytest.mark.parametrize(("rule", "fix", "code", "from_family"), CASES)
def test_fix_reaches_no_further(rule: str, fix: str, code: str, from_family: str | None) -> None:
    """One finding, whose fix is worth what is said, and why it is worth no more."""
    (finding,) = run(rule, plain(code), from_family=from_family)
    assert finding.fix is not None
    assert f"{finding.fix.applicability}: {finding.fix.reason}" == fix
    assert bool(finding.fix.edits) == (finding.fix.applicability != "manual")


def test_method_that_needs_arguments_is_no_switch() -> None:
    """``net.train`` of a model that trains itself on a loader is left alone."""
    code = TORCH_MODEL.format(method="def train(self, loader): return loader")
    assert run("BN212", plain(code)) == []
