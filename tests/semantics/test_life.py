"""The life of an object: what is done with it from where it is made, and where the view ends."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from bnlint.engine.facts import Facts, facts_of, read_facts, renew
from bnlint.semantics.objects import aliases
from bnlint.semantics.objects.allocations import constructions
from bnlint.semantics.objects.events import Life
from bnlint.semantics.objects.history import (
    life_in_call,
    life_in_method,
    life_of,
    switched_by_users,
)
from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.domain import ClassRef

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


def test_models_in_models_are_seen_so_far() -> None:
    code = "m0 = nn.BatchNorm2d(3)\n" + "".join(
        f"m{i + 1} = nn.Sequential(m{i})\n" for i in range(6)
    )
    found = life(f"{code}m5.eval()\nm6.eval()")
    assert found.escapes == "line 9 passes it to nn.Sequential()"
    assert [use.node.lineno for use in found.methods("eval")] == [10]


def test_models_that_are_made_of_each_other_end() -> None:
    code = """
        a = nn.BatchNorm2d(3)
        while x:
            b = nn.Sequential(a)
            a = nn.Sequential(b)
        a.eval()
    """
    assert [use.kind for use in life(code).uses] == ["wrap", "wrap", "method"]


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


# ---------------------------------------------------------------------------------- limits

CLASS = """
    class Net(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net
            warm(net)

        def predict(self, x):
            return self.net(x)

    def warm(net):
        net.eval()
"""


def test_where_a_file_takes_too_many_steps_the_view_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "m = nn.BatchNorm2d(3)\nn = m\nn.eval()"
    assert not life(code).escapes
    monkeypatch.setattr(aliases, "_MAX_STEPS_IN_FILE", 0)
    assert life(code).escapes == "there is too much to follow"


@pytest.mark.parametrize("limit", [200, 0])
def test_where_a_function_has_too_many_names_the_view_ends(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(aliases, "_MAX_EXPRESSIONS", limit)
    facts = read_facts(parse("m.py", IMPORTS + textwrap.dedent(CLASS)))
    ev, module = facts.project.evaluator, facts.module
    (call,) = module.calls_by_name["warm"]
    init, predict, _ = module.functions
    assert isinstance(init, ast.FunctionDef)
    assert isinstance(predict, ast.FunctionDef)
    found = [
        life_in_call(ev, module, init, call, call.args[0]),
        life_in_method(
            ev,
            ClassRef(module, module.classes[0]),
            predict,
            "net",
            facts.project.frameworks.frameworks["torch"],
        ),
    ]
    assert [one.escapes for one in found] == ["" if limit else "there is too much to follow"] * 2
    assert [any(use.kind == "call" for use in one.uses) for one in found] == [False, bool(limit)]


@pytest.mark.parametrize(("calls", "why"), [(60, ""), (61, "it is passed on too far to follow")])
def test_so_many_calls_of_other_files_are_followed(tmp_path: Path, calls: int, why: str) -> None:
    found = _beside(tmp_path, "def show(net):\n    print(net)\n", "show(m)\n" * calls)
    assert found.escapes == why


@pytest.mark.parametrize(
    ("names", "why"), [(200, ""), (201, "line 5 calls what is too long to follow")]
)
def test_so_many_names_of_a_function_of_another_file_are_followed(
    tmp_path: Path, names: int, why: str
) -> None:
    found = _beside(tmp_path, "def show(net):\n" + "    net\n" * names, "show(m)\n")
    assert found.escapes == why


def test_what_makes_it_is_entered_once_however_often_it_is_used(tmp_path: Path) -> None:
    build = (
        f"{IMPORTS}def show():\n    net = nn.BatchNorm2d(3)\n    net.eval()\n    return net, 1\n"
    )
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "show.py").write_text(build)
    code = "from show import show\nm, n = show()\n" + "m(x)\n" * 70 + "m.eval()\n"
    (tmp_path / "m.py").write_text(code)
    renew()
    facts = facts_of(code.encode(), str(tmp_path / "m.py"), str(tmp_path))
    assert isinstance(facts, Facts)
    (made,) = constructions(facts.project.evaluator, facts.module)
    found = life_of(facts.project.evaluator, facts.module, made.origins)
    assert found.escapes == ""
    assert [Path(use.module.path).name for use in found.methods("eval")] == ["show.py", "m.py"]


def _beside(folder: Path, show: str, more: str) -> Life:
    """Return the life of a layer in a file that imports ``show`` from another one."""
    (folder / "pyproject.toml").touch()
    (folder / "show.py").write_text(show)
    code = f"{IMPORTS}from show import show\nm = nn.BatchNorm2d(3)\n{more}"
    (folder / "m.py").write_text(code)
    renew()
    facts = facts_of(code.encode(), str(folder / "m.py"), str(folder))
    assert isinstance(facts, Facts)
    (made,) = facts.module.calls_by_name["BatchNorm2d"]
    return life_of(facts.project.evaluator, facts.module, [made])


@pytest.mark.parametrize(("layers", "is_seen"), [(7, True), (8, False)])
def test_a_graph_of_so_many_layers_is_followed_back(layers: int, is_seen: bool) -> None:
    code = "from tensorflow import keras\nbase = keras.applications.ResNet50()\n"
    code += "inputs = keras.Input((8, 8, 3))\nx0 = base(inputs)\n"
    code += "".join(f"x{i + 1} = keras.layers.ReLU()(x{i})\n" for i in range(layers))
    code += f"net = keras.Model(inputs, x{layers})\nnet.fit(x, y)\n"
    facts = read_facts(parse("m.py", code))
    (made,) = facts.module.calls_by_name["ResNet50"]
    found = life_of(facts.project.evaluator, facts.module, [made])
    assert [use.within for use in found.methods("fit")] == [True] * is_seen


def test_a_file_that_is_no_text_switches_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    code = f"{IMPORTS}net = nn.BatchNorm2d(3)\nnet.eval()\n"
    (tmp_path / "net.py").write_text(code)
    (tmp_path / "a.py").write_bytes(b"from net import net  # caf\xe9\nnet.train()\n")
    renew()
    facts = facts_of(code.encode(), str(tmp_path / "net.py"), str(tmp_path))
    assert isinstance(facts, Facts)
    around, torch = facts.project.resolver, facts.project.frameworks.frameworks["torch"]
    assert around is not None
    assert around.imported(str(tmp_path / "a.py")) == ()
    assert switched_by_users(around, facts.module, torch, to="training") is None
    (tmp_path / "b.py").write_text("from net import net\nnet.train()\n")
    renew()
    assert around.imported(str(tmp_path / "b.py")) == (str(tmp_path / "net.py"),)
