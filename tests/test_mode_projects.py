"""Whole projects, written the way people write them: what the mode rules say of each.

A case is the files of a project, each after a line that names it. The first line of the case says
what is expected of all of them together: nothing, or one finding, its file and its line. So a
finding that turns up in two files is a failure.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

CASES = sorted((Path(__file__).parent / "cases" / "mode_projects").glob("*.txt"))
RULES = load_rules()
CODES = frozenset(loaded.code for loaded in RULES)

_EXPECTED = re.compile(
    r"# expected: (?:nothing \(.+\)|(?P<code>BN\d+) in (?P<file>\S+) on line (?P<row>\d+))$"
)
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)


def _expected(case: Path) -> list[tuple[str, str, int]]:
    match = _EXPECTED.match(case.read_text(encoding="utf-8").splitlines()[0])
    assert match, f"{case.name}: the first line does not say what is expected"
    return [(match["code"], match["file"], int(match["row"]))] if match["code"] else []


def _files(case: Path) -> dict[str, str]:
    _, *rest = _FILE.split(case.read_text(encoding="utf-8"))
    return dict(zip(rest[::2], (text.rstrip() + "\n" for text in rest[1::2]), strict=True))


def _write(files: dict[str, str], folder: Path) -> None:
    (folder / "pyproject.toml").write_text("")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _findings(name: str, text: str, folder: Path) -> list[tuple[str, str, int]]:
    options = Options(CODES, folder=str((folder / name).parent))
    result = check(text.encode(), name, RULES, options)
    assert result.problems == ()
    return [(finding.code, name, finding.span.row) for finding in result.findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, tmp_path: Path) -> None:
    """All rules run over all files, at default settings; nothing but what is expected turns up."""
    files = _files(case)
    _write(files, tmp_path)
    found = [f for name, text in files.items() for f in _findings(name, text, tmp_path)]
    assert found == _expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case_is_what_its_name_says(case: Path) -> None:
    files = _files(case)
    assert len(files) > 1 or case.stem.startswith(("clean_parameters", "fault_evaluator_of"))
    for text in files.values():
        ast.parse(text)
    assert case.stem.startswith("clean") == (not _expected(case))


def test_clean_cases_outnumber_faults() -> None:
    clean = [case for case in CASES if case.stem.startswith("clean")]
    assert len(clean) > 2 * (len(CASES) - len(clean)) > 20


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.stem.startswith("fault")], ids=lambda case: case.stem
)
def test_answer_does_not_depend_on_what_was_read_before(case: Path, tmp_path: Path) -> None:
    """The file with the finding alone, and after all others in the other order, says the same."""
    files = _files(case)
    _write(files, tmp_path)
    ((_, name, _),) = expected = _expected(case)
    assert _findings(name, files[name], tmp_path) == expected
    for other in reversed(files):
        _findings(other, files[other], tmp_path)
    assert _findings(name, files[name], tmp_path) == expected
