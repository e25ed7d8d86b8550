"""Files that import one another many times over: each is asked once, and not once for each way."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import FrameType

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

RULES = load_rules()
ALL = frozenset(rule.code for rule in RULES)


def steps(folder: Path, text: str) -> int:
    """Return how many Python functions are called while a file of the folder is checked."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        options = Options(ALL, folder=str(folder))
        result = check(text.encode(), "main.py", RULES, options)
    finally:
        sys.setprofile(before)
        gc.enable()
    assert result.problems == ()
    assert result.checked
    return count


def stars(folder: Path, modules: int) -> str:
    """Write modules of which each imports all of three earlier ones; return what uses the last."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    for i in range(modules):
        imports = "".join(f"from m{j} import *\n" for j in range(max(0, i - 3), i))
        text = f"import torch.nn as nn\n{imports}def f{i}(x):\n    return unknown(x)\n"
        (folder / f"m{i}.py").write_text(text)
    uses = "".join(f"x{i} = missing{i}(x)\nprint(x{i}(x))\n" for i in range(9))
    return (
        f"import torch\nfrom m{modules - 1} import *\nbn = torch.nn.BatchNorm2d(8)\n{uses}"
        "with torch.no_grad():\n    print(bn(x))\n"
    )


def layers(folder: Path, modules: int) -> str:
    """Write wrappers of which each derives from two of the file before; return what uses one."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    first = "import torch.nn as nn\nclass A0(nn.BatchNorm2d): pass\nclass B0(A0): pass\n"
    (folder / "m0.py").write_text(first)
    for i in range(1, modules):
        j = i - 1
        text = (
            f"from m{j} import A{j}, B{j}\nclass A{i}(A{j}): pass\nclass B{i}(B{j}, A{i}): pass\n"
        )
        (folder / f"m{i}.py").write_text(text)
    last = modules - 1
    return f"from m{last} import A{last}, B{last}\nbn = B{last}(8, momentum=0.99)\n"


def gathered(folder: Path, modules: int) -> str:
    """Write a package that imports all of its modules by stars; return what uses it by names."""
    (folder / "zoo").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    for i in range(modules):
        text = f"import torch.nn as nn\ndef f{i}(x):\n    return nn.BatchNorm2d(x)\n"
        (folder / f"zoo/m{i}.py").write_text(text)
    imports = "".join(f"from .m{i} import *\n" for i in range(modules))
    (folder / "zoo/__init__.py").write_text(imports)
    words = "".join(f"word{i} = zoo.other{i}\n" for i in range(modules))
    return f"import torch\nimport zoo\nbn = torch.nn.BatchNorm2d(8)\n{words}"


@pytest.mark.parametrize(
    ("write", "large"),
    [(stars, 16), (layers, 12), (gathered, 80)],
    ids=["stars", "layers", "gathered"],
)
def test_steps_grow_with_the_project(tmp_path: Path, write: object, large: int) -> None:
    assert callable(write)
    once = steps(tmp_path / "once", write(tmp_path / "once", large // 2))
    twice = steps(tmp_path / "twice", write(tmp_path / "twice", large))
    assert twice <= 2.6 * once + 5_000, f"{once} calls, and {twice} for twice the project"
