"""The life of an object: what is done with it from where it is made, and where the view ends."""

from __future__ import annotations

import ast
import textwrap

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.objects.events import Life
from bnlint.semantics.objects.history import life_of
from bnlint.semantics.syntax.module import parse

IMPORTS = "import torch\nfrom torch import nn\n"


def life(code: str, made: str = "nn.BatchNorm2d(3)") -> Life:
    """Return the life of what the call written ``made`` makes, the first one of that text."""
    facts = read_facts(parse("m.py", IMPORTS + textwrap.dedent(code)))
    call = next(c for c in facts.module.calls if ast.unparse(c) == made)
    return life_of(facts.project.evaluator, facts.module, [call])


def uses(code: str) -> list[str]:
    """Return kind, name and line (the imports not counted) of each use."""
    found = life(code).uses
    return [f"{u.kind} {u.name} {u.node.lineno - 2}".replace("  ", " ") for u in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m = nn.BatchNorm2d(3)\nm(x)", ["call 2"], id="called"),
        pytest.param("nn.BatchNorm2d(3)(x)", ["call 1"], id="called where it is made"),
        pytest.param("m = nn.BatchNorm2d(3)\nm.eval()", ["method eval 2"], id="a method"),
        pytest.param("nn.BatchNorm2d(3).eval()", ["method eval 1"], id="a method at once"),
        pytest.param(
            "m = nn.BatchNorm2d(3).to(d).cuda()\nm(x)",
            ["method to 1", "method cuda 1", "call 2"],
            id="methods that return the object",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm.weight.data.fill_(1)",
            ["read weight 2", "part data 2", "part fill_ 2"],
            id="a part",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm.training = 1", ["write training 2"], id="an attribute set"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm(x)\ndel m.weight",
            ["call 2", "write weight 3"],
            id="one deleted",
        ),
        pytest.param("m = n = nn.BatchNorm2d(3)\nn(x)", ["call 2"], id="two names"),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nn = m\nn(x)\nm(x)", ["call 3", "call 4"], id="an alias"
        ),
        pytest.param("m: nn.Module = nn.BatchNorm2d(3)\nm(x)", ["call 2"], id="an annotation"),
        pytest.param(
            "import copy\nm = nn.BatchNorm2d(3)\nn = copy.deepcopy(m)\nn(x)\nm(x)",
            ["call 4", "call 5"],
            id="a copy",
        ),
        pytest.param(
            """
            from functools import cached_property
            class T:
                def __init__(self):
                    self.net = nn.BatchNorm2d(3)
                @cached_property
                def model(self):
                    return self.net
            T().model(x)
            """,
            ["call 9"],
            id="given by a property that is asked once",
        ),
        pytest.param("(m := nn.BatchNorm2d(3))(x)\nm(x)", ["call 1", "call 2"], id="a walrus"),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm = m.cuda()\nm(x)", ["method cuda 2", "call 3"], id="rebound"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nif a:\n    m = nn.DataParallel(m)\nm(x)",
            ["wrap torch.nn.DataParallel 3", "call 4"],
            id="wrapped on one path",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nprint(m, len(m))\nassert m\nf'{m}'", [], id="only looked at"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nopt(m.parameters())", ["method parameters 2"], id="weights"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm(x)\nnn.Linear(m.num_features, 2)",
            ["call 2", "read num_features 3"],
            id="a number of it given to another layer",
        ),
        pytest.param(
            "def f(n):\n    n(x)\nm = nn.BatchNorm2d(3)\nf(m)", ["call 2"], id="into a function"
        ),
        pytest.param(
            "def f(a, *, n=None):\n    n(x)\nm = nn.BatchNorm2d(3)\nf(1, n=m)",
            ["call 2"],
            id="into a function by keyword",
        ),
        pytest.param(
            "def f():\n    n = nn.BatchNorm2d(3)\n    n.eval()\n    return n\nm = f()\nm(x)",
            ["method eval 3", "call 6"],
            id="out of a function",
        ),
        pytest.param(
            "def f():\n    return nn.BatchNorm2d(3)\nf().eval()", ["method eval 3"], id="returned"
        ),
        pytest.param(
            "def f():\n    def g():\n        m.eval()\n    m = nn.BatchNorm2d(3)\n    m(x)",
            ["method eval 3", "call 5"],
            id="a function further in",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\n[m(x) for x in xs]", ["call 2"], id="in a comprehension"
        ),
        pytest.param(
            "m = None\ndef f():\n    global m\n    m = nn.BatchNorm2d(3)\ndef g():\n    m(x)",
            ["call 6"],
            id="a global",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nfor p in m.parts:\n    p.eval()",
            ["read parts 2", "part eval 3"],
            id="a loop over parts",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\np = m.part\np.eval()\nm(x)",
            ["read part 2", "part eval 3", "call 4"],
            id="a part in a variable",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nm = other()\nm(x)", [], id="bound to another object before"
        ),
        pytest.param(
            "m = other()\nm(x)\nm = nn.BatchNorm2d(3)\nm(y)", ["call 4"], id="bound later"
        ),
        pytest.param("nn.BatchNorm2d(3)\nm = 1\nm.eval()", [], id="not held at all"),
        pytest.param("a, b = nn.BatchNorm2d(3), 1\na(x)", ["call 2"], id="out of a tuple"),
        pytest.param("m = [nn.BatchNorm2d(3)]\nm[0].eval()", ["method eval 2"], id="in a list"),
        pytest.param(
            "m = {'a': nn.BatchNorm2d(3)}\nm['a'](x)\nm.keys()", ["call 2"], id="in a dictionary"
        ),
        pytest.param(
            "for m in (nn.BatchNorm2d(3), nn.ReLU()):\n    m.eval()",
            ["method eval 2"],
            id="a loop over models",
        ),
        pytest.param(
            "class A:\n    def f(self):\n        return nn.BatchNorm2d(3)\nm = A().f()\nm.eval()",
            ["method eval 5"],
            id="out of a method",
        ),
        pytest.param(
            "class A:\n    def f(self, m):\n        self.m = m\n    def g(self):\n"
            "        self.m.eval()\na = A()\na.f(nn.BatchNorm2d(3))",
            ["method eval 5"],
            id="kept by a method",
        ),
        pytest.param(
            "from types import SimpleNamespace\ns = SimpleNamespace(m=nn.BatchNorm2d(3))\ns.m(x)",
            ["call 3"],
            id="in a namespace",
        ),
        pytest.param(
            "import functools\ndef f(m, x):\n    return m(x)\n"
            "g = functools.partial(f, nn.BatchNorm2d(3))\ng(x)",
            ["call 3"],
            id="in a partial",
        ),
        pytest.param(
            "def f(m):\n    m(x)\nm = nn.BatchNorm2d(3)\nm.eval()",
            ["method eval 4"],
            id="the same name in another scope",
        ),
    ],
)
def test_uses(code: str, expected: list[str]) -> None:
    assert uses(code) == expected
    assert life(code).escapes == ""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        pytest.param("m = nn.BatchNorm2d(3)\nf(m)", "line 4 passes it to f()", id="unknown code"),
        pytest.param(
            "from a import f\nm = nn.BatchNorm2d(3)\nf(net=m)", "passes it to f()", id="imported"
        ),
        pytest.param("self.m = nn.BatchNorm2d(3)", "line 3 stores it", id="an attribute"),
        pytest.param("m['a'] = nn.BatchNorm2d(3)", "line 3 stores it", id="a dictionary"),
        pytest.param("m = {nn.BatchNorm2d(3)}", "line 3 hands it on", id="a set"),
        pytest.param(
            "m = [nn.BatchNorm2d(3)]\nf(m)", "line 4 passes it to f()", id="a list to elsewhere"
        ),
        pytest.param("m = [nn.BatchNorm2d(3)]\nm[:1]", "line 4 takes something out", id="a slice"),
        pytest.param(
            "m = {'a': nn.BatchNorm2d(3)}\nfor n in m.values():\n    n.eval()",
            "takes values of what holds it",
            id="the values of a dictionary",
        ),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.m = nn.BatchNorm2d(3)\na = A()\nf(a)",
            "line 7 passes it to f()",
            id="a holder to elsewhere",
        ),
        pytest.param(
            "class A:\n    def __init__(self):\n        self.m = nn.BatchNorm2d(3)\n"
            "    def f(self):\n        for v in vars(self).values():\n            v.eval()",
            "passes it to vars()",
            id="all attributes of a holder",
        ),
        pytest.param(
            "from a import B\nclass A(B):\n    def __init__(self):\n"
            "        self.m = nn.BatchNorm2d(3)",
            "line 6 stores it",
            id="a holder whose base is not in view",
        ),
        pytest.param("m = nn.BatchNorm2d(3)\nfor a in m: pass", "line 4 hands it on", id="a loop"),
        pytest.param("m = nn.BatchNorm2d(3)\nf = lambda: m", "line 4 hands it on", id="a lambda"),
        pytest.param("m = nn.BatchNorm2d(3) or n", "may use another object", id="an `or`"),
        pytest.param("m = nn.BatchNorm2d(3) if a else n", "may use another object", id="an `if`"),
        pytest.param("f(*[nn.BatchNorm2d(3)])", "line 3 hands it on", id="unpacked"),
        pytest.param(
            "def f():\n    return nn.BatchNorm2d(3)", "line 4 returns it", id="returned to nobody"
        ),
        pytest.param(
            "class A:\n    def f(self):\n        return nn.BatchNorm2d(3)",
            "line 5 returns it",
            id="returned by a method to nobody",
        ),
        pytest.param(
            "def f():\n    yield nn.BatchNorm2d(3)\nf()", "line 4 hands it on", id="yielded"
        ),
        pytest.param(
            "class A:\n    def f(self, m):\n        self.m = m\nm = nn.BatchNorm2d(3)\na = A()\n"
            "a.f(m)\na.m = other()",
            "self.m may hold another object",
            id="replaced in what keeps it",
        ),
        pytest.param(
            "def f(*m):\n    pass\nf(nn.BatchNorm2d(3))", "passes it to f()", id="collected by *"
        ),
        pytest.param(
            "from a import d\n@d\ndef f(m):\n    pass\nf(nn.BatchNorm2d(3))",
            "passes it to a decorated function",
            id="a decorator elsewhere",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nif a:\n    m = other()\nm(x)",
            "line 6 may use another object",
            id="two objects",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\ndef f():\n    global m\n    m = other()\ndef g():\n    m(x)",
            "may use another object",
            id="replaced from inside a function",
        ),
        pytest.param(
            "__all__ = ['m']\nm = nn.BatchNorm2d(3)", "m is exported", id="named in __all__"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nf(m.part)", "line 4 passes it to f()", id="a part to elsewhere"
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nn = nn.Sequential(m.part)",
            "passes it to nn.Sequential()",
            id="a part in another model",
        ),
        pytest.param(
            "m = nn.BatchNorm2d(3)\nself.p = m.part", "line 4 stores it", id="a part stored"
        ),
    ],
)
def test_view_ends(code: str, why: str) -> None:
    # A model that is made and handed on, and nothing else, is not followed.
    found = life(code.replace("nn.BatchNorm2d(3)", "nn.BatchNorm2d(3).train()"))
    assert why in found.escapes
    assert "exported" in why or any(use.kind == "escape" for use in found.uses)


