"""What a process that stays says of a file is what a new one says of it, whatever came before."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.files.source import as_written
from bnlint.fixes.edits import applied
from bnlint.serving.positions import Change, Place, Positions, changed, difference
from bnlint.serving.watched import Watched
from bnlint.serving.workspace import Workspace

PYPROJECT = "pyproject.toml"
FILES = {
    PYPROJECT: "",
    "pkg/__init__.py": "from .layers import *\n",
    "pkg/settings.py": "MOMENTUM = 0.01\nEPS = 1e-3\n",
    "pkg/layers.py": (
        "import torch.nn as nn\nfrom .settings import MOMENTUM\n\n\n"
        "class Norm(nn.BatchNorm2d):\n    def __init__(self, n, momentum=MOMENTUM):\n"
        "        super().__init__(n, momentum=momentum)\n"
    ),
    "net.py": "from pkg import Norm\n\nbn = Norm(8)\nother = Norm(8, momentum=0.99)\n",
    "train.py": (
        "import torch\nfrom model import Net\n\nnet = Net()\nfor x, y in loader:\n"
        "    net(x).sum().backward()\nnet.eval()\nwith torch.no_grad():\n    print(net(x))\n"
    ),
    "model.py": (
        "import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.bn = nn.GroupNorm(2, 8)\n\n"
        "    def forward(self, x):\n        return self.bn(x)\n"
    ),
    "load.py": (
        "import h5py\nimport torch\nfrom model import Net\n\n\ndef load(path, net):\n"
        "    state = net.state_dict()\n    with h5py.File(path) as file:\n"
        "        for name in ['bn']:\n"
        "            state[name + '.running_mean'].copy_(file[name]['mean:0'])\n"
    ),
    "later.py": (
        "import torch.nn as nn\n\n\ndef calm(model):\n    for m in model.modules():\n"
        "        if isinstance(m, nn.BatchNorm2d):\n            m.other = 1e-3\n"
    ),
    "tune.py": "from later import calm\nfrom model import Net\n\nnet = Net()\ncalm(net)\n",
}

#: What is typed, one after the other: in which file, what, and by what it is replaced.
TYPED = (
    ("model.py", "nn.GroupNorm(2, 8)", "nn.BatchNorm2d(8)"),
    ("load.py", "'mean:0'", "'moving_mean:0'"),
    ("later.py", "m.other", "m.eps"),
    ("later.py", "m.eps", "m.other"),
    ("load.py", "'moving_mean:0'", "'mean:0'"),
    ("pkg/settings.py", "0.01", "0.99"),
    ("pkg/settings.py", "0.99", "0.1"),
    ("net.py", "0.99", "0.01"),
    ("pkg/layers.py", "nn.BatchNorm2d", "nn.GroupNorm"),
    ("pkg/layers.py", "nn.GroupNorm", "nn.BatchNorm2d"),
    ("pkg/__init__.py", "from .layers import *", "from .layers import Norm as Norm"),
    ("pkg/__init__.py", "from .layers import Norm as Norm", "from .settings import *"),
    ("pkg/__init__.py", "from .settings import *", "from .layers import *"),
    ("train.py", "net.eval()", "net.train()"),
    ("train.py", "from model import Net", "from model import Net as Net"),
    ("load.py", "import h5py", "import numpy"),
    ("model.py", "self.bn(x)", "self.bn(x"),
    ("model.py", "self.bn(x", "self.bn(x)"),
    ("model.py", "BatchNorm2d(8)", "BatchNorm2d(8, momentum=0.99)"),
    ("tune.py", "calm(net)", "print(net)"),
    ("later.py", "def calm", "from model import Net\n\n\ndef calm"),
    ("pkg/settings.py", "EPS", "import torch\nEPS"),
)

#: A project that nothing marks: its top is where its files import one another from.
UNMARKED = {
    "task/pose.py": "import torch.nn as nn\n\nM = 0.01\nbn = nn.BatchNorm2d(8, momentum=M)\n",
    "utils/misc.py": "M = 0.99\n",
}
UNMARKED_TYPED = (
    ("task/pose.py", "M = 0.01\n", "from utils.misc import M\n"),
    ("task/pose.py", "from utils.misc import M\n", "from misc import M\n"),
    ("task/pose.py", "from misc import M\n", "from utils.misc import M\n"),
    ("utils/misc.py", "0.99", "0.01"),
)


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "typed", "seed"),
    [
        pytest.param(FILES, TYPED, None, id="one after the other"),
        pytest.param(FILES, TYPED, 1, id="in another order"),
        pytest.param(UNMARKED, UNMARKED_TYPED, None, id="a project that nothing marks"),
    ],
)
def test_warm_is_as_cold(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[str, str],
    typed: Sequence[tuple[str, str, str]],
    seed: int | None,
) -> None:
    """After each of a row of edits, of all files."""
    folder = written(tmp_path.resolve(), files)
    monkeypatch.chdir(folder)
    typed = list(typed)
    if seed is not None:
        random.Random(seed).shuffle(typed)
    steps = list(_steps(folder, files, typed))
    warm = Workspace()
    kept = []
    for buffers in steps:
        warm.update(buffers)
        kept.append(found_in(warm))
    for number, buffers in enumerate(steps):
        cold = Workspace()
        cold.update(buffers)
        assert kept[number] == found_in(cold), (number, typed[number - 1])
    assert len(set(map(repr, kept))) > len(typed) / 3  # the edits do matter


def _steps(
    folder: Path, files: Mapping[str, str], typed: Sequence[tuple[str, str, str]]
) -> Iterator[dict[str, bytes]]:
    texts = {f"{folder.as_posix()}/{name}": t for name, t in files.items() if name != PYPROJECT}
    yield {path: text.encode() for path, text in texts.items()}
    for name, old, new in typed:
        path = f"{folder.as_posix()}/{name}"
        texts[path] = texts[path].replace(old, new, 1)
        yield {path: text.encode() for path, text in texts.items()}


def found_in(workspace: Workspace) -> dict[str, object]:
    """Return what is said of each buffer, but for the bytes and texts of it."""
    return {path: workspace.check(path)[:9] for path in sorted(workspace.tree.texts)}


@pytest.mark.parametrize(
    ("text", "place", "offsets"),
    [
        pytest.param("abc\ndef", Place(1, 2), (6, 6, 6), id="plain"),
        pytest.param("abc\ndef", Place(0, 9), (3, 3, 3), id="beyond the line"),
        pytest.param("abc\ndef", Place(7, 0), (7, 7, 7), id="beyond the text"),
        pytest.param("a\x0cb\ncd", Place(1, 1), (5, 5, 5), id="a form feed ends no line"),
        pytest.param("a\rb\r\nc", Place(2, 1), (6, 6, 6), id="each end of a line is one"),
        pytest.param("\u00e9\U0001f600x", Place(0, 3), (1, 2, 3), id="wide characters"),
        pytest.param("\u2028x\ny", Place(1, 0), (3, 3, 3), id="a separator ends no line"),
    ],
)
def test_places(text: str, place: Place, offsets: tuple[int, int, int]) -> None:
    for encoding, offset in zip(("utf-8", "utf-16", "utf-32"), offsets, strict=True):
        assert Positions(text, encoding).offset(place) == offset


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@given(st.text(alphabet="ab\n\r\x0c\u00e9\u20ac\U0001f600"), st.data())
def test_places_lead_back(encoding: str, text: str, data: st.DataObject) -> None:
    positions = Positions(text, encoding)
    offset = data.draw(st.integers(0, len(text)))
    place = positions.place(offset)
    if text[offset - 1 : offset + 1] != "\r\n":  # no place is between the two
        assert positions.offset(place) == offset


@given(st.text(alphabet="ab\n\u00e9\U0001f600"), st.text(alphabet="ab\n\u00e9\U0001f600"))
def test_a_difference_makes_the_one_of_the_other(old: str, new: str) -> None:
    assert applied(old, difference(old, new)).new == new
    for encoding in ("utf-8", "utf-16", "utf-32"):
        positions = Positions(old, encoding)
        changes = [
            Change(positions.place(edit.start), positions.place(edit.end), edit.text)
            for edit in difference(old, new)
        ]
        assert changed(old, changes, encoding) == new


def test_changes_build_on_each_other() -> None:
    changes = [
        Change(Place(0, 1), Place(0, 1), "\n"),
        Change(Place(1, 0), Place(1, 1), "c"),
        Change(None, None, "whole"),
        Change(Place(0, 0), Place(0, 1), "W"),
    ]
    assert changed("ab", changes[:2], "utf-16") == "a\nc"
    assert changed("ab", changes, "utf-16") == "Whole"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        pytest.param("# \u00e9\n", "utf-8", id="utf-8"),
        pytest.param("# -*- coding: latin-1 -*-\n# \u00e9\n", "latin-1", id="declared"),
        pytest.param("# coding: latin-1\n# \u20ac\n", "utf-8", id="not in what is declared"),
        pytest.param("# coding: klingon\n# \u00e9\n", "utf-8", id="no such encoding"),
    ],
)
def test_buffers_are_bytes_as_the_file_would_be(text: str, codec: str) -> None:
    assert as_written(text) == text.encode(codec)
    assert as_written("x = '\ud800'") == b"x = '?'"


def test_the_disk_is_looked_at_once(tmp_path: Path) -> None:
    watched, folder = Watched(), tmp_path.as_posix()
    assert watched.entries(folder) == [] and watched.kind(f"{folder}/a.py") == ""
    assert watched.identity(f"{folder}/a.py") is None
    with pytest.raises(OSError):
        watched.entries(f"{folder}/sub")
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub").mkdir()
    assert watched.entries(folder) == [] and watched.kind(f"{folder}/a.py") == ""
    with pytest.raises(OSError):
        watched.entries(f"{folder}/sub")
    watched.forget()
    assert {entry.name for entry in watched.entries(folder)} == {"a.py", "sub"}
    assert watched.kind(f"{folder}/a.py") == "file" and watched.entries(f"{folder}/sub") == []
    assert watched.identity(f"{folder}/a.py") is not None
    assert watched.real(f"{folder}/a.py") == f"{tmp_path.resolve().as_posix()}/a.py"
