"""Evidence in a file that something is trained."""

from __future__ import annotations

import pytest

from bnlint.engine.facts import read_facts
from bnlint.semantics.modes.training import takes_gradients, trains
from bnlint.semantics.syntax.module import parse


def _facts(code: str, imports: str = "import torch, mindspore, keras"):  # type: ignore[no-untyped-def]
    facts = read_facts(parse("m.py", f"{imports}\n{code}\n"))
    return facts.project.evaluator, facts.module


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("loss.backward()", id="gradients are taken"),
        pytest.param("torch.optim.SGD(m.parameters())", id="weights are handed out"),
        pytest.param("m.train()", id="switched to training"),
        pytest.param("m.train(True)", id="switched with an argument"),
        pytest.param("m.set_train(True)", id="another framework's switch"),
        pytest.param("m.fit(x, y)", id="a driver's method"),
        pytest.param("Trainer(m)", id="a driver"),
        pytest.param("mindspore.Model(net)", id="another framework's driver"),
        pytest.param("opt.apply_gradients(g)", id="gradients are applied"),
        pytest.param("opt.minimize(loss)", id="a loss is minimised"),
    ],
)
def test_trains(code: str) -> None:
    assert trains(*_facts(code, "import torch, mindspore, keras, lightning"))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("m(x)", id="only run"),
        pytest.param("m.eval()", id="switched to inference"),
        pytest.param("m.train(False)", id="switched to inference by the other switch"),
        pytest.param("m.set_train(False)", id="and in another framework"),
        pytest.param("m.train(loader, epochs)", id="a method of the user's"),
        pytest.param("m.apply(f)\nopt.step()", id="names that mean too much else"),
        pytest.param("# loss.backward()", id="a comment"),
    ],
)
def test_does_not_train(code: str) -> None:
    assert not trains(*_facts(code))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("loss.backward()", True, id="backward"),
        pytest.param("mindspore.value_and_grad(f, None, w)", True, id="value_and_grad"),
        pytest.param("tape.gradient(loss, w)", True, id="a tape"),
        pytest.param("m.parameters()", False, id="weights alone"),
        pytest.param("m.train()", False, id="the mode alone"),
    ],
)
def test_takes_gradients(code: str, expected: bool) -> None:
    assert takes_gradients(*_facts(code)) is expected
