"""What was found is remembered between runs: what is printed must never depend on it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from command_line import CLEAN, FAULTY, Run, bnlint, program, write

from bnlint.engine import packages
from bnlint.engine.linter import Options, Result
from bnlint.engine.registry import LoadedRule, load_rules
from bnlint.running import memory, runner
from bnlint.running.cache import open_cache
from bnlint.running.treatment import Treatment
from bnlint.semantics.project.outline import Outline, outline_of

LAYERS = """\
import torch.nn as nn
from .config import EPS

class Norm(nn.BatchNorm2d):
    def __init__(self, n, eps=EPS, momentum=0.01):
        super().__init__(n, eps, momentum)
"""
NET = """\
from pkg.layers import Norm
from pkg.config import MOMENTUM
from pkg import extra

class Net:
    bn = Norm(8, momentum=MOMENTUM)
    other = extra.Layer(8, momentum=MOMENTUM)
"""
HELPER = """\
import torch.nn as nn
import tuned

def prepare(model):
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eps = 1e-3
"""
MAIN = """\
import torch
from pkg import Net
from helper import prepare

model = Net()
model.load_state_dict(torch.load("w.pt"))
prepare(model)
with torch.no_grad():
    print(model(torch.zeros(1, 3, 8, 8)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of enough files for them to be remembered."""
    folder = tmp_path / "project"
    write(
        folder,
        **{
            "pyproject.toml": "[tool.bnlint]\nfrom = 'keras'\n",
            "pkg__config": "EPS = 1e-3\nMOMENTUM = 0.01\n",
            "pkg__layers": LAYERS,
            "pkg__net": NET,
            "pkg__extra": "import torch.nn as nn\nLayer = nn.LayerNorm\n",
            "helper": HELPER,
            "tuned": CLEAN,
            "main": MAIN,
            "faulty": FAULTY,
            **{f"more{i}": f"import os\nx = {i}\n" for i in range(memory.CACHE_FROM)},
        },
    )
    (folder / "pkg" / "__init__.py").write_text("from .net import Net\n")
    return folder


def run(project: Path, *arguments: str) -> Run:
    """Run the program on the project with a memory beside it, in a process of its own."""
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    return program(project, *arguments, ".", environment=cache)


def entries(file: Path) -> dict[str, Any]:
    """Return what a memory holds."""
    parts: dict[str, Any] = json.loads(file.read_text().partition("\n")[2])
    return parts


def write_entries(file: Path, parts: dict[str, Any]) -> None:
    """Have a memory hold ``parts``, undamaged."""
    text = json.dumps(parts)
    file.write_text(f"{blake2b(text.encode(), digest_size=16).hexdigest()}\n{text}")


def replace(path: str, before: str, after: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        text = (project / path).read_text()
        assert before in text
        (project / path).write_text(text.replace(before, after))

    return edit


def create(path: str, text: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)

    return edit


def remove(path: str) -> Callable[[Path], None]:
    return lambda project: (project / path).unlink()


EDITS = {
    "a constant two imports away": replace("pkg/config.py", "MOMENTUM = 0.01", "MOMENTUM = 0.99"),
    "the default of a wrapper": replace("pkg/layers.py", "momentum=0.01", "momentum=0.99"),
    "what a wrapper derives from": replace("pkg/layers.py", "(nn.BatchNorm2d)", "(nn.GroupNorm)"),
    "an alias becomes a layer": replace("pkg/extra.py", "nn.LayerNorm", "nn.BatchNorm1d"),
    "a file that was imported goes": remove("pkg/config.py"),
    "a package comes before a module": create("pkg/config/__init__.py", "MOMENTUM = 0.99\n"),
    "a module comes before what was found": create("pkg/pkg.py", "Norm = None\n"),
    "a package passes on something else": replace("pkg/__init__.py", ".net", ".more"),
    "a package is one no longer": remove("pkg/__init__.py"),
    "a helper no longer switches": replace("helper.py", "model.eval()", "print(model)"),
    "a file is broken": replace("main.py", "model = Net()", "model = = Net()"),
    "an imported file is broken": replace("pkg/layers.py", "class Norm", "class = Norm"),
    "a clean file gets a fault": replace("more7.py", "x = 7", FAULTY),
    "a faulty file gets clean": replace("faulty.py", FAULTY, CLEAN),
    "the configuration": replace("pyproject.toml", "keras", "torch"),
    "a file names a reference": replace("helper.py", "def", "# bnlint: port-of faulty.py\ndef"),
    "a helper that changed settings goes": replace("helper.py", "m.eps", "m.weight"),
    "a file comes": create("pkg/new.py", FAULTY),
    "a caller comes": create(
        "late.py", "from pkg.layers import Norm\nlast = Norm(8, momentum=0.99)\n"
    ),
    "a caller comes by another name": create(
        "late.py", "import pkg.layers as l\nlast = l.Norm(8, 1)\n"
    ),
    "a file comes that sets eps": create("setter.py", HELPER.replace("1e-3", "1e-4")),
    "a test comes that uses a class": create(
        "test_net.py", "from pkg import Net\nnet = Net().train()\n"
    ),
    "an introduction comes": create(
        "README.md", "Ported from the official Caffe implementation.\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_says_what_a_run_without_memory_says(project: Path, edit: Callable[[Path], None]) -> None:
    run(project)
    state = [(path, path.stat().st_mtime_ns) for path in project.rglob("*.py")]
    edit(project)
    for path, stamp in state:  # a memory that went by times and sizes would not see this
        if path.exists():
            os.utime(path, ns=(stamp, stamp))
    assert run(project) == run(project, "--no-cache")


def test_a_changed_file_costs_one_outline(project: Path) -> None:
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    first = bnlint(project, ".", "-j1", environment=cache)
    made: list[str] = []

    def outlined(text: str) -> Outline:
        made.append(text)
        return outline_of(text)

    text = (project / "pkg" / "config.py").read_text() + "# changed\n"
    (project / "pkg" / "config.py").write_text(text)
    with mock.patch.object(packages, "outline_of", outlined):
        assert bnlint(project, ".", "-j1", environment=cache) == first
    assert made == [text]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut short"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"[" * 100_000, id="nested too deeply"),
        pytest.param(lambda data: data.replace(b"[0,", b"[1e999,"), id="numbers without end"),
        pytest.param(lambda data: data.replace(b'"', b'"\\ud800'), id="lone surrogates"),
        pytest.param(lambda data: data.replace(b"/", b"\\u0000/"), id="NUL"),
        pytest.param(lambda data: data.replace(b":", b":null,", 1), id="no JSON"),
    ],
)
@pytest.mark.parametrize("kind", ["results", "outlines"])
def test_damaged_memories_change_nothing(
    project: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    first = run(project)
    for path in (project.parent / "cache").glob(f"bnlint-{kind}-*.json"):
        path.write_bytes(damage(path.read_bytes()))
    replace("pkg/config.py", "EPS = 1e-3", "EPS = 2e-3")(project)
    replace("pkg/config.py", "EPS = 2e-3", "EPS = 1e-3")(project)
    assert run(project) == first


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
@pytest.mark.parametrize("kind", ["results", "outlines"])
@pytest.mark.parametrize("other", ["a pipe", "a file without end", "a file too large to be one"])
def test_what_lies_in_the_place_of_a_memory_is_not_read(
    project: Path, kind: str, other: str
) -> None:
    """Nobody writes into the pipe, and zeros go on for ever."""
    first = run(project)
    (path,) = (project.parent / "cache").glob(f"bnlint-{kind}-*.json")
    path.unlink()
    if other == "a pipe":
        os.mkfifo(path)
    elif other == "a file without end":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as stream:
            stream.truncate(10**12)  # it takes no space
    assert run(project) == first


def test_says_the_same_again(project: Path) -> None:
    assert run(project) == run(project) == run(project, "--no-cache")


def test_edits_change_what_is_said(project: Path) -> None:
    """Else the test above would pass with a memory that never forgets."""
    before = run(project, "--no-cache")
    told = []
    for name, edit in EDITS.items():
        copy = project.parent / "copy"
        shutil.copytree(project, copy)
        edit(copy)
        told += [name] if run(copy, "--no-cache") != before else []
        shutil.rmtree(copy)
    assert len(told) >= 10, told


def test_files_are_not_checked_again(project: Path) -> None:
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    first = bnlint(project, ".", environment=cache)
    checked: list[str] = []

    def treat(
        data: bytes,
        path: str,
        rules: Sequence[LoadedRule],
        options: Options,
        treatment: Treatment,
    ) -> Result:
        checked.append(path)
        return original(data, path, rules, options, treatment)

    original = runner.treat
    with mock.patch.object(runner, "treat", treat):
        assert bnlint(project, ".", environment=cache) == first
        assert checked == []
        write(project, more3="import os\nx = 'changed'\n")
        assert bnlint(project, ".", environment=cache) == first
        assert checked == ["more3.py"]
        bnlint(project, ".", "--fix", environment=cache)
        assert checked == ["more3.py", "faulty.py"]
        bnlint(project, ".", "--no-cache", environment=cache)
        assert len(checked) > 50
        checked.clear()
        bnlint(project, ".", "--from", "slim", environment=cache)
        assert len(checked) > 50


def test_a_subset_is_not_forgotten(project: Path) -> None:
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    bnlint(project, ".", environment=cache)
    write(project, more1="import os\nx = 'changed'\n")
    bnlint(project, "pkg", "main.py", *(f"more{i}.py" for i in range(50)), environment=cache)
    with mock.patch.object(runner, "treat", side_effect=AssertionError):
        found = bnlint(project, ".", environment=cache)
    assert found.code == 1


def test_few_files_leave_no_memory(tmp_path: Path) -> None:
    write(tmp_path, a=CLEAN, b=FAULTY)
    cache = tmp_path / "cache"
    assert bnlint(tmp_path, ".", environment={"BNLINT_CACHE_DIR": str(cache)}).code == 1
    assert not cache.exists()


def test_no_cache_leaves_no_memory(project: Path) -> None:
    run(project, "--no-cache")
    assert not (project.parent / "cache").exists()


def test_the_project_is_left_as_it_is(project: Path) -> None:
    before = sorted(project.rglob("*"))
    run(project)
    assert sorted(project.rglob("*")) == before


def test_cache_dir(project: Path) -> None:
    other = project.parent / "elsewhere"
    first = run(project, "--cache-dir", str(other))
    assert {path.suffix for path in other.iterdir()} == {".json"}
    assert run(project, "--cache-dir", str(other)) == first
    assert not (project.parent / "cache").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"identity": 1}', b"[" * 100_000, None],
    ids=["empty", "cut off", "a list", "no text", "of others", "nested deeply", "cut short"],
)
def test_a_damaged_memory_is_no_memory(project: Path, content: bytes | None) -> None:
    expected = run(project)
    (file,) = (project.parent / "cache").glob("bnlint-results-*")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert run(project) == expected
    assert entries(file)["entries"]


@pytest.mark.parametrize(("identity", "is_believed"), [(None, True), ("of another bnlint", False)])
def test_what_another_program_remembers_is_not_believed(
    project: Path, identity: str | None, is_believed: bool
) -> None:
    """It may know of no fault where this one would find some."""
    expected = run(project)
    (file,) = (project.parent / "cache").glob("bnlint-results-*")
    parts = entries(file)
    faulty, clean = (parts["entries"][f"{project}/{name}.py"] for name in ("faulty", "more3"))
    faulty[1] = clean[1]
    write_entries(file, {**parts, "identity": identity or parts["identity"]})
    assert (run(project) != expected) == is_believed


@pytest.mark.parametrize("part", ["entries", "files", "imports", "questions"])
def test_a_memory_of_another_shape_is_no_memory(project: Path, part: str) -> None:
    expected = run(project)
    (file,) = (project.parent / "cache").glob("bnlint-results-*")
    parts = entries(file)
    assert parts[part]
    write_entries(file, {**parts, part: [None]})
    assert run(project) == expected


@pytest.mark.parametrize(
    "question",
    [["users"], ["search", "/", "("], ["no such"], ["files", "a", "b", "c"], [[1]]],
    ids=str,
)
def test_a_question_that_cannot_be_asked_again(project: Path, question: list[object]) -> None:
    expected = run(project)
    (file,) = (project.parent / "cache").glob("bnlint-results-*")
    parts = entries(file)
    write_entries(file, {**parts, "questions": [question for _ in parts["questions"]]})
    assert run(project) == expected


@pytest.mark.parametrize(
    "found",
    [
        ["Nothing"],
        ["Result"],
        ["Finding", 1],
        [0],
        7,
        ["Edit", 1, 2],
        ["Edit", 1, 2, "x"],
        ["Result", "a.py", 7],
        ["Result", "a.py", [0, "x"]],
        ["Result", "a.py", [0], [0], "x"],
        ["Result", 1, [0]],
    ],
    ids=str,
)
def test_a_result_that_is_none(project: Path, found: object) -> None:
    expected = run(project)
    (file,) = (project.parent / "cache").glob("bnlint-results-*")
    parts = entries(file)
    for entry in parts["entries"].values():
        entry[1] = found
    write_entries(file, parts)
    assert run(project) == expected


def test_a_memory_that_cannot_be_written(project: Path) -> None:
    expected = run(project)
    blocked = project.parent / "blocked"
    blocked.write_text("a file, and no folder")
    assert run(project, "--cache-dir", str(blocked)) == expected


def test_rules_from_elsewhere_are_always_asked(tmp_path: Path) -> None:
    rules = load_rules()
    foreign = LoadedRule(rules[0].rule, ModuleType("theirs.rule"), {})
    assert open_cache(str(tmp_path), "/", rules) is not None
    assert open_cache(str(tmp_path), "/", [*rules, foreign]) is None


def test_fixing_goes_on_as_ever(project: Path) -> None:
    run(project)
    assert run(project, "--fix", "--unsafe-fixes").code == 0
    assert "momentum=0.01" in (project / "faulty.py").read_text()
    assert run(project).code == 0
    replace("faulty.py", "momentum=0.01", "momentum=0.99")(project)
    assert run(project).code == 1


def test_nothing_else_in_the_folder_is_touched(project: Path) -> None:
    other = project.parent / "elsewhere"
    (other / "bnlint-clean-room").mkdir(parents=True)
    names = ["clean-data.csv", "clean-up.py", "bnlint-clean-0123456789abcdef.json.bak"]
    for name in names:
        (other / name).write_text("precious")
        os.utime(other / name, (0, 0))
    (other / "bnlint-clean-00000000.tmp").symlink_to("nowhere")
    old = other / "bnlint-clean-0123456789abcdef.json"
    old.write_text("{}")
    os.utime(old, (0, 0))
    run(project, "--cache-dir", str(other))
    left = {path.name for path in other.iterdir()}
    assert {*names, "bnlint-clean-room", "bnlint-clean-00000000.tmp"} < left
    assert old.name not in left


def test_two_files_that_rest_on_one_chain(project: Path) -> None:
    """What is worked out for the first counts for the second, and so does what it rests on."""
    write(
        project,
        chain="import torch.nn as nn\nNorm = nn.GroupNorm\n",
        passes="from chain import Norm\n",
    )
    for name in ("use1", "use2"):
        write(project, **{name: "from passes import Norm\nlayer = Norm(8)\n"})
    cache = {"BNLINT_CACHE_DIR": str(project.parent / "cache")}
    buffer = (project / "use1.py").read_bytes()
    arguments = ["-", ".", "-j1", "--stdin-filename", "use0.py"]
    program(project, *arguments, stdin=buffer, environment=cache)
    write(project, chain="import torch.nn as nn\nNorm = nn.BatchNorm2d\n")
    found = run(project, "-j1")
    assert found == run(project, "-j1", "--no-cache")
    assert "use1.py:2" in found.out
    assert "use2.py:2" in found.out
