"""Factories of layers: told by name, class or partial, and classes that are passed around.

A name that a caller may override gives a presumed layer; the layer itself must be the one that the
factory makes of that name.
"""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import answer, answers
from tables import settings, table

from bnlint.semantics.values.domain import Constant, Unknown

_FACTORY = """
import functools
import types
import torch.nn as nn
class NormAct(nn.BatchNorm2d):
    def __init__(self, n, eps=1e-3, act=True):
        super().__init__(n, eps=eps)
MAP = dict(batchnorm=nn.BatchNorm2d, batchnorm2d=nn.BatchNorm2d, normact=NormAct)
MAP['groupnorm'] = nn.GroupNorm
def get_norm(norm):
    if norm is None:
        return None
    kwargs = {}
    if isinstance(norm, functools.partial):
        kwargs.update(norm.keywords)
        norm = norm.func
    if isinstance(norm, str):
        name = norm.replace('_', '').lower().split('-')[0]
        layer = MAP[name]
    elif isinstance(norm, types.FunctionType):
        layer = norm
    else:
        layer = MAP.get(norm.__name__.lower(), None)
        assert layer is not None
    if kwargs:
        layer = functools.partial(layer, **kwargs)
    return layer
"""

FACTORY = table("""
--- a name => known 1e-05
get_norm('batchnorm2d')(8)
--- a name that the factory spells its own way => known 1e-05
get_norm('Batch_Norm-evo')(8)
--- a name of a class of the project => known 0.001
get_norm('normact')(8)
--- a class, by its name => known 0.001
get_norm(NormAct)(8)
--- a class of the framework => known 1e-05
get_norm(nn.BatchNorm2d)(8)
--- a partial, taken apart and put together again => known 0.01
get_norm(functools.partial(nn.BatchNorm2d, eps=1e-2))(8)
--- a name of another layer =>
get_norm('groupnorm')(8)
--- a name that is not in the table =>
get_norm('batchrenorm')(8)
--- a name given by the command line => unknown
import sys
get_norm(sys.argv[1])(8)
--- the default of a parameter, which a caller may override => presumed 1e-05
class Net(nn.Module):
    def __init__(self, norm='batchnorm2d'):
        norm = get_norm(norm)
        self.bn = norm(8)
--- the default of a parameter decides between branches, and stays presumed => presumed 0.01
def make(norm):
    if isinstance(norm, str):
        eps = 1e-2
    else:
        eps = 1e-4
    return functools.partial(nn.BatchNorm2d, eps=eps)
def block(norm='batchnorm2d'):
    return make(norm)(8)
--- a setting that a caller may override leaves both branches open => unknown
def block(wide=True):
    if wide:
        eps = 1e-2
    else:
        eps = 1e-4
    return nn.BatchNorm2d(8, eps=eps)
""")


@pytest.mark.parametrize(("code", "expected"), FACTORY)
def test_factory(code: str, expected: list[str]) -> None:
    known = [value for value in settings(_FACTORY + code)[1:] if expected or value != "unknown"]
    assert [v.replace("default", "known") for v in known] == expected


PASSED_CLASSES = table("""
--- the class is a parameter of what builds the layers => presumed 0.001
from functools import partial
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
class Net(nn.Module):
    def __init__(self, block, norm_layer):
        self.layers = block(8, norm_layer=norm_layer)
net = Net(Block, partial(nn.BatchNorm2d, eps=1e-3))
--- the class comes in by keyword, under another name => presumed 0.001
from functools import partial
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
def stage(n, block_fn, norm_layer):
    return [block_fn(n, norm_layer=norm_layer) for _ in range(3)]
stage(8, block_fn=Block, norm_layer=partial(nn.BatchNorm2d, eps=1e-3))
--- the type of a parameter names the class => presumed 0.001
from functools import partial
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
class Net(nn.Module):
    def __init__(self, block: type[Block], norm_layer=partial(nn.BatchNorm2d, eps=1e-3)):
        self.layers = block(8, norm_layer=norm_layer)
--- of a union, both => presumed 0.001; presumed 0.001
from functools import partial
from typing import Type, Union
import torch.nn as nn
class Basic(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
class Bottleneck(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
class Net(nn.Module):
    def __init__(self, block: Type[Union[Basic, Bottleneck]]):
        self.layers = block(8, norm_layer=partial(nn.BatchNorm2d, eps=1e-3))
--- a layer in place of None, beside callers that give one => presumed 1e-05
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, norm=None):
        if norm is None:
            norm = nn.BatchNorm2d
        self.bn = norm(n)
class Net(nn.Module):
    def __init__(self, block: type[Block]):
        self.layers = block(8, norm=nn.BatchNorm2d)
--- two callers that differ => unknown
from functools import partial
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, norm_layer=None):
        self.bn = norm_layer(n)
def stage(n, block, norm_layer):
    return block(n, norm_layer=norm_layer)
stage(8, Block, partial(nn.BatchNorm2d, eps=1e-3))
stage(8, Block, nn.BatchNorm2d)
--- an instance of the class that a type names is no class => unknown
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, eps):
        self.bn = nn.BatchNorm2d(n, eps=eps)
def run(block: Block):
    return block(8, eps=1e-3)
""")


