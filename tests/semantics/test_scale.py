"""Large, deep and circular code: nothing crashes, twice the code takes about twice the steps."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bnlint.engine.linter import Options, Result, check
from bnlint.engine.registry import load_rules
from bnlint.semantics.project import project
from bnlint.semantics.values import evaluator

RULES = load_rules()
ALL = frozenset(rule.code for rule in RULES)
HEAD = "import sys\nfrom functools import partial\nfrom torch import nn\n"


def checked(code: str) -> Result:
    return check(code.encode(), "x.py", RULES, Options(ALL, min_confidence="low"))


def lines(count: int, line: str) -> str:
    return "".join(line.format(i=i, next=i + 1, last=i - 1) + "\n" for i in range(count))


def nested(depth: int, opening: str, inner: str, closing: str) -> str:
    return opening * depth + inner + closing * depth


def ifs(depth: int) -> str:
    heads = "".join(f"{' ' * i}if sys.argv:\n" for i in range(depth))
    return heads + " " * depth + "EPS = 1e-3\n"


BLOCK = """
class Block{i}(nn.Module):
    def __init__(self, channels, norm=nn.BatchNorm2d, eps=1e-3):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, eps=eps)
        self.bn2 = norm(channels)
        self.next = Block{next}(channels)

    def forward(self, x):
        return self.next(self.bn2(self.bn1(self.conv(x))))

def make{i}(channels, momentum=0.1):
    return Block{i}(channels, eps=1e-{i})
