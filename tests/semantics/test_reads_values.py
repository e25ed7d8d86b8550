"""What eps is at each site: constants, arithmetic, parameters, attributes, dictionaries.

Where Python's answer does not follow from the code, the answer must be unknown; where a caller may
give another value, it is presumed.
"""

from __future__ import annotations

import pytest
from tables import settings, table

CONSTANTS = table("""
--- left out => default 1e-05
from torch import nn
nn.BatchNorm2d(8)
--- a literal => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=0.001)
--- by position => known 0.001
from torch import nn
nn.BatchNorm2d(8, 0.001)
--- a constant of the module => known 0.001
from torch import nn
EPS = 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- a constant with an annotation => known 0.001
from torch import nn
EPS: float = 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- a constant from the other side of a function => known 0.001
from torch import nn
def f():
    return nn.BatchNorm2d(8, eps=EPS)
EPS = 1e-3
--- several targets => known 0.001
from torch import nn
a = EPS = 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- unpacked => known 0.001
from torch import nn
MOMENTUM, EPS = 0.1, 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- the last value in a straight line => known 0.001
from torch import nn
EPS = 1e-5
EPS = 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- the value at the call and not a later one => known 0.001
from torch import nn
EPS = 1e-3
nn.BatchNorm2d(8, eps=EPS)
EPS = 1e-5
--- two branches that agree => known 0.001
import sys
from torch import nn
if sys.argv:
    EPS = 1e-3
else:
    EPS = 0.001
nn.BatchNorm2d(8, eps=EPS)
--- two branches that differ => unknown
import sys
from torch import nn
if sys.argv:
    EPS = 1e-3
else:
    EPS = 1e-5
nn.BatchNorm2d(8, eps=EPS)
--- changed in a loop => unknown
from torch import nn
EPS = 1e-3
for _ in range(3):
    nn.BatchNorm2d(8, eps=EPS)
    EPS = EPS * 10
--- read from outside => unknown
import os
from torch import nn
nn.BatchNorm2d(8, eps=float(os.environ["EPS"]))
--- a call that is not followed => unknown
from torch import nn
nn.BatchNorm2d(8, eps=settings("eps"))
--- a name that is not defined => unknown
from torch import nn
nn.BatchNorm2d(8, eps=EPS)
--- set by another module => unknown
from torch import nn
from .config import EPS
nn.BatchNorm2d(8, eps=EPS)
--- set by a function that declares it global => unknown
from torch import nn
EPS = 1e-3
def f(value):
    global EPS
    EPS = value
def g():
    return nn.BatchNorm2d(8, eps=EPS)
--- further positional arguments that are not known => unknown
from torch import nn
nn.BatchNorm2d(8, *rest)
--- positional arguments that are known => known 0.001
from torch import nn
REST = (0.001, 0.1)
nn.BatchNorm2d(8, *REST)
""")

ARITHMETIC = table("""
--- one minus => known 0.010000000000000009
from torch import nn
nn.BatchNorm2d(8, eps=1 - 0.99)
--- a power => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=10 ** -3)
--- a quotient => known 0.0009765625
from torch import nn
nn.BatchNorm2d(8, eps=1 / 1024)
--- through names => known 0.0001
from torch import nn
BASE = 1e-3
SCALE = 10
nn.BatchNorm2d(8, eps=BASE / SCALE)
--- a step by step change => known 0.002
from torch import nn
EPS = 1e-3
EPS += 1e-3
nn.BatchNorm2d(8, eps=EPS)
--- float of a string => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=float("1e-3"))
--- max of two => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=max(1e-3, 1e-5))
--- or skips what is false => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=None or 1e-3)
--- and stops at what is false => known 0
from torch import nn
nn.BatchNorm2d(8, eps=0 and 1e-3)
--- a chained comparison decides => known 0.001
from torch import nn
N = 4
nn.BatchNorm2d(8, eps=1e-3 if 1 < N < 5 else 1e-5)
--- division by zero => unknown
from torch import nn
nn.BatchNorm2d(8, eps=1 / 0)
--- arithmetic with what is not known => unknown
from torch import nn
nn.BatchNorm2d(8, eps=1e-3 * scale)
--- a builtin of the file's own => unknown
from torch import nn
def max(a, b):
    return open("x").read()
nn.BatchNorm2d(8, eps=max(1e-3, 1e-5))
--- a number too large to make => unknown
from torch import nn
nn.BatchNorm2d(8, eps=9 ** 9 ** 9)
""")