SPREAD = table("""
--- what all callers give by ** => presumed 0.001
import torch.nn as nn
def norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a, b = norm(8, eps=1e-3), norm(16, eps=1e-3, affine=False)
--- callers that give partials by ** => presumed 0.001
from functools import partial
import torch.nn as nn
def block(n, **kwargs):
    return stage(n, **kwargs)
def stage(n, norm_layer=nn.BatchNorm2d):
    return norm_layer(n)
norm = partial(nn.BatchNorm2d, eps=1e-3)
a, b = block(8, norm_layer=norm), block(16, norm_layer=norm)
--- what callers give differently => unknown
import torch.nn as nn
def norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a, b = norm(8, eps=1e-3), norm(16, eps=1e-5)
--- what no caller in view gives, another may => unknown
import torch.nn as nn
def norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a = norm(8, affine=False)
--- what no caller gives to a function of the file's own => presumed 1e-05
import torch.nn as nn
def _norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a = _norm(8, affine=False)
--- what no caller in view gives to a constructor, another may => unknown
import torch.nn as nn
class Block(nn.Module):
    def __init__(self, n, **kwargs):
        self.bn = nn.BatchNorm2d(n, **kwargs)
a = Block(8)
--- what only some callers give to a function of the file's own => unknown
import torch.nn as nn
def _norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a, b = _norm(8), _norm(8, eps=1e-3)
--- a function of the file's own that is handed out => unknown
import torch.nn as nn
def _norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
a = _norm(8, affine=False)
register(_norm)
--- a class method called on the class => known 0.001
import torch.nn as nn
class F:
    @classmethod
    def pick(cls, a, b=1e-5):
        return b
nn.BatchNorm2d(8, eps=F.pick(1, 1e-3))
--- a tuple made of a list is a tuple => unknown
import torch.nn as nn
def pick(n):
    if isinstance(n, tuple):
        return 1e-3
    return 1e-5
nn.BatchNorm2d(8, eps=pick(tuple([1, 2])))
--- a static method of a builder => presumed 0.001
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn1 = self.__norm(2, "bn1", num_features=8, eps=1e-3)
        self.bn2 = self.__norm(2, "bn2", num_features=16, eps=0.001)
    @staticmethod
    def __norm(dim, name, **kwargs):
        if dim == 2:
            return nn.BatchNorm2d(**kwargs)
--- what callers spread themselves => unknown
import torch.nn as nn
def norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs)
def build(options):
    return norm(8, **options)
--- passed on to itself => unknown
import torch.nn as nn
def norm(n, **kwargs):
    return nn.BatchNorm2d(n, **kwargs) if n else norm(8, **kwargs)
""")

