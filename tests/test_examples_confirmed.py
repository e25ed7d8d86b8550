"""What ``--confirm`` prints on the examples is what their READMEs show, and true."""

from __future__ import annotations

import ast
import functools
import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bnlint.finding import Confirmation
from bnlint.output.confirmations import told

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

KERAS_AND_TORCH = (pytest.mark.torch, pytest.mark.tensorflow)

#: What the definitions give for the difference now, relative to the largest value of the
#: reference: outputs go with 1/sqrt(variance + eps), and one step moves statistics by the weight
#: of a batch.
EXPECTED = {
    "conv_bn": [("BN103", math.sqrt((1e-4 + 1e-3) / (1e-4 + 1e-5)) - 1)],
    "ones": [
        ("BN102", 0.1 / 0.01 - 1),
        ("BN103", math.sqrt((1e-4 + 1e-3) / (1e-4 + 1e-5)) - 1),
        ("BN211", None),  # the batch against planted statistics
    ],
    "parameter_counts": [("BN101", 0.85 / 0.15 - 1)],
    "mindspore": [("BN206", 1.0)],  # statistics that do not move
}

FOLDERS = [
    pytest.param("conv_bn", marks=KERAS_AND_TORCH, id="conv_bn"),
    pytest.param("ones", marks=KERAS_AND_TORCH, id="ones"),
    pytest.param("parameter_counts", marks=KERAS_AND_TORCH, id="parameter_counts"),
    pytest.param("mindspore", marks=pytest.mark.mindspore, id="mindspore"),
]


def bnlint(folder: Path, *arguments: str) -> str:
    """Return what a run in ``folder`` prints to standard output."""
    result = subprocess.run(
        [sys.executable, "-m", "bnlint", "--isolated", *arguments, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        # The figures are those of CPUs.
        env={"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    return result.stdout


@functools.cache
def confirmed(folder: str) -> list[dict[str, Any]]:
    """Return the findings in an example, each with its experiment."""
    findings: list[dict[str, Any]] = json.loads(
        bnlint(EXAMPLES / folder, "--confirm", "--output-format", "json")
    )
    return findings


@pytest.mark.parametrize("folder", FOLDERS)
def test_planted_faults_are_confirmed(folder: str) -> None:
    """Each is there before the fix, as large as the definitions say, and gone after it."""
    findings = confirmed(folder)
    assert [finding["code"] for finding in findings] == [code for code, _ in EXPECTED[folder]]
    for finding, (_, before) in zip(findings, EXPECTED[folder], strict=True):
        found = finding["confirmation"]
        assert (found["verdict"], found["device"]) == ("confirmed", "cpu")
        assert "oracle" not in found["port"] + found["reference"]
        assert found["floor"] < 2e-6
        assert found["before"] > 50 * found["floor"]
        assert found["after"] < 5 * found["floor"]
        if before is not None:
            assert found["before"] == pytest.approx(before, rel=1e-5)


@pytest.mark.parametrize("folder", EXPECTED)
def test_fixed_examples_have_nothing_to_confirm(folder: str, tmp_path: Path) -> None:
    """The fix that an experiment measured is the one that is written."""
    shutil.copytree(EXAMPLES / folder, tmp_path / folder)
    bnlint(tmp_path / folder, "--fix", "--unsafe-fixes", "--quiet")
    assert bnlint(tmp_path / folder, "--output-format", "concise") == ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_shows_what_is_printed(folder: str) -> None:
    """But for versions, and for figures that are rounding."""
    readme = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```text\n(confirmed .+?)^```$", readme, re.MULTILINE | re.DOTALL)
    found = [Confirmation(**finding["confirmation"]) for finding in confirmed(folder)]
    printed = [f"{outcome.verdict} {told(outcome)}" for outcome in found]
    assert [steady(line) for line in shown.splitlines()] == [steady(line) for line in printed]


def steady(line: str) -> str:
    """Return ``line`` without what depends on the machine and on releases."""
    line = re.sub(r"\b(torch|keras|mindspore) [\w.+]+", r"\1", line)
    return re.sub(r"\b(\d\.\de-0[6-9]|0) with|\d\.\de-0[6-9]\)", "rounding", line)


def test_no_published_figure_is_in_the_program() -> None:
    """Whatever is printed was measured; what the pages of rules tell is in docstrings."""
    figures = re.compile(r"0\.0787|0\.0788|0\.99950|0\.99999|13108[67]|1\.3411|0\.447")
    for room in ("bnlint", "rules", "fixers"):
        for path in (ROOT / room).rglob("*.py"):
            found = [text for text in constants(path) if figures.search(text)]
            assert not found, f"{path}: {found}"


def constants(path: Path) -> Iterator[str]:
    """Yield the constants of a program that are no docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for child in ast.iter_child_nodes(node) if not isinstance(node, ast.Expr) else ():
            if isinstance(child, ast.Constant):
                yield str(child.value)