PARAMETERS = table("""
--- a default may be overridden => presumed 0.001
from torch import nn
def f(eps=1e-3):
    return nn.BatchNorm2d(8, eps=eps)
--- a keyword-only default => presumed 0.001
from torch import nn
def f(*, eps=1e-3):
    return nn.BatchNorm2d(8, eps=eps)
--- the constructor's default => presumed 0.001
from torch import nn
class Block(nn.Module):
    def __init__(self, eps=1e-3):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, eps=eps)
--- a default that is a constant of the module => presumed 0.001
from torch import nn
EPS = 1e-3
def f(eps=EPS):
    return nn.BatchNorm2d(8, eps=eps)
--- a default is taken when the function is defined => presumed 0.001
from torch import nn
EPS = 1e-3
def f(eps=EPS):
    return nn.BatchNorm2d(8, eps=eps)
EPS = 1e-5
--- None means another value => presumed 0.001
from torch import nn
def f(eps=None):
    if eps is None:
        eps = 1e-3
    return nn.BatchNorm2d(8, eps=eps)
--- None or another value => presumed 0.001
from torch import nn
def f(eps=None):
    return nn.BatchNorm2d(8, eps=eps or 1e-3)
--- the body replaces what is given => known 0.001
from torch import nn
def f(eps=1e-5):
    eps = 1e-3
    return nn.BatchNorm2d(8, eps=eps)
--- no default => unknown
from torch import nn
def f(eps):
    return nn.BatchNorm2d(8, eps=eps)
--- a caller in the file gives another value => unknown
from torch import nn
def f(eps=1e-5):
    return nn.BatchNorm2d(8, eps=eps)
f(1e-3)
f()
--- among the keyword arguments => unknown
from torch import nn
def f(**kwargs):
    return nn.BatchNorm2d(8, **kwargs)
--- among the positional arguments => unknown
from torch import nn
def f(*args):
    return nn.BatchNorm2d(8, *args)
--- a decorator may change what is given => unknown
from torch import nn
@given_by_config
def f(eps):
    return nn.BatchNorm2d(8, eps=eps)
""")

ATTRIBUTES = table("""
--- a class attribute => known 0.001
from torch import nn
class Config:
    eps = 1e-3
nn.BatchNorm2d(8, eps=Config.eps)
--- a class attribute through self => known 0.001
from torch import nn
class Net(nn.Module):
    eps = 1e-3
    def build(self):
        return nn.BatchNorm2d(8, eps=self.eps)
--- an inherited class attribute => known 0.001
from torch import nn
class Base:
    eps = 1e-3
class Config(Base):
    pass
nn.BatchNorm2d(8, eps=Config.eps)
--- a class attribute that a subclass replaces => known 0.01
from torch import nn
class Base:
    eps = 1e-3
class Config(Base):
    eps = 1e-2
nn.BatchNorm2d(8, eps=Config.eps)
--- set from the constructor's default => presumed 0.001
from torch import nn
class Net(nn.Module):
    def __init__(self, eps=1e-3):
        super().__init__()
        self.eps = eps
        self.bn = nn.BatchNorm2d(8, eps=self.eps)
--- a class attribute that is set elsewhere => unknown
from torch import nn
class Config:
    eps = 1e-3
Config.eps = float(input())
nn.BatchNorm2d(8, eps=Config.eps)
--- an attribute of an argument => unknown
from torch import nn
def f(config):
    return nn.BatchNorm2d(8, eps=config.eps)
--- an attribute that another method sets to something else => unknown
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.eps = 1e-3
    def change(self, value):
        self.eps = value
    def layer(self):
        return nn.BatchNorm2d(8, eps=self.eps)
--- an attribute of an outside base class => unknown
from torch import nn
from mylib import Base
class Net(Base):
    def build(self):
        return nn.BatchNorm2d(8, eps=self.eps)
""")

