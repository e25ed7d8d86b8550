"""What becomes of a model into which code moves the weights of another one."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from reading import evaluator, module_of

from bnlint.engine.facts import Facts, facts_of
from bnlint.semantics.weights.inference import Fate, fate_of
from bnlint.semantics.weights.loops import movings


def _shown(fate: Fate | None) -> str:
    if fate is None:
        return "none"
    words = ("born", "trained", "applied", "loaded")
    return " ".join(word for word in words if getattr(fate, word))


FOLLOWS = "for a, b in zip(net.parameters(), other.parameters()):\n    a.data = b.data\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("net = Net()\nnet.eval()", "born", id="where it is made"),
        pytest.param("net = Net().eval()", "none", id="before it has a name"),
        pytest.param("net = Net()\nnet.train(False)", "born", id="by an argument"),
        pytest.param("net = Net()", "none", id="never"),
        pytest.param("net = Net()\nnet.train()", "none", id="to training alone"),
        pytest.param("net = Net()\nnet.eval()\nnet.train()", "born", id="and back"),
        pytest.param(
            "net = Net()\nnet.eval()\ndef f():\n    net.train()", "born trained", id="and trained"
        ),
        pytest.param("net = other\nnet.eval()", "none", id="another name of a model"),
        pytest.param("net = args.net\nnet.eval()", "none", id="what it is handed"),
        pytest.param("net.eval()", "none", id="never made"),
        pytest.param("net = Net()\ndef f():\n    net.eval()", "", id="in a function"),
        pytest.param(
            "net = Net()\ndef f(x):\n    net.eval()\n    return net(x)", "", id="in a function, run"
        ),
        pytest.param(
            "net = Net()\ndef f():\n    net.eval()\ndef g(x):\n    return net(x)",
            "applied",
            id="run beside",
        ),
        pytest.param(
            "net = Net()\ndef f():\n    net.eval()\nnet.load_state_dict(w)", "", id="loaded once"
        ),
        pytest.param(
            "net = Net()\ndef f():\n    net.eval()\ndef g():\n    net.load_state_dict(w)",
            "loaded",
            id="loaded elsewhere",
        ),
        pytest.param("net = Net()\ndef f(net):\n    net.eval()\nf(net)", "", id="a parameter's"),
        pytest.param("net = Net()\ndef rest(m):\n    m.eval()\nrest(net)", "", id="given"),
        pytest.param(
            "net = Net()\ndef wake(m):\n    m.train()\ndef rest(m):\n    m.eval()\n"
            "rest(net)\nwake(net)",
            "trained",
            id="given, and woken",
        ),
        pytest.param("net = Net()\nnet.part.eval()", "none", id="a part of it"),
        pytest.param(
            "net = Net()\ndef rest(m):\n    m.train(flag)\n    m.eval()\nrest(net)",
            "trained",
            id="given, and told first",
        ),
        pytest.param(
            "net = Net()\nclass H:\n    def rest(self, m):\n        m.eval()\nH().rest(net)",
            "",
            id="given to a method",
        ),
        pytest.param(
            "net = Net()\ndef rest(a, b):\n    a.train()\n    b.eval()\nrest(other, net)",
            "",
            id="given beside another",
        ),
        pytest.param(
            "net = Net()\ndef rest(m):\n    self.m.train()\n    m.eval()\nrest(net)",
            "",
            id="given, and an attribute of the name",
        ),
        pytest.param(
            "net = Net()\ndef rest(m):\n    m()\n    m.eval()\nrest(net)", "", id="given, and run"
        ),
        pytest.param(
            "net = Net()\ndef last(m):\n    m.eval()\ndef rest(m):\n    last(m)\nrest(net)",
            "",
            id="given on",
        ),
        pytest.param(
            "net = Net()\ndef d(m):\n    m.eval()\ndef c(m):\n    d(m)\ndef b(m):\n    c(m)\n"
            "def a(m):\n    b(m)\na(net)",
            "none",
            id="given on too often",
        ),
        pytest.param(
            "net = Net()\ndef d(m):\n    m.eval()\ndef c(m):\n    d(m)\ndef b(m):\n    c(m)\n"
            "b(net)",
            "",
            id="given on three times",
        ),
        pytest.param("net: Module = Net()\nnet.eval()", "born", id="annotated"),
        pytest.param("for net in nets:\n    net.eval()", "none", id="one of several"),
        pytest.param("net = Net()\nother.net.eval()", "none", id="an attribute of the name"),
        pytest.param(
            "net = Net()\ndef f():\n    net.eval()\ndef g():\n    net = Net()\n    net.train()",
            "trained",
            id="a local variable of the name",
        ),
    ],
)
def test_fate(code: str, expected: str) -> None:
    module = module_of(f"{code}\ndef follow():\n    {FOLLOWS.replace(chr(10), chr(10) + '    ')}")
    (moving,) = movings(module)
    fate = fate_of(evaluator(), module, moving.target, moving.statement)
    assert _shown(fate) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("    def rest(self):\n        self.net.eval()", "", id="a method"),
        pytest.param("", "none", id="none"),
        pytest.param(
            "    def rest(self):\n        self.net.eval()\n    def wake(self):\n"
            "        self.net.train()",
            "trained", id="and another",
        ),
        pytest.param(
            "    def rest(self):\n        self.net.eval()\nclass U:\n    def wake(self):\n"
            "        self.net.train()",
            "", id="and one of another class",
        ),
        pytest.param(
            "    def rest(self):\n        self.net.eval()\n    def make(self):\n"
            "        self.net = self.given",
            "none", id="which is handed a model later",
        ),
        pytest.param(
            "    def rest(self):\n        self.net.eval()\n        net.train()", "",
            id="and a variable of the name",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("makes", [True, False])
def test_fate_of_a_part(code: str, expected: str, makes: bool) -> None:
    """What the method that moves its weights makes anew has the statistics of another one."""
    follow = textwrap.indent(FOLLOWS.replace("net", "self.net"), " " * 8)
    make = "        self.net = Net()\n" if makes else ""
    module = module_of(
        f"class T:\n    def __init__(self):\n        self.net = Net()\n"
        f"    def follow(self):\n{make}{follow}{code}\n"
    )
    (moving,) = movings(module)
    assert _shown(fate_of(evaluator(), module, moving.target, moving.statement)) == (
        "none" if makes else expected
    )


def test_a_part_that_is_made_where_it_follows_at_first() -> None:
    follow = textwrap.indent(FOLLOWS.replace("net", "self.net"), " " * 8)
    module = module_of(
        f"class T:\n    def __init__(self):\n        self.net = Net()\n{follow}"
        "        self.net.eval()\n"
    )
    (moving,) = movings(module)
    assert _shown(fate_of(evaluator(), module, moving.target, moving.statement)) == "born"


def test_fate_of_a_local_model() -> None:
    body = textwrap.indent(f"net = Net()\nnet.eval()\n{FOLLOWS}", "    ")
    module = module_of(f"def f():\n{body}\ndef g():\n    net = Net()\n    net.train()\n")
    (moving,) = movings(module)
    assert _shown(fate_of(evaluator(), module, moving.target, moving.statement)) == "born"


def test_an_item_has_no_fate() -> None:
    module = module_of("nets = [Net()]\nnets[0].eval()\n" + FOLLOWS.replace("net", "nets[0]"))
    (moving,) = movings(module)
    assert fate_of(evaluator(), module, moving.target, moving.statement) is None


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("t.net.train()\n", "trained", id="woken"),
        pytest.param("t.net.eval()\n", "", id="put to rest"),
        pytest.param("t.other.train()\n", "", id="another attribute"),
    ],
)
def test_a_part_that_another_file_wakes(tmp_path: Path, script: str, expected: str) -> None:
    follow = textwrap.indent(FOLLOWS.replace("net", "self.net"), " " * 8)
    code = (
        f"import torch\nclass T:\n    def __init__(self):\n        self.net = Net()\n"
        f"    def follow(self):\n{follow}    def rest(self):\n        self.net.eval()\n"
    )
    (tmp_path / "net.py").write_text(code, "utf-8")
    (tmp_path / "script.py").write_text(f"import torch\n{script}", "utf-8")
    facts = facts_of(code.encode(), "net.py", str(tmp_path), named=True)
    assert isinstance(facts, Facts)
    (moving,) = movings(facts.module)
    fate = fate_of(facts.project.evaluator, facts.module, moving.target, moving.statement)
    assert _shown(fate) == expected


@pytest.mark.parametrize(
    ("born", "trained", "applied", "loaded", "expected"),
    [
        (True, False, False, False, True),
        (True, False, True, False, True),
        (False, False, False, False, True),
        (False, False, True, False, False),
        (True, True, False, False, False),
        (True, False, False, True, False),
    ],
)
def test_what_goes_stale(
    born: bool, trained: bool, applied: bool, loaded: bool, expected: bool
) -> None:
    module = module_of("net.eval()")
    assert Fate(module, module.calls[0], born, trained, applied, loaded).goes_stale is expected
