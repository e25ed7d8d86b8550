"""Files that the linted project names or links to are read only if they are files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LAYER = "import torch.nn as nn\n\nbn = nn.BatchNorm2d(64)\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize(
    ("files", "link", "error"),
    [
        pytest.param({}, "pyproject.toml", "pyproject.toml: cannot be read", id="configuration"),
        pytest.param({}, ".gitignore", "", id="gitignore"),
        pytest.param({"bnlint.toml": 'baseline = "b.json"\n'}, "b.json",
                     "b.json: cannot be read", id="baseline"),
        pytest.param({"m.py": f"# bnlint: port-of ref.py\n{LAYER}"}, "ref.py",
                     "its reference ref.py cannot be read", id="comment"),
        pytest.param({"bnlint.toml": '[[port]]\npaths = ["m.py"]\nreference = "ref.py"\n'},
                     "ref.py", "its reference ref.py cannot be read", id="reference"),
    ],
)  # fmt: skip
def test_a_link_to_a_pipe_keeps_nobody_waiting(
    tmp_path: Path, files: dict[str, str], link: str, error: str
) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    for name, text in {"m.py": LAYER, **files}.items():
        (project / name).write_text(text)
    os.mkfifo(tmp_path / "pipe")
    (project / link).symlink_to(tmp_path / "pipe")
    done = subprocess.run(
        [sys.executable, "-m", "bnlint", "."],
        cwd=project, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    where = "m.py: " if "reference" in error else ""
    expected = [f"bnlint: error: {where}{error}: not a regular file"] if error else []
    assert done.returncode == (2 if error else 0)
    assert [line for line in done.stderr.splitlines() if "error:" in line] == expected
