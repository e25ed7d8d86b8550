"""Programs that Python runs, and what the evaluator makes of their last expression.

What is known is compared with what Python computes; what is not known has its reason.
"""

from __future__ import annotations

import ast
import re

import pytest
from reading import answer, evaluator

from bnlint.semantics.values.domain import Unknown

#: Programs, each under its name: the last line is an expression, whose value is known.
KNOWN = """
--- a named tuple
from collections import namedtuple
P = namedtuple("P", "eps momentum")
P(1e-3, 0.9).momentum
--- fields with commas
from collections import namedtuple
P = namedtuple("P", "eps,momentum")
P(1e-3, momentum=0.9).momentum
--- fields in a list
from collections import namedtuple
P = namedtuple("P", ["eps", "momentum"])
P(eps=1e-3, momentum=0.9).eps
--- a field that is replaced
from collections import namedtuple
P = namedtuple("P", ("eps", "momentum"))
p = P(1e-3, 0.9)
p._replace(momentum=0.5).momentum
--- a field that is not replaced
from collections import namedtuple
P = namedtuple("P", ("eps", "momentum"))
p = P(1e-3, 0.9)
p._replace(momentum=0.5).eps
--- the first is left as it was
from collections import namedtuple
P = namedtuple("P", ("eps", "momentum"))
p = P(1e-3, 0.9)
q = p._replace(momentum=0.5)
p.momentum
--- a method of the same name
class A:
    def _replace(self, momentum):
        return momentum + 1
A()._replace(momentum=2)
--- a partial function
from functools import partial
def f(a, b=2):
    return a - b
g = partial(f, 10)
g(b=3)
--- a partial function that is given more by name
from functools import partial
def f(a, b=2, c=5):
    return (a, b, c)
g = partial(f, b=7)
g(1, c=8)[1]
--- a partial of a partial
from functools import partial
def f(a, b, c):
    return a * 100 + b * 10 + c
g = partial(partial(f, 1), 2)
g(3)
--- what a partial is given
from functools import partial
def f(a, b, c):
    return a
partial(f, b=4).keywords["b"]
--- the function of a partial
from functools import partial
def f(a):
    return a + 1
partial(f, 4).func(6)
--- a function that returns nothing
def f():
    return
f()
--- a function that returns early
def f(n):
    if n > 2:
        return "large"
    return "small"
f(3)
--- a function that does not return early
def f(n):
    if n > 2:
        return "large"
    return "small"
f(2)
--- a lambda in a lambda
(lambda a: (lambda b: a - b))(5)(3)
--- get of a key that is there
d = {"eps": 1e-3}
d.get("eps")
--- get of a key that is not there
d = {"eps": 1e-3}
d.get("momentum")
--- get with a default
d = {"eps": 1e-3}
d.get("momentum", 0.9)
--- get with a default that is not taken
d = {"eps": 1e-3}
d.get("eps", 0.9)
--- a copy of a dictionary
d = {"eps": 1e-3}
d.copy()["eps"]
--- a number as a key
d = {0: "a", 1: "b"}
d.get(1)
--- pop of a key
d = {"eps": 1e-3}
d.pop("eps", 5)
--- pop of a key that is not there
d = {"eps": 1e-3}
d.pop("momentum", 5)
--- setdefault
d = {"eps": 1e-3}
d.setdefault("eps", 4)
--- dict of keywords
dict(a=1, b=2)["b"]
--- dict of a dictionary and keywords
dict({"a": 1}, a=3)["a"]
--- a dictionary unpacked before
{**{"a": 1}, "a": 2}["a"]
--- a dictionary unpacked behind
{"a": 2, **{"a": 1}}["a"]
--- dictionaries in a union
({"a": 1, "b": 2} | {"a": 3})["a"]
--- dictionaries in a union, and what only the first has
({"a": 1, "b": 2} | {"a": 3})["b"]
--- a key that is computed
key = "a" + "b"
{"ab": 1, key: 2}["ab"]
--- a list of a tuple
list((1, 2))[1]
--- a tuple of a list
tuple([1, 2])[-1]
--- getattr of a class
class A:
    eps = 1e-3
getattr(A, "eps")
--- getattr with a default that is not taken
class A:
    eps = 1e-3
getattr(A, "eps", 7)
--- isinstance of a number
isinstance(0.5, float)
--- isinstance of another type
isinstance(1, float)
--- isinstance of one of several
isinstance("a", (int, str))
--- isinstance of none of several
isinstance(None, (int, str))
--- isinstance of nested tuples
isinstance("a", (int, (float, str)))
--- isinstance of a bool
isinstance(True, int)
--- isinstance of a list
isinstance([1], list)
--- isinstance of a tuple
isinstance((1,), list)
--- isinstance of a dictionary
isinstance({}, dict)
--- isinstance of a dictionary and another container
isinstance({}, (list, tuple))
--- isinstance of a class
class A:
    pass
isinstance(A, type)
--- isinstance of a function
import types
def f():
    pass
isinstance(f, types.FunctionType)
--- isinstance of a partial
import functools
isinstance(functools.partial(len), functools.partial)
--- isinstance of a number and a partial
import functools
isinstance(3, functools.partial)
--- a test of the type that a branch rests on
def f(n):
    if not isinstance(n, (list, tuple)):
        n = (n, n)
    return n[1]
f(4)
--- a test of the type that a branch rests on, the other way
def f(n):
    if not isinstance(n, (list, tuple)):
        n = (n, n)
    return n[1]
f([5, 6])
--- an attribute of a class
class A:
    eps = 1e-3
A.eps
--- an attribute of a base class
class A:
    eps = 1e-3
class B(A):
    pass
B().eps
--- an attribute that a derived class sets anew
class A:
    eps = 1e-3
class B(A):
    eps = 5
B().eps
--- a class in a class
class A:
    class Inner:
        eps = 4
A.Inner.eps
--- a static method
class A:
    @staticmethod
    def f(a):
        return a + 1
A.f(1)
--- a class method
class A:
    n = 4
    @classmethod
    def f(cls, a):
        return cls.n + a
A.f(1)
--- an attribute of an object
class A:
    def __init__(self, eps=1e-3):
        self.eps = eps
A(5).eps
--- a default of a constructor
class A:
    def __init__(self, eps=1e-3):
        self.eps = eps
A().eps
--- an attribute that is annotated
class A:
    def __init__(self, eps):
        self.eps: float = eps
A(5).eps
--- an attribute out of a tuple
class A:
    def __init__(self):
        self.eps, self.momentum = 1, 2
A().momentum
--- an attribute that is set in one of two branches
class A:
    def __init__(self, wide):
        if wide:
            self.n = 4
        else:
            self.n = 2
A(True).n
--- an attribute that is set in the other branch
class A:
    def __init__(self, wide):
        if wide:
            self.n = 4
        else:
            self.n = 2
A(False).n
--- a method
class A:
    def __init__(self, n):
        self.n = n
    def twice(self):
        return 2 * self.n
A(3).twice()
--- a method of a base class
class A:
    def twice(self):
        return 2 * self.n
class B(A):
    def __init__(self):
        self.n = 5
B().twice()
--- a constructor that calls another
class A:
    def __init__(self, n):
        self.n = n
class B(A):
    def __init__(self):
        super().__init__(7)
B().n
--- a property
class A:
    @property
    def n(self):
        return 6
A().n
--- a string with numbers
eps = 3
f"a{eps}b"
--- a string with two numbers
f"{1}-{2}"
--- words of a string
"a b c".split()[1]
--- words between commas
"a,b,c".split(",")[2]
--- parts from the right
"a.b.c".rsplit(".", 1)[0]
--- upper case
"eps".upper()
--- a part that is replaced
"a-b".replace("-", "_")
--- a name that is bound on the way
(n := 4) + n
--- a chained comparison
1 < 2 < 3
--- a chained comparison that fails
1 < 2 < 2
--- or
0 or 5
--- and
3 and 0
--- a choice
"a" if 1 > 2 else "b"
--- an assignment to several names
a = b = 4
a + b
--- unpacking
a, (b, c) = 1, (2, 3)
c
--- an exchange
a, b = 1, 2
a, b = b, a
a
--- an augmented assignment
a = 3
a *= 4
a
--- a keyword-only argument
def f(*, n=2):
    return n
f(n=5)
--- what is left at its default
def f(a, *, n=2):
    return n
f(1)
--- arguments that are passed on
def f(a, b=1):
    return (a, b)
def g(*args, **kwargs):
    return f(*args, **kwargs)
g(3, b=4)[1]
--- arguments that are passed on by position
def f(a, b=1):
    return (a, b)
def g(*args):
    return f(*args)
g(3, 4)[1]
--- keywords that are passed on beside another
def f(a, b=1, c=2):
    return (a, b, c)
def g(**kwargs):
    return f(1, **kwargs)
g(c=9)[2]
--- a global that a function reads
N = 4
def f():
    return N + 1
f()
--- a closure
def f(n):
    def g():
        return n + 1
    return g()
f(4)
--- a decorator that keeps the function
import functools
@functools.lru_cache(None)
def f(n):
    return n + 1
f(3)
--- bits
(6 & 3) | 8
--- a power
2 ** -1
--- a remainder
-7 % 3
--- a division
7 // 2
--- a sign
-(+3)
--- max
max(3, 5, 4)
--- min of keywords
round(2.567, ndigits=1)
--- the length of a string
len("abc")
--- none
None is None
--- a name that is bound in try
try:
    a = 3
finally:
    b = 4
a
--- a name that is bound behind an exit
def f(n):
    if n:
        return 1
    n = 5
    return n
f(0)
--- a name that is bound in with
import contextlib
with contextlib.nullcontext():
    a = 3
a
--- a name that is deleted and bound again
a = 3
del a
a = 4
a
--- a loop that binds another name
a = 3
for b in (1, 2):
    c = b
a
--- a default that is none
def f(n=None):
    if n is None:
        n = 5
    return n
f()
--- a default that is none, and is given
def f(n=None):
    if n is None:
        n = 5
    return n
f(4)
--- a default that is none, tested the other way
def f(n=None):
    if n is not None:
        return n
    return 5
f(4)
--- a choice by a default
def f(n=None):
    return n or 5
f()
--- a choice by what is given
def f(n=None):
    return 5 if n is None else n
f(0)
--- a key that is set later
d = {"a": 1}
d["a"] = 2
d["a"]
--- another key that is set later
d = {"a": 1}
d["b"] = 2
d["a"]
--- a dictionary that is updated
d = {"a": 1}
d.update(a=3)
d["a"]
--- a dictionary that is updated by another
d = {"a": 1}
d.update({"a": 3, "b": 4})
d["b"]
--- a dictionary that is updated by another, and what that does not have
d = {"a": 1}
d.update({"b": 4})
d["a"]
--- a key that is deleted
d = {"a": 1, "b": 2}
del d["a"]
d["b"]
--- a key that is set if it is missing
d = {"a": 1}
d.setdefault("a", 4)
d["a"]
--- a default in a signature of a lambda
(lambda a, b=4: a + b)(1)
--- a nested choice
(1 if 2 > 3 else 2 if 3 > 2 else 3)
--- a method that another object's attribute names
class A:
    def __init__(self, n):
        self.n = n
class B:
    def __init__(self, a):
        self.a = a
B(A(6)).a.n
--- an attribute of the class that the object has not
class A:
    n = 2
    def __init__(self):
        self.m = self.n + 1
A().m
--- the first of two base classes
class A:
    n = 1
class B:
    n = 2
class C(A, B):
    pass
C().n
--- the second of two base classes
class A:
    m = 1
class B:
    n = 2
class C(A, B):
    pass
C().n
--- a diamond of classes
class A:
    n = 1
class B(A):
    pass
class C(A):
    n = 2
class D(B, C):
    pass
D().n
--- a method that is called on the class
class A:
    def f(self, n):
        return n
A.f(None, 3)
--- a constructor with keywords
class A:
    def __init__(self, **kwargs):
        self.n = kwargs.get("n", 3)
A(n=4).n
--- a constructor without keywords
class A:
    def __init__(self, **kwargs):
        self.n = kwargs.get("n", 3)
A().n
--- keywords that are taken out
def f(**kwargs):
    return kwargs.pop("n", 1) + 1
f(n=4)
--- keywords in a dictionary
def f(a, b):
    return a - b
f(**{"a": 5, "b": 2})
--- positions in a tuple
def f(a, b):
    return a - b
f(*(5, 2))
--- positions in a tuple behind another
def f(a, b, c):
    return (a, b, c)
f(1, *(5, 2))[2]
--- a variable number of arguments
def f(a, *rest):
    return rest[1]
f(1, 2, 3)
--- a function in a dictionary
def f(n):
    return n + 1
{"f": f}["f"](2)
--- a function in a list
def f(n):
    return n + 1
[None, f][1](2)
--- a function in an attribute
class A:
    def __init__(self, f):
        self.f = f
A(lambda n: n * 2).f(4)
--- a function that is chosen
def f(n):
    return n + 1
def g(n):
    return n - 1
(f if 1 else g)(2)
--- a recursion that ends
def f(n):
    if n > 0:
        return 0
    return 1
f(4)
--- an element of an element
[(1, 2), (3, 4)][1][0]
--- an element from the end
(1, 2, 3)[-1]
--- text and a number
"a" * 3
--- text and text
"a" + "b"
--- text that is formatted by a sign
"%d" % 3
--- a float out of text
float("1e-3")
--- an int out of a float
int(2.9)
--- a truth of text
bool("")
--- a value that is none
a = None
a is not None
"""

