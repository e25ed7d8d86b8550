"""Evidence in a file that something is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.facts import Facts, facts_of, read_facts
from bnlint.semantics.modes.training import (
    imports_freezes,
    may_be_trained,
    may_be_woken,
    takes_gradients,
    trains,
)
from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.domain import ClassRef


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
        pytest.param("m.train(mode=True)", id="switched by keyword"),
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
        pytest.param("m.train(None)", id="an argument that switches nothing"),
        pytest.param("m.train(flag)", id="told by a variable"),
        pytest.param("m.apply(f)\nopt.step()", id="names that mean too much else"),
        pytest.param("numpy.gradient(x)\nx.grad(y)", id="names of other gradients"),
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


@pytest.mark.parametrize("is_saved", [True, False])
def test_a_file_that_is_not_saved_yet(tmp_path: Path, is_saved: bool) -> None:
    """Nothing is known then of what it imports, as an editor sends it."""
    code = "import tuning\nfrom torch import nn\n\nclass Net(nn.Module):\n    pass\n"
    helper = "def freeze(net):\n    net.requires_grad_(False)\n\noptimizer.step()\n"
    (tmp_path / "tuning.py").write_text(helper, "utf-8")
    if is_saved:
        (tmp_path / "net.py").write_text(code, "utf-8")
    facts = facts_of(code.encode(), "net.py", str(tmp_path), named=True)
    assert isinstance(facts, Facts)
    ev, module = facts.project.evaluator, facts.module
    assert imports_freezes(ev, module) is is_saved
    net = ClassRef(module, module.classes[0])
    assert may_be_trained(ev, net, ev.frameworks.frameworks["torch"]) is is_saved


def test_a_file_outside_of_a_project() -> None:
    assert not imports_freezes(*_facts("class Net(torch.nn.Module):\n    pass"))


NET = "from torch import nn\n\nclass Net(nn.Module):\n    pass\n"


def _in_project(folder: Path, code: str, script: str):
    """Return what is asked of a class of a file beside a script."""
    (folder / "net.py").write_text(code, "utf-8")
    (folder / "script.py").write_text(script, "utf-8")
    facts = facts_of(code.encode(), "net.py", str(folder), named=True)
    assert isinstance(facts, Facts)
    ev, module = facts.project.evaluator, facts.module
    return ev, ClassRef(module, module.classes[0]), ev.frameworks.frameworks["torch"]


@pytest.mark.parametrize(
    ("code", "script", "expected"),
    [
        pytest.param(NET, "print(1)", True, id="nobody uses it: whoever imports it may"),
        pytest.param(f"{NET}net = Net()", "print(1)", False, id="it is made here, and not woken"),
        pytest.param(f"{NET}net = Net()", "net.eval()", False, id="it is put to inference"),
        pytest.param(f"{NET}net = Net()", "net.train()", True, id="it is woken"),
        pytest.param(NET, "from net import Net\nNet().eval()", False, id="used, and not woken"),
        pytest.param(NET, "from net import Net\nNet().train()", True, id="used, and woken"),
    ],
)
def test_may_be_woken(tmp_path: Path, code: str, script: str, expected: bool) -> None:
    assert may_be_woken(*_in_project(tmp_path, code, script)) is expected


TRAINS = "from net import Net\nnet = Net()\nloss(net(x)).backward()\noptimizer.step()\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("from net import Net\nnet = Net()\nnet(x)", False, id="only run"),
        pytest.param(TRAINS, True, id="trained"),
        pytest.param(f"{TRAINS}net.eval()", False, id="trained as it infers"),
        pytest.param(f"{TRAINS}net.eval()\nnet.train()", True, id="trained, and evaluated"),
    ],
)
def test_may_be_trained(tmp_path: Path, script: str, expected: bool) -> None:
    assert may_be_trained(*_in_project(tmp_path, NET, script)) is expected


def test_what_has_a_decorator_may_be_trained(tmp_path: Path) -> None:
    code = NET.replace("class", "@register\nclass")
    assert may_be_trained(*_in_project(tmp_path, code, "print(1)"))
