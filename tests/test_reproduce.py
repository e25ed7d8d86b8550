"""The figures that people published about the ports in examples/, measured on the frameworks.

Every expectation stands here, not in the scripts: the published figures (the addresses are in the
READMEs) and what the layers' own formulas give for the input at hand.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

EXAMPLES = Path(__file__).parent.parent / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
TOLERANCE = 1e-6

PARAMETER_COUNTS = {
    "Keras, total": 13_108_758,
    "Keras, trainable": 13_108_694,
    "Keras, BatchNormalization": 128,
    "Keras, BatchNormalization, non-trainable": 64,
    "Keras, moving mean after one step": 0.85,  # 0.15 * 0 + 0.85 * 1
    "PyTorch, total": 13_108_694,
    "PyTorch, BatchNorm2d": 64,
    "PyTorch, running mean after one step": 0.1,  # 0.9 * 0 + 0.1 * 1
}

ONES = {
    "Keras": 0.9995004,
    "PyTorch": 0.0,
    "PyTorch, eval()": 1 / math.sqrt(1 + 1e-5),
    "PyTorch, eval() and eps=1e-3": 1 / math.sqrt(1 + 1e-3),
}

CONV_BN = {
    "difference after the convolution": 0.0,
    "difference after the normalisation": 0.078752756,
    "the same with eps=1e-3": 0.0,
}

# Channel means 0.25, 0.65 and 1.05, unbiased variance 0.05 / 3, one update of a tenth.
STEP_IN_TRAINING = {
    "output 0": -1.3411044,
    "output 1": -0.44703478,
    "running mean 0": 0.025,
    "running mean 1": 0.065,
    "running mean 2": 0.105,
    "running variance": 0.9 + 0.1 * 0.05 / 3,
}

STEP_IN_INFERENCE = {
    "output 0": 0.1 / math.sqrt(1 + 1e-5),
    "output 1": 0.2 / math.sqrt(1 + 1e-5),
    "running mean 0": 0.0,
    "running mean 1": 0.0,
    "running mean 2": 0.0,
    "running variance": 1.0,
}

MINDSPORE = {
    **{f"PyTorch, {name}": value for name, value in STEP_IN_TRAINING.items()},
    **{f"port, {name}": value for name, value in STEP_IN_TRAINING.items()},
    **{f"first attempt, {name}": value for name, value in STEP_IN_INFERENCE.items()},
    "port, largest difference": 0.0,
}

KERAS_AND_TORCH = (pytest.mark.torch, pytest.mark.tensorflow)
MINDSPORE_AND_TORCH = (pytest.mark.torch, pytest.mark.mindspore)


@pytest.mark.parametrize(
    ("folder", "figures"),
    [
        pytest.param(
            "parameter_counts",
            PARAMETER_COUNTS,
            marks=KERAS_AND_TORCH,
            id="Keras counts 64 parameters more than PyTorch and forgets faster",
        ),
        pytest.param(
            "ones",
            ONES,
            marks=KERAS_AND_TORCH,
            id="ones come out as 0.9995 of Keras and 0 of PyTorch",
        ),
        pytest.param(
            "conv_bn",
            CONV_BN,
            marks=KERAS_AND_TORCH,
            id="equal weights differ by 0.0788 until eps is equal",
        ),
        pytest.param(
            "mindspore",
            MINDSPORE,
            marks=MINDSPORE_AND_TORCH,
            id="MindSpore with momentum 0.9 agrees with PyTorch once it trains",
        ),
    ],
)
def test_figures_are_reproduced(folder: str, figures: dict[str, float], tmp_path: Path) -> None:
    """Each reproduce.py prints the published figures to 1e-6, and no figure more or less."""
    reported = run_reproduce(folder, tmp_path, "--json")
    measured = {name: value for name, (_, value) in json.loads(reported.splitlines()[-1]).items()}
    assert measured == pytest.approx(figures, abs=TOLERANCE, rel=0)


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_and_expected_findings_agree(folder: str) -> None:
    """The table people read and the list the tests use say the same, about lines that exist."""
    readme = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| (BN\d{3}) \|", readme, re.MULTILINE)
    expected = tomllib.loads((EXAMPLES / folder / "expected.toml").read_text(encoding="utf-8"))
    assert [(file, int(line), code) for file, line, code in rows] == [
        (finding["file"], finding["line"], finding["code"]) for finding in expected["finding"]
    ]
    for run in expected.get("run", []):
        for finding in run["findings"]:
            assert source_line(folder, finding["file"], finding["line"])


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_quotes_the_lines_that_must_stay_silent(folder: str) -> None:
    """The table of what must not be reported points at the lines it means."""
    readme = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\d+) \| `([^`]+)` \|", readme, re.MULTILINE)
    assert rows
    for file, line, quoted in rows:
        assert quoted in source_line(folder, file, int(line))


def source_line(folder: str, file: str, line: int) -> str:
    """Return line ``line`` (1-based) of an example's file, without the white space around it."""
    return (EXAMPLES / folder / file).read_text(encoding="utf-8").splitlines()[line - 1].strip()


def run_reproduce(folder: str, where: Path, *arguments: str) -> str:
    """Run the folder's reproduce.py from another folder; its standard output."""
    script = EXAMPLES / folder / "reproduce.py"
    done = subprocess.run(
        [sys.executable, "-B", str(script), *arguments],
        cwd=where,
        # The figures are those of CPUs: TensorFlow convolves with fewer bits on a recent GPU.
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