#: Programs whose last expression is one of several values, each under its name with these.
SEVERAL = """
--- a match of the first case: ['one', 'more']
def f(n):
    match n:
        case 1:
            return "one"
        case _:
            return "more"
f(1)
--- a name that both branches bind alike: [3, 4]
if len("ab") > 1:
    a = 3
else:
    a = 4
a
--- a loop that binds a name: [3, 1, 2]
a = 3
for b in (1, 2):
    a = b
a
--- a while loop: [3, 1]
a = 3
while a > 2:
    a = 1
a
--- a choice that is not known: [1, 2]
flag = bool(__name__)
1 if flag else 2
--- a handler: [1, 2]
try:
    a = 1
    int("x")
except ValueError:
    a = 2
a
--- what is left in a branch: [0, 5]
def f(n, flag):
    if flag:
        return 0
    return 5
f(1, bool(__name__))
--- an augmented assignment in a branch: [1, 3]
a = 1
if bool(__name__):
    a += 2
a
--- two attributes: [4, 2]
class A:
    def __init__(self, wide):
        if wide:
            self.n = 4
        else:
            self.n = 2
A(bool(__name__)).n
"""

#: Programs whose last expression is not known, each under its name with a part of the reason.
UNKNOWN = """
--- a named tuple whose fields are not known: a named tuple whose fields are not known
from collections import namedtuple
from other import FIELDS
P = namedtuple("P", FIELDS)
P(1, 2).eps
--- a named tuple with a field of an unknown name: a named tuple whose fields are not known
from collections import namedtuple
from other import NAME
P = namedtuple("P", ["eps", NAME])
P(1, 2).eps
--- a named tuple without fields: a named tuple whose fields are not known
from collections import namedtuple
P = namedtuple("P")
P(1, 2).eps
--- a named tuple of what is unpacked: an unpacked sequence of unknown length
from collections import namedtuple
from other import rest
P = namedtuple("P", "eps momentum")
P(*rest).eps
--- a field that is left out: field momentum is left to its default
from collections import namedtuple
P = namedtuple("P", "eps momentum", defaults=[0.9])
P(1).momentum
--- a key that is not known: an element under an unknown key
from other import key
{"a": 1}.get(key)
--- a format: a formatted string
f"{3:>4}"
--- a conversion: a formatted string
f"{'a'!r}"
--- a partial of nothing in view: something not in view
from functools import partial
from other import rest
partial(*rest)(1)
--- another attribute of a partial: attribute args of a partial is not followed
from functools import partial
def f(a):
    return a
partial(f, 1).args
--- a list of what is not followed: list() of something not followed
list(range(3))
--- a coroutine: f is a coroutine or generator
async def f():
    return 1
f()
--- a generator: f is a coroutine or generator
def f():
    yield 1
    return 2
f()
--- a function without a result: f returns nothing that is followed
def f():
    pass
f()
--- isinstance of what is unpacked: isinstance() of something not in view
from other import rest
isinstance(*rest)
--- isinstance of an unknown type: the type of something not followed
from other import kind
isinstance(1, kind)
--- isinstance of an unknown value: not
from other import value
isinstance(value, int)
--- an attribute of a class that is not there: class A does not define eps
class A:
    pass
A.eps
--- an attribute that a class sets twice: eps is set several times in class A
class A:
    eps = 1
    eps = 2
A.eps
--- an attribute that is a loop variable: n gets its value in a way not followed
class A:
    def __init__(self, values):
        for self.n in values:
            pass
A([1]).n
--- getattr with an unknown name: getattr() with an unknown name
from other import name
class A:
    eps = 1
getattr(A, name)
--- an element of something empty: an element of something empty
for a in ():
    pass
a
--- a slice: not followed
[1, 2, 3, 4][1:3][1]
--- in a tuple: not a number
2 in (1, 2)
--- an attribute of a class that is set later: from outside
class A:
    n = 1
A.n = 4
A.n
--- an object that is called: not followed
class A:
    def __call__(self, n):
        return n + 1
A()(2)
--- text that is formatted: not followed
"{}b{}".format(1, 2)
--- a truth: not a number
not []
--- a call that goes on for ever: calls nested too deeply to follow
def f(n):
    return f(n - 1)
f(3)
"""


