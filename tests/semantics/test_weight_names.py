"""What may be said of the name of a weight of which the beginning, or all, is known."""

from __future__ import annotations

import pytest
from reading import evaluator, last_expression, module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.modes.named_weights import NameTests, WeightName, norm_weights

#: A name that begins so, a text, and whether it stands in it, begins it, and is it.
BEGUN = [
    ("layer1.", "layer1", True, True, None),
    ("layer1.", "layer1.", True, True, None),
    ("layer1.", "layer", True, True, None),
    ("layer1.", "layer2", False, False, False),
    ("layer1.", "layer1.0", None, None, None),
    ("layer1.", "layer1.bn1", None, None, None),
    ("net.layer1.", "layer1.0", None, False, False),
    ("layer1.", "bn", None, False, False),
    ("layer1.", "fc", False, False, False),
    ("layer1.", "something", None, False, False),
    ("layer1.", "ayer", True, False, False),
    ("", "something", None, None, None),
    ("", "fc", False, False, False),
    ("", "bn", None, None, None),
]

#: A whole name, a text, and whether it stands in it, begins it, and is it.
WHOLE = [
    ("bn1.weight", "bn1", True, True, False),
    ("bn1.weight", "bn1.weight", True, True, True),
    ("bn1.weight", "weight", True, False, False),
    ("bn1.weight", "bn1.weight.more", False, False, False),
    ("bn1.weight", "something", False, False, False),
]


@pytest.mark.parametrize(("text", "asked", "has", "begins", "equals"), BEGUN)
def test_a_name_that_is_begun(
    text: str, asked: str, has: bool | None, begins: bool | None, equals: bool | None
) -> None:
    name = WeightName(text)
    assert (name.has(asked), name.begins(asked), name.equals(asked)) == (has, begins, equals)


@pytest.mark.parametrize(("text", "asked", "has", "begins", "equals"), WHOLE)
def test_a_whole_name(text: str, asked: str, has: bool, begins: bool, equals: bool) -> None:
    name = WeightName(text, True)
    assert (name.has(asked), name.begins(asked), name.equals(asked)) == (has, begins, equals)


@pytest.mark.parametrize("whole", [True, False])
def test_the_first_part_of_a_name(whole: bool) -> None:
    """It is whole where a dot ends it, or where the name is whole."""
    assert WeightName("layer1.bn1", whole).first() == WeightName("layer1", True)
    assert WeightName("layer1.", whole).first() == WeightName("layer1", True)
    assert WeightName("layer1", whole).first() == WeightName("layer1", whole)


@pytest.mark.parametrize("whole", [True, False])
def test_the_name_in_what_holds_the_model(whole: bool) -> None:
    assert WeightName("bn1.", whole).within("net") == WeightName("net.bn1.", whole)


CLASSES = """
import torchvision
from torch import nn

class Other:
    def __init__(self):
        self.norm = nn.BatchNorm1d(3)

class Block(nn.Module):
    limit: int

    def __init__(self):
        super().__init__()
        self.size: int
        self.part: nn.Module
        self.bn = nn.BatchNorm1d(3)
        self.fc = nn.Linear(3, 3)

class Stem(Block):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))

class Again(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.bn = nn.BatchNorm1d(3)
        self.next = Again(depth - 1)
"""


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param("nn.BatchNorm1d(3)", ["weight"], id="a layer"),
        pytest.param("nn.Linear(3, 3)", [], id="another layer"),
        pytest.param("Block()", ["bn.weight"], id="a class"),
        pytest.param("Stem()", ["conv.1.weight", "bn.weight"], id="a class of another"),
        pytest.param(
            "nn.Sequential(Block(), nn.ReLU(), Block())", ["0.bn.weight", "2.bn.weight"],
            id="two blocks",
        ),
        pytest.param("nn.Sequential(Block(), *more, Block())", ["0.bn.weight"], id="any between"),
        pytest.param("nn.DataParallel(Block())", [], id="what keeps it under another name"),
        pytest.param("nn.Sequential(" * 3 + "Block()" + ")" * 3, ["0.0.0.bn.weight"], id="deep"),
        pytest.param("nn.Sequential(" * 4 + "Block()" + ")" * 4, [], id="too deep"),
        pytest.param(
            "Again(3)", [f"{'next.' * depth}bn.weight" for depth in range(4)], id="in itself"
        ),
        pytest.param(
            "torchvision.models.resnet18()",
            ["", "layer1.", "layer2.", "layer3.", "layer4.", "features."],
            id="a ready-made model",
        ),
        pytest.param("unknown()", [], id="what is not known"),
    ],
)  # fmt: skip
def test_names_of_norm_weights(made: str, expected: list[str]) -> None:
    module = module_of(f"{CLASSES}\n{made}")
    facts = read_facts(module)
    ev = facts.project.evaluator
    (value,) = ev.evaluate(module, last_expression(module))
    found = list(norm_weights(ev, facts.sites, value, ["layer1.0", "features", "fc", "x"]))
    assert [name.text for name in found] == expected
    assert all(name.whole == name.text.endswith("weight") for name in found)


