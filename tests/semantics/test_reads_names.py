"""Which API a call reaches: imports, aliases, scopes, shadowing. What is bound at a use decides."""

from __future__ import annotations

import pytest
from tables import apis, table

IMPORTS = table("""
--- import of a package => torch.BatchNorm2d
import torch
torch.nn.BatchNorm2d(8)
--- import of a module binds the package => torch.BatchNorm2d
import torch.nn
torch.nn.BatchNorm2d(8)
--- a module under another name => torch.BatchNorm2d
import torch.nn as n
n.BatchNorm2d(8)
--- a module from its package => torch.BatchNorm2d
from torch import nn
nn.BatchNorm2d(8)
--- a module from its package under another name => torch.BatchNorm2d
from torch import nn as layers
layers.BatchNorm2d(8)
--- a class => torch.BatchNorm2d
from torch.nn import BatchNorm2d
BatchNorm2d(8)
--- a class under another name => torch.BatchNorm2d
from torch.nn import BatchNorm2d as BN
BN(8)
--- a class under the name of another => torch.BatchNorm1d
from torch.nn import BatchNorm1d as BatchNorm2d
BatchNorm2d(8)
--- the module that defines the class => torch.BatchNorm2d
from torch.nn.modules.batchnorm import BatchNorm2d
BatchNorm2d(8)
--- a module of Keras inside TensorFlow => keras.BatchNormalization
import tensorflow.keras.layers as L
L.BatchNormalization()
--- Keras as an attribute of TensorFlow => keras.BatchNormalization
import tensorflow as tf
keras = tf.keras
keras.layers.BatchNormalization()
--- Keras by itself => keras.BatchNormalization
from keras.layers import BatchNormalization as BN
BN()
--- the same name of two frameworks => torch.BatchNorm2d; mindspore.BatchNorm2d
import mindspore.nn as mnn
import torch.nn as nn
nn.BatchNorm2d(8)
mnn.BatchNorm2d(8)
--- the later of two imports of one name => mindspore.BatchNorm2d
from torch import nn
from mindspore import nn
nn.BatchNorm2d(8)
--- an import inside the function => torch.BatchNorm2d
def f():
    from torch import nn
    return nn.BatchNorm2d(8)
--- several names on one line => torch.BatchNorm2d
import os, torch.nn as nn, sys
nn.BatchNorm2d(8)
--- an import that nobody knows =>
from mylib import nn
nn.BatchNorm2d(8)
--- a relative import =>
import torch
from .layers import BatchNorm2d
BatchNorm2d(8)
--- a name of the package that is no layer =>
from torch import nn
nn.BatchNormality2d(8)
--- the import is in another function =>
def g():
    from torch import nn
def f():
    return nn.BatchNorm2d(8)
--- import of a submodule under a name is not the package =>
import torch.nn as nn
nn.nn.BatchNorm2d(8)
--- no import at all =>
import torch
BatchNorm2d(8)
""")

ALIASES = table("""
--- a variable for the class => torch.BatchNorm2d
from torch import nn
BN = nn.BatchNorm2d
BN(8)
--- a variable for a variable => torch.BatchNorm2d
from torch import nn
BN = nn.BatchNorm2d
Norm = BN
Norm(8)
--- a variable for the module => torch.BatchNorm2d
import torch
layers = torch.nn
layers.BatchNorm2d(8)
--- two at once => torch.BatchNorm2d
from torch import nn
Conv, BN = nn.Conv2d, nn.BatchNorm2d
BN(8)
--- getattr with a literal name => torch.BatchNorm2d
from torch import nn
getattr(nn, "BatchNorm2d")(8)
--- a dictionary of layers => torch.BatchNorm1d
from torch import nn
LAYERS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
LAYERS[1](8)
--- a list of layers => torch.BatchNorm2d
from torch import nn
LAYERS = [nn.BatchNorm1d, nn.BatchNorm2d]
LAYERS[1](8)
--- a class attribute => torch.BatchNorm2d
from torch import nn
class Net(nn.Module):
    norm = nn.BatchNorm2d
    def build(self):
        return self.norm(8)
--- rebound to something else before the call =>
from torch import nn
BN = nn.BatchNorm2d
BN = nn.Identity
BN(8)
--- rebound after the call => torch.BatchNorm2d
from torch import nn
BN = nn.BatchNorm2d
BN(8)
BN = nn.Identity
--- either of two branches => torch.BatchNorm1d | torch.BatchNorm2d
import sys
from torch import nn
if sys.argv:
    BN = nn.BatchNorm1d
else:
    BN = nn.BatchNorm2d
BN(8)
--- either part of a conditional => torch.BatchNorm1d | torch.BatchNorm2d
import sys
from torch import nn
(nn.BatchNorm1d if sys.argv else nn.BatchNorm2d)(8)
--- the branch that is always taken => torch.BatchNorm2d
from torch import nn
(nn.BatchNorm2d if True else nn.BatchNorm1d)(8)
--- the parameter's default may be replaced => torch.BatchNorm2d ?
from torch import nn
def block(norm=nn.BatchNorm2d):
    return norm(8)
--- a parameter without a default =>
from torch import nn
def block(norm):
    return norm(8)
--- deleted before the call =>
from torch import nn
BN = nn.BatchNorm2d
del BN
BN(8)
""")

