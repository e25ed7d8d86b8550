"""The examples of CONTRIBUTING.md work as they stand there."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bnlint.confirm import worker
from bnlint.confirm.workers import Experiment
from bnlint.engine import drafts
from bnlint.engine.documentation import page
from bnlint.engine.facts import is_interesting
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_fixers, load_rules
from bnlint.finding import SAFE, Edit, Finding, Fix, Span
from bnlint.fixes.edits import applied
from bnlint.fixes.rewriting import Refused
from bnlint.frameworks.compiling import compile_tables
from bnlint.frameworks.held import check_table
from bnlint.frameworks.records import TableError
from bnlint.output import Report, render
from bnlint.semantics.syntax.module import parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^<!-- example: ([^\n]+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = dict(_BLOCK.findall(TEXT))


def code_of(kind: str) -> tuple[str, str]:
    """Return the file name and the code of the one example of a kind."""
    ((name, code),) = (item for item in BLOCKS.items() if item[0].startswith(f"{kind} "))
    return name.partition(" ")[2], code


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the example rule and fixer as the distribution that the page describes."""
    points = tomllib.loads(BLOCKS["entry points"])["project"]["entry-points"]
    lines = []
    for group, packages in points.items():
        ((name, package),) = packages.items()
        lines += [f"[{group}]", f"{name} = {package}"]
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        file, code = code_of(group.removeprefix("bnlint.").removesuffix("s"))
        (tmp_path / package / file).write_text(code, encoding="utf-8")
    info = tmp_path / "house-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in list(sys.modules):
        if name.startswith("house_"):
            del sys.modules[name]


def test_rule(house: Path) -> None:
    """Its examples are what they say, beside all built-in rules."""
    rules = load_rules()
    (loaded,) = (rule for rule in rules if rule.code == "TR101")
    codes = frozenset(rule.code for rule in rules)
    for example in page(loaded.module).examples:
        result = check(example.code.encode(), "m.py", rules, Options(codes))
        assert result.problems == ()
        found = [finding.code for finding in result.findings]
        assert found == (["TR101"] if example.hazard else [])