RECORDS = table("""
--- a field whose default is made by a lambda => presumed 0.01
import dataclasses
import torch.nn as nn
@dataclasses.dataclass
class Norm:
    eps: float = 1e-3
@dataclasses.dataclass
class Config:
    norm: Norm = dataclasses.field(default_factory=lambda: Norm(eps=1e-2))
nn.BatchNorm2d(8, eps=Config().norm.eps)
--- a field whose default is made by a class => presumed 0.001
from dataclasses import dataclass, field
import torch.nn as nn
@dataclass
class Norm:
    eps: float = 1e-3
@dataclass
class Config:
    norm: Norm = field(default_factory=Norm)
def build(config: Config):
    return nn.BatchNorm2d(8, eps=config.norm.eps)
--- a field with a default of its own => presumed 0.001
from dataclasses import dataclass, field
import torch.nn as nn
@dataclass
class Config:
    eps: float = field(default=1e-3, metadata={"help": "..."})
def build(config: Config):
    return nn.BatchNorm2d(8, eps=config.eps)
--- a field without a default => unknown
from dataclasses import dataclass, field
import torch.nn as nn
@dataclass
class Config:
    eps: float = field(repr=False)
def build(config: Config):
    return nn.BatchNorm2d(8, eps=config.eps)
--- a default that something outside makes => unknown
from dataclasses import dataclass, field
import torch.nn as nn
from settings import make
@dataclass
class Config:
    eps: float = field(default_factory=make)
def build(config: Config):
    return nn.BatchNorm2d(8, eps=config.eps)
--- a named tuple that is made in one way => presumed 0.001
import collections
import torch.nn as nn
Params = collections.namedtuple("Params", ["eps", "width"])
class Net(nn.Module):
    def __init__(self, params: Params):
        self.bn = nn.BatchNorm2d(8, eps=params.eps)
def params(width):
    return Params(eps=1e-3, width=width)
--- a named tuple that is made in two ways => unknown
import collections
import torch.nn as nn
Params = collections.namedtuple("Params", ["eps", "width"])
class Net(nn.Module):
    def __init__(self, params: Params):
        self.bn = nn.BatchNorm2d(8, eps=params.eps)
small, large = Params(1e-3, 8), Params(1e-5, 80)
--- a named tuple that is made somewhere else => unknown
import collections
import torch.nn as nn
Params = collections.namedtuple("Params", ["eps", "width"])
class Net(nn.Module):
    def __init__(self, params: Params):
        self.bn = nn.BatchNorm2d(8, eps=params.eps)
""")


@pytest.mark.parametrize(("code", "expected"), [*PASSED_CLASSES, *SPREAD, *RECORDS])
def test_class_that_is_passed_around(code: str, expected: list[str]) -> None:
    assert settings(code) == expected


_TEXTS = st.text(alphabet="aB_-2 é", max_size=6)
_CALLS = st.one_of(
    st.sampled_from(["lower()", "upper()", "title()", "strip()", "capitalize()"]),
    st.builds("replace({!r}, {!r})".format, _TEXTS, _TEXTS),
    st.builds("split({!r})[0]".format, _TEXTS),
    st.builds("rsplit({!r}, 1)[-1]".format, _TEXTS),
    st.builds("startswith({!r})".format, _TEXTS),
    st.builds("removeprefix({!r})".format, _TEXTS),
    st.builds("endswith({!r})".format, _TEXTS),
)


@given(_TEXTS, st.lists(_CALLS, min_size=1, max_size=3))
def test_agrees_with_python_on_methods_of_strings(text: str, calls: list[str]) -> None:
    expression = ".".join([repr(text), *calls])
    try:
        expected = eval(expression)
    except Exception:
        assert isinstance(answer(expression), Unknown)
        return
    found = answer(expression)
    assert isinstance(found, Unknown) or (found == expected and type(found) is type(expected))
    if len(expression) < 60 and "." not in text:
        assert found == expected


_VALUES = st.sampled_from(
    ["'x'", "1", "True", "2.0", "None", "b'x'", "(1, 2)", "[1]", "{'a': 1}", "(lambda: 1)"]
)
_TYPES = st.sampled_from(["str", "int", "float", "bool", "tuple", "list", "dict", "type", "bytes"])


@given(_VALUES, st.lists(_TYPES, min_size=1, max_size=3))
def test_agrees_with_python_on_types(value: str, types: list[str]) -> None:
    expression = f"isinstance({value}, ({', '.join(types)},))"
    ast.parse(expression)
    (found,) = answers(expression)
    assert isinstance(found.object, Unknown) or found.object == Constant(eval(expression))
    assert not isinstance(found.object, Unknown) or "lambda" not in value


@pytest.mark.parametrize(
    "expression",
    [
        "'a'.replace('', 'b' * 5000)",
        "'a'.join(['b'])",
        "'a'.split('')",
        "x.lower()",
        "'a'.lower(1)",
    ],
)
def test_methods_of_strings_without_an_answer(expression: str) -> None:
    assert isinstance(answer(expression), Unknown)
