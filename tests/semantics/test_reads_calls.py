"""What eps is where the layer is not called by its name: partials, lambdas, subclasses, wrappers.

And what is set after construction, or supplied by a scope around the call.
"""

from __future__ import annotations

import pytest
from tables import settings, table

PARTIALS = table("""
--- a partial supplies it => known 0.001
from functools import partial
from torch import nn
BN = partial(nn.BatchNorm2d, eps=1e-3)
BN(8)
--- functools under its own name => known 0.001
import functools
from torch import nn
BN = functools.partial(nn.BatchNorm2d, eps=1e-3)
BN(8)
--- the call overrides the partial => known 0.01
from functools import partial
from torch import nn
BN = partial(nn.BatchNorm2d, eps=1e-3)
BN(8, eps=1e-2)
--- a partial of a partial => known 0.001
from functools import partial
from torch import nn
BN = partial(partial(nn.BatchNorm2d, eps=1e-3), momentum=0.01)
BN(8)
--- the outer partial wins => known 0.01
from functools import partial
from torch import nn
BN = partial(partial(nn.BatchNorm2d, eps=1e-3), eps=1e-2)
BN(8)
--- positions count from the partial's => known 0.001
from functools import partial
from torch import nn
BN = partial(nn.BatchNorm2d, 8)
BN(1e-3)
--- a partial called at once => known 0.001
from functools import partial
from torch import nn
partial(nn.BatchNorm2d, eps=1e-3)(8)
--- a partial with a dictionary that is not known => unknown
from functools import partial
from torch import nn
BN = partial(nn.BatchNorm2d, **settings())
BN(8)
--- a partial as a parameter's default => presumed 0.001
from functools import partial
from torch import nn
def block(norm=partial(nn.BatchNorm2d, eps=1e-3)):
    return norm(8)
--- a function of the file that is called partial =>
from torch import nn
def partial(f, **kwargs):
    return print
BN = partial(nn.BatchNorm2d, eps=1e-3)
BN(8)
""")

LAMBDAS = table("""
--- a lambda builds it => known 0.001
from torch import nn
BN = lambda n: nn.BatchNorm2d(n, eps=1e-3)
BN(8)
--- a lambda's parameter may be left to its default => presumed 0.001
from torch import nn
BN = lambda n, eps=1e-3: nn.BatchNorm2d(n, eps=eps)
--- a lambda without a default => unknown
from torch import nn
BN = lambda n, eps: nn.BatchNorm2d(n, eps=eps)
""")

WRAPPERS = table("""
--- a function that builds it => known 0.001
from torch import nn
def norm(n):
    return nn.BatchNorm2d(n, eps=1e-3)
norm(8)
--- a function that hands on what the callers in view give => presumed 0.001
from torch import nn
def norm(n, eps):
    return nn.BatchNorm2d(n, eps=eps)
norm(8, 1e-3)
--- two functions deep => presumed 0.001
from torch import nn
def inner(n, eps):
    return nn.BatchNorm2d(n, eps=eps)
def outer(n, value):
    return inner(n, eps=value)
outer(8, 1e-3)
--- callers that differ => unknown
from torch import nn
def norm(n, eps):
    return nn.BatchNorm2d(n, eps=eps)
norm(8, 1e-3)
norm(8, 1e-2)
--- the function returns the class => known 0.001
from torch import nn
def choose():
    return nn.BatchNorm2d
choose()(8, eps=1e-3)
--- the function returns one of two => unknown
import sys
from torch import nn
def norm(n, eps):
    return nn.BatchNorm2d(n, eps=1e-3 if sys.argv else 1e-5)
norm(8, 1e-3)
""")

SUBCLASSES = table("""
--- a subclass that changes nothing => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    pass
BN(8, eps=1e-3)
--- a subclass's constructor decides => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n):
        super().__init__(n, eps=1e-3)
BN(8)
--- super in its long form => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n):
        super(BN, self).__init__(n, eps=1e-3)
BN(8)
--- the base by its name => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n):
        nn.BatchNorm2d.__init__(self, n, eps=1e-3)
BN(8)
--- a subclass of a subclass => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n, eps):
        super().__init__(n, eps=eps)
class TFBatchNorm(BN):
    def __init__(self, n):
        super().__init__(n, 1e-3)
TFBatchNorm(8)
--- a constructor that hands on what is not known => unknown
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n, config):
        super().__init__(n, eps=config.eps)
BN(8, None)
--- a constructor that sets it afterwards => known 0.001
from torch import nn
class BN(nn.BatchNorm2d):
    def __init__(self, n):
        super().__init__(n)
        self.eps = 1e-3
BN(8)
""")

#: The last site of each piece is the call by the name of the file's own; the call inside it, which
#: may be listed too, has the same setting.
OWN_NAMES = [*LAMBDAS, *WRAPPERS, *SUBCLASSES]