def test_fixer(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixers = load_fixers()
    intent = next(kind for kind in fixers if kind.__name__ == "WrapInCall")
    monkeypatch.setattr(drafts, "fixers", lambda: fixers)
    module = parse("m.py", "eps = decay\n")
    name = Span(1, 7, 1, 12, 6, 11)

    def drafted(target: Span) -> tuple[Edit, ...]:
        return drafts.draft(Fix(SAFE, "", (intent(target, "float"),)), module)

    assert applied(module.text, drafted(name)).new == "eps = float(decay)\n"
    with pytest.raises(Refused):
        drafted(Span(1, 5, 1, 12, 4, 11))  # "= decay"


def test_framework(tmp_path: Path) -> None:
    """The table is checked, and loads beside the others; a file that uses it has a site."""
    file, text = code_of("framework")
    check_table(file, tomllib.loads(text))
    folder = tmp_path / "frameworks"
    folder.mkdir()
    for table in (ROOT / "bnlint" / "frameworks").glob("*.toml"):
        (folder / table.name).write_bytes(table.read_bytes())
    (folder / file).write_text(text, encoding="utf-8")
    compiled = compile_tables(str(folder))
    assert "toy" in compiled["tables"]
    (tmp_path / "compiled.json").write_text(json.dumps(compiled), encoding="utf-8")
    code = "from toy import nn\nbn = nn.BatchNorm(8, momentum=0.01)\n"
    (tmp_path / "model.py").write_text(code, encoding="utf-8")
    program = (
        "import sys; from bnlint.frameworks import tables; "
        f"tables._FOLDER = {str(tmp_path)!r}; "
        "from bnlint.cli.main import main; "
        "sys.exit(main(['check', '--isolated', '--from', 'keras', 'model.py']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1, run.stderr
    assert "BatchNorm leaves eps at Toy's default 0.0001, the Keras default is 0.001" in run.stdout
    for call, family, written in (
        ("toy.nn.LayerNorm(8, shift=False)", "flax",
         "flax.linen.LayerNorm(epsilon=0.0002, use_bias=False)"),
        ("torch.nn.LayerNorm(8)", "toy", "toy.nn.LayerNorm(8, eps=1e-05)"),
        ("flax.linen.LayerNorm(use_bias=False)", "toy",
         "toy.nn.LayerNorm(<channels>, eps=1e-06, shift=False)"),
    ):  # fmt: skip
        options = ["--to", family, "--check", "--output-format", "json"]
        asked = program.replace(
            "['check', '--isolated', '--from', 'keras', 'model.py']",
            repr(["translate", call, *options]),
        )
        command = [sys.executable, "-c", asked]
        run = subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        (translation,) = json.loads(run.stdout)
        assert translation["call"] == written
        assert translation["checked"]["status"] == "agrees"


def test_the_last_framework_that_was_added_is_one_table() -> None:
    """As the page says: what computes does not name it; a rule's documentation may."""
    for path in (*(ROOT / "bnlint").rglob("*.py"), *(ROOT / "fixers").glob("*.py")):
        assert "mindtorch" not in path.read_text(encoding="utf-8").lower(), path
    for path in (ROOT / "rules").glob("*.py"):
        code = ast.parse(path.read_text(encoding="utf-8"))
        assert "mindtorch" not in "".join(map(ast.unparse, code.body[1:])).lower(), path


def test_the_entry_of_the_page_has_what_must_be_there_and_no_more() -> None:
    """So whoever writes a table can go by it; what is said of ``"unknown"`` holds too."""
    file, text = code_of("framework")
    (entry,) = (table := tomllib.loads(text))["api"]
    names = list(entry)
    for name in names:
        lacking = {**table, "api": [{key: entry[key] for key in names if key != name}]}
        with pytest.raises(TableError, match="missing"):
            check_table(file, lacking)
    for name in names[names.index("convention") : names.index("momentum_none") + 1]:
        check_table(file, {**table, "api": [{**entry, name: "unknown"}]})
    numbers = dict.fromkeys(entry["parameters"], "unknown")
    check_table(file, {**table, "api": [{**entry, "parameters": numbers}]})


TOY = """
import numpy


class BatchNorm:
    training = True

    def __init__(self, features, eps=1e-4, momentum=0.9):
        self.eps, self.momentum = eps, momentum
        self.mean, self.var = numpy.zeros(features), numpy.ones(features)

    def __call__(self, x):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.mean = self.momentum * self.mean + (1 - self.momentum) * mean
            self.var = self.momentum * self.var + (1 - self.momentum) * var
        shape = (1, -1, 1, 1)
        return (x - mean.reshape(shape)) / numpy.sqrt(var.reshape(shape) + self.eps)
"""


def test_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded and asked as a worker process does it."""
    name, code = code_of("worker")
    (tmp_path / name).write_text(code, encoding="utf-8")
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(worker, "__file__", str(tmp_path / "worker.py"))
    steps = [{"input": np.arange(8.0).reshape(2, 1, 2, 2), "mode": mode, "arguments": {}}
             for mode in ("training", "inference")]  # fmt: skip
    request = Experiment(
        "toy.BatchNorm", "layer", {"features": 1}, [], {"mean": np.array([2.0])}, ["mean"]
    )._asdict()
    toy = worker.load(name.removeprefix("worker_").removesuffix(".py"))
    answer = worker.answered(toy, {"op": "run", **request, "steps": steps})
    assert [state["mean"][0] for state in answer["states"]] == pytest.approx([2.15, 2.15])
    assert answer["outputs"][0].mean() == pytest.approx(0)
    del sys.modules["toy"]


def test_format(monkeypatch: pytest.MonkeyPatch) -> None:
    file, code = code_of("format")
    name = f"bnlint.output.{file.removesuffix('.py')}"
    module = types.ModuleType(name)
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, name, module)
    found = Finding("BN103", "eps-differs", "error", "high", "m\x1b.py", Span(1, 1, 1, 2, 0, 1), "")
    lines = list(render(Report((found, found)), file.removesuffix(".py")))
    assert len(lines) == 1
    assert lines[0].endswith(".py: 2\n")
    assert "\x1b" not in lines[0]


def test_files_that_the_page_names_are_there() -> None:
    names = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", TEXT)
    made_up = {"bnlint/frameworks/NAME.toml", "tests/rules/test_NAME.py"}
    made_up.add("bnlint/confirm/worker_toy.py")
    assert [n for n in names if n not in made_up and not (ROOT / n).exists()] == []


def test_a_file_that_no_rule_sees() -> None:
    """The warning holds as long as the example does; a mode word makes the file be seen."""
    _, code = code_of("deaf")
    assert not is_interesting(code)
    assert is_interesting(code.replace(".double()", ".eval()"))


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_functions_that_the_page_names_are_in_the_modules_it_says(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)(?:\([^`]*\))?`\s+in\s+`((?:\w+/)*\w+\.py)`", text)
    assert len(named) > 4
    for function, module in named:
        code = next(at for at in (ROOT / module, ROOT / "bnlint" / module) if at.exists())
        made = re.compile(rf"^\s*(?:def|class) {function}\b|^{function}\b.* = ", re.MULTILINE)
        assert made.search(code.read_text(encoding="utf-8")), f"{function} is not in {module}"


def test_rules_point_to_the_page() -> None:
    assert "CONTRIBUTING.md" in (ROOT / "rules" / "__init__.py").read_text(encoding="utf-8")