"""

MODEL = """
import torch
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        return self.bn(x)
model = Net()
"""

#: Code that grows with a number: written out, with the number that makes it large.
GROWING: dict[str, tuple[Callable[[int], str], int]] = {
    "classes": (lambda n: lines(n, BLOCK), 220),
    "calls": (lambda n: lines(n, "bn{i} = nn.BatchNorm2d({i}, eps=1e-3)"), 1500),
    "assignments": (
        lambda n: "a0 = 1e-3\n" + lines(n, "a{next} = a{i}") + f"nn.BatchNorm2d(8, eps=a{n})\n",
        3000,
    ),
    "values of one name": (
        lambda n: lines(n, "EPS = {i}") + "nn.BatchNorm2d(8, eps=EPS)\n",
        3000,
    ),
    "steps of one name": (
        lambda n: "EPS = 0\n" + lines(n, "EPS += 1e-6") + "nn.BatchNorm2d(8, eps=EPS)\n",
        1500,
    ),
    "branches that bind": (
        lambda n: (
            "EPS = 0\n" + lines(n, "if sys.argv:\n    EPS = {i}") + "nn.BatchNorm2d(8, eps=EPS)\n"
        ),
        500,
    ),
    "elifs": (
        lambda n: (
            "if sys.argv == 0:\n    EPS = 0\n"
            + lines(n, "elif sys.argv == {i}:\n    EPS = 1e-3")
            + "nn.BatchNorm2d(8, eps=EPS)\n"
        ),
        500,
    ),
    "elifs with a layer in each": (
        lambda n: (
            "if sys.argv == 0:\n    bn = None\n"
            + lines(n, "elif sys.argv == {i}:\n    bn = nn.BatchNorm2d(8, momentum=0.9)")
        ),
        300,
    ),
    "stores in one layer": (
        lambda n: "bn = nn.BatchNorm2d(8)\n" + lines(n, "bn.eps = 1e-{i}\nbn.momentum = 0.{i}"),
        800,
    ),
    "a dictionary of constants": (
        lambda n: (
            "D = {\n" + lines(n, "    'k{i}': 0.9,") + "}\nbn = nn.BatchNorm2d(8, eps=D['k0'])\n"
            "bn = nn.BatchNorm2d(8, **D)\n"
        ),
        24_000,
    ),
    "keys that are not known": (
        lambda n: "D = {\n" + lines(n, "    f({i}): 0.9,") + "}\nnn.BatchNorm2d(8, eps=D['k'])\n",
        3000,
    ),
    "entries that are asked for": (
        lambda n: (
            "D = {\n"
            + lines(n, "    'k{i}': 0.9,")
            + "}\n"
            + lines(n, "b{i} = nn.BatchNorm2d(8, momentum=D['k{i}'])")
        ),
        300,
    ),
    "updates of keyword arguments": (
        lambda n: (
            "def f(**k):\n"
            + lines(n, "    k['a{i}'] = {i}\n    k.update(b{i}=1)")
            + "    return nn.BatchNorm2d(8, **k)\nf(momentum=0.9)\n"
        ),
        2000,
    ),
    "functional calls": (
        lambda n: (
            "def f(x, training):\n"
            + lines(n, "    x = nn.functional.batch_norm(x, m, v, training=True, momentum=0.9)")
            + "    return x\n"
        ),
        300,
    ),
    "layers of a Keras model": (
        lambda n: (
            "import keras\nx = keras.Input((8, 8, 3))\n"
            + lines(n, "x = keras.layers.BatchNormalization(momentum=0.1)(x, training=True)")
            + "m = keras.Model(x, x)\n"
        ),
        200,
    ),
    "a class in each function": (
        lambda n: lines(
            n,
            "def f{i}(x):\n    class M(nn.Module):\n        def __init__(self):\n"
            "            super().__init__()\n            self.bn = nn.BatchNorm2d(8)",
        ),
        200,
    ),
    "callers": (
        lambda n: (
            "def make(n, eps=1e-3):\n    return nn.BatchNorm2d(n, eps=eps)\n"
            + lines(n, "make({i}, eps=1e-3)")
        ),
        800,
    ),
    "functions that call the one before": (
        lambda n: (
            "def f0(n, eps):\n    return nn.BatchNorm2d(n, eps=eps)\n"
            + lines(n, "def f{next}(n, eps):\n    return f{i}(n, eps=eps)")
            + f"f{n}(8, 1e-3)\n"
        ),
        300,
    ),
    "classes that derive from the one before": (
        lambda n: (
            "class C0(nn.BatchNorm2d): ...\n"
            + lines(n, "class C{next}(C{i}): ...")
            + f"C{n}(8, eps=1e-3)\n"
        ),
        300,
    ),
    "partials of the one before": (
        lambda n: (
            "p0 = nn.BatchNorm2d\n" + lines(n, "p{next} = partial(p{i}, eps=1e-{i})") + f"p{n}(8)\n"
        ),
        300,
    ),
    "entries of a dictionary": (
        lambda n: (
            "D = {\n" + lines(n, "    'k{i}': {i},") + "}\nnn.BatchNorm2d(8, **D, eps=1e-3)\n"
        ),
        2000,
    ),
    "changes of a dictionary": (
        lambda n: "D = {}\n" + lines(n, "D['k{i}'] = {i}") + "nn.BatchNorm2d(8, eps=D['k0'])\n",
        500,
    ),
    "stores": (
        lambda n: "bn = nn.BatchNorm2d(8)\n" + lines(n, "bn.eps = 1e-{i}"),
        800,
    ),
    "uses of a model": (
        lambda n: (
            "import torch\nmodel = nn.Sequential(nn.BatchNorm2d(8))\n"
            "def evaluate(x):\n    with torch.no_grad():\n"
            + lines(n, "        y{i} = model(x)")
            + "        return y0\n"
        ),
        500,
    ),
    "methods": (
        lambda n: (
            "class Net(nn.Module):\n    def __init__(self):\n        self.bn = nn.BatchNorm2d(8)\n"
            + lines(n, "    def m{i}(self, x):\n        return self.m{next}(self.bn(x))")
        ),
        400,
    ),
    "methods that switch a layer": (
        lambda n: (
            "class Net(nn.Module):\n    def __init__(self):\n        self.bn = nn.BatchNorm2d(8)\n"
            + lines(n, "    def m{i}(self):\n        self.bn.eval()\n        self.m{next}()")
        ),
        200,
    ),
    "switches to training and back": (
        lambda n: (
            MODEL
            + "for epoch in range(9):\n"
            + lines(
                n,
                "    model.train()\n    loss = model(x)\n    loss.backward()\n    model.eval()\n"
                "    with torch.no_grad():\n        y = model(x)",
            )
        ),
        60,
    ),
    "sums of what a model gives": (
        lambda n: (
            MODEL
            + "model.eval()\ntotal = 0\n"
            + lines(n, "if a{i}:\n    total += model(x)")
            + "total.backward()\n"
        ),
        50,
    ),
    "branches that switch a model or wrap it": (
        lambda n: (
            MODEL
            + lines(n, "if a{i}:\n    model = wrap{i}(model)\nelse:\n    model.eval()")
            + "y = model(x)\n"
        ),
        120,
    ),
    "functions that load a model": (
        lambda n: (
            MODEL
            + lines(
                n,
                "def f{i}(x):\n    model = Net()\n    model.load_state_dict(torch.load('w'))\n"
                "    with torch.no_grad():\n        return model(x)",
            )
        ),
        60,
    ),
    "functions that make a model of their own class": (
        lambda n: (
            "import torch\n"
            + lines(
                n,
                "def f{i}(x):\n    class M(nn.Module):\n        def __init__(self):\n"
                "            self.bn = nn.BatchNorm2d(8)\n    m = M()\n    m.eval()\n"
                "    return m(x)",
            )
        ),
        100,
    ),
    "classes that are handed on": (
        lambda n: lines(
            n,
            "class B{i}(nn.Module):\n    def __init__(self, norm=None):\n"
            "        self.bn = norm(8)\n"
            "def s{i}(block):\n    return block(norm=nn.BatchNorm2d)\ns{i}(B{i})",
        ),
        100,
    ),
    "callers that give keywords": (
        lambda n: (
            "def norm(n, **kwargs):\n    return nn.BatchNorm2d(n, **kwargs)\n"
            + lines(n, "a{i} = norm({i}, eps=1e-3)")
        ),
        400,
    ),
    "functions that pass keywords on twice": (
        lambda n: (
            lines(
                n,
                "def w{i}(c, **kw):\n    if c: return w{next}(c, **kw)\n"
                "    return w{next}(c, **kw)",
            )
            + f"def w{n}(c, **kw): return nn.BatchNorm2d(c, **kw)\nw0(8, eps=1e-3)"
        ),
        28,
    ),
    "names of layers in a table": (
        lambda n: (
            "T = dict(" + lines(n, "n{i}=nn.BatchNorm2d,") + ")\n"
            "def get(name):\n    if isinstance(name, str):\n"
            "        return T[name.lower().replace('_', '')]\n    return name\n"
            + lines(n, "a{i} = get('N_{i}')(8)")
        ),
        200,
    ),
    "comparisons": (
        lambda n: f"nn.BatchNorm2d(8, eps=1e-3 if {' < '.join(map(str, range(n)))} else 1)\n",
        3000,
    ),
    "alternatives": (
        lambda n: f"nn.BatchNorm2d(8, eps={' or '.join(['None'] * n)} or 1e-3)\n",
        5000,
    ),
    "positional arguments": (lambda n: f"nn.BatchNorm2d({', '.join(['8'] * n)})\n", 3000),
    "comments to bnlint": (
        lambda n: lines(n, "bn = nn.BatchNorm2d(8, momentum=0.99)  # bnlint: ignore[BN101] yes"),
        300,
    ),
}


def steps(code: str) -> int:
    """Return how many Python functions are called while ``code`` is checked."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what it calls has to do with other tests' objects, not with the code
    sys.setprofile(note)
    try:
        result = checked(code)
    finally:
        sys.setprofile(before)
        gc.enable()
    assert result.problems == ()
    assert result.checked
    return count


