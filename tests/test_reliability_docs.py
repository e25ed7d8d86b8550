"""What `docs/reliability.md` says is tested by what it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnlint.semantics.values import evaluator

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_named_tests_are_there(file: str, name: str) -> None:
    path = ROOT / file if file.startswith("benchmarks/") else ROOT / "tests" / file
    if name:
        assert re.search(rf"^def {name}\(", path.read_text("utf-8"), re.MULTILINE)
    else:
        assert path.is_file()


def test_the_budget_is_that_of_the_code() -> None:
    assert f"one question may take {evaluator.MAX_WORK:,}," in PAGE.lower()
    assert f"about one file {evaluator.MAX_WORK_IN_FILE:,} and one for each character" in PAGE
