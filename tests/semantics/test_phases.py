"""Code that runs for several phases, and tests which one it is in."""

from __future__ import annotations

import ast
import textwrap

import pytest
from reading import evaluator, module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.modes.phases import tested_phase as phase_of
from bnlint.semantics.modes.phases import tests_phases as asks_for_phases
from bnlint.semantics.modes.phases import training_in_every_phase
from bnlint.semantics.modes.told import is_in_one_branch, told

STEP = "y = m(x)\n{}:\n    y.backward()\n"
TRAIN = STEP.format("if phase == 'train'")


def _over(phases: str, body: str) -> str:
    return f"for phase in {phases}:\n" + textwrap.indent(body, "    ")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(_over("['train', 'val']", TRAIN), "phase == 'train'", id="two phases"),
        pytest.param(_over("['train']", TRAIN), "", id="one phase"),
        pytest.param(_over("[True, False]", STEP.format("if phase")), "phase", id="on or off"),
        pytest.param(
            _over("[True, False]", TRAIN.replace("phase ==", "is_train :=")), "", id="not asked for"
        ),
        pytest.param(
            "for train in [True, False]:\n" + textwrap.indent(STEP.format("if train"), "    "),
            "train", id="a flag",
        ),
        pytest.param(
            "for train in [True, 1]:\n" + textwrap.indent(STEP.format("if train"), "    "), "",
            id="a flag that is always on",
        ),
        pytest.param(
            "for mode in ['train', 3]:\n"
            + textwrap.indent(STEP.format("if mode == 'train'"), "    "),
            "", id="a number",
        ),
        pytest.param(
            "for mode in ['train', 'other']:\n"
            + textwrap.indent(STEP.format("if mode == 'train'"), "    "),
            "", id="a word for nothing",
        ),
        pytest.param(
            _over("phases", TRAIN + "if phase == 'val':\n    print(y)\n"), "phase == 'train'",
            id="another is asked for",
        ),
        pytest.param(
            _over("phases", TRAIN + "if phase == 'train':\n    print(y)\n"), "",
            id="the same is asked for",
        ),
        pytest.param(
            _over("phases", TRAIN + "if other == 'val':\n    print(y)\n"), "",
            id="something else is asked for",
        ),
        pytest.param(_over("phases", TRAIN + "if phase == 3:\n    print(y)\n"), "", id="of 3"),
        pytest.param(
            "def run(phase):\n" + textwrap.indent(TRAIN, "    ") + "run('train')\nrun('test')\n",
            "phase == 'train'", id="two callers",
        ),
        pytest.param(
            "def run(phase):\n" + textwrap.indent(TRAIN, "    ") + "run('train')\n", "",
            id="one caller",
        ),
        pytest.param(
            _over("['train', 'val']", TRAIN + "y.sum().backward()\n"), "",
            id="gradients without a test",
        ),
        pytest.param(
            _over("['train', 'val']", TRAIN + "if mode == 'fit':\n    y.backward()\n"), "",
            id="gradients under another test",
        ),
        pytest.param(
            _over("['train', 'val']", TRAIN + "def f(z):\n    z.backward()\n"),
            "phase == 'train'", id="gradients in a function further in",
        ),
        pytest.param(
            _over("['train', 'val']", "if phase == 'train':\n    y = m(x)\n    y.backward()\n"), "",
            id="the run is tested too",
        ),
        pytest.param(
            _over("['train', 'val']", "if mode:\n    y = m(x)\n    if phase == 'train':\n"
                  "        y.backward()\n"),
            "phase == 'train'", id="another test around both",
        ),
        pytest.param(
            _over("['train', 'val']", "y = m(x)\nif phase == 'train':\n    if step:\n"
                  "        y.backward()\n"),
            "phase == 'train'", id="another test within",
        ),
        pytest.param(
            _over("['train', 'val']", "y = m(x)\nif phase == 'val':\n    pass\nelse:\n"
                  "    y.backward()\n"),
            "", id="otherwise",
        ),
        pytest.param(_over("['train', 'val']", STEP.format("if depth")), "", id="no phase"),
        pytest.param(_over("['train', 'val']", "y = m(x)\n"), "", id="no gradients"),
    ],
)  # fmt: skip
def test_tested_phase(code: str, expected: str) -> None:
    module = module_of(code)
    run = next(call for call in module.calls if ast.unparse(call) == "m(x)")
    found = phase_of(evaluator(), module, run)
    assert (ast.unparse(found) if found is not None else "") == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("if phase == 'train':\n    loss.backward()", True, id="under a test"),
        pytest.param("def f():\n    if train:\n        loss.backward()", True, id="in a function"),
        pytest.param("loss.backward()", False, id="without a test"),
        pytest.param("if depth:\n    loss.backward()", False, id="under another test"),
        pytest.param("if train:\n    pass\nelse:\n    loss.backward()", False, id="otherwise"),
        pytest.param("if train:\n    print(loss)", False, id="something else"),
        pytest.param("while train:\n    loss.backward()", False, id="in a loop"),
    ],
)
def test_tests_phases(code: str, expected: bool) -> None:
    assert asks_for_phases(evaluator(), module_of(code)) is expected