@pytest.mark.parametrize("name", GROWING)
def test_steps_grow_with_the_code(name: str) -> None:
    write, large = GROWING[name]
    once, twice = steps(HEAD + write(large // 2)), steps(HEAD + write(large))
    assert twice <= 2.6 * once + 5_000, f"{once} calls, and {twice} for twice the code"


#: Code that is nested: what the parser of some version of Python gives up on is BN900 there.
DEEP = {
    "terms": lambda n: "nn.BatchNorm2d(8, eps=" + " + ".join(["1e-9"] * n) + ")",
    "texts": lambda n: "nn.BatchNorm2d(8, eps=float(" + " + ".join(["'1'"] * n) + "))",
    "powers": lambda n: "nn.BatchNorm2d(8, eps=" + "**".join(["1"] * n) + ")",
    "parentheses": lambda n: f"nn.BatchNorm2d(8, eps={nested(n, '(', '1e-3', ')')})",
    "lists": lambda n: f"X = {nested(n, '[', '1e-3', ']')}\nnn.BatchNorm2d(8, eps=X)",
    "dictionaries": lambda n: f"X = {nested(n, '{1: ', '2', '}')}\nnn.BatchNorm2d(8, eps=X[1])",
    "calls": lambda n: f"nn.BatchNorm2d(8, eps={nested(n, 'float(', '1e-3', ')')})",
    "layers": lambda n: nested(n, "nn.Sequential(", "nn.BatchNorm2d(8)", ")"),
    "partials": lambda n: nested(n, "partial(", "nn.BatchNorm2d", ", eps=1e-3)") + "(8)",
    "lambdas": lambda n: "f = " + nested(n, "lambda n: ", "nn.BatchNorm2d(n)", "") + "\nf(8)",
    "negations": lambda n: f"nn.BatchNorm2d(8, eps={nested(n, '-', '1e-3', '')})",
    "nots": lambda n: f"nn.BatchNorm2d(8, affine={nested(n, 'not ', 'True', '')})",
    "conditionals": lambda n: f"nn.BatchNorm2d(8, eps={nested(n, '1 if x else ', '2', '')})",
    "subscripts": lambda n: "X = [1e-3]\nnn.BatchNorm2d(8, eps=X" + "[0]" * n + ")",
    "attributes": lambda n: "nn.BatchNorm2d(8, eps=sys" + ".a" * n + ")",
    "chained calls": lambda n: "model = nn.BatchNorm2d(8)" + ".eval()" * n + "\nmodel(1)",
    "comprehensions": lambda n: nested(n, "[", "nn.BatchNorm2d(8)", " for x in y]"),
    "additions of lists": lambda n: "X = " + "[1] + " * n + "[1]\nnn.BatchNorm2d(8, *X)",
    "elses": lambda n: (
        "EPS = 1\n" + lines(n, "if 0: pass\nelse: EPS = {i}") + "nn.BatchNorm2d(EPS)"
    ),
    "elifs": lambda n: (
        "if sys.argv: EPS = 1\n"
        + lines(n, "elif sys.argv[{i}]: EPS = 2")
        + "nn.BatchNorm2d(8, eps=EPS)"
    ),
}


@pytest.mark.parametrize("depth", [90, 1000, 10_000])
@pytest.mark.parametrize("name", DEEP)
def test_deep(name: str, depth: int) -> None:
    result = checked(HEAD + DEEP[name](depth) + "\n")
    assert result.problems == ()
    assert result.checked


@pytest.mark.parametrize("depth", [20, 95])
def test_deep_blocks(depth: int) -> None:
    result = checked(HEAD + ifs(depth) + "nn.BatchNorm2d(8, eps=EPS)\n")
    assert result.problems == ()


@pytest.mark.parametrize("depth", [10, 90])
@pytest.mark.parametrize("head", ["def f{i}(n=nn.BatchNorm2d(8)):", "class C{i}(nn.Module):"])
def test_deep_definitions(head: str, depth: int) -> None:
    code = "".join(" " * i + head.format(i=i) + "\n" for i in range(depth))
    result = checked(HEAD + code + " " * depth + "bn = nn.BatchNorm2d(8)\n")
    assert result.problems == ()


CIRCLES = {
    "a function that calls itself": """
def f(n, eps=1e-3):
    return f(n, eps=eps) if n else nn.BatchNorm2d(n, eps=eps)
f(8)
""",
    "functions that call each other": """
def f(n):
    return g(n)
def g(n):
    return f(n) or nn.BatchNorm2d(n)
f(8)(1)
""",
    "a function that is given itself": """
def f(g):
    return g(g)
f(f)
nn.BatchNorm2d(8, eps=f(f))
""",
    "a function that calls itself twice with more": """
def f(n, eps):
    return f(n, eps + 1) + f(n, eps + 2)
nn.BatchNorm2d(8, eps=f(8, 1e-3))
""",
    "a class that derives from itself": """
class A(A):
    pass
A(8, eps=1e-3)
nn.BatchNorm2d(8, eps=A.eps)
""",
    "classes that derive from each other": """
class A(B):
    eps = B.eps
class B(A):
    eps = A.eps
A(8)
nn.BatchNorm2d(8, eps=A.eps)
""",
    "a class that derives from a layer or itself": """
class BN(nn.BatchNorm2d if sys.argv else BN):
    def __init__(self, n):
        super().__init__(n, eps=self.eps)
BN(8)
""",
    "defaults that need each other": """
def f(n, eps=g()):
    return nn.BatchNorm2d(n, eps=eps)
def g(eps=f(8)):
    return eps
f(8)
""",
    "a name that is itself": "EPS = EPS\nnn.BatchNorm2d(8, eps=EPS)\n",
    "names that are each other": "A = B\nB = A\nnn.BatchNorm2d(8, eps=A)\nA(8)\n",
    "a loop that hands on": """
a = b = 1e-3
for _ in sys.argv:
    a, b = b, a
nn.BatchNorm2d(8, eps=a)
""",
    "a dictionary in itself": "D = {'eps': 1e-3}\nD['d'] = D\nnn.BatchNorm2d(8, **D['d'])\n",
    "a dictionary of itself": "D = {**D}\nnn.BatchNorm2d(8, **D)\n",
    "a list in itself": "L = [L]\nL.append(L)\nnn.BatchNorm2d(8, eps=L[0][0])\n",
    "a partial of itself": "BN = partial(BN, eps=1e-3)\nBN(8)\nnn.BatchNorm2d(8)\n",
    "an attribute that is itself": """
class Net(nn.Module):
    def __init__(self, eps=None):
        self.eps = self.eps
        self.bn = nn.BatchNorm2d(8, eps=self.eps)
""",
    "properties that read each other": """
class Net(nn.Module):
    @property
    def a(self):
        return self.b
    @property
    def b(self):
        return self.a
    def make(self):
        return nn.BatchNorm2d(8, eps=self.a)
""",
    "a model in itself": """
import torch
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        return self.net(self.bn(x))
net = Net()
net.net = net
with torch.no_grad():
    y = net(x)
""",
    "models in each other": """
import torch
class A(nn.Module):
    def __init__(self):
        self.b = B(self)
class B(nn.Module):
    def __init__(self, a):
        self.a = A()
        self.bn = nn.BatchNorm2d(8)
def evaluate(x):
    with torch.no_grad():
        return A()(x)
""",
    "a variable that is passed around": """
import torch
def f(m, x):
    return g(m, x)
def g(m, x):
    with torch.no_grad():
        return f(m, m(x))
model = nn.Sequential(nn.BatchNorm2d(8))
f(model, 1)
""",
    "a decorator that is itself": """
@deco
def deco(f):
    return deco(f)
@deco
def make(n):
    return nn.BatchNorm2d(n)
make(8)
""",
    "a walrus around itself": "while (EPS := EPS):\n    nn.BatchNorm2d(8, eps=EPS)\n",
    "an import of itself": "from x import BatchNorm2d\nfrom .x import *\nBatchNorm2d(8)\n",
    "a lambda that calls itself": "f = lambda n: f(n)\nf(8)\nnn.BatchNorm2d(8, eps=f(8))\n",
    "a global that feeds itself": """
EPS = 1e-3
def f():
    global EPS
    EPS = EPS * 10
    return nn.BatchNorm2d(8, eps=EPS)
""",
}


@pytest.mark.parametrize("name", CIRCLES)
def test_circles(name: str) -> None:
    assert steps(HEAD + CIRCLES[name]) < 200_000


@pytest.mark.parametrize("functions", [12, 24, 48])
def test_calls_that_branch_at_every_level(functions: int) -> None:
    """Followed to the end, two calls in each function would be two to the power of their number."""
    code = "def f0(n, eps):\n    return nn.BatchNorm2d(n, eps=eps)\n" + lines(
        functions, "def f{next}(n, eps):\n    return f{i}(n, eps) if eps else f{i}(n, eps * 2)"
    )
    assert steps(f"{HEAD}{code}f{functions}(8, 1e-3)\n") < 1_000_000


def test_what_was_too_large_once_is_not_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layer asks for the same number, which takes more steps than a question may."""
    monkeypatch.setattr(evaluator, "MAX_WORK", 400)
    monkeypatch.setattr(evaluator, "_NOT_AGAIN", 200)
    terms = " + ".join(f"double(x + {i})" for i in range(80))
    code = f"def double(x):\n    y = x + x\n    return y\ndef summed(x):\n    return {terms}\n"
    made = "EPS = summed(1e-9)\n"
    layers = lines(20, "nn.BatchNorm2d(8, eps=EPS + {i})")
    steps(f"{HEAD}nn.BatchNorm2d(8)\n")  # which loads what is loaded once
    alone = steps(f"{HEAD}{code}EPS = float(sys.argv[1])\n{layers}")
    once = steps(f"{HEAD}{code}{made}nn.BatchNorm2d(8, eps=EPS)\n")
    assert steps(f"{HEAD}{code}{made}{layers}") < alone + 2 * once


CHANGED_IN_LOOPS = """
def resolved(data, given):
    for key in "train", "val":
        if key not in data:
            data["val"] = data.pop("other")
{blocks}    return data
"""

CHANGED = """\
    for key in "a{i}", "b{i}", "c{i}":
        if data.get(key):
            if isinstance(data[key], str):
                data[key] = given + data[key]
            else:
                data[key] = [given + part for part in data[key]]
    if data.get("n{i}") is None:
        data["n{i}"] = len(data["a{i}"])
"""


@pytest.mark.parametrize("blocks", [2, 4, 8])
def test_changes_by_tests_of_what_is_changed(blocks: int) -> None:
    """Each block asks what those before it have changed, which is worked out once."""
    code = CHANGED_IN_LOOPS.format(blocks=lines(blocks, CHANGED))
    assert steps(f"{HEAD}{code}nn.BatchNorm2d(8, **resolved(dict(eps=1e-3), '.'))\n") < 250_000


#: A file of which much is asked: its model is run without having been switched to inference.
FOLLOWED = """\
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, momentum=0.1):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, momentum=momentum)
    def forward(self, x):
        return self.bn(x)
early = nn.BatchNorm2d(8, momentum=0.99)
model = Net()
model.load_state_dict(torch.load("w"))
with torch.no_grad():
    print(model(x))
"""


def within(steps: int, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Check the file above, of which so many steps may be taken."""
    monkeypatch.setattr(project, "MAX_WORK_IN_FILE", steps - len(FOLLOWED))
    return checked(FOLLOWED)


def test_a_file_that_may_cost_enough_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    result = within(1000, monkeypatch)
    assert [finding.code for finding in result.findings] == ["BN101", "BN201"]
    assert result.notices == ()


@pytest.mark.parametrize("steps", range(0, 60, 3))
def test_what_is_too_large_to_follow_is_said_and_not_judged(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the steps end, nothing crashes, nothing else is found, and it is always the same."""
    result = within(steps, monkeypatch)
    assert result.problems == ()
    whole = within(1000, monkeypatch).findings
    assert all(finding in whole for finding in result.findings)
    if len(result.findings) < len(whole):
        assert [notice.partition(":")[0] for notice in result.notices] == [
            "too large to follow to its end"
        ]
    assert within(steps, monkeypatch) == result
