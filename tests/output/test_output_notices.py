"""What a run did not do is in its data too: files that cost too much to be followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, bnlint, write

from bnlint.semantics.project import project

SAID = "too large to follow to its end: what rests on the rest of it is not reported"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a file that is followed and one that is not."""
    write(tmp_path, a=f"{FAULTY}# {'-' * 1000}\n", large=CLEAN)
    monkeypatch.setattr(project, "MAX_WORK_IN_FILE", -len(CLEAN))  # each character is a step more
    return tmp_path


def out(folder: Path, output_format: str, *options: str) -> str:
    return bnlint(folder, "--output-format", output_format, *options).out


@pytest.mark.parametrize("options", [[], ["-q"]])
def test_json(folder: Path, options: list[str]) -> None:
    """After all findings, in objects with the same keys, also where standard error is quiet."""
    *findings, notice = json.loads(out(folder, "json", *options))
    assert [found["code"] for found in findings] == ["BN101"]
    assert (notice["filename"], notice["message"]) == ("large.py", SAID)
    assert (notice["name"], notice["code"], notice["severity"]) == ("notice", None, "info")
    assert notice.keys() == findings[0].keys()
    assert [json.loads(line) for line in out(folder, "jsonl").splitlines()] == [*findings, notice]


def test_rdjson(folder: Path) -> None:
    (_, notice) = json.loads(out(folder, "rdjson"))["diagnostics"]
    assert notice == {"message": SAID, "severity": "INFO", "location": {"path": "large.py"}}


def test_sarif(folder: Path) -> None:
    """In the place that the standard has for it, and not among the results."""
    (run,) = json.loads(out(folder, "sarif"))["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["BN101"]
    ((notice,),) = [i["toolExecutionNotifications"] for i in run["invocations"]]
    assert notice["message"] == {"text": SAID}
    (place,) = notice["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "large.py"


def test_a_notice_is_no_finding(folder: Path) -> None:
    """It changes no exit code, and formats that have no place for it leave it to standard error."""
    (folder / "a.py").unlink()
    run = bnlint(folder, "--output-format", "concise")
    assert (run.code, run.out) == (0, "")
    assert f"large.py: {SAID}\n" in run.err
