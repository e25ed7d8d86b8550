"""What docs/confirm.md says of options and numbers is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import bnlint

from bnlint.confirm import experiments, pool, verdicts
from bnlint.finding import Confirmation
from bnlint.output.confirmations import VERDICTS

TEXT = (Path(__file__).parents[2] / "docs" / "confirm.md").read_text(encoding="utf-8")


def _short(number: float) -> str:
    return f"{number:.0e}".replace("e-0", "e-")


@pytest.mark.parametrize(
    "sentence",
    [
        f"{pool.EACH:g} and {pool.TOTAL:g} seconds",
        f"more than {verdicts.COUNTS} floors now, and under {verdicts.GONE} with the fix",
        f"under {verdicts.GONE} floors now",
        f"one rounding of float32, {_short(verdicts.SMALLEST_FLOOR)}",
        f"a floor above {_short(verdicts.HIGHEST_FLOOR)}",
        f"{experiments.VALUES} values per channel",
        f"that of the layer, at most {experiments.MAX_CHANNELS}",
        f"after {experiments.STEPS[0]} and after {experiments.STEPS[1]} training steps",
        f"after {('no', 'one', 'two', 'three', 'four')[pool._TRIES]} times in a row",
    ],
)
def test_numbers(sentence: str) -> None:
    assert sentence in " ".join(TEXT.split())
    assert len(experiments.STEPS) == 2


def test_options(tmp_path: Path) -> None:
    """The table has those of the help, and no others."""
    text = bnlint(tmp_path, "check", "--help", environment={"COLUMNS": "200"}).out
    group = text.partition("proof by execution:")[2].partition("\n\n")[0]
    assert sorted(first(row) for row in rows("option")) == sorted(
        re.findall(r"^ +(--[a-z-]+)", group, re.MULTILINE)
    )


def test_verdicts() -> None:
    assert sorted(first(row) for row in rows("verdict")) == sorted(VERDICTS)


def test_keys_of_json() -> None:
    keys = [key for row in rows("key") for key in re.findall("`([a-z]+)`", row.split("|")[1])]
    assert sorted(keys) == sorted(Confirmation._fields)


def rows(heading: str) -> list[str]:
    """Return the rows of the table whose first column is called ``heading``."""
    table = TEXT.partition(f"| {heading} | |\n|---|---|\n")[2].partition("\n\n")[0]
    return table.splitlines()


def first(row: str) -> str:
    """Return the option or the word that a row is about."""
    found = re.match(r"\| `(--[a-z-]+|[a-z ]+)", row)
    assert found, row
    return found[1]
