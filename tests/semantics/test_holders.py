"""Where an object goes that something else holds, and where it is lost sight of."""

from __future__ import annotations

import ast

import pytest
from reading import module_of
from test_life import life

from bnlint.semantics.objects.allocations import variable_of

MADE = "nn.BatchNorm2d(3)"

#: Code, each piece under its name, with the uses of the object (and their lines) behind an arrow.
FOLLOWED = """
--- out of a dictionary => method eval 2
m = {"a": MADE}
m["a"].eval()
--- got out of a dictionary => method eval 2
m = {"a": MADE}
m.get("a").eval()
--- popped from a dictionary => method eval 3
m = {"a": MADE}
n = m.pop("a")
n.eval()
--- got or set in a dictionary => method eval 3
m = dict(a=MADE)
n = m.setdefault("a", 1)
n.eval()
--- out of a copy of a dictionary => method eval 3
m = {"a": MADE}
n = m.copy()
n["a"].eval()
--- got out of a dictionary of classes => method eval 4
class Net(nn.BatchNorm2d):
    pass
m = {"a": MADE, "b": Net}
m.get("a").eval()
--- popped from a list => escape 2
m = [MADE]
m.pop()
--- put into a dictionary => method eval 3
m = {}
m["a"] = MADE
m["a"].eval()
--- out of a dictionary of keywords => method eval 2
m = dict(a=MADE)
m["a"].eval()
--- the values of a dictionary are not followed => escape 2
m = {"a": MADE}
m.values()
--- the keys of a dictionary do not matter =>
m = {"a": MADE}
m.keys()
--- another element => method eval 3
m = {"a": MADE, "b": 1}
m["b"]
m["a"].eval()
--- an element of an unknown key => escape 3
m = {"a": MADE}
from other import key
m[key]
--- a loop over a list => method eval 3
m = [MADE]
for a in m:
    a.eval()
--- a loop over a pair => method eval 2
for a in (MADE, nn.ReLU()):
    a.eval()
--- a loop over pairs => escape 2
for a, b in [(MADE, 1)]:
    a.eval()
--- a loop that stores it => escape 2
m = [MADE]
for self.a in m:
    pass
--- a loop over a dictionary => escape 2
m = {"a": MADE}
for a in m:
    pass
--- unpacked => method eval 2
a, (b, c) = 1, (MADE, 2)
b.eval()
--- unpacked into an attribute => escape 1
a, self.b = 1, MADE
--- unpacked into what is starred => escape 1
a, *b = 1, MADE
--- an attribute of an object of a class => method eval 5
class A:
    def __init__(self, m):
        self.m = m
a = A(MADE)
a.m.eval()
--- a method of what holds it => method eval 5
class A:
    def __init__(self, m):
        self.m = m
    def run(self):
        self.m.eval()
a = A(MADE)
a.run()
--- a method of what holds it that is told more => call 5
class A:
    def __init__(self, m):
        self.m = m
    def run(self, x):
        return self.m(x)
a = A(MADE)
a.run(1)
--- a method that is handed on => method eval 5, escape 7
class A:
    def __init__(self, m):
        self.m = m
    def run(self):
        self.m.eval()
a = A(MADE)
b = a.run
--- a static method =>
class A:
    def __init__(self, m):
        self.m = m
    @staticmethod
    def run():
        pass
a = A(MADE)
b = a.run
--- a property => method eval 8
class A:
    def __init__(self, m):
        self.m = m
    @property
    def model(self):
        return self.m
a = A(MADE)
a.model.eval()
--- what holds it is called => method eval 5
class A:
    def __init__(self, m):
        self.m = m
    def __call__(self):
        self.m.eval()
a = A(MADE)
a()
--- what holds it cannot be called => escape 5
class A:
    def __init__(self, m):
        self.m = m
a = A(MADE)
a()
--- another attribute of what holds it =>
class A:
    def __init__(self, m):
        self.m = m
        self.n = 1
a = A(MADE)
a.n
--- what Python makes of what holds it => escape 5
class A:
    def __init__(self, m):
        self.m = m
a = A(MADE)
a.__dict__
--- replaced by something else => escape 5
class A:
    def __init__(self, m):
        self.m = m
a = A(MADE)
a.m = other()
--- a dataclass => method eval 6
from dataclasses import dataclass
@dataclass
class A:
    m: nn.Module
a = A(MADE)
a.m.eval()
--- a class without a constructor => escape 3
class A:
    pass
a = A(MADE)
--- a namespace => method eval 3
import types
a = types.SimpleNamespace(m=MADE)
a.m.eval()
--- a partial function => call 3
import functools
def f(m, x):
    m(x)
g = functools.partial(f, MADE)
g(1)
--- a partial of something else => escape 2
import functools
g = functools.partial(other, MADE)
g(1)
--- a copy of a list => method eval 2
a = list([MADE])
a[0].eval()
--- appended to a list is lost => escape 2
a = []
a.append(MADE)
--- given by getattr => method eval 4
class A:
    def __init__(self, m):
        self.m = m
getattr(A(MADE), "m").eval()
--- saved => save torch.save 2
m = MADE
torch.save(m, path)
--- a list of it is saved => save torch.save 2
m = [MADE]
torch.save(m, path)
--- exported => export torch.jit.trace 2
m = MADE
torch.jit.trace(m, x)
--- looked at => method eval 3
m = MADE
print(m, repr(m), isinstance(m, nn.Module))
m.eval()
--- formatted =>
m = MADE
"{}".format(m)
--- compared =>
m = MADE
if m is None:
    pass
--- a test of a choice => method eval 3
m = MADE
a = 1 if m else 2
m.eval()
--- one side of a choice => escape 2
m = MADE
a = m if x else 2
--- a choice that nobody takes =>
m = MADE
x and m
--- wrapped => method eval 2, wrap torch.nn.DataParallel 2
m = MADE
nn.DataParallel(m).eval()
--- wrapped in a function of no framework => escape 2
m = MADE
other.wrap(m)
--- its weights loaded => method load_state_dict 2
m = MADE
m.load_state_dict(torch.load(path))
--- passed in a circle => method eval 4
def f(m, n):
    if n:
        f(m, n - 1)
    m.eval()
f(MADE, 3)
--- given to whoever asks once => escape 4
import functools
@functools.lru_cache
def f():
    return MADE
m = f()
--- returned to a caller that drops it =>
def f():
    return MADE
f()
--- returned as one of two => method eval 4
def f():
    return MADE, 1
m, n = f()
m.eval()
--- a key of a dictionary => escape 2, method eval 3
m = MADE
n = {m: 1}
m.eval()
--- asked for in a table => escape 2, method eval 3
m = MADE
names[m]
m.eval()
--- a list of it asked for in a table => escape 2, method eval 3
m = [MADE]
names[m]
m[0].eval()
--- a part asked for in a table => read kind 2, escape 2, method eval 3
m = MADE
names[m.kind]
m.eval()
--- a list of it decides what is taken => escape 2, method eval 3
m = [MADE]
a = [x for x in y if m]
m[0].eval()
--- a part decides what is taken => read conv 2, escape 2, method eval 3
m = MADE
a = [x for x in y if m.conv]
m.eval()
--- returned for one kind, asked for another => method eval 7
m = MADE
def get(kind):
    if kind == "own":
        return m
    return load(kind)
get("other")
m.eval()
--- returned for one kind, and what is asked for another taken => escape 4, method eval 7
m = MADE
def get(kind):
    if kind == "own":
        return m
    return load(kind)
n = get("other")
m.eval()
--- a part given to a lambda => escape 3, read fc 3
m = MADE
f = lambda p: p.eval()
f(m.fc)
--- a part in keywords that are unpacked => escape 4, read fc 4
m = MADE
def show(fc):
    print(fc)
show(**{"fc": m.fc})
--- a part given to a function that takes none => read fc 4, escape 4
m = MADE
def show():
    pass
show(m.fc)
--- a part in a parameter that is bound again => read fc 6, call 7
m = MADE
def show(layer):
    print(layer)
    layer = other()
    layer.eval()
show(m.fc)
m(x)
--- a part given to a function that a caller may choose => read fc 5, escape 5
m = MADE
def show(layer):
    layer.eval()
def run(show=show):
    show(m.fc)
--- taken out of what holds it, which may do so when it wants => method eval 7
class A:
    def __init__(self, m):
        self.m = m
    def close(self):
        self.m = None
a = A(MADE)
a.m.eval()
a.close()
--- returned to nobody => escape 2
def f():
    return MADE
"""