def programs(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^--- ", text.strip("\n"), flags=re.MULTILINE)[1:]
    return [(name, code) for name, _, code in (part.partition("\n") for part in parts)]


def python(code: str) -> object:
    """Return the value of the last line of a program."""
    *body, last = code.rstrip().splitlines()
    names: dict[str, object] = {"__name__": "program"}
    exec("\n".join(body), names)
    return eval(last, names)


@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in programs(KNOWN)])
def test_what_is_known_is_what_python_computes(code: str) -> None:
    expected = python(code)
    found = answer(code)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("code", "values"),
    [
        pytest.param(code, ast.literal_eval(name.partition(": ")[2]), id=name.partition(": ")[0])
        for name, code in programs(SEVERAL)
    ],
)
def test_what_may_be_several_is_each_of_them(code: str, values: list[object]) -> None:
    found = answer(code)
    assert isinstance(found, list)
    assert sorted(found, key=repr) == sorted(values, key=repr)
    assert python(code) in values


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(code, name.partition(": ")[2], id=name.partition(": ")[0])
        for name, code in programs(UNKNOWN)
    ],
)
def test_what_is_not_known_has_its_reason(code: str, reason: str) -> None:
    found = answer(code)
    assert isinstance(found, Unknown)
    assert reason in found.reason


def test_questions_about_callers_are_paid_from_the_same_budget() -> None:
    ev = evaluator()
    assert ev.wide.wide is ev.wide
    assert ev.wide is not ev
    assert ev.wide.budget is ev.budget