DICTIONARIES = table("""
--- a display => known 0.001
from torch import nn
nn.BatchNorm2d(8, **{"eps": 1e-3})
--- a variable => known 0.001
from torch import nn
ARGS = {"eps": 1e-3, "momentum": 0.01}
nn.BatchNorm2d(8, **ARGS)
--- a call of dict => known 0.001
from torch import nn
ARGS = dict(eps=1e-3)
nn.BatchNorm2d(8, **ARGS)
--- one inside another => known 0.001
from torch import nn
BASE = {"eps": 1e-3}
nn.BatchNorm2d(8, **{**BASE, "momentum": 0.01})
--- the later entry wins => known 0.01
from torch import nn
BASE = {"eps": 1e-3}
nn.BatchNorm2d(8, **{**BASE, "eps": 1e-2})
--- the later dictionary wins => known 0.001
from torch import nn
BASE = {"eps": 1e-3}
nn.BatchNorm2d(8, **{"eps": 1e-2, **BASE})
--- keys that have nothing to do with it => default 1e-05
from torch import nn
ARGS = {"device": "cpu", "dtype": None}
nn.BatchNorm2d(8, **ARGS)
--- an entry => known 0.001
from torch import nn
ARGS = {"eps": 1e-3}
nn.BatchNorm2d(8, eps=ARGS["eps"])
--- an entry that is missing has a default => known 0.001
from torch import nn
ARGS = {}
nn.BatchNorm2d(8, eps=ARGS.get("eps", 1e-3))
--- a field of what is not known, replaced => unknown
from torch import nn
nn.BatchNorm2d(8, eps=CONFIG._replace(eps=1e-3).eps)
--- a field of what is no record, replaced => unknown
from torch import nn
ARGS = dict(eps=1e-3)
nn.BatchNorm2d(8, eps=ARGS._replace(eps=1e-3).eps)
--- an entry of what is not known, with a default => unknown
from torch import nn
nn.BatchNorm2d(8, eps=ARGS.get("eps", 1e-3))
--- taken out of what a caller gives, with a default => presumed 0.001
from torch import nn
def f(**kwargs):
    return nn.BatchNorm2d(8, eps=kwargs.pop("eps", 1e-3))
--- taken out of what is not known, with a default => unknown
from torch import nn
nn.BatchNorm2d(8, eps=load().pop("eps", 1e-3))
--- an entry under a key that is not known => unknown
from torch import nn
ARGS = {"eps": 1e-3}
nn.BatchNorm2d(8, eps=ARGS.get(key, 1e-5))
--- an entry without a key => unknown
from torch import nn
ARGS = {"eps": 1e-3}
nn.BatchNorm2d(8, eps=ARGS.pop())
--- an entry that is missing has no default => known None
from torch import nn
ARGS = {}
nn.BatchNorm2d(8, eps=ARGS.get("eps"))
--- an entry set before the call => known 0.001
from torch import nn
ARGS = {}
ARGS["eps"] = 1e-3
nn.BatchNorm2d(8, **ARGS)
--- not known whole => unknown
from torch import nn
nn.BatchNorm2d(8, **{**settings(), "momentum": 0.01})
--- not known before a known entry => known 0.001
from torch import nn
nn.BatchNorm2d(8, **{**settings(), "eps": 1e-3})
--- not known after a known entry => unknown
from torch import nn
nn.BatchNorm2d(8, **{"eps": 1e-3, **settings()})
--- a key that is not known => unknown
from torch import nn
nn.BatchNorm2d(8, **{key: 1e-3})
--- changed in a loop that comes later => known 0.001
from torch import nn
def f(names):
    settings = dict(eps=1e-3)
    bn = nn.BatchNorm2d(8, **settings)
    for name in names:
        settings[name] = 1e-5
--- changed in a loop after its use there => unknown
from torch import nn
def f(names):
    settings = dict(eps=1e-3)
    for name in names:
        bn = nn.BatchNorm2d(8, **settings)
        settings[name] = 1e-5
--- changed in a loop by a test of what is in it => unknown
from torch import nn
def f(names):
    settings = dict(eps=1e-3)
    for name in names:
        if settings.get(name) is None:
            settings[name] = 1e-5
    return nn.BatchNorm2d(8, **settings)
--- changed in a loop before it is made anew => known 0.001
from torch import nn
def f(names):
    settings = {}
    for name in names:
        settings[name] = 1e-5
    settings = dict(eps=1e-3)
    return nn.BatchNorm2d(8, **settings)
--- changed in a loop after it was tested in its head => unknown
from torch import nn
def f():
    settings = dict(eps=1e-3)
    while nn.BatchNorm2d(8, **settings):
        settings["eps"] = 1e-5
--- changed in a loop over what is worked out before => known 0.001
from torch import nn
def f():
    settings = dict(eps=1e-3)
    for layer in [nn.BatchNorm2d(8, **settings)]:
        settings["eps"] = 1e-5
--- changed by a function it is given to => unknown
from torch import nn
ARGS = {"eps": 1e-3}
fill(ARGS)
nn.BatchNorm2d(8, **ARGS)
--- changed by a function it is given to by keyword => unknown
from torch import nn
ARGS = {"eps": 1e-3}
fill(settings=ARGS)
nn.BatchNorm2d(8, **ARGS)
--- given to what only reads it => known 0.001
from torch import nn
ARGS = {"eps": 1e-3}
print(ARGS)
known = len(ARGS)
nn.BatchNorm2d(8, **ARGS)
--- given to a layer before => known 0.001; known 0.001
from torch import nn
ARGS = {"eps": 1e-3}
nn.BatchNorm1d(8, **ARGS)
nn.BatchNorm2d(8, eps=ARGS["eps"])
--- updated with what is not known => unknown
from torch import nn
ARGS = {"eps": 1e-3}
ARGS.update(settings())
nn.BatchNorm2d(8, **ARGS)
--- an explicit argument beside what is not known => known 0.001
from torch import nn
nn.BatchNorm2d(8, eps=1e-3, **settings())
""")


