"""Where following a model would take too much, or nothing leads to one, nothing false is said."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bnlint.engine.facts import read_facts
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.semantics.project.marks import mentions_api, names_model
from bnlint.semantics.syntax.module import parse
from bnlint.semantics.values.domain import Constant, Unknown

RULES = load_rules()

PREDICT = """\
import torch
import torchvision
from helper import prepare

def predict(image):
    model = torchvision.models.resnet18()
    prepare(model)
    with torch.no_grad():
        return model(image)
"""


def codes(folder: Path, name: str, text: str) -> set[str]:
    """Return the codes of what is said of ``text``, which is the file ``name``."""
    options = Options(frozenset(r.code for r in RULES), folder=str(folder))
    result = check(text.encode(), name, RULES, options)
    assert result.problems == ()
    return {finding.code for finding in result.findings}


def project(folder: Path, **files: str) -> None:
    (folder / "pyproject.toml").write_text("")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


@pytest.mark.parametrize(
    ("lines", "last", "expected"),
    [
        pytest.param(3, "pass", {"BN201"}, id="a short helper that does not switch"),
        pytest.param(3, "model.eval()", set(), id="a short helper that switches"),
        pytest.param(300, "pass", set(), id="a long helper that does not switch"),
        pytest.param(300, "model.eval()", set(), id="a long helper that switches"),
    ],
)
def test_a_long_helper_ends_the_view(
    tmp_path: Path, lines: int, last: str, expected: set[str]
) -> None:
    """A helper that is too long to follow may have switched the model."""
    helper = "def prepare(model):\n" + "    print(model)\n" * lines + f"    {last}\n"
    project(tmp_path, helper=helper, predict=PREDICT)
    assert codes(tmp_path, "predict.py", PREDICT) == expected


@pytest.mark.parametrize("reported", ["", "import housepkg\nhousepkg.report(model)\n"])
@pytest.mark.parametrize(
    ("steps", "last", "expected"),
    [(2, "pass", {"BN201"}), (2, "net.train(mode)", set()), (9, "net.train(mode)", set())],
)
def test_what_is_passed_on_too_far_may_be_switched(
    tmp_path: Path, steps: int, last: str, expected: set[str], reported: str
) -> None:
    """That another package looks at the model does not bring back what was lost on the way."""
    passing = [f"def f{i}(net, mode):\n    f{i + 1}(net, mode)\n" for i in range(steps)]
    helper = "\n".join([*passing, f"def f{steps}(net, mode):\n    {last}\n"])
    text = f"""\
import torch
import torchvision
from helper import f0

model = torchvision.models.resnet18()
model.load_state_dict(torch.load("w.pt"))
{reported}f0(model, False)

def predict(image):
    with torch.no_grad():
        return model(image)
"""
    project(tmp_path, helper=helper, predict=text)
    assert codes(tmp_path, "predict.py", text) == expected


@pytest.mark.parametrize("between", range(3))
def test_a_model_is_found_some_files_away(tmp_path: Path, between: int) -> None:
    """The file that acts names nothing of a model; a few imports lead to the one that does."""
    files = {"m0": "from torchvision.models import resnet18\nmake = resnet18\n"}
    for i in range(between):
        files[f"m{i + 1}"] = f"from m{i} import make\n"
    text = f"""\
import torch
from m{between} import make

def predict(image):
    net = make()
    with torch.no_grad():
        return net(image)
"""
    project(tmp_path, predict=text, **files)
    assert codes(tmp_path, "predict.py", text) == {"BN201"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keras.applications.xception.Xception()", True),
        ("from timm import create_model", True),
        ("torchvision.models.resnet50()", True),
        ("EfficientNet.from_name('efficientnet-b0')", True),
        ("raise Exception", False),
        ("Distribution.from_name('numpy')", False),
        ("doctest.run_docstring_examples(my_create_model)", False),
    ],
)
def test_names_of_models_begin_where_they_are_found(text: str, expected: bool) -> None:
    assert names_model(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("encoding = get_normal_name(name)", False),
        ("graph.make_nodes(3)", False),
        ("get_norm('BN', 8)", True),
        ("get_norm_layer('batchnorm2d')", True),
        ("helper.make_node('BatchNormalization', [], [])", True),
        ("layers.batch_normalization(x)", True),
        ("nn.BatchNorm2d(8)", True),
    ],
)
def test_names_of_layers_end_where_they_are_found(text: str, expected: bool) -> None:
    assert mentions_api(text) is expected


TRAINS = """\
import torch
import torch.nn.functional as F
import torchvision
from tqdm import tqdm

model = torchvision.models.resnet18()
optimizer = torch.optim.Adam(model.parameters())
progress = tqdm(train_loader)
for x, y in progress:
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        out = model(image)
    DONE
"""


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ("progress.set_description(str(out.mean()))", {"BN201"}),
        ("F.relu_(out)", {"BN201"}),
        ("F.mse_loss(model(x), out).backward()", set()),
        ("progress.push(out)", set()),
    ],
)
def test_what_is_shown_is_not_trained_on(tmp_path: Path, done: str, expected: set[str]) -> None:
    """A progress bar and a module keep nothing; what else may be told may come out again."""
    text = TRAINS.replace("DONE", done)
    project(tmp_path, train=text)
    assert codes(tmp_path, "train.py", text) == expected


def test_an_answer_that_was_cut_short_is_not_remembered() -> None:
    lines = ["a0 = 1", *(f"a{i + 1} = a{i} + 1" for i in range(60)), "a60"]
    facts = read_facts(parse("m.py", "\n".join(lines)))
    last = facts.module.tree.body[-1]
    assert isinstance(last, ast.Expr)
    evaluator = facts.project.evaluator
    with evaluator.within(20):
        (cut,) = evaluator.evaluate(facts.module, last.value)
    (whole,) = evaluator.evaluate(facts.module, last.value)
    assert isinstance(cut.object, Unknown)
    assert whole.object == Constant(61)