def cases() -> list[object]:
    parts = FOLLOWED.split("\n--- ")[1:]
    found = []
    for part in parts:
        head, _, code = part.partition("\n")
        name, _, expected = head.partition(" =>")
        found.append(pytest.param(code, expected.strip(), id=name))
    return found


@pytest.mark.parametrize(("code", "expected"), cases())
def test_what_holds_it_is_followed(code: str, expected: str) -> None:
    made = "nn.BatchNorm2d(3).train()" if "escape" in expected else MADE
    found = life(code.replace("MADE", made))
    said = [
        f"{use.kind} {'' if use.kind == 'escape' else use.name} {use.node.lineno - 2}"
        for use in found.uses
        if use.name != "train"
    ]
    assert ", ".join(" ".join(one.split()) for one in said) == expected
    assert bool(found.escapes) == ("escape" in expected)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("m = nn.ReLU()", "m"),
        ("m: nn.Module = nn.ReLU()", "m"),
        ("m = nn.ReLU().to(device)", "m"),
        ("m = nn.ReLU().to(device).half()", "m"),
        ("m = n = nn.ReLU()", "m"),
        ("m, n = nn.ReLU(), 1", ""),
        ("a.m = nn.ReLU()", ""),
        ("m += nn.ReLU()", ""),
        ("f(nn.ReLU())", ""),
        ("nn.ReLU()", ""),
    ],
)
def test_the_variable_that_holds_what_is_made(code: str, name: str) -> None:
    module = module_of(f"import torch.nn as nn\n{code}")
    made = next(call for call in module.calls if ast.unparse(call.func) == "nn.ReLU")
    assert variable_of(module, made) == name