OPTIONS = table("""
--- the default of an option => presumed 0.001
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--bn-eps", type=float, default=1e-3)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.bn_eps)
--- a name of its own, of a group => presumed 0.001
import argparse
from torch import nn
p = argparse.ArgumentParser()
g = p.add_argument_group("norm")
g.add_argument("-e", "--norm-eps", dest="eps", default=1e-3)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
--- given by a function => presumed 0.001
import argparse
from torch import nn
def options():
    p = argparse.ArgumentParser()
    p.add_argument("--eps", default=1e-3)
    return p.parse_args()
args = options()
nn.BatchNorm2d(8, eps=args.eps)
--- what is not known is left aside => presumed 0.001
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", default=1e-3)
args, rest = p.parse_known_args()
nn.BatchNorm2d(8, eps=args.eps)
--- what is parsed is given => unknown; unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", default=1e-3)
args = p.parse_args(["--eps", "1e-5"])
nn.BatchNorm2d(8, eps=args.eps)
args = p.parse_args(args=["--eps", "1e-5"])
nn.BatchNorm2d(8, eps=args.eps)
--- an option without a default => unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", type=float)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
--- no such option => unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--epsilon", default=1e-3)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
--- defaults that are set later => unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", default=1e-3)
p.set_defaults(eps=1e-5)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
--- an option that is set afterwards => unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", default=1e-3)
args = p.parse_args()
args.eps = float(input())
nn.BatchNorm2d(8, eps=args.eps)
--- a whole number may choose code => unknown
import argparse
from torch import nn
p = argparse.ArgumentParser()
p.add_argument("--eps", default=1)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
--- the parser of another library => unknown
import configargparse
from torch import nn
p = configargparse.ArgParser()
p.add_argument("--eps", default=1e-3)
args = p.parse_args()
nn.BatchNorm2d(8, eps=args.eps)
""")


@pytest.mark.parametrize(
    ("code", "expected"),
    [*CONSTANTS, *ARITHMETIC, *PARAMETERS, *ATTRIBUTES, *DICTIONARIES, *OPTIONS],
)
def test_eps(code: str, expected: list[str]) -> None:
    assert settings(code) == expected