LATER = table("""
--- set on the variable => known 0.001
from torch import nn
bn = nn.BatchNorm2d(8)
bn.eps = 1e-3
--- set on an attribute => known 0.001
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.bn.eps = 1e-3
--- set in a loop over the modules => known 0.001
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eps = 1e-3
--- set in a loop, told by type => known 0.001
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if type(m) is nn.BatchNorm2d:
                m.eps = 1e-3
--- set in a loop for another class => default 1e-05
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.LayerNorm):
                m.eps = 1e-3
--- set in a loop for one of several classes => known 0.001
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                m.eps = 1e-3
--- set in a loop to what is not known => unknown
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eps = max(m.eps, floor())
--- set on something else => default 1e-05
from torch import nn
bn = nn.BatchNorm2d(8)
other = nn.LayerNorm(8)
other.eps = 1e-3
""")

ARG_SCOPES = table("""
--- left to the framework's default => default 0.001
import tf_slim as slim
slim.batch_norm(x)
--- a scope supplies it => known 0.01
import tf_slim as slim
with slim.arg_scope([slim.batch_norm], epsilon=1e-2):
    slim.batch_norm(x)
--- the call overrides the scope => known 0.1
import tf_slim as slim
with slim.arg_scope([slim.batch_norm], epsilon=1e-2):
    slim.batch_norm(x, epsilon=0.1)
--- the inner scope wins => known 0.02
import tf_slim as slim
with slim.arg_scope([slim.batch_norm], epsilon=1e-2):
    with slim.arg_scope([slim.batch_norm], epsilon=2e-2):
        slim.batch_norm(x)
--- a scope for other functions => default 0.001
import tf_slim as slim
with slim.arg_scope([slim.conv2d], stride=2):
    slim.batch_norm(x)
--- a dictionary supplies the scope => known 0.01
import tf_slim as slim
ARGS = {"epsilon": 1e-2}
with slim.arg_scope([slim.batch_norm], **ARGS):
    slim.batch_norm(x)
--- a scope that is not known => unknown
import tf_slim as slim
with slim.arg_scope(model_arg_scope()):
    slim.batch_norm(x)
--- the settings of the scope are not known => unknown
import tf_slim as slim
with slim.arg_scope([slim.batch_norm], **settings()):
    slim.batch_norm(x)
--- after the scope => default 0.001
import tf_slim as slim
with slim.arg_scope([slim.batch_norm], epsilon=1e-2):
    pass
slim.batch_norm(x)
--- a normaliser with its settings => known 0.01
import tf_slim as slim
slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm, normalizer_params={"epsilon": 1e-2})
--- a normaliser whose settings are not known => unknown
import tf_slim as slim
slim.conv2d(x, 8, 3, normalizer_fn=slim.batch_norm, normalizer_params=settings())
""")

HANDED_OUT = table("""
--- the modules that a model is handed => default 0.001
from keras_applications import get_submodules_from_kwargs
def Net(x, **kwargs):
    backend, layers, models, keras_utils = get_submodules_from_kwargs(kwargs)
    return layers.BatchNormalization()(x)
--- kept in globals, which are None until then => default 0.001
from keras_applications import get_submodules_from_kwargs
layers = None
def block(x):
    return layers.BatchNormalization()(x)
def Net(x, **kwargs):
    global backend, layers, models, keras_utils
    backend, layers, models, keras_utils = get_submodules_from_kwargs(kwargs)
    return block(x)
--- a package's own copy of the function => default 0.001
import keras
def get_submodules_from_kwargs(kwargs):
    return kwargs.get("backend"), kwargs.get("layers"), None, None
def Net(x, **kwargs):
    _, layers, _, _ = get_submodules_from_kwargs(kwargs)
    return layers.BatchNormalization()(x)
--- another of the modules =>
from keras_applications import get_submodules_from_kwargs
def Net(x, **kwargs):
    backend, layers, models, keras_utils = get_submodules_from_kwargs(kwargs)
    return models.BatchNormalization()(x)
--- modules of another function =>
import keras
def Net(x, **kwargs):
    backend, layers, models, keras_utils = get_modules(kwargs)
    return layers.BatchNormalization()(x)
--- globals that another function sets =>
import keras
layers = None
def block(x):
    return layers.BatchNormalization()(x)
def Net(x, **kwargs):
    global backend, layers
    backend, layers = get_modules(kwargs)
--- globals of which one takes the rest => presumed 0.001
import keras
from keras_applications import get_submodules_from_kwargs
layers = keras.layers
def block(x):
    return layers.BatchNormalization()(x)
def Net(x, **kwargs):
    global backend, layers
    backend, *layers = get_submodules_from_kwargs(kwargs)
""")


@pytest.mark.parametrize(("code", "expected"), [*PARTIALS, *LATER, *ARG_SCOPES, *HANDED_OUT])
def test_eps(code: str, expected: list[str]) -> None:
    assert settings(code) == expected


@pytest.mark.parametrize(("code", "expected"), OWN_NAMES)
def test_eps_through_own_names(code: str, expected: list[str]) -> None:
    found = settings(code)
    assert found
    assert found[-1:] == expected