EVERY = "m = nn.BatchNorm1d(3)\nfor phase in ['train', 'val']:\n    {}\n    y = m(x)\n    {}\n"
TESTED = "if phase == 'train':\n        y.backward()"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(EVERY.format("m.train()", TESTED), "m(x)", id="whatever the phase"),
        pytest.param(EVERY.format("m.train(True)", TESTED), "m(x)", id="by an argument"),
        pytest.param(EVERY.format("m.eval()", TESTED), "", id="to inference"),
        pytest.param(EVERY.format("m.train(flag)", TESTED), "", id="as a flag says"),
        pytest.param(EVERY.format("train()", TESTED), "", id="a function"),
        pytest.param(EVERY.format("if train: m.train()", TESTED), "", id="in one phase"),
        pytest.param(EVERY.format("m.train()", "y.backward()"), "", id="trained in each"),
        pytest.param(EVERY.format("m.train()\n    m.eval()", TESTED), "", id="switched again"),
        pytest.param(
            EVERY.format("m.train()", TESTED + "\n    m.eval()"), "", id="switched behind the run"
        ),
        pytest.param(EVERY.format("f().train()", TESTED), "", id="what has no name"),
        pytest.param(EVERY.format("other.train()", TESTED), "", id="another model"),
        pytest.param(
            "m = nn.BatchNorm1d(3)\nm.train()\n" + EVERY.format("pass", TESTED)[22:], "m(x)",
            id="before the loop",
        ),
        pytest.param(
            EVERY.format("pass", TESTED) + "m.train()\n", "", id="behind the loop"
        ),
        pytest.param(
            EVERY.format("m.train()", TESTED) + "m.eval()\n", "m(x)", id="to inference at the end"
        ),
        pytest.param(
            "m = nn.BatchNorm1d(3)\nif c:\n    m.eval()\nelse:\n"
            + textwrap.indent("m.train()\n" + EVERY.format("pass", TESTED)[22:], "    "),
            "m(x)", id="to inference otherwise",
        ),
        pytest.param(
            EVERY.format("m.train()", TESTED).replace("nn.BatchNorm1d", "nn.Linear"), "",
            id="no normalisation",
        ),
        pytest.param(
            "m = nn.BatchNorm1d(3)\nm.train()\ndef f(x):\n    return m(x)\n"
            + EVERY.format("pass", TESTED)[22:].replace("m(x)", "f(x)"),
            "", id="in a function",
        ),
    ],
)  # fmt: skip
def test_training_in_every_phase(code: str, expected: str) -> None:
    facts = read_facts(module_of(f"import torch\nfrom torch import nn\n{code}"))
    found = training_in_every_phase(facts.project.evaluator, facts.module, facts.sites)
    assert "".join(ast.unparse(one.run) for one in found) == expected


BN = "bn = keras.layers.BatchNormalization()\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(f"{BN}bn(x, training=True)", False, id="one call"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(x, training=False)", True, id="two calls"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(y, training=True)", False, id="alike"),
        pytest.param(f"{BN}bn(x, training=False)\nbn(y, training=True)", True, id="turned"),
        pytest.param(f"{BN}bn(x, training=False)\nbn(y, training=None)", True, id="or as it is"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(y, training=None)", True, id="as the model"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(y, other=False)", False, id="another keyword"),
        pytest.param(f"{BN}bn(x, training=True)\ncn(y, training=False)", False, id="another layer"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(y, training=f)", False, id="as f says"),
        pytest.param(f"{BN}bn(x, training=True)\nbn(y, training=0)", True, id="by a number"),
        pytest.param(
            f"{BN}K.in_train_phase(lambda: bn(x, training=True), lambda: bn(x, training=False))",
            True, id="two lambdas",
        ),
        pytest.param(
            f"{BN}def f(x):\n    return bn(x, training=True)\ndef g(x):\n"
            "    return bn(x, training=False)",
            False, id="in two functions",
        ),
        pytest.param(
            f"{BN}def f(x):\n    a = lambda: bn(x, training=True)\n"
            "    return cond(a, lambda: bn(x, training=False))",
            True, id="two lambdas of a function",
        ),
        pytest.param(f"{BN}if training:\n    bn(x, training=True)", True, id="under a test"),
        pytest.param(f"{BN}if depth:\n    bn(x, training=True)", False, id="under another test"),
        pytest.param(f"{BN}y = bn(x, training=True) if train else x", True, id="of two"),
    ],
)  # fmt: skip
def test_is_in_one_branch(code: str, expected: bool) -> None:
    module = module_of(f"import keras\n{code}\n")
    ev = evaluator()
    first = next(flag for flag in told(ev, module, "layer"))
    assert is_in_one_branch(ev, module, first) is expected
