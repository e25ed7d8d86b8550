"""Where the top of a project is, with a marker and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnlint.engine.packages import Packages

#: The files of a folder, and of what folder of it ``task/step/run.py`` is a part.
LAYOUTS: dict[str, tuple[dict[str, str], str]] = {
    "a marker": ({"pyproject.toml": "", "task/step/run.py": ""}, ""),
    "the nearest marker": (
        {"setup.py": "", "task/pyproject.toml": "", "task/step/run.py": "import util"}, "task",
    ),
    "nothing that is imported": (
        {"task/step/run.py": "import torch", "main.py": "import numpy"}, "task/step",
    ),
    "a folder beside it is imported": (
        {"task/step/run.py": "from util.misc import a", "task/util/misc.py": ""}, "task",
    ),
    "a file beside its folder is imported": (
        {"task/step/run.py": "import util", "task/util.py": ""}, "task",
    ),
    "another file of its folder imports": (
        {"task/step/run.py": "", "task/step/other.py": "import util", "task/util.py": ""}, "task",
    ),
    "a script above imports it": (
        {"task/step/run.py": "", "task/main.py": "import step.run"}, "task",
    ),
    "two folders up": (
        {"task/step/run.py": "from util.misc import a", "util/misc.py": ""}, "",
    ),
    "its own folder has the module": (
        {"task/step/run.py": "import util", "task/step/util.py": "", "task/util.py": ""},
        "task/step",
    ),
    "a framework and a module of Python beside its folder": (
        {
            "task/step/run.py": "import torch, keras.layers, random", "task/torch/nn.py": "",
            "task/keras/layers.py": "", "task/random.py": "",
        },
        "task/step",
    ),
    "a folder without Python": (
        {"task/step/run.py": "import data", "task/data/images.txt": ""}, "task/step",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "top"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_top(files: dict[str, str], top: str, tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b" / "c"  # no file above is the test's own
    for name, text in files.items():
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text(text)
    root = Packages().root((inside / "task" / "step" / "run.py").as_posix())
    assert root == (inside / top).as_posix()
