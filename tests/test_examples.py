"""The examples give exactly the findings that their READMEs announce."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/expected.toml"))


def found(folder: Path, *arguments: str) -> list[tuple[str, int, str]]:
    """Return (file, line, code) of the findings of a run in ``folder``."""
    result = subprocess.run(
        [sys.executable, "-m", "bnlint", *arguments, "--isolated", "--output-format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    findings = json.loads(result.stdout)
    return sorted((f["filename"], f["location"]["row"], f["code"]) for f in findings)


def expected(entries: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return sorted((e["file"], e["line"], e["code"]) for e in entries)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_findings_are_those_announced(folder: Path) -> None:
    announced = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    assert found(folder, ".") == expected(announced.get("finding", []))


RUNS = [
    (folder, run)
    for folder in EXAMPLES
    for run in tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8")).get("run", [])
]


@pytest.mark.parametrize(
    ("folder", "run"), RUNS, ids=[f"{f.name}: {' '.join(r['arguments'])}" for f, r in RUNS]
)
def test_findings_of_other_commands(folder: Path, run: dict[str, Any]) -> None:
    assert found(folder, *run["arguments"]) == expected(run["findings"])


def test_there_are_four_examples() -> None:
    assert len(EXAMPLES) == 4


def test_sites_prints_both_parameter_counts() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bnlint", "sites", "--output-format", "concise", "."],
        cwd=ROOT / "examples" / "parameter_counts",
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert "128 = 4C (64 trainable)" in result.stdout
    assert "64 = 2C" in result.stdout
