"""Statistics that stay behind where code copies what a layer has learned."""

from __future__ import annotations

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.weights.left_behind import left_behind

COPY = "a.weight.data = b.weight.data\na.bias.data = b.bias.data\n"


def _found(code: str) -> list[str]:
    module = module_of(f"import torch\nfrom torch import nn\n{code}")
    facts = read_facts(module)
    found = left_behind(facts.project.evaluator, module, facts.sites)
    return [" ".join([one.copy.owner, *one.kinds]) for one in found]


def _under(test: str, body: str = COPY) -> str:
    return f"if {test}:\n    " + body.rstrip().replace("\n", "\n    ") + "\n"


BOTH = ["a mean variance"]
NORM = "isinstance(a, nn.BatchNorm2d)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(COPY, [], id="any layer"),
        pytest.param(f"a = nn.BatchNorm2d(8)\n{COPY}", BOTH, id="a layer that is made here"),
        pytest.param(f"a = nn.Linear(8, 8)\n{COPY}", [], id="another layer"),
        pytest.param(
            f"a = nn.BatchNorm2d(8, track_running_stats=False)\n{COPY}", [], id="without statistics"
        ),
        pytest.param(
            f"a = nn.BatchNorm2d(8) if c else nn.Linear(8, 8)\n{COPY}", [], id="one of two"
        ),
        pytest.param(_under(NORM), BOTH, id="tested for"),
        pytest.param(_under("isinstance(a, nn.Linear)"), [], id="tested for another class"),
        pytest.param(
            _under("isinstance(a, (nn.BatchNorm1d, nn.BatchNorm2d))"), BOTH, id="two classes"
        ),
        pytest.param(
            _under("isinstance(a, (nn.BatchNorm1d, nn.Linear))"), [], id="one of two classes"
        ),
        pytest.param(
            _under("isinstance(a, nn.modules.batchnorm._BatchNorm)"), BOTH, id="their base class"
        ),
        pytest.param(_under("isinstance(a, kind)"), [], id="a class that is not known"),
        pytest.param(_under("isinstance(b, nn.BatchNorm2d)"), [], id="the other is tested"),
        pytest.param(_under("flag"), [], id="another test"),
        pytest.param(
            f"if {NORM}:\n    pass\nelse:\n    " + COPY.replace("\na", "\n    a"), [],
            id="if it is none",
        ),
        pytest.param(
            _under(NORM, f"{COPY}a.running_mean = b.running_mean"), ["a variance"], id="half"
        ),
        pytest.param(
            _under(NORM, f"{COPY}a.running_mean = b.running_mean\na.running_var = b.running_var"),
            [], id="all",
        ),
        pytest.param(_under(NORM, "a.weight.data = b.weight.data"), [], id="the scale alone"),
        pytest.param(_under(NORM, COPY.replace("b.bias", "a.bias")), [], id="of itself"),
        pytest.param(_under(NORM, COPY.replace("b.bias.data", "f(x)")), [], id="computed"),
        pytest.param(_under(NORM, COPY.replace("b.bias", "b.running_mean")), [], id="a mean"),
        pytest.param(_under(NORM, f"{COPY}print(b.running_mean, a.running_var)"), [], id="named"),
        pytest.param(_under(NORM, f"{COPY}print(b.running_mean)"), [], id="one is named"),
        pytest.param(_under(NORM, f"{COPY}setattr(a, name, value)"), [], id="set by name"),
        pytest.param(_under(NORM, f"{COPY}print(a.named_buffers())"), [], id="buffers"),
        pytest.param(_under(NORM, f"{COPY}a.load_state_dict(s)"), [], id="loaded"),
        pytest.param(_under(NORM, f"{COPY}fix(a)"), [], id="given to a function"),
        pytest.param(_under(NORM, f"{COPY}fix(layer=a)"), [], id="given by keyword"),
        pytest.param(_under(NORM, f"{COPY}fix(b)"), BOTH, id="the other is given"),
        pytest.param(_under(NORM, f"{COPY}fix(a.weight)"), BOTH, id="its weight is given"),
        pytest.param(_under(NORM, f"{COPY}print(a, len(a))"), BOTH, id="looked at"),
        pytest.param(f"{_under(NORM)}def f(a):\n    fix(a)", BOTH, id="given in a function"),
        pytest.param(
            "def f(a, b):\n    " + _under(NORM).replace("\n", "\n    ") + "\nfix(a)", BOTH,
            id="given out of the function",
        ),
        pytest.param(
            "def f(a, b):\n    " + _under(NORM).replace("\n", "\n    ") + "\nprint(running_mean)",
            BOTH, id="named out of the function",
        ),
        pytest.param(
            "def f(a, b):\n    " + _under(NORM).replace("\n", "\n    ") + "    fix(a)", [],
            id="given in the function",
        ),
    ],
)  # fmt: skip
def test_left_behind(code: str, expected: list[str]) -> None:
    assert _found(code) == expected


@pytest.mark.parametrize(
    "word", ["isinstance", "hasattr", "print", "type", "id", "len", "str", "repr"]
)
def test_what_only_looks_at_a_layer(word: str) -> None:
    assert _found(_under(NORM, f"{COPY}{word}(a)")) == BOTH