BN = WeightName("layer1.bn.weight", True)

#: Tests of the name ``n`` of that weight, where ``WORDS`` has words, and what they give.
TESTS = [
    ("'bn' in n", True),
    ("'fc' in n", False),
    ("'fc' not in n", True),
    ("not 'bn' in n", False),
    ("n == 'fc.weight'", False),
    ("n != 'fc.weight'", True),
    ("'layer1.bn.weight' == n", True),
    ("n == other", None),
    ("'bn' < n", None),
    ("n < 'bn'", None),
    ("'bn' in m", None),
    ("n in ['fc.weight', 'layer1.bn.weight']", True),
    ("n in ['fc.weight']", False),
    ("n not in WORDS", True),
    ("n in []", None),
    ("n in other", None),
    ("n.startswith('layer1')", True),
    ("n.startswith(('fc', 'layer1'))", True),
    ("n.startswith(WORDS)", False),
    ("n.startswith(other)", None),
    ("m.startswith('layer1')", None),
    ("n.endswith('weight')", None),
    ("n.split('.')[0] == 'layer1'", True),
    ("n.split('.')[0] in ['fc', 'bn']", False),
    ("n.split('.')[1] == 'bn'", None),
    ("n.split('_')[0] == 'layer1'", None),
    ("any(w in n for w in ['fc', 'bn'])", True),
    ("any([w in n for w in ['fc', 'bn']])", True),
    ("any(w in n for w in WORDS)", False),
    ("all(w in n for w in ['layer1', 'bn'])", True),
    ("all(w in n for w in ['fc', 'bn'])", False),
    ("all(w not in n for w in ['fc'])", True),
    ("any(w in n for w in other)", None),
    ("sum(w in n for w in ['bn'])", None),
    ("any(w in n for w in ['bn'] if w)", None),
    ("'bn' in n and 'layer1' in n", True),
    ("'bn' in n and 'fc' in n", False),
    ("'fc' in n and other", False),
    ("'bn' in n and other", None),
    ("'bn' in n or other", True),
    ("'fc' in n or other", None),
    ("'fc' in n or 'head' in n", False),
    ("'bn' in n in m", None),
    ("EITHER in n", None),
    ("GIVEN in n", True),
    ("WORDS in n", None),
    ("MIXED in n", None),
    ("n in MIXED", None),
    ("other", None),
]


@pytest.mark.parametrize(("test", "expected"), TESTS)
def test_tests_of_names(test: str, expected: bool | None) -> None:
    module = module_of(
        "WORDS = ('fc', 'head')\nEITHER = 'bn' if flag else 'fc'\nMIXED = ['bn', 3]\n"
        f"def f(given='bn'):\n    return given\nGIVEN = f()\n{test}"
    )
    tests = NameTests(evaluator(), module, "n")
    assert tests.holds(last_expression(module), BN, {}) is expected


@pytest.mark.parametrize("op", ["<", "<=", ">", "is", "is not"])
def test_other_comparisons_say_nothing_of_a_name(op: str) -> None:
    module = module_of(f"n = 3\n'bn' {op} n")
    tests = NameTests(evaluator(), module, "n")
    assert tests.holds(last_expression(module), BN, {}) is None


def test_words_of_a_test() -> None:
    module = module_of("WORDS = ['fc', 'head']\n'bn' in n and not any(w in n for w in WORDS)")
    tests = NameTests(evaluator(), module, "n")
    assert list(tests.words(last_expression(module))) == ["bn", "fc", "head"]