STARS = table("""
--- star import of a known module => torch.BatchNorm2d
from torch.nn import *
BatchNorm2d(8)
--- star import of a known package gives its module => torch.BatchNorm2d
from tensorflow import *
from torch.nn import *
BatchNorm2d(8)
--- the later star import wins => mindspore.BatchNorm2d
from torch.nn import *
from mindspore.nn import *
BatchNorm2d(8)
--- an explicit import beats a star import before it => torch.BatchNorm2d
from mindspore.nn import *
from torch.nn import BatchNorm2d
BatchNorm2d(8)
--- an unknown star import after it may replace it =>
from torch.nn import *
from mylib import *
BatchNorm2d(8)
--- an unknown star import before it cannot => torch.BatchNorm2d
from mylib import *
from torch.nn import *
BatchNorm2d(8)
--- a class of the file beats a star import =>
from torch.nn import *
class BatchNorm2d:
    def __init__(self, n): ...
BatchNorm2d(8)
--- a name that the module does not have =>
from torch.nn import *
BatchNormalization(8)
""")

TRIES = table("""
--- both imports of a try are candidates => torch.SyncBatchNorm | torch.BatchNorm2d
try:
    from torch.nn import SyncBatchNorm as BN
except ImportError:
    from torch.nn import BatchNorm2d as BN
BN(8)
--- a fallback to a class of one's own leaves the first in doubt => torch.BatchNorm2d ?
try:
    from torch.nn import BatchNorm2d as BN
except ImportError:
    BN = None
BN(8)
--- both imports of one and the same layer => keras.BatchNormalization
try:
    from keras.layers import BatchNormalization
except ImportError:
    from tensorflow.keras.layers import BatchNormalization
BatchNormalization()
--- the else of a try replaces it => torch.BatchNorm1d
from torch import nn
try:
    BN = nn.BatchNorm2d
except AttributeError:
    raise
else:
    BN = nn.BatchNorm1d
BN(8)
--- finally has the last word => torch.BatchNorm1d
from torch import nn
try:
    BN = nn.BatchNorm2d
finally:
    BN = nn.BatchNorm1d
BN(8)
""")

SCOPES = table("""
--- a parameter shadows the module =>
import torch.nn as nn
def f(nn):
    return nn.BatchNorm2d(8)
--- a local variable shadows the module =>
import torch.nn as nn
def f():
    nn = make()
    return nn.BatchNorm2d(8)
--- a local class shadows the import =>
from torch.nn import BatchNorm2d
def f():
    class BatchNorm2d:
        def __init__(self, n): ...
    return BatchNorm2d(8)
--- a loop variable shadows the import =>
from torch.nn import BatchNorm2d
for BatchNorm2d in makers():
    BatchNorm2d(8)
--- a with target shadows the import =>
from torch.nn import BatchNorm2d
with open("x") as BatchNorm2d:
    BatchNorm2d(8)
--- the name in a class body is not seen by its methods => torch.BatchNorm2d
import mindspore.nn as mnn
from torch import nn
class Net:
    nn = mnn
    def build(self):
        return nn.BatchNorm2d(8)
--- the class body itself sees it => mindspore.BatchNorm2d
import mindspore.nn as mnn
from torch import nn
class Net:
    nn = mnn
    bn = nn.BatchNorm2d(8)
--- a comprehension's variable is its own => torch.BatchNorm2d
from torch import nn
names = [nn for nn in "ab"]
nn.BatchNorm2d(8)
--- inside the comprehension the variable counts =>
from torch import nn
layers = [nn.BatchNorm2d(8) for nn in modules()]
--- an inner function sees the outer one's name => torch.BatchNorm1d
from torch import nn
def f():
    BN = nn.BatchNorm1d
    def g():
        return BN(8)
    return g
--- global reaches the module => torch.BatchNorm2d
from torch import nn
BN = nn.BatchNorm2d
def f():
    global BN
    return BN(8)
--- a function may have rebound the global => torch.BatchNorm2d ?
from torch import nn
BN = nn.BatchNorm2d
def use():
    return BN(8)
def f(other):
    global BN
    BN = other
--- a name that is local further down is not the module's =>
from torch import nn
BN = nn.BatchNorm2d
def f(x):
    layer = BN(8)
    BN = x
    return layer
--- an except target is gone after its block => torch.BatchNorm2d
from torch import nn
try:
    pass
except ValueError as error:
    pass
nn.BatchNorm2d(8)
--- a walrus in a test binds in the function => torch.BatchNorm2d
from torch import nn
def f():
    if (BN := nn.BatchNorm2d):
        return BN(8)
""")

OWN = table("""
--- a class that is merely called so =>
import torch
class BatchNorm2d:
    def __init__(self, n, eps=1e-5): ...
BatchNorm2d(8)
--- a function that is merely called so =>
import torch
def BatchNorm2d(n, eps=1e-5):
    return n
BatchNorm2d(8)
--- a module class of one's own that is merely called so =>
from torch import nn
class BatchNorm2d(nn.Module):
    def __init__(self, n, eps=1e-5):
        super().__init__()
        self.eps = eps
BatchNorm2d(8)
--- a method that is merely called so =>
import torch
class Layers:
    def BatchNorm2d(self, n): ...
Layers().BatchNorm2d(8)
--- an attribute of an object of one's own =>
import torch
class Layers: ...
nn = Layers()
nn.BatchNorm2d(8)
""")


@pytest.mark.parametrize(("code", "expected"), [*IMPORTS, *ALIASES, *STARS, *TRIES, *SCOPES, *OWN])
def test_api(code: str, expected: list[str]) -> None:
    assert apis(code) == expected