def test_many_variables_are_followed() -> None:
    code = "m0 = nn.BatchNorm2d(3)\n" + "".join(f"m{i + 1} = m{i}\n" for i in range(40))
    found = life(f"{code}m40.eval()")
    assert not found.escapes
    assert [use.name for use in found.uses] == ["eval"]


def test_functions_that_call_each_other_end() -> None:
    code = """
        def f(m):
            g(m)
        def g(m):
            f(m)
            m(x)
        f(nn.BatchNorm2d(3))
    """
    assert [u.kind for u in life(code).uses] == ["call"]


@pytest.mark.parametrize(
    ("decorator", "escapes"),
    [
        pytest.param("@torch.no_grad()", False, id="the framework's"),
        pytest.param("@functools.wraps(g)", False, id="the standard library's"),
        pytest.param("@plain", False, id="one of the file that calls the function"),
        pytest.param("@switching", True, id="one of the file that switches"),
        pytest.param("@click.command()", True, id="one from elsewhere"),
    ],
)
def test_decorators(decorator: str, escapes: bool) -> None:
    code = f"""
        import functools
        import click

        def plain(f):
            return f

        def switching(f):
            def wrapper(m):
                m.eval()
                return f(m)
            return wrapper

        {decorator}
        def f(m):
            return 1

        f(nn.BatchNorm2d(3))
    """
    assert bool(life(code).escapes) is escapes
